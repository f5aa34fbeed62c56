package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/hub"
	"gongxin/internal/store"
)

func newToken() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "接口令牌 · API tokens of courts, gates and operators", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newTokenCreate(), newTokenList(), newTokenRotate(), newTokenRevoke())
	return c
}

func newTokenCreate() *cobra.Command {
	var h home
	var clock clockFlag
	var role, court, organisation, gate, id, scope, certificate string
	var days int
	var asJSON bool
	c := &cobra.Command{
		Use: "create", Short: "签发令牌，只显示一次 · issue a token, shown once", Args: cobra.NoArgs,
		Example: `  gongxin token create --role court_system --court 苏0505 --organisation 苏州市虎丘区人民法院
  gongxin token create --role department --gate railway --organisation 铁路部门
  gongxin token create --role department --gate railway --organisation 铁路部门 --certificate railway.pem --scope "feed-changes feed-snapshot receipts outcomes"`,
		RunE: func(c *cobra.Command, _ []string) error {
			if role == "" {
				return usage("--role is needed")
			}
			t := access.Token{ID: id, Role: gongxin.Role(role), Organisation: organisation, Gate: gate, Scope: scope}
			if certificate != "" {
				text, err := os.ReadFile(certificate)
				if err != nil {
					return usage("--certificate: %v", err)
				}
				if t.Certificate, err = hub.CertificateHash(text); err != nil {
					return err
				}
			}
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
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				t.Created = now
				t.Expires = t.Created.AddDate(0, 0, days)
				secret, err := centre.IssueToken(c.Context(), t)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"id": t.ID, "secret": secret, "expires": t.Expires})
				}
				_, err = fmt.Fprintln(c.OutOrStdout(), secret)
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().StringVar(&role, "role", "", "clerk, judge, court_system, department or operator (needed)")
	c.Flags().StringVar(&court, "court", "", "court code, such as 苏0505, for the roles of a court")
	c.Flags().StringVar(&organisation, "organisation", "", "name of the court or department")
	c.Flags().StringVar(&gate, "gate", "", "name of the gate, for the role department")
	c.Flags().StringVar(&id, "id", "", "who acts, as the ledger records it; made from role and gate if empty")
	c.Flags().StringVar(&scope, "scope", "", "operations that it is good for, separated by blanks; all of its role if empty")
	c.Flags().StringVar(&certificate, "certificate", "", "client certificate (PEM) with which alone it holds; the hub must serve with --tls-clients")
	c.Flags().IntVar(&days, "days", 365, "valid for so many days")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func newTokenList() *cobra.Command {
	var h home
	var clock clockFlag
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "列出令牌，不含密文 · list the tokens, without their secrets", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				all, err := centre.Tokens(c.Context())
				if err != nil {
					return err
				}
				for _, t := range all {
					if asJSON {
						err = json.NewEncoder(c.OutOrStdout()).Encode(hub.NewToken(t))
					} else {
						_, err = fmt.Fprintf(c.OutOrStdout(), "%-32s %-13s %s  %s\n", t.ID, t.Role, validity(t, now), t.Organisation)
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
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a token")
	return c
}

// validity says until when t holds, or since when not.
func validity(t access.Token, now time.Time) string {
	day := func(at time.Time) string { return gongxin.DayOf(at).String() }
	switch {
	case t.Revoked.After(now):
		return "过渡至 rotated " + day(t.Revoked)
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
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				n, err := centre.RevokeTokens(c.Context(), args[0])
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "已作废 revoked: %d\n", n)
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	return c
}

func newTokenRotate() *cobra.Command {
	var h home
	var clock clockFlag
	var overlap time.Duration
	c := &cobra.Command{
		Use: "rotate ID", Short: "更换令牌，旧令牌过渡一段时间 · replace the token of ID; the one before goes on for a while", Args: cobra.ExactArgs(1),
		Example: "  gongxin token rotate department.railway --overlap 48h",
		RunE: func(c *cobra.Command, args []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				all, err := centre.Tokens(c.Context())
				if err != nil {
					return err
				}
				holding := slices.DeleteFunc(all, func(t access.Token) bool {
					return t.ID != args[0] || !t.Revoked.IsZero() || !now.Before(t.Expires)
				})
				if len(holding) == 0 {
					return gongxin.Missing("TOKEN_UNKNOWN")
				}
				newest := slices.MaxFunc(holding, func(a, b access.Token) int { return a.Created.Compare(b.Created) })
				secret, _, _, err := centre.RotateToken(c.Context(), newest.Hash, overlap)
				if err == nil {
					_, err = fmt.Fprintln(c.OutOrStdout(), secret)
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "for how long the token before goes on: 0 to 168h")
	return c
}

// issue makes a secret for t and keeps its hash, for a store without its hub.
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
