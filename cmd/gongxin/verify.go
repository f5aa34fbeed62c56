package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"gongxin/internal/audit"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// verifyCommand is an independent auditor's command.
type verifyCommand struct {
	home       home
	url, proof string
	keys       []string // files with public keys of the hub
	gateKeys   []string // the same of a gate
	from       string
	json       bool
}

func newVerify() *cobra.Command {
	var n verifyCommand
	c := &cobra.Command{
		Use: "verify --data DIR | --url URL | --proof FILE", Short: "核验账本或证明文件 · verify a ledger, or a proof", Args: cobra.NoArgs,
		Long: `Verifies what is there against what was signed, and trusts nobody but the key.

  --data DIR    at the hub: the whole ledger, every body that still exists, listings, documents, receipts, the newest snapshot
  --url URL     from anywhere: the public log of a hub or a relay
  --proof FILE  offline: whether a listing was in force at an instant, and what a department had then

Exit code 0: all is as it was signed. 1: something is not, and is named. 2: wrong use.`,
		Example: `  gongxin verify --data ./hub
  gongxin verify --url https://credit.example --key hub.pub --json > 2026-11.report
  gongxin verify --url https://credit.example --key hub.pub --from 2026-10.report
  gongxin verify --proof listing.proof --key hub.pub --gate-key railway.pub`,
		RunE: func(c *cobra.Command, _ []string) error { return n.run(c) },
	}
	addHome(c, &n.home)
	f := c.Flags()
	f.StringVar(&n.url, "url", "", "address of a hub, a relay or a mirror, whose public log is verified")
	f.StringVar(&n.proof, "proof", "", "file that gongxin proof wrote")
	f.StringArrayVar(&n.keys, "key", nil, "file with the hub's public key; again for one that it has replaced (with --data: those there, unless given)")
	f.StringArrayVar(&n.gateKeys, "gate-key", nil, "file with the gate's public key, for its receipts in a proof")
	f.StringVar(&n.from, "from", "", "report of an earlier audit (--json), of which the log must be the continuation")
	f.BoolVar(&n.json, "json", false, "write the report as JSON")
	return c
}

func (n *verifyCommand) run(c *cobra.Command) error {
	given := 0
	for _, name := range []string{"data", "url", "proof"} {
		if c.Flags().Changed(name) {
			given++
		}
	}
	if given != 1 {
		return usage("give one of --data, --url and --proof")
	}
	var keys []*ledger.Verifier
	var err error
	switch {
	case len(n.keys) > 0:
		keys, err = verifiers(n.keys)
	case n.url == "" && n.proof == "":
		keys, err = n.home.publicKeys()
	default:
		err = usage("--key: give the file with the hub's public key")
	}
	if err != nil {
		return err
	}
	if n.proof != "" {
		return n.verifyProof(keys, c.OutOrStdout())
	}
	a := audit.Audit{Keys: keys}
	if n.from != "" {
		b, err := os.ReadFile(n.from)
		if err != nil {
			return usage("--from: %v", err)
		}
		if a.Previous, err = audit.ParseReport(b); err != nil {
			return err
		}
	}
	bar := n.bar(&a)
	defer bar()
	var report *audit.Report
	if n.url != "" {
		a.Log = audit.HTTPLog{URL: n.url}
		report, err = a.Run(c.Context())
	} else {
		report, err = n.atHub(c.Context(), a)
	}
	bar()
	if err != nil {
		return err
	}
	if err := n.print(c.OutOrStdout(), report, report.Encode); err != nil {
		return err
	}
	if report.Verdict != audit.Whole {
		return errFindings
	}
	return nil
}

// print writes what for people, or as JSON.
func (n *verifyCommand) print(w io.Writer, what io.WriterTo, encode func() ([]byte, error)) error {
	if !n.json {
		_, err := what.WriteTo(w)
		return err
	}
	b, err := encode()
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// bar draws progress if a person watches, and returns what ends it.
func (n *verifyCommand) bar(a *audit.Audit) (end func()) {
	if !isTerminal(os.Stderr) {
		return func() {}
	}
	words := map[string]string{audit.StageLog: "核验账本 ledger", audit.StageBeside: "核验内容 bodies"}
	var bar *progressbar.ProgressBar
	stage := ""
	end = func() {
		if bar != nil {
			_ = bar.Finish() // a bar that cannot be drawn is no reason to fail
			bar = nil
		}
	}
	a.Progress = func(s string, done, of uint64) {
		if s != stage {
			end()
			stage, bar = s, progressbar.Default(int64(of), words[s])
		}
		_ = bar.Set64(int64(done))
	}
	return end
}

// atHub audits the ledger of a data directory with all that is kept beside it.
func (n *verifyCommand) atHub(ctx context.Context, a audit.Audit) (report *audit.Report, err error) {
	db, _, err := n.home.openThere(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if a.Snapshot, err = n.home.newestSnapshot(); err != nil {
		return nil, err
	}
	err = db.Read(ctx, func(ctx context.Context, v *store.View) error {
		s := kept{v}
		a.Log, a.Beside = s, s
		report, err = a.Run(ctx)
		return err
	})
	return report, err
}

// verifyProof verifies a proof, for which nothing else is needed.
func (n *verifyCommand) verifyProof(keys []*ledger.Verifier, out io.Writer) error {
	f, err := os.Open(n.proof)
	if err != nil {
		return usage("--proof: %v", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, audit.MaxProof+1))
	if err != nil {
		return err
	}
	proof, err := audit.ParseProof(b)
	if err != nil {
		return err
	}
	var gateKeys []string
	for _, path := range n.gateKeys {
		lines, err := keyLines(path)
		if err != nil {
			return err
		}
		gateKeys = append(gateKeys, lines...)
	}
	answer, err := proof.Verify(keys, gateKeys)
	if err != nil {
		return err
	}
	return n.print(out, answer, func() ([]byte, error) { return json.MarshalIndent(answer, "", "  ") })
}

// keyLines reads a file of public keys, one on a line.
func keyLines(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("key: %v", err)
	}
	return strings.Fields(string(b)), nil
}

// verifiers reads files with public keys of a hub.
func verifiers(paths []string) ([]*ledger.Verifier, error) {
	var keys []*ledger.Verifier
	for _, path := range paths {
		lines, err := keyLines(path)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			v, err := ledger.NewVerifier(line)
			if err != nil {
				return nil, usage("key in %s: %v", path, err)
			}
			keys = append(keys, v)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no key in %s", strings.Join(paths, ", "))
	}
	return keys, nil
}
