package gate

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
)

// TestReadersSeeOneSequenceOrTheNext screens from several goroutines while the
// list changes and compares every answer with the truth at its own sequence.
func TestReadersSeeOneSequenceOrTheNext(t *testing.T) {
	h := newHub(t)
	type row [people]gongxin.ListingID
	var truth sync.Map // sequence → row
	var now row
	truth.Store(uint64(0), now)
	c := h.config(t.TempDir())
	c.Random = nil
	g := h.openWith(t, c)
	h.catchUp(t, g)
	stop := run(t, g)
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var asked, blocked atomic.Int64
	for i := range 4 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for ctx.Err() == nil {
				n := r.IntN(people)
				d, err := g.Screen(ctx, Query{Scenario: "flight", Number: citizen(n), Name: nameOf(n)})
				if errors.Is(err, context.Canceled) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				v, ok := truth.Load(d.Sequence)
				if !ok {
					t.Errorf("an answer as of %d, which nobody signed", d.Sequence)
					return
				}
				asked.Add(1)
				id := v.(row)[n]
				if (d.Outcome == gongxin.Block) != !id.IsZero() {
					t.Errorf("as of %d: person %d is %s", d.Sequence, n, d.Outcome)
					return
				}
				if d.Outcome == gongxin.Block {
					blocked.Add(1)
					if d.Hits[0].Listing != id {
						t.Errorf("as of %d: person %d by another listing", d.Sequence, n)
					}
				}
				_ = g.Status()
			}
		})
	}
	r := rand.New(rand.NewPCG(9, 9))
	// The history goes on until readers have seen enough of it, however slow the machine.
	enough := func() bool { return asked.Load() >= 500 && blocked.Load() >= 15 || t.Failed() }
	for i := 0; i < 150 || i < 20_000 && !enough(); i++ {
		n := r.IntN(people)
		// The truth is told before it is signed, so that no reader is ahead of it.
		if now[n].IsZero() {
			id, err := gongxin.NewListingID(noon, h.random)
			if err != nil {
				t.Fatal(err)
			}
			now[n] = id
			h.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: entry(t, n)})
		} else {
			h.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: now[n], Ground: gongxin.GroundPerformed})
			now[n] = gongxin.ListingID{}
		}
		truth.Store(h.size(), now)
		h.sign()
		time.Sleep(time.Duration(r.IntN(4)) * time.Millisecond)
	}
	until(t, "the gate follows", func() bool { return g.Status().Sequence == h.size() })
	cancel()
	readers.Wait()
	stop()
	if !enough() {
		t.Errorf("%d asked, %d blocked: the test shows little", asked.Load(), blocked.Load())
	}
	g.outcomes.mu.Lock()
	defer g.outcomes.mu.Unlock()
	for id := range g.outcomes.stand {
		if _, in, err := g.state.list.View().Get(id); !in || err != nil {
			t.Errorf("a restriction outlasts listing %s", id)
		}
	}
}

func TestRestrictionFoundBeforeAWithdrawalIsNotRecordedAfterIt(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	var d gongxin.Decision
	found, err := g.look(&Query{Scenario: "flight", Number: citizen(0), Name: nameOf(0)}, g.config.Catalogue.For("flight"), &d)
	if err != nil || d.Outcome != gongxin.Block {
		t.Fatal(d, err)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	if err := g.record(t.Context(), &d, found); !errors.Is(err, errMoved) {
		t.Errorf("got %v", err)
	}
	if s := g.Status(); s.RestrictionsOpen != 0 || s.Outbox != 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestOutcomesThatCannotBeKeptGiveNoAnswer(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	g, err := Open(h.config(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	if err := g.outcomes.db.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err := g.Screen(t.Context(), Query{Scenario: "flight", Number: citizen(0), Name: nameOf(0)}); gongxin.CodeOf(err) != "OUTCOME_NOT_KEPT" || d.Outcome == gongxin.Block && d.Reference != "" {
		t.Errorf("got %+v, %v", d, err)
	}
	if d, err := g.Screen(t.Context(), Query{Scenario: "flight", Number: citizen(900), Name: "李四"}); err != nil || d.Outcome != gongxin.Clear {
		t.Errorf("clear: %+v, %v", d, err)
	}
	if err := g.state.close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkScreen measures whole answers of a gate with a million listings.
func BenchmarkScreen(b *testing.B) {
	g, queries := filled(b, 1_000_000)
	ctx := b.Context()
	b.Run("listings=1M/clear", func(b *testing.B) {
		b.ReportAllocs()
		i, began := 0, cpuTime(b)
		for b.Loop() {
			if d, err := g.Screen(ctx, queries[i&(len(queries)-1)]); err != nil || d.Outcome != gongxin.Clear {
				b.Fatal(d, err)
			}
			i += 7919
		}
		b.ReportMetric(float64(cpuTime(b)-began)/float64(b.N), "cpu-ns/op")
	})
	b.Run("listings=1M/clear/parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for i := 0; p.Next(); i += 7919 {
				if d, err := g.Screen(ctx, queries[i&(len(queries)-1)]); err != nil || d.Outcome != gongxin.Clear {
					b.Error(d, err)
				}
			}
		})
	})
	b.Run("listings=1M/block", func(b *testing.B) {
		for b.Loop() {
			if d, err := g.Screen(ctx, Query{Scenario: "flight", Number: citizen(4), Name: "王4"}); err != nil || d.Outcome != gongxin.Block {
				b.Fatal(d, err)
			}
		}
	})
	b.Run("listings=1M/block/32 at once", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if d, err := g.Screen(ctx, Query{Scenario: "flight", Number: citizen(4), Name: "王4"}); err != nil || d.Outcome != gongxin.Block {
					b.Error(d, err)
				}
			}
		})
	})
}

// recheck gives the first 17 digits of s their check character.
func recheck(s []byte) string {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return string(s[:17]) + string("10X98765432"[sum%11])
}
