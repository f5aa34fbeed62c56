package feed

import (
	"encoding/binary"
	"errors"
	"time"

	"gongxin/ledger"
)

// A Position is how far a follower has verified: the right edge of the tree, the
// latest head that it saw signed, and what later heads are judged by. The zero
// Position is the beginning. It is a value; equal positions are ==.
type Position struct {
	Tree  ledger.Tree
	Head  ledger.Head // its Size and Root are those of Tree
	Keys  Keys
	Seen  Seen
	Tally Tally
}

const (
	firstPosition   = 1 // without Keys, Seen and Tally
	positionVersion = 2
)

// MarshalBinary gives version 2, the head's time in milliseconds (0 if none was
// seen yet), count and digest, and as varints, texts with their length: the tree,
// the two keys, how many checkpoints were seen and each of them, the tally.
func (p Position) MarshalBinary() ([]byte, error) {
	tree, err := p.Tree.MarshalBinary()
	if err != nil {
		return nil, err
	}
	b := []byte{positionVersion}
	b = binary.BigEndian.AppendUint64(b, millis(p.Head.At))
	b = binary.BigEndian.AppendUint64(b, p.Head.Count)
	b = append(b, p.Head.Digest[:]...)
	b = appendText(b, tree)
	b = appendText(b, []byte(p.Keys.Current))
	b = appendText(b, []byte(p.Keys.Next))
	n := p.Seen.len()
	b = binary.AppendUvarint(b, uint64(n))
	for _, s := range p.Seen[:n] {
		b = appendText(b, []byte(s.Checkpoint))
	}
	for _, v := range []uint64{millis(p.Tally.Since), p.Tally.Before, p.Tally.Left, p.Tally.Entered, p.Tally.MayLeave, p.Tally.MayEnter} {
		b = binary.AppendUvarint(b, v)
	}
	return b, nil
}

func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

func fromMillis(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// UnmarshalBinary reads the form that MarshalBinary gives, and that of version 1.
// Whoever keeps a position keeps it from being changed: it is where verifying begins.
func (p *Position) UnmarshalBinary(b []byte) error {
	const fixed = 1 + 8 + 8 + 32
	errMalformed := errors.New("malformed position")
	if len(b) < fixed || b[0] != firstPosition && b[0] != positionVersion {
		return errMalformed
	}
	var n Position
	in, tree := cursor{b: b[fixed:]}, b[fixed:]
	if b[0] == positionVersion {
		tree = in.text(maxTree)
	}
	if err := n.Tree.UnmarshalBinary(tree); err != nil {
		return err
	}
	if at := fromMillis(binary.BigEndian.Uint64(b[1:])); !at.IsZero() {
		n.Head = ledger.Head{Size: n.Tree.Size(), Root: n.Tree.Root(), At: at, Count: binary.BigEndian.Uint64(b[9:])}
		copy(n.Head.Digest[:], b[17:])
	} else if n.Tree.Size() != 0 {
		return errMalformed
	}
	if b[0] == positionVersion {
		n.more(&in)
		if in.bad || len(in.b) > 0 {
			return errMalformed
		}
	}
	*p = n
	return nil
}

// more reads what version 2 added.
func (p *Position) more(in *cursor) {
	p.Keys = Keys{Current: string(in.text(maxKey)), Next: string(in.text(maxKey))}
	seen := in.number()
	if seen > uint64(len(p.Seen)) {
		in.bad = true
		return
	}
	for i := range p.Seen[:seen] {
		text := in.text(ledger.MaxCheckpoint)
		_, h, _, err := ledger.ReadHead(text)
		in.bad = in.bad || err != nil || i > 0 && h.Size >= p.Seen[i-1].Head.Size
		p.Seen[i] = Signed{h, string(text)}
	}
	p.Tally = Tally{Since: fromMillis(in.number())}
	for _, v := range []*uint64{&p.Tally.Before, &p.Tally.Left, &p.Tally.Entered, &p.Tally.MayLeave, &p.Tally.MayEnter} {
		*v = in.number()
	}
}
