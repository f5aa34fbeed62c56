package gate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
)

// A frozen source has a snapshot and the event that commits to it, and nothing else.
type frozen struct {
	file []byte
	last feed.Changes
}

func (f *frozen) Changes(_ context.Context, after uint64, _ time.Duration) (feed.Changes, error) {
	if after == f.last.After {
		return f.last, nil
	}
	return feed.Changes{After: after, Checkpoint: f.last.Checkpoint}, nil
}

func (f *frozen) Snapshot(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f.file)), nil
}

// frozenList is a source of n listings whose courts, names and case numbers differ
// as much as real ones do, and the configuration of a gate that follows it.
func frozenList(b *testing.B, n int) (*frozen, Config) {
	b.Helper()
	h := newHub(b)
	r := rand.New(rand.NewPCG(1, 2))
	e := entry(b, 0)
	for i := range n {
		e.Subject.Number = parse(b, citizen(i))
		e.Subject.Name = string([]rune{'赵', 0x4e00 + r.Int32N(4000), 0x4e00 + r.Int32N(4000)})
		e.Case = gongxin.MustCaseNumber(fmt.Sprintf("（20%02d）苏%02d%02d执%d号", 16+r.IntN(4), 1+r.IntN(13), 1+r.IntN(20), 1+r.IntN(9999)))
		e.Court, e.CourtName = e.Case.Court(), fmt.Sprintf("江苏省第%d人民法院", r.IntN(120))
		id, err := gongxin.NewListingID(h.clock.now(), h.random)
		if err != nil {
			b.Fatal(err)
		}
		h.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: e})
	}
	h.snapshot()
	last, err := h.Changes(b.Context(), uint64(n), 0)
	if err != nil {
		b.Fatal(err)
	}
	last.Records = []feed.Record{last.Records[0]}
	c := h.config("")
	src := &frozen{h.file, last}
	c.Source, c.Reporter = src, nil
	return src, c
}

// sizeOf returns how many bytes the files in dir have.
func sizeOf(b *testing.B, dir string) (size int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err == nil {
			size += i.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return size
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkBootstrap takes a new gate from nothing to serving with a snapshot, and
// opens it again: listings a second, and for each listing what stays in memory, what
// stands on the disk and what travels.
func BenchmarkBootstrap(b *testing.B) {
	const n = 200_000
	src, c := frozenList(b, n)
	dirs := b
	b.Run("listings=200k/snapshot", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			c.Dir = dirs.TempDir() // outlives this part
			before := heapInUse()
			b.StartTimer()
			g, err := Open(c)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := g.step(b.Context(), false); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if g.Status().Listings != n {
				b.Fatal(g.Status())
			}
			b.ReportMetric(float64(heapInUse()-before)/n, "B-heap/listing")
			if err := g.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(sizeOf(b, filepath.Join(c.Dir, listDir)))/n, "B-disk/listing")
			b.ReportMetric(float64(len(src.file))/n, "B-wire/listing")
			b.StartTimer()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "listings/s")
	})
	b.Run("listings=200k/open", func(b *testing.B) {
		for b.Loop() {
			g, err := Open(c)
			if err != nil {
				b.Fatal(err)
			}
			if err := g.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "listings/s")
	})
}
