package feed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/ledger"
)

// A preparing keeper does part of its work side by side, as a gate does.
type preparing struct {
	heldMap
	last     uint64
	names    map[string]bool // may stay
	expected uint64
	prepared atomic.Int64
	kept     int
	failAt   int // the slice whose keep fails, from 1
}

var errFull = errors.New("the disk is full")

func (p *preparing) Expect(listings uint64) { p.expected = listings }

func (p *preparing) Prepare(changes []Change) func() error {
	p.prepared.Add(1)
	elements := map[gongxin.ListingID]ledger.Digest{}
	for _, c := range changes {
		elements[c.Event.Listing] = c.Element
	}
	return func() error {
		if p.kept++; p.kept == p.failAt {
			return errFull
		}
		for _, c := range changes { // still what they were
			if c.Sequence <= p.last || elements[c.Event.Listing] != c.Element || ledger.Element(c.Sequence, c.Leaf) != c.Element ||
				!bytes.Contains(c.Body, []byte(c.Event.Entry.Subject.Name)) {
				return errors.New("a slice out of order, or used again too early")
			}
			p.last = c.Sequence
			p.names[c.Event.Entry.Subject.Name] = true
		}
		maps.Copy(p.heldMap, elements)
		return nil
	}
}

const manyListings = 2600 // some blocks

func TestAPreparerIsGivenASnapshotInOrder(t *testing.T) {
	l := variedLog(t, manyListings)
	file := l.snapshot()
	into := &preparing{heldMap: heldMap{}, names: map[string]bool{}}
	at, err := Bootstrap(context.Background(), &fixed{file: file, changes: l}, l.follower(), Position{}, into)
	if err != nil || at.Tree != l.tree || !maps.Equal(into.heldMap, l.held) {
		t.Fatalf("%d of %d listings, %v", len(into.heldMap), len(l.held), err)
	}
	if into.expected != uint64(len(l.held)) {
		t.Errorf("%d listings were expected", into.expected)
	}
	if into.kept < 4 || int64(into.kept) != into.prepared.Load() {
		t.Errorf("%d slices were prepared and %d kept", into.prepared.Load(), into.kept)
	}
	want := map[string]bool{}
	if _, _, err := ReadSnapshot(bytes.NewReader(file), l.follower(), func(c Change) error { want[c.Event.Entry.Subject.Name] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(into.names, want) {
		t.Error("names that stayed are no longer what they were")
	}
}

func TestAnErrorOfAPreparerEndsTheBootstrap(t *testing.T) {
	l := variedLog(t, manyListings)
	file := l.snapshot()
	for failAt := range 4 {
		into := &preparing{heldMap: heldMap{}, names: map[string]bool{}, failAt: failAt + 1}
		at, err := Bootstrap(context.Background(), &fixed{file: file, changes: l}, l.follower(), Position{}, into)
		if !errors.Is(err, errFull) || at != (Position{}) || into.kept != failAt+1 {
			t.Errorf("slice %d: %v after %d", failAt+1, err, into.kept)
		}
	}
}

// fixed is a source that gives one snapshot and a log.
type fixed struct {
	file    []byte
	changes *hubLog
}

func (s *fixed) Snapshot(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(s.file)), nil
}

func (s *fixed) Changes(_ context.Context, after uint64, _ time.Duration) (Changes, error) {
	return s.changes.since(after), nil
}

// Whatever is done to a file of several blocks, it is noticed, nobody waits for ever,
// and what was kept before is a beginning of what is in it.
func TestDamageToALongSnapshotIsDetected(t *testing.T) {
	l := variedLog(t, manyListings)
	file := l.snapshot()
	var all []uint64
	if _, _, err := ReadSnapshot(bytes.NewReader(file), l.follower(), func(c Change) error { all = append(all, c.Sequence); return nil }); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(file)
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"flip", "cut", "double"}).Draw(t, "damage") {
		case "flip":
			b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		case "cut":
			b = b[:at]
		default:
			b = slices.Concat(b[:at], b[at/2:])
			if at/2 == at { // the same again
				t.Skip()
			}
		}
		var got []uint64
		_, _, err := ReadSnapshot(bytes.NewReader(b), l.follower(), func(c Change) error { got = append(got, c.Sequence); return nil })
		if gongxin.CodeOf(err) == "" || len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("%v, after %d listings", err, len(got))
		}
	})
}

// A carrier fails at a place, and notices if it is asked again after all is over.
type carrier struct {
	io.Reader
	left int
	over atomic.Bool
	late atomic.Bool
}

var errCarrier = errors.New("the cable was pulled")

func (c *carrier) Read(b []byte) (int, error) {
	if c.over.Load() {
		c.late.Store(true)
	}
	if c.left <= 0 {
		return 0, errCarrier
	}
	n, err := c.Reader.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

func TestAFaultOfTheCarrierStaysWhatItIs(t *testing.T) {
	l := variedLog(t, manyListings)
	file := l.snapshot()
	rapid.Check(t, func(t *rapid.T) {
		c := &carrier{Reader: bytes.NewReader(file), left: rapid.IntRange(0, len(file)-1).Draw(t, "bytes")}
		stopAt, n := rapid.IntRange(0, 2*manyListings).Draw(t, "stop at"), 0
		_, _, err := ReadSnapshot(c, l.follower(), func(Change) error {
			if n++; n > stopAt {
				return errFull
			}
			return nil
		})
		c.over.Store(true)
		if n > stopAt && !errors.Is(err, errFull) || n <= stopAt && !errors.Is(err, errCarrier) {
			t.Fatalf("after %d listings: %v", n, err)
		}
		if c.late.Load() {
			t.Fatal("somebody still reads")
		}
	})
}

// A listing more than were signed, one twice, one left out, in any block.
func TestALongSnapshotIsRefusedForItsReason(t *testing.T) {
	l := variedLog(t, manyListings)
	l.snapshot() // the checkpoint of the log at its size
	write := func(sequences []uint64) []byte {
		var b bytes.Buffer
		w, err := NewSnapshotWriter(&b, l.audience, l.trees[manyListings], l.heads[manyListings])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sequences {
			if err := w.Add(s, l.records[s-1]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var all []uint64
	for s := range uint64(manyListings) {
		all = append(all, s+1)
	}
	for _, at := range []int{0, 1, manyListings / 2, manyListings - 1} {
		if _, _, _, err := read(l.follower(), write(slices.Delete(slices.Clone(all), at, at+1))); gongxin.CodeOf(err) != "FEED_COUNT" {
			t.Errorf("without listing %d: %v", at, err)
		}
		l.records[at].Body = bytes.Replace(l.records[at].Body, []byte("江苏"), []byte("江西"), 1)
		if _, _, _, err := read(l.follower(), write(all)); gongxin.CodeOf(err) != "FEED_COMMITMENT" {
			t.Errorf("listing %d changed: %v", at, err)
		}
		l.records[at].Body = bytes.Replace(l.records[at].Body, []byte("江西"), []byte("江苏"), 1)
	}
	if _, _, _, err := read(l.follower(), write(all)); err != nil {
		t.Error(err)
	}
}
