package screen

import (
	"encoding/binary"
	"math/bits"
)

// An oldTable finds entries by a keyed 64-bit hash: open addressing with linear
// probing, over two arrays of one length.
//
//	marks  one byte a slot: 0 is free, else the top byte of the hash
//	slots  upper half of the hash ‖ number of the entry
//
// A search reads eight marks at once and looks at a slot only where a mark
// agrees, so one that fails touches one cache line of a small array almost
// always: 2 MiB for a million listings.
//
// Entries with one hash hang on one slot as a chain (entry.next), so a subject
// with thousands of listings costs one slot. The table grows at 5/8 full and
// does not shrink.
type oldTable struct {
	marks []byte // and the first eight once more behind, so that reads need not wrap
	slots []uint64
	used  int
}

const (
	smallest = 16
	width    = 8 // marks read at once
)

func newOldTable(n int) oldTable {
	size := smallest
	for size*5/8 <= n {
		size *= 2
	}
	return oldTable{marks: make([]byte, size+width), slots: make([]uint64, size)}
}

const refBits = 32

func pack(hash uint64, ref uint32) uint64 { return hash>>refBits<<refBits | uint64(ref) }

// oldMarkOf is the mark of a slot with hash; never 0.
func oldMarkOf(hash uint64) byte { return byte(max(hash>>56, 1)) }

// home is where a search for hash begins: its low bits, of which mark and slot,
// the high bits, say nothing up to 2³² slots.
func (t *oldTable) home(hash uint64) uint64 { return hash & uint64(len(t.slots)-1) }

// next returns the first slot from i on whose upper half is that of hash, and
// false when a free slot comes first.
func (t *oldTable) next(hash, i uint64) (uint64, bool) {
	mask := uint64(len(t.slots) - 1)
	want := uint64(oldMarkOf(hash)) * lows
	for {
		i &= mask
		group := binary.LittleEndian.Uint64(t.marks[i:])
		free := zeros(group)
		for like := zeros(group^want) & (free&-free - 1); like != 0; like &= like - 1 { // those before the first free slot
			at := (i + uint64(bits.TrailingZeros64(like))/8) & mask
			if t.slots[at]>>refBits == hash>>refBits && t.marks[at] == byte(want) {
				return at, true
			}
		}
		if free != 0 {
			return (i + uint64(bits.TrailingZeros64(free))/8) & mask, false
		}
		i += width
	}
}

// mark sets the mark of slot i.
func (t *oldTable) mark(i uint64, m byte) {
	t.marks[i] = m
	if i < width {
		t.marks[uint64(len(t.slots))+i] = m
	}
}

// insert adds a slot for hash; hashOf gives the hash of an entry, for growing.
func (t *oldTable) insert(hash uint64, ref uint32, hashOf func(uint32) uint64) {
	if (t.used+1)*8 > len(t.slots)*5 {
		old := *t
		*t = oldTable{marks: make([]byte, 2*len(old.slots)+width), slots: make([]uint64, 2*len(old.slots)), used: old.used}
		for i, s := range old.slots {
			if old.marks[i] != 0 {
				t.place(hashOf(refOf(s)), s)
			}
		}
	}
	t.place(hash, pack(hash, ref))
	t.used++
}

func (t *oldTable) place(hash, slot uint64) {
	mask := uint64(len(t.slots) - 1)
	i := t.home(hash)
	for t.marks[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
	t.mark(i, oldMarkOf(hash))
}

// remove frees slot i and moves later slots of the run up, so that no search
// ends early and no tombstones collect.
func (t *oldTable) remove(i uint64, hashOf func(uint32) uint64) {
	mask := uint64(len(t.slots) - 1)
	t.used--
	for j := i; ; {
		j = (j + 1) & mask
		if t.marks[j] == 0 {
			break
		}
		// j may move to i unless its home lies cyclically in (i, j].
		if home := t.home(hashOf(refOf(t.slots[j]))); (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			t.mark(i, t.marks[j])
			i = j
		}
	}
	t.slots[i] = 0
	t.mark(i, 0)
}
