package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/screen"
)

// A watchlist holds those who are watched against the list.
//
//	the list moves on ─▶ ended, changed ─┐
//	somebody is watched ─▶ add ──────────┼─▶ evaluate ─▶ alerts raised and closed, one transaction
//	start, list fetched anew ─▶ settle ──┘
//
// What is evaluated is brought to what should be: for each listing in force and each
// subject with its number one alert is open, and no other. So it may be done any
// number of times, after any kill, and nothing is told twice. Alerts are closed
// whatever the state of the copy; they are raised while it is fresh, for a gate that
// cannot tell accuses nobody.
type watchlist struct {
	gate *Gate

	mu     sync.Mutex // one evaluation at a time; taken before outcomes.mu
	slots  []watcher
	free   []int32
	first  map[person]int32 // by number: slot+1 of the first who has it
	open   map[gongxin.ListingID][]openAlert
	again  map[gongxin.ListingID]bool // to be looked at once the copy is fresh
	due    map[gongxin.Day]int        // open alerts by the last day of their listing
	behind bool                       // all has to be held against the list
	unsure bool                       // open alerts have to be, at once
	lost   atomic.Int64               // rows under another key
}

// A watcher is one subject in memory.
type watcher struct {
	id           int64 // 0 is a free slot
	number, name person
	next         int32 // slot+1 of the next with this number
}

// An openAlert is one alert in memory.
type openAlert struct {
	watched  int64
	what     string
	until    gongxin.Day
	sequence uint64
	at       time.Time
}

// openWatchlist reads who is watched. The list is held against them by settle, unless it
// was when the gate last closed.
func (g *Gate) openWatchlist(ctx context.Context) error {
	w := &g.watched
	w.gate, w.first, w.open = g, map[person]int32{}, map[gongxin.ListingID][]openAlert{}
	w.again, w.due = map[gongxin.ListingID]bool{}, map[gongxin.Day]int{}
	o := g.outcomes
	if err := w.load(ctx, o); err != nil {
		return err
	}
	if lost := w.lost.Load(); lost > 0 {
		g.report(ctx, gongxin.Conflict("WATCH_KEY_LOST", lost))
	}
	w.behind = w.any() && o.watching != g.sequence()
	w.unsure = w.behind
	return o.noteWatching(ctx, 0) // what a kill leaves says nothing
}

func (w *watchlist) load(ctx context.Context, o *outcomes) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := each(ctx, o.db, scanWatched, w.put, readWatched); err != nil {
		return err
	}
	return each(ctx, o.db, scanAlert, w.opened, readAlerts+` WHERE closed_at = 0`)
}

// any tells whether there is anybody to watch or anything to close.
func (w *watchlist) any() bool { return len(w.first) > 0 || len(w.open) > 0 }

func (w *watchlist) put(r watchedRow) {
	if !w.gate.persons.made(r.number) {
		w.lost.Add(1)
		return
	}
	n := watcher{id: r.id, number: r.number, name: r.name, next: w.first[r.number]}
	if k := len(w.free); k > 0 {
		at := w.free[k-1]
		w.free, w.slots[at], w.first[r.number] = w.free[:k-1], n, at+1
		return
	}
	w.slots = append(w.slots, n)
	w.first[r.number] = int32(len(w.slots))
}

func (w *watchlist) drop(r watchedRow) {
	if !w.gate.persons.made(r.number) {
		w.lost.Add(-1)
		return
	}
	for at, before := w.first[r.number], int32(0); at != 0; before, at = at, w.slots[at-1].next {
		s := &w.slots[at-1]
		if s.id != r.id {
			continue
		}
		switch {
		case before != 0:
			w.slots[before-1].next = s.next
		case s.next != 0:
			w.first[r.number] = s.next
		default:
			delete(w.first, r.number)
		}
		*s = watcher{}
		w.free = append(w.free, at-1)
		return
	}
}

// of yields who is watched under number.
func (w *watchlist) of(number person) func(yield func(watcher) bool) {
	return func(yield func(watcher) bool) {
		for at := w.first[number]; at != 0; at = w.slots[at-1].next {
			if !yield(w.slots[at-1]) {
				return
			}
		}
	}
}

func (w *watchlist) opened(a alert) {
	w.open[a.listing] = append(w.open[a.listing], openAlert{a.watched, a.what, a.until, a.sequence, a.at})
	if !a.until.IsZero() {
		add(w.due, a.until, 1)
	}
}

func (w *watchlist) closed(a alert) {
	w.open[a.listing] = slices.DeleteFunc(w.open[a.listing], func(o openAlert) bool { return o.watched == a.watched })
	if len(w.open[a.listing]) == 0 {
		delete(w.open, a.listing)
	}
	if !a.until.IsZero() {
		add(w.due, a.until, -1)
	}
}

// marked returns what stands for a number among those who are watched.
func (w *watchlist) marked(m screen.Mark) person { return w.gate.persons.of(screen.Entry{Mark: m}) }

// watchTogether is how many subjects are taken in one go: whoever follows, or wants
// something recorded meanwhile, waits for no more.
const watchTogether = 500

// add takes rows, whose numbers are numbers, and holds them against the list. It
// returns what became of each, and how many alerts are open about it.
func (w *watchlist) add(ctx context.Context, rows []watchedRow, numbers []identity.Number) (states []string, alerts []int, err error) {
	for from := 0; from < len(rows); from += watchTogether {
		to := min(from+watchTogether, len(rows))
		became, open, err := w.addSome(ctx, rows[from:to], numbers[from:to])
		if err != nil {
			return states, alerts, err
		}
		states, alerts = append(states, became...), append(alerts, open...)
	}
	return states, alerts, nil
}

func (w *watchlist) addSome(ctx context.Context, rows []watchedRow, numbers []identity.Number) (states []string, alerts []int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	states, before, err := w.gate.outcomes.watch(ctx, rows)
	if err != nil {
		return nil, nil, err
	}
	for i, r := range rows {
		if states[i] == stateReplaced {
			w.drop(before[i])
		}
		if states[i] != stateUnchanged {
			w.put(r)
		}
	}
	if alerts, err = w.meet(ctx, rows, numbers, states); err != nil {
		w.behind, w.unsure = true, true // they are on record: settle holds them against the list
	}
	return states, alerts, err
}

// meet holds rows, which are taken, against the list, and returns how many alerts are
// open about each. It looks at the list only now, so that a change of the list meets
// either the rows or this look.
func (w *watchlist) meet(ctx context.Context, rows []watchedRow, numbers []identity.Number, states []string) (alerts []int, err error) {
	concerned := map[gongxin.ListingID]bool{}
	for i := range rows {
		hits, err := w.gate.lookup(numbers[i])
		if err != nil {
			w.gate.noteDamage(ctx, err)
			return nil, err
		}
		for _, h := range hits {
			concerned[h.Listing] = true
		}
		if states[i] == stateReplaced {
			for _, id := range w.openOf(rows[i].id) {
				concerned[id] = true
			}
		}
	}
	if err := w.evaluate(ctx, slices.Collect(maps.Keys(concerned)), alertReplaced); err != nil {
		return nil, err
	}
	open := map[int64]int{}
	for id := range concerned {
		for _, a := range w.open[id] {
			open[a.watched]++
		}
	}
	alerts = make([]int, len(rows))
	for i, r := range rows {
		alerts[i] = open[r.id]
	}
	return alerts, nil
}

// openOf returns the listings of the open alerts about the row watched.
func (w *watchlist) openOf(watched int64) (ids []gongxin.ListingID) {
	for id, all := range w.open {
		if slices.ContainsFunc(all, func(a openAlert) bool { return a.watched == watched }) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *watchlist) remove(ctx context.Context, subject, scenario string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone, err := w.gate.outcomes.unwatch(ctx, subject, scenario)
	if err != nil {
		return 0, err
	}
	var ids []gongxin.ListingID
	for _, r := range gone {
		w.drop(r)
		ids = append(ids, w.openOf(r.id)...)
	}
	if err := w.evaluate(ctx, ids, alertUnwatched); err != nil {
		w.behind, w.unsure = true, true // they are watched no more; settle closes what is open
		w.gate.report(ctx, err)
	}
	return len(gone), nil
}

// ended closes what is open about listings that left the list, before anything is
// answered as of sequence. kinds says by which events.
func (w *watchlist) ended(ctx context.Context, gone []departure, sequence uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	why := map[gongxin.ListingID]string{}
	for _, l := range gone {
		delete(w.again, l.id)
		if len(w.open[l.id]) > 0 {
			why[l.id] = endedBy[l.kind]
		}
	}
	if len(why) == 0 {
		return
	}
	at := gongxin.Millis(w.gate.config.Now())
	var b bringing
	for id, code := range why {
		for _, a := range w.open[id] {
			b.close = append(b.close, closing{id, a.watched, code})
		}
	}
	if err := w.bring(ctx, b, at, sequence); err != nil {
		w.behind, w.unsure = true, true
		w.gate.report(ctx, err)
	}
}

// changed looks at what d did to the list, which answers come from already. Somebody
// who was watched meanwhile was held either against it or against the list before.
func (w *watchlist) changed(ctx context.Context, d difference) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.any() {
		return
	}
	var ids []gongxin.ListingID
	for _, h := range d.put {
		if len(w.open[h.Listing]) > 0 || w.first[w.marked(h.Mark)] != 0 {
			ids = append(ids, h.Listing)
		}
	}
	for _, l := range d.gone {
		if len(w.open[l.id]) > 0 {
			ids = append(ids, l.id)
		}
	}
	if len(ids) == 0 {
		return
	}
	if err := w.evaluate(ctx, ids, endedCorrected); err != nil {
		w.behind, w.unsure = true, true
		w.gate.report(ctx, err)
	}
}

// refetched says that another list has taken the place of the one before.
func (w *watchlist) refetched() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.behind, w.unsure = w.any(), w.any()
	clear(w.again)
}

// settle does what is due: it closes what has ended, by its term as well, and holds
// the whole list against all once the copy is fresh. The caller holds g.following.
func (w *watchlist) settle(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.gate.informed() {
		return nil
	}
	if w.unsure {
		w.unsure = false // unless something is left for what is still to come
		if err := w.evaluate(ctx, slices.Collect(maps.Keys(w.open)), endedSomehow); err != nil {
			w.unsure = true
			return err
		}
	}
	today := gongxin.DayOf(w.gate.config.Now())
	for until := range w.due {
		if until < today {
			if err := w.closeTerms(ctx, today); err != nil {
				return err
			}
			break
		}
	}
	if !w.gate.sure() {
		return nil
	}
	if w.behind {
		if err := w.whole(ctx); err != nil {
			return err
		}
		w.behind = false
	}
	if len(w.again) > 0 {
		return w.evaluate(ctx, slices.Collect(maps.Keys(w.again)), endedCorrected)
	}
	return nil
}

// whole holds the whole list against all who are watched.
func (w *watchlist) whole(ctx context.Context) error {
	var ids []gongxin.ListingID
	err := w.gate.eachListing(func(id gongxin.ListingID, m screen.Mark) {
		if w.first[w.marked(m)] != 0 {
			ids = append(ids, id)
		}
	})
	if err != nil {
		return fmt.Errorf("screen those who are watched: %w", err)
	}
	for id := range w.open {
		ids = append(ids, id)
	}
	return w.evaluate(ctx, ids, endedSomehow)
}

func (w *watchlist) closeTerms(ctx context.Context, today gongxin.Day) error {
	var b bringing
	for id, all := range w.open {
		for _, a := range all {
			if !a.until.IsZero() && a.until < today {
				b.close = append(b.close, closing{id, a.watched, endedByTerm})
			}
		}
	}
	return w.bring(ctx, b, gongxin.Millis(w.gate.config.Now()), w.gate.sequence())
}

// done writes down, when the gate closes, that nothing is left to be looked at.
func (w *watchlist) done(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.any() || w.behind || len(w.again) > 0 {
		return nil
	}
	return w.gate.outcomes.noteWatching(ctx, w.gate.sequence())
}

// evaluate brings the alerts of ids to what should be. why is told of those whose
// subject has the listing's number no more, while the listing is in force.
func (w *watchlist) evaluate(ctx context.Context, ids []gongxin.ListingID, why string) error {
	const together = 500
	sure := w.gate.sure()
	slices.SortFunc(ids, func(a, b gongxin.ListingID) int { return slices.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	at, sequence, begun := gongxin.Millis(w.gate.config.Now()), w.gate.sequence(), w.gate.outcomes.lastBegun()
	for len(ids) > 0 {
		part := ids[:min(together, len(ids))]
		ids = ids[len(part):]
		var b bringing
		for _, id := range part {
			hit, in, err := w.gate.listing(id)
			if err != nil {
				w.gate.noteDamage(ctx, err)
				return err
			}
			if !in && w.ahead(id, sequence, begun) {
				w.unsure = true
				continue
			}
			wanted := b.weigh(w, id, hit, in, why, gongxin.DayOf(at))
			if !sure && wanted {
				w.again[id] = true
			} else {
				delete(w.again, id)
			}
		}
		if !sure {
			b.raise = nil
		}
		if err := w.bring(ctx, b, at, sequence); err != nil {
			return err
		}
	}
	return nil
}

// ahead tells whether an alert about the listing id was raised at a later sequence
// than the list is of now, before it had to be fetched again: what came in between
// decides. The sequences of another history say nothing.
func (w *watchlist) ahead(id gongxin.ListingID, sequence uint64, begun time.Time) bool {
	return slices.ContainsFunc(w.open[id], func(a openAlert) bool { return a.sequence > sequence && !a.at.Before(begun) })
}
