package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gongxin"
)

// A report is one row of the outbox in the form that travels.
type report struct {
	id        int64
	reference string
	part      int
	outcome   Outcome
}

// waiting returns the oldest reports that the hub has not taken, at most limit.
func (o *outcomes) waiting(ctx context.Context, limit int) (reports []report, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rows, err := o.db.QueryContext(ctx, readWaiting, limit)
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r report
		var listing []byte
		var at, liftedAt int64
		var sequence, liftedSequence uint64
		err := rows.Scan(&r.id, &r.outcome.Kind, &r.reference, &r.part, &listing, &r.outcome.Scenario, &r.outcome.Measure, &sequence, &at,
			&liftedAt, &liftedSequence)
		if err != nil {
			return nil, fmt.Errorf("read outbox: %w", err)
		}
		r.outcome.Reference = partReference(r.reference, r.part)
		r.outcome.Listing = listingText(listing)
		r.outcome.Sequence, r.outcome.At = sequence, instant(at)
		if r.outcome.Kind == kindLifted {
			r.outcome.Sequence, r.outcome.At = liftedSequence, instant(liftedAt)
		}
		reports = append(reports, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return reports, nil
}

func listingText(b []byte) string {
	var id gongxin.ListingID
	if copy(id[:], b); id.IsZero() {
		return ""
	}
	return id.String()
}

// partReference names one row to the hub, which keeps one outcome of a kind for a
// reference: the first part by the reference itself, others with their number.
func partReference(reference string, part int) string {
	if part == 1 {
		return reference
	}
	return fmt.Sprintf("%s-%d", reference, part)
}

// delivered takes reports that the hub has taken out of the outbox.
func (o *outcomes) delivered(ctx context.Context, reports []report) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.transact(ctx, func(tx *sql.Tx) error {
		for _, r := range reports {
			var reference, kind string
			var part, refused int
			err := tx.QueryRowContext(ctx, removeOutbox, r.id).Scan(&reference, &part, &kind, &refused)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return fmt.Errorf("empty outbox: %w", err)
			}
			o.rows, o.digest = o.rows-1, o.digest.Sub(outboxSum(reference, part, kind, refused))
			o.counts.waiting--
		}
		return nil
	})
}

// refused sets a report aside that the hub will never take, for an engineer to see.
func (o *outcomes) refused(ctx context.Context, r report) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.transact(ctx, func(tx *sql.Tx) error {
		before, after := outboxSum(r.reference, r.part, r.outcome.Kind, 0), outboxSum(r.reference, r.part, r.outcome.Kind, 1)
		if _, err := tx.ExecContext(ctx, refuseOutbox, r.id, after[:]); err != nil {
			return fmt.Errorf("set report aside: %w", err)
		}
		o.digest = o.digest.Sub(before).Add(after)
		o.counts.waiting, o.counts.refused = o.counts.waiting-1, o.counts.refused+1
		return nil
	})
}
