package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
)

// many is a log of n listings, and a reader that holds them.
func many(t *testing.T, n int) (*hubLog, *reader, []gongxin.ListingID) {
	l := newLog(t)
	var ids []gongxin.ListingID
	for i := range n {
		ids = append(ids, l.admit(i))
	}
	l.sign()
	r := follow(t, l)
	r.f.Guard = Guard{DropCount: 5, DropShare: 0.1, SurgeCount: 10, SurgeShare: 0.2, Window: time.Hour}
	r.want("the first list", "", r.all(l))
	return l, r, ids
}

func (l *hubLog) withdraw(ids ...gongxin.ListingID) {
	l.t.Helper()
	for _, id := range ids {
		l.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: id, Ground: gongxin.GroundPerformed})
	}
}

func TestAnAbnormalDropOrSurgeIsNotApplied(t *testing.T) {
	for _, tt := range []struct {
		name         string
		left, enters int
		approved     gongxin.BatchApproved
		want         string
	}{
		{"a usual day", 5, 10, gongxin.BatchApproved{}, ""},
		{"many, but a small part", 10, 20, gongxin.BatchApproved{}, ""}, // of 100: a tenth, a fifth
		{"a drop", 11, 0, gongxin.BatchApproved{}, "FEED_ABNORMAL"},
		{"a surge", 0, 21, gongxin.BatchApproved{}, "FEED_ABNORMAL"},
		{"nothing left", 100, 0, gongxin.BatchApproved{}, "FEED_ABNORMAL"},
		{"a drop that was approved", 60, 0, gongxin.BatchApproved{Withdrawals: 60}, ""},
		{"nothing left, as approved", 100, 0, gongxin.BatchApproved{Withdrawals: 100}, ""},
		{"nothing left, all but one approved", 100, 0, gongxin.BatchApproved{Withdrawals: 99}, "FEED_ABNORMAL"},
		{"a drop of which part was approved", 60, 0, gongxin.BatchApproved{Withdrawals: 49}, "FEED_ABNORMAL"},
		{"what is beyond the approval is usual", 60, 0, gongxin.BatchApproved{Withdrawals: 50}, ""},
		{"approved for the other direction", 60, 0, gongxin.BatchApproved{Listings: 100}, "FEED_ABNORMAL"},
		{"a surge that was approved", 0, 80, gongxin.BatchApproved{Listings: 80}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, r, ids := many(t, 100)
			l.withdraw(ids[:tt.left]...)
			if tt.approved != (gongxin.BatchApproved{}) { // before or after what it covers
				tt.approved.Batch, tt.approved.By = "b-1", gongxin.RoleOperator
				l.announce(tt.approved)
			}
			for i := range tt.enters {
				l.admit(200 + i)
			}
			l.sign()
			before := r.at
			if got := r.all(l); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if tt.want == "" {
				return
			}
			_, _, err := r.f.Advance(r.at, r.held, l.since(r.at.Tree.Size()))
			var e *gongxin.Error
			if !errors.As(err, &e) || r.at != before || !slices.Contains(e.Args, any(l.head.Size)) || !strings.Contains(e.What().ZH, "在册100条") {
				t.Errorf("said %v", err)
			}
			// An officer who accepts it lets it through; one who accepts part of it does not.
			if tt.approved == (gongxin.BatchApproved{}) {
				r.f = r.f.Accept(l.head.Size - uint64(max(tt.left, tt.enters)))
				r.want("accepted up to what came before", "FEED_ABNORMAL", r.all(l))
			}
			r.f = r.f.Accept(l.head.Size)
			r.want("accepted", "", r.all(l))
		})
	}
}

func TestADropInManyAnswersIsOneDrop(t *testing.T) {
	l, r, ids := many(t, 100)
	for i := range 10 {
		l.withdraw(ids[i])
		l.sign()
		r.want("one by one", "", r.all(l))
	}
	l.withdraw(ids[10])
	l.sign()
	r.want("one too many", "FEED_ABNORMAL", r.all(l))
	l.announce(gongxin.BatchApproved{Batch: "b-1", Withdrawals: 30, By: gongxin.RoleJudge})
	l.sign()
	r.want("approved afterwards", "", r.all(l))
	for i := range 29 {
		l.withdraw(ids[11+i])
		l.sign()
		r.want("the approval holds for what follows", "", r.all(l))
	}
	l.withdraw(ids[40])
	l.sign()
	r.want("and no further", "FEED_ABNORMAL", r.all(l))
	l.now = l.now.Add(time.Hour)
	l.sign()
	r.want("counted anew after the window", "", r.all(l))
	if r.at.Tally.Left != 1 || r.at.Tally.Before != 60 {
		t.Errorf("tally %+v", r.at.Tally)
	}
}

func TestWhatComesAndGoesDoesNotCount(t *testing.T) {
	l, r, ids := many(t, 100)
	for i := range 50 {
		l.event(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: ids[i], Ground: gongxin.GroundSecurity})
		l.event(gongxin.Event{Kind: gongxin.SuspensionEnded, Listing: ids[i], Entry: l.entry(i)})
		l.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: ids[i], Entry: l.entry(i)})
		l.withdraw(l.admit(300 + i))
	}
	l.sign()
	r.want("in and out", "", r.all(l))
	if r.at.Tally != (Tally{}) {
		t.Errorf("tally %+v", r.at.Tally)
	}
}

func TestTheGuardIsOffWhenZeroAndInABootstrap(t *testing.T) {
	l, r, ids := many(t, 30)
	l.withdraw(ids...)
	l.sign()
	off := *r
	off.held = heldMap{}
	for id, e := range r.held {
		off.held[id] = e
	}
	off.f.Guard = Guard{}
	off.want("no guard", "", off.all(l))
	guarded := *r
	guarded.f.Guard = Guard{DropCount: 1000, EmptyFrom: 31}
	guarded.want("so short a list may end", "", guarded.all(l))
	file := l.snapshot()
	if _, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, r.f, Position{}, heldMap{}); err != nil {
		t.Errorf("a bootstrap: %v", err)
	}
}
