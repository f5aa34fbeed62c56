package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/courts"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
)

// intakeCommand checks files and hands the good records on: to nobody (dry run),
// to a hub over HTTP, or into the embedded store of a data directory.
type intakeCommand struct {
	home       home
	clock      clockFlag
	dryRun     bool
	asJSON     bool
	client     client
	court      string
	against    []string
	correction string
	out, human io.Writer
	local      *hub.Hub // of the data directory, if that is where records go
	now        func() time.Time
	courts     *courts.Directory
	seen       *intake.Seen
	by         gongxin.Actor
	findings   bool
}

func newIntake() *cobra.Command {
	var n intakeCommand
	c := &cobra.Command{
		Use: "intake FILE…", Short: "核对、提交法院报送文件 · check and submit a court's files", Args: cobra.MinimumNArgs(1),
		Long: `逐条核对法院报送的名单文件和撤销文件（CSV、XLSX），把合格的记录交给登记系统。
Checks a court's files of listings and withdrawals (CSV, XLSX) record by record and takes in the good ones.

Exit codes: 0 all taken, 1 something rejected, refused or held for a second person, 2 wrong
use. The columns and codes are in docs/intake.md.`,
		Example: `  gongxin intake --dry-run persons.csv                     # check only; needs no hub
  gongxin intake --dry-run --json persons.csv orgs.xlsx withdrawals.csv
  gongxin intake persons.csv --hub http://127.0.0.1:8700 --token-file court.token
  gongxin intake persons.csv --data ./hub --correction .   # straight into the embedded store`,
		RunE: func(c *cobra.Command, files []string) error {
			n.out, n.human = c.OutOrStdout(), c.ErrOrStderr()
			return n.run(c.Context(), files, c.Flags().Changed("data") || c.Flags().Changed("db"))
		},
	}
	f := c.Flags()
	f.BoolVar(&n.dryRun, "dry-run", false, "check only, change nothing")
	f.BoolVar(&n.asJSON, "json", false, "print one JSON object a record to stdout; the report for people goes to stderr")
	f.StringVar(&n.client.url, "hub", "", "submit to the hub at this URL")
	n.client.add(c)
	f.StringVar(&n.court, "court", "", "with --data: code of the submitting court; empty for all courts of the province")
	f.StringArrayVar(&n.against, "against", nil, "with --dry-run: a file of listings that withdrawals are checked against (may be given several times)")
	f.StringVar(&n.correction, "correction", "", "write the rejected rows of each file, with the reason, into this directory")
	addHome(c, &n.home)
	addRules(c, &n.home)
	n.clock.add(c)
	return c
}

func (n *intakeCommand) run(ctx context.Context, files []string, toData bool) error {
	where := 0
	for _, chosen := range []bool{n.dryRun, n.client.url != "", toData} {
		if chosen {
			where++
		}
	}
	switch {
	case where == 0:
		return usage("say where the records go: --dry-run, --hub URL, or --data DIR (with --db for another database)")
	case where > 1:
		return usage("--dry-run, --hub and --data exclude each other")
	case n.client.url != "" && n.client.tokenFile == "":
		return usage("--hub needs --token-file")
	case len(n.against) > 0 && !n.dryRun:
		return usage("--against belongs to --dry-run; the register knows its own listings")
	}
	for _, name := range append(files, n.against...) {
		if info, err := os.Stat(name); err != nil || info.IsDir() {
			return usage("cannot read %s: no such file", name)
		}
	}
	boundMemory()
	now, _, err := n.clock.clock()
	if err != nil {
		return err
	}
	n.now, n.courts, n.seen = now, courts.Embedded(), intake.NewSeen().AsRegister()
	defer n.seen.Close()
	if toData {
		centre, db, err := n.home.open(ctx, now, false, newLog(n.human, false))
		if err != nil {
			return err
		}
		defer db.Close()
		n.local, n.by = centre, gongxin.Actor{ID: hub.IntakeID, Role: gongxin.RoleCourtSystem, Organisation: "intake"}
		if n.court != "" {
			if n.by.Court, err = gongxin.ParseCourtCode(n.court); err != nil {
				return err
			}
		}
	}
	for _, name := range n.against {
		if err := n.remember(name); err != nil {
			return err
		}
	}
	for _, name := range files {
		if err := n.file(ctx, name); err != nil {
			return err
		}
	}
	if n.findings {
		return errFindings
	}
	return nil
}

// remember reads a file of listings only for what withdrawals are checked against.
func (n *intakeCommand) remember(name string) error {
	f, file, err := n.open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	defer file.Close()
	for {
		if _, err := file.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (n *intakeCommand) open(name string) (*os.File, *intake.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	o := intake.Options{Name: filepath.Base(name), Courts: n.courts, Today: gongxin.DayOf(n.now())}
	o.Seen = n.seen // in a dry run, one list for all files stands for the register
	if !n.dryRun {
		if err := n.seen.Close(); err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		n.seen = intake.NewSeen() // the register knows what other files held
		o.Seen = n.seen
	}
	file, err := intake.Open(f, info.Size(), o)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, file, nil
}

// file takes one file: checks it as a whole, then record by record.
func (n *intakeCommand) file(ctx context.Context, name string) (err error) {
	out := bufio.NewWriterSize(n.out, 1<<16)
	defer func() { err = errors.Join(err, out.Flush()) }()
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	f, file, err := n.open(name)
	if err != nil {
		var e *gongxin.Error
		if !errors.As(err, &e) {
			return err
		}
		n.findings = true
		if n.asJSON {
			if _, err := fmt.Fprintf(out, "%s\n", intake.Refusal(e)); err != nil {
				return err
			}
		}
		what, mend := e.What(), e.Mend()
		_, err := fmt.Fprintf(n.human, "%s：整份文件未收 · refused whole: %s\n  %s\n  %s\n  → %s\n  → %s\n",
			filepath.Base(name), e.Code, what.ZH, what.EN, mend.ZH, mend.EN)
		return err
	}
	defer f.Close()
	defer file.Close()

	report := intake.NewReport(file)
	correction := n.newCorrection(name, file)
	bar := n.bar(file)
	each := func(r intake.Record) error {
		report.Add(r)
		n.findings = n.findings || r.Outcome == intake.Reject
		if bar != nil {
			done, _ := file.Progress()
			_ = bar.Set64(done) // drawing only
		}
		if correction != nil && r.Outcome == intake.Reject {
			if err := correction.Add(r); err != nil {
				return err
			}
		}
		if n.asJSON {
			return lines.Encode(r)
		}
		return nil
	}
	held, err := n.take(ctx, name, f, file, each)
	if bar != nil {
		_ = bar.Clear() // drawing only
	}
	if err != nil {
		return err
	}
	if held != nil {
		return n.tellHeld(out, name, *held)
	}
	if correction != nil {
		if err := correction.Close(); err != nil {
			return fmt.Errorf("write the file for correction: %w", err)
		}
	}
	_, err = report.WriteTo(n.human)
	return err
}

// bar draws progress for files that take longer than a moment, if a person watches.
func (n *intakeCommand) bar(file *intake.File) *progressbar.ProgressBar {
	_, total := file.Progress()
	if stderr, ok := n.human.(*os.File); !ok || !isTerminal(stderr) || total < 4<<20 {
		return nil
	}
	return progressbar.DefaultBytes(total, "核对 checking")
}

// A correction is the file with the rejected rows of one submission. It is made
// when the first row is rejected, so a clean file leaves none behind.
type correction struct {
	path string
	from *intake.File
	file *os.File
	rows *intake.Correction
}

// newCorrection returns where the rejected rows of file go, nil if nowhere.
func (n *intakeCommand) newCorrection(name string, file *intake.File) *correction {
	if n.correction == "" {
		return nil
	}
	ext := filepath.Ext(name)
	base := filepath.Base(name)
	return &correction{path: filepath.Join(n.correction, base[:len(base)-len(ext)]+".rejected"+ext), from: file}
}

func (c *correction) Add(r intake.Record) (err error) {
	if c.file == nil {
		if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
			return fmt.Errorf("directory for corrections: %w", err)
		}
		if c.file, err = os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return fmt.Errorf("file for correction: %w", err)
		}
		c.rows = intake.NewCorrection(c.file, c.from)
	}
	return c.rows.Add(r)
}

func (c *correction) Close() error {
	if c.file == nil {
		return nil
	}
	return errors.Join(c.rows.Close(), c.file.Close())
}

// take hands the records of file on, and each of them with its outcome to each. If
// the file is held for a second person, it says so, and nothing was told to each.
func (n *intakeCommand) take(ctx context.Context, name string, f *os.File, file *intake.File, each func(intake.Record) error) (*hub.Held, error) {
	switch {
	case n.dryRun:
		for {
			r, err := file.Next()
			if errors.Is(err, io.EOF) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if err := each(r); err != nil {
				return nil, err
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	case n.local != nil:
		way, batch, err := n.local.Admit(ctx, hub.Submission{By: n.by, Name: filepath.Base(name), File: f})
		if err != nil {
			return nil, err
		}
		if batch != nil {
			held := hub.NewHeld(*batch)
			return &held, nil
		}
		return nil, way.Take(ctx, file, each)
	}
	return n.submit(ctx, name, f, file, each)
}

// tellHeld says that nothing of a file went in yet, and who can change that.
func (n *intakeCommand) tellHeld(out io.Writer, name string, held hub.Held) error {
	n.findings = true
	if n.asJSON {
		line := struct {
			File    string       `json:"file"`
			Outcome string       `json:"outcome"`
			Reason  string       `json:"reason"`
			Batch   hub.Batch    `json:"batch"`
			Message gongxin.Text `json:"message"`
			Mend    gongxin.Text `json:"mend"`
		}{filepath.Base(name), "held", held.Code, held.Batch, held.Message, held.Mend}
		b := json.NewEncoder(out)
		b.SetEscapeHTML(false)
		if err := b.Encode(line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(n.human, "%s：%s\n  %s\n  %s\n  → %s\n  → %s\n",
		filepath.Base(name), held.Code, held.Message.ZH, held.Message.EN, held.Mend.ZH, held.Mend.EN)
	return err
}
