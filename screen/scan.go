package screen

import (
	"encoding/binary"

	"gongxin"
)

// A found record is where it stands and what it holds.
type found struct {
	ref   uint32
	plain []byte // at least numbersAt
	hash  uint64 // by which its listing is found
}

// A scanner reads the records of blocks, one after the other.
type scanner struct {
	room  []byte
	nonce nonce
	found []found
}

// scan reads the records of block i, in order. They are valid until the next.
func (b *base) scan(i int, s *scanner) ([]found, error) {
	start := int64(i) * blockSize
	end := min(start+blockSize, b.recordsEnd)
	if i == 0 {
		start = int64(headerSize)
	}
	if int(end-start) > len(s.room) {
		s.room = make([]byte, end-start)
	}
	p := s.room[:end-start]
	if err := b.read(p, start); err != nil {
		return nil, err
	}
	s.found = s.found[:0]
	for at := 0; at < len(p); {
		off := start + int64(at)
		sealed, next, ok := cutRecord(p, at)
		if !ok {
			return nil, b.damage(off, "a record")
		}
		if sealed == nil {
			break // zeros until the end of the block
		}
		plain, err := b.open(&s.nonce, sealedRecord, off, sealed)
		if err != nil || len(plain) < numbersAt {
			return nil, b.damage(off, "a record")
		}
		s.found = append(s.found, found{ref: uint32(off / unit), plain: plain})
		at = next
	}
	return s.found, nil
}

// held leaves those of records, which s read, to which t refers for their listing.
func (s *scanner) held(k *secrets, t *table, records []found) []found {
	kept := records[:0]
	for len(records) > 0 {
		some := records[:min(len(records), touched)]
		for i := range some {
			r := &some[i]
			r.hash = k.listHash(gongxin.ListingID(r.plain))
			t.touch(r.hash)
		}
		for _, r := range some {
			if t.refers(r.hash, r.ref) {
				kept = append(kept, r)
			}
		}
		records = records[len(some):]
	}
	return kept
}

// cutRecord finds the sealed part of the record at p[at:] and where the next is to
// be. sealed is nil if nothing but zeros follows; ok is false if it is not a record.
func cutRecord(p []byte, at int) (sealed []byte, next int, ok bool) {
	if at+lengthSize > len(p) {
		return nil, 0, false
	}
	size := binary.LittleEndian.Uint32(p[at:])
	if size == 0 {
		return nil, len(p), zero(p[at:])
	}
	from := at + lengthSize
	if size < overhead || size > maxRecord || int(size) > len(p)-from {
		return nil, 0, false
	}
	to := from + int(size)
	next = int(roundUp(int64(to-at))) + at
	if next > len(p) || !zero(p[to:next]) {
		return nil, 0, false
	}
	return p[from:to], next, true
}
