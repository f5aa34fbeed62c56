package screen

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// A table finds references to records by a keyed 64-bit hash; a hash may stand in
// it many times. It has lines of 64 slots in 8 groups of 8:
//
//	marks  a byte a slot, a word a group: 0 free, 1 removed, else the low byte of the hash
//	slots  a word a slot: upper half of the hash ‖ reference
//
// The upper half of the hash says in which group a search begins, by multiplication,
// so that a table of any size can be made of another one without the records. A search
// goes through the groups of a line, which lie in one cache line of marks, and on from
// line to line in steps of its own, until a group has a free slot. One that fails reads
// one cache line almost always. A name that many thousands have fills lines of its
// own way and lengthens the way of others hardly at all.
//
// One goroutine writes while others read: words are read and written atomically. A
// group in which no slot is free never has a free one again, so that a search that
// passed it may pass it for ever.
type table struct {
	lines uint32 // prime
	marks []uint64
	slots []uint64

	// of the writer alone
	private    bool // no view has it yet, so that it may be written without care
	load       int  // percent
	used, dead int
	far        map[uint64]uint32 // hash of many entries → how far its groups are full
}

// How many percent of the slots of a table may be taken. Of numbers most are searched for in
// vain, which is fast where slots are free; names and listings are mostly there.
const (
	loadOfNumbers = 62
	loadOfOthers  = 78
)

const (
	groupSlots  = 8
	lineGroups  = 8
	lineSlots   = lineGroups * groupSlots
	farAway     = 2 * lineGroups
	markRemoved = 1

	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// newTable returns a table with room for n entries.
func newTable(n, load int) *table {
	t := &table{private: true, load: load, lines: prime(uint32(int64(n)*100/int64(load)/lineSlots) + 1)}
	t.marks = allocate(int(t.lines) * lineGroups)
	t.slots = allocate(int(t.lines) * lineSlots)
	return t
}

// prime returns the first prime from n on.
func prime(n uint32) uint32 {
	for n = max(n, 2); ; n++ {
		d := uint32(2)
		for d*d <= n && n%d != 0 {
			d++
		}
		if d*d > n {
			return n
		}
	}
}

func (t *table) room() int { return int(t.lines) * lineSlots * t.load / 100 }

// zeros has the high bit set of the lowest byte of x that is 0 and of no byte below;
// above it may be wrong.
func zeros(x uint64) uint64 { return (x - lows) &^ x & highs }

// markOf is the mark of a slot with hash: neither 0 nor 1. That of a mark is itself.
func markOf(hash uint64) uint64 {
	m := hash & 0xff
	return m | (m-2)>>63<<1
}

func half(hash uint64) uint64 { return hash >> 32 }

func refOf(slot uint64) uint32 { return uint32(slot) }

// home is the group in which a search for hash begins.
func (t *table) home(hash uint64) uint32 {
	return uint32(half(hash) * uint64(t.lines*lineGroups) >> 32)
}

// group is the k-th group on the way of hash, from 0.
func (t *table) group(hash uint64, k uint32) uint32 {
	home := t.home(hash)
	line := home / lineGroups
	if far := uint64(k / lineGroups); far > 0 {
		step := 1 + uint64(uint32(hash>>32)*0x9e3779b1)*uint64(t.lines-1)>>32
		line = uint32((uint64(line) + far*step) % uint64(t.lines))
	}
	return line*lineGroups + (home^k)%lineGroups
}

// marksAt reads the marks of the group in which a search for hash begins, and those of
// the one to which it goes from there.
func (t *table) marksAt(hash uint64) (first, second uint64) {
	home := t.home(hash)
	return atomic.LoadUint64(&t.marks[home]), atomic.LoadUint64(&t.marks[home^1])
}

// maybe tells whether hash may be in the table whose groups on its way begin with
// first and second; false is sure. The second counts where the first has no free slot,
// and is looked at always: to jump over it is guessed wrong too often.
func maybe(hash, first, second uint64) bool {
	like := markOf(hash) * lows
	a, b := first^like, second^like
	inFirst, free := (a-lows)&^a&highs, (first-lows)&^first&highs
	inSecond, freeSecond := (b-lows)&^b&highs, (second-lows)&^second&highs
	return inFirst|none(free)&(inSecond|none(freeSecond)) != 0
}

// none is all ones if x, of which only high bits of bytes may be set, is 0, else 0.
func none(x uint64) uint64 { return -((x>>7 - 1) >> 63) }

// lookSlowly is look for any processor.
func lookSlowly(marks *uint64, groups uint64, asked, ahead *[lookStep]uint64) (may uint64) {
	t := table{lines: uint32(groups / lineGroups), marks: unsafe.Slice(marks, groups)}
	for _, hash := range ahead {
		t.marksAt(hash)
	}
	for i, hash := range asked {
		first, second := t.marksAt(hash)
		if maybe(hash, first, second) {
			may |= 1 << i
		}
	}
	return may
}

// may tells whether hash may be in t; false is sure.
func (t *table) may(hash uint64) bool {
	first, second := t.marksAt(hash)
	return maybe(hash, first, second)
}

// A search goes through the slots whose mark and upper half are those of a hash.
type search struct {
	t          *table
	hash, like uint64 // like: slots of the present group that are still to be looked at
	k, at      uint32 // the group that comes next; the present one
	last       bool   // none comes after the present one
}

func (t *table) search(hash uint64) search { return search{t: t, hash: hash} }

// next returns the next slot, and false when there is none.
func (s *search) next() (slot uint64, ok bool) {
	for {
		for ; s.like != 0; s.like &= s.like - 1 {
			slot = atomic.LoadUint64(&s.t.slots[s.at*groupSlots+uint32(bits.TrailingZeros64(s.like))/8])
			if half(slot) == half(s.hash) && refOf(slot) != 0 {
				s.like &= s.like - 1
				return slot, true
			}
		}
		if s.last || s.k >= s.t.lines*lineGroups {
			return 0, false
		}
		s.at = s.t.group(s.hash, s.k)
		marks := atomic.LoadUint64(&s.t.marks[s.at])
		s.like, s.last = zeros(marks^markOf(s.hash)*lows), zeros(marks) != 0
		s.k++
	}
}

// grown is for how many a table is made that has to hold n and was too small: small ones
// double, so that a list of unknown length is not copied often; large ones must not waste.
func grown(n int) int {
	if n < 2<<20 {
		return 2 * n
	}
	return n + n/3
}

// with returns t with room for n more entries: t itself, or a larger copy.
func (t *table) with(n int) *table {
	if t.used+t.dead+n <= t.room() {
		return t
	}
	c := newTable(grown(t.used+n), t.load)
	for g, marks := range t.marks {
		for i := range uint32(groupSlots) {
			if m := marks >> (8 * i) & 0xff; m > markRemoved {
				slot := t.slots[uint32(g)*groupSlots+i]
				c.insert(slot>>32<<32|m, refOf(slot))
			}
		}
	}
	return c
}

// insert adds ref under hash. There must be room.
func (t *table) insert(hash uint64, ref uint32) {
	g := t.home(hash)
	marks := t.marks[g]
	free := zeros(marks)
	if free == 0 {
		g, marks, free = t.vacant(hash)
	}
	i := uint32(bits.TrailingZeros64(free)) / 8
	slot, mark := hash>>32<<32|uint64(ref), marks&^(0xff<<(8*i))|markOf(hash)<<(8*i)
	t.used++
	if t.private {
		t.slots[g*groupSlots+i], t.marks[g] = slot, mark
		return
	}
	atomic.StoreUint64(&t.slots[g*groupSlots+i], slot)
	atomic.StoreUint64(&t.marks[g], mark)
}

// vacant finds the first group on the way of hash, whose first is full, in which
// something is free or was removed, and which slots those are.
func (t *table) vacant(hash uint64) (g uint32, marks, free uint64) {
	way, from := hash>>32<<32|markOf(hash), uint32(0)
	for k := uint32(0); ; k++ {
		if k == farAway && t.far != nil {
			from = t.far[way]
			k = max(k, from)
		}
		g = t.group(hash, k)
		marks = t.marks[g]
		if free = zeros(marks); free == 0 {
			if free = zeros(marks ^ markRemoved*lows); free == 0 {
				continue
			}
			t.dead--
		}
		if k > farAway && k > from {
			if t.far == nil {
				t.far = map[uint64]uint32{}
			}
			t.far[way] = k
		}
		return g, marks, free
	}
}

// remove takes ref out from under hash; false if it is not there.
func (t *table) remove(hash uint64, ref uint32) bool {
	for s := t.search(hash); ; {
		slot, ok := s.next()
		if !ok {
			return false
		}
		if refOf(slot) == ref {
			return t.clear(s.at, ref)
		}
	}
}

// clear frees the slot of group g that holds ref.
func (t *table) clear(g, ref uint32) bool {
	marks := atomic.LoadUint64(&t.marks[g])
	for i := range uint32(groupSlots) {
		slot := &t.slots[g*groupSlots+i]
		if marks>>(8*i)&0xff <= markRemoved || refOf(atomic.LoadUint64(slot)) != ref {
			continue
		}
		m := uint64(0)
		if zeros(marks) == 0 { // somebody's way may lead past this group
			m = markRemoved
			t.dead++
		}
		atomic.StoreUint64(&t.marks[g], marks&^(0xff<<(8*i))|m<<(8*i))
		atomic.StoreUint64(slot, 0)
		t.used--
		return true
	}
	return false
}

// refers tells whether ref stands under hash.
func (t *table) refers(hash uint64, ref uint32) bool {
	for s := t.search(hash); ; {
		slot, ok := s.next()
		if !ok || refOf(slot) == ref {
			return ok
		}
	}
}

// touch reads where a search for hash begins, so that it is near when it is needed. An
// atomic read is not left out for giving nothing.
func (t *table) touch(hash uint64) {
	g := t.home(hash)
	atomic.LoadUint64(&t.marks[g])
	atomic.LoadUint64(&t.slots[g*groupSlots])
}
