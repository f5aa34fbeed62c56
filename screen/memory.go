package screen

import (
	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

// NewMemoryEntry returns what an index under key keeps of a listing whose content e
// sets; e.Entry is not nil.
func NewMemoryEntry(key Key, e gongxin.Event) Entry {
	m := newMarker(key)
	return m.entry(*e.Entry)
}

func (m *marker) entry(n gongxin.Entry) Entry {
	return Entry{Mark: m.mark(n.Subject.Number), Name: n.Subject.Name, Masked: n.Subject.Number.String(), Case: n.Case.String(),
		Court: n.CourtName, Severity: n.Severity, Published: n.Published, Until: n.Until}
}

// An entry is a listing in memory. Texts that repeat are shared.
type entry struct {
	listing  gongxin.ListingID
	mark     Mark
	nameHash uint64
	next     [2]uint32 // next entry+1 with the same hash, by number and by name
	court    uint32    // into Memory.shared
	severity uint32
	from     gongxin.Day
	until    gongxin.Day
	lengths  [2]uint16 // of name and masked number in text; the rest is the case number
	text     string
}

// A Memory is the index as it was before: it holds the listings in force under one key.
type Memory struct {
	marker  marker
	entries []entry
	free    []uint32
	at      map[gongxin.ListingID]uint32
	numbers oldTable
	names   oldTable
	shared  []string
	sharing map[string]uint32
}

const (
	byNumber = iota
	byName
)

// NewMemory returns an empty index under key.
func NewMemory(key Key) *Memory { return NewMemorySized(key, 0) }

// NewMemorySized is NewMemory with room for n listings.
func NewMemorySized(key Key, n int) *Memory {
	return &Memory{marker: newMarker(key), entries: make([]entry, 0, n), at: make(map[gongxin.ListingID]uint32, n),
		numbers: newOldTable(n), names: newOldTable(n), sharing: map[string]uint32{}}
}

// Mark returns what stands for number in this index. The zero Number has the zero Mark.
func (x *Memory) Mark(number identity.Number) Mark { return x.marker.mark(number) }

// Entry is NewEntry under the index's own key.
func (x *Memory) Entry(n gongxin.Entry) Entry { return x.marker.entry(n) }

// Len returns how many listings the index holds.
func (x *Memory) Len() int { return len(x.at) }

// Put adds the listing id, or replaces what the index held of it.
func (x *Memory) Put(id gongxin.ListingID, e Entry) {
	x.Remove(id)
	name, masked := cut(e.Name), cut(e.Masked)
	n := entry{listing: id, mark: e.Mark, court: x.share(e.Court), severity: x.share(string(e.Severity)), from: e.Published,
		until: e.Until, lengths: [2]uint16{uint16(len(name)), uint16(len(masked))}, text: name + masked + e.Case}
	n.nameHash = sipHash(x.marker.name, match.Fold(name))
	var ref uint32
	if k := len(x.free); k > 0 {
		ref, x.free = x.free[k-1], x.free[:k-1]
		x.entries[ref] = n
	} else {
		ref = uint32(len(x.entries))
		x.entries = append(x.entries, n)
	}
	x.at[id] = ref
	x.hang(&x.numbers, byNumber, ref)
	x.hang(&x.names, byName, ref)
}

func (x *Memory) share(s string) uint32 {
	i, ok := x.sharing[s]
	if !ok {
		i = uint32(len(x.shared))
		x.shared = append(x.shared, s)
		x.sharing[s] = i
	}
	return i
}

func (x *Memory) hashOf(way int) func(uint32) uint64 {
	if way == byName {
		return func(ref uint32) uint64 { return x.entries[ref].nameHash }
	}
	return func(ref uint32) uint64 { return x.entries[ref].mark.Hash }
}

// head returns the slot whose chain has exactly hash.
func (x *Memory) head(t *oldTable, way int, hash uint64) (uint64, bool) {
	of := x.hashOf(way)
	for i := t.home(hash); ; i++ {
		var ok bool
		if i, ok = t.next(hash, i); !ok || of(refOf(t.slots[i])) == hash {
			return i, ok
		}
	}
}

func (x *Memory) hang(t *oldTable, way int, ref uint32) {
	hash := x.hashOf(way)(ref)
	if i, ok := x.head(t, way, hash); ok {
		first := refOf(t.slots[i])
		x.entries[ref].next[way] = x.entries[first].next[way]
		x.entries[first].next[way] = ref + 1
		return
	}
	t.insert(hash, ref, x.hashOf(way))
}

func (x *Memory) unhang(t *oldTable, way int, ref uint32) {
	hash := x.hashOf(way)(ref)
	i, ok := x.head(t, way, hash)
	if !ok {
		panic("screen: an entry is missing from its table")
	}
	next := x.entries[ref].next[way]
	at := refOf(t.slots[i])
	if at == ref {
		if next == 0 {
			t.remove(i, x.hashOf(way))
		} else {
			t.slots[i] = pack(hash, next-1)
		}
		return
	}
	for x.entries[at].next[way] != ref+1 {
		at = x.entries[at].next[way] - 1
	}
	x.entries[at].next[way] = next
}

// Remove takes the listing id out; false if the index does not hold it.
func (x *Memory) Remove(id gongxin.ListingID) bool {
	ref, ok := x.at[id]
	if !ok {
		return false
	}
	x.unhang(&x.numbers, byNumber, ref)
	x.unhang(&x.names, byName, ref)
	x.entries[ref] = entry{}
	x.free = append(x.free, ref)
	delete(x.at, id)
	return true
}

// Get returns what the index holds of the listing id.
func (x *Memory) Get(id gongxin.ListingID) (Hit, bool) {
	ref, ok := x.at[id]
	if !ok {
		return Hit{}, false
	}
	return x.hit(ref), true
}

func (x *Memory) hit(ref uint32) Hit {
	e := &x.entries[ref]
	a := int(e.lengths[0])
	b := a + int(e.lengths[1])
	return Hit{Listing: e.listing, Entry: Entry{Mark: e.mark, Name: e.text[:a], Masked: e.text[a:b], Case: e.text[b:], Court: x.shared[e.court],
		Severity: gongxin.Severity(x.shared[e.severity]), Published: e.from, Until: e.until}}
}

// Lookup appends to dst the listings whose subject has number and returns it.
// It allocates nothing when there is none. An organisation is found by its
// credit code and by its organisation code alike. The zero Number finds nothing.
func (x *Memory) Lookup(number identity.Number, dst []Hit) []Hit {
	if number.IsZero() {
		return dst
	}
	c := canonical(number)
	hash := sipHash(x.marker.number, c)
	for i := x.numbers.home(hash); ; i++ {
		var ok bool
		if i, ok = x.numbers.next(hash, i); !ok {
			return dst
		}
		if ref := refOf(x.numbers.slots[i]); x.entries[ref].mark.Hash == hash {
			return x.confirmed(ref, c, dst)
		}
	}
}

func (x *Memory) confirmed(ref uint32, number string, dst []Hit) []Hit {
	tag := x.marker.confirm(number)
	for next := ref + 1; next != 0; {
		e := &x.entries[next-1]
		if e.mark.Tag == tag {
			dst = append(dst, x.hit(next-1))
		}
		next = e.next[byNumber]
	}
	return dst
}

// ByName appends to dst the listings whose name agrees with name, at most limit,
// and returns it. Such hits tell nobody apart: they are for a person to look at.
func (x *Memory) ByName(name string, limit int, dst []Hit) []Hit {
	folded := match.Fold(name)
	if folded == "" {
		return dst
	}
	i, ok := x.head(&x.names, byName, sipHash(x.marker.name, folded))
	if !ok {
		return dst
	}
	for next := refOf(x.names.slots[i]) + 1; next != 0 && limit > 0; next = x.entries[next-1].next[byName] {
		if h := x.hit(next - 1); match.Fold(h.Name) == folded {
			dst = append(dst, h)
			limit--
		}
	}
	return dst
}
