package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
		if r.rows[0].sequence < o.asOf {
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

// lift ends every open restriction of the listings ids, which ended or became
// another person's at sequence, and queues the reports, in one transaction. From
// then on nothing found before sequence is recorded any more. It returns how many
// restrictions it lifted.
func (o *outcomes) lift(ctx context.Context, ids []gongxin.ListingID, sequence uint64, at time.Time) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asOf = max(o.asOf, sequence)
	var concerned []gongxin.ListingID
	for _, id := range ids {
		if o.open[id] > 0 {
			concerned = append(concerned, id)
		}
	}
	return o.liftAll(ctx, concerned, func(outcome) bool { return true }, sequence, at)
}

// liftAll lifts the open restrictions of ids for which which says true. The caller holds o.mu.
func (o *outcomes) liftAll(ctx context.Context, ids []gongxin.ListingID, which func(outcome) bool, sequence uint64, at time.Time) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	var before, after []outcome
	err := o.transact(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			rows, err := query(ctx, tx, readOpenOf, id[:])
			if err != nil {
				return err
			}
			for _, r := range rows {
				if !which(r) {
					continue
				}
				lifted := r
				lifted.liftedAt, lifted.liftedSequence = at, sequence
				sum := lifted.sum()
				if _, err := tx.ExecContext(ctx, liftOutcome, r.reference, r.part, at.UnixMilli(), int64(sequence), sum[:]); err != nil {
					return fmt.Errorf("lift %s: %w", r.reference, err)
				}
				o.digest = o.digest.Sub(r.sum()).Add(sum)
				if err := o.post(ctx, tx, lifted, kindLifted); err != nil {
					return err
				}
				before, after = append(before, r), append(after, lifted)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for i := range before {
		o.count(before[i], -1)
		o.count(after[i], 1)
	}
	return len(after), nil
}

// liftPassed lifts the open restrictions whose listing's last day is before day:
// a restriction never outlasts the term that the court set, also while the hub's
// own event is on its way.
func (o *outcomes) liftPassed(ctx context.Context, day gongxin.Day, sequence uint64, at time.Time) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	passed := false
	for until := range o.until {
		passed = passed || until < day
	}
	if !passed {
		return 0, nil
	}
	ids := make([]gongxin.ListingID, 0, len(o.open))
	for id := range o.open {
		ids = append(ids, id)
	}
	return o.liftAll(ctx, ids, func(r outcome) bool { return !r.until.IsZero() && r.until < day }, sequence, at)
}

// reconcile lifts the open restrictions of listings that inForce denies at
// sequence: after a start, and after the list was fetched anew. A listing that was
// in force when it restricted somebody, at or before sequence, has ended since.
func (o *outcomes) reconcile(ctx context.Context, inForce func(gongxin.ListingID) bool, sequence uint64, at time.Time) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asOf = max(o.asOf, sequence)
	var gone []gongxin.ListingID
	for id := range o.open {
		if !inForce(id) {
			gone = append(gone, id)
		}
	}
	return o.liftAll(ctx, gone, func(r outcome) bool { return r.sequence <= sequence }, sequence, at)
}

// find returns the rows of a reference, in the order of their parts.
func (o *outcomes) find(ctx context.Context, reference string) ([]outcome, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return query(ctx, o.db, readOutcome, reference)
}

func query(ctx context.Context, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, text string, args ...any) (found []outcome, err error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanOutcome(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return found, nil
}

// remember keeps head, the newest position verified, so that a list fetched anew
// is never older than what was known before.
func (o *outcomes) remember(ctx context.Context, head []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.head
	o.head = head
	err := o.transact(ctx, func(*sql.Tx) error { return nil })
	if err != nil {
		o.head = old
	}
	return err
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
