package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"gongxin/feed"
)

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

// resident returns how many bytes of memory this process holds, its heap trimmed.
func resident(b *testing.B) (size uint64) {
	b.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return 0 // another system
	}
	_, after, ok := bytes.Cut(text, []byte("VmRSS:"))
	if _, scanning := fmt.Sscan(string(after), &size); err != nil || !ok || scanning != nil {
		b.Fatal(err, scanning)
	}
	return size << 10
}

// BenchmarkFollow takes a new gate from nothing to serving with a snapshot, opens it
// again, and lets it catch up: listings and changes a second, processor time for each,
// what stays in memory and on the disk. GONGXIN_LISTINGS says how long the list is,
// GONGXIN_CHANGES how many changes follow:
//
//	GONGXIN_LISTINGS=10000000 GONGXIN_CHANGES=1000000 go test ./gate -run xxx -bench Follow -benchtime 1x -timeout 2h
func BenchmarkFollow(b *testing.B) {
	n := sizeFrom(b, "GONGXIN_LISTINGS", 100_000)
	changes := sizeFrom(b, "GONGXIN_CHANGES", n/10)
	source := newLongList(b, n, changes)
	caughtUp := source.after
	c := Config{Name: "railway", VerifierKey: source.key, Source: source, MaxAge: time.Hour, Guard: new(feed.Guard), Now: func() time.Time { return noon }}
	measured := func(b *testing.B, of int, what string, do func() *Gate) {
		began, used := time.Now(), cpuTime(b)
		g := do()
		b.ReportMetric(float64(of)/time.Since(began).Seconds(), what+"/s")
		b.ReportMetric(float64(cpuTime(b)-used)/float64(of), "cpu-ns/"+what)
		if err := g.Close(); err != nil {
			b.Fatal(err)
		}
	}
	step := func(b *testing.B, g *Gate) {
		for more := true; more; {
			var err error
			if more, err = g.step(context.Background(), false); err != nil {
				b.Fatal(err)
			}
			g.settle(context.Background(), false)
		}
	}
	dirs := b
	b.Run(fmt.Sprintf("listings=%d/snapshot", n), func(b *testing.B) {
		for b.Loop() {
			c.Dir = dirs.TempDir() // outlives this part
			source.after = caughtUp[:1]
			before := resident(b)
			measured(b, n, "listing", func() *Gate {
				g, err := Open(c)
				if err != nil {
					b.Fatal(err)
				}
				step(b, g)
				if s := g.Status(); s.Listings != n || !s.Fresh {
					b.Fatalf("%+v", s)
				}
				return g
			})
			g, err := Open(c)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(resident(b)-before)/float64(n), "B-memory/listing")
			b.ReportMetric(float64(sizeOf(b, filepath.Join(c.Dir, listDir)))/float64(n), "B-disk/listing")
			if err := g.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(fmt.Sprintf("listings=%d/open", n), func(b *testing.B) {
		for b.Loop() {
			measured(b, n, "listing", func() *Gate {
				g, err := Open(c)
				if err != nil {
					b.Fatal(err)
				}
				return g
			})
		}
	})
	b.Run(fmt.Sprintf("listings=%d/changes=%d", n, changes), func(b *testing.B) {
		whole := c.Dir
		for b.Loop() {
			c.Dir = filepath.Join(b.TempDir(), "gate")
			if err := os.CopyFS(c.Dir, os.DirFS(whole)); err != nil {
				b.Fatal(err)
			}
			source.after = caughtUp
			g, err := Open(c)
			if err != nil {
				b.Fatal(err)
			}
			measured(b, changes, "change", func() *Gate {
				step(b, g)
				if at, last := g.Position().Head.Size, uint64(n+1+changes); at != last {
					b.Fatalf("at %d of %d", at, last)
				}
				return g
			})
		}
	})
}
