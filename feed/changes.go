package feed

import (
	"encoding/binary"
	"fmt"
	"io"

	"gongxin/ledger"
)

// A Record is one leaf of the ledger with what an audience may see of the event:
// the salt and the body that the leaf commits to. Salt and Body are nil where
// they were erased, and for events that have none.
type Record struct{ Leaf, Salt, Body []byte }

// Changes are all leaves after the first After ones, up to the size that
// Checkpoint signs. None, with a newer checkpoint, are a heartbeat: nothing has
// changed until then.
type Changes struct {
	After      uint64
	Records    []Record
	Checkpoint []byte // for size After+len(Records); witnesses may have added their lines
}

const (
	changesMagic = "GXCHNGS\x01"
	minLeaf      = 2 + 1 + 8 + 16 + ledger.Slots*32 // see ledger.Leaf
	maxLeaf      = 256
	// MaxChanges is the total length in bytes, before compression, of the longest
	// Changes that a reader takes. One record always fits.
	MaxChanges = 32 << 20
)

// What follows the leaf in a record.
const (
	bodyErased  = 0
	bodyFollows = 1
)

// appendRecord appends the wire form of r: length and leaf, then 0, or 1 with
// salt, length and body.
func appendRecord(b []byte, r Record) ([]byte, error) {
	if len(r.Leaf) < minLeaf || len(r.Leaf) > maxLeaf || len(r.Body) > MaxBody {
		return nil, fmt.Errorf("leaf of %d or body of %d bytes cannot travel", len(r.Leaf), len(r.Body))
	}
	b = appendText(b, r.Leaf)
	if r.Salt == nil && r.Body == nil {
		return append(b, bodyErased), nil
	}
	if len(r.Salt) != ledger.SaltSize {
		return nil, fmt.Errorf("salt of %d bytes", len(r.Salt))
	}
	b = append(append(b, bodyFollows), r.Salt...)
	return appendText(b, r.Body), nil
}

func (c *cursor) record() (r Record) {
	r.Leaf = c.text(maxLeaf)
	c.bad = c.bad || len(r.Leaf) < minLeaf // so that records are never more than bytes
	switch flag := c.bytes(1); {
	case c.bad, flag[0] == bodyErased:
	case flag[0] == bodyFollows:
		r.Salt = c.bytes(ledger.SaltSize)
		r.Body = c.text(MaxBody)
	default:
		c.bad = true
	}
	return r
}

// Encode writes the wire form of c (docs/feed.md). Error: c is longer than
// MaxChanges, or a record cannot be: ask the store for fewer.
func (c Changes) Encode(w io.Writer) error {
	b, err := newBlockWriter(w, changesMagic)
	if err != nil {
		return fmt.Errorf("encode changes: %w", err)
	}
	if len(c.Checkpoint) > ledger.MaxWitnessed {
		return fmt.Errorf("encode changes: checkpoint of %d bytes", len(c.Checkpoint))
	}
	b.block = binary.AppendUvarint(b.block, c.After)
	b.block = binary.AppendUvarint(b.block, uint64(len(c.Records)))
	b.block = appendText(b.block, c.Checkpoint)
	total := 0
	for i, r := range c.Records {
		before := len(b.block)
		if b.block, err = appendRecord(b.block, r); err != nil {
			return fmt.Errorf("encode change %d: %w", c.After+uint64(i)+1, err)
		}
		if total += len(b.block) - before; total > MaxChanges {
			return fmt.Errorf("encode changes: more than %d bytes", MaxChanges)
		}
		if err := b.flush(flushAt); err != nil {
			return fmt.Errorf("encode changes: %w", err)
		}
	}
	if _, err := b.end(); err != nil {
		return fmt.Errorf("encode changes: %w", err)
	}
	return nil
}

// ReadChanges reads the wire form to its end. The records are as they came:
// nothing is verified but the form; Advance does that. Error: FEED_MALFORMED.
func ReadChanges(r io.Reader) (Changes, error) {
	var c Changes
	b, err := newBlockReader(io.LimitReader(r, MaxChanges+2*maxStored), changesMagic)
	if err != nil {
		return c, err
	}
	block, err := b.next()
	if err != nil {
		return c, err
	}
	in := cursor{b: block}
	c.After = in.number()
	count := in.number()
	c.Checkpoint = in.text(ledger.MaxWitnessed)
	if in.bad || (c.After+count)>>63 != 0 {
		return Changes{}, malformed("the header of the changes")
	}
	// How many there are is a claim as well: memory follows what is there.
	for total := len(block); ; {
		for len(in.b) > 0 && !in.bad {
			if c.Records == nil {
				c.Records = make([]Record, 0, min(count, uint64(len(in.b))/128+1))
			}
			c.Records = append(c.Records, in.record())
		}
		if in.bad || uint64(len(c.Records)) > count {
			return Changes{}, malformed("change %d", c.After+uint64(len(c.Records)))
		}
		if block, err = b.next(); err != nil {
			return Changes{}, err
		}
		if block == nil {
			break
		}
		if total += len(block); total > MaxChanges+maxBlock {
			return Changes{}, malformed("more than %d bytes", MaxChanges)
		}
		in.b = block
	}
	if uint64(len(c.Records)) != count {
		return Changes{}, malformed("%d changes instead of %d", len(c.Records), count)
	}
	return c, nil
}
