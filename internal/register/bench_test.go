package register

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
)

// nowhere is a journal that holds nothing and writes nothing: what is left is the
// register's own share.
type nowhere struct{ sequence uint64 }

func (n *nowhere) Write(ctx context.Context, f func(context.Context, Journal) error) error {
	return f(ctx, n)
}

func (n *nowhere) Listing(context.Context, gongxin.ListingID) (gongxin.Listing, error) {
	return gongxin.Listing{}, gongxin.Missing("UNKNOWN_LISTING")
}

func (n *nowhere) Find(_ context.Context, keys []gongxin.ListingKey) ([]gongxin.Found, error) {
	return make([]gongxin.Found, len(keys)), nil
}

func (n *nowhere) InCase(context.Context, string, identity.Number) (gongxin.Found, int, error) {
	return gongxin.Found{}, 0, nil
}

func (n *nowhere) Append(_ context.Context, before gongxin.Listing, e gongxin.Event, _ [32]byte) (gongxin.Listing, error) {
	n.sequence++
	return before.Apply(e, n.sequence)
}

func (n *nowhere) Duties(context.Context, gongxin.ListingID) ([]gongxin.Duty, error) { return nil, nil }
func (n *nowhere) PutDuty(context.Context, gongxin.Duty) error                       { return nil }
func (n *nowhere) NextDocument(context.Context, string) (int, error)                 { return 1, nil }
func (n *nowhere) KeepDocument(context.Context, gongxin.Document) error              { return nil }

// BenchmarkTake is the register's own share of a court's file of new listings.
func BenchmarkTake(b *testing.B) {
	for _, size := range []int{100, 1000, 10_000} {
		batch := make([]Submission, size)
		for i := range batch {
			e := entryOf(citizen(fmt.Sprintf("19%02d-01-01", 50+i%40), 100+i/40%800))
			e.Case = gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", 1+i))
			batch[i] = Submission{Entry: &e, Digest: [32]byte{byte(i), byte(i >> 8), 1}}
		}
		b.Run(fmt.Sprintf("rows=%d", size), func(b *testing.B) {
			r := New(Config{Writer: &nowhere{}, Policy: rules, Calendar: holidays, Now: func() time.Time { return noon }, Random: rand.Reader})
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				taken, err := r.Take(b.Context(), system, batch)
				if err != nil || !taken[size-1].Changed {
					b.Fatal(taken, err)
				}
				rows += size
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
