package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// engines runs a benchmark on each engine.
func engines(b *testing.B, f func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { f(b, storetest.Open(b, storetest.SQLite(b))) })
	b.Run("postgres", func(b *testing.B) { f(b, storetest.Open(b, storetest.Postgres(b))) })
}

// processTime is the time that this process has computed: what a busy machine does
// not change. The server of PostgreSQL does not count.
func processTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// A court's file: each batch looks for its keys and appends what is new, durably.
func BenchmarkBulk(b *testing.B) {
	for _, batch := range []int{1000, 2000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			engines(b, func(b *testing.B, db *store.DB) {
				n, cpu := 0, time.Duration(0)
				for b.Loop() {
					b.StopTimer()
					keys := make([]gongxin.ListingKey, batch)
					events := make([]gongxin.Event, batch)
					for i := range keys {
						events[i] = admitted(n)
						events[i].Listing = newID(noon.Add(time.Duration(n/batch) * 50 * time.Millisecond))
						keys[i] = events[i].Entry.Key()
						n++
					}
					b.StartTimer()
					cpu -= processTime()
					err := db.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
						if _, err := tx.Find(ctx, keys); err != nil {
							return err
						}
						for _, e := range events {
							if _, err := tx.Append(ctx, gongxin.Listing{}, e, [32]byte{1}); err != nil {
								return err
							}
						}
						return nil
					})
					cpu += processTime()
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(float64(cpu.Microseconds())/float64(n), "cpu-µs/row")
			})
		})
	}
}

// Single decisions: each reads its listing and ends it, durably, with 32 at once.
func BenchmarkDecide(b *testing.B) {
	for _, callers := range []int{1, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			engines(b, func(b *testing.B, db *store.DB) {
				b.StopTimer()
				listed := admitMany(b, db, 0, b.N, 1000)
				b.StartTimer()
				var next atomic.Int64
				var all sync.WaitGroup
				for range callers {
					all.Go(func() {
						for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
							err := db.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
								l, err := tx.Listing(ctx, listed[i].ID)
								if err != nil {
									return err
								}
								_, err = tx.Append(ctx, l, withdrawn(l), [32]byte{})
								return err
							})
							if err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			})
		})
	}
}
