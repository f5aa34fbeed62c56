package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// model is what a random history should give: every listing folded by hand.
type model struct {
	listings []gongxin.Listing
	latest   map[gongxin.ListingKey]int // of a key, its newest listing
	size     uint64
}

// follows are the kinds that move a listing on, and beside those that leave it in
// its state. The store asks only for what folds; some orders are not lawful.
var (
	follows = map[gongxin.State][]gongxin.EventKind{
		gongxin.ToNotice:  {gongxin.NoticeServed, gongxin.ListingDropped},
		gongxin.Noticed:   {gongxin.ListingInitiated},
		gongxin.Initiated: {gongxin.DecisionDrafted},
		gongxin.Proposed:  {gongxin.ListingDecided, gongxin.DraftReturned},
		gongxin.Decided:   {gongxin.DecisionServed, gongxin.ListingPublished, gongxin.ListingRevoked},
		gongxin.Delivered: {gongxin.ListingPublished},
		gongxin.InForce:   {gongxin.ListingCorrected, gongxin.TermExtended, gongxin.ListingSuspended, gongxin.ListingSuspended, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked},
		gongxin.Suspended: {gongxin.SuspensionEnded, gongxin.SuspensionEnded, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked},
	}
	beside = []gongxin.EventKind{gongxin.ObjectionFiled, gongxin.PropertyChecked, gongxin.DeadlineLapsed}
)

// next draws an event that the register could cause, and says to which listing; −1 for a new one.
func (m *model) next(t *rapid.T) (at int, e gongxin.Event) {
	n := rapid.IntRange(0, 9).Draw(t, "case")
	at, known := m.latest[entry(n).Key()]
	e = gongxin.Event{At: noon.Add(time.Duration(m.size) * time.Second), By: clerk}
	if !known || m.listings[at].State.Ended() {
		e = admitted(n)
		if rapid.Bool().Draw(t, "procedure") {
			e.Kind, e.Origin = gongxin.NoticeDrafted, gongxin.FromProcedure
		}
		e.Entry.NonPublic = rapid.Bool().Draw(t, "non-public")
		return -1, e
	}
	l := m.listings[at]
	e.Listing = l.ID
	e.By = rapid.SampledFrom([]gongxin.Actor{clerk, judge, subject}).Draw(t, "by")
	e.Kind = rapid.SampledFrom(append(follows[l.State], beside...)).Draw(t, "kind")
	e.Was, e.Late, e.Lead = l.Entry.Until, rapid.Bool().Draw(t, "late"), rapid.Bool().Draw(t, "lead")
	if e.Kind.SetsEntry() {
		corrected := l.Entry
		corrected.Performed = rapid.SampledFrom([]string{"0元", "1000元"}).Draw(t, "performed")
		corrected.Until = gongxin.MustDay("2018-01-01").Add(rapid.IntRange(0, 400).Draw(t, "until"))
		e.Entry = &corrected
	} else {
		e.Ground, e.On, e.NonPublic = gongxin.GroundSettled, gongxin.MustDay("2017-05-01"), l.Entry.NonPublic
	}
	return at, e
}

// take folds e as the store should.
func (m *model) take(t *rapid.T, at int, e gongxin.Event) gongxin.Listing {
	var before gongxin.Listing
	if at >= 0 {
		before = m.listings[at]
	}
	after, err := before.Apply(e, m.size+1)
	if err != nil {
		t.Fatal(err)
	}
	if m.size++; at < 0 {
		at = len(m.listings)
		m.listings = append(m.listings, after)
	}
	m.listings[at] = after
	m.latest[after.Entry.Key()] = at
	return after
}

func (m *model) copy() *model {
	c := &model{append([]gongxin.Listing(nil), m.listings...), map[gongxin.ListingKey]int{}, m.size}
	for k, v := range m.latest {
		c.latest[k] = v
	}
	return c
}

// share writes up to n events in one share, and fails it now and then.
func (m *model) share(t *rapid.T, ctx context.Context, db *store.DB, n int) {
	fail := rapid.IntRange(0, 3).Draw(t, "fail") == 0
	done := m.copy()
	err := db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		for range n {
			at, e := done.next(t)
			var before gongxin.Listing
			if at >= 0 {
				read, err := tx.Listing(ctx, e.Listing)
				if err != nil {
					return err
				}
				if before = done.listings[at]; read != before {
					t.Fatalf("in the transaction: got %+v, want %+v", read, before)
				}
			}
			got, err := tx.Append(ctx, before, e, [32]byte{})
			if err != nil {
				return err
			}
			if want := done.take(t, at, e); got != want {
				t.Fatalf("appended: got %+v, want %+v", got, want)
			}
		}
		if fail {
			return errRefused
		}
		return nil
	})
	if fail != errors.Is(err, errRefused) || !fail && err != nil {
		t.Fatalf("got %v", err)
	}
	if !fail {
		*m = *done
	}
}

func TestRandomHistoriesReadAsTheyFold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		db.MergeEvery(5)
		m := &model{latest: map[gongxin.ListingKey]int{}}
		rapid.Check(t, func(rt *rapid.T) {
			// All runs go on with one history: a new database each would test opening.
			for range rapid.IntRange(1, 4).Draw(rt, "shares") {
				m.share(rt, t.Context(), db, rapid.IntRange(1, 6).Draw(rt, "events"))
			}
			m.compare(rt, t.Context(), db)
		})
		check(t, open())
	})
}

// compare reads everything back.
func (m *model) compare(t *rapid.T, ctx context.Context, db *store.DB) {
	err := db.Read(ctx, func(ctx context.Context, v *store.View) error {
		inForce := uint64(0)
		for k, at := range m.latest {
			want := m.listings[at]
			found, err := v.Find(ctx, []gongxin.ListingKey{k})
			if err != nil {
				return err
			}
			if found[0].Listing != want {
				t.Errorf("found %+v, want %+v", found[0].Listing, want)
			}
			of, err := v.OfSubject(ctx, want.Entry.Subject.Number)
			if err != nil {
				return err
			}
			if of[len(of)-1] != want {
				t.Errorf("of the subject: %+v, want %+v", of[len(of)-1], want)
			}
			if want.State == gongxin.InForce {
				inForce++
			}
		}
		day := gongxin.MustDay("2018-06-01")
		due, err := v.Due(ctx, day, 1000)
		if err != nil {
			return err
		}
		got := map[gongxin.ListingID]bool{}
		for _, id := range due {
			got[id] = true
		}
		for _, l := range m.listings {
			if want := (l.State == gongxin.InForce || l.State == gongxin.Suspended) && l.Entry.Until < day; want != got[l.ID] {
				t.Errorf("listing %s (%s until %s): due %v", l.ID, l.State, l.Entry.Until, got[l.ID])
			}
		}
		h, err := v.Head(ctx)
		if err != nil {
			return err
		}
		if h.Size != m.size || h.Count != inForce {
			t.Errorf("head at %d with %d in force, want %d with %d", h.Size, h.Count, m.size, inForce)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
