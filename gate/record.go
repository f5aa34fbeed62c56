package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gongxin"
)

// A recording is the rows of one answer that wait to be written.
type recording struct {
	rows []outcome
	done chan error
}

// record writes the rows of one answer and returns once they are on disk. Answers
// that come at once share a transaction. Errors, with nothing written: errMoved if
// a listing may have been lifted since the rows were found, errTaken.
func (o *outcomes) record(ctx context.Context, rows []outcome) error {
	r := recording{rows, make(chan error, 1)}
	o.queueMu.Lock()
	o.queue = append(o.queue, r)
	if !o.busy {
		o.busy = true
		o.pending.Go(o.drain)
	}
	o.queueMu.Unlock()
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may be recorded all the same: a reference nobody was given
	}
}

// drain writes what is queued until nothing is.
func (o *outcomes) drain() {
	for {
		o.queueMu.Lock()
		batch := o.queue
		o.queue = nil
		if len(batch) == 0 {
			o.busy = false
			o.queueMu.Unlock()
			return
		}
		o.queueMu.Unlock()
		o.commit(batch)
	}
}

func (o *outcomes) commit(batch []recording) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := batch[:0]
	for _, r := range batch {
		if r.rows[0].sequence < o.asOf && !r.rows[0].listing.IsZero() { // one that met no listing has nothing to be lifted
			r.done <- errMoved
			continue
		}
		kept = append(kept, r)
	}
	if len(kept) == 0 {
		return
	}
	ctx := context.Background() // whoever waits may go; the others' rows are in the same transaction
	var written []recording
	err := o.transact(ctx, func(tx *sql.Tx) error {
		for _, r := range kept {
			switch err := o.addAll(ctx, tx, r.rows); {
			case errors.Is(err, errTaken):
				r.done <- err
			case err != nil:
				return err
			default:
				written = append(written, r)
			}
		}
		return nil
	})
	if err != nil {
		for _, r := range kept {
			select {
			case r.done <- err:
			default: // told that its reference is taken
			}
		}
		return
	}
	for _, r := range written {
		for _, row := range r.rows {
			o.count(row, 1)
		}
		r.done <- nil
	}
}

// addAll adds the rows of one answer. The first one takes the reference for all.
func (o *outcomes) addAll(ctx context.Context, tx *sql.Tx, rows []outcome) error {
	for _, row := range rows {
		if err := o.add(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}

// settle ends the open restrictions of listings that stand otherwise at sequence,
// or gives them their listing's new term, frees whom a correction frees of what is
// kept on, and queues the reports, in one transaction. From then on nothing found before sequence is recorded any more. It
// returns how many restrictions ended.
func (o *outcomes) settle(ctx context.Context, now map[gongxin.ListingID]standing, sequence uint64, at time.Time) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asOf = max(o.asOf, sequence)
	passed, err := o.endDue(ctx, sequence, at)
	if err != nil {
		return 0, err
	}
	var concerned []gongxin.ListingID
	for id := range now {
		if o.stand[id] > 0 {
			concerned = append(concerned, id)
		}
	}
	ended, err := o.settleAll(ctx, concerned, now, sequence, at, false)
	return passed + ended, err
}

// settleAll does it for ids, whose open restrictions found after sequence stay as
// they are. The sequence of one from another history is not compared; partly says
// that the list that took that one's place is not complete, and such ones stay. The
// caller holds o.mu.
func (o *outcomes) settleAll(ctx context.Context, ids []gongxin.ListingID, now map[gongxin.ListingID]standing, sequence uint64, at time.Time, partly bool) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	slices.SortFunc(ids, func(a, b gongxin.ListingID) int { return slices.Compare(a[:], b[:]) })
	begun := o.begun()
	var m move
	err := o.transact(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			rows, err := query(ctx, tx, scanOutcome, readStandOf, id[:])
			if err != nil {
				return err
			}
			for _, r := range rows {
				stands, before := now[id], r.at.Before(begun)
				if before {
					stands.since, stands.whose = 0, 0
				}
				next := r.under(stands, at, sequence)
				if r.sequence > sequence && !before || before && partly || next == r {
					continue
				}
				if err := o.move(ctx, tx, &m, r, next); err != nil {
					return err
				}
			}
		}
		if len(m.before) == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return 0, err
	}
	return o.moved(m), nil
}

// settleDue ends what has passed by the day of at: open restrictions whose
// listing's term is over, also while the hub's own event is on its way, and kept
// ones whose stated end is.
func (o *outcomes) settleDue(ctx context.Context, sequence uint64, at time.Time) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.endDue(ctx, sequence, at)
}

// endDue is settleDue for those who hold o.mu. It comes before anything else that
// changes restrictions: what somebody may have been told is over by its term is not
// put back by an extension that comes later.
func (o *outcomes) endDue(ctx context.Context, sequence uint64, at time.Time) (int, error) {
	day, due := gongxin.DayOf(at), false
	for _, days := range []map[gongxin.Day]int{o.until, o.kept} {
		for until := range days {
			due = due || until < day
		}
	}
	if !due {
		return 0, nil
	}
	var m move
	err := o.transact(ctx, func(tx *sql.Tx) error {
		rows, err := query(ctx, tx, scanOutcome, readDue, int64(day))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := o.move(ctx, tx, &m, r, r.on(at, sequence)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return o.moved(m), nil
}

// reconcile ends the open restrictions that do not stand with how their listings
// do at sequence: after a start, and after the list was fetched anew. A listing
// that restricted somebody at or before sequence and is not in force has ended
// since; partly as for settleAll.
func (o *outcomes) reconcile(ctx context.Context, stands func(gongxin.ListingID) (standing, error), sequence uint64, at time.Time, partly bool) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asOf = max(o.asOf, sequence)
	passed, err := o.endDue(ctx, sequence, at)
	if err != nil {
		return 0, err
	}
	ids := slices.Collect(maps.Keys(o.stand))
	now := make(map[gongxin.ListingID]standing, len(ids))
	for _, id := range ids {
		s, err := stands(id)
		if err != nil {
			return 0, err
		}
		now[id] = s
	}
	ended, err := o.settleAll(ctx, ids, now, sequence, at, partly)
	return passed + ended, err
}

// remember writes the newest position down, if nothing else does.
func (o *outcomes) remember(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.transact(ctx, func(*sql.Tx) error { return nil })
}

// concerns tells whether somebody is restricted on account of the listing id.
func (o *outcomes) concerns(id gongxin.ListingID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stand[id] > 0
}

// standing returns on account of which listings somebody is restricted, and how often.
func (o *outcomes) standing() map[gongxin.ListingID]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.stand)
}

func (o *outcomes) tally() outcomeCounts {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts
}

// close waits for what is being written and closes the file.
func (o *outcomes) close() error {
	o.pending.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.db.Close(); err != nil {
		return fmt.Errorf("close outcomes: %w", err)
	}
	return nil
}
