package feed

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"gongxin"
	"gongxin/ledger"
)

// A snapshot is read on all cores: one goroutine reads and hashes the file, others
// take its blocks, decompress, verify and prepare them, and the caller's keeps what
// they give, in order.
//
//	file ─▶ frames ─┬─▶ decode ─ records ─ verify ─ prepare ─┬─▶ keep, in the order of the file
//	                └─▶ decode ─ records ─ verify ─ prepare ─┘
//
// records alone is done for one block after the other: each begins with the sequence
// at which the one before it ended.

// ReadSnapshot reads a snapshot for f's audience, gives each listing in force to
// each, and returns the position of the snapshot and SHA-256 of the file. While each
// keeps some, r is read and the next are verified from other goroutines. The
// listings are verified as a whole at the end, against the count and digest that
// the checkpoint signs: on an error the caller drops whatever each was given.
//
// The digest guards against faults and not against forgery, so a snapshot is
// good only once the ledger is seen to commit to its hash (Bootstrap). Errors as
// those of Advance, FEED_SNAPSHOT for a snapshot that contradicts itself or is for
// another audience, and what each returns.
func ReadSnapshot(r io.Reader, f Follower, each func(Change) error) (Position, ledger.Hash, error) {
	return readSnapshot(r, f, Position{}, false, inTurn(func(changes []Change) error {
		for i := range changes {
			if err := each(changes[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}

// A preparer is what is called for slices of a snapshot, as a Preparer is.
type preparer interface {
	Expect(listings uint64)
	Prepare(changes []Change) (keep func() error)
}

// inTurn has nothing to do for several slices at once.
type inTurn func([]Change) error

func (f inTurn) Expect(uint64) {}

func (f inTurn) Prepare(changes []Change) func() error { return func() error { return f(changes) } }

// readSnapshot is ReadSnapshot for a follower that verified up to since before, and
// for slices of changes as a Preparer takes them. If they are lent, what they point to
// is used again once they are kept.
func readSnapshot(r io.Reader, f Follower, since Position, lent bool, into preparer) (Position, ledger.Hash, error) {
	b, err := newBlockReader(r, snapshotMagic)
	if err != nil {
		return Position{}, ledger.Hash{}, err
	}
	s := snapshotReader{b: b, f: f, since: since, lent: lent, into: into}
	if err := s.read(); err != nil {
		return Position{}, ledger.Hash{}, err
	}
	return s.at, b.hash(), nil
}

type snapshotReader struct {
	b     *blockReader
	f     Follower
	since Position
	lent  bool
	into  preparer
	at    Position
}

// A part of a snapshot is one block on its way.
type part struct {
	frame  frame
	block  []byte       // decoded
	weight int64        // bytes of memory, about
	before chan reached // from the part before
	after  chan reached
	done   chan struct{} // closed once what follows is there
	memory *partMemory   // in which all of this is
	keep   func() error  // nil if the part holds no records
	digest ledger.Digest // sum of the elements
	err    error
}

// reached is how far the records of a snapshot were read.
type reached struct {
	last  uint64 // sequence
	count uint64
	ended bool // the end of the records was read
	bad   bool // they cannot be read on: the part that says why comes before
}

// A partMemory is used again for other parts.
type partMemory struct {
	checker
	records   []Record
	sequences []uint64
	changes   []Change
	frame     []byte // as it was read
	block     []byte // decoded, if it is lent
	entries   []gongxin.Entry
}

// maxKept is how long a block may be for its memory to be used again: most are about flushAt.
const maxKept = 1 << 20

var partMemories = sync.Pool{New: func() any { return new(partMemory) }}

// maxWeight is how much of blocks is on its way at once: about two of the longest.
const maxWeight = 2 * maxBlock

func (s *snapshotReader) read() error {
	block, err := s.b.next()
	if err != nil {
		return err
	}
	in := cursor{b: block}
	if err := s.header(&in); err != nil {
		return err
	}
	s.into.Expect(s.at.Head.Count)
	workers := runtime.GOMAXPROCS(0)
	todo, inOrder := make(chan *part), make(chan *part, 4*workers)
	room := semaphore.NewWeighted(maxWeight)
	ctx, stop := context.WithCancel(context.Background())
	var end reached
	var wait sync.WaitGroup
	wait.Go(func() {
		end = s.parts(ctx, in.b, room, todo, inOrder)
		close(todo)
		close(inOrder)
	})
	for range workers {
		wait.Go(func() {
			for p := range todo {
				s.verify(p)
			}
		})
	}
	digest, err := keepAll(inOrder, room)
	stop()
	for range inOrder { // after an error, what is still on its way
	}
	wait.Wait()
	switch {
	case err != nil:
		return err
	case !end.ended:
		return malformed("the end of the snapshot is missing")
	case end.count != s.at.Head.Count:
		return gongxin.Conflict("FEED_COUNT", end.count, s.at.Head.Count)
	case digest != s.at.Head.Digest:
		return gongxin.Conflict("FEED_DIGEST", s.at.Head.Size)
	}
	return nil
}

// parts reads the file and sends each block to those who verify and to whoever keeps;
// block is what the first one holds behind the header. It returns where the records
// end. An error of reading is sent as a last part.
func (s *snapshotReader) parts(ctx context.Context, block []byte, room *semaphore.Weighted, todo, inOrder chan<- *part) reached {
	before := make(chan reached, 1)
	before <- reached{}
	for p := (&part{block: block, memory: partMemories.Get().(*partMemory)}); ; {
		p.before, p.after, p.done = before, make(chan reached, 1), make(chan struct{})
		if p.err != nil {
			close(p.done)
		}
		if !send(ctx, inOrder, p) || p.err != nil || !send(ctx, todo, p) {
			return reached{}
		}
		before = p.after
		m := partMemories.Get().(*partMemory)
		f, err := s.b.frame(m.frame[:0])
		if err == nil && f.decoded == 0 {
			return <-before
		}
		m.frame = f.stored
		p = &part{frame: f, weight: int64(max(f.decoded, len(f.stored))), memory: m, err: err}
		if room.Acquire(ctx, p.weight) != nil {
			return reached{}
		}
	}
}

// send tells whether p was sent before ctx ended.
func send(ctx context.Context, to chan<- *part, p *part) bool {
	select {
	case to <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

// keepAll keeps one part after the other and returns the sum of all elements.
func keepAll(inOrder <-chan *part, room *semaphore.Weighted) (digest ledger.Digest, err error) {
	for p := range inOrder {
		<-p.done
		if p.err == nil && p.keep != nil {
			p.err = p.keep()
		}
		if p.err != nil {
			return digest, p.err
		}
		digest = digest.Add(p.digest)
		room.Release(p.weight)
		if p.weight <= maxKept {
			partMemories.Put(p.memory)
		}
	}
	return digest, nil
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

// verify does all that can be done for p before the parts before it are kept.
func (s *snapshotReader) verify(p *part) {
	defer close(p.done)
	m := p.memory
	if p.block == nil {
		if p.block, p.err = p.frame.decode(m.block[:0]); s.lent {
			m.block = p.block
		}
	}
	to := <-p.before
	if p.err == nil && !to.bad {
		to, p.err = s.records(p.block, m, to)
	}
	to.bad = to.bad || p.err != nil
	p.after <- to
	if to.bad || len(m.records) == 0 {
		return
	}
	n := len(m.records)
	m.hashes, m.changes = resized(m.hashes, n), resized(m.changes, n)
	entries := s.f.entriesFor
	if s.lent && s.f.Audience == gongxin.AudiencePartner {
		m.entries = resized(m.entries, n)
		clear(m.entries)
		at := 0
		entries = func(n int) []gongxin.Entry { at += n; return m.entries[at-n : at] }
	}
	for from := 0; from < n; from += verifyAtOnce {
		upTo := min(n, from+verifyAtOnce)
		records, hashes, sequences, changes := m.records[from:upTo], m.hashes[from:upTo], m.sequences[from:upTo], m.changes[from:upTo]
		ledger.RecordHashes(hashes, func(i int) []byte { return records[i].Leaf })
		if p.err = m.verify(s.f, func(i int) uint64 { return sequences[i] }, records, hashes, changes, entries(len(records)), true); p.err != nil {
			return
		}
		for i := range changes {
			p.digest = p.digest.Add(changes[i].Element)
		}
	}
	p.keep = s.into.Prepare(m.changes)
}

// records reads the records of a block into m, from where those before ended.
func (s *snapshotReader) records(block []byte, m *partMemory, from reached) (reached, error) {
	m.records, m.sequences = m.records[:0], m.sequences[:0]
	in := cursor{b: block}
	for len(in.b) > 0 && !from.ended {
		step := in.number()
		if step == 0 {
			from.ended = true
			if n := in.number(); in.bad || n != from.count {
				return from, malformed("the end of the snapshot")
			}
			break
		}
		from.last, from.count = from.last+step, from.count+1
		r := in.record()
		if in.bad || from.last > s.at.Head.Size || r.Salt == nil {
			return from, malformed("record %d of the snapshot", from.count)
		}
		if from.count > s.at.Head.Count { // no need to read on
			return from, gongxin.Conflict("FEED_COUNT", from.count, s.at.Head.Count)
		}
		m.records, m.sequences = append(m.records, r), append(m.sequences, from.last)
	}
	if len(in.b) > 0 {
		return from, malformed("the end of the snapshot")
	}
	return from, nil
}
