package intake

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"

	"gongxin"
)

// memoryKeys is how many records Seen remembers in memory, some 24 bytes each;
// the others go to a temporary file.
const memoryKeys = 1 << 20

// Seen remembers the records of one run: duplicates are told within a file and
// across the files, and, once AsRegister was called, withdrawals are checked against the
// listings of the files before them. It holds keyed hashes of 128 bits and no
// identifiers. Memory is bounded; beyond a million records a temporary file is used.
// It is for one goroutine at a time.
type Seen struct {
	seeds    [2]maphash.Seed
	files    []string
	register bool
	listings int // records of listings that were put
	memory   table
	spill    *spill
	limit    int // keys in memory
}

// NewSeen returns an empty Seen. Close it.
func NewSeen() *Seen {
	return &Seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, limit: memoryKeys}
}

// AsRegister makes s stand for the register in a run without a hub: a withdrawal
// must be of a listing that s has seen. Call it before the first file. It returns s.
func (s *Seen) AsRegister() *Seen {
	s.register = true
	return s
}

// Close removes the temporary file, if there is one.
func (s *Seen) Close() error {
	if s == nil || s.spill == nil {
		return nil
	}
	err := s.spill.close()
	s.spill = nil
	return err
}

// begin notes a new file and returns its number.
func (s *Seen) begin(name string) int {
	if s == nil {
		return 0
	}
	s.files = append(s.files, name)
	return min(len(s.files)-1, maxFile)
}

// What is remembered, each in its own domain of keys.
const (
	domainListing    byte = 'l'
	domainWithdrawal byte = 'w'
	domainCase       byte = 'c'
)

// A hash is the key of a record; the zero hash is no key.
type hash struct{ a, b uint64 }

func (s *Seen) hash(domain byte, caseKey, subject string) hash {
	var h [2]uint64
	for i, seed := range s.seeds {
		var m maphash.Hash
		m.SetSeed(seed)
		_ = m.WriteByte(domain) // neither can fail
		_, _ = m.WriteString(caseKey)
		_ = m.WriteByte(0)
		_, _ = m.WriteString(subject)
		h[i] = m.Sum64()
	}
	if h[0]|h[1] == 0 {
		h[1] = 1
	}
	return hash{h[0], h[1]}
}

// key is that of a case and subject. An organisation is one by its credit code
// and by the organisation code inside. The court is left out: withdrawals do not
// name it, and one case has one.
func (s *Seen) key(domain byte, n gongxin.CaseNumber, sub gongxin.Subject) hash {
	number := sub.Number
	if o, ok := number.Organisation(); ok {
		number = o
	}
	return s.hash(domain, n.Key(), number.Full())
}

// put remembers a record. If its key was there already, it says where and changes
// nothing.
func (s *Seen) put(domain byte, n gongxin.CaseNumber, sub gongxin.Subject, file, row int, day gongxin.Day) (ofFile, ofRow int, dup bool, err error) {
	before, dup, err := s.insert(s.key(domain, n, sub), pack(file, row, day))
	if err != nil || dup {
		ofFile, ofRow, _ = unpack(before)
		return ofFile, ofRow, dup, err
	}
	if domain == domainListing {
		s.listings++
		if s.register {
			if _, _, err := s.insert(s.hash(domainCase, n.Key(), ""), 1); err != nil {
				return 0, 0, false, err
			}
		}
	}
	return 0, 0, false, nil
}

// listed returns the day on which a listing was published.
func (s *Seen) listed(n gongxin.CaseNumber, sub gongxin.Subject) (published gongxin.Day, found bool, err error) {
	v, found, err := s.get(s.key(domainListing, n, sub))
	_, _, published = unpack(v)
	return published, found, err
}

func (s *Seen) hasCase(n gongxin.CaseNumber) (bool, error) {
	_, found, err := s.get(s.hash(domainCase, n.Key(), ""))
	return found, err
}

func (s *Seen) get(h hash) (v uint64, found bool, err error) {
	if v, found = s.memory.get(h); found || s.spill == nil {
		return v, found, nil
	}
	return s.spill.get(h)
}

// insert puts v at h unless a value is there, which it returns.
func (s *Seen) insert(h hash, v uint64) (before uint64, found bool, err error) {
	if s.memory.n < s.limit {
		before, found = s.memory.insert(h, v)
		return before, found, nil
	}
	if before, found = s.memory.get(h); found {
		return before, true, nil
	}
	if s.spill == nil {
		if s.spill, err = newSpill(2 * s.limit); err != nil {
			return 0, false, fmt.Errorf("remember records in a temporary file: %w", err)
		}
	}
	before, found, err = s.spill.insert(h, v)
	if err != nil {
		err = fmt.Errorf("remember records in a temporary file: %w", err)
	}
	return before, found, err
}

// Layout of a value: file 10 bits, row 32, day 22 (32 to a month).
const (
	dayBits = 22
	rowBits = 32
	maxFile = 1<<(64-dayBits-rowBits) - 1
)

func pack(file, row int, day gongxin.Day) uint64 {
	y, m, d := day.Date()
	days := uint64((y*12+m)*32 + d)
	return uint64(file)<<(dayBits+rowBits) | uint64(uint32(row))<<dayBits | days
}

func unpack(v uint64) (file, row int, day gongxin.Day) {
	if days := int(v & (1<<dayBits - 1)); days > 0 {
		months := days / 32
		y, m := months/12, months%12
		if m == 0 { // December of the year before
			y, m = y-1, 12
		}
		day = gongxin.Day(y*10000 + m*100 + days%32)
	}
	return int(v >> (dayBits + rowBits)), int(v >> dayBits & (1<<rowBits - 1)), day
}

// A slot is one entry of a table with open addressing; free if both halves of the
// hash are zero.
type slot struct {
	h hash
	v uint64
}

// A table is a hash table with linear probing, at most three quarters full.
type table struct {
	slots []slot
	n     int
}

func (t *table) find(h hash) (i int, found bool) {
	mask := len(t.slots) - 1
	for i = int(h.a) & mask; ; i = (i + 1) & mask {
		switch t.slots[i].h {
		case h:
			return i, true
		case hash{}:
			return i, false
		}
	}
}

func (t *table) get(h hash) (uint64, bool) {
	if t.n == 0 {
		return 0, false
	}
	i, found := t.find(h)
	return t.slots[i].v, found
}

func (t *table) insert(h hash, v uint64) (uint64, bool) {
	if 4*(t.n+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]slot, max(1024, 2*len(old)))
		for _, s := range old {
			if s.h != (hash{}) {
				i, _ := t.find(s.h)
				t.slots[i] = s
			}
		}
	}
	i, found := t.find(h)
	if !found {
		t.slots[i] = slot{h, v}
		t.n++
	}
	return t.slots[i].v, found
}

var errFull = errors.New("too many records for one run")

// capacity is the number of slots, a power of two, for n entries.
func capacity(n int) int { return 1 << bits.Len(uint(n*4/3)) }
