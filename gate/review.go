package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// Reviews of a restriction by the department itself (3.12): one for a reference.
const reviewsSchema = `
	CREATE TABLE reviews (
		reference TEXT PRIMARY KEY,
		listing BLOB NOT NULL,
		reason TEXT NOT NULL,
		filed_by TEXT NOT NULL,
		filed_at INTEGER NOT NULL,
		upheld INTEGER NOT NULL,
		answer TEXT NOT NULL,
		answered_by TEXT NOT NULL,
		answered_at INTEGER NOT NULL,
		sum BLOB NOT NULL
	) WITHOUT ROWID;
	CREATE INDEX open_reviews ON reviews (filed_at, reference) WHERE answered_at = 0;`

const (
	reviewColumns   = `reference, listing, reason, filed_by, filed_at, upheld, answer, answered_by, answered_at, sum`
	readReviews     = `SELECT ` + reviewColumns + ` FROM reviews`
	readReview      = readReviews + ` WHERE reference = $1`
	readOpenReviews = readReviews + ` WHERE answered_at = 0 AND (filed_at, reference) > ($1, $2) ORDER BY filed_at, reference LIMIT $3`
	readAnswered    = readReviews + ` WHERE answered_at <> 0 AND reference > $1 ORDER BY reference LIMIT $2`
	writeReview     = `INSERT INTO reviews (` + reviewColumns + `) VALUES ($1, $2, $3, $4, $5, 0, '', '', 0, $6)`
	answerReview    = `UPDATE reviews SET upheld = $3, answer = $4, answered_by = $5, answered_at = $6, sum = $7 WHERE reference = $1 AND sum = $2`
)

// A Review is what a restricted person asked of the department, and its answer.
// It does not say who that is: the reference does, to those who know it.
type Review struct {
	Reference  string    `json:"reference"`         // of the restriction
	Listing    string    `json:"listing,omitempty"` // behind its first part that restricted; "" where none was met
	State      string    `json:"state"`             // "open", "upheld" or "rejected"
	Reason     string    `json:"reason"`            // the person's
	By         string    `json:"by"`                // the officer who took it down
	Filed      time.Time `json:"filed"`
	Upheld     bool      `json:"upheld"`
	Answer     string    `json:"answer,omitempty"` // the department's reasons
	AnsweredBy string    `json:"answered_by,omitempty"`
	Answered   time.Time `json:"answered,omitzero"`
}

const (
	stateOpen     = "open"
	stateUpheld   = "upheld"
	stateRejected = "rejected"
	stateAnswered = "answered" // upheld or rejected
)

const maxReason = 1000 // characters

// FileReview records that the person behind reference asks the department to
// review what it did, for reason, taken down by the officer by. The same again
// changes nothing. Reviews of restrictions are reported to the hub; one of a mere
// referral stays with the department. Errors: UNKNOWN_REFERENCE, REMARK_NEEDED, OFFICER_NEEDED,
// GATE_REVIEW_FILED if another one was, REMARK_TOO_LONG, REMARK_WITH_NUMBER.
func (g *Gate) FileReview(ctx context.Context, reference, reason, by string) (Review, error) {
	rows, err := g.outcomes.rowsOf(ctx, reference)
	if err != nil {
		return Review{}, err
	}
	r := review{reference: rows[0].reference, filedAt: gongxin.Millis(g.config.Now())}
	if r.reason, r.filedBy, err = reasonBy(reason, by); err != nil {
		return Review{}, err
	}
	if r, err = g.outcomes.fileReview(ctx, r); err != nil {
		return Review{}, g.notKept(ctx, reference, err)
	}
	g.wakeDelivery()
	return r.told(), nil
}

// AnswerReview records the department's answer to the review of reference. If it
// is upheld, the restriction is lifted in the same transaction, also one that is
// kept on. Errors: UNKNOWN_REFERENCE, GATE_REVIEW_UNKNOWN, GATE_REVIEW_ANSWERED if it was
// answered otherwise, and those of FileReview for its texts.
func (g *Gate) AnswerReview(ctx context.Context, reference string, upheld bool, reason, by string) (Review, error) {
	rows, err := g.outcomes.rowsOf(ctx, reference)
	if err != nil {
		return Review{}, err
	}
	r := review{reference: rows[0].reference, upheld: upheld, answeredAt: gongxin.Millis(g.config.Now())}
	if r.answer, r.answeredBy, err = reasonBy(reason, by); err != nil {
		return Review{}, err
	}
	if r, err = g.outcomes.answerReview(ctx, r, g.view.Load().sequence); err != nil {
		return Review{}, g.notKept(ctx, reference, err)
	}
	g.wakeDelivery()
	return r.told(), nil
}

func reasonBy(reason, by string) (r, b string, err error) {
	if r, err = plainText("reason", reason, maxReason); err != nil {
		return "", "", err
	}
	if b, err = plainText("by", by, maxBy); err != nil {
		return "", "", err
	}
	switch {
	case r == "":
		return "", "", gongxin.Invalid("REMARK_NEEDED")
	case b == "":
		return "", "", gongxin.Invalid("OFFICER_NEEDED")
	}
	return r, b, nil
}

// Reviews returns reviews that are "open", the oldest first, or "answered", in the
// order of their references, after that of reference after ("" from the
// beginning), at most limit. Error: GATE_STATE_UNKNOWN.
func (g *Gate) Reviews(ctx context.Context, state, after string, limit int) ([]Review, error) {
	if state != stateOpen && state != stateAnswered {
		return nil, gongxin.Invalid("GATE_STATE_UNKNOWN", state, stateOpen+", "+stateAnswered)
	}
	rows, err := g.outcomes.reviews(ctx, state, after, limit)
	if err != nil {
		return nil, err
	}
	found := make([]Review, len(rows))
	for i, r := range rows {
		found[i] = r.told()
	}
	return found, nil
}

// A review is one row.
type review struct {
	reference  string
	listing    gongxin.ListingID
	reason     string
	filedBy    string
	filedAt    time.Time
	upheld     bool
	answer     string
	answeredBy string
	answeredAt time.Time // zero while it is open
}

func (r review) told() Review {
	t := Review{Reference: r.reference, Listing: listingText(r.listing[:]), State: stateOpen, Reason: r.reason, By: r.filedBy, Filed: r.filedAt,
		Upheld: r.upheld, Answer: r.answer, AnsweredBy: r.answeredBy, Answered: r.answeredAt}
	switch {
	case r.answeredAt.IsZero():
	case r.upheld:
		t.State = stateUpheld
	default:
		t.State = stateRejected
	}
	return t
}

func (r review) sum() ledger.Digest {
	var upheld uint64
	if r.upheld {
		upheld = 1
	}
	return rowSum("review", []byte(r.reference), r.listing[:], []byte(r.reason), []byte(r.filedBy), word(uint64(millis(r.filedAt))), word(upheld),
		[]byte(r.answer), []byte(r.answeredBy), word(uint64(millis(r.answeredAt))))
}

func scanReview(row scanner) (review, error) {
	var r review
	var listing, sum []byte
	var filedAt, answeredAt int64
	err := row.Scan(&r.reference, &listing, &r.reason, &r.filedBy, &filedAt, &r.upheld, &r.answer, &r.answeredBy, &answeredAt, &sum)
	if err != nil {
		return r, unreadable(err)
	}
	if len(listing) != len(r.listing) {
		return r, fmt.Errorf("%w: review %s", errDamaged, r.reference)
	}
	r.listing, r.filedAt, r.answeredAt = gongxin.ListingID(listing), instant(filedAt), instant(answeredAt)
	if want := r.sum(); string(sum) != string(want[:]) {
		return r, fmt.Errorf("%w: review %s", errDamaged, r.reference)
	}
	return r, nil
}

// countReview adds n times what r is to the counts.
func (o *outcomes) countReview(r review, n int) {
	if r.answeredAt.IsZero() {
		o.counts.reviews += n
	}
}

// review returns the review of reference; ok is false if there is none.
func (o *outcomes) review(ctx context.Context, db querier, reference string) (r review, ok bool, err error) {
	found, err := query(ctx, db, scanReview, readReview, reference)
	if err != nil || len(found) == 0 {
		return r, false, err
	}
	return found[0], true, nil
}

// firstRestricted returns the first of rows that restricted somebody, by whose
// reference the hub knows the restriction; if none did, the first, and false.
func firstRestricted(rows []outcome) (outcome, bool) {
	if i := slices.IndexFunc(rows, func(r outcome) bool { return r.kind == kindRestricted }); i >= 0 {
		return rows[i], true
	}
	return rows[0], false
}

// fileReview writes r unless the same was filed before, and returns what is recorded.
func (o *outcomes) fileReview(ctx context.Context, r review) (review, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.transact(ctx, func(tx *sql.Tx) error {
		switch before, filed, err := o.review(ctx, tx, r.reference); {
		case err != nil:
			return err
		case filed && before.reason != r.reason:
			return gongxin.Conflict("GATE_REVIEW_FILED", r.reference, before.told().State)
		case filed:
			r = before
			return errNothing
		}
		rows, err := partsOf(ctx, tx, r.reference)
		if err != nil {
			return err
		}
		first, restricted := firstRestricted(rows)
		r.listing = first.listing
		sum := r.sum()
		if _, err := tx.ExecContext(ctx, writeReview, r.reference, r.listing[:], r.reason, r.filedBy, millis(r.filedAt), sum[:]); err != nil {
			return fmt.Errorf("record review %s: %w", r.reference, err)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(sum)
		o.countReview(r, 1)
		if !restricted {
			return nil
		}
		return o.post(ctx, tx, r.reference, 0, kindReview)
	})
	if err != nil && !errors.Is(err, errNothing) {
		return r, err
	}
	return r, nil
}

// answerReview writes the answer in a, and lifts what it frees as of sequence.
func (o *outcomes) answerReview(ctx context.Context, a review, sequence uint64) (r review, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var m move
	err = o.transact(ctx, func(tx *sql.Tx) error {
		before, filed, err := o.review(ctx, tx, a.reference)
		switch {
		case err != nil:
			return err
		case !filed:
			return gongxin.Missing("GATE_REVIEW_UNKNOWN", a.reference)
		case before.answeredAt.IsZero():
		case before.upheld == a.upheld && before.answer == a.answer:
			r = before
			return errNothing
		default:
			return gongxin.Conflict("GATE_REVIEW_ANSWERED", a.reference, before.told().State)
		}
		r = before
		r.upheld, r.answer, r.answeredBy, r.answeredAt = a.upheld, a.answer, a.answeredBy, a.answeredAt
		old, sum := before.sum(), r.sum()
		if _, err := tx.ExecContext(ctx, answerReview, r.reference, old[:], r.upheld, r.answer, r.answeredBy, millis(r.answeredAt), sum[:]); err != nil {
			return fmt.Errorf("record the answer to review %s: %w", r.reference, err)
		}
		o.digest = o.digest.Sub(old).Add(sum)
		o.countReview(before, -1)
		rows, err := partsOf(ctx, tx, r.reference)
		if err != nil {
			return err
		}
		if _, restricted := firstRestricted(rows); restricted {
			if err := o.post(ctx, tx, r.reference, 0, kindAnswer); err != nil {
				return err
			}
		}
		for _, row := range rows {
			if !r.upheld || !row.stands() {
				continue
			}
			if err := o.move(ctx, tx, &m, row, row.lift(endedByReview, a.answeredAt, max(sequence, row.sequence))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return r, err
	}
	o.moved(m)
	return r, nil
}

func (o *outcomes) reviews(ctx context.Context, state, after string, limit int) ([]review, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if state == stateAnswered {
		return query(ctx, o.db, scanReview, readAnswered, after, limit)
	}
	last, _, err := o.review(ctx, o.db, after)
	if err != nil {
		return nil, err
	}
	return query(ctx, o.db, scanReview, readOpenReviews, millis(last.filedAt), after, limit)
}
