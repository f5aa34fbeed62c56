package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/gate"
)

func newDiffer() *cobra.Command {
	var address, listing string
	var d gate.Different
	c := &cobra.Command{
		Use: "differ", Short: "认定申请人不是某条名单上的人 · record that an applicant is not a listing", Args: cobra.NoArgs,
		Long: `经办人核实后认定：这个申请人不是这条名单。只对这一人和这一条有效，写明谁、何时、为什么；名单条目更正或者申请人姓名变化后失效，
不影响其他人。号码和姓名都与名单一致的，仍然转人工，不放行。
An officer has looked: this applicant is not that listing. It holds for the pair alone, with who, when
and why, ends when either side changes, and hides nobody else. Where number and name agree in full
the gate still refers.`,
		Example: `  gongxin differ --listing 05djfavp02hmrpcd1f91yxq6k4 --number 320000198001010018 --name 张三 --reason 出生地不同，已核对户口 --by 李科长
  gongxin differ --listing 05djfavp02hmrpcd1f91yxq6k4 --subject 申-2026-17 --name 张三 --reason 年龄不符 --by 李科长
  gongxin differ list
  gongxin differ remove D-sport-20261128-7K3M9QXA --reason 核实有误 --by 李科长`,
		RunE: func(c *cobra.Command, _ []string) error {
			if listing == "" || d.Reason == "" || d.By == "" {
				return usage("--listing, --name, --reason, --by and either --number or --subject are needed")
			}
			id, err := gongxin.ParseListingID(listing)
			if err != nil {
				return usage("--listing %q: %v", listing, err)
			}
			d.Listing = id
			client := gate.NewClient(address)
			defer client.Close()
			said, err := client.RememberDifference(c.Context(), d)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), describeDifference(said))
			return err
		},
	}
	gateFlag(c, &address)
	f := c.Flags()
	f.StringVar(&listing, "listing", "", "id of the listing, as a hit shows it (needed)")
	f.StringVar(&d.Number, "number", "", "the applicant's identifier")
	f.StringVar(&d.Subject, "subject", "", "the department's own reference of the applicant, where no identifier is known")
	f.StringVar(&d.Name, "name", "", "the applicant's name (needed)")
	f.StringVar(&d.Reason, "reason", "", "what was looked at, in words (needed)")
	f.StringVar(&d.By, "by", "", "name of the officer who decides it (needed)")
	c.AddCommand(newDifferList(), newDifferRemove())
	return c
}

// describeDifference writes a difference for a terminal, Chinese first.
func describeDifference(d gate.Difference) string {
	s := fmt.Sprintf("%s  名单条目 listing %s  %s %s  %s\n", d.Reference, d.Listing, d.By, localTime(d.At), d.Reason)
	if d.Because != nil {
		s += fmt.Sprintf("  已失效 ended  %s  %s · %s %s %s\n", localTime(d.Ended), d.Because.ZH, d.Because.EN, d.EndedBy, d.EndedReason)
	}
	return s
}

func newDifferList() *cobra.Command {
	var address, listing string
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "认定了哪些 · what is remembered", Args: cobra.NoArgs,
		Example: `  gongxin differ list --listing 05djfavp02hmrpcd1f91yxq6k4`,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			var id gongxin.ListingID
			if listing != "" {
				if id, err = gongxin.ParseListingID(listing); err != nil {
					return usage("--listing %q: %v", listing, err)
				}
			}
			client := gate.NewClient(address)
			defer client.Close()
			out := c.OutOrStdout()
			return client.Differences(c.Context(), id, func(d gate.Difference) error {
				if asJSON {
					return json.NewEncoder(out).Encode(d)
				}
				_, err := fmt.Fprint(out, describeDifference(d))
				return err
			})
		},
	}
	gateFlag(c, &address)
	c.Flags().StringVar(&listing, "listing", "", "of this listing alone")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

func newDifferRemove() *cobra.Command {
	var address, reason, by string
	c := &cobra.Command{
		Use: "remove REFERENCE", Short: "撤回认定 · take a difference back", Args: cobra.ExactArgs(1),
		Example: `  gongxin differ remove D-sport-20261128-7K3M9QXA --reason 核实有误 --by 李科长`,
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" || by == "" {
				return usage("--reason and --by are needed")
			}
			client := gate.NewClient(address)
			defer client.Close()
			d, err := client.ForgetDifference(c.Context(), args[0], reason, by)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), describeDifference(d))
			return err
		},
	}
	gateFlag(c, &address)
	c.Flags().StringVar(&reason, "reason", "", "why, in words (needed)")
	c.Flags().StringVar(&by, "by", "", "name of the officer who decides it (needed)")
	return c
}
