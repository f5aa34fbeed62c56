package screen

// A table finds entries by a keyed 64-bit hash: open addressing with linear
// probing, one word of memory a slot, so that a search that fails touches one
// cache line almost always.
//
//	slot = upper half of the hash ‖ number of the entry + 1; 0 is free
//
// Entries with one hash hang on one slot as a chain (entry.next), so a subject
// with thousands of listings costs one slot. The table grows at 5/8 full and
// does not shrink.
type table struct {
	slots []uint64
	used  int
}

const smallest = 16

func newTable(n int) table {
	size := smallest
	for size*5/8 <= n {
		size *= 2
	}
	return table{slots: make([]uint64, size)}
}

const refBits = 32

func pack(hash uint64, ref uint32) uint64 { return hash>>refBits<<refBits | uint64(ref) + 1 }
func refOf(slot uint64) uint32            { return uint32(slot) - 1 }

// home is where a search for hash begins: its low bits, of which the slot's
// fingerprint, the high bits, says nothing up to 2³² slots.
func (t *table) home(hash uint64) uint64 { return hash & uint64(len(t.slots)-1) }

// next returns the first slot from i on whose fingerprint is that of hash, and
// false when a free slot comes first.
func (t *table) next(hash, i uint64) (uint64, bool) {
	mask := uint64(len(t.slots) - 1)
	for {
		i &= mask
		s := t.slots[i]
		if s == 0 {
			return i, false
		}
		if s>>refBits == hash>>refBits {
			return i, true
		}
		i++
	}
}

// insert adds a slot for hash; hashOf gives the hash of an entry, for growing.
func (t *table) insert(hash uint64, ref uint32, hashOf func(uint32) uint64) {
	if (t.used+1)*8 > len(t.slots)*5 {
		old := t.slots
		t.slots = make([]uint64, 2*len(old))
		for _, s := range old {
			if s != 0 {
				t.place(hashOf(refOf(s)), s)
			}
		}
	}
	t.place(hash, pack(hash, ref))
	t.used++
}

func (t *table) place(hash, slot uint64) {
	mask := uint64(len(t.slots) - 1)
	i := t.home(hash)
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

// remove frees slot i and moves later slots of the run up, so that no search
// ends early and no tombstones collect.
func (t *table) remove(i uint64, hashOf func(uint32) uint64) {
	mask := uint64(len(t.slots) - 1)
	t.used--
	for j := i; ; {
		j = (j + 1) & mask
		s := t.slots[j]
		if s == 0 {
			break
		}
		// s may move to i unless its home lies cyclically in (i, j].
		if home := t.home(hashOf(refOf(s))); (j-home)&mask >= (j-i)&mask {
			t.slots[i], i = s, j
		}
	}
	t.slots[i] = 0
}
