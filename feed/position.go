package feed

import (
	"encoding/binary"
	"errors"
	"time"

	"gongxin/ledger"
)

// A Position is how far a follower has verified: the right edge of the tree, and
// the latest head that it saw signed. The zero Position is the beginning. It is a
// value; equal positions are ==.
type Position struct {
	Tree ledger.Tree
	Head ledger.Head // its Size and Root are those of Tree
}

const positionVersion = 1

// MarshalBinary gives version 1, the head's time in milliseconds (0 if none was
// seen yet), count and digest, and the tree.
func (p Position) MarshalBinary() ([]byte, error) {
	tree, err := p.Tree.MarshalBinary()
	if err != nil {
		return nil, err
	}
	b := []byte{positionVersion}
	var ms uint64
	if !p.Head.At.IsZero() {
		ms = uint64(p.Head.At.UnixMilli())
	}
	b = binary.BigEndian.AppendUint64(b, ms)
	b = binary.BigEndian.AppendUint64(b, p.Head.Count)
	b = append(b, p.Head.Digest[:]...)
	return append(b, tree...), nil
}

// UnmarshalBinary reads the form that MarshalBinary gives. Whoever keeps a
// position keeps it from being changed: it is where verifying begins.
func (p *Position) UnmarshalBinary(b []byte) error {
	const fixed = 1 + 8 + 8 + 32
	if len(b) < fixed || b[0] != positionVersion {
		return errors.New("malformed position")
	}
	var n Position
	if err := n.Tree.UnmarshalBinary(b[fixed:]); err != nil {
		return err
	}
	ms := binary.BigEndian.Uint64(b[1:])
	if ms == 0 && n.Tree.Size() == 0 {
		*p = Position{}
		return nil
	}
	n.Head = ledger.Head{Size: n.Tree.Size(), Root: n.Tree.Root(), At: time.UnixMilli(int64(ms)).UTC(), Count: binary.BigEndian.Uint64(b[9:])}
	copy(n.Head.Digest[:], b[17:])
	*p = n
	return nil
}
