package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/internal/oversight"
	"gongxin/internal/register"
	"gongxin/internal/store"
)

const (
	dutyBatch = 1000      // duties between two looks for more
	noteBatch = 256       // escalations in one share of a transaction
	maxDuties = 1_000_000 // looked at by the escalations: far more than a province can owe
)

// An overseer keeps time for the courts (2.5). Each run finds by itself what has
// come due since the last one, however long ago that was, and whatever another hub
// on the same store has done meanwhile.
type overseer struct {
	hub   *Hub
	noted map[string]bool // IDs of escalations that are kept, of duties still owed; nil before the first run
}

// run counts deadlines that could not be counted before, records those that have
// passed, and tells the higher courts. One that fails does not keep the others back.
func (o *overseer) run(ctx context.Context) error {
	return errors.Join(o.hub.recount(ctx), o.hub.lapses(ctx), o.escalate(ctx))
}

// atOnce calls f for each of items, some at once, since concurrent writes share
// commits. It returns how many succeeded, and the errors of the others.
func atOnce[T any](ctx context.Context, items []T, f func(context.Context, T) error) (done int, err error) {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(32)
	for _, item := range items {
		g.Go(func() error {
			e := f(ctx, item)
			mu.Lock()
			defer mu.Unlock()
			if e == nil {
				done++
			}
			err = errors.Join(err, e)
			return nil
		})
	}
	_ = g.Wait() // f's errors are in err
	return done, err
}

// recount finds the last day of duties for which the calendar did not know the
// year when they were opened. Those that it still does not know wait on.
func (h *Hub) recount(ctx context.Context) error {
	var waiting []gongxin.Duty
	err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		waiting, err = v.Uncounted(ctx, maxDuties)
		return err
	})
	if err != nil {
		return fmt.Errorf("read duties without a last day: %w", err)
	}
	known := slices.DeleteFunc(waiting, func(d gongxin.Duty) bool {
		_, err := h.Policy.Deadline(d.Rule, d.Since, h.Calendar)
		return err != nil
	})
	done, err := atOnce(ctx, known, func(ctx context.Context, d gongxin.Duty) error {
		_, err := h.Register.Recount(ctx, d)
		return err
	})
	if done > 0 {
		h.Log.InfoContext(ctx, "deadlines counted", "duties", done)
	}
	if err != nil {
		return fmt.Errorf("count deadlines: %w", err)
	}
	return nil
}

// lapses records in the ledger which deadlines have passed (2.5).
func (h *Hub) lapses(ctx context.Context) error {
	today := gongxin.DayOf(h.Now())
	for {
		var due []gongxin.Duty
		err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
			due, err = v.Overdue(ctx, today, dutyBatch)
			return err
		})
		if err != nil {
			return fmt.Errorf("read overdue duties: %w", err)
		}
		done, err := atOnce(ctx, due, func(ctx context.Context, d gongxin.Duty) error {
			_, err := h.Register.Do(ctx, register.Lapse{Duty: d, By: hubActor})
			return err
		})
		if done > 0 {
			h.Log.InfoContext(ctx, "deadlines lapsed", "duties", done)
		}
		if err != nil {
			return fmt.Errorf("record lapses: %w", err)
		}
		if len(due) < dutyBatch {
			return nil
		}
	}
}

// escalate writes the notes to the higher courts that are to be written by now. The
// first run of a process also looks at what was done late while no job ran, so that
// the notes are the same as if one had.
func (o *overseer) escalate(ctx context.Context) error {
	h := o.hub
	today, at := gongxin.DayOf(h.Now()), gongxin.Millis(h.Now())
	var duties []gongxin.Duty
	err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		duties, err = v.OpenDuties(ctx, store.DutyFilter{Before: today}, maxDuties)
		if err != nil || o.noted != nil {
			return err
		}
		late, err := v.OpenDuties(ctx, store.DutyFilter{Lapsed: true}, maxDuties)
		for _, d := range late {
			if !d.Open() {
				duties = append(duties, d)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read overdue duties: %w", err)
	}
	noted := map[string]bool{}
	var fresh []store.Escalation
	for _, d := range duties {
		for _, n := range oversight.Notes(d, today, h.Policy, h.Calendar, h.Courts) {
			e := store.Escalation{Listing: d.Listing, Kind: d.Kind, Opened: d.Opened, Level: n.Level, Court: d.Court, To: n.To, At: at}
			noted[e.ID()] = true
			if !o.noted[e.ID()] {
				fresh = append(fresh, e)
			}
		}
	}
	for batch := range slices.Chunk(fresh, noteBatch) {
		err := h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, e := range batch {
				if err := tx.SaveEscalation(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("write escalations: %w", err)
		}
	}
	o.noted = noted
	return nil
}
