package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/durable"
	"gongxin/internal/hub"
	"gongxin/ledger"
)

// The way of a hub to another key. Each step is durable before the next begins, and
// one that a crash cut off is taken again, which changes nothing that was done:
//
//	gongxin key rotate    1. hub.key.next: the next key is made
//	                      2. the ledger announces it, signed by hub.key as until now
//	                      3. handover.json: that it was announced
//	start of gongxin hub  4. hub.key.old: the key until now, hub.pub.old: the public keys of
//	                         all before; hub.key.next becomes hub.key
//	                      5. the ledger announces the key again, signed by it
//	                      6. a snapshot, signed by it, for gates that know no other; hub.pub
//
// Step 5 is why the checkpoint of the announcement stays as the old key signed it:
// nothing of that size is signed again. Followers that are behind go through it.
const (
	nextKey      = "hub.key.next"
	oldKey       = "hub.key.old"
	oldKeys      = "hub.pub.old" // one a line, for auditors of the whole log
	handoverFile = "handover.json"
)

// A handover is a change of keys that is under way.
type handover struct {
	From      string    `json:"from"` // verifier keys
	To        string    `json:"to"`
	Sequence  uint64    `json:"sequence"` // of the event that announces it
	Announced time.Time `json:"announced"`
	Signed    bool      `json:"signed"` // by the next key: step 5 is done
}

// handover reads the one that is under way; ok is false if none is.
func (h home) handover() (o handover, ok bool, err error) {
	b, err := os.ReadFile(h.path(handoverFile))
	if errors.Is(err, fs.ErrNotExist) {
		return o, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		return o, false, fmt.Errorf("read %s: %w", h.path(handoverFile), err)
	}
	return o, true, nil
}

func (h home) saveHandover(o handover) error {
	b, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(h.path(handoverFile), append(b, '\n'), 0o600)
}

// rotate takes the steps 1 to 3. If they are done it only says so.
func (h home) rotate(ctx context.Context, centre *hub.Hub) (o handover, err error) {
	if o, under, err := h.handover(); err != nil || under {
		return o, err
	}
	current, err := ledger.NewVerifier(centre.VerifierKey)
	if err != nil {
		return o, err
	}
	secret, err := h.secret(nextKey, func() (string, error) {
		s, _, err := ledger.GenerateKey(current.Origin(), rand.Reader)
		return s, err
	})
	if err != nil {
		return o, err
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		return o, fmt.Errorf("read %s: %w", h.path(nextKey), err)
	}
	o = handover{From: centre.VerifierKey, To: signer.VerifierKey(), Announced: gongxin.Millis(centre.Now())}
	if o.Sequence, err = centre.AnnounceKey(ctx, o.To); err != nil {
		return o, err
	}
	return o, h.saveHandover(o)
}

// takeOver takes step 4 if a key was announced. It is for the start of the hub alone:
// before, the hub that runs signs with the old one.
func (h home) takeOver() error {
	o, under, err := h.handover()
	if err != nil || !under {
		return err
	}
	current, err := h.verifierOf("hub.key")
	if err != nil || current == o.To {
		return err
	}
	next, err := h.verifierOf(nextKey)
	switch {
	case err != nil:
		return err
	case current != o.From || next != o.To:
		return fmt.Errorf("%s: it hands over from %s to %s, and the keys here are %s and %s", h.path(handoverFile), o.From, o.To, current, next)
	}
	secret, err := os.ReadFile(h.path("hub.key"))
	if err == nil {
		err = durable.Replace(h.path(oldKey), secret, 0o600)
	}
	if err == nil {
		err = h.keepPublic(current)
	}
	if err == nil {
		err = durable.Rename(h.path(nextKey), h.path("hub.key"))
	}
	if err != nil {
		return fmt.Errorf("take the next key: %w", err)
	}
	return nil
}

// keepPublic adds a public key to those that were, once.
func (h home) keepPublic(key string) error {
	b, err := os.ReadFile(h.path(oldKeys))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if slices.Contains(strings.Fields(string(b)), key) {
		return nil
	}
	return durable.Replace(h.path(oldKeys), append(b, key+"\n"...), 0o644)
}

func (h home) verifierOf(name string) (string, error) {
	b, err := os.ReadFile(h.path(name))
	if err != nil {
		return "", fmt.Errorf("read key: %w", err)
	}
	signer, err := ledger.NewSigner(strings.TrimSpace(string(b)))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", h.path(name), err)
	}
	return signer.VerifierKey(), nil
}

// signedOver takes step 5 if the key was exchanged. Whoever opens the hub's data does
// so before anything else is signed.
func (h home) signedOver(ctx context.Context, centre *hub.Hub) error {
	o, under, err := h.handover()
	if err != nil || !under || o.Signed || centre.VerifierKey != o.To {
		return err
	}
	if _, err := centre.AnnounceKey(ctx, o.To); err != nil {
		return err
	}
	o.Signed = true
	return h.saveHandover(o)
}

// handedOver takes step 6 and ends the handover.
func (h home) handedOver(ctx context.Context, centre *hub.Hub) error {
	o, under, err := h.handover()
	if err != nil || !under || centre.VerifierKey != o.To {
		return err
	}
	if err := centre.Snapshot(ctx); err != nil {
		return err
	}
	if err := durable.Replace(h.path("hub.pub"), []byte(o.To+"\n"), 0o644); err != nil {
		return fmt.Errorf("write hub.pub: %w", err)
	}
	if err := os.Remove(h.path(handoverFile)); err != nil {
		return fmt.Errorf("end the handover: %w", err)
	}
	centre.Log.WarnContext(ctx, "the hub signs with its next key", "verifier_key", o.To, "announced_at", o.Sequence)
	return nil
}

func newKey() *cobra.Command {
	c := &cobra.Command{
		Use: "key", Short: "中心的签名密钥 · the hub's signing key", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newKeyRotate())
	return c
}

func newKeyRotate() *cobra.Command {
	var h home
	var clock clockFlag
	c := &cobra.Command{
		Use: "rotate", Short: "更换签名密钥：现在公告，重新启动中心时启用 · announce another key; the hub signs with it from its next start", Args: cobra.NoArgs,
		Long: `生成新的签名密钥，并以现在的密钥签名，在账本中公告。网关和缓存节点据此自行换用新公钥，不需要人工操作。
中心在下一次启动时启用新密钥。同一数据库上有几个中心的，先全部停止，只启动执行本命令的一个，
再把它的 hub.key 和 hub.pub 复制到其他各处，然后启动。
Makes the next key and announces it in the ledger, signed with the present one: gates
and relays go over by themselves. The hub takes it at its next start. Where several hubs
share a database stop all of them, start the one with this directory alone, and copy its
new hub.key and hub.pub to the others before they start.
If this is interrupted, give the command again.`,
		Example: "  gongxin key rotate --data ./hub\n  systemctl restart gongxin-hub",
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				o, err := h.rotate(c.Context(), centre)
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n  已在第 %d 号事件公告，中心下一次启动时启用 · announced by event %d; the hub takes it at its next start\n", o.To, o.Sequence, o.Sequence)
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	return c
}

func newGateKey() *cobra.Command {
	c := &cobra.Command{
		Use: "gate-key", Short: "各网关签署回执的公钥 · keys with which gates sign receipts", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newGateKeyList(), newGateKeyReset())
	return c
}

func newGateKeyList() *cobra.Command {
	var h home
	var clock clockFlag
	c := &cobra.Command{
		Use: "list", Short: "列出公钥 · list them", Args: cobra.NoArgs,
		Example: "  gongxin gate-key list --data ./hub",
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				gates, err := centre.Gates(c.Context())
				for _, g := range gates {
					if g.Key == "" {
						g.Key = "未登记 none yet"
					}
					if _, err := fmt.Fprintf(c.OutOrStdout(), "%-20s %s  %s\n", g.Gate, g.Key, g.Organisation); err != nil {
						return err
					}
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	return c
}

func newGateKeyReset() *cobra.Command {
	var h home
	var clock clockFlag
	var by string
	c := &cobra.Command{
		Use: "reset GATE", Short: "重置公钥：登记随后收到的第一个 · trust the next key that comes", Args: cobra.ExactArgs(1),
		Long: `网关的回执密钥确已更换的（例如换了机器），先向部门核实，再重置；随后收到的第一个公钥即行登记。旧公钥及其签署的回执保留。
For a gate whose receipt key has changed indeed, such as with its machine: ask the
department first. The key before stays, with what it has signed.`,
		Example: "  gongxin gate-key reset railway --by wang --data ./hub",
		RunE: func(c *cobra.Command, args []string) error {
			if by == "" {
				return usage("--by is needed: who resets it")
			}
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, _ time.Time) error {
				k, err := centre.ResetGateKey(c.Context(), args[0], by)
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "%s  已重置 reset  %s\n", k.Gate, k.By)
				}
				return err
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().StringVar(&by, "by", "", "who resets it, as it is recorded (needed)")
	return c
}
