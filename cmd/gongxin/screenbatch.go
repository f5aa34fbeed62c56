package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/internal/batch"
	"gongxin/measure"
)

// batchScreen is gongxin screen --in: a file of applicants against a gate.
type batchScreen struct {
	options                     batch.Options
	dir, gateName, verifierFile string
	maxAge                      time.Duration
	beside                      bool // the gate runs: its directory is read beside it
	clock                       clockFlag
}

func (b *batchScreen) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.options.In, "in", "", "file of applicants to screen: CSV, XLSX, Parquet or NDJSON")
	f.StringVar(&b.options.Out, "out", "", "where the result goes, in the form of --in; replaced when it is whole")
	const column = "heading or number (from 1) of the column with %s, if its heading is not understood; - for none"
	f.StringVar(&b.options.Columns.Number, "number-column", "", fmt.Sprintf(column, "the identifier"))
	f.StringVar(&b.options.Columns.Name, "name-column", "", fmt.Sprintf(column, "the name"))
	f.StringVar(&b.options.Columns.Masked, "masked-column", "", fmt.Sprintf(column, "numbers of which only a part is known"))
	f.StringVar(&b.options.Columns.Born, "born-column", "", fmt.Sprintf(column, "the year or date of birth"))
	f.StringVar(&b.options.Columns.Sex, "sex-column", "", fmt.Sprintf(column, "the sex"))
	f.StringVar(&b.options.Columns.Region, "region-column", "", fmt.Sprintf(column, "address codes"))
	f.StringVar(&b.options.Columns.Subject, "subject-column", "", fmt.Sprintf(column, "the department's own references of the applicants"))
	f.StringVar(&b.options.Sheet, "sheet", "", "sheet of the workbook, if several hold applicants")
	f.BoolVar(&b.options.OnlyHits, "only-hits", false, "leave rows that are clear out of the result")
	f.StringVar(&b.options.Summary, "summary", "", "also write a summary (.xlsx or .html) of every applicant that is not clear, for credit review")
	f.BoolVar(&b.options.Resume, "resume", false, "go on where an interrupted run of the same --out was stopped")
	f.StringVar(&b.dir, "dir", "", "directory of the gate: with --gate its list is read beside the gate, which is asked about nobody else than who may be listed; without --gate, of a gate that does not run")
	f.StringVar(&b.gateName, "gate-name", "", "short name of the gate in --dir, without --gate")
	f.StringVar(&b.verifierFile, "verifier-key-file", "", "file with the hub's verifier key, for --dir without --gate")
	f.DurationVar(&b.maxAge, "max-age", time.Hour, "for --dir without --gate: how old the last verified checkpoint may be before everything is referred")
	b.clock.add(c)
}

// given tells whether a file is to be screened, and what is wrong with the flags together.
func (b *batchScreen) given(c *cobra.Command) (bool, error) {
	changed := c.Flags().Changed
	if b.options.In == "" {
		for _, flag := range []string{"out", "number-column", "name-column", "masked-column", "born-column", "sex-column", "region-column", "subject-column", "sheet", "only-hits", "summary", "resume", "dir"} {
			if changed(flag) {
				return false, usage("--%s is for --in", flag)
			}
		}
		return false, nil
	}
	for _, flag := range []string{"number", "name", "masked", "born", "sex", "region", "subject"} {
		if changed(flag) {
			return true, usage("--in and --%s exclude each other; the column is named with --%[1]s-column", flag)
		}
	}
	switch {
	case b.options.Out == "":
		return true, usage("--in needs --out")
	case changed("hints"):
		return true, usage("--in and --hints exclude each other")
	case b.dir != "" && !changed("gate") && (b.gateName == "" || b.verifierFile == ""):
		return true, usage("--dir needs --gate, or --gate-name and --verifier-key-file of a gate that does not run")
	}
	b.beside = b.dir != "" && changed("gate")
	return true, nil
}

// run screens the file and tells what came of it.
func (b *batchScreen) run(c *cobra.Command, address, scenario string, asJSON bool) (err error) {
	o := b.options
	if o.Scenario = scenario; !measure.Embedded().Knows(scenario) && b.dir != "" && !b.beside {
		return errUnusable{gongxin.Invalid("SCENARIO_UNKNOWN", scenario)}
	}
	now, _, err := b.clock.clock()
	if err != nil {
		return err
	}
	o.Now = now
	if b.dir == "" || b.beside {
		client := gate.NewClient(address)
		defer client.Close()
		o.Decider = client
		if b.beside {
			list, err := b.openBeside(c.Context(), client, scenario)
			if err != nil {
				return errUnusable{err}
			}
			defer func() { err = errors.Join(err, list.Close()) }()
			o.Filter = list
		}
	} else {
		g, err := b.open(now)
		if err != nil {
			return errUnusable{err}
		}
		defer func() { err = errors.Join(err, g.Close()) }()
		o.Decider = g
	}
	bar := &batchBar{}
	if isTerminal(os.Stderr) {
		o.Progress = bar.show
	}
	result, err := batch.Run(c.Context(), o)
	bar.end()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(c.ErrOrStderr(), "已中断；加上 --resume 可继续 · interrupted; --resume goes on")
		return errUnusable{err}
	}
	if err != nil {
		return errUnusable{err}
	}
	if err := tellBatch(c, o, result, asJSON); err != nil {
		return err
	}
	if result.Clear < result.Rows {
		return errFindings
	}
	return nil
}

// openBeside opens the list in --dir beside the gate that runs. The gate is asked for
// the scenario here, since it may not be asked about anybody.
func (b *batchScreen) openBeside(ctx context.Context, client *gate.Client, scenario string) (*gate.Beside, error) {
	if known, err := client.Knows(ctx, scenario); err != nil {
		return nil, err
	} else if !known {
		return nil, gongxin.Invalid("SCENARIO_UNKNOWN", scenario)
	}
	s, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	return gate.OpenBeside(b.dir, s)
}

// open opens the gate in --dir as it is; nothing is followed meanwhile.
func (b *batchScreen) open(now func() time.Time) (*gate.Gate, error) {
	if info, err := os.Stat(b.dir); err != nil || !info.IsDir() {
		return nil, gongxin.Invalid("GATE_NO_DIRECTORY", b.dir)
	}
	key, err := secretFile(b.verifierFile)
	if err != nil {
		return nil, err
	}
	g, err := gate.Open(gate.Config{Dir: b.dir, Name: b.gateName, VerifierKey: key, MaxAge: b.maxAge, Now: now,
		Source: feed.DirSource{Dir: b.dir}, Log: newLog(os.Stderr, false)})
	if gongxin.CodeOf(err) == "GATE_IN_USE" {
		return nil, gongxin.Conflict("BATCH_DIR_BUSY", b.dir)
	}
	return g, err
}

func tellBatch(c *cobra.Command, o batch.Options, r batch.Result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(c.OutOrStdout()).Encode(struct {
			batch.Counts
			Form    string `json:"form"`
			Resumed uint64 `json:"resumed,omitempty"`
			Out     string `json:"out"`
			Summary string `json:"summary,omitempty"`
		}{r.Counts, r.Form, r.Resumed, o.Out, o.Summary})
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s  %s\n  申请人 applicants %d　可以办理 clear %d　请人工核实 refer %d　依法限制 block %d\n  名单序号 as of %d–%d\n  → %s\n",
		o.In, r.Form, r.Rows, r.Clear, r.Refer, r.Block, r.First, r.Last, o.Out)
	if err == nil && r.Resumed > 0 {
		_, err = fmt.Fprintf(c.OutOrStdout(), "  从第 %d 行继续 · resumed behind row %[1]d\n", r.Resumed)
	}
	if err == nil && o.Summary != "" {
		_, err = fmt.Fprintf(c.OutOrStdout(), "  → %s\n", o.Summary)
	}
	return err
}

// A batchBar draws the progress of each part of the work, with the time that is left.
type batchBar struct {
	doing string
	bar   *progressbar.ProgressBar
}

var batchWords = map[string]string{batch.Screening: "筛查 screening", batch.Assembling: "写出 writing"}

func (b *batchBar) show(doing string, done, total int64) {
	if b.doing != doing {
		b.end()
		b.doing, b.bar = doing, progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(batchWords[doing]),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = b.bar.Set64(done) // a bar that cannot be drawn stops nothing
}

func (b *batchBar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
	b.bar = nil
}
