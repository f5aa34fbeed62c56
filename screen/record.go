package screen

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"gongxin"
	"gongxin/identity"
)

// A record is a row as it stands in a file, at a multiple of 16:
//
//	length 4 ‖ sealed (listing 16 ‖ element 32 ‖ tag 16 ‖ hash 8 ‖ numbers ‖ lengths ‖ texts) ‖ zeros
const (
	unit        = 16
	lengthSize  = 4
	elementAt   = 16
	tagAt       = 48
	hashAt      = 64
	numbersAt   = 72
	maxText     = 4 << 10 // bytes of one text; intake refuses such long before
	maxRecord   = 32 << 10
	usualRecord = 336 // bytes that are read for a record at first
)

func roundUp(n int64) int64 { return (n + unit - 1) &^ (unit - 1) }

// cut bounds a text. A name that was cut agrees with none, so it restricts nobody.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	s = s[:maxText]
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n > 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s
}

func appendRow(b []byte, r *Row) []byte {
	b = append(b, r.Listing[:]...)
	b = append(b, r.Element[:]...)
	b = append(b, r.Mark.Tag[:]...)
	b = binary.LittleEndian.AppendUint64(b, r.Mark.Hash)
	b = binary.AppendUvarint(b, r.Sequence)
	b = binary.AppendUvarint(b, r.Since)
	b = binary.AppendUvarint(b, r.Whose)
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Published))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Until))
	b = binary.LittleEndian.AppendUint16(b, uint16(r.Born))
	sex := byte(0)
	switch r.Sex {
	case identity.Male:
		sex = 1
	case identity.Female:
		sex = 2
	}
	b = append(b, sex)
	texts := [...]string{cut(r.Name), cut(r.Masked), cut(r.Case), cut(r.Court), cut(string(r.Severity))}
	for _, t := range texts {
		b = binary.AppendUvarint(b, uint64(len(t)))
	}
	for _, t := range texts {
		b = append(b, t...)
	}
	return b
}

// parseRow reads what appendRow gives; false if b is not that. It makes one string.
func parseRow(b []byte) (r Row, ok bool) {
	if len(b) < numbersAt {
		return r, false
	}
	r.Listing, r.Element = gongxin.ListingID(b), [32]byte(b[elementAt:])
	r.Mark = Mark{Tag: [16]byte(b[tagAt:]), Hash: binary.LittleEndian.Uint64(b[hashAt:])}
	b = b[numbersAt:]
	for _, into := range [...]*uint64{&r.Sequence, &r.Since, &r.Whose} {
		n := 0
		if *into, n = binary.Uvarint(b); n <= 0 {
			return r, false
		}
		b = b[n:]
	}
	if len(b) < 11 {
		return r, false
	}
	r.Published, r.Until = gongxin.Day(binary.LittleEndian.Uint32(b)), gongxin.Day(binary.LittleEndian.Uint32(b[4:]))
	r.Born = int(binary.LittleEndian.Uint16(b[8:]))
	switch b[10] {
	case 0:
	case 1:
		r.Sex = identity.Male
	case 2:
		r.Sex = identity.Female
	default:
		return r, false
	}
	b = b[11:]
	var ends [5]int
	end := 0
	for i := range ends {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > maxText {
			return r, false
		}
		b = b[size:]
		end += int(n)
		ends[i] = end
	}
	if len(b) != end {
		return r, false
	}
	s := string(b)
	r.Name, r.Masked, r.Case, r.Court = s[:ends[0]], s[ends[0]:ends[1]], s[ends[1]:ends[2]], s[ends[2]:ends[3]]
	r.Severity = gongxin.Severity(s[ends[3]:])
	return r, true
}

// A sealer keeps what sealing needs. It is for one goroutine.
type sealer struct {
	seal  seal
	nonce nonce
}

// appendSealed appends the record of row, what appendRow gave, which is to stand at off.
func (s *sealer) appendSealed(b []byte, off int64, row []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(row)+overhead))
	return pad(s.seal.seal(&s.nonce, sealedRecord, off, b, row), start)
}

// pad appends zeros until b is a multiple of 16 long from start on.
func pad(b []byte, start int) []byte {
	for (len(b)-start)%unit != 0 {
		b = append(b, 0)
	}
	return b
}

// A sum of elements modulo 2²⁵⁶, lowest word first.
type sum [4]uint64

func sumOf(b []byte) (s sum) {
	for i := range s {
		s[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return s
}

func (s *sum) add(e sum) {
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], e[i], carry)
	}
}

func (s *sum) sub(e sum) {
	var borrow uint64
	for i := range s {
		s[i], borrow = bits.Sub64(s[i], e[i], borrow)
	}
}

// bytes gives s as ledger.Digest has it: big-endian.
func (s sum) bytes() (b [32]byte) {
	for i := range s {
		binary.BigEndian.PutUint64(b[24-8*i:], s[i])
	}
	return b
}
