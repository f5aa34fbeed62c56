package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// A Digest is the sum modulo 2²⁵⁶ of the elements of a set, big-endian. Adding
// and taking away elements in any order gives the same digest, so a follower can
// prove that what it holds after a delta is the full set. It guards against
// faults; against forgery, the tree does (docs/decisions/digest.md).
type Digest [32]byte

// Element returns what the event at sequence, whose leaf in binary form is leaf,
// adds to the digest while it counts: SHA-256("gongxin element\x00" ‖ sequence ‖ RecordHash(leaf)).
func Element(sequence uint64, leaf []byte) Digest { return ElementOf(sequence, RecordHash(leaf)) }

// elementDomain keeps what is hashed for the digest apart from all else that is hashed.
const elementDomain = "gongxin element\x00"

// ElementOf is Element for those who have the hash of the leaf already.
func ElementOf(sequence uint64, leafHash Hash) Digest {
	var b [len(elementDomain) + 8 + len(leafHash)]byte
	n := copy(b[:], elementDomain)
	binary.BigEndian.PutUint64(b[n:], sequence)
	copy(b[n+8:], leafHash[:])
	return sha256.Sum256(b[:])
}

// Add returns d + e.
func (d Digest) Add(e Digest) Digest { return d.combine(e, bits.Add64) }

// Sub returns d − e.
func (d Digest) Sub(e Digest) Digest { return d.combine(e, bits.Sub64) }

func (d Digest) combine(e Digest, f func(x, y, carry uint64) (uint64, uint64)) Digest {
	var carry uint64
	for i := 24; i >= 0; i -= 8 {
		var w uint64
		w, carry = f(binary.BigEndian.Uint64(d[i:]), binary.BigEndian.Uint64(e[i:]), carry)
		binary.BigEndian.PutUint64(d[i:], w)
	}
	return d
}

// String gives base64, the form in checkpoints.
func (d Digest) String() string { return base64.StdEncoding.EncodeToString(d[:]) }

// ParseDigest reads the form that String gives.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(d) || base64.StdEncoding.EncodeToString(b) != s {
		return d, fmt.Errorf("not a digest: %q", s)
	}
	copy(d[:], b)
	return d, nil
}
