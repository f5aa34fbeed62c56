package feed

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/ledger"
)

// dueProcess is a log in which a listing is suspended and comes back, another has
// its term extended, and steps of the procedure stand between.
func dueProcess(t testing.TB) (l *hubLog, suspended, extended gongxin.ListingID) {
	l = newLog(t)
	suspended, extended = l.admit(0), l.admit(1)
	l.event(gongxin.Event{Kind: gongxin.ObjectionFiled, Listing: suspended, Reason: "号码有误", On: gongxin.MustDay("2017-04-05")})
	l.event(gongxin.Event{Kind: gongxin.DocumentIssued, Listing: suspended, Decision: "（2017）苏0505执1号之二"})
	l.event(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: suspended, Ground: gongxin.GroundSecurity})
	e := l.entry(1)
	e.Until = gongxin.MustDay("2021-02-28")
	l.event(gongxin.Event{Kind: gongxin.TermExtended, Listing: extended, Entry: e, Was: gongxin.MustDay("2019-02-28")})
	l.sign()
	l.event(gongxin.Event{Kind: gongxin.SuspensionEnded, Listing: suspended, Entry: l.entry(0)})
	l.sign()
	return l, suspended, extended
}

func TestAStepIsASequenceAndNothingElse(t *testing.T) {
	l, suspended, _ := dueProcess(t)
	_, changes, err := l.follower().Advance(Position{}, heldMap{}, l.since(0))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(changes), "listing_admitted listing_admitted procedure_step procedure_step listing_suspended term_extended suspension_ended"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	for _, c := range changes[2:4] {
		e := c.Event
		if e.Listing != suspended || e.Entry != nil || e.Ground != "" || e.Decision != "" || !e.On.IsZero() || string(c.Body) != "{}" {
			t.Errorf("event %d tells departments %+v in %s", c.Sequence, e, c.Body)
		}
	}
}

// What the first version of the hub wrote: steps by their own names.
func TestStepsOfAnOlderLogAreFollowed(t *testing.T) {
	l := newLog(t)
	id := l.admit(0)
	empty := [gongxin.Audiences][]byte{[]byte("{}"), []byte("{}"), []byte("{}")}
	for _, kind := range []string{"notice_served", "listing_decided", "procedure_step"} {
		l.leaf(kind, [16]byte{7}, l.now, empty)
	}
	l.leaf("procedure_step", id, l.now, [gongxin.Audiences][]byte{nil, []byte("not even JSON"), nil})
	l.sign()
	c := l.since(0)
	for range 2 {
		p, changes, err := advance(l.follower(), Position{}, heldMap{}, encode(t, c))
		if err != nil || p.Head != l.head || kinds(changes) != "listing_admitted notice_served listing_decided procedure_step procedure_step" {
			t.Fatalf("%s, %v", kinds(changes), err)
		}
		for i := 1; i < 5; i++ { // and once their bodies are erased
			c.Records[i].Salt, c.Records[i].Body = nil, nil
		}
	}
}

func TestASuspendedListingLeavesAndComesBack(t *testing.T) {
	l, suspended, extended := dueProcess(t)
	held := heldMap{}
	for _, to := range []uint64{6, 7} {
		p, changes, err := advance(l.follower(), Position{}, heldMap{}, encode(t, Changes{Records: l.records[:to], Checkpoint: l.heads[to]}))
		if err != nil || p.Tree != l.trees[to] {
			t.Fatal(err)
		}
		clear(held)
		if err := held.Apply(changes); err != nil {
			t.Fatal(err)
		}
		if _, in := held[suspended]; in != (to == 7) {
			t.Errorf("at %d: in force %v", to, in)
		}
		if held[extended] != ledger.Element(6, l.records[5].Leaf) {
			t.Errorf("at %d: the extended listing does not count by its extension", to)
		}
	}
	into := heldMap{}
	file := l.snapshot() // holds the event that ended the suspension
	if _, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, l.follower(), Position{}, into); err != nil || !maps.Equal(into, l.held) {
		t.Errorf("from the snapshot: %v, %v", into, err)
	}
}

func TestWhatDoesNotFitASuspensionIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		e    gongxin.Event // of the listing, after it was admitted, and suspended if so
		was  bool
		want string
	}{
		{"a suspension ends that was not", gongxin.Event{Kind: gongxin.SuspensionEnded}, false, "FEED_HISTORY"},
		{"extended while suspended", gongxin.Event{Kind: gongxin.TermExtended}, true, "FEED_HISTORY"},
		{"corrected while suspended", gongxin.Event{Kind: gongxin.ListingCorrected}, true, "FEED_HISTORY"},
		{"withdrawn while suspended", gongxin.Event{Kind: gongxin.ListingWithdrawn}, true, ""},
		{"expired while suspended", gongxin.Event{Kind: gongxin.ListingExpired}, true, ""},
		{"a step while suspended", gongxin.Event{Kind: gongxin.RequestFiled}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t)
			id := l.admit(0)
			if tt.was {
				l.event(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: id})
			}
			if tt.e.Listing = id; tt.e.Kind.SetsEntry() {
				tt.e.Entry = l.entry(0)
			}
			l.event(tt.e)
			l.sign()
			if _, _, err := l.follower().Advance(Position{}, heldMap{}, l.since(0)); gongxin.CodeOf(err) != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAnErasedEndOfASuspensionIsRefusedWhileTheListingCounts(t *testing.T) {
	l, suspended, _ := dueProcess(t)
	erase := func(c Changes, sequences ...int) Changes {
		c.Records = append([]Record(nil), c.Records...)
		for _, s := range sequences {
			c.Records[s-1].Salt, c.Records[s-1].Body = nil, nil
		}
		return c
	}
	if _, _, err := l.follower().Advance(Position{}, heldMap{}, erase(l.since(0), 1, 3, 4, 5)); err != nil {
		t.Errorf("what no longer counts: %v", err)
	}
	if _, _, err := l.follower().Advance(Position{}, heldMap{}, erase(l.since(0), 7)); gongxin.CodeOf(err) != "FEED_COMMITMENT" {
		t.Errorf("what counts: %v", err)
	}
	l.event(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: suspended})
	l.sign()
	if _, _, err := l.follower().Advance(Position{}, heldMap{}, erase(l.since(0), 1, 5, 7)); err != nil {
		t.Errorf("once it is suspended again: %v", err)
	}
}

// TestRandomHistoriesAreHeldAsTheyWereSigned walks listings in and out of force,
// cuts the log into answers anywhere, lets some followers begin with a snapshot,
// and compares what they hold with the hub.
func TestRandomHistoriesAreHeldAsTheyWereSigned(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLog(t)
		var ids []gongxin.ListingID
		var ends []uint64
		var snapshot []byte
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			n := rapid.IntRange(0, 5).Draw(rt, "listing")
			if n >= len(ids) {
				ids = append(ids, l.admit(len(ids)))
				continue
			}
			_, in := l.held[ids[n]]
			kind := rapid.SampledFrom(mayFollow(in)).Draw(rt, "kind")
			e := gongxin.Event{Kind: kind, Listing: ids[n]}
			if kind.SetsEntry() {
				e.Entry = l.entry(n)
			}
			l.event(e)
			switch rapid.IntRange(0, 9).Draw(rt, "then") {
			case 0, 1, 2:
				l.sign()
				ends = append(ends, l.tree.Size())
			case 3:
				snapshot = l.snapshot()
				ends = append(ends, l.tree.Size())
			}
		}
		l.sign()
		src := logSource{l: l, snapshot: snapshot, ends: ends}
		held, p := heldMap{}, Position{}
		if snapshot != nil {
			var err error
			if p, err = Bootstrap(t.Context(), src, l.follower(), Position{}, held); err != nil {
				rt.Fatal(err)
			}
		}
		for p.Tree.Size() < l.tree.Size() {
			if err := step(t.Context(), src, l.follower(), &p, held); err != nil {
				rt.Fatal(err)
			}
		}
		if !maps.Equal(held, l.held) || p.Tree != l.tree {
			rt.Fatalf("holds %d at %d, want %d at %d", len(held), p.Tree.Size(), len(l.held), l.tree.Size())
		}
	})
}

// mayFollow lists the kinds that the register writes about a listing that is, or
// is not, in force.
func mayFollow(inForce bool) []gongxin.EventKind {
	if inForce {
		return []gongxin.EventKind{gongxin.ListingCorrected, gongxin.TermExtended, gongxin.ListingSuspended, gongxin.ListingSuspended,
			gongxin.ListingWithdrawn, gongxin.ObjectionFiled, gongxin.DocumentIssued}
	}
	return []gongxin.EventKind{gongxin.SuspensionEnded, gongxin.SuspensionEnded, gongxin.ListingExpired, gongxin.RequestFiled}
}

func step(ctx context.Context, src Source, f Follower, p *Position, held heldMap) error {
	c, err := src.Changes(ctx, p.Tree.Size(), 0)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		return err
	}
	next, changes, err := advance(f, *p, held, b.Bytes())
	if err != nil {
		return fmt.Errorf("after %d: %w", p.Tree.Size(), err)
	}
	*p = next
	return held.Apply(changes)
}
