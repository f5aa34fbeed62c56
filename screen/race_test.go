package screen

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"gongxin"
	"gongxin/identity"
)

// TestReadersSeeOneViewOrTheNext moves listings from one person to another, a batch a
// step, while readers look for both: within one view exactly one of them is listed.
func TestReadersSeeOneViewOrTheNext(t *testing.T) {
	files, key := newDir(t), testKey()
	x := must[*Index](t)(Create(files, key, nil))
	const moving = 20
	batch := func(who int) (rows []Row) {
		for i := range moving {
			rows = append(rows, row(key, i, who+i, fmt.Sprint("王", who)))
		}
		return rows
	}
	a, b := 1, 1000
	must[*Step](t)(x.Write(batch(a), nil, nil)).Publish()
	var stop atomic.Bool
	var past, seen atomic.Int64
	var wg sync.WaitGroup
	for k := range 3 {
		wg.Go(func() {
			numbers, maybe := make([]identity.Number, 2), make([]bool, 2)
			for i := k; !stop.Load(); i++ {
				v := x.View()
				n := i % moving
				inA, err := v.Lookup(citizen(a+n), nil)
				inB, err2 := v.Lookup(citizen(b+n), nil)
				byA, err3 := v.ByName(fmt.Sprint("王", a), 1000, nil)
				r, ok, err4 := v.Get(listing(n))
				numbers[0], numbers[1] = citizen(a+n), citizen(b+n)
				v.Maybe(numbers, maybe)
				isPast := v.Past()
				if err := errors.Join(err, err2, err3, err4); err != nil {
					if !errors.Is(err, ErrPast) {
						t.Error(err)
						return
					}
					past.Add(1)
					continue
				}
				if len(inA)+len(inB) != 1 || len(byA) != 0 && len(byA) != moving || len(byA) == moving != (len(inA) == 1) {
					t.Errorf("%d of one, %d of the other, %d by name", len(inA), len(inB), len(byA))
					return
				}
				if !ok || r.Mark != v.Mark(citizen(a+n)) && r.Mark != v.Mark(citizen(b+n)) {
					t.Errorf("the listing: %v %v", r, ok)
					return
				}
				if !isPast && (!maybe[0] && len(inA) == 1 || !maybe[1] && len(inB) == 1) {
					t.Errorf("certainly not there and there")
					return
				}
				seen.Add(1)
			}
		})
	}
	grown := 0
	for i := 0; i < 200 || seen.Load() < 200; i++ {
		to := b
		if i%2 == 1 {
			to = a
		}
		rows := batch(to)
		for range 20 { // and the tables grow
			rows = append(rows, row(key, 5000+grown, 20000+grown, "李四"))
			grown++
		}
		s, err := x.Write(rows, nil, nil)
		if err != nil {
			t.Error(err)
			break
		}
		s.Publish()
		if i%50 == 49 {
			if err := x.Compact(); err != nil {
				t.Error(err)
				break
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d looks, %d at a view that went past", seen.Load(), past.Load())
}

func TestTableKeepsEverySlotReachable(t *testing.T) {
	tab, hashes := newTable(0, loadOfOthers), map[uint32]uint64{}
	ref := uint32(0)
	check := func(step int) {
		t.Helper()
		for ref, hash := range hashes {
			if !tab.refers(hash, ref) {
				t.Fatalf("step %d: lost", step)
			}
		}
		if tab.used != len(hashes) {
			t.Fatalf("step %d: %d used, want %d", step, tab.used, len(hashes))
		}
	}
	k := newSecrets(testKey()).numbers
	for step := range 30000 {
		draw := k.hash16(uint64(step), 9)
		if draw%3 > 0 && len(hashes) < 700 {
			hash := draw>>4&3<<62 | draw>>8&7<<32 | draw>>16&3 | 4 // few homes, few marks, many of one hash
			ref++
			tab = tab.with(1)
			tab.insert(hash, ref)
			hashes[ref] = hash
		} else {
			for gone, hash := range hashes {
				if !tab.remove(hash, gone) {
					t.Fatalf("step %d: lost", step)
				}
				delete(hashes, gone)
				if tab.refers(hash, gone) {
					t.Fatalf("step %d: found after it was removed", step)
				}
				break
			}
		}
		if step%97 == 0 {
			check(step)
		}
	}
	check(-1)
}

// TestANameOfManyIsNotSlow puts the names of many listings into a table
// in which every third has one of two names: the work stays in proportion.
func TestANameOfManyIsNotSlow(t *testing.T) {
	const n = 30_000
	k := newSecrets(testKey()).numbers
	tab := newTable(0, loadOfOthers)
	hash := func(i int) uint64 {
		if i%3 == 0 {
			return k.hash([]string{"张伟", "王伟"}[i%2])
		}
		return k.hash16(uint64(i), 0)
	}
	for i := range n {
		tab = tab.with(1)
		tab.insert(hash(i), uint32(i+1))
	}
	groups := 0
	for i := 1; i < n; i += 3 { // those with a name of their own
		for k := uint32(0); ; k++ {
			groups++
			if zeros(tab.marks[tab.group(hash(i), k)]) != 0 {
				break
			}
		}
	}
	if mean := float64(groups) / (n / 3); mean > 20 { // in one row it would be hundreds
		t.Errorf("a search reads %.1f groups", mean)
	}
	found := 0
	for s := tab.search(hash(0)); ; found++ {
		if _, ok := s.next(); !ok {
			break
		}
	}
	if want := (n + 5) / 6; found != want {
		t.Errorf("%d of the name, want %d", found, want)
	}
	for i := 0; i < n; i += 3 {
		if !tab.remove(hash(i), uint32(i+1)) {
			t.Fatal("lost")
		}
	}
}

func TestThousandsOfListingsOfOneSubjectAreAllFound(t *testing.T) {
	files, key := newDir(t), testKey()
	b := must[*Builder](t)(Build(files, key))
	const n = 5000
	var rows []Row
	for i := range n {
		rows = append(rows, row(key, i, 1, "王小明"))
	}
	if err := b.Add(rows); err != nil {
		t.Fatal(err)
	}
	x := must[*Index](t)(b.Finish(nil))
	defer x.Close()
	found := func(want int) {
		t.Helper()
		hits, err := x.View().Lookup(citizen(1), nil)
		ids := map[gongxin.ListingID]bool{}
		for _, h := range hits {
			ids[h.Listing] = true
		}
		if err != nil || len(hits) != want || len(ids) != want {
			t.Errorf("%d hits, %d listings, want %d, %v", len(hits), len(ids), want, err)
		}
	}
	found(n)
	if hits, err := x.View().ByName("王小明", 20, nil); err != nil || len(hits) != 20 {
		t.Errorf("%d hits by name, want the limit", len(hits))
	}
	var gone []gongxin.ListingID
	for i := 0; i < n; i += 2 {
		gone = append(gone, listing(i))
	}
	must[*Step](t)(x.Write(nil, gone, nil)).Publish()
	found(n / 2)
	must[*Step](t)(x.Write(rows[:100], nil, nil)).Publish()
	found(n/2 + 50)
}

func TestLookupOfNobodyAllocatesNothing(t *testing.T) {
	files, key := newDir(t), testKey()
	b := must[*Builder](t)(Build(files, key))
	for i := range 1000 {
		if err := b.Add([]Row{row(key, i, i, "王小明")}); err != nil {
			t.Fatal(err)
		}
	}
	x := must[*Index](t)(b.Finish(nil))
	defer x.Close()
	absent, out := make([]identity.Number, 300), make([]bool, 300)
	for i := range absent {
		absent[i] = citizen(5000 + i)
	}
	v := x.View()
	if n := testing.AllocsPerRun(20, func() {
		for _, a := range absent {
			if hits, err := v.Lookup(a, nil); hits != nil || err != nil {
				t.Fatal("found")
			}
		}
	}); n != 0 {
		t.Errorf("Lookup: %v allocations", n)
	}
	if n := testing.AllocsPerRun(20, func() { v.Maybe(absent, out) }); n != 0 {
		t.Errorf("Maybe: %v allocations", n)
	}
}

func TestSipHash128GivesTheVectorsOfItsAuthors(t *testing.T) {
	key := [2]uint64{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var in []byte
	for i := range 8 {
		in = append(in, byte(i))
	}
	for n, want := range map[int]string{0: "a3817f04ba25a8e66df67214c7550293", 1: "da87c1d86b99af44347659119b22fc45", 8: "3b62a9ba6258f5610f83e264f31497b4"} {
		if got := fmt.Sprintf("%x", sipHash128(key, string(in[:n]))); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
}
