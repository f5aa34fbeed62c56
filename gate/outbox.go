package gate

import (
	"context"
	"database/sql"
	"fmt"

	"gongxin"
)

// A posted is one row of the outbox.
type posted struct {
	id        int64
	reference string
	part      int // 0 for what is not of an outcome
	kind      string
	refused   int // 1 if the hub will never take it
}

func scanPosted(row scanner) (posted, error) {
	var p posted
	var sum []byte
	if err := row.Scan(&p.id, &p.reference, &p.part, &p.kind, &p.refused, &sum); err != nil {
		return p, unreadable(err)
	}
	if want := outboxSum(p.reference, p.part, p.kind, p.refused); string(sum) != string(want[:]) {
		return p, fmt.Errorf("%w: row %d of the outbox", errDamaged, p.id)
	}
	return p, nil
}

// A report is one row of the outbox in the form that travels: one of outcome,
// review and proposal, by its kind.
type report struct {
	posted
	outcome  Outcome
	review   Review
	proposal Proposal
}

const (
	readWaiting       = readOutbox + ` WHERE refused = 0 ORDER BY id LIMIT $1`
	readOutcomeOfPart = readOutcomes + ` WHERE reference = $1 AND part = $2`
	readProposalNamed = readProposals + ` WHERE reference = $1`
)

// waiting returns the oldest reports that the hub has not taken, at most limit.
func (o *outcomes) waiting(ctx context.Context, limit int) (reports []report, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rows, err := query(ctx, o.db, scanPosted, readWaiting, limit)
	if err != nil {
		return nil, err
	}
	for _, p := range rows {
		r := report{posted: p}
		switch p.kind {
		case kindReview, kindAnswer:
			found, err := one(query(ctx, o.db, scanReview, readReview, p.reference))
			if err != nil {
				return nil, err
			}
			parts, err := partsOf(ctx, o.db, p.reference)
			if err != nil {
				return nil, err
			}
			first, _ := firstRestricted(parts)
			r.review = found.told()
			r.review.Reference = partReference(first.reference, first.part)
		case kindProposal:
			found, err := one(query(ctx, o.db, scanProposal, readProposalNamed, p.reference))
			if err != nil {
				return nil, err
			}
			r.proposal = found.told("waiting")
		default:
			found, err := one(query(ctx, o.db, scanOutcome, readOutcomeOfPart, p.reference, p.part))
			if err != nil {
				return nil, err
			}
			r.outcome = found.reported(p.kind)
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// one returns the row that a row of the outbox is about.
func one[T any](found []T, err error) (row T, _ error) {
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%w: a report about nothing", errDamaged)
	}
	if err != nil {
		return row, err
	}
	return found[0], nil
}

// reported returns what the hub is told of o by a report of kind.
func (o outcome) reported(kind string) Outcome {
	r := Outcome{Reference: partReference(o.reference, o.part), Kind: kind, Listing: listingText(o.listing[:]), Scenario: o.scenario, Measure: o.measure,
		Sequence: o.sequence, At: o.at}
	switch kind {
	case kindLifted:
		r.Sequence, r.At = o.liftedSequence, o.liftedAt
	case kindKept:
		r.Sequence, r.At, r.Ground, r.Until = o.endedSequence, o.endedAt, o.keep.ground, o.keep.until
	}
	return r
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
			gone, err := query(ctx, tx, scanPosted, removeOutbox, r.id)
			if err != nil {
				return fmt.Errorf("empty outbox: %w", err)
			}
			if len(gone) == 0 {
				continue
			}
			o.rows, o.digest = o.rows-1, o.digest.Sub(outboxSum(gone[0].reference, gone[0].part, gone[0].kind, gone[0].refused))
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
		before, after := outboxSum(r.reference, r.part, r.kind, 0), outboxSum(r.reference, r.part, r.kind, 1)
		if _, err := tx.ExecContext(ctx, refuseOutbox, r.id, after[:]); err != nil {
			return fmt.Errorf("set report aside: %w", err)
		}
		o.digest = o.digest.Sub(before).Add(after)
		o.counts.waiting, o.counts.refused = o.counts.waiting-1, o.counts.refused+1
		return nil
	})
}
