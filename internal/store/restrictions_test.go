package store_test

import (
	"context"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// What gates did because of one listing is found by it, and by a gate's own
// reference, within the share that writes it too.
func TestRestrictionsAreFoundByListingAndByReference(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		mine, other := newID(noon), newID(noon)
		outcome := func(gate, reference, kind string, listing gongxin.ListingID, minute int) store.Outcome {
			at := noon.Add(time.Duration(minute) * time.Minute)
			return store.Outcome{Gate: gate, Reference: reference, Kind: kind, Listing: listing, Scenario: "flight", Measure: "3.6.flight", Sequence: 3, At: at, Received: at}
		}
		restricted, lifted := outcome("rail", "R1", store.Restricted, mine, 1), outcome("rail", "R1", store.Lifted, mine, 2)
		kept := store.Kept{Gate: "rail", Reference: "R1", Listing: mine, Measure: "3.6.flight", Ground: "第六十条", Until: gongxin.DayOf(noon), By: "rail", At: noon}
		review := store.RestrictionReview{ID: "rail/R1", Gate: "rail", Reference: "R1", Listing: mine, Reason: "不是我", By: "subject", Filed: noon}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.SaveOutcomes(ctx, []store.Outcome{lifted, restricted, outcome("hotel", "R1", store.Restricted, other, 1)}); err != nil {
				return err
			}
			if err := tx.SaveKept(ctx, kept); err != nil {
				return err
			}
			if err := tx.SaveRestrictionReview(ctx, review); err != nil {
				return err
			}
			if got, err := tx.Imposed(ctx, "rail", "R1"); err != nil || got != restricted {
				t.Errorf("imposed: %+v, %v", got, err)
			}
			if got, err := tx.KeptBy(ctx, "rail", "R1"); err != nil || got != kept {
				t.Errorf("kept: %+v, %v", got, err)
			}
			if got, err := tx.Imposed(ctx, "rail", "R2"); err != nil || got != (store.Outcome{}) {
				t.Errorf("imposed under an unknown reference: %+v, %v", got, err)
			}
			if got, err := tx.KeptBy(ctx, "hotel", "R1"); err != nil || got != (store.Kept{}) {
				t.Errorf("kept by another gate: %+v, %v", got, err)
			}
			return nil
		})
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.OutcomesOf(ctx, mine); err != nil || len(got) != 2 || got[0] != restricted || got[1] != lifted {
				t.Errorf("outcomes: %+v, %v", got, err)
			}
			if got, err := v.KeptOf(ctx, mine); err != nil || len(got) != 1 || got[0] != kept {
				t.Errorf("kept: %+v, %v", got, err)
			}
			if got, err := v.RestrictionReviewsOf(ctx, mine); err != nil || len(got) != 1 || got[0] != review {
				t.Errorf("reviews: %+v, %v", got, err)
			}
			if got, err := v.RestrictionReviewsOf(ctx, other); err != nil || len(got) != 0 {
				t.Errorf("reviews of another listing: %+v, %v", got, err)
			}
		})
	})
}
