package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/durable"
	"gongxin/internal/audit"
	"gongxin/internal/hub"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// proofCommand writes a proof out of a hub's data.
type proofCommand struct {
	home              home
	listing, at, gate string
	out               string
}

func newProof() *cobra.Command {
	var n proofCommand
	c := &cobra.Command{
		Use: "proof --listing ID --at TIME --out FILE", Short: "为某一时点出具证明文件 · write a proof for an instant", Args: cobra.NoArgs,
		Long: `Writes a file that shows whether a listing was in force at an instant, by which event, and, with --gate, up to which
sequence a department had applied the list then. Anybody who has the hub's public key can verify it offline, years
later: gongxin verify --proof FILE --key hub.pub. The file holds what the court knows of the listing: keep it as you keep the court's papers.`,
		Example: `  gongxin proof --data ./hub --listing 05c8… --at 2017-09-01T14:05 --gate railway --out listing.proof`,
		RunE:    func(c *cobra.Command, _ []string) error { return n.run(c.Context()) },
	}
	addHome(c, &n.home)
	f := c.Flags()
	f.StringVar(&n.listing, "listing", "", "id of the listing")
	f.StringVar(&n.at, "at", "", "the instant asked about: 2017-09-01T14:05 in China's time, or with another zone as in RFC 3339")
	f.StringVar(&n.gate, "gate", "", "name of a department's gate, to show what it had applied then")
	f.StringVar(&n.out, "out", "", "file to write; it must not exist")
	for _, name := range []string{"listing", "at", "out"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return c
}

func (n *proofCommand) run(ctx context.Context) error {
	id, err := gongxin.ParseListingID(n.listing)
	if err != nil {
		return err
	}
	at, err := parseInstant(n.at)
	if err != nil {
		return err
	}
	db, signer, err := n.home.openThere(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var proof *audit.Proof
	err = db.Read(ctx, func(ctx context.Context, v *store.View) error {
		proof, err = audit.Prove(ctx, kept{v}, signer, id, audit.Question{At: at, Gate: n.gate}, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	b, err := proof.Encode()
	if err != nil {
		return err
	}
	err = durable.Create(n.out, b, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usage("--out: %s is there already", n.out)
	}
	return err
}

// prover gives proofs over the network.
func prover(signer *ledger.Signer, now func() time.Time) hub.Prover {
	return func(ctx context.Context, v *store.View, id gongxin.ListingID, at time.Time, gate string) ([]byte, error) {
		proof, err := audit.Prove(ctx, kept{v}, signer, id, audit.Question{At: at.UTC(), Gate: gate}, now())
		if err != nil {
			return nil, err
		}
		return proof.Encode()
	}
}

// parseInstant reads an instant as people write it, in China's time, or with its zone.
func parseInstant(s string) (time.Time, error) {
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.999"} {
		if t, err := time.ParseInLocation(form, s, gongxin.Shanghai); err == nil {
			return t.UTC(), nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, usage("--at %q: write it as 2017-09-01T14:05", s)
	}
	return t.UTC(), nil
}

// exists tells whether there is a file at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
