package store

import (
	"context"
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

// SaveRestrictionReview keeps r, by its ID. Of one that is kept already only the
// answer changes.
func (tx *Tx) SaveRestrictionReview(ctx context.Context, r RestrictionReview) error {
	panic("not built yet")
}

// RestrictionReview returns the one with that ID. Error: RESTRICTION_REVIEW_UNKNOWN.
func (r *reader) RestrictionReview(ctx context.Context, id string) (RestrictionReview, error) {
	panic("not built yet")
}

// RestrictionReviews returns up to limit of those of a gate ("" for all), those
// without an answer first, then the newest first.
func (v *View) RestrictionReviews(ctx context.Context, gate string, limit int) ([]RestrictionReview, error) {
	panic("not built yet")
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

// SaveKept keeps k as it is now, by gate and reference.
func (tx *Tx) SaveKept(ctx context.Context, k Kept) error { panic("not built yet") }

// Kept returns up to limit measures that a gate ("" for all) keeps or has kept,
// those still kept first, then by their last day.
func (v *View) Kept(ctx context.Context, gate string, limit int) ([]Kept, error) {
	panic("not built yet")
}
