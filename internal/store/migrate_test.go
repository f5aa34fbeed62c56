package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
	"gongxin/ledger"
)

// empty runs f for each engine with a database that has no schema.
func empty(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, storetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, storetest.EmptyPostgres(t)) })
}

// fill writes something into every table.
func fill(t *testing.T, db *store.DB) {
	t.Helper()
	db.MergeEvery(4)
	listed := admitMany(t, db, 0, 9, 3)
	err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, l := range listed[:3] {
			if _, err := tx.Append(ctx, l, withdrawn(l), [32]byte{}); err != nil {
				return err
			}
		}
		err := tx.SaveToken(ctx, access.Token{ID: "railway", Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路", Created: noon, Expires: noon.Add(time.Hour)})
		if err != nil {
			return err
		}
		if err := tx.SaveReceipt(ctx, store.Receipt{Gate: "railway", Organisation: "铁路", Sequence: 7, At: noon, Received: noon, Count: 7, Note: []byte("signed")}); err != nil {
			return err
		}
		if err := tx.SaveReceipt(ctx, store.Receipt{Gate: "railway", Organisation: "铁路", Sequence: 7, At: noon, Received: noon, Count: 8, Note: []byte("signed")}); err != nil {
			return err
		}
		if err := tx.SaveCosigned(ctx, 7, []byte("cosigned")); err != nil {
			return err
		}
		if err := tx.SaveReceiptKey(ctx, store.ReceiptKey{Gate: "railway", Verifier: "railway+key", Since: noon}); err != nil {
			return err
		}
		_, err = tx.SaveOutcomes(ctx, []store.Outcome{{Gate: "railway", Reference: "R1", Kind: store.Restricted, Listing: listed[4].ID, Scenario: "flight", Measure: "3.6.flight", Sequence: 7, At: noon, Received: noon}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Erase(t.Context(), listed[1].ID, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Announce(t.Context(), gongxin.BatchApproval, []byte(`{"batch":"B1","by":"operator"}`)); err != nil {
		t.Fatal(err)
	}
	l := goOn(t, db, gongxin.Listing{}, 9, append(lawful(9), contested(9)[:7]...)...)
	w := kept(l)
	write(t, db, func(ctx context.Context, tx *store.Tx) error { return w.save(ctx, tx) })
}

func checkFilled(t *testing.T, db *store.DB, version int) {
	t.Helper()
	if version > 1 {
		view(t, db, func(ctx context.Context, v *store.View) {
			found, err := v.Find(ctx, []gongxin.ListingKey{entry(9).Key()})
			if err != nil || found[0].Listing.State != gongxin.Suspended || found[0].Listing.Procedure.Step != gongxin.Reconsidering {
				t.Errorf("got %+v, %v", found, err)
				return
			}
			w := kept(found[0].Listing)
			w.compare(ctx, t, v)
		})
	}
	check(t, db)
	view(t, db, func(ctx context.Context, v *store.View) {
		found, err := v.Find(ctx, []gongxin.ListingKey{entry(0).Key(), entry(8).Key()})
		if err != nil || found[0].Listing.State != gongxin.Withdrawn || found[1].Listing.Entry != *entry(8) {
			t.Errorf("got %+v, %v", found, err)
		}
		if tokens, err := v.Tokens(ctx); err != nil || len(tokens) == 0 || tokens[0].ID != "railway" {
			t.Errorf("got tokens %+v, %v", tokens, err)
		}
		if gates, err := v.Gates(ctx); err != nil || len(gates) != 1 || gates[0].Restricted != 1 || gates[0].Sequence != 7 {
			t.Errorf("got gates %+v, %v", gates, err)
		}
	})
	if version >= 5 {
		view(t, db, func(ctx context.Context, v *store.View) {
			if b, err := v.Cosigned(ctx, 7); err != nil || string(b) != "cosigned" {
				t.Errorf("cosigned: %q, %v", b, err)
			}
			if all, err := v.ReplacedReceipts(ctx, "railway"); err != nil || len(all) != 1 || all[0].Count != 7 {
				t.Errorf("replaced: %+v, %v", all, err)
			}
		})
	}
	if _, err := admit(t.Context(), db, 20); err != nil {
		t.Error(err)
	}
	check(t, db)
}

func TestAFilledDatabaseOfEachVersionIsUpgraded(t *testing.T) {
	if *store.UpdateFilled {
		url := storetest.SQLite(t)
		fill(t, storetest.Open(t, url))
		versions := store.Versions()
		if err := store.WriteFilled(storetest.SQL(t, url), versions[len(versions)-1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range store.Versions() {
		t.Run(fmt.Sprintf("version=%d", version), func(t *testing.T) {
			empty(t, func(t *testing.T, url string) {
				if err := store.MigrateTo(t.Context(), url, storetest.Options(), version); err != nil {
					t.Fatal(err)
				}
				if err := store.LoadFilled(storetest.SQL(t, url), store.Filled(version)); err != nil {
					t.Fatal(err)
				}
				checkFilled(t, storetest.Open(t, url), version)
			})
		})
	}
}

// procedure_0001.json was written by the first release: leaves that say
// notice_served and listing_decided, and listings without a folded procedure.
func TestProceduresOfTheFirstReleaseAreFolded(t *testing.T) {
	empty(t, func(t *testing.T, url string) {
		if err := store.MigrateTo(t.Context(), url, storetest.Options(), 1); err != nil {
			t.Fatal(err)
		}
		if err := store.LoadFilled(storetest.SQL(t, url), "procedure_0001.json"); err != nil {
			t.Fatal(err)
		}
		db := storetest.Open(t, url)
		check(t, db)
		day := gongxin.MustDay("2017-02-06")
		var l gongxin.Listing
		view(t, db, func(ctx context.Context, v *store.View) {
			found, err := v.Find(ctx, []gongxin.ListingKey{entry(0).Key(), entry(1).Key(), entry(2).Key()})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []struct {
				state gongxin.State
				p     gongxin.Procedure
			}{
				{gongxin.InForce, gongxin.Procedure{Noticed: day, Approver: judge.ID, Decision: "（2016）苏0505执1号", Decided: day, Handler: judge.ID}},
				{gongxin.Revoked, gongxin.Procedure{Noticed: day, Approver: judge.ID, Decision: "（2016）苏0505执2号", Decided: day, Handler: judge.ID}},
				{gongxin.InForce, gongxin.Procedure{}},
			} {
				if l := found[i].Listing; l.State != want.state || l.Procedure != want.p {
					t.Errorf("listing %d: got %s, %+v, want %+v", i, l.State, l.Procedure, want)
				}
			}
			records, _, err := v.Changes(ctx, gongxin.AudiencePartner, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []gongxin.EventKind{gongxin.NoticeServed, gongxin.NoticeServed, gongxin.ListingDecided} {
				leaf, err := ledger.ParseLeaf(records[i].Leaf)
				if err != nil || leaf.Kind != string(want) || string(records[i].Body) != "{}" {
					t.Errorf("event %d: got %s with %s, %v, want %s", i+1, leaf.Kind, records[i].Body, err, want)
				}
			}
			l = found[0].Listing
			events, err := v.Events(ctx, l.ID)
			if err != nil || len(events) != 4 || events[1].Event.Kind != gongxin.ListingDecided {
				t.Errorf("got %+v, %v", events, err)
			}
		})
		follow(t, db, gongxin.AudiencePartner, 3)
		goOn(t, db, l, 0, contested(0)...) // and what this release knows goes on from there
		check(t, db)
	})
}

func TestAnotherMigrationKeepsWhatIsThere(t *testing.T) {
	empty(t, func(t *testing.T, url string) {
		o := storetest.Options()
		db, err := store.Open(t.Context(), url, o)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		// A step that fails half-way leaves nothing behind.
		if err := store.MigrateFurther(t.Context(), url, o, "ALTER TABLE listings ADD COLUMN note BYTES; SELECT no_such_thing;"); err == nil {
			t.Fatal("a step that cannot be was applied")
		}
		again := storetest.Open(t, url)
		checkFilled(t, again, len(store.Versions()))
		if err := store.MigrateFurther(t.Context(), url, o, "ALTER TABLE listings ADD COLUMN note BYTES;"); err != nil {
			t.Fatal(err)
		}
		for range 2 { // once more changes nothing
			if err := store.MigrateFurther(t.Context(), url, o, "ALTER TABLE listings ADD COLUMN note BYTES;"); err != nil {
				t.Fatal(err)
			}
		}
		_, err = store.Open(t.Context(), url, o)
		if gongxin.CodeOf(err) != "STORE_NEWER" {
			t.Errorf("opened by a version that does not know the step: got %v", err)
		}
		check(t, again)
	})
}

func TestOpeningAtOnceMakesOneSchema(t *testing.T) {
	empty(t, func(t *testing.T, url string) {
		errs := make(chan error)
		for range 4 {
			go func() {
				db, err := store.Open(context.Background(), url, storetest.Options())
				if err == nil {
					_, err = admit(context.Background(), db, int(time.Now().UnixNano()%1000))
					if gongxin.CodeOf(err) == "STALE_LISTING" {
						err = nil // the same number drawn twice
					}
					if closing := db.Close(); err == nil {
						err = closing
					}
				}
				errs <- err
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		check(t, storetest.Open(t, url))
	})
}

func TestADatabaseOpensWithItsOwnBlindKeyOnly(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		storetest.Open(t, url)
		o := storetest.Options()
		o.BlindKey = make([]byte, store.BlindKeySize)
		if _, err := store.Open(t.Context(), url, o); gongxin.CodeOf(err) != "STORE_KEY" {
			t.Errorf("got %v", err)
		}
		o.BlindKey = o.BlindKey[1:]
		if _, err := store.Open(t.Context(), url, o); err == nil {
			t.Error("a short key was taken")
		}
	})
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	for _, url := range []string{"", "sqlite:", ":memory:", "sqlite:" + t.TempDir() + "/no/such/dir/x.db", "postgres://127.0.0.1:1/x", "postgres://%zz"} {
		if db, err := store.Open(t.Context(), url, storetest.Options()); err == nil {
			t.Errorf("%q was opened (%v)", url, db.Close())
		} else if strings.Contains(err.Error(), "panic") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
