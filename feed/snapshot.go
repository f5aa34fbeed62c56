package feed

import (
	"encoding/binary"
	"fmt"
	"io"

	"gongxin"
	"gongxin/ledger"
)

const (
	snapshotMagic = "GXSNAPS\x01"
	maxTree       = 8 + 63*32
)

// A SnapshotWriter writes what is in force at one checkpoint as one file: its
// header is the checkpoint and the right edge of the tree, then come the records
// in the order of their sequences. The same content gives the same bytes.
//
// The hub commits to the finished file: a leaf snapshot_made, whose commitment
// for the audience is SHA-256 of the file, which Close returns.
type SnapshotWriter struct {
	b     *blockWriter
	last  uint64
	count uint64
	size  uint64
}

// NewSnapshotWriter begins a snapshot for audience at checkpoint, whose tree is given.
func NewSnapshotWriter(w io.Writer, audience gongxin.Audience, tree ledger.Tree, checkpoint []byte) (*SnapshotWriter, error) {
	edge, err := tree.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("begin snapshot: %w", err)
	}
	b, err := newBlockWriter(w, snapshotMagic)
	if err != nil {
		return nil, fmt.Errorf("begin snapshot: %w", err)
	}
	b.block = append(b.block, byte(audience))
	b.block = appendText(b.block, checkpoint)
	b.block = appendText(b.block, edge)
	return &SnapshotWriter{b: b, size: tree.Size()}, nil
}

// Add adds the listing in force that counts since the event at sequence. Sequences
// rise; a record has its body.
func (s *SnapshotWriter) Add(sequence uint64, r Record) (err error) {
	switch {
	case sequence <= s.last || sequence > s.size:
		return fmt.Errorf("add %d to a snapshot of %d: it follows %d", sequence, s.size, s.last)
	case r.Salt == nil:
		return fmt.Errorf("add %d to a snapshot: its body was erased", sequence)
	}
	s.b.block = binary.AppendUvarint(s.b.block, sequence-s.last)
	if s.b.block, err = appendRecord(s.b.block, r); err != nil {
		return fmt.Errorf("add %d to a snapshot: %w", sequence, err)
	}
	s.last, s.count = sequence, s.count+1
	if err := s.b.flush(flushAt); err != nil {
		return fmt.Errorf("add %d to a snapshot: %w", sequence, err)
	}
	return nil
}

// Close writes the end and returns SHA-256 of the file. It does not close w.
func (s *SnapshotWriter) Close() (ledger.Hash, error) {
	s.b.block = append(s.b.block, 0)
	s.b.block = binary.AppendUvarint(s.b.block, s.count)
	file, err := s.b.end()
	if err != nil {
		return file, fmt.Errorf("end snapshot: %w", err)
	}
	return file, nil
}
