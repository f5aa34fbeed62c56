package gate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/identity"
	"gongxin/screen"
)

const (
	// MaxBulk is how many subjects one bulk request may hold.
	MaxBulk = 10_000
	// atOnce is how many answers of one request wait for the disk together: they
	// share its forced writes.
	atOnce = 256
)

// A BulkQuery asks about many subjects of one business.
type BulkQuery struct {
	Scenario string    `json:"scenario"` // for every subject that names none of its own
	Subjects []Subject `json:"subjects"` // at most 10 000
}

// A Subject is one of a BulkQuery.
type Subject struct {
	ID string `json:"id,omitempty"` // the caller's own mark, given back with the answer; it is not kept
	Query
}

// A BulkAnswer answers a BulkQuery.
type BulkAnswer struct {
	Sequence   uint64    `json:"sequence"`    // the list as of this sequence
	AsOf       time.Time `json:"as_of"`       // time of the last verified checkpoint
	FreshUntil time.Time `json:"fresh_until"` // after it the gate restricts nobody
	Subjects   int       `json:"subjects"`    // how many were asked about
	Clear      int       `json:"clear"`       // how many of them are clear
	Answers    []Answer  `json:"answers"`     // in the order of the subjects
}

// An Answer is the answer about one Subject: a Decision without what the whole
// request has in common. Sequence, AsOf and FreshUntil stand in it only where the
// list moved on while it was recorded.
type Answer struct {
	ID         string           `json:"id,omitempty"`    // as given
	Index      *int             `json:"index,omitempty"` // place among the subjects, from 0, if not all are answered
	Outcome    gongxin.Outcome  `json:"outcome"`
	Reasons    []gongxin.Reason `json:"reasons,omitempty"`
	Hits       []gongxin.Hit    `json:"hits,omitempty"`
	Reference  string           `json:"reference,omitempty"` // quote it when asking for review (3.12)
	Remedy     *gongxin.Text    `json:"remedy,omitempty"`    // how to object, to court and to department
	Sequence   uint64           `json:"sequence,omitempty"`
	AsOf       time.Time        `json:"as_of,omitzero"`
	FreshUntil time.Time        `json:"fresh_until,omitzero"`
}

// ScreenAll answers queries, in their order, as Screen does. One that is itself at
// fault (SCENARIO_UNKNOWN, SUBJECT_NEEDED, QUERY_FIELD) is referred with that code
// and without a reference, since nothing was asked that could be recorded. Errors: OUTCOME_NOT_KEPT and ctx's, and then nothing is
// answered.
func (g *Gate) ScreenAll(ctx context.Context, queries []Query) ([]gongxin.Decision, error) {
	b := newBulk()
	defer b.release()
	for i := range queries {
		b.add(asked{number: queries[i].Number, name: queries[i].Name, whole: &queries[i]})
	}
	if err := g.screenAll(ctx, b); err != nil {
		return nil, err
	}
	decisions := make([]gongxin.Decision, len(queries))
	for i, q := range queries {
		decisions[i] = gongxin.Decision{Outcome: gongxin.Clear, Scenario: q.Scenario, Sequence: b.view.sequence, AsOf: b.view.asOf, FreshUntil: b.view.freshUntil}
	}
	for i := range b.touched {
		t := &b.touched[i]
		if unasked(&t.decision) {
			t.decision.Sequence, t.decision.AsOf, t.decision.FreshUntil = b.view.sequence, b.view.asOf, b.view.freshUntil
		}
		decisions[t.index] = t.decision
	}
	return decisions, nil
}

// A bulk is one request in the making. It is used again, so that a request of
// which all are clear leaves nothing to collect but its body.
type bulk struct {
	scenario string // of the subjects that are plain
	asked    []asked
	numbers  []identity.Number // of asked; zero where there is none that is valid
	maybe    []bool            // of asked: may be listed
	view     *view
	clear    int
	touched  []touched
}

// An asked subject is plain unless whole says more than its number and name.
type asked struct {
	id, number, name string
	whole            *Query
}

// A touched subject is one that had to be looked at by itself.
type touched struct {
	index    int // among those asked
	decision gongxin.Decision
}

var bulks = sync.Pool{New: func() any { return new(bulk) }}

func newBulk() *bulk { return bulks.Get().(*bulk) }

func (b *bulk) add(a asked) { b.asked = append(b.asked, a) }

// release forgets who was asked about, and lets b be used again.
func (b *bulk) release() {
	b.reset()
	bulks.Put(b)
}

func (b *bulk) reset() {
	clear(b.asked)
	clear(b.numbers)
	clear(b.touched)
	*b = bulk{asked: b.asked[:0], numbers: b.numbers[:0], maybe: b.maybe[:0], touched: b.touched[:0]}
}

// query returns what was asked about the subject at i.
func (b *bulk) query(i int) Query {
	a := &b.asked[i]
	if a.whole == nil {
		return Query{Scenario: b.scenario, Number: a.number, Name: validText(a.name)}
	}
	q := *a.whole
	if q.Scenario == "" {
		q.Scenario = b.scenario
	}
	return q
}

// validText is s with U+FFFD for what is not UTF-8, as encoding/json reads it.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// screenAll answers the subjects of b.
//
// Nearly all are not listed. Their numbers are looked up together, so that the
// waits for memory overlap, and only what may be listed, or is no plain question
// by number, goes the long way.
func (g *Gate) screenAll(ctx context.Context, b *bulk) error {
	plain := g.config.Catalogue.Knows(b.scenario)
	b.maybe = slices.Grow(b.maybe, len(b.asked))[:len(b.asked)]
	for i := range b.asked {
		a := &b.asked[i]
		known := plain
		if a.whole != nil && a.whole.Scenario != "" {
			known = g.config.Catalogue.Knows(a.whole.Scenario)
		}
		var number identity.Number
		if known && (a.whole == nil || a.whole.plain()) {
			number, _, _ = identity.Parse(a.number)
		}
		b.numbers = append(b.numbers, number)
	}
	fresh := g.maybe(b)
	for i := range b.asked {
		if !fresh || b.maybe[i] || b.numbers[i].IsZero() {
			b.touched = append(b.touched, touched{index: i})
		}
	}
	b.clear = len(b.asked) - len(b.touched)
	return g.screenTouched(ctx, b)
}

// screenTouched answers those by themselves, many at once.
func (g *Gate) screenTouched(ctx context.Context, b *bulk) error {
	if len(b.touched) == 0 {
		return nil
	}
	together, within := errgroup.WithContext(ctx)
	together.SetLimit(atOnce)
	for i := range b.touched {
		if within.Err() != nil {
			break
		}
		t := &b.touched[i]
		together.Go(func() error { return g.screenOne(within, b.query(t.index), &t.decision) })
	}
	if err := together.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // and some may not have been asked about
	}
	for i := range b.touched {
		if b.touched[i].decision.Outcome == gongxin.Clear {
			b.clear++
		}
	}
	return nil
}

// screenOne puts the answer to q into d. A query that is itself at fault is referred.
func (g *Gate) screenOne(ctx context.Context, q Query, d *gongxin.Decision) (err error) {
	*d, err = g.Screen(ctx, q)
	var fault *gongxin.Error
	if errors.As(err, &fault) && fault.Kind == gongxin.KindInvalid {
		*d = gongxin.Decision{Outcome: gongxin.Refer, Scenario: q.Scenario, Reasons: appendReason(nil, fault.Code, fault.What())}
		return nil
	}
	return err
}

// maybe looks the numbers of b up in the list as it is now, and tells whether that
// is fresh; if it is not, nothing was looked up.
func (g *Gate) maybe(b *bulk) (fresh bool) {
	now := g.config.Now()
	b.view, _ = g.newest(func(v *view) error {
		if fresh = v.fresh(now); !fresh {
			return nil
		}
		v.list.Maybe(b.numbers, b.maybe)
		if v.list.Past() {
			return screen.ErrPast
		}
		return nil
	})
	return fresh
}
