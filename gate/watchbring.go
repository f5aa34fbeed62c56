package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gongxin"
	"gongxin/screen"
)

// A bringing is what has to be done about alerts.
type bringing struct {
	raise []raising
	close []closing
	moved []raising // open ones whose listing has another term
}

type raising struct {
	listing gongxin.ListingID
	watched int64
	what    string
	until   gongxin.Day
}

type closing struct {
	listing gongxin.ListingID
	watched int64
	why     string
}

// weigh adds what is to be done about the listing id, which is hit if it is in
// force; wanted says that something is to be raised.
func (b *bringing) weigh(w *watchlist, id gongxin.ListingID, hit screen.Hit, in bool, why string, today gongxin.Day) (wanted bool) {
	should := map[int64]string{}
	passed := in && !hit.Until.IsZero() && hit.Until < today
	if in && !passed {
		name := w.gate.subjects.name(hit.Name)
		for s := range w.of(w.marked(hit.Mark)) {
			should[s.id] = whatRefer
			if s.name == name && name != (person{}) {
				should[s.id] = whatBlock
			}
		}
	}
	switch {
	case !in:
		why = endedSomehow
	case passed:
		why = endedByTerm
	}
	for _, a := range w.open[id] {
		what, still := should[a.watched]
		switch {
		case !still:
			b.close = append(b.close, closing{id, a.watched, why})
		case what != a.what:
			b.close = append(b.close, closing{id, a.watched, alertChanged})
			continue
		case a.until != hit.Until:
			b.moved = append(b.moved, raising{id, a.watched, what, hit.Until})
		}
		delete(should, a.watched)
	}
	for watched, what := range should {
		b.raise = append(b.raise, raising{id, watched, what, hit.Until})
	}
	return len(should) > 0
}

// bring does b in one transaction, and then in memory.
func (w *watchlist) bring(ctx context.Context, b bringing, at time.Time, sequence uint64) error {
	if len(b.raise)+len(b.close)+len(b.moved) == 0 {
		return nil
	}
	references := make([]string, len(b.raise))
	for i := range references {
		var err error
		if references[i], err = w.gate.newReference("A", at); err != nil {
			return err
		}
	}
	raised, over, moved, err := w.gate.outcomes.bring(ctx, b, references, at, sequence)
	if err != nil {
		return fmt.Errorf("record alerts: %w", err)
	}
	for _, a := range over {
		w.closed(a)
	}
	for _, a := range moved { // before and after
		w.closed(a[0])
		w.opened(a[1])
	}
	for _, a := range raised {
		w.opened(a)
	}
	if len(raised)+len(over) > 0 {
		w.gate.config.Log.InfoContext(ctx, "alerts", "raised", len(raised), "closed", len(over), "sequence", sequence)
		wake(w.gate.calls)
		wake(w.gate.noting)
	}
	return nil
}

// bring writes what b says, and returns the rows.
func (o *outcomes) bring(ctx context.Context, b bringing, references []string, at time.Time, sequence uint64) (raised, over []alert, moved [][2]alert, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.transact(ctx, func(tx *sql.Tx) error {
		for _, c := range b.close {
			found, err := query(ctx, tx, scanAlert, readOpenAt, c.listing[:], c.watched)
			if err != nil {
				return err
			}
			for _, a := range found {
				next := a.close(c.why, at, sequence)
				if err := o.moveAlert(ctx, tx, a, next); err != nil {
					return err
				}
				over = append(over, next)
			}
		}
		for _, m := range b.moved {
			a, err := one(query(ctx, tx, scanAlert, readOpenAt, m.listing[:], m.watched))
			if err != nil {
				return err
			}
			next := a
			next.until = m.until
			if err := o.moveAlert(ctx, tx, a, next); err != nil {
				return err
			}
			moved = append(moved, [2]alert{a, next})
		}
		for i, r := range b.raise {
			s, err := one(query(ctx, tx, scanWatched, readWatchedRow, r.watched))
			if err != nil {
				return err
			}
			a := alert{reference: references[i], watched: r.watched, subject: s.subject, scenario: s.scenario, listing: r.listing, what: r.what,
				sequence: sequence, at: at, until: r.until}
			if err := o.raise(ctx, tx, a); err != nil {
				return err
			}
			raised = append(raised, a)
		}
		if len(raised)+len(over)+len(moved) == 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return raised, over, moved, err
}
