package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
	"gongxin/ledger"
)

var (
	judge   = gongxin.Actor{ID: "judge.zhao@苏0505", Role: gongxin.RoleJudge, Court: clerk.Court, Organisation: clerk.Organisation}
	subject = gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject}
)

// lawful is how the n-th listing comes into force by its procedure.
func lawful(n int) []gongxin.Event {
	decision := fmt.Sprintf("（2016）苏0505执%d号", n+1)
	return []gongxin.Event{
		{Kind: gongxin.NoticeDrafted, By: clerk, Origin: gongxin.FromProcedure},
		{Kind: gongxin.NoticeServed, By: clerk, Service: gongxin.ServedDirectly},
		{Kind: gongxin.ListingInitiated, By: clerk, Motion: gongxin.OnApplication},
		{Kind: gongxin.DecisionDrafted, By: clerk},
		{Kind: gongxin.ListingDecided, By: judge, Decision: decision},
		{Kind: gongxin.DecisionServed, By: clerk, Service: gongxin.ServedByMail},
		{Kind: gongxin.ListingPublished, By: clerk},
	}
}

// contested is what may follow: every kind of step and of change, until it ends.
func contested(n int) []gongxin.Event {
	decision := fmt.Sprintf("（2016）苏0505执%d号之", n+1)
	return []gongxin.Event{
		{Kind: gongxin.DocumentIssued, By: clerk, Document: gongxin.DocDecision, Decision: decision + "一", Hash: [32]byte{9}},
		{Kind: gongxin.ObjectionFiled, By: subject, Reason: "已经履行", Evidence: "ab", Late: true},
		{Kind: gongxin.DeadlineLapsed, By: gongxin.Actor{ID: "hub", Role: gongxin.RoleHub}, Duty: gongxin.DutyReview, Opened: 9},
		{Kind: gongxin.ObjectionRejected, By: judge, Reason: "无履行凭证", Decision: decision + "二"},
		{Kind: gongxin.RejectionServed, By: clerk, Service: gongxin.ServedDirectly},
		{Kind: gongxin.ReconsiderationFiled, By: subject, Reason: "不服", Higher: gongxin.MustCourtCode("苏05")},
		{Kind: gongxin.ListingSuspended, By: judge, Ground: gongxin.GroundSecurity, Decision: decision + "三", Reason: "提供担保"},
		{Kind: gongxin.ReconsiderationRejected, By: gongxin.Actor{ID: "judge.qian@苏05", Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏05")}, Decision: "（2017）苏05执复1号"},
		{Kind: gongxin.SuspensionEnded, By: judge, Decision: decision + "四", Reason: "担保失效"},
		{Kind: gongxin.TermExtended, By: judge, Decision: decision + "五", Was: gongxin.MustDay("2019-02-05")},
		{Kind: gongxin.ListingCorrected, By: clerk},
		{Kind: gongxin.OrganisationNotified, By: clerk, Service: gongxin.ServedByMail},
		{Kind: gongxin.ReviewProposed, By: gongxin.Actor{ID: "railway", Role: gongxin.RoleOfficer}, Reason: "同名"},
		{Kind: gongxin.ProposalAnswered, By: judge, Reason: "非同一人"},
		{Kind: gongxin.RoundClosed, By: clerk},
		{Kind: gongxin.PropertyChecked, By: clerk},
		{Kind: gongxin.PropertyChecked, By: clerk},
		{Kind: gongxin.GroundRecorded, By: clerk, Ground: gongxin.GroundNoProperty},
		{Kind: gongxin.RequestFiled, By: subject, Request: gongxin.RequestWithdrawal, Ground: gongxin.GroundNoProperty, Reason: "两次查控无财产"},
		{Kind: gongxin.RequestGranted, By: judge, Decision: decision + "六"},
		{Kind: gongxin.ListingWithdrawn, By: judge, Ground: gongxin.GroundNoProperty, Decision: decision + "六"},
	}
}

// next fills in what events of a listing have in common.
func next(l gongxin.Listing, n int, e gongxin.Event) gongxin.Event {
	if e.Listing = l.ID; l.ID.IsZero() {
		e.Listing = newID(noon)
	}
	e.At = noon.Add(time.Duration(l.Sequence) * time.Minute)
	e.On = gongxin.MustDay("2017-02-06")
	if e.Kind.SetsEntry() {
		if e.Entry = entry(n); e.Kind == gongxin.TermExtended {
			e.Entry.Until = gongxin.MustDay("2021-02-05")
		}
	}
	return e
}

// goOn appends events to the n-th listing, in one share.
func goOn(t testing.TB, db *store.DB, l gongxin.Listing, n int, events ...gongxin.Event) gongxin.Listing {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
		for _, e := range events {
			if l, err = tx.Append(ctx, l, next(l, n, e), [32]byte{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestEveryKindReadsBackAsItWasFolded takes one step after the other, each in a
// transaction of its own, and reads the listing with its procedure after each.
func TestEveryKindReadsBackAsItWasFolded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db, other := open(), open()
		db.MergeEvery(1)
		var l gongxin.Listing
		events := append(lawful(1), contested(1)...)
		for _, e := range events {
			l = goOn(t, db, l, 1, e)
			view(t, other, func(ctx context.Context, v *store.View) {
				if got, err := v.Listing(ctx, l.ID); err != nil || got != l {
					t.Fatalf("after %s: got %+v, %v, want %+v", e.Kind, got, err, l)
				}
				counts, err := v.Counts(ctx)
				if err != nil || counts[l.State] != 1 {
					t.Errorf("after %s: got %v, %v, want one %s", e.Kind, counts, err, l.State)
				}
			})
			write(t, other, func(ctx context.Context, tx *store.Tx) error {
				if got, err := tx.Listing(ctx, l.ID); err != nil || got != l {
					t.Errorf("after %s: got %+v, %v, want %+v", e.Kind, got, err, l)
				}
				return nil
			})
			if size, count := head(t, db); size != l.Sequence || (count == 1) != (l.State == gongxin.InForce) {
				t.Errorf("after %s: %d in force at %d, listing is %s", e.Kind, count, size, l.State)
			}
			check(t, db)
		}
		if p := l.Procedure; p.Lapses != 1 || p.Checks != 2 || p.Approver != judge.ID || p.Drafter != clerk.ID || p.Higher.String() != "苏05" {
			t.Errorf("got %+v", p)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			got, err := v.Events(ctx, l.ID)
			if err != nil || len(got) != len(events) {
				t.Fatalf("got %d events, %v", len(got), err)
			}
			for i, e := range got {
				if e.Event.Kind != events[i].Kind || e.Event.Reason != events[i].Reason || e.Event.By != events[i].By {
					t.Errorf("event %d: got %+v, want %+v", i+1, e.Event, events[i])
				}
			}
		})
		// And all of it again as one share.
		if again := goOn(t, db, gongxin.Listing{}, 1, events...); again.Procedure != l.Procedure {
			t.Errorf("in one share: got %+v, want %+v", again.Procedure, l.Procedure)
		}
		check(t, db)
	})
}

func TestTheWorldSeesThatAStepWasTakenAndNothingElse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		events := append(lawful(1), contested(1)...)
		goOn(t, db, gongxin.Listing{}, 1, events...)
		view(t, db, func(ctx context.Context, v *store.View) {
			for audience := range gongxin.Audience(gongxin.Audiences) {
				records, _, err := v.Changes(ctx, audience, 0, 100)
				if err != nil || len(records) != len(events) {
					t.Fatalf("got %d records, %v", len(records), err)
				}
				for i, r := range records {
					leaf, err := ledger.ParseLeaf(r.Leaf)
					if err != nil {
						t.Fatal(err)
					}
					kind := events[i].Kind
					switch step := kind.Step(); {
					case step != (leaf.Kind == string(gongxin.ProcedureStep)), !step && leaf.Kind != string(kind):
						t.Errorf("%s: the leaf says %s", kind, leaf.Kind)
					case step && audience != gongxin.AudienceCourt && string(r.Body) != "{}":
						t.Errorf("%s: the %s sees %s", kind, audience, r.Body)
					case audience == gongxin.AudienceCourt && len(r.Body) < 10:
						t.Errorf("%s: the court sees %s", kind, r.Body)
					}
				}
			}
		})
		follow(t, db, gongxin.AudiencePartner, 10)
	})
}

func TestASuspendedListingIsNotInForceAndEndsWithItsTerm(t *testing.T) {
	for _, merge := range []uint64{1, 1000} { // found through the index tables, and through the tail
		storetest.Each(t, func(t *testing.T, open func() *store.DB) {
			db := open()
			db.MergeEvery(merge)
			listed := admitMany(t, db, 0, 3, 3)
			inForce := func(want ...gongxin.Listing) {
				t.Helper()
				view(t, db, func(ctx context.Context, v *store.View) {
					var got []uint64
					var digest ledger.Digest
					err := v.InForce(ctx, gongxin.AudiencePartner, func(sequence uint64, r store.Record) error {
						got, digest = append(got, sequence), digest.Add(ledger.Element(sequence, r.Leaf))
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					h, err := v.Head(ctx)
					if err != nil || h.Count != uint64(len(want)) || h.Digest != digest || len(got) != len(want) {
						t.Errorf("got %v in force (the head says %d), %v, want %d", got, h.Count, err, len(want))
						return
					}
					for i, l := range want {
						if got[i] != l.Forced {
							t.Errorf("got %v in force, want %d at %d", got, l.Forced, i)
						}
					}
				})
				check(t, db)
			}
			due := func(day string, want ...gongxin.Listing) {
				t.Helper()
				view(t, db, func(ctx context.Context, v *store.View) {
					got, err := v.Due(ctx, gongxin.MustDay(day), 10)
					ids := map[gongxin.ListingID]bool{}
					for _, id := range got {
						ids[id] = true
					}
					for _, l := range want {
						if !ids[l.ID] {
							t.Errorf("%s %s until %s is not due", l.State, l.ID, l.Entry.Until)
						}
					}
					if err != nil || len(got) != len(want) {
						t.Errorf("due: got %v, %v, want %d", got, err, len(want))
					}
				})
			}
			suspend := gongxin.Event{Kind: gongxin.ListingSuspended, By: judge, Ground: gongxin.GroundSecurity}
			resume := gongxin.Event{Kind: gongxin.SuspensionEnded, By: judge}
			expire := gongxin.Event{Kind: gongxin.ListingExpired, By: gongxin.Actor{ID: "hub", Role: gongxin.RoleHub}, Ground: gongxin.GroundTerm}

			inForce(listed...)
			listed[0] = goOn(t, db, listed[0], 0, suspend)
			listed[1] = goOn(t, db, listed[1], 1, suspend)
			inForce(listed[2])
			due("2020-01-01", listed...)
			listed[1] = goOn(t, db, listed[1], 1, resume)
			inForce(listed[2], listed[1])
			due("2020-01-01", listed...)
			listed[0] = goOn(t, db, listed[0], 0, expire)
			inForce(listed[2], listed[1])
			due("2020-01-01", listed[1], listed[2])
			listed[2] = goOn(t, db, listed[2], 2, suspend, resume, suspend) // within one share
			inForce(listed[1])
			due("2020-01-01", listed[1], listed[2])
			listed[1] = goOn(t, db, listed[1], 1, gongxin.Event{Kind: gongxin.TermExtended, By: judge, Was: listed[1].Entry.Until})
			due("2020-01-01", listed[2])
			due("2022-01-01", listed[1], listed[2])
			inForce(listed[1])
		})
	}
}

func TestWhatAFileBringsTakesNoRoomForProcedure(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		listed := admitMany(t, db, 0, 5, 5) // by a clerk
		goOn(t, db, listed[0], 0, gongxin.Event{Kind: gongxin.ObjectionFiled, By: subject})
		var with int
		if err := storetest.SQL(t, url).QueryRow(`SELECT COUNT(procedure) FROM listings`).Scan(&with); err != nil || with != 1 {
			t.Errorf("got %d listings with a procedure, %v, want 1", with, err)
		}
	})
}

func TestAFailedShareLeavesTheProcedureAsItWas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l := goOn(t, db, gongxin.Listing{}, 1, lawful(1)...)
		object := func(reason error) func(ctx context.Context, tx *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error {
				read, err := tx.Listing(ctx, l.ID)
				if err != nil || read.Procedure != l.Procedure {
					t.Errorf("got %+v, %v, want %+v", read.Procedure, err, l.Procedure)
				}
				_, err = tx.Append(ctx, read, next(read, 1, gongxin.Event{Kind: gongxin.ObjectionFiled, By: subject}), [32]byte{})
				if err == nil {
					err = reason
				}
				return err
			}
		}
		errs := together(t, db, object(errRefused), object(nil))
		if errs[0] != errRefused || errs[1] != nil {
			t.Errorf("got %v", errs)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.Listing(ctx, l.ID); err != nil || got.Procedure.Step != gongxin.Objected || got.Sequence != l.Sequence+1 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
		check(t, db)
	})
}
