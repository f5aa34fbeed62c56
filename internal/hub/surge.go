package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"gongxin"
	"gongxin/internal/intake"
	"gongxin/internal/store"
)

// A Guard says which submissions are abnormal: those that would put more new
// listings on the register, or end more listings in force, than both the count and
// the share of the listings in force allow, together with what the same court's
// submissions did within the last hour. One that is waits for a second person
// (docs/decisions/second-approver.md). A count of 0 leaves the decision to the
// share alone, and a share of 0 to the count; the zero Guard is DefaultGuard.
type Guard struct {
	SurgeCount int     // new listings
	SurgeShare float64 // of the listings in force when the hour began, 0.2 for 20 %
	DropCount  int     // listings in force that end
	DropShare  float64
}

// DefaultGuard holds a surge of more than 20 000 and 20 %, a drop of more than 200 and 5 %.
func DefaultGuard() Guard {
	return Guard{SurgeCount: 20_000, SurgeShare: 0.20, DropCount: 200, DropShare: 0.05}
}

// The reasons for which a batch is held.
const (
	Surge = "SURGE"
	Drop  = "DROP"
)

// A tally is what a submission does to the list: listings that are new, and
// listings in force that it ends.
type tally struct{ listings, withdrawals int }

func (t tally) plus(o tally) tally {
	return tally{t.listings + o.listings, t.withdrawals + o.withdrawals}
}

// exceeds names what t is too much of, "" if nothing. A register with nothing in
// force knows no abnormal: its first load must not wait.
func (g Guard) exceeds(t tally, inForce uint64) string {
	limit := func(count int, share float64) int {
		return max(count, int(min(share*float64(inForce), math.MaxInt32)))
	}
	switch {
	case inForce == 0:
		return ""
	case t.withdrawals > limit(g.DropCount, g.DropShare):
		return Drop
	case t.listings > limit(g.SurgeCount, g.SurgeShare):
		return Surge
	}
	return ""
}

// span is how long submissions of a court count together.
const span = time.Hour

// A window remembers what each court's submissions did within the last span, and
// what those that are on their way may do. It lives in memory: a hub that starts
// anew remembers nothing, and several hubs remember each their own.
type window struct {
	mu     sync.Mutex
	courts map[gongxin.CourtCode]*recent
}

// recent is one court's part of the window.
type recent struct {
	minutes []minute // at most one for each minute of span, oldest first
	flying  map[*passage]bool
}

// A minute adds up what was done within it.
type minute struct {
	at      time.Time
	inForce uint64 // before its first submission
	done    tally
}

// A passage is one submission on its way through the window.
type passage struct {
	window  *window
	of      *recent
	began   time.Time
	inForce uint64
	most    tally // that it can do at all, by its size
	counted bool  // most has been counted
}

// enter lets a submission of at most rows rows in. rest is what those before it
// did, and those beside it surely do; base is the number of listings in force
// before all of them. possible tells whether it can be abnormal, so that it must
// be counted. The caller ends the passage with leave.
func (w *window) enter(court gongxin.CourtCode, at time.Time, inForce uint64, rows int, g Guard) (p *passage, rest tally, base uint64, possible bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.courts == nil {
		w.courts = map[gongxin.CourtCode]*recent{}
	}
	r := w.courts[court]
	if r == nil {
		r = &recent{flying: map[*passage]bool{}}
		w.courts[court] = r
	}
	for len(r.minutes) > 0 && at.Sub(r.minutes[0].at) >= span {
		r.minutes = r.minutes[1:]
	}
	base = inForce
	if len(r.minutes) > 0 {
		base = r.minutes[0].inForce
	}
	for _, m := range r.minutes {
		rest = rest.plus(m.done)
	}
	most := rest
	for other := range r.flying {
		base = min(base, other.inForce)
		most = most.plus(other.most)
		if other.counted {
			rest = rest.plus(other.most)
		}
	}
	p = &passage{window: w, of: r, began: at, inForce: inForce, most: tally{rows, rows}}
	r.flying[p] = true
	return p, rest, base, g.exceeds(most.plus(p.most), base) != ""
}

// count notes what the submission does, now that it is known.
func (p *passage) count(t tally) {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	p.most, p.counted = t, true
}

// leave ends p with what it has done.
func (p *passage) leave(done tally) {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	delete(p.of.flying, p)
	if done == (tally{}) {
		return
	}
	m := p.of.minutes
	if n := len(m); n > 0 && p.began.Sub(m[n-1].at) < time.Minute {
		m[n-1].done = m[n-1].done.plus(done)
		return
	}
	p.of.minutes = append(m, minute{p.began, p.inForce, done})
}

// leastRow is the length in bytes below which no row of a text can be good: a case
// number, an identifier, a day.
const leastRow = 40

// mostRows bounds the rows of a submission by its size. What a workbook holds its
// size does not tell.
func mostRows(size int64, workbook bool) int {
	if workbook {
		return math.MaxInt32
	}
	return int(min(size/leastRow, math.MaxInt32))
}

// doneBy is what a record did, as Take tells it.
func doneBy(r intake.Record) tally {
	switch {
	case r.Outcome == intake.Reject || unchanged(r):
		return tally{}
	case r.Withdrawal != nil || !r.WithdrawnOn.IsZero():
		return tally{withdrawals: 1}
	}
	return tally{listings: 1}
}

// countRows counts what the good records of from could do if the register knew none of
// their listings as new, and all of their withdrawals as in force.
func countRows(from Records) (t tally, err error) {
	for {
		r, err := from.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return t, err
		}
		t = t.plus(doneBy(r))
	}
}

// effect counts what the good records of from do, by what the register holds now:
// a list that is sent again is nothing new. It changes nothing.
func (h *Hub) effect(ctx context.Context, by gongxin.Actor, from Records) (t tally, err error) {
	records := make([]intake.Record, 0, batchSize)
	for more := true; more; {
		records = records[:0]
		for len(records) < batchSize {
			r, err := from.Next()
			if errors.Is(err, io.EOF) {
				more = false
				break
			}
			if err != nil {
				return t, err
			}
			if r.Outcome != intake.Reject {
				records = append(records, r)
			}
		}
		var part tally
		err := h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) { // reads alone, so nothing is committed
			part, err = effectOf(ctx, tx, by, records)
			return err
		})
		if err != nil {
			return t, fmt.Errorf("count a submission: %w", err)
		}
		t = t.plus(part)
	}
	return t, nil
}

func effectOf(ctx context.Context, tx *store.Tx, by gongxin.Actor, records []intake.Record) (t tally, err error) {
	var listings []intake.Record
	var keys []gongxin.ListingKey
	for _, r := range records {
		if r.Entry != nil && by.ActsFor(r.Entry.Court) {
			listings, keys = append(listings, r), append(keys, r.Entry.Key())
		}
		if r.Withdrawal == nil {
			continue
		}
		found, _, err := tx.InCase(ctx, r.Withdrawal.Case.Key(), r.Withdrawal.Number)
		if err != nil {
			return t, err
		}
		if l := found.Listing; l.Forced != 0 && by.ActsFor(l.Entry.Court) {
			t.withdrawals++
		}
	}
	found, err := tx.Find(ctx, keys)
	if err != nil {
		return t, err
	}
	for i, f := range found {
		ending := !listings[i].WithdrawnOn.IsZero()
		switch l := f.Listing; {
		case ending && l.Forced != 0:
			t.withdrawals++
		case !ending && (l.State == "" || l.State.Ended()):
			t.listings++
		}
	}
	return t, nil
}
