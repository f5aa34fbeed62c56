package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

func TestTracesStandInTheOrderOfTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
		var disclosures []access.Disclosure
		var refusals []access.Refusal
		for i, minute := range []int{1, 2, 2, 3} {
			disclosures = append(disclosures, access.Disclosure{
				At: at(minute), By: "zhao", Role: gongxin.RoleJudge, Organisation: "court.苏0505", Operation: "listing-full",
				Listing: gongxin.ListingID{byte(i)}, Purpose: "核对身份",
			})
			refusals = append(refusals, access.Refusal{At: at(minute), Operation: "listing-decide", Code: "SAME_PERSON", From: "192.0.2.1", Listing: gongxin.ListingID{byte(i)}})
		}
		for _, i := range []int{3, 1, 0, 2} { // written in another order
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Disclose(ctx, disclosures[i]); err != nil {
					return err
				}
				return tx.Refuse(ctx, refusals[i])
			})
		}
		err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Refuse(ctx, refusals[0]); err != nil {
				return err
			}
			return errRefused
		})
		if err != errRefused {
			t.Fatal(err)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			for _, tt := range []struct {
				from, before time.Time
				limit        int
				first, end   int
			}{
				{at(0), at(9), 100, 0, 4},
				{at(2), at(3), 100, 1, 3}, // before is excluded
				{at(0), at(9), 2, 0, 2},
				{at(4), at(9), 100, 0, 0},
			} {
				d, err := v.Disclosures(ctx, tt.from, tt.before, tt.limit)
				if err != nil || len(d) != tt.end-tt.first || len(d) > 0 && !reflect.DeepEqual(d, disclosures[tt.first:tt.end]) {
					t.Errorf("%+v: got %+v, %v", tt, d, err)
				}
				r, err := v.Refusals(ctx, tt.from, tt.before, tt.limit)
				if err != nil || len(r) != tt.end-tt.first || len(r) > 0 && !reflect.DeepEqual(r, refusals[tt.first:tt.end]) {
					t.Errorf("%+v: got %+v, %v", tt, r, err)
				}
			}
		})
	})
}

func TestBatchesThatWaitStandFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		save := func(b store.Batch) {
			t.Helper()
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveBatch(ctx, b) })
		}
		batch := func(id string, minute int) store.Batch {
			return store.Batch{ID: id, Name: id + ".csv", File: id, By: clerk.ID, Role: gongxin.RoleClerk, Court: clerk.Court, Reason: "DROP", Withdrawals: 80, InForce: 100, At: noon.Add(time.Duration(minute) * time.Minute)}
		}
		for i, id := range []string{"a", "b", "c", "d"} {
			save(batch(id, i))
		}
		decided := func(id string, minute int, outcome string, applied time.Time) store.Batch {
			b := batch(id, minute)
			b.Outcome, b.Decided, b.DecidedBy, b.Note, b.Applied = outcome, noon.Add(time.Hour), "op", "已核实", applied
			return b
		}
		want := []store.Batch{
			batch("b", 1), decided("a", 0, store.Approved, time.Time{}), decided("d", 3, store.Refused, time.Time{}), decided("c", 2, store.Approved, noon.Add(2*time.Hour)),
		}
		for _, b := range want[1:] {
			changed := b
			changed.Name, changed.By, changed.Withdrawals = "other", "somebody", 0 // what was submitted stays
			save(changed)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.Batches(ctx, 10); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if got, err := v.Batches(ctx, 1); err != nil || len(got) != 1 {
				t.Errorf("got %+v, %v", got, err)
			}
			if _, err := v.Batch(ctx, "e"); gongxin.CodeOf(err) != "BATCH_UNKNOWN" {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestADepartmentSeesItsOwnReviewsAndKeptMeasures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
		review := func(id, gate string, filed, answered int) store.RestrictionReview {
			r := store.RestrictionReview{ID: id, Gate: gate, Reference: "R" + id, Reason: "同名", By: "subject", Filed: at(filed)}
			if answered > 0 {
				r.Answered, r.AnsweredBy, r.Upheld, r.Answer = at(answered), "officer", true, "已解除"
			}
			return r
		}
		a, b, c := review("a", "rail", 1, 5), review("b", "rail", 2, 0), review("c", "hotel", 3, 0)
		day := gongxin.MustDay("2018-01-01")
		late := store.Kept{Gate: "rail", Reference: "1", Measure: "m", Ground: "法律规定", Until: day.Add(9), By: "officer", At: noon}
		soon := store.Kept{Gate: "rail", Reference: "2", Listing: gongxin.ListingID{1}, Measure: "m", Ground: "法律规定", Until: day, By: "officer", At: noon}
		over := store.Kept{Gate: "hotel", Reference: "1", Measure: "m", Ground: "法律规定", Until: day.Add(-9), By: "officer", At: noon, Ended: at(9)}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, r := range []store.RestrictionReview{review("a", "rail", 1, 0), b, c, a} {
				if err := tx.SaveRestrictionReview(ctx, r); err != nil {
					return err
				}
			}
			running := over
			running.Ended = time.Time{}
			for _, k := range []store.Kept{late, soon, running, over} {
				if err := tx.SaveKept(ctx, k); err != nil {
					return err
				}
			}
			if got, err := tx.RestrictionReview(ctx, "a"); err != nil || got != a {
				t.Errorf("got %+v, %v, want %+v", got, err, a)
			}
			return nil
		})
		view(t, db, func(ctx context.Context, v *store.View) {
			for gate, want := range map[string][]store.RestrictionReview{"": {c, b, a}, "rail": {b, a}, "hotel": {c}, "none": nil} {
				if got, err := v.RestrictionReviews(ctx, gate, 10); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%q: got %+v, %v, want %+v", gate, got, err, want)
				}
			}
			for gate, want := range map[string][]store.Kept{"": {soon, late, over}, "rail": {soon, late}, "hotel": {over}, "none": nil} {
				if got, err := v.Kept(ctx, gate, 10); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%q: got %+v, %v, want %+v", gate, got, err, want)
				}
			}
			if _, err := v.RestrictionReview(ctx, "z"); gongxin.CodeOf(err) != "RESTRICTION_REVIEW_UNKNOWN" {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestARevokedTokenStaysRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		token := access.Token{
			ID: "railway", Hash: [32]byte{9}, Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路", Created: noon, Expires: noon.Add(time.Hour),
			Scope: "changes receipts", Certificate: [32]byte{1}, Replaces: [32]byte{2},
		}
		revoked := token
		revoked.Revoked = noon.Add(time.Minute)
		shorter := token // as a rotation that had read it before would save it
		shorter.Expires = noon.Add(30 * time.Minute)
		want := revoked
		want.Expires = shorter.Expires
		for _, save := range []access.Token{token, revoked, shorter} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, save) })
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if got, err := tx.TokenByHash(ctx, token.Hash); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			return nil
		})
	})
}
