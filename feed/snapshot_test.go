package feed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"gongxin"
	"gongxin/ledger"
)

func read(f Follower, file []byte) (Position, ledger.Hash, heldMap, error) {
	held := heldMap{}
	p, hash, err := ReadSnapshot(bytes.NewReader(file), f, func(c Change) error { return held.Apply([]Change{c}) })
	return p, hash, held, err
}

func TestASnapshotHoldsWhatIsInForce(t *testing.T) {
	l := story(t)
	want, head := maps.Clone(l.held), l.head
	file := l.snapshot()
	head.At = l.now.Add(-time.Second) // signed for the snapshot, before the leaf
	p, hash, held, err := read(l.follower(), file)
	if err != nil || p.Head != head || p.Tree != l.trees[9] || !maps.Equal(held, want) {
		t.Fatalf("holds %v at %+v, %v; want %v at %+v", held, p.Head, err, want, head)
	}
	if hash != sha256.Sum256(file) {
		t.Error("another hash than that of the file")
	}
}

func TestASnapshotOfNothingIsRead(t *testing.T) {
	l := newLog(t)
	if p, _, held, err := read(l.follower(), l.snapshot()); err != nil || len(held) != 0 || p.Tree.Size() != 0 {
		t.Errorf("%v at %+v, %v", held, p.Head, err)
	}
}

func TestEveryFlippedByteOfASnapshotIsDetected(t *testing.T) {
	l := story(t)
	file := l.snapshot()
	for i := range file {
		for _, flip := range []byte{1, 0x80, 0xff} {
			b := bytes.Clone(file)
			b[i] ^= flip
			if p, _, _, err := read(l.follower(), b); gongxin.CodeOf(err) == "" || p != (Position{}) {
				t.Fatalf("byte %d ^ %#x: %v", i, flip, err)
			}
		}
	}
	for i := range file {
		if _, _, _, err := read(l.follower(), file[:i]); gongxin.CodeOf(err) != "FEED_MALFORMED" {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	for _, more := range [][]byte{{0}, file} {
		if _, _, _, err := read(l.follower(), append(bytes.Clone(file), more...)); gongxin.CodeOf(err) != "FEED_MALFORMED" {
			t.Fatalf("%d bytes appended: %v", len(more), err)
		}
	}
}

// reseal writes a snapshot's content again after change, so that all hashes of
// the file fit: what somebody does who knows the wire form.
func reseal(t *testing.T, file []byte, change func(content []byte) []byte) []byte {
	t.Helper()
	r, err := newBlockReader(bytes.NewReader(file), snapshotMagic)
	if err != nil {
		t.Fatal(err)
	}
	content, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := newBlockWriter(&out, snapshotMagic)
	if err != nil {
		t.Fatal(err)
	}
	w.block = change(bytes.Clone(content))
	if _, err := w.end(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryByteChangedInsideASnapshotIsDetected(t *testing.T) {
	l := story(t)
	file := l.snapshot()
	n := 0
	reseal(t, file, func(b []byte) []byte { n = len(b); return b })
	for i := range n {
		b := reseal(t, file, func(b []byte) []byte { b[i] ^= 1; return b })
		if _, _, _, err := read(l.follower(), b); gongxin.CodeOf(err) == "" {
			t.Fatalf("byte %d of the content changed: %v", i, err)
		}
	}
	if _, _, _, err := read(l.follower(), reseal(t, file, func(b []byte) []byte { return append(b, 0) })); gongxin.CodeOf(err) != "FEED_MALFORMED" {
		t.Errorf("a byte more in the content: %v", err)
	}
}

func TestASnapshotIsRefusedForItsReason(t *testing.T) {
	l := story(t)
	file := l.snapshot()
	_, otherKey := newKeys(t, testOrigin, 2)
	_, otherLog := newKeys(t, "credit.example/other", 1)
	for _, tt := range []struct {
		name string
		f    Follower
		file []byte
		want string
	}{
		{"another key", Follower{Verifier: otherKey, Audience: gongxin.AudiencePartner}, file, "FEED_KEY"},
		{"another log", Follower{Verifier: otherLog, Audience: gongxin.AudiencePartner}, file, "FEED_ORIGIN"},
		{"another audience", Follower{Verifier: l.verifier, Audience: gongxin.AudiencePublic}, file, "FEED_SNAPSHOT"},
		{"changes instead", l.follower(), encode(t, l.since(0)), "FEED_MALFORMED"},
		{"nothing", l.follower(), nil, "FEED_MALFORMED"},
	} {
		if _, _, _, err := read(tt.f, tt.file); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

// snapshotOf writes a snapshot of the records at sequences, whatever is in force.
func snapshotOf(t *testing.T, l *hubLog, sequences ...uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewSnapshotWriter(&b, l.audience, l.tree, l.heads[l.tree.Size()])
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

func TestASnapshotWithOtherContentIsRefused(t *testing.T) {
	l := story(t) // in force: 4 (corrected) and 8 (published)
	for _, tt := range []struct {
		name      string
		sequences []uint64
		want      string
	}{
		{"as signed", []uint64{4, 8}, ""},
		{"one missing", []uint64{4}, "FEED_COUNT"},
		{"one more", []uint64{3, 4, 8}, "FEED_COUNT"},
		{"one instead of another", []uint64{3, 8}, "FEED_DIGEST"},
		{"an exit instead", []uint64{4, 9}, "FEED_SNAPSHOT"},
	} {
		if _, _, _, err := read(l.follower(), snapshotOf(t, l, tt.sequences...)); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestTheSnapshotWriterKeepsOrder(t *testing.T) {
	l := story(t)
	w, err := NewSnapshotWriter(io.Discard, l.audience, l.tree, l.heads[9])
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(4, l.records[3]); err != nil {
		t.Fatal(err)
	}
	for _, sequence := range []uint64{0, 3, 4, 10} {
		if w.Add(sequence, l.records[3]) == nil {
			t.Errorf("%d after 4 in a snapshot of 9: no error", sequence)
		}
	}
	if w.Add(8, Record{Leaf: l.records[7].Leaf}) == nil {
		t.Error("without a body: no error")
	}
}

// logSource gives a log as a source does, a few records at a time.
type logSource struct {
	l        *hubLog
	snapshot []byte
	ends     []uint64 // sizes at which an answer may end
	to       uint64   // as far as it is; 0 for all
}

func (s logSource) Changes(_ context.Context, after uint64, _ time.Duration) (Changes, error) {
	last := s.l.tree.Size()
	if s.to > 0 {
		last = s.to
	}
	for _, end := range s.ends {
		if end > after && end < last {
			last = end
		}
	}
	if after > last {
		after = last
	}
	return Changes{After: after, Records: s.l.records[after:last], Checkpoint: s.l.heads[last]}, nil
}

func (s logSource) Snapshot(context.Context) (io.ReadCloser, error) {
	if s.snapshot == nil {
		return nil, gongxin.Missing("FEED_NO_SNAPSHOT")
	}
	return io.NopCloser(bytes.NewReader(s.snapshot)), nil
}

func TestBootstrapIsGoodOnceTheLedgerCommitsToTheFile(t *testing.T) {
	l := story(t)
	file := l.snapshot() // of 9; event 10 commits to it
	at10 := l.head
	at10.At = at10.At.Add(time.Hour)
	l.admit(4)
	l.sign()
	old := story(t)
	oldFile := old.snapshot()
	for _, tt := range []struct {
		name  string
		src   Source
		since ledger.Head
		size  uint64
		want  string
	}{
		{"in one answer", logSource{l: l, snapshot: file}, ledger.Head{}, 11, ""},
		{"stops where it is proved", logSource{l: l, snapshot: file, ends: []uint64{10}}, ledger.Head{}, 10, ""},
		{"goes on to what was verified before", logSource{l: l, snapshot: file, ends: []uint64{10}}, l.head, 11, ""},
		{"no snapshot", logSource{l: l}, ledger.Head{}, 0, "FEED_NO_SNAPSHOT"},
		{"not committed to yet", logSource{l: l, snapshot: file, to: 9}, ledger.Head{}, 0, "FEED_SNAPSHOT"},
		{"an old copy of everything", logSource{l: old, snapshot: oldFile}, l.head, 0, "FEED_ROLLBACK"},
		{"an older checkpoint", logSource{l: l, snapshot: file, to: 10}, at10, 0, "FEED_TIME"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held := heldMap{}
			p, err := Bootstrap(t.Context(), tt.src, l.follower(), Position{Head: tt.since}, held)
			if gongxin.CodeOf(err) != tt.want || p.Tree.Size() != tt.size {
				t.Fatalf("at %d, %v; want %d, %q", p.Tree.Size(), err, tt.size, tt.want)
			}
			if tt.want == "" && p.Head.Count != uint64(len(held)) {
				t.Errorf("holds %d, want %d", len(held), p.Head.Count)
			}
		})
	}
}

// A file with the right content and signature but other bytes is not the one that
// the ledger commits to.
func TestBootstrapRefusesASnapshotThatTheHubDidNotMake(t *testing.T) {
	l := story(t)
	file := l.snapshot()
	forged := inTwoBlocks(t, file)
	if _, _, _, err := read(l.follower(), forged); err != nil {
		t.Fatalf("the forged file is not even readable: %v", err)
	}
	_, err := Bootstrap(t.Context(), logSource{l: l, snapshot: forged}, l.follower(), Position{}, heldMap{})
	if gongxin.CodeOf(err) != "FEED_SNAPSHOT" {
		t.Errorf("got %v", err)
	}
}

// inTwoBlocks writes the same content in two blocks instead of one.
func inTwoBlocks(t *testing.T, file []byte) []byte {
	t.Helper()
	r, err := newBlockReader(bytes.NewReader(file), snapshotMagic)
	if err != nil {
		t.Fatal(err)
	}
	content, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	in := cursor{b: content}
	in.bytes(1)
	in.text(ledger.MaxCheckpoint)
	in.text(maxTree)
	header := len(content) - len(in.b)
	var out bytes.Buffer
	w, err := newBlockWriter(&out, snapshotMagic)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{content[:header], content[header:]} {
		w.block = slices.Clone(part)
		if err := w.flush(1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.end(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAHubStartsAndFollowersFollowAcrossSnapshots(t *testing.T) {
	l := story(t)
	l.snapshot()
	l.admit(4)
	l.snapshot()
	held := heldMap{}
	p, changes, err := advance(l.follower(), Position{}, held, encode(t, l.since(0)))
	if err != nil || p.Head != l.head {
		t.Fatal(err)
	}
	if err := held.Apply(changes); err != nil || !maps.Equal(held, l.held) {
		t.Error("holds something else")
	}
	if c := changes[9]; c.Event.Kind != gongxin.SnapshotMade || c.Erased {
		t.Errorf("the snapshot's event is %+v", c)
	}
}

func TestALargeSnapshotTravelsInBlocks(t *testing.T) {
	l := newLog(t)
	for n := range 3000 {
		l.admit(n)
	}
	file := l.snapshot()
	p, _, held, err := read(l.follower(), file)
	if err != nil || p.Head.Count != 3000 || !maps.Equal(held, l.held) {
		t.Fatalf("%d listings, %v", len(held), err)
	}
	t.Logf("%d bytes a listing", len(file)/3000)
	into := heldMap{}
	if _, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, l.follower(), Position{}, into); err != nil || !maps.Equal(into, l.held) {
		t.Errorf("bootstrap holds %d, %v", len(into), err)
	}
}
