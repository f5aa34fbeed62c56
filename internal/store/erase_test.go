package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
	"gongxin/ledger"
)

func TestOnlyWhatHasEndedIsErasedAndErasingAgainChangesNothing(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		listed := admitMany(t, db, 0, 2, 2)
		if err := db.Erase(t.Context(), listed[0].ID, noon); gongxin.CodeOf(err) != "LISTING_NOT_ENDED" {
			t.Errorf("in force: got %v", err)
		}
		if err := db.Erase(t.Context(), gongxin.ListingID{1}, noon); gongxin.CodeOf(err) != "UNKNOWN_LISTING" {
			t.Errorf("unknown: got %v", err)
		}
		errs := together(t, db, func(ctx context.Context, tx *store.Tx) error { // one that fails undoes it
			l, err := tx.Append(ctx, listed[1], withdrawn(listed[1]), [32]byte{})
			if err != nil {
				return err
			}
			if err := tx.Erase(ctx, l.ID, noon); gongxin.CodeOf(err) != "STALE_LISTING" {
				t.Errorf("ended by the same transaction: got %v", err)
			}
			return nil
		})
		if errs[0] != nil {
			t.Fatal(errs[0])
		}
		errs = together(t, db,
			func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Erase(ctx, listed[1].ID, noon); err != nil {
					t.Error(err)
				}
				return errRefused
			},
			func(ctx context.Context, tx *store.Tx) error {
				l, err := tx.Listing(ctx, listed[1].ID)
				if err != nil || l.Entry != *entry(1) {
					t.Errorf("after a failed share: got %+v, %v", l, err)
				}
				return nil
			},
			func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Erase(ctx, listed[1].ID, noon); err != nil {
					return err
				}
				if l, err := tx.Listing(ctx, listed[1].ID); gongxin.CodeOf(err) != "LISTING_ERASED" || l.Entry.Subject.Name != "" {
					t.Errorf("in the transaction: got %+v, %v", l, err)
				}
				return nil
			},
		)
		if errs[1] != nil || errs[2] != nil {
			t.Fatal(errs)
		}
		check(t, db)
		before := everything(t, url)
		if err := db.Erase(t.Context(), listed[1].ID, noon.Add(time.Hour)); err != nil {
			t.Error(err)
		}
		if everything(t, url) != before {
			t.Error("erasing again changed something")
		}
		if err := db.Settle(t.Context()); err != nil {
			t.Error(err)
		}
		check(t, db)
	})
}

func TestWhatEndedBeforeADayIsFoundUntilItIsErased(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		listed := admitMany(t, db, 0, 4, 4)
		for n, l := range listed[:3] {
			e := withdrawn(l)
			e.At = noon.AddDate(0, n, 0)
			goOnAt(t, db, l, e)
		}
		day := gongxin.DayOf(noon.AddDate(0, 2, 0))
		found := func(day gongxin.Day, limit int, want ...gongxin.ListingID) {
			t.Helper()
			view(t, db, func(ctx context.Context, v *store.View) {
				got, err := v.EndedBefore(ctx, day, limit)
				if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("before %s: got %v, %v, want %v", day, got, err, want)
				}
			})
		}
		found(day, 10, listed[0].ID, listed[1].ID) // on its own day the third has not ended before it
		found(day.Add(1), 2, listed[0].ID, listed[1].ID)
		found(day.Add(1), 10, listed[0].ID, listed[1].ID, listed[2].ID)
		keep := store.Kept{Gate: "railway", Reference: "R1", Listing: listed[0].ID, Measure: "3.6.flight", Until: day.Add(9), At: noon}
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveKept(ctx, keep) })
		found(day, 10, listed[1].ID) // a department keeps a measure because of the first
		keep.Ended = noon.AddDate(0, 1, 0)
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveKept(ctx, keep) })
		found(day, 10, listed[0].ID, listed[1].ID)
		if err := db.Erase(t.Context(), listed[0].ID, noon); err != nil {
			t.Fatal(err)
		}
		found(day, 10, listed[1].ID)
	})
}

func goOnAt(t *testing.T, db *store.DB, l gongxin.Listing, e gongxin.Event) {
	t.Helper()
	write(t, db, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Append(ctx, l, e, [32]byte{})
		return err
	})
}

// TestErasedBytesLeaveTheFile looks for every trace of the persons in the files of
// the database itself. Listings are erased one by one while others stay, so that
// pages are shared, and the history is long enough for pages to have been split.
func TestErasedBytesLeaveTheFile(t *testing.T) {
	url := storetest.SQLite(t)
	db := storetest.Open(t, url)
	db.MergeEvery(64)
	const n = 300
	listed := admitMany(t, db, 0, n, 7)
	for i := range n {
		w := kept(listed[i])
		if i%3 == 0 {
			listed[i] = goOn(t, db, listed[i], i, gongxin.Event{Kind: gongxin.ListingCorrected, By: clerk})
		}
		listed[i] = goOn(t, db, listed[i], i, withdrawn(listed[i]))
		w.document.Page = append(w.document.Page, strings.Repeat(" ", i*40)...) // from a part of a page to several
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.KeepDocument(ctx, w.document); err != nil {
				return err
			}
			return tx.SaveEvidence(ctx, w.evidence)
		})
	}
	traces := func(i int) (found []string) {
		e := entry(i)
		for _, suffix := range []string{"", "-wal"} {
			file, err := os.ReadFile(strings.TrimPrefix(url, "sqlite:") + suffix)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{e.Subject.Number.Full(), e.Subject.Name + `"`, e.Subject.Name + "，", e.Case.String()} {
				if bytes.Contains(file, []byte(s)) {
					found = append(found, suffix+" "+s)
				}
			}
		}
		return found
	}
	if len(traces(7)) == 0 {
		t.Fatal("the test sees nothing at all")
	}
	for i := range n {
		if i%2 == 1 {
			if err := db.Erase(t.Context(), listed[i].ID, noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if found := traces(i); i%2 == 1 && len(found) > 0 {
			t.Errorf("listing %d was erased, and left: %q", i, found)
		} else if i%2 == 0 && len(found) == 0 {
			t.Errorf("listing %d was not erased, and is gone", i)
		}
	}
	check(t, db)
}

func TestAnAnnouncementIsTheSameForEveryAudience(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		admitMany(t, db, 0, 2, 2)
		body, err := gongxin.BatchApproved{Batch: "B1", Listings: 30, By: gongxin.RoleOperator}.Body()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := db.Announce(t.Context(), gongxin.BatchApproval, body); n != 3 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		for _, kind := range []gongxin.EventKind{gongxin.SnapshotMade, gongxin.ListingRevoked, "news"} {
			if _, err := db.Announce(t.Context(), kind, body); err == nil {
				t.Errorf("%s was announced", kind)
			}
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			for a := range gongxin.Audience(gongxin.Audiences) {
				records, _, err := v.Changes(ctx, a, 2, 10)
				if err != nil || len(records) != 1 {
					t.Fatalf("got %d records, %v", len(records), err)
				}
				leaf, err := ledger.ParseLeaf(records[0].Leaf)
				if err != nil || leaf.Kind != string(gongxin.BatchApproval) || gongxin.ListingID(leaf.Key) != (gongxin.ListingID{}) ||
					!bytes.Equal(records[0].Body, body) || ledger.Commit(records[0].Salt, body) != leaf.Commitments[a] {
					t.Errorf("%s: got %+v with %s, %v", a, leaf, records[0].Body, err)
				}
			}
			if recent, err := v.Recent(ctx, 10); err != nil || len(recent) != 2 {
				t.Errorf("got %d listings, %v", len(recent), err)
			}
		})
		check(t, db)
	})
}

func TestEventsNameTheOneBefore(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		l := goOn(t, db, gongxin.Listing{}, 1, lawful(1)...)
		view(t, db, func(ctx context.Context, v *store.View) {
			events, err := v.Events(ctx, l.ID)
			if err != nil {
				t.Fatal(err)
			}
			var before uint64
			for _, e := range events {
				if e.Event.Previous != before {
					t.Errorf("event %d names %d, want %d", e.Sequence, e.Event.Previous, before)
				}
				before = e.Sequence
			}
		})
		check(t, db)
	})
}

func TestReceiptsAndKeysAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		keys := []store.ReceiptKey{
			{Gate: "railway", Verifier: "railway+1", Since: noon}, {Gate: "railway", Since: noon.Add(time.Hour), By: "operator"},
		}
		receipt := func(n uint64, note string) store.Receipt {
			return store.Receipt{Gate: "railway", Sequence: n, At: noon.Add(time.Duration(n) * time.Minute), Received: noon, Count: n, Digest: [32]byte{1}, Note: []byte(note)}
		}
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, r := range []store.Receipt{receipt(5, "five"), receipt(9, ""), receipt(5, "")} { // an unsigned one takes no signed one's place
				if err := tx.SaveReceipt(ctx, r); err != nil {
					return err
				}
			}
			for _, k := range keys {
				if err := tx.SaveReceiptKey(ctx, k); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(ctx context.Context, v *store.View) {
			all, err := v.Receipts(ctx, 0, 9)
			if err != nil || len(all) != 2 || string(all[0].Note) != "five" || all[1].Note != nil || all[1].Count != 9 {
				t.Errorf("got %+v, %v", all, err)
			}
			if all, err := v.Receipts(ctx, 5, 8); err != nil || len(all) != 0 {
				t.Errorf("got %+v, %v", all, err)
			}
			around, err := v.ReceiptsAround(ctx, "railway", noon.Add(7*time.Minute))
			if err != nil || len(around) != 2 || around[0].Sequence != 5 || around[1].Sequence != 9 {
				t.Errorf("got %+v, %v", around, err)
			}
			if k, err := v.ReceiptKey(ctx, "railway"); err != nil || k != keys[1] {
				t.Errorf("got %+v, %v", k, err)
			}
			if all, err := v.ReceiptKeys(ctx, "railway"); err != nil || fmt.Sprint(all) != fmt.Sprint(keys) {
				t.Errorf("got %+v, %v", all, err)
			}
		})
	})
}

// Each row damages one thing; Examine goes on, and names it with the event.
func TestExamineNamesEveryFlawAndGoesOn(t *testing.T) {
	for _, tt := range []struct {
		damage string
		want   string // code and sequence of the first
	}{
		{"", ""},
		{`UPDATE events SET body_partner = body_public WHERE sequence = 3`, "FLAW_BODY 3"},
		{`UPDATE events SET seed = body_public WHERE sequence = 3`, "FLAW_BODY 3"},
		{`UPDATE events SET previous = 2 WHERE sequence = 12`, "FLAW_PREVIOUS 12"},
		{`UPDATE listings SET state = 'expired' WHERE ordinal = 5`, "FLAW_LISTING 17"},
		{`DELETE FROM events WHERE sequence = 4`, "FLAW_MISSING 4"},
		{`UPDATE documents SET page = data`, "FLAW_DOCUMENT 17"},
		{`DELETE FROM documents`, "FLAW_DOCUMENT 17"},
		{`UPDATE evidence SET body = hash`, "FLAW_EVIDENCE 0"},
	} {
		t.Run(tt.damage, func(t *testing.T) {
			url := storetest.SQLite(t)
			db := storetest.Open(t, url)
			listed := admitMany(t, db, 0, 9, 3)
			for n, l := range listed[:3] {
				listed[n] = goOn(t, db, l, n, withdrawn(l))
			}
			if err := db.Erase(t.Context(), listed[1].ID, noon); err != nil {
				t.Fatal(err)
			}
			w := kept(listed[4])
			hash := sha256.Sum256(w.document.Page)
			goOn(t, db, listed[4], 4, gongxin.Event{Kind: gongxin.RoundClosed, By: clerk}, gongxin.Event{Kind: gongxin.RequestFiled, By: subject},
				gongxin.Event{Kind: gongxin.RequestRefused, By: judge}, gongxin.Event{Kind: gongxin.PropertyChecked, By: clerk},
				gongxin.Event{Kind: gongxin.DocumentIssued, By: clerk, Hash: hash, Decision: w.document.Number})
			w.document.Sequence = 17
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.KeepDocument(ctx, w.document); err != nil {
					return err
				}
				return tx.SaveEvidence(ctx, w.evidence)
			})
			if tt.damage != "" {
				if _, err := storetest.SQL(t, url).Exec(tt.damage); err != nil {
					t.Fatal(err)
				}
			}
			var flaws []string
			view(t, db, func(ctx context.Context, v *store.View) {
				seen, err := v.Examine(ctx, func(uint64) {}, func(f store.Flaw) error {
					flaws = append(flaws, fmt.Sprintf("%s %d", f.What.Code, f.Sequence))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				want := store.Examined{Events: 17, Opened: 15, Erased: 2, Listings: 9, ErasedListings: 1, Documents: 1, Evidence: 1}
				if tt.damage == "" && seen != want {
					t.Errorf("got %+v, want %+v", seen, want)
				}
			})
			if tt.want == "" && len(flaws) > 0 || tt.want != "" && (len(flaws) == 0 || flaws[0] != tt.want) {
				t.Errorf("got %q, want %q", flaws, tt.want)
			}
		})
	}
}

// The last connection that closes copies the write-ahead log back and removes it,
// so a log that is left tells of a connection that was never given up.
func TestAClosedStoreLeavesNoConnection(t *testing.T) {
	url := storetest.SQLite(t)
	db, err := store.Open(t.Context(), url, storetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admit(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	check(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(strings.TrimPrefix(url, "sqlite:") + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the write-ahead log is still there (%v)", err)
	}
}
