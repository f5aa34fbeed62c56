package screen

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"gongxin"
	"gongxin/identity"
)

// A Key is the secret of one gate under which it keeps identifiers and names as
// hashes, in memory and on disk: 32 random bytes.
type Key [32]byte

// NewKey makes a key from the system's random source.
func NewKey() (Key, error) {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		return Key{}, fmt.Errorf("make gate key: %w", err)
	}
	return k, nil
}

// String hides the key in logs.
func (k Key) String() string { return "screen.Key(secret)" }

// GoString hides the key in %#v.
func (k Key) GoString() string { return k.String() }

// A Mark stands for one identifier under one key. Hash finds it in memory, in a few
// nanoseconds, and is not for the world outside; Tag is SipHash-2-4 with 128 bits, and
// who compares or keeps marks compares Tag. Both are over the canonical number. Kinds
// of numbers share one space, so that a number given without its kind is found
// whatever kind the court called it; an organisation goes by its organisation
// code, also inside a credit code.
type Mark struct {
	Hash uint64
	Tag  [16]byte
}

// IsZero tells whether m stands for no identifier.
func (m Mark) IsZero() bool { return m == Mark{} }

// canonical is the text by which a number is known here.
func canonical(n identity.Number) string {
	if !n.IsOrganisation() {
		return n.Full()
	}
	org, _ := n.Organisation()
	return org.Full()
}

// secrets holds what is derived from a Key once. Each use has its own, so that one
// tells nothing of the other.
type secrets struct {
	key                   Key
	numbers, names, lists seed // of hashes in memory
	tag                   [2]uint64
}

// derive makes n bytes for one use out of k.
func (k Key) derive(salt []byte, use string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k[:], salt, "gongxin screen "+use, n)
	if err != nil {
		panic(fmt.Sprintf("screen: derive %s: %v", use, err)) // a length that HKDF does not give
	}
	return b
}

func newSecrets(k Key) *secrets {
	words := func(use string, into []uint64) {
		b := k.derive(nil, use, 8*len(into))
		for i := range into {
			into[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	}
	s := &secrets{key: k}
	words("hash of numbers", s.numbers[:])
	words("hash of names", s.names[:])
	words("hash of listings", s.lists[:])
	words("tag of numbers", s.tag[:])
	return s
}

// mark returns what stands for number. The zero Number has the zero Mark.
func (s *secrets) mark(number identity.Number) Mark {
	if number.IsZero() {
		return Mark{}
	}
	c := canonical(number)
	return Mark{Hash: s.numbers.hash(c), Tag: sipHash128(s.tag, c)}
}

// entry returns what is kept of a listing with content n.
func (s *secrets) entry(n gongxin.Entry) Entry {
	number := n.Subject.Number
	e := Entry{Mark: s.mark(number), Name: n.Subject.Name, Masked: number.String(), Case: n.Case.String(),
		Court: n.CourtName, Severity: n.Severity, Published: n.Published, Until: n.Until}
	if number.Kind() == identity.CitizenID {
		e.Sex = number.Sex()
		if year, _, _, ok := number.BirthDate(); ok {
			e.Born = year
		}
	}
	return e
}

func (s *secrets) nameHash(key string) uint64 {
	if key == "" {
		return 0
	}
	return s.names.hash(key)
}

func (s *secrets) listHash(id gongxin.ListingID) uint64 {
	return s.lists.hash16(binary.LittleEndian.Uint64(id[:]), binary.LittleEndian.Uint64(id[8:]))
}
