package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

func newToken() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "接口令牌 · API tokens of courts, gates and operators", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newTokenCreate(), newTokenList(), newTokenRevoke())
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
				t.ID = strings.TrimSuffix(role+"."+gate+court, ".")
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

func newTokenList() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "列出令牌，不含密文 · list the tokens, without their secrets", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all, closeStore, err := h.tokens(c.Context())
			if err != nil {
				return err
			}
			defer closeStore()
			for _, t := range all {
				if asJSON {
					err = json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"id": t.ID, "role": t.Role, "court": t.Court,
						"organisation": t.Organisation, "gate": t.Gate, "created": t.Created, "expires": t.Expires, "revoked": t.Revoked})
				} else {
					_, err = fmt.Fprintf(c.OutOrStdout(), "%-32s %-13s %s  %s\n", t.ID, t.Role, validity(t, time.Now()), t.Organisation)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	addHome(c, &h)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a token")
	return c
}

// validity says until when t holds, or since when not.
func validity(t access.Token, now time.Time) string {
	day := func(at time.Time) string { return gongxin.DayOf(at).String() }
	switch {
	case !t.Revoked.IsZero():
		return "已作废 revoked " + day(t.Revoked)
	case !now.Before(t.Expires):
		return "已到期 expired " + day(t.Expires)
	}
	return "有效至 until   " + day(t.Expires)
}

func newTokenRevoke() *cobra.Command {
	var h home
	var clock clockFlag
	c := &cobra.Command{
		Use: "revoke ID", Short: "作废令牌，立即生效 · revoke the tokens of ID, at once", Args: cobra.ExactArgs(1),
		Example: "  gongxin token revoke department.railway",
		RunE: func(c *cobra.Command, args []string) error {
			now, exercise, err := clock.clock()
			if err != nil {
				return err
			}
			_, db, err := h.open(c.Context(), now, exercise, newLog(os.Stderr, false))
			if err != nil {
				return err
			}
			defer db.Close()
			all, err := readTokens(c.Context(), db)
			if err != nil {
				return err
			}
			revoked := 0
			err = db.Write(c.Context(), func(ctx context.Context, tx *store.Tx) error {
				for _, t := range all {
					if t.ID != args[0] || !t.Revoked.IsZero() {
						continue
					}
					t.Revoked = gongxin.Millis(now())
					if err := tx.SaveToken(ctx, t); err != nil {
						return err
					}
					revoked++
				}
				return nil
			})
			if err == nil && revoked == 0 {
				err = gongxin.Missing("TOKEN_UNKNOWN")
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "已作废 revoked: %d\n", revoked)
			return err
		},
	}
	addHome(c, &h)
	clock.add(c)
	return c
}

// tokens reads all tokens of the hub at h; close the store when done.
func (h home) tokens(ctx context.Context) (all []access.Token, closeStore func() error, err error) {
	_, db, err := h.open(ctx, time.Now, false, newLog(os.Stderr, false))
	if err != nil {
		return nil, nil, err
	}
	if all, err = readTokens(ctx, db); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return all, db.Close, nil
}

func readTokens(ctx context.Context, db *store.DB) (all []access.Token, err error) {
	err = db.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.Tokens(ctx)
		return err
	})
	return all, err
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
