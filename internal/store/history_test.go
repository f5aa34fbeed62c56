package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

var clerk = gongxin.Actor{ID: "clerk.wang@苏0505", Role: gongxin.RoleClerk, Court: gongxin.MustCourtCode("苏0505"), Organisation: "苏州市虎丘区人民法院"}

// citizen returns the n-th valid citizen number of a made-up area.
func citizen(n int) identity.Number {
	digits := fmt.Sprintf("320000%04d%02d%02d%03d", 1950+n/1000/28/12%50, n/1000/28%12+1, n/1000%28+1, n%1000)
	sum := 0
	for i, c := range digits {
		sum += int(c-'0') * (1 << (17 - i) % 11)
	}
	num, _, err := identity.Parse(digits+string("10X98765432"[sum%11]), identity.CitizenID)
	if err != nil {
		panic(err)
	}
	return num
}

// entry is the n-th court's decision against a person.
func entry(n int) *gongxin.Entry {
	return &gongxin.Entry{
		Court: clerk.Court, CourtName: clerk.Organisation, Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n+1)),
		Subject: gongxin.Subject{Name: fmt.Sprintf("受测某%d", n), Number: citizen(n), Sex: citizen(n).Sex(), Age: 40},
		Basis:   "（2015）虎民初字第00123号", BasisBody: clerk.Organisation, Obligation: "偿还借款本金及利息", Performance: "全部未履行",
		Conduct: "有履行能力而拒不履行生效法律文书确定义务", Published: gongxin.MustDay("2017-02-06"), Filed: gongxin.MustDay("2016-05-01"),
		Performed: "0元", Unperformed: "100000元", Severity: "一般", Until: gongxin.MustDay("2019-02-05").Add(n % 700),
	}
}

// noon is a time for events.
var noon = time.Date(2017, 2, 6, 4, 0, 0, 0, time.UTC)

func newID(at time.Time) gongxin.ListingID {
	id, err := gongxin.NewListingID(at, rand.Reader)
	if err != nil {
		panic(err)
	}
	return id
}

func admitted(n int) gongxin.Event {
	return gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: newID(noon), At: noon, By: clerk, Origin: gongxin.FromCourtFile, Entry: entry(n)}
}

func withdrawn(l gongxin.Listing) gongxin.Event {
	return gongxin.Event{
		Kind: gongxin.ListingWithdrawn, Listing: l.ID, At: noon.Add(time.Hour), By: clerk, Ground: gongxin.GroundPerformed,
		Decision: "（2016）苏0505执1号之一", On: gongxin.MustDay("2017-03-01"),
	}
}

// admit writes the n-th listing in a transaction of its own.
func admit(ctx context.Context, db *store.DB, n int) (l gongxin.Listing, err error) {
	err = db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		l, err = tx.Append(ctx, gongxin.Listing{}, admitted(n), [32]byte{1, byte(n)})
		return err
	})
	return l, err
}

// admitMany writes listings from to to−1 in transactions of size.
func admitMany(t testing.TB, db *store.DB, from, to, size int) []gongxin.Listing {
	t.Helper()
	var all []gongxin.Listing
	for ; from < to; from += size {
		err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for n := from; n < min(from+size, to); n++ {
				l, err := tx.Append(ctx, gongxin.Listing{}, admitted(n), [32]byte{1})
				if err != nil {
					return err
				}
				all = append(all, l)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// view runs f with a view.
func view(t testing.TB, db *store.DB, f func(ctx context.Context, v *store.View)) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		f(ctx, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t testing.TB, db *store.DB) {
	t.Helper()
	if err := db.Read(t.Context(), func(ctx context.Context, v *store.View) error { return v.Check(ctx) }); err != nil {
		t.Fatal(err)
	}
}

func head(t testing.TB, db *store.DB) (size, count uint64) {
	t.Helper()
	view(t, db, func(ctx context.Context, v *store.View) {
		h, err := v.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		size, count = h.Size, h.Count
	})
	return size, count
}

func TestAListingReadsBackAsItWasFolded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, err := admit(t.Context(), db, 1)
		if err != nil {
			t.Fatal(err)
		}
		after := l
		err = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			read, err := tx.Listing(ctx, l.ID)
			if err != nil {
				return err
			}
			if read != l {
				t.Errorf("got %+v, want %+v", read, l)
			}
			after, err = tx.Append(ctx, read, withdrawn(read), [32]byte{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, db := range []*store.DB{db, open()} {
			view(t, db, func(ctx context.Context, v *store.View) {
				if got, err := v.Listing(ctx, l.ID); err != nil || got != after {
					t.Errorf("got %+v, %v, want %+v", got, err, after)
				}
				events, err := v.Events(ctx, l.ID)
				if err != nil || len(events) != 2 || events[0].Sequence != 1 || events[1].Sequence != 2 || events[1].Event.Decision != after.Exit.Decision {
					t.Errorf("got events %+v, %v", events, err)
				}
				found, err := v.Find(ctx, []gongxin.ListingKey{entry(2).Key(), entry(1).Key()})
				if err != nil || len(found) != 2 || found[0] != (gongxin.Found{}) || found[1] != (gongxin.Found{Listing: after, Submission: [32]byte{1, 1}}) {
					t.Errorf("got %+v, %v", found, err)
				}
				of, err := v.OfSubject(ctx, citizen(1))
				if err != nil || len(of) != 1 || of[0] != after {
					t.Errorf("got %+v, %v", of, err)
				}
			})
			check(t, db)
		}
	})
}

func TestAnUnknownListingIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		view(t, db, func(ctx context.Context, v *store.View) {
			if _, err := v.Listing(ctx, gongxin.ListingID{1}); gongxin.CodeOf(err) != "UNKNOWN_LISTING" {
				t.Errorf("got %v", err)
			}
		})
		err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Listing(ctx, gongxin.ListingID{1})
			return err
		})
		if gongxin.CodeOf(err) != "UNKNOWN_LISTING" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAListingThatMovedIsStale(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, err := admit(t.Context(), db, 1)
		if err != nil {
			t.Fatal(err)
		}
		end := func() error {
			return db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Append(ctx, l, withdrawn(l), [32]byte{}) // l was read before
				return err
			})
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if err := end(); !errors.Is(err, gongxin.Conflict("STALE_LISTING")) {
			t.Errorf("got %v", err)
		}
		again := func() error {
			_, err := admit(t.Context(), db, 1)
			return err
		}
		if err := again(); err != nil { // it has ended: the next round
			t.Error(err)
		}
		if err := again(); !errors.Is(err, gongxin.Conflict("STALE_LISTING")) {
			t.Errorf("a second listing in force of one key: got %v", err)
		}
		check(t, db)
	})
}
