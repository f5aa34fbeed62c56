// Package ledger keeps a history that can be proved and whose persons can be
// forgotten: leaves that hold commitments instead of contents, in a C2SP
// tlog-tiles log with signed checkpoints. It knows nothing of courts.
//
//	bodies ─Commit─▶ Leaf ─RecordHash─▶ Tree ─Root─▶ Head ─Signer─▶ checkpoint
//	                   │
//	                   └─Element─▶ Digest: the set that is in force, as a sum
//
// Values are plain and safe to share once made; nothing here does I/O.
package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of the tree or a commitment: SHA-256.
type Hash = tlog.Hash

const (
	leafVersion = 1
	// Slots is how many bodies a leaf commits to, one for each audience.
	Slots = 3
	// SaltSize is the length of a salt and of a seed in bytes.
	SaltSize = 16
	maxKind  = 64
)

// A Leaf is one entry of the log: what kind of event, when, of which thing, and
// a commitment to the body for each audience. Nothing in it tells who is meant.
type Leaf struct {
	Kind        string    // lower-case ASCII letters, digits and _; 1 to 64 bytes
	At          time.Time // UTC, whole milliseconds
	Key         [16]byte  // random name of the thing concerned; zero for events of the log itself
	Commitments [Slots]Hash
}

// Append appends the binary form of l to b: version 1, length and bytes of the
// kind, milliseconds since 1970 as big-endian 64 bits, key, commitments.
func (l Leaf) Append(b []byte) []byte {
	b = append(b, leafVersion, byte(len(l.Kind)))
	b = append(b, l.Kind...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.At.UnixMilli()))
	b = append(b, l.Key[:]...)
	for _, c := range l.Commitments {
		b = append(b, c[:]...)
	}
	return b
}

// errLeaf is what all faults of a leaf wrap.
var errLeaf = errors.New("malformed leaf")

// A LeafView is a leaf in binary form that was found to be one: its fields without
// a copy. It shares memory with what it was read from.
type LeafView struct{ kind, rest []byte }

// ViewLeaf reads the form that Append gives and nothing else: the same leaf has
// one form only.
func ViewLeaf(b []byte) (LeafView, error) {
	if len(b) < 2 || b[0] != leafVersion {
		return LeafView{}, fmt.Errorf("%w: version", errLeaf)
	}
	n := int(b[1])
	if n == 0 || n > maxKind || len(b) != 2+n+8+16+Slots*len(Hash{}) {
		return LeafView{}, fmt.Errorf("%w: length", errLeaf)
	}
	for _, c := range b[2 : 2+n] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return LeafView{}, fmt.Errorf("%w: kind", errLeaf)
		}
	}
	if binary.BigEndian.Uint64(b[2+n:]) > 1<<48 {
		return LeafView{}, fmt.Errorf("%w: time", errLeaf)
	}
	return LeafView{b[2 : 2+n], b[2+n:]}, nil
}

// Kind returns the field of that name, which is the view's.
func (v LeafView) Kind() []byte { return v.kind }

// At returns the field of that name.
func (v LeafView) At() time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(v.rest))).UTC() }

// Key returns the field of that name.
func (v LeafView) Key() [16]byte { return [16]byte(v.rest[8:]) }

// Commitment returns the one for slot, 0 to Slots−1.
func (v LeafView) Commitment(slot int) Hash { return Hash(v.rest[24+slot*len(Hash{}):]) }

// ParseLeaf reads what ViewLeaf reads.
func ParseLeaf(b []byte) (Leaf, error) {
	v, err := ViewLeaf(b)
	if err != nil {
		return Leaf{}, err
	}
	l := Leaf{Kind: string(v.Kind()), At: v.At(), Key: v.Key()}
	for i := range l.Commitments {
		l.Commitments[i] = v.Commitment(i)
	}
	return l, nil
}

// RecordHash returns the tree's hash of a leaf in binary form (RFC 6962).
func RecordHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Salt derives the salt of slot from an event's seed of SaltSize bytes, so that one
// secret is kept for each event and no salt tells another: the first SaltSize bytes
// of SHA-256("gongxin salt" ‖ 0 ‖ seed ‖ slot). Erasing seed and bodies makes the
// leaf meaningless and leaves the tree whole.
func Salt(seed []byte, slot int) []byte {
	const domain = "gongxin salt\x00"
	in := make([]byte, 0, len(domain)+SaltSize+1)
	sum := sha256.Sum256(append(append(append(in, domain...), seed...), byte(slot)))
	return sum[:SaltSize]
}

// Commit returns the commitment to body: SHA-256(salt ‖ body).
func Commit(salt, body []byte) Hash {
	h := sha256.New()
	h.Write(salt)
	h.Write(body)
	var c Hash
	h.Sum(c[:0])
	return c
}
