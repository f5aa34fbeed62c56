package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin"
)

// A RestrictionReview asks a department to look again at a restriction that it
// imposed (3.12).
type RestrictionReview struct {
	ID         string
	Gate       string
	Reference  string            // of the restriction, the gate's
	Listing    gongxin.ListingID // zero if it is not known
	Reason     string            // in the person's words; "" once erased
	By         string            // Actor.ID
	Filed      time.Time
	Answered   time.Time // zero until the department has
	AnsweredBy string    // Actor.ID
	Upheld     bool      // the person was right: the restriction goes
	Answer     string    // in the department's words; "" once erased
}

const (
	saveReview = `
		INSERT INTO restriction_reviews (id, gate, reference, listing, reason, filed_by, filed, answered, answered_by, upheld, answer)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET answered = excluded.answered, answered_by = excluded.answered_by,
			upheld = excluded.upheld, answer = excluded.answer`
	reviewColumns = `SELECT id, gate, reference, listing, reason, filed_by, filed, answered, answered_by, upheld, answer FROM restriction_reviews `
	getReview     = reviewColumns + `WHERE id = $1`
	reviewsOf     = reviewColumns + `WHERE listing = $1 ORDER BY filed, id`
	getReviews    = reviewColumns + `WHERE $1 = '' OR gate = $1 ORDER BY CASE WHEN answered = 0 THEN 0 ELSE 1 END, filed DESC, id LIMIT $2`
)

// SaveRestrictionReview keeps r, by its ID. Of one that is kept already only the
// answer changes.
func (tx *Tx) SaveRestrictionReview(ctx context.Context, r RestrictionReview) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	upheld := int64(0)
	if r.Upheld {
		upheld = 1
	}
	_, err := tx.exec(saveReview, r.ID, r.Gate, r.Reference, listingValue(r.Listing), wordsValue(r.Reason), r.By, millis(r.Filed),
		millis(r.Answered), r.AnsweredBy, upheld, wordsValue(r.Answer))
	if err != nil {
		return fmt.Errorf("save restriction review %s: %w", r.ID, err)
	}
	return nil
}

func (r *reader) reviews(ctx context.Context, text string, args ...any) (all []RestrictionReview, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		var x RestrictionReview
		var listing []byte
		var reason, answer sql.NullString
		var filed, answered, upheld int64
		err := scan(&x.ID, &x.Gate, &x.Reference, &listing, &reason, &x.By, &filed, &answered, &x.AnsweredBy, &upheld, &answer)
		copy(x.Listing[:], listing)
		x.Reason, x.Answer, x.Filed, x.Answered, x.Upheld = reason.String, answer.String, instant(filed), instant(answered), upheld != 0
		all = append(all, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read restriction reviews: %w", err)
	}
	return all, nil
}

// RestrictionReview returns the one with that ID. Error: RESTRICTION_REVIEW_UNKNOWN.
func (r *reader) RestrictionReview(ctx context.Context, id string) (RestrictionReview, error) {
	found, err := r.reviews(ctx, getReview, id)
	if err != nil {
		return RestrictionReview{}, err
	}
	if len(found) == 0 {
		return RestrictionReview{}, gongxin.Missing("RESTRICTION_REVIEW_UNKNOWN", id)
	}
	return found[0], nil
}

// RestrictionReviewsOf returns those of restrictions because of a listing, oldest first.
func (r *reader) RestrictionReviewsOf(ctx context.Context, id gongxin.ListingID) ([]RestrictionReview, error) {
	return r.reviews(ctx, reviewsOf, id[:])
}

// RestrictionReviews returns up to limit of those of a gate ("" for all), those
// without an answer first, then the newest first.
func (v *View) RestrictionReviews(ctx context.Context, gate string, limit int) ([]RestrictionReview, error) {
	return v.reviews(ctx, getReviews, gate, limit)
}

// A Kept is a measure that a department keeps after the listing has ended, on a
// ground and until a day that it states (3.13). Gate and Reference identify it.
type Kept struct {
	Gate      string
	Reference string // of the restriction, the gate's
	Listing   gongxin.ListingID
	Measure   string
	Ground    string      // the legal ground, in words
	Until     gongxin.Day // last day
	By        string      // Actor.ID
	At        time.Time
	Ended     time.Time // zero while it is kept
}

const (
	saveKept = `
		INSERT INTO kept_measures (gate, reference, listing, measure, ground, until, kept_by, at, ended)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (gate, reference) DO UPDATE SET
			listing = excluded.listing, measure = excluded.measure, ground = excluded.ground, until = excluded.until,
			kept_by = excluded.kept_by, at = excluded.at, ended = excluded.ended`
	keptColumns = `SELECT gate, reference, listing, measure, ground, until, kept_by, at, ended FROM kept_measures `
	getKept     = keptColumns + `
		WHERE $1 = '' OR gate = $1 ORDER BY CASE WHEN ended = 0 THEN 0 ELSE 1 END, until, gate, reference LIMIT $2`
	keptBy = keptColumns + `WHERE gate = $1 AND reference = $2`
	keptOf = keptColumns + `WHERE listing = $1 ORDER BY at, gate, reference`
)

// SaveKept keeps k as it is now, by gate and reference.
func (tx *Tx) SaveKept(ctx context.Context, k Kept) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveKept, k.Gate, k.Reference, listingValue(k.Listing), k.Measure, wordsValue(k.Ground), int64(k.Until), k.By, millis(k.At), millis(k.Ended))
	if err != nil {
		return fmt.Errorf("save measure kept by %s: %w", k.Gate, err)
	}
	return nil
}

func (r *reader) kept(ctx context.Context, text string, args ...any) (all []Kept, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		var k Kept
		var listing []byte
		var ground sql.NullString
		var at, ended int64
		err := scan(&k.Gate, &k.Reference, &listing, &k.Measure, &ground, &k.Until, &k.By, &at, &ended)
		copy(k.Listing[:], listing)
		k.Ground, k.At, k.Ended = ground.String, instant(at), instant(ended)
		all = append(all, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read kept measures: %w", err)
	}
	return all, nil
}

// Kept returns up to limit measures that a gate ("" for all) keeps or has kept,
// those still kept first, then by their last day.
func (v *View) Kept(ctx context.Context, gate string, limit int) ([]Kept, error) {
	return v.kept(ctx, getKept, gate, limit)
}

// KeptOf returns the measures that gates keep or have kept after a listing ended,
// oldest first.
func (r *reader) KeptOf(ctx context.Context, id gongxin.ListingID) ([]Kept, error) {
	return r.kept(ctx, keptOf, id[:])
}

// KeptBy returns what a gate keeps or has kept under a reference; the zero Kept if
// there is none.
func (r *reader) KeptBy(ctx context.Context, gate, reference string) (Kept, error) {
	found, err := r.kept(ctx, keptBy, gate, reference)
	if err != nil || len(found) == 0 {
		return Kept{}, err
	}
	return found[0], nil
}
