package gate

import (
	"context"
	"sync"
	"testing"

	"gongxin"
	"gongxin/screen"
)

func TestAnswersGoOnWhileTheListIsWrittenAnew(t *testing.T) {
	h := newHub(t)
	listed := map[int]gongxin.ListingID{}
	for n := range people {
		listed[n] = h.admit(entry(t, n))
	}
	for n := 0; n < people; n += 3 {
		h.withdraw(listed[n])
		delete(listed, n)
	}
	dir := t.TempDir()
	c := h.config(dir)
	g := reopened(t, c)
	h.catchUp(t, g)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for n := 0; ctx.Err() == nil; n = (n + 1) % people {
				want := gongxin.Clear
				if _, ok := listed[n]; ok {
					want = gongxin.Block
				}
				if d, err := g.peek(n); err != nil || d.Outcome != want {
					t.Errorf("person %d: %s, want %s (%v)", n, d.Outcome, want, err)
					return
				}
			}
		})
	}
	for range 60 { // each with changes before it, so that the log is not empty
		h.correct(listed[1], entry(t, 1))
		h.catchUp(t, g)
		if err := g.CompactOnce(); err != nil {
			t.Fatal(err)
		}
		if log, _ := g.state.list.Changes(); log != 0 {
			t.Fatalf("%d bytes of log are left", log)
		}
	}
	stop()
	readers.Wait()
	if files := listFiles(t, dir); len(files) != 3 { // current, base and log
		t.Errorf("the list stands in %v", files)
	}
	at := g.Position()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = h.openWith(t, c)
	if g.Position() != at {
		t.Errorf("opened again at %d, want %d", g.Position().Head.Size, at.Head.Size)
	}
	h.compare(t, g, listed)
}

func TestAListWithALongLogIsWrittenAnewByItself(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	for range 200 {
		h.admit(entry(t, 1))
	}
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	if err := g.CompactOnce(); err != nil {
		t.Fatal(err)
	}
	const long = 2_000
	for n, longest := 0, int64(0); ; n++ {
		h.correct(id, entry(t, 0))
		h.catchUp(t, g)
		log, base := g.state.list.Changes()
		if log < longest { // catchUp settles, and does so only above longLog: nothing was written anew yet
			t.Fatalf("the log went from %d to %d bytes by itself", longest, log)
		}
		if longest = log; log > max(long, base/8) {
			break
		}
		if n > 1000 {
			t.Fatalf("the log stays at %d bytes", log)
		}
	}
	g.following.Lock()
	defer g.following.Unlock()
	was, _ := g.state.list.Changes()
	err := g.compactLong(long, true)
	if log, _ := g.state.list.Changes(); err != nil || log != was {
		t.Errorf("it was written anew while the gate catches up: %d bytes of log, were %d (%v)", log, was, err)
	}
	err = g.compactLong(long, false)
	if log, _ := g.state.list.Changes(); err != nil || log != 0 {
		t.Errorf("%d bytes of log are left (%v)", log, err)
	}
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("afterwards: %s", d.Outcome)
	}
}

// A list whose place was taken, as by a disk that failed when it was written anew, is
// noticed before anything is lost in it.
func TestAListWhosePlaceWasTakenIsMadeAnew(t *testing.T) {
	for _, snapshot := range []bool{true, false} {
		h := newHub(t)
		h.admit(entry(t, 0))
		c := h.config(t.TempDir())
		g := reopened(t, c)
		h.catchUp(t, g)
		reference := g.person(t, 0).Reference
		other, err := screen.Build(g.state.files, g.key)
		if err != nil {
			t.Fatal(err)
		}
		stamp, err := g.state.stamp(g.state.at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Finish(stamp); err != nil {
			t.Fatal(err)
		}
		h.admit(entry(t, 1))
		if snapshot {
			h.snapshot()
		}
		h.catchUp(t, g)
		for range 2 {
			if d, err := g.peek(1); err != nil || d.Outcome != gongxin.Block || g.stands(t, reference).State != stateInForce {
				t.Errorf("got %s, %v", d.Outcome, err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			g = reopened(t, c)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
