package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// maxLevels is the height of the largest tree: sizes fit 63 bits.
const maxLevels = 63

// A Tree is the right edge of the log (the frontier): enough to append and to
// know the root. The zero Tree is empty. It is a value: copying it copies the
// position, and equal Trees are ==.
//
//	size 6 = 110₂      ○            edge[2] covers leaves 0–3
//	                 ┌─┴─┐   ○      edge[1] covers leaves 4–5
//	                ┌┴┐ ┌┴┐ ┌┴┐
//	                0 1 2 3 4 5
type Tree struct {
	size uint64
	edge [maxLevels]Hash // by level; zero where size has no bit
}

// Size returns the number of leaves.
func (t Tree) Size() uint64 { return t.size }

// Append adds the hash of a leaf (RecordHash) at the right.
func (t *Tree) Append(leafHash Hash) {
	level := 0
	for ; t.size>>level&1 == 1; level++ {
		leafHash = tlog.NodeHash(t.edge[level], leafHash)
		t.edge[level] = Hash{}
	}
	t.edge[level] = leafHash
	t.size++
}

// Root returns the RFC 6962 tree head; SHA-256("") for the empty tree.
func (t Tree) Root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	level := bits.TrailingZeros64(t.size)
	root := t.edge[level]
	for level++; level < maxLevels; level++ {
		if t.size>>level&1 == 1 {
			root = tlog.NodeHash(t.edge[level], root)
		}
	}
	return root
}

// MarshalBinary gives the size as big-endian 64 bits and the hashes of the
// complete subtrees from left to right.
func (t Tree) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 8+bits.OnesCount64(t.size)*len(Hash{}))
	b = binary.BigEndian.AppendUint64(b, t.size)
	for level := maxLevels - 1; level >= 0; level-- {
		if t.size>>level&1 == 1 {
			b = append(b, t.edge[level][:]...)
		}
	}
	return b, nil
}

// UnmarshalBinary reads the form that MarshalBinary gives. Every text of the
// right length is some tree: what it says is true only once its root was compared
// with a checkpoint.
func (t *Tree) UnmarshalBinary(b []byte) error {
	if len(b) < 8 {
		return errors.New("malformed tree: length")
	}
	n := Tree{size: binary.BigEndian.Uint64(b)}
	b = b[8:]
	if n.size > math.MaxInt64 || len(b) != bits.OnesCount64(n.size)*len(Hash{}) {
		return errors.New("malformed tree: length")
	}
	for level := maxLevels - 1; level >= 0; level-- {
		if n.size>>level&1 == 1 {
			b = b[copy(n.edge[level][:], b):]
		}
	}
	*t = n
	return nil
}
