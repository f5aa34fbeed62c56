package screen

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

// A naive list is what the index is held against.
type naive map[gongxin.ListingID]Row

func (n naive) with(put []Row, gone []gongxin.ListingID) naive {
	c := naive{}
	for id, r := range n {
		c[id] = r
	}
	for _, r := range put {
		c[r.Listing] = r
	}
	for _, id := range gone {
		delete(c, id)
	}
	return c
}

func (n naive) hits(match func(Row) bool) (hits []Hit) {
	for _, r := range n {
		if match(r) {
			hits = append(hits, Hit{r.Listing, r.Sequence, r.Entry})
		}
	}
	return sortHits(hits)
}

func sortHits(hits []Hit) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(string(a.Listing[:]), string(b.Listing[:])) })
	return hits
}

const (
	people   = 12
	listings = 30
)

var propertyNames = []string{"王小明", "王 小明", "王小朋", "阿依努尔·吐尔逊", "阿依努尔•吐尔逊", "苏州永安（集团）有限公司", ""}

// differs says how v is not n; empty if it is.
func (n naive) differs(v *View) (string, error) {
	if v.Len() != len(n) {
		return fmt.Sprintf("%d listings, want %d", v.Len(), len(n)), nil
	}
	var total sum
	for _, r := range n {
		total.add(sumOf(r.Element[:]))
	}
	if v.Sum() != total.bytes() {
		return "the sum of the elements", nil
	}
	numbers, maybe := make([]identity.Number, people+1), make([]bool, people+1)
	for i := range numbers {
		numbers[i] = citizen(i)
	}
	v.Maybe(numbers, maybe)
	for i, number := range numbers {
		tag := v.Mark(number).Tag
		want := n.hits(func(r Row) bool { return r.Mark.Tag == tag })
		got, err := v.Lookup(number, nil)
		if err != nil {
			return "", err
		}
		if !slices.Equal(sortHits(got), want) || len(want) > 0 && !maybe[i] {
			return fmt.Sprintf("number %d: got %v, want %v (maybe %v)", i, got, want, maybe[i]), nil
		}
	}
	for _, name := range propertyNames {
		want := n.hits(func(r Row) bool { k := match.Key(name); return k != "" && match.Key(r.Name) == k })
		got, err := v.ByName(name, 1000, nil)
		if err != nil {
			return "", err
		}
		if !slices.Equal(sortHits(got), want) {
			return fmt.Sprintf("name %q: got %v, want %v", name, got, want), nil
		}
	}
	for i := range listings {
		id := listing(i)
		want, had := n[id]
		if got, ok, err := v.Get(id); err != nil {
			return "", err
		} else if ok != had || got != want {
			return fmt.Sprintf("listing %d: got %v %v, want %v %v", i, got, ok, want, had), nil
		}
	}
	all := naive{}
	if err := v.All(func(r Row) error { all[r.Listing] = r; return nil }); err != nil {
		return "", err
	}
	if len(all) != len(n) {
		return fmt.Sprintf("all: %d, want %d", len(all), len(n)), nil
	}
	return "", nil
}

// TestIndexEqualsANaiveListThroughAnyHistory writes, publishes, compacts, builds anew,
// reopens, and pulls the plug at any call that writes: the list is always that after
// the last step that was acknowledged, or the one that was just being written.
func TestIndexEqualsANaiveListThroughAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, key := newDisk(rapid.Uint64().Draw(t, "seed")), testKey()
		var x *Index
		now, stamp := naive(nil), "" // nil: no list
		var next naive               // being written
		var nextStamp string
		sequence := uint64(0)
		draw := func() (put []Row, gone []gongxin.ListingID) {
			for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, listings-1), 0, 8, rapid.ID).Draw(t, "listings") {
				if rapid.IntRange(0, 2).Draw(t, "gone") == 0 {
					gone = append(gone, listing(i))
					continue
				}
				sequence++
				r := row(key, i, rapid.IntRange(0, people-1).Draw(t, "person"), rapid.SampledFrom(propertyNames).Draw(t, "name"))
				r.Sequence = sequence
				put = append(put, r)
			}
			return put, gone
		}
		open := func() {
			var got []byte
			var err error
			x, got, err = Open(d, key)
			switch {
			case errors.Is(err, ErrNothing) && now == nil:
				x = nil
				return
			case err != nil:
				t.Fatalf("open: %v", err)
			case next != nil && string(got) == nextStamp:
				now, stamp = next, nextStamp
			case now == nil || string(got) != stamp:
				t.Fatalf("opened at %q, want %q or %q", got, stamp, nextStamp)
			}
			next = nil
			check(t, now, x.View())
		}
		// done is called with what a step gave: a plug pulled in it is a crash.
		done := func(err error) {
			if err == nil {
				now, stamp, next = next, nextStamp, nil
				return
			}
			if !errors.Is(err, errPulled) {
				t.Fatalf("%v", err)
			}
			d.crash(rapid.Bool().Draw(t, "power"))
			open()
		}
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "fault") == 0 {
				d.left = rapid.IntRange(0, 12).Draw(t, "calls")
			}
			next, nextStamp = now, fmt.Sprint("step ", i)
			what := rapid.SampledFrom([]string{"write", "write", "write", "write", "compact", "build", "reopen", "forget"}).Draw(t, "what")
			switch {
			case x == nil || what == "build":
				b, err := Build(d, key)
				if err != nil {
					nextStamp = stamp
					next = now
					done(err)
					continue
				}
				next = naive{}
				for _, add := range []bool{true, false, false} {
					put, gone := draw()
					if add {
						err, gone = b.Add(put), nil
					} else if err == nil {
						err = b.Write(put, gone)
					}
					next = next.with(put, gone)
				}
				var y *Index
				if err == nil {
					y, err = b.Finish([]byte(nextStamp))
				}
				if err == nil {
					x = y
				}
				done(err)
			case what == "compact":
				nextStamp = stamp
				done(x.Compact())
			case what == "reopen":
				nextStamp = stamp
				d.left = -1
				done(x.Close())
				open()
			default:
				put, gone := draw()
				next = now.with(put, gone)
				old := x.View()
				s, err := x.Write(put, gone, []byte(nextStamp))
				if err == nil {
					check(t, now, old)
					check(t, next, s.View())
					check(t, now, old)
					s.Publish()
					if !old.Past() {
						t.Fatal("the view before is not past")
					}
				} else if d.dead && what == "forget" && errors.Is(err, errPulled) {
					// the write failed and the process goes on: what is read is what was before
					d.mu.Lock()
					d.dead, d.left = false, -1
					d.mu.Unlock()
					check(t, now, x.View())
					s, err = x.Write(put, gone, []byte(nextStamp))
					if err == nil {
						s.Publish()
					}
				}
				done(err)
			}
			if x != nil {
				check(t, now, x.View())
			}
			d.left = -1
		}
	})
}

func check(t *rapid.T, want naive, v *View) {
	t.Helper()
	diff, err := want.differs(v)
	if err != nil || diff != "" {
		t.Fatalf("%s %v", diff, err)
	}
}
