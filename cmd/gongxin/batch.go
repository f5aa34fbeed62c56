package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/hub"
	"gongxin/internal/store"
)

func newBatch() *cobra.Command {
	c := &cobra.Command{
		Use: "batch", Short: "暂存待核准的异常批次 · submissions that wait for a second person", Args: cobra.NoArgs,
		Long: `新增或者撤销数量异常的报送先行暂存，由报送人以外的第二人核准后才进入名单。
A submission with abnormally many new or ending listings is held. Nothing of it is in
the register until a second person, other than who submitted it, approves it.`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newBatchList(), newBatchApprove(), newBatchRefuse())
	return c
}

// batchCommand speaks to a hub over HTTP, or works on the data of one on this
// machine. Who decides proves in both cases by a token who they are.
type batchCommand struct {
	home   home
	clock  clockFlag
	client client
	asJSON bool
}

func (b *batchCommand) add(c *cobra.Command) {
	addHome(c, &b.home)
	addRules(c, &b.home)
	b.clock.add(c)
	b.client.add(c)
	c.Flags().StringVar(&b.client.url, "hub", "", "the hub at this URL, instead of the data of one on this machine")
	c.Flags().BoolVar(&b.asJSON, "json", false, "print one JSON object a batch")
}

// at checks where the batches are.
func (b *batchCommand) at(c *cobra.Command) error {
	if b.client.url != "" && (c.Flags().Changed("data") || c.Flags().Changed("db")) {
		return usage("--hub and --data exclude each other")
	}
	return nil
}

func newBatchList() *cobra.Command {
	var b batchCommand
	c := &cobra.Command{
		Use: "list", Short: "列出批次 · list the batches", Args: cobra.NoArgs,
		Example: "  gongxin batch list --data ./hub\n  gongxin batch list --hub https://hub:8700 --token-file judge.token",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := b.at(c); err != nil {
				return err
			}
			all, err := b.list(c.Context())
			if err != nil {
				return err
			}
			for _, one := range all {
				if err := b.write(c.OutOrStdout(), one); err != nil {
					return err
				}
			}
			return nil
		},
	}
	b.add(c)
	return c
}

func (b *batchCommand) list(ctx context.Context) (all []hub.Batch, err error) {
	if b.client.url != "" {
		if b.client.tokenFile == "" {
			return nil, usage("--hub needs --token-file")
		}
		var out struct{ Batches []hub.Batch }
		err := b.client.ask(ctx, "GET", "/v1/batches", nil, &out)
		return out.Batches, err
	}
	err = onHub(ctx, b.home, b.clock, func(centre *hub.Hub, _ time.Time) error {
		kept, err := centre.Batches(ctx)
		for _, one := range kept {
			all = append(all, hub.NewBatch(one))
		}
		return err
	})
	return all, err
}

func (b *batchCommand) write(w io.Writer, one hub.Batch) error {
	if b.asJSON {
		return json.NewEncoder(w).Encode(one)
	}
	words := map[string]string{"held": "待核准 held", "approved": "已核准 approved", "applied": "已入库 applied", "refused": "已退回 refused"}
	_, err := fmt.Fprintf(w, "%s  %-18s %s  新增 new %d  撤销 ending %d  生效 in force %d  报送 by %s  %s\n", one.ID, words[one.State],
		one.At.In(gongxin.Shanghai).Format(time.DateTime), one.Listings, one.Withdrawals, one.InForce, one.By, one.Name)
	if err == nil && one.State == "refused" {
		_, err = fmt.Fprintf(w, "  %s：%s\n", one.DecidedBy, one.Refusal)
	}
	if s := one.Summary; err == nil && s != nil {
		_, err = fmt.Fprintf(w, "  %s：收取 taken %d（其中不变 unchanged %d），退回 rejected %d\n", one.DecidedBy, s.Accepted, s.Unchanged, s.Rejected)
	}
	return err
}

func newBatchApprove() *cobra.Command {
	var b batchCommand
	c := &cobra.Command{
		Use: "approve ID", Short: "核准批次 · approve a batch, so that it goes in", Args: cobra.ExactArgs(1),
		Example: "  gongxin batch approve b20170901-4f0c… --hub https://hub:8700 --token-file judge.token\n  gongxin batch approve b20170901-4f0c… --data ./hub --token-file operator.token",
		RunE:    func(c *cobra.Command, args []string) error { return b.decide(c, args[0], store.Approved, "") },
	}
	b.add(c)
	return c
}

func newBatchRefuse() *cobra.Command {
	var b batchCommand
	var reason string
	c := &cobra.Command{
		Use: "refuse ID", Short: "退回批次，文件即销毁 · refuse a batch; its file is destroyed", Args: cobra.ExactArgs(1),
		Example: "  gongxin batch refuse b20170901-4f0c… --reason 文件截断 --hub https://hub:8700 --token-file judge.token",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usage("--reason is needed")
			}
			return b.decide(c, args[0], store.Refused, reason)
		},
	}
	b.add(c)
	c.Flags().StringVar(&reason, "reason", "", "why it is refused, for who submitted it (needed)")
	return c
}

// decide decides on the batch id as who has the token.
func (b *batchCommand) decide(c *cobra.Command, id, outcome, reason string) error {
	if err := b.at(c); err != nil {
		return err
	}
	if b.client.tokenFile == "" {
		return usage("--token-file is needed: it says who decides")
	}
	ctx := c.Context()
	var decided hub.Batch
	if b.client.url != "" {
		path, in := "/v1/batches/"+url.PathEscape(id)+"/approval", any(nil)
		if outcome == store.Refused {
			path, in = "/v1/batches/"+url.PathEscape(id)+"/refusal", map[string]string{"reason": reason}
		}
		if err := b.client.ask(ctx, "POST", path, in, &decided); err != nil {
			return err
		}
		return b.write(c.OutOrStdout(), decided)
	}
	err := onHub(ctx, b.home, b.clock, func(centre *hub.Hub, now time.Time) error {
		operation := map[string]string{store.Approved: "batch-approval", store.Refused: "batch-refusal"}[outcome]
		by, err := b.actor(ctx, centre, now, operation)
		if err != nil {
			return err
		}
		if _, err := centre.DecideBatch(ctx, id, by, outcome, reason); err != nil {
			return err
		}
		if err := centre.ApplyBatches(ctx); err != nil {
			return err
		}
		all, err := centre.Batches(ctx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(all, func(one store.Batch) bool { return one.ID == id }); i >= 0 {
			decided = hub.NewBatch(all[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.write(c.OutOrStdout(), decided)
}

// actor tells who acts with the token of --token-file in operation, on this machine.
func (b *batchCommand) actor(ctx context.Context, centre *hub.Hub, now time.Time, operation string) (by gongxin.Actor, err error) {
	secret, err := secretFile(b.client.tokenFile)
	if err != nil {
		return by, err
	}
	err = centre.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		var t access.Token
		// A token that is bound to a certificate is good over the network alone.
		if by, t, err = access.Authenticate(ctx, v, secret, [32]byte{}, now); err != nil {
			return err
		}
		if !access.Allowed(operation, by.Role) {
			return gongxin.Forbidden("NOT_ALLOWED", operation, by.Role)
		}
		if !t.Permits(operation) {
			return gongxin.Forbidden("NOT_IN_SCOPE", operation, t.ID)
		}
		return nil
	})
	return by, err
}
