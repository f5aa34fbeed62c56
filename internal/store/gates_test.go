package store_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
	"gongxin/ledger"
)

func write(t *testing.T, db *store.DB, f func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestAGateNeverGoesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		receipt := func(gate string, sequence uint64, minute int) store.Receipt {
			at := noon.Add(time.Duration(minute) * time.Minute)
			return store.Receipt{Gate: gate, Organisation: gate + " office", Sequence: sequence, At: at, Received: at.Add(time.Second), Count: sequence, Digest: ledger.Digest{byte(minute)}}
		}
		for _, r := range []store.Receipt{receipt("rail", 5, 1), receipt("rail", 9, 2), receipt("rail", 7, 3), receipt("rail", 9, 4), receipt("hotel", 6, 5)} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveReceipt(ctx, r) })
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			gates, err := v.Gates(ctx)
			if err != nil || len(gates) != 2 || gates[0].Gate != "hotel" {
				t.Fatalf("got %+v, %v", gates, err)
			}
			want := store.Gate{
				Gate: "rail", Organisation: "rail office", Sequence: 9, At: noon.Add(2 * time.Minute), Heard: noon.Add(4*time.Minute + time.Second),
				Count: 9, Digest: ledger.Digest{4}, Receipts: 3,
			}
			if gates[1] != want {
				t.Errorf("got %+v, want %+v", gates[1], want)
			}
			for sequence, want := range map[uint64]map[string]time.Time{
				5:  {"rail": noon.Add(time.Minute), "hotel": noon.Add(5 * time.Minute)},
				6:  {"rail": noon.Add(3 * time.Minute), "hotel": noon.Add(5 * time.Minute)},
				9:  {"rail": noon.Add(2 * time.Minute)},
				10: {},
			} {
				got, err := v.Applied(ctx, sequence)
				if err != nil || len(got) != len(want) || got["rail"] != want["rail"] || got["hotel"] != want["hotel"] {
					t.Errorf("applied %d: got %v, %v, want %v", sequence, got, err, want)
				}
			}
		})
	})
}

func TestAnOutcomeSentTwiceCountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		listing := newID(noon)
		outcome := func(reference, kind string) store.Outcome {
			return store.Outcome{
				Gate: "rail", Reference: reference, Kind: kind, Listing: listing, Scenario: "g_train", Measure: "3.6.g_train",
				Sequence: 3, At: noon, Received: noon.Add(time.Second),
			}
		}
		referred := outcome("R2", store.Referred)
		referred.Listing = gongxin.ListingID{}
		for i, batch := range [][]store.Outcome{
			{outcome("R1", store.Restricted), outcome("R1", store.Lifted), referred},
			{outcome("R1", store.Restricted), outcome("R3", store.Restricted), outcome("R3", store.Restricted)},
			{},
		} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				taken, err := tx.SaveOutcomes(ctx, batch)
				if want := []int{3, 1, 0}[i]; taken != want {
					t.Errorf("batch %d: took %d, want %d", i, taken, want)
				}
				return err
			})
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.SaveReceipt(ctx, store.Receipt{Gate: "rail", Organisation: "铁路", Sequence: 3, At: noon, Received: noon})
		})
		view(t, db, func(ctx context.Context, v *store.View) {
			gates, err := v.Gates(ctx)
			if err != nil || len(gates) != 1 || gates[0].Restricted != 2 || gates[0].Lifted != 1 || gates[0].Referred != 1 {
				t.Errorf("got %+v, %v", gates, err)
			}
			if lifted, err := v.Lifted(ctx, listing); err != nil || len(lifted) != 1 || lifted["rail"] != 1 {
				t.Errorf("got %v, %v", lifted, err)
			}
			var got []store.Outcome
			keep := func(o store.Outcome) error { got = append(got, o); return nil }
			if err := v.Outcomes(ctx, noon, noon.Add(1), keep); err != nil || len(got) != 0 { // before is excluded, in whole ms
				t.Errorf("got %+v, %v", got, err)
			}
			if err := v.Outcomes(ctx, noon, noon.Add(time.Millisecond), keep); err != nil || len(got) != 4 || got[0] != outcome("R1", store.Lifted) || got[2] != referred {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	})
}

func TestATokenIsFoundByItsHashAndCanBeRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		token := access.Token{
			ID: "clerk.wang@苏0505", Hash: [32]byte{9}, Role: gongxin.RoleClerk, Court: gongxin.MustCourtCode("苏0505"), Organisation: "虎丘区法院",
			Created: noon, Expires: noon.Add(time.Hour),
		}
		for range 2 {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, token) })
			view(t, db, func(ctx context.Context, v *store.View) {
				if got, err := v.TokenByHash(ctx, token.Hash); err != nil || got != token {
					t.Errorf("got %+v, %v, want %+v", got, err, token)
				}
			})
			token.Revoked = noon.Add(time.Minute)
		}
	})
}

// A gate that was started anew signs the same again, later: what it said first
// stands. What it says differently stands in its place, and the first is kept.
func TestTheSameReceiptLaterLeavesTheFirstAndAnotherReplacesIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		receipt := func(minute int, root string, digest byte, signed bool) store.Receipt {
			at := noon.Add(time.Duration(minute) * time.Minute)
			r := store.Receipt{Gate: "rail", Organisation: "铁路", Sequence: 9, At: at, Received: at.Add(time.Second), Count: 4, Digest: ledger.Digest{digest}}
			if signed {
				r.Note = []byte(ledger.TextReceipt + "\nlog\nrail\n9\n" + root + "\n4 …\napplied " + at.String() + "\n\n— rail …\n")
			}
			return r
		}
		unsigned, first := receipt(1, "", 1, false), receipt(2, "A", 1, true)
		otherRoot, otherDigest := receipt(4, "B", 1, true), receipt(5, "B", 2, true)
		for _, step := range []struct {
			name     string
			r        store.Receipt
			note     []byte
			digest   byte
			replaced int
		}{
			{"unsigned", unsigned, nil, 1, 0},
			{"now it is signed", first, first.Note, 1, 0},
			{"the same, later", receipt(3, "A", 1, true), first.Note, 1, 0},
			{"another root", otherRoot, otherRoot.Note, 1, 1},
			{"another set", otherDigest, otherDigest.Note, 2, 2},
			{"that again", receipt(6, "B", 2, true), otherDigest.Note, 2, 2},
			{"that again, from before signing", receipt(7, "", 2, false), otherDigest.Note, 2, 2},
		} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveReceipt(ctx, step.r) })
			view(t, db, func(ctx context.Context, v *store.View) {
				got, err := v.Receipts(ctx, 8, 9)
				if err != nil || len(got) != 1 || !bytes.Equal(got[0].Note, step.note) || got[0].Digest[0] != step.digest || got[0].At != unsigned.At {
					t.Errorf("%s: got %+v, %v", step.name, got, err)
				}
				replaced, err := v.ReplacedReceipts(ctx, "rail")
				if err != nil || len(replaced) != step.replaced {
					t.Errorf("%s: replaced %+v, %v", step.name, replaced, err)
				}
				if gates, err := v.Gates(ctx); err != nil || len(gates) != 1 || gates[0].Heard != step.r.Received {
					t.Errorf("%s: heard %+v, %v", step.name, gates, err)
				}
			})
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			replaced, err := v.ReplacedReceipts(ctx, "rail")
			if err != nil || !bytes.Equal(replaced[0].Note, first.Note) || !bytes.Equal(replaced[1].Note, otherRoot.Note) {
				t.Errorf("got %+v, %v", replaced, err)
			}
		})
	})
}
