package screen

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

// citizen returns the n-th citizen number of the province level, which no area
// of a person has.
func citizen(n int) identity.Number {
	s := fmt.Sprintf("320000%04d%02d%02d%03d", 1950+n/1000/28/12%50, 1+n/1000/28%12, 1+n/1000%28, n%1000)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	number, _, err := identity.Parse(s+string("10X98765432"[sum%11]), identity.CitizenID)
	if err != nil {
		panic(err)
	}
	return number
}

func testKey() Key { return Key(bytes.Repeat([]byte{7}, 32)) }

func listing(n int) (id gongxin.ListingID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return id
}

func TestSipHashGivesTheVectorsOfItsAuthors(t *testing.T) {
	key := [2]uint64{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var in []byte
	for i := range 15 {
		in = append(in, byte(i))
	}
	for n, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 7: 0xab0200f58b01d137, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5} {
		if got := sipHash(key, string(in[:n])); got != want {
			t.Errorf("%d bytes: got %x, want %x", n, got, want)
		}
	}
}

func TestIndexFindsWhatWasPutAndAllOfIt(t *testing.T) {
	x := NewMemory(testKey())
	a := Entry{Mark: x.Mark(citizen(1)), Name: "王小明", Masked: "320000********0012", Case: "（2016）苏0505执1号", Court: "苏州市虎丘区人民法院",
		Severity: "一般", Published: 20160101, Until: 20180101}
	x.Put(listing(1), a)
	got := x.Lookup(citizen(1), nil)
	if len(got) != 1 || got[0].Listing != listing(1) || got[0].Entry != a {
		t.Fatalf("got %+v, want %+v", got, a)
	}
	if hits := x.Lookup(citizen(2), nil); hits != nil {
		t.Errorf("a number that is not listed: %+v", hits)
	}
	if hits := x.Lookup(identity.Number{}, nil); hits != nil {
		t.Errorf("no number: %+v", hits)
	}
	if hits := x.ByName("王 小明", 9, nil); len(hits) != 1 || hits[0].Listing != listing(1) {
		t.Errorf("by name: %+v", hits)
	}
	if hits := x.ByName("", 9, nil); hits != nil {
		t.Errorf("no name: %+v", hits)
	}
	if hit, ok := x.Get(listing(1)); !ok || hit.Entry != a {
		t.Errorf("get: %+v", hit)
	}
}

func TestOrganisationIsFoundByEitherCode(t *testing.T) {
	credit, _, err := identity.Parse(validCreditCode, identity.CreditCode)
	if err != nil {
		t.Fatal(err)
	}
	org, ok := credit.Organisation()
	if !ok {
		t.Fatal("no organisation code inside")
	}
	for _, tt := range []struct{ listed, asked identity.Number }{{credit, org}, {org, credit}, {credit, credit}, {org, org}} {
		x := NewMemory(testKey())
		x.Put(listing(1), Entry{Mark: x.Mark(tt.listed), Name: "苏州永安有限公司"})
		if len(x.Lookup(tt.asked, nil)) != 1 {
			t.Errorf("listed as %s, asked for %s: not found", tt.listed, tt.asked)
		}
	}
}

// validCreditCode is synthetic: its digits of the division are those of the province.
const validCreditCode = "91320000QQ12AB3CXH"

func TestEqualHashesDoNotCount(t *testing.T) {
	x := NewMemory(testKey())
	e := Entry{Mark: x.Mark(citizen(1)), Name: "王小明"}
	e.Mark.Tag[0] ^= 1 // another identifier that happens to have the same 64-bit hash
	x.Put(listing(1), e)
	if hits := x.Lookup(citizen(1), nil); hits != nil {
		t.Errorf("a hit without the tag: %+v", hits)
	}
	x.Put(listing(2), Entry{Mark: x.Mark(citizen(1)), Name: "王小明"})
	if hits := x.Lookup(citizen(1), nil); len(hits) != 1 || hits[0].Listing != listing(2) {
		t.Errorf("beside an equal hash: %+v", hits)
	}
}

func TestAnotherKeyMakesOtherMarks(t *testing.T) {
	a, b := NewMemory(testKey()), NewMemory(Key{1})
	if x, y := a.Mark(citizen(1)), b.Mark(citizen(1)); x.Hash == y.Hash || x.Tag == y.Tag {
		t.Error("marks do not depend on the key")
	}
}

// TestIndexEqualsAMap walks random histories, with hashes that collide in every
// part of a slot, and compares the index with a naive map after each step.
func TestIndexEqualsAMap(t *testing.T) {
	names := []string{"王小明", "王小明 ", "李娜", "阿依努尔·吐尔逊", "阿依努尔•吐尔逊", "苏州永安（集团）有限公司"}
	rapid.Check(t, func(t *rapid.T) {
		x, naive := NewMemory(testKey()), map[gongxin.ListingID]Entry{}
		marks := map[identity.Number]Mark{}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			id := listing(rapid.IntRange(0, 40).Draw(t, "listing"))
			if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				_, had := naive[id]
				if x.Remove(id) != had {
					t.Fatalf("removing %s: had %v", id, had)
				}
				delete(naive, id)
			} else {
				n := citizen(rapid.IntRange(0, 15).Draw(t, "number"))
				e := Entry{Mark: x.Mark(n), Name: rapid.SampledFrom(names).Draw(t, "name"), Masked: n.String(),
					Case: "（2016）苏0505执1号", Court: rapid.SampledFrom([]string{"甲法院", "乙法院"}).Draw(t, "court")}
				marks[n] = e.Mark
				x.Put(id, e)
				naive[id] = e
			}
			compare(t, x, naive, marks, names)
		}
	})
}

func compare(t *rapid.T, x *Memory, naive map[gongxin.ListingID]Entry, marks map[identity.Number]Mark, names []string) {
	if x.Len() != len(naive) {
		t.Fatalf("%d listings, want %d", x.Len(), len(naive))
	}
	wanted := func(match func(Entry) bool) (want []Hit) {
		for id, e := range naive {
			if match(e) {
				want = append(want, Hit{Listing: id, Entry: e})
			}
		}
		return sorted(want)
	}
	for n, m := range marks {
		if got, want := sorted(x.Lookup(n, nil)), wanted(func(e Entry) bool { return e.Mark == m }); !slices.Equal(got, want) {
			t.Fatalf("by number %s: got %v, want %v", n, got, want)
		}
	}
	for _, name := range names {
		if got, want := sorted(x.ByName(name, 1000, nil)), wanted(func(e Entry) bool { return match.Agrees(e.Name, name) }); !slices.Equal(got, want) {
			t.Fatalf("by name %s: got %v, want %v", name, got, want)
		}
	}
}

func sorted(hits []Hit) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(a.Listing.String(), b.Listing.String()) })
	return hits
}

func TestOldTableKeepsEverySlotReachable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tab, hashes := newOldTable(0), []uint64{}
	of := func(ref uint32) uint64 { return hashes[ref] }
	alive := map[uint32]bool{}
	find := func(hash uint64, ref uint32) (uint64, bool) {
		for i := tab.home(hash); ; i++ {
			var ok bool
			if i, ok = tab.next(hash, i); !ok || refOf(tab.slots[i]) == ref {
				return i, ok
			}
		}
	}
	for step := range 20000 {
		if r.IntN(3) > 0 && len(alive) < 400 {
			hash := uint64(r.IntN(4))<<62 | uint64(r.IntN(40)) // long runs, few fingerprints
			ref := uint32(len(hashes))
			hashes = append(hashes, hash)
			tab.insert(hash, ref, of)
			alive[ref] = true
		} else {
			for ref := range alive {
				i, ok := find(of(ref), ref)
				if !ok {
					t.Fatalf("step %d: lost", step)
				}
				tab.remove(i, of)
				delete(alive, ref)
				if _, ok := find(of(ref), ref); ok {
					t.Fatalf("step %d: found after it was removed", step)
				}
				break
			}
		}
		if step%97 == 0 {
			for ref := range alive {
				if _, ok := find(of(ref), ref); !ok {
					t.Fatalf("step %d: lost", step)
				}
			}
		}
	}
	if tab.used != len(alive) {
		t.Errorf("%d used, want %d", tab.used, len(alive))
	}
}

func TestManyListingsOfOneSubjectCostOneSlot(t *testing.T) {
	x := NewMemory(testKey())
	m := x.Mark(citizen(1))
	for i := range 5000 {
		x.Put(listing(i), Entry{Mark: m, Name: "王小明"})
	}
	if x.numbers.used != 1 || x.names.used != 1 {
		t.Errorf("%d and %d slots", x.numbers.used, x.names.used)
	}
	if got := len(x.Lookup(citizen(1), nil)); got != 5000 {
		t.Errorf("%d hits", got)
	}
	if got := len(x.ByName("王小明", 20, nil)); got != 20 {
		t.Errorf("%d hits by name, want the limit", got)
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	if s := fmt.Sprintf("%v %+v %#v %s", testKey(), testKey(), testKey(), testKey()); strings.Contains(s, "7") {
		t.Errorf("printed: %s", s)
	}
}

func TestMemoryLookupOfNobodyAllocatesNothing(t *testing.T) {
	x := NewMemory(testKey())
	for i := range 1000 {
		x.Put(listing(i), Entry{Mark: x.Mark(citizen(i)), Name: "王小明"})
	}
	absent := citizen(5000)
	if n := testing.AllocsPerRun(100, func() { x.Lookup(absent, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
