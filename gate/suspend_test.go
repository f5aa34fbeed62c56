package gate

import (
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
)

func (h *hub) suspend(id gongxin.ListingID) {
	h.event(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: id, Ground: gongxin.GroundSecurity})
}

func (h *hub) resume(id gongxin.ListingID, e *gongxin.Entry) {
	h.event(gongxin.Event{Kind: gongxin.SuspensionEnded, Listing: id, Entry: e})
}

func (h *hub) extend(id gongxin.ListingID, e *gongxin.Entry, until string) {
	was := e.Until
	e.Until = gongxin.MustDay(until)
	h.event(gongxin.Event{Kind: gongxin.TermExtended, Listing: id, Entry: e, Was: was})
}

// stands returns what stands under d's reference.
func (g *Gate) stands(t testing.TB, reference string) Restriction {
	t.Helper()
	r, err := g.Restriction(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func because(r Restriction) string {
	if r.Parts[0].Because == nil {
		return ""
	}
	return r.Parts[0].Because.Code
}

func TestSuspensionLiftsAndItsEndRestrictsAnew(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	first := g.person(t, 0)
	if first.Outcome != gongxin.Block {
		t.Fatalf("listed: %s", first.Outcome)
	}
	h.suspend(id)
	h.sign()
	h.catchUp(t, g)
	if d := g.person(t, 0); d.Outcome != gongxin.Clear {
		t.Errorf("suspended: %s", d.Outcome)
	}
	r := g.stands(t, first.Reference)
	if r.State != stateLifted || because(r) != endedSuspended || r.LiftedBy != h.size() || r.Parts[0].Because.ZH == endedSuspended {
		t.Errorf("suspended: %+v", r)
	}
	h.resume(id, entry(t, 0))
	h.sign()
	h.catchUp(t, g)
	second := g.person(t, 0)
	if second.Outcome != gongxin.Block || second.Reference == first.Reference || second.Hits[0].Listing != id {
		t.Errorf("in force again: %+v", second)
	}
	if r := g.stands(t, first.Reference); r.State != stateLifted {
		t.Errorf("the first restriction came back: %+v", r)
	}
	run(t, g)
	until(t, "all is reported", func() bool { return g.Status().Outbox == 0 })
	if n := len(h.reported(kindRestricted)); n != 2 {
		t.Errorf("%d restrictions reported", n)
	}
	if o := h.reported(kindLifted); len(o) != 1 || o[0].Reference != first.Reference || o[0].Sequence != 2 {
		t.Errorf("lifts reported: %+v", o)
	}
}

// A suspension that began and ended in one answer of the hub, or while the gate
// was away, has lifted what stood before it all the same.
func TestASuspensionThatTheGateOnlyHearsOfAfterwardsHasLifted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after func(h *hub, id gongxin.ListingID)
		want  string
	}{
		{"suspended and back at once", func(h *hub, id gongxin.ListingID) {
			h.suspend(id)
			h.resume(id, entry(t, 0))
		}, stateLifted},
		{"back and corrected", func(h *hub, id gongxin.ListingID) {
			h.suspend(id)
			h.resume(id, entry(t, 0))
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: entry(t, 0)})
		}, stateLifted},
		{"corrected alone", func(h *hub, id gongxin.ListingID) {
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: entry(t, 0)})
		}, stateInForce},
		{"another person's for a while", func(h *hub, id gongxin.ListingID) {
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: entry(t, 7)})
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: entry(t, 0)})
		}, stateLifted},
		{"steps of the procedure alone", func(h *hub, id gongxin.ListingID) {
			h.event(gongxin.Event{Kind: gongxin.ObjectionFiled, Listing: id, Reason: "有异议"})
			h.event(gongxin.Event{Kind: gongxin.DocumentIssued, Listing: id})
		}, stateInForce},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t)
			id := h.admit(entry(t, 0))
			dir := t.TempDir()
			g, err := Open(h.config(dir))
			if err != nil {
				t.Fatal(err)
			}
			h.catchUp(t, g)
			d := g.person(t, 0)
			tt.after(h, id)
			h.sign()
			crashed := filepath.Join(t.TempDir(), "gate")
			if err := g.catchUpWithoutLifting(t, h); err != nil {
				t.Fatal(err)
			}
			if err := g.Close(); err != nil { // killed between the list and the record
				t.Fatal(err)
			}
			copyDir(t, dir, crashed)
			g = h.open(t, crashed)
			if r := g.stands(t, d.Reference); r.State != tt.want {
				t.Errorf("after a kill in between: %+v", r)
			}
			if d := g.person(t, 0); d.Outcome != gongxin.Block {
				t.Errorf("asked again: %s", d.Outcome)
			}
		})
		t.Run(tt.name+", followed", func(t *testing.T) {
			h := newHub(t)
			id := h.admit(entry(t, 0))
			g := h.open(t, t.TempDir())
			h.catchUp(t, g)
			d := g.person(t, 0)
			tt.after(h, id)
			h.sign()
			h.catchUp(t, g)
			if r := g.stands(t, d.Reference); r.State != tt.want {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// catchUpWithoutLifting applies what the hub has to the list alone, as a gate that
// is killed before it comes to the record.
func (g *Gate) catchUpWithoutLifting(t testing.TB, h *hub) error {
	t.Helper()
	c, err := h.Changes(t.Context(), g.state.at.Tree.Size(), 0)
	if err != nil {
		return err
	}
	before := rowsOf(g.state.list.View().Get)
	next, changes, err := g.follower.Advance(g.state.at, before, c)
	if err != nil {
		return err
	}
	m, err := reduce(changes, g.state.list.Entry, before.row)
	if err != nil {
		return err
	}
	_, err = g.state.write(m, next)
	return err
}

func TestASnapshotAfterASuspensionLiftsWhatStoodBefore(t *testing.T) {
	for _, tt := range []struct {
		name      string
		corrected *gongxin.Entry // after the suspension, so that the snapshot shows nothing of it
		want      string
	}{
		{"as it came back", nil, endedSuspended},
		{"and was corrected to another person", entry(t, 5), endedCorrected},
		{"and was corrected in detail: the snapshot does not tell, and it is in force", entry(t, 0), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t)
			id := h.admit(entry(t, 0))
			h.admit(entry(t, 1))
			g := h.open(t, t.TempDir())
			h.catchUp(t, g)
			d := g.person(t, 0)
			h.suspend(id)
			h.resume(id, entry(t, 0))
			if tt.corrected != nil {
				h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: tt.corrected})
			}
			h.snapshot()
			if err := g.fetchAnew(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := because(g.stands(t, d.Reference)); got != tt.want {
				t.Errorf("ended by %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExtensionMovesTheTermOfWhatStands(t *testing.T) {
	for _, killed := range []bool{false, true} {
		h := newHub(t)
		e := entry(t, 0)
		e.Until = gongxin.MustDay("2017-04-02")
		id := h.admit(e)
		dir := t.TempDir()
		c := h.config(dir)
		c.MaxAge = 1000 * time.Hour
		g, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		h.catchUp(t, g)
		d := g.person(t, 0)
		h.extend(id, e, "2017-04-05")
		h.sign()
		if killed {
			if err := g.catchUpWithoutLifting(t, h); err != nil {
				t.Fatal(err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			g = h.openWith(t, c)
		} else {
			h.catchUp(t, g)
			t.Cleanup(func() {
				if err := g.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		h.clock.move(48 * time.Hour) // 3 April
		g.settle(t.Context(), false)
		if r := g.stands(t, d.Reference); r.State != stateInForce || r.Parts[0].Until != gongxin.MustDay("2017-04-05") {
			t.Errorf("killed %v: past its old term: %+v", killed, r)
		}
		h.clock.move(72 * time.Hour) // 6 April
		g.settle(t.Context(), false)
		if r := g.stands(t, d.Reference); r.State != stateLifted || because(r) != endedByTerm {
			t.Errorf("killed %v: past its new term: %+v", killed, r)
		}
	}
}

// What somebody was told is over by its term is not put back by an extension of which
// the gate hears afterwards: who asks again is blocked anew.
func TestAnExtensionAfterTheTermPutsNothingBack(t *testing.T) {
	h := newHub(t)
	e := entry(t, 0)
	e.Until = gongxin.MustDay("2017-04-02")
	id := h.admit(e)
	c := h.config(t.TempDir())
	c.MaxAge = 1000 * time.Hour
	g := h.openWith(t, c)
	h.catchUp(t, g)
	d := g.person(t, 0)
	h.clock.move(48 * time.Hour) // 3 April, and nothing has run
	if r := g.stands(t, d.Reference); r.State != stateLifted {
		t.Errorf("past its term: %+v", r)
	}
	h.extend(id, e, "2017-05-05")
	h.sign()
	h.catchUp(t, g)
	if r := g.stands(t, d.Reference); r.State != stateLifted || because(r) != endedByTerm {
		t.Errorf("after the extension: %+v", r)
	}
	if again := g.person(t, 0); again.Outcome != gongxin.Block || again.Reference == d.Reference {
		t.Errorf("asked again: %+v", again)
	}
}

func TestAKindThatTheGateDoesNotKnowStopsItByName(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	none := [gongxin.Audiences][]byte{[]byte("{}"), []byte("{}"), []byte("{}")}
	h.leaf("listing_sealed", gongxin.ListingID{3}, noon, none)
	h.sign()
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_UNKNOWN_EVENT" {
		t.Errorf("got %v", err)
	}
	if s := g.Status(); s.Sequence != 1 {
		t.Errorf("the gate moved to %d", s.Sequence)
	}
}

// TestRandomHistoriesRestrictWhileInForceAndNoLonger walks listings in and out of
// force, asks in between, restarts and refetches, and holds each restriction
// against what the listing has been since.
func TestRandomHistoriesRestrictWhileInForceAndNoLonger(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHub(t)
		dir := t.TempDir()
		c := h.config(dir)
		c.Random = nil
		g, err := Open(c)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := g.Close(); err != nil {
				rt.Error(err)
			}
		}()
		type life struct {
			id        gongxin.ListingID
			in        bool
			left      int // how often it has left force, or became another's
			suspended bool
		}
		listed := map[int]*life{}
		type restricted struct {
			reference string
			person    int
			left      int
		}
		var all []restricted
		clean := true // no restriction is older than what a snapshot forgets
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			n := rapid.IntRange(0, 1).Draw(rt, "person")
			l := listed[n]
			switch what := rapid.SampledFrom([]string{"change", "change", "change", "change", "ask", "ask", "restart", "kill", "snapshot"}).Draw(rt, "what"); what {
			case "change":
				switch {
				case l == nil:
					id, err := gongxin.NewListingID(noon, h.random)
					if err != nil {
						rt.Fatal(err)
					}
					listed[n] = &life{id: id, in: true}
					h.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: entry(t, n)})
				case l.suspended && rapid.IntRange(0, 3).Draw(rt, "resume") > 0:
					h.resume(l.id, entry(t, n))
					l.in, l.suspended = true, false
				case l.in:
					switch rapid.IntRange(0, 5).Draw(rt, "change") {
					case 0, 4, 5:
						h.suspend(l.id)
						l.in, l.suspended, l.left = false, true, l.left+1
					case 1:
						e := entry(t, n)
						h.extend(l.id, e, "2030-01-01")
						clean = false
					case 2:
						h.event(gongxin.Event{Kind: gongxin.RequestFiled, Listing: l.id})
					default:
						h.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: l.id, Ground: gongxin.GroundPerformed})
						l.in, l.left = false, l.left+1
						delete(listed, n)
						for i := range all {
							if all[i].person == n {
								all[i].left = -1
							}
						}
					}
				}
				if rapid.Bool().Draw(rt, "sign") {
					h.sign()
				}
			case "ask":
				h.sign()
				h.catchUp(t, g)
				d := g.person(t, n)
				if want := l != nil && l.in; (d.Outcome == gongxin.Block) != want {
					rt.Fatalf("person %d is %s, listed and in force: %v", n, d.Outcome, want)
				}
				if d.Outcome == gongxin.Block {
					all = append(all, restricted{d.Reference, n, l.left})
				}
			case "restart", "kill":
				if what == "kill" {
					h.sign()
					if err := g.catchUpWithoutLifting(t, h); err != nil {
						rt.Fatal(err)
					}
				}
				if err := g.Close(); err != nil {
					rt.Fatal(err)
				}
				if g, err = Open(c); err != nil {
					rt.Fatal(err)
				}
			case "snapshot":
				h.snapshot()
				if !clean {
					h.catchUp(t, g) // a snapshot of an extended listing does not tell of a suspension before
				}
				if err := g.fetchAnew(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
		}
		h.sign()
		h.catchUp(t, g)
		for _, r := range all {
			l := listed[r.person]
			want := stateLifted
			if r.left >= 0 && l != nil && l.in && l.left == r.left {
				want = stateInForce
			}
			if got := g.stands(t, r.reference).State; got != want {
				rt.Fatalf("restriction %s of person %d is %s, want %s", r.reference, r.person, got, want)
			}
		}
		inForce := 0
		for _, l := range listed {
			if l.in {
				inForce++
			}
		}
		if s := g.Status(); s.Listings != inForce {
			rt.Fatalf("%d listings, want %d", s.Listings, inForce)
		}
	})
}
