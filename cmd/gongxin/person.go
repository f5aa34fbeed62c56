package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/hub"
)

func newPerson() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "登录人员 · people who can sign in", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newPersonCreate(), newPersonList(),
		newPersonChange("disable", "停用，立即生效 · shut a person out, at once", func(p *access.Person, now time.Time) { p.Disabled = now }),
		newPersonChange("enable", "恢复已停用的人员 · let a disabled person in again", func(p *access.Person, _ time.Time) { p.Disabled = time.Time{} }),
		newPersonChange("unlock", "解除锁定 · take passwords again after too many wrong ones", func(p *access.Person, _ time.Time) { p.Failures, p.Locked = 0, time.Time{} }),
		newPersonReset())
	return c
}

// onHub runs f with the hub of h and closes it.
func onHub(ctx context.Context, h home, clock clockFlag, f func(*hub.Hub, time.Time) error) error {
	now, exercise, err := clock.clock()
	if err != nil {
		return err
	}
	centre, db, err := h.open(ctx, now, exercise, newLog(os.Stderr, false))
	if err != nil {
		return err
	}
	defer db.Close()
	return f(centre, gongxin.Millis(now()))
}

func newPersonCreate() *cobra.Command {
	var h home
	var clock clockFlag
	var m hub.Membership
	var roles []string
	var passwordFile string
	c := &cobra.Command{
		Use: "create", Short: "登记人员 · let a person sign in", Args: cobra.NoArgs,
		Long: `在中心的机器上登记第一位操作员，以及其他人员。登记后只显示一次身份验证器的密钥（otpauth）。
Makes the first operator, and others, on the hub's own machine. The authenticator's
secret (otpauth) is printed once.`,
		Example: `  gongxin person create --id admin --role operator --name 管理员 --password-file admin.password
  gongxin person create --id wang@苏0505 --organisation court.苏0505 --role judge --name 王明 --password-file wang.password`,
		RunE: func(c *cobra.Command, _ []string) error {
			if m.ID == "" || m.Name == "" || len(roles) == 0 {
				return usage("--id, --name and --role are needed")
			}
			if (passwordFile == "") == (m.Issuer == "") {
				return usage("give either --password-file, or --issuer and --subject of an identity provider")
			}
			for _, r := range roles {
				m.Roles = append(m.Roles, gongxin.Role(r))
			}
			if m.Organisation == "" && slices.Contains(m.Roles, gongxin.RoleOperator) {
				m.Organisation = "centre"
			}
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				uri, err := createPerson(c.Context(), centre, m, passwordFile)
				if err == nil && uri != "" {
					_, err = fmt.Fprintln(c.OutOrStdout(), uri)
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	f := c.Flags()
	f.StringVar(&m.ID, "id", "", "who acts, as the ledger records it, such as wang@苏0505 (needed)")
	f.StringVar(&m.Name, "name", "", "the person's name (needed)")
	f.StringSliceVar(&roles, "role", nil, "clerk, judge, higher_court, operator, officer, supervisor or auditor; several may be given (needed)")
	f.StringVar(&m.Organisation, "organisation", "", "id of the organisation, see gongxin organisation list; centre for an operator")
	f.StringVar(&passwordFile, "password-file", "", "file with the person's password, as they chose it")
	f.StringVar(&m.Issuer, "issuer", "", "identity provider at which the person signs in instead")
	f.StringVar(&m.Subject, "subject", "", "who the person is to that provider")
	return c
}

// createPerson makes the person m with a password of their own and a second factor,
// whose otpauth URI it returns; "" for one who signs in at an identity provider.
// Error: PERSON_EXISTS, and those of hub.SavePerson.
func createPerson(ctx context.Context, centre *hub.Hub, m hub.Membership, passwordFile string) (uri string, err error) {
	if err := centre.Seed(ctx); err != nil {
		return "", fmt.Errorf("load the organisations: %w", err)
	}
	all, err := centre.People(ctx)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(all, func(p access.Person) bool { return p.ID == m.ID }) {
		return "", gongxin.Conflict("PERSON_EXISTS", m.ID)
	}
	if passwordFile == "" {
		_, err = centre.SavePerson(ctx, m, "")
		return "", err
	}
	password, err := secretFile(passwordFile)
	if err != nil {
		return "", err
	}
	if err := access.CheckPassword(password, m.ID, m.Name); err != nil {
		return "", err
	}
	phc, err := access.HashPassword(password, rand.Reader)
	if err != nil {
		return "", err
	}
	secret, uri, err := access.EnrolSecond(m.ID, hub.SecondIssuer, rand.Reader)
	if err != nil {
		return "", err
	}
	if _, err := centre.SavePerson(ctx, m, ""); err != nil {
		return "", err
	}
	_, err = centre.ChangePerson(ctx, m.ID, func(p *access.Person) { p.Password, p.Second = phc, secret })
	return uri, err
}

func newPersonList() *cobra.Command {
	var h home
	var clock clockFlag
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "列出人员 · list the people", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				all, err := centre.People(c.Context())
				if err != nil {
					return err
				}
				for _, p := range all {
					if err := writePerson(c.OutOrStdout(), p, now, asJSON); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a person")
	return c
}

func writePerson(w io.Writer, p access.Person, now time.Time, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(hub.NewPerson(p))
	}
	roles := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		roles[i] = string(r)
	}
	standing := "可登录 active"
	switch {
	case !p.Disabled.IsZero():
		standing = "已停用 disabled"
	case p.Locked.After(now):
		standing = "已锁定 locked"
	case p.NeedsSecond() && !p.Enrolled() && p.Issuer == "":
		standing = "未登记验证器 no second factor"
	}
	_, err := fmt.Fprintf(w, "%-24s %-20s %-24s %s  %s\n", p.ID, p.Organisation, strings.Join(roles, ","), standing, p.Name)
	return err
}

// newPersonChange makes a command that changes one person and ends their sessions.
func newPersonChange(verb, short string, change func(*access.Person, time.Time)) *cobra.Command {
	var h home
	var clock clockFlag
	c := &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), Example: "  gongxin person " + verb + " wang@苏0505",
		RunE: func(c *cobra.Command, args []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				p, err := centre.ChangePerson(c.Context(), args[0], func(p *access.Person) { change(p, now) })
				if err != nil {
					return err
				}
				return writePerson(c.OutOrStdout(), p, now, false)
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	return c
}

func newPersonReset() *cobra.Command {
	var h home
	var clock clockFlag
	var passwordFile string
	c := &cobra.Command{
		Use: "reset ID", Short: "重设初始密码，取消身份验证器 · a new first password, and no second factor", Args: cobra.ExactArgs(1),
		Long: `为忘记密码或者遗失身份验证器的人员重设初始密码。登录后须先修改密码并登记新的身份验证器。
For somebody who forgot the password or lost the authenticator. After signing in they
change the password and enrol a new authenticator before anything else.`,
		Example: "  gongxin person reset wang@苏0505 --password-file first.password",
		RunE: func(c *cobra.Command, args []string) error {
			if passwordFile == "" {
				return usage("--password-file is needed")
			}
			password, err := secretFile(passwordFile)
			if err != nil {
				return err
			}
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				p, err := centre.ResetPerson(c.Context(), args[0], password)
				if err != nil {
					return err
				}
				return writePerson(c.OutOrStdout(), p, now, false)
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().StringVar(&passwordFile, "password-file", "", "file with the first password (needed)")
	return c
}
