package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"gongxin"
)

// Options say what to screen and how. In, Out, Scenario and Decider are needed.
type Options struct {
	In, Out  string
	Scenario string  // id of the catalogue, such as credit
	Columns  Columns // where what the gate is asked stands; by the headings if empty
	Sheet    string  // of a workbook; the one that holds applicants if empty
	OnlyHits bool    // rows that are clear are left out of the output
	Resume   bool    // go on where a run was stopped; from the beginning if none was
	Summary  string  // .xlsx or .html with every applicant that is not clear; none if empty
	Decider  Decider
	Filter   Filter                                // who is certainly not listed need not be asked about; nil for none
	Workers  int                                   // goroutines that read cells and ask; several for each core if 0
	Now      func() time.Time                      // time.Now if nil
	Progress func(doing string, done, total int64) // called from one goroutine; nil for none

	reading *Reading // the file is read for something else than to be screened
}

// sought is what is looked for in the header of the input.
func (o *Options) sought() sought {
	if r := o.reading; r != nil {
		s := newSought(r.Columns, r.Fields)
		s.numberNeeded, s.readOnly = r.NumberNeeded, true
		return s
	}
	return newSought(o.Columns, o.Columns.facts())
}

// waiting is how many goroutines there are for each core: most wait for the gate, which
// makes the outcomes of all of them durable at once.
const waiting = 8

// What Progress is told: which part of the work is under way.
const (
	Screening  = "screening"
	Assembling = "assembling"
)

// Counts say what became of the rows.
type Counts struct {
	Rows  uint64    `json:"rows"`
	Clear uint64    `json:"clear"`
	Refer uint64    `json:"refer"`
	Block uint64    `json:"block"`
	First uint64    `json:"first,omitempty"` // lowest and highest sequence as of which was answered
	Last  uint64    `json:"last,omitempty"`
	AsOf  time.Time `json:"as_of,omitzero"` // of the newest list
}

func (c *Counts) add(a Answer, asOf time.Time) {
	c.Rows++
	switch a.Outcome {
	case gongxin.Clear:
		c.Clear++
	case gongxin.Block:
		c.Block++
	default:
		c.Refer++
	}
	if a.Sequence > 0 {
		if c.First == 0 || a.Sequence < c.First {
			c.First = a.Sequence
		}
		c.Last = max(c.Last, a.Sequence)
	}
	if asOf.After(c.AsOf) {
		c.AsOf = asOf
	}
}

func (c *Counts) merge(d Counts) {
	c.Rows, c.Clear, c.Refer, c.Block = c.Rows+d.Rows, c.Clear+d.Clear, c.Refer+d.Refer, c.Block+d.Block
	if d.First > 0 && (c.First == 0 || d.First < c.First) {
		c.First = d.First
	}
	c.Last = max(c.Last, d.Last)
	if d.AsOf.After(c.AsOf) {
		c.AsOf = d.AsOf
	}
}

// A Result tells what was done.
type Result struct {
	Counts
	Form    string // of input and output, for people
	Resumed uint64 // rows that an earlier run had done
}

// A run is one call of Run.
type run struct {
	Options
	kind    string
	form    form
	journal *journal
	part    *os.File
	at      at                // of the part, as far as it is durable or about to be
	given   map[uint64]Answer // what the gate answered before an interruption, behind at
	noted   time.Time         // when at was last noted
	since   uint64            // rows since then
}

// Run screens o.In and puts the result in place of o.Out. It returns when the output
// is there, whole and durable. An error leaves journal and part beside the output,
// from which a run with Resume goes on. Errors: BATCH_… of messages/batch.csv, those
// of the Decider, and ctx's.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.Workers <= 0 {
		o.Workers = waiting * runtime.GOMAXPROCS(0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	in, err := os.Open(o.In)
	if err != nil {
		return Result{}, err
	}
	defer in.Close() // only read
	r := &run{Options: o}
	result, err := r.do(ctx, in)
	return result, atRow(err, filepath.Base(o.In), 0)
}

func (r *run) do(ctx context.Context, in *os.File) (result Result, err error) {
	info, err := in.Stat()
	if err != nil {
		return result, err
	}
	if out, err := os.Stat(r.Out); err == nil && os.SameFile(info, out) {
		return result, gongxin.Conflict("BATCH_SAME_FILE")
	}
	if err := checkSummary(r.Summary); err != nil {
		return result, err
	}
	if r.form, r.kind, err = open(in, info.Size(), r.Options); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, r.form.close()) }()
	if err := sameForm(r.kind, r.Out); err != nil {
		return result, err
	}
	if t, is := r.form.(*text); is && r.Filter != nil && !t.encoding.wide() && t.number >= 0 {
		if t.inBlocks = blockSize; !r.OnlyHits {
			t.inBlocks = wholePart
		}
	}
	if r.journal, err = openJournal(r.Out + ".journal"); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, r.journal.close()) }()
	if err := r.start(in, info.Size()); err != nil {
		return result, err
	}
	result = Result{Form: r.form.describe(), Resumed: r.at.In.Rows}
	if !r.at.End {
		if err := r.screen(ctx); err != nil {
			return result, errors.Join(err, r.part.Close(), r.abandon())
		}
	}
	result.Counts = r.at.Counts
	return result, r.finish(ctx)
}

// start begins a new journal and part, or goes on with those that are there.
// Errors: BATCH_UNFINISHED, BATCH_RESUME_OTHER, BATCH_RESUME_DAMAGED.
func (r *run) start(in *os.File, size int64) error {
	hash, err := hashOf(in, size)
	if err != nil {
		return err
	}
	now := begin{Form: journalForm, Size: size, Hash: hash, Kind: r.kind, Scenario: r.Scenario, Columns: r.Columns, Sheet: r.Sheet, OnlyHits: r.OnlyHits}
	began, last, given, err := r.journal.recall()
	if err != nil {
		return err
	}
	switch {
	case began != nil && !r.Resume:
		return gongxin.Conflict("BATCH_UNFINISHED", filepath.Base(r.Out))
	case began != nil && *began != now:
		return gongxin.Conflict("BATCH_RESUME_OTHER", filepath.Base(r.Out))
	}
	part := r.Out + ".part"
	if began != nil && last.End {
		if _, err := os.Stat(part); errors.Is(err, os.ErrNotExist) { // it was renamed, and the journal not removed yet
			r.at = last
			return nil
		}
	}
	if r.part, err = os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("open the part: %w", err)
	}
	if err := r.startPart(began != nil, last, given, now); err != nil {
		return errors.Join(err, r.part.Close())
	}
	return nil
}

func (r *run) startPart(resume bool, last at, given map[uint64]Answer, now begin) error {
	r.noted = r.Now()
	if last.In == (position{}) { // stopped before the first rows were done
		last = at{}
	}
	r.at, r.given = last, given
	info, err := r.part.Stat()
	if err != nil {
		return err
	}
	if info.Size() < last.Out {
		return gongxin.Conflict("BATCH_RESUME_DAMAGED", filepath.Base(r.Out))
	}
	if err := r.part.Truncate(last.Out); err != nil {
		return fmt.Errorf("cut the part: %w", err)
	}
	if _, err := r.part.Seek(last.Out, 0); err != nil {
		return err
	}
	if !resume {
		if err := r.journal.write(entry{Begin: &now}); err != nil {
			return err
		}
	}
	if last.In.Rows > 0 || last.In.Offset > 0 {
		return r.form.seek(last.In)
	}
	head, err := r.form.head()
	if err != nil {
		return err
	}
	if head, err = r.form.out(head); err != nil {
		return err
	}
	n, err := r.part.Write(head)
	r.at.Out += int64(n)
	return err
}

// note makes what was written durable and says so in the journal.
func (r *run) note() error {
	if err := r.part.Sync(); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	now := r.at
	if err := r.journal.write(entry{At: &now}); err != nil {
		return err
	}
	r.noted, r.since = r.Now(), 0
	return r.journal.sync()
}

// finish puts the output in its place and removes what stood beside it.
func (r *run) finish(ctx context.Context) error {
	if r.part == nil { // renamed before
		return errors.Join(r.summary(), r.clean())
	}
	defer func() { r.part = nil }()
	if err := r.summary(); err != nil {
		return errors.Join(err, r.part.Close())
	}
	if assemble := r.form.assembler(); assemble != nil {
		_, total := r.form.progress()
		if _, err := r.part.Seek(0, 0); err != nil {
			return errors.Join(err, r.part.Close())
		}
		err := assemble(ctx, r.Out, answersOf(r.part), func(rows int64) { r.Progress(Assembling, rows, total) })
		if err = errors.Join(err, r.part.Close()); err != nil {
			return err
		}
		if err := syncDir(filepath.Dir(r.Out)); err != nil {
			return err
		}
		if err := os.Remove(r.Out + ".part"); err != nil {
			return err
		}
		return r.clean()
	}
	if err := r.part.Close(); err != nil {
		return err
	}
	if err := os.Rename(r.Out+".part", r.Out); err != nil {
		return err
	}
	return r.clean()
}

// abandon removes journal and part if there is nothing in them to go on from.
func (r *run) abandon() error {
	if r.at.In != (position{}) || r.journal.answered {
		return nil
	}
	return errors.Join(os.Remove(r.Out+".part"), os.Remove(r.Out+".journal"))
}

// clean removes the journal of a run whose output is in its place.
func (r *run) clean() error {
	if err := syncDir(filepath.Dir(r.Out)); err != nil {
		return err
	}
	return os.Remove(r.Out + ".journal")
}
