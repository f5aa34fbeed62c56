package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/hub"
)

func newOrganisation() *cobra.Command {
	c := &cobra.Command{Use: "organisation", Short: "机构树 · the tree of organisations", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newOrganisationList(), newOrganisationAdd(), newOrganisationLoad())
	return c
}

func newOrganisationList() *cobra.Command {
	var h home
	var clock clockFlag
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "列出机构 · list the organisations", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				all, err := centre.Organisations(c.Context())
				if err != nil {
					return err
				}
				for _, o := range all {
					if asJSON {
						err = json.NewEncoder(c.OutOrStdout()).Encode(hub.Organisation(o))
					} else {
						_, err = fmt.Fprintf(c.OutOrStdout(), "%-20s %-11s %-20s %s\n", o.ID, o.Kind, o.Parent, o.Name)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object an organisation")
	return c
}

func newOrganisationAdd() *cobra.Command {
	var h home
	var clock clockFlag
	var o access.Organisation
	var kind, court string
	c := &cobra.Command{
		Use: "add", Short: "登记机构，或者更改 · put an organisation into the tree, or change one", Args: cobra.NoArgs,
		Example: "  gongxin organisation add --id railway --kind department --parent province --name 铁路部门",
		RunE: func(c *cobra.Command, _ []string) error {
			if o.ID == "" || kind == "" || o.Name == "" {
				return usage("--id, --kind and --name are needed")
			}
			o.Kind = access.OrgKind(kind)
			if court != "" {
				code, err := gongxin.ParseCourtCode(court)
				if err != nil {
					return err
				}
				o.Court = code
			}
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				if err := centre.Seed(c.Context()); err != nil {
					return fmt.Errorf("load the organisations: %w", err)
				}
				return centre.SaveOrganisation(c.Context(), o)
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	f := c.Flags()
	f.StringVar(&o.ID, "id", "", "stable id, such as railway (needed)")
	f.StringVar(&kind, "kind", "", "city, district, court or department (needed)")
	f.StringVar(&o.Name, "name", "", "name (needed)")
	f.StringVar(&o.Parent, "parent", "province", "id of the organisation above")
	f.StringVar(&court, "court", "", "code of a court, such as 苏0505")
	return c
}

func newOrganisationLoad() *cobra.Command {
	var h home
	var clock clockFlag
	c := &cobra.Command{
		Use: "load", Short: "补齐全省法院和各市 · add what the tree lacks of the province's cities and courts", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				n, err := centre.LoadOrganisations(c.Context())
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "新增机构 added: %d\n", n)
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	return c
}
