package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

func newToken() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "接口令牌 · API tokens of courts, gates and operators", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newTokenCreate())
	return c
}

func newTokenCreate() *cobra.Command {
	var h home
	var clock clockFlag
	var role, court, organisation, gate, id string
	var days int
	var asJSON bool
	c := &cobra.Command{
		Use: "create", Short: "签发令牌，只显示一次 · issue a token, shown once", Args: cobra.NoArgs,
		Example: `  gongxin token create --role court_system --court 苏0505 --organisation 苏州市虎丘区人民法院
  gongxin token create --role department --gate railway --organisation 铁路部门`,
		RunE: func(c *cobra.Command, _ []string) error {
			if role == "" {
				return usage("--role is needed")
			}
			t := access.Token{ID: id, Role: gongxin.Role(role), Organisation: organisation, Gate: gate}
			if court != "" {
				code, err := gongxin.ParseCourtCode(court)
				if err != nil {
					return err
				}
				t.Court = code
			}
			if t.ID == "" {
				t.ID = role + "." + gate + court
			}
			now, exercise, err := clock.clock()
			if err != nil {
				return err
			}
			_, db, err := h.open(c.Context(), now, exercise, newLog(os.Stderr, false))
			if err != nil {
				return err
			}
			defer db.Close()
			t.Created = gongxin.Millis(now())
			t.Expires = t.Created.AddDate(0, 0, days)
			secret, err := issue(c.Context(), db, t)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"id": t.ID, "secret": secret, "expires": t.Expires})
			}
			fmt.Fprintln(c.OutOrStdout(), secret)
			return nil
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().StringVar(&role, "role", "", "clerk, judge, court_system, department or operator (needed)")
	c.Flags().StringVar(&court, "court", "", "court code, such as 苏0505, for the roles of a court")
	c.Flags().StringVar(&organisation, "organisation", "", "name of the court or department")
	c.Flags().StringVar(&gate, "gate", "", "name of the gate, for the role department")
	c.Flags().StringVar(&id, "id", "", "who acts, as the ledger records it; made from role and gate if empty")
	c.Flags().IntVar(&days, "days", 365, "valid for so many days")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// issue makes a secret for t and keeps its hash.
func issue(ctx context.Context, db *store.DB, t access.Token) (string, error) {
	secret, t, err := access.Issue(t, rand.Reader)
	if err != nil {
		return "", err
	}
	err = db.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, t) })
	if err != nil {
		return "", fmt.Errorf("keep token: %w", err)
	}
	return secret, nil
}
