package feed

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"

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

// ReadSnapshot reads a snapshot for f's audience, gives each listing in force to
// each, and returns the position of the snapshot and SHA-256 of the file. While each
// keeps some, r is read for the next from another goroutine. The
// listings are verified as a whole at the end, against the count and digest that
// the checkpoint signs: on an error the caller drops whatever each was given.
//
// The digest guards against faults and not against forgery, so a snapshot is
// good only once the ledger is seen to commit to its hash (Bootstrap). Errors as
// those of Advance, FEED_SNAPSHOT for a snapshot that contradicts itself or is for
// another audience, and what each returns.
func ReadSnapshot(r io.Reader, f Follower, each func(Change) error) (Position, ledger.Hash, error) {
	return readSnapshot(r, f, Position{}, each)
}

// readSnapshot is ReadSnapshot for a follower that verified up to since before.
func readSnapshot(r io.Reader, f Follower, since Position, each func(Change) error) (Position, ledger.Hash, error) {
	b, err := newBlockReader(r, snapshotMagic)
	if err != nil {
		return Position{}, ledger.Hash{}, err
	}
	s := snapshotReader{b: b, f: f, since: since, each: each}
	if err := s.read(); err != nil {
		return Position{}, ledger.Hash{}, err
	}
	return s.at, b.hash(), nil
}

type snapshotReader struct {
	b      *blockReader
	f      Follower
	since  Position
	each   func(Change) error
	at     Position
	last   uint64
	count  uint64
	digest ledger.Digest
	ended  bool
}

func (s *snapshotReader) read() error {
	block, err := s.b.next()
	if err != nil {
		return err
	}
	in := cursor{b: block}
	if err := s.header(&in); err != nil {
		return err
	}
	changes, err := s.open([][]byte{in.b})
	for more := true; more && err == nil; {
		var next []Change
		var wait sync.WaitGroup
		var failed error
		wait.Go(func() { // while these are kept, which may take long
			var blocks [][]byte
			if blocks, failed = s.b.several(); failed == nil {
				more = len(blocks) > 0
				next, failed = s.open(blocks)
			}
		})
		for i := 0; i < len(changes) && err == nil; i++ {
			err = s.each(changes[i])
		}
		wait.Wait()
		if err == nil {
			changes, err = next, failed
		}
	}
	if err != nil {
		return err
	}
	switch {
	case !s.ended:
		return malformed("the end of the snapshot is missing")
	case s.count != s.at.Head.Count:
		return gongxin.Conflict("FEED_COUNT", s.count, s.at.Head.Count)
	case s.digest != s.at.Head.Digest:
		return gongxin.Conflict("FEED_DIGEST", s.at.Head.Size)
	}
	return nil
}

func (s *snapshotReader) header(in *cursor) error {
	audience := in.bytes(1)
	checkpoint := in.text(ledger.MaxCheckpoint)
	edge := in.text(maxTree)
	if in.bad || s.at.Tree.UnmarshalBinary(edge) != nil {
		return malformed("the header of the snapshot")
	}
	if a := gongxin.Audience(audience[0]); a != s.f.Audience {
		return gongxin.Conflict("FEED_SNAPSHOT", fmt.Sprintf("audience %s, not %s", a, s.f.Audience))
	}
	signed, keys, err := s.f.open(s.since.Keys, checkpoint)
	if err == nil {
		err = s.since.Seen.fork(signed)
	}
	if err != nil {
		return err
	}
	head := signed.Head
	if head.Size != s.at.Tree.Size() || head.Root != s.at.Tree.Root() {
		return gongxin.Conflict("FEED_ROOT", head.Size)
	}
	s.at.Head, s.at.Keys, s.at.Seen = head, keys, Seen{}.with(signed)
	return nil
}

// open reads the records of blocks and verifies them side by side.
func (s *snapshotReader) open(blocks [][]byte) ([]Change, error) {
	var records []Record
	var sequences []uint64
	for _, block := range blocks {
		in := cursor{b: block}
		for len(in.b) > 0 && !s.ended {
			step := in.number()
			if step == 0 {
				s.ended = true
				if n := in.number(); in.bad || n != s.count+uint64(len(records)) {
					return nil, malformed("the end of the snapshot")
				}
				break
			}
			s.last += step
			r := in.record()
			if in.bad || s.last > s.at.Head.Size || r.Salt == nil {
				return nil, malformed("record %d of the snapshot", s.count+uint64(len(records))+1)
			}
			records, sequences = append(records, r), append(sequences, s.last)
			if n := s.count + uint64(len(records)); n > s.at.Head.Count { // no need to read on
				return nil, gongxin.Conflict("FEED_COUNT", n, s.at.Head.Count)
			}
		}
		if len(in.b) > 0 {
			return nil, malformed("the end of the snapshot")
		}
	}
	changes := make([]Change, len(records))
	err := inParallel(len(records), func(i int) (err error) {
		changes[i], err = s.f.change(sequences[i], ledger.RecordHash(records[i].Leaf), records[i])
		if err != nil {
			return err
		}
		if force := changes[i].Event.Kind.Force(); force != gongxin.ForceEnters && force != gongxin.ForceReplaces {
			return gongxin.Conflict("FEED_SNAPSHOT", fmt.Sprintf("event %d puts nothing in force", sequences[i]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range changes {
		s.count, s.digest = s.count+1, s.digest.Add(changes[i].Element)
	}
	return changes, nil
}
