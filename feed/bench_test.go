package feed

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gongxin"
)

// variedLog lists persons as different from one another as real ones are.
func variedLog(b testing.TB, n int) *hubLog {
	l := newLog(b)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		e := l.entry(i)
		name := []rune{'赵', 0x4e00 + r.Int32N(4000), 0x4e00 + r.Int32N(4000)}
		e.Subject.Name = string(name)
		e.Case = gongxin.MustCaseNumber(fmt.Sprintf("（20%02d）苏%02d%02d执%d号", 16+r.IntN(4), 1+r.IntN(13), 1+r.IntN(20), 1+r.IntN(9999)))
		e.Court = e.Case.Court()
		e.CourtName = fmt.Sprintf("江苏省第%d人民法院", r.IntN(120))
		e.Until = e.Published.Add(r.IntN(1000))
		id, err := gongxin.NewListingID(l.now, l.random)
		if err != nil {
			b.Fatal(err)
		}
		l.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Entry: e})
	}
	l.sign()
	return l
}

// Fifty changes a second that travel together for 200 ms are ten in an answer.
func TestAChangeIsShortOnTheWire(t *testing.T) {
	const n, together = 1000, 10
	l := variedLog(t, n)
	for _, batch := range []int{1, together, n} {
		bytes := 0
		for after := 0; after < n; after += batch { // the last checkpoint stands for those between, which are as long
			c := Changes{After: uint64(after), Records: l.records[after : after+batch], Checkpoint: l.heads[n]}
			bytes += len(encode(t, c))
		}
		t.Logf("%d changes in an answer: %d bytes a change", batch, bytes/n)
		if batch == together && bytes/n >= 400 {
			t.Errorf("%d bytes a change", bytes/n)
		}
	}
}

func BenchmarkAdvance(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("changes=%d", n), func(b *testing.B) {
			l := variedLog(b, n)
			file := encode(b, l.since(0))
			f, held := l.follower(), heldMap{}
			b.ReportAllocs()
			spent := cpuTime()
			for b.Loop() {
				if _, _, err := advance(f, Position{}, held, file); err != nil {
					b.Fatal(err)
				}
			}
			report(b, n, len(file), spent, "change")
		})
	}
}

func BenchmarkReadChanges(b *testing.B) {
	const n = 10_000
	file := encode(b, variedLog(b, n).since(0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadChanges(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "changes/s")
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("changes=%d", n), func(b *testing.B) {
			c := variedLog(b, n).since(0)
			var file bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				file.Reset()
				if err := c.Encode(&file); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}

func BenchmarkReadSnapshot(b *testing.B) {
	const n = 30_000
	l := variedLog(b, n)
	file := l.snapshot()
	f := l.follower()
	for name, lent := range map[string]bool{"lent": true, "kept": false} { // as a Preparer takes them, and as any Keeper
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			spent := cpuTime()
			for b.Loop() {
				_, _, err := readSnapshot(bytes.NewReader(file), f, Position{}, lent, inTurn(func([]Change) error { return nil }))
				if err != nil {
					b.Fatal(err)
				}
			}
			report(b, n, len(file), spent, "listing")
		})
	}
}

// report tells how much of what, n of them in a file of so many bytes, was done: by
// the clock, and by the processor, which is what counts where others use it as well.
func report(b *testing.B, n, bytes int, spent time.Duration, what string) {
	b.ReportMetric(float64(cpuTime()-spent)/float64(b.N*n), "cpu-ns/"+what)
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), what+"s/s")
	b.ReportMetric(float64(b.N*bytes)/1e6/b.Elapsed().Seconds(), "MB/s")
	b.ReportMetric(float64(bytes)/float64(n), "bytes/"+what)
}
