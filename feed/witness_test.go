package feed

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"gongxin"
	"gongxin/ledger"
)

// A witness is one that others wrote: it reads checkpoints, checks that the log has
// only grown, and cosigns, with the packages of the transparency-dev project and
// none of ours. It is asked as C2SP tlog-witness says, but for the HTTP.
type witness struct {
	signer note.Signer
	log    note.Verifier
	size   uint64
	root   []byte
}

func newWitness(t *testing.T, name string, seed uint64, l *hubLog) (*witness, *ledger.Witness) {
	t.Helper()
	secret, public, err := ledger.GenerateKey(name, &seedReader{seed})
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{}
	if w.signer, err = fnote.NewSignerForCosignatureV1(secret); err == nil {
		w.log, err = note.NewVerifier(l.verifier.Key())
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := fnote.VKeyToCosignatureV1(public)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ledger.NewWitness(key)
	if err != nil {
		t.Fatal(err)
	}
	return w, ours
}

// add takes a checkpoint with the proof that it continues the one before, and
// returns the witness's line.
func (w *witness) add(checkpoint []byte, consistency [][]byte) ([]byte, error) {
	c, _, n, err := log.ParseCheckpoint(checkpoint, w.log.Name(), w.log)
	if err != nil {
		return nil, err
	}
	if w.size > 0 {
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, w.size, c.Size, consistency, w.root, c.Hash); err != nil {
			return nil, err
		}
	}
	signed, err := note.Sign(&note.Note{Text: n.Text}, w.signer)
	if err != nil {
		return nil, err
	}
	w.size, w.root = c.Size, c.Hash
	return signed[len(n.Text)+1:], nil
}

// consistency proves that the log at size contains the log at old.
func (l *hubLog) consistency(old, size uint64) [][]byte {
	l.t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) (hs []tlog.Hash, err error) {
		for _, i := range at {
			hs = append(hs, stored[i])
		}
		return hs, nil
	})
	for i, r := range l.records {
		hs, err := tlog.StoredHashes(int64(i), r.Leaf, read)
		if err != nil {
			l.t.Fatal(err)
		}
		stored = append(stored, hs...)
	}
	if old == 0 {
		return nil
	}
	p, err := tlog.ProveTree(int64(size), int64(old), read)
	if err != nil {
		l.t.Fatal(err)
	}
	var all [][]byte
	for _, h := range p {
		all = append(all, bytes.Clone(h[:]))
	}
	return all
}

// cosign lets witnesses see the log as it is now and adds their lines.
func (l *hubLog) cosign(witnesses ...*witness) {
	l.t.Helper()
	size := l.tree.Size()
	own := l.heads[size]
	for _, w := range witnesses {
		line, err := w.add(own, l.consistency(w.size, size))
		if err != nil {
			l.t.Fatal(err)
		}
		l.heads[size] = append(bytes.Clone(l.heads[size]), line...)
	}
}

func TestAFollowerDemandsWitnesses(t *testing.T) {
	l := newLog(t)
	a, keyA := newWitness(t, "witness.example/a", 11, l)
	b, keyB := newWitness(t, "witness.example/b", 12, l)
	stranger, _ := newWitness(t, "witness.example/c", 13, l)
	r := follow(t, l)
	r.f.Witnesses = Witnesses{Known: []*ledger.Witness{keyA, keyB}, Need: 2}

	l.admit(0)
	l.sign()
	r.want("nobody saw it", "FEED_WITNESS", r.all(l))
	l.cosign(a)
	r.want("one saw it", "FEED_WITNESS", r.all(l))
	l.cosign(stranger)
	r.want("one and a stranger", "FEED_WITNESS", r.all(l))
	l.cosign(b)
	r.want("both", "", r.all(l))
	if own, err := ledger.Own(l.heads[1]); err != nil || r.at.Seen[0].Checkpoint != string(own) || strings.Contains(r.at.Seen[0].Checkpoint, "witness") {
		t.Errorf("kept %q", r.at.Seen[0].Checkpoint)
	}
	for n := range 20 { // as the log grows
		l.admit(n + 1)
		l.sign()
		l.cosign(b, a)
		r.want("both again", "", r.all(l))
	}
	if !maps.Equal(r.held, l.held) {
		t.Error("holds something else")
	}

	// A line in a witness's name that is not by it, whoever else has cosigned.
	l.admit(30)
	l.sign()
	l.cosign(a, b)
	twice := Changes{After: 21, Records: l.records[21:], Checkpoint: append(bytes.Clone(l.heads[22]), l.heads[22][bytes.LastIndex(l.heads[22], []byte("\n— "))+1:]...)}
	r.want("one line twice", "FEED_MALFORMED", r.take(twice))
	older := bytes.Clone(l.heads[21])
	line := older[bytes.LastIndex(older, []byte("\n— "))+1:]
	own, err := ledger.Own(l.heads[22])
	if err != nil {
		t.Fatal(err)
	}
	moved := Changes{After: 21, Records: l.records[21:], Checkpoint: append(bytes.Clone(own), line...)}
	r.want("the line of another checkpoint", "FEED_WITNESS", r.take(moved))
	r.want("as it was", "", r.all(l))
}

// What a hub would need the witness's help for.
func TestAWitnessDoesNotCosignAFork(t *testing.T) {
	l := newLog(t)
	w, key := newWitness(t, "witness.example/a", 11, l)
	l.admit(0)
	l.sign()
	l.cosign(w)
	fork := newLog(t)
	fork.random = &seedReader{99}
	fork.admit(0)
	fork.admit(1)
	fork.sign()
	if line, err := w.add(fork.heads[2], fork.consistency(1, 2)); err == nil {
		t.Fatalf("it did: %s", line)
	}
	r := follow(t, fork) // somebody new, to whom the hub shows the fork alone
	r.f.Witnesses = Witnesses{Known: []*ledger.Witness{key}, Need: 1}
	r.want("the fork", "FEED_WITNESS", r.all(fork))
}

// On the way only the last checkpoint of a bootstrap has to be cosigned: those
// inside a snapshot were signed before any witness could see them.
func TestABootstrapEndsAtAWitnessedCheckpoint(t *testing.T) {
	l := story(t)
	w, key := newWitness(t, "witness.example/a", 11, l)
	file := l.snapshot()
	l.admit(5)
	l.sign()
	f := l.follower()
	f.Witnesses = Witnesses{Known: []*ledger.Witness{key}, Need: 1}
	src := logSource{l: l, snapshot: file, ends: []uint64{10}}
	if _, err := Bootstrap(t.Context(), src, f, Position{}, heldMap{}); gongxin.CodeOf(err) != "FEED_WITNESS" {
		t.Errorf("nobody saw the end: %v", err)
	}
	l.cosign(w)
	if p, err := Bootstrap(t.Context(), src, f, Position{}, heldMap{}); err != nil || p.Tree.Size() != 11 {
		t.Errorf("at %d, %v", p.Tree.Size(), err)
	}
	if _, err := f.Open(Position{}, l.heads[11]); err != nil {
		t.Errorf("opened by itself: %v", err)
	}
	if _, err := f.Open(Position{}, l.heads[10]); gongxin.CodeOf(err) != "FEED_WITNESS" {
		t.Errorf("opened by itself without a witness: %v", err)
	}
}

// The two halves of a change of keys do not travel in one answer of a directory.
func TestADirectoryKeepsKeysApart(t *testing.T) {
	l := newLog(t)
	l.admit(0)
	second, _ := newKeys(t, testOrigin, 2)
	l.announce(gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon})
	l.sign()
	l.signer = second
	l.announce(gongxin.KeyAnnounced{VerifierKey: second.VerifierKey(), From: noon})
	l.sign()
	l.admit(1)
	l.sign()
	r := follow(t, l)
	src := DirSource{published(t, l, 2, 3, 4)}
	for _, size := range []uint64{2, 4} {
		c, err := src.Changes(t.Context(), r.at.Tree.Size(), 0)
		if err != nil {
			t.Fatal(err)
		}
		r.want("an answer", "", r.take(c))
		if r.at.Tree.Size() != size {
			t.Errorf("at %d, want %d", r.at.Tree.Size(), size)
		}
	}
	if r.at.Keys.Current != second.VerifierKey() {
		t.Errorf("at %+v", r.at.Keys)
	}
}
