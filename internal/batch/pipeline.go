package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/gate"
	"gongxin/identity"
	"gongxin/match"
)

// When the journal is noted: whichever comes first, but not for less than fewRows.
const (
	noteRows = 1 << 20
	noteTime = time.Second
	fewRows  = 10_000
)

// A job is a chunk on its way through the workers.
type job struct {
	chunk
	before  *job          // nil for the first
	counted chan struct{} // closed when to.Rows is there, for the next job to count on
	out     []byte        // what it adds to the part
	counts  Counts
	done    chan struct{} // closed when out and counts are there
}

// screen reads, asks on all cores, and writes in the input's order. At most twice as
// many chunks as there are workers, and one, are under way. On an error what was written before
// it is noted.
func (r *run) screen(ctx context.Context) error {
	g, inner := errgroup.WithContext(ctx)
	work, order := make(chan *job), make(chan *job, r.Workers)
	g.Go(func() error {
		defer close(work)
		defer close(order)
		return r.split(inner, work, order)
	})
	for range r.Workers {
		g.Go(func() error {
			for j := range work {
				if err := r.answer(inner, j); err != nil {
					return err
				}
				close(j.done)
			}
			return nil
		})
	}
	g.Go(func() error { return r.write(inner, order) })
	err := g.Wait()
	if err == nil {
		r.at.End = true
		return r.note()
	}
	if noting := r.note(); ctx.Err() == nil {
		return errors.Join(err, noting)
	}
	return err
}

// split reads chunks and gives each to the workers and, in order, to the writer.
func (r *run) split(ctx context.Context, work, order chan<- *job) error {
	before := &job{counted: make(chan struct{})}
	before.to = r.at.In
	close(before.counted)
	for {
		j := &job{before: before, counted: make(chan struct{}), done: make(chan struct{})}
		err := r.form.read(&j.chunk)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			select {
			case <-before.counted:
				return atRow(err, "", before.to.Rows+uint64(len(j.rows))+1)
			case <-ctx.Done():
				return err
			}
		}
		for _, to := range []chan<- *job{order, work} {
			select {
			case to <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		before = j
		done, total := r.form.progress()
		r.Progress(Screening, done, total)
	}
}

// answer finds out about all rows of j.
func (r *run) answer(ctx context.Context, j *job) error {
	s := sieve{Filter: r.Filter, all: !r.OnlyHits}
	var sure Answer
	var since time.Time
	if r.Filter != nil {
		sure.Outcome = gongxin.Clear
		sure.Sequence, since, s.fresh = r.Filter.Fresh(r.Now())
	}
	r.form.cut(&j.chunk, s)
	select {
	case <-j.before.counted:
	case <-ctx.Done():
		return ctx.Err()
	}
	j.number(j.before.to.Rows)
	j.before = nil // what it held is not needed any more
	close(j.counted)
	answers := make([]Answer, len(j.rows))
	asOf := make([]time.Time, len(j.rows))
	if s.fresh {
		s.sift(j.rows)
	}
	for i := range j.rows {
		if j.rows[i].sure {
			answers[i], asOf[i] = sure, since
		}
	}
	if j.clear > 0 {
		one := Counts{}
		one.add(sure, since)
		one.Rows, one.Clear = j.clear, j.clear
		j.counts.merge(one)
	}
	if err := r.ask(ctx, j.rows, func(i int, a Answer, at time.Time) { answers[i], asOf[i] = a, at }); err != nil {
		return err
	}
	assembled := r.form.assembler() != nil
	var out []byte
	if !r.OnlyHits {
		out = make([]byte, 0, len(j.arena)+32*len(j.rows))
	}
	var err error
	for i := range j.rows {
		one := &j.rows[i]
		if !one.blank {
			j.counts.add(answers[i], asOf[i])
		}
		switch {
		case r.OnlyHits && (one.blank || answers[i].Outcome == gongxin.Clear):
			if assembled {
				out = append(out, "{\"x\":true}\n"...)
			}
			continue
		}
		if out, err = r.form.append(out, one, answers[i]); err != nil {
			return fmt.Errorf("row %d: %w", one.n, err)
		}
	}
	if j.out, err = r.form.out(out); err != nil {
		return err
	}
	if j.block != nil {
		blocks.Put(j.block)
		j.block = nil
	}
	j.rows, j.arena = nil, nil
	return nil
}

// sift finds among rows that were cut those whose number is certainly not listed.
func (s sieve) sift(rows []row) {
	numbers := make([]identity.Number, 0, len(rows))
	which := make([]int, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		if r.blank || r.sure || r.fault != "" || r.number == "" || len(r.number) > maxCell {
			continue
		}
		if n, _, err := identity.Parse(r.number); err == nil {
			numbers, which = append(numbers, n), append(which, i)
		}
	}
	may := make([]bool, len(numbers))
	s.Maybe(numbers, may)
	for k, i := range which {
		rows[i].sure = !may[k]
	}
}

// ask answers rows: those that need no gate, those that were answered before an
// interruption, and the others by the Decider. What is not clear is noted at once.
func (r *run) ask(ctx context.Context, rows []row, give func(i int, a Answer, asOf time.Time)) error {
	var queries []gate.Query
	var which []int
	heads, now := r.form.headings(), r.Now()
	for i := range rows {
		one := &rows[i]
		if one.blank || one.sure {
			continue
		}
		one.settle(heads, now)
		switch _, _, err := identity.Parse(one.name); {
		case one.nameFault != "":
		case len(one.name) > maxCell:
			one.nameFault = cellLong
		case err == nil:
			one.nameFault = nameNumber
		}
		switch {
		case one.fault != "":
		case len(one.number) > maxCell:
			one.fault = cellLong
		case one.number == "" && one.nameFault != "":
			one.fault = one.nameFault
		case one.number == "" && match.Fold(one.name) == "":
			one.fault = noSubject
		}
		before, known := r.given[one.n]
		switch {
		case known:
			give(i, before, time.Time{})
		case one.fault != "":
			d := gongxin.Decision{Outcome: gongxin.Refer, Scenario: r.Scenario, Reasons: []gongxin.Reason{{Code: one.fault, Text: gongxin.Invalid(one.fault).What()}}}
			give(i, answerOf(d), time.Time{})
			if err := r.journal.write(entry{Answer: note(one, d)}); err != nil {
				return err
			}
		default:
			q := gate.Query{Scenario: r.Scenario, Number: one.number, Name: one.name}
			one.more.into(&q)
			if one.nameFault != "" {
				q.Name = ""
			}
			queries, which = append(queries, q), append(which, i)
		}
	}
	if len(queries) == 0 {
		return nil
	}
	// What was asked is waited for even if the batch is stopped meanwhile: the gate
	// records it, and the answer that is noted here need not be asked for again.
	ctx = context.WithoutCancel(ctx)
	bulk, many := r.Decider.(Bulk)
	if !many {
		for k, q := range queries {
			d, err := r.Decider.Screen(ctx, q)
			if err == nil {
				err = r.take(rows, which[k:k+1], []gongxin.Decision{d}, give)
			}
			if err != nil {
				return atRow(err, "", rows[which[k]].n)
			}
		}
		return nil
	}
	decisions, err := bulk.ScreenAll(ctx, queries)
	if err == nil {
		err = r.take(rows, which, decisions, give)
	}
	return atRow(err, "", rows[which[0]].n)
}

// take hands on what the gate decided about some of rows, and notes what is not clear.
func (r *run) take(rows []row, which []int, decisions []gongxin.Decision, give func(i int, a Answer, asOf time.Time)) error {
	if len(decisions) != len(which) {
		return fmt.Errorf("the gate gave %d answers to %d questions", len(decisions), len(which))
	}
	var notes []entry
	for k, d := range decisions {
		if d.Outcome == gongxin.Refer && len(d.Reasons) == 1 && d.Reasons[0].Code == "SCENARIO_UNKNOWN" {
			return gongxin.Invalid("SCENARIO_UNKNOWN", r.Scenario) // of every row: nothing was asked
		}
		one := &rows[which[k]]
		if one.nameFault != "" && d.Outcome != gongxin.Clear {
			d.Reasons = append([]gongxin.Reason{{Code: one.nameFault, Text: gongxin.Invalid(one.nameFault).What()}}, d.Reasons...)
		}
		if one.more != nil && (d.Outcome != gongxin.Clear || one.number == "") { // of a number that is not listed they would change nothing
			for _, code := range one.more.unread {
				d.Reasons = append(d.Reasons, gongxin.Reason{Code: code, Text: gongxin.Invalid(code).What()})
			}
		}
		give(which[k], answerOf(d), d.AsOf)
		if d.Outcome != gongxin.Clear {
			notes = append(notes, entry{Answer: note(one, d)})
		}
	}
	if len(notes) == 0 {
		return nil
	}
	return r.journal.write(notes...)
}

func note(r *row, d gongxin.Decision) *noted {
	name := r.name
	if r.nameFault == nameNumber {
		name = masked(name)
	}
	if len(name) > maxCell {
		name = strings.ToValidUTF8(name[:maxCell], "") + "…"
	}
	number := r.number
	if r.more != nil && number == "" {
		number = r.more.masked
	}
	return &noted{Row: r.n, Name: name, Number: masked(number), Decision: d}
}

// write writes jobs in their order, and notes in between how far it is.
func (r *run) write(ctx context.Context, order <-chan *job) error {
	for j := range order {
		select {
		case <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		n, err := r.part.Write(j.out)
		if err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
		r.at.Out += int64(n)
		r.at.In = j.to
		r.at.Counts.merge(j.counts)
		r.since += j.counts.Rows
		if r.since >= noteRows || r.since >= fewRows && r.Now().Sub(r.noted) >= noteTime {
			if err := r.note(); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
