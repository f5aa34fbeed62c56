package gate

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// A longList is a source of a snapshot of n listings, which lies in a file, and of
// changes after it, in answers of changesAtOnce.
type longList struct {
	file  string
	after []feed.Changes
	key   string
	at    time.Time
}

const changesAtOnce = 10_000

// Changes makes longList a feed.Source.
func (l *longList) Changes(_ context.Context, after uint64, _ time.Duration) (feed.Changes, error) {
	for _, c := range l.after {
		if c.After == after {
			return c, nil
		}
	}
	return feed.Changes{After: after, Checkpoint: l.after[len(l.after)-1].Checkpoint}, nil
}

// Snapshot makes longList a feed.Source.
func (l *longList) Snapshot(context.Context) (io.ReadCloser, error) { return os.Open(l.file) }

// A maker makes the events of a long list, the same ones whenever it is asked.
type maker struct {
	b       *testing.B
	at      time.Time
	entries gongxin.Entry
}

// event returns the event of sequence by which listing n enters, or which does what to it.
func (m *maker) event(kind gongxin.EventKind, sequence uint64, n int) (leaf []byte, record feed.Record) {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	e := gongxin.Event{Kind: kind, At: m.at, By: gongxin.Actor{ID: "judge.li@苏0505", Role: gongxin.RoleJudge}}
	binary.BigEndian.PutUint64(e.Listing[:], uint64(n)+1)
	binary.BigEndian.PutUint64(e.Listing[8:], r.Uint64())
	if force := kind.Force(); force == gongxin.ForceLeaves {
		e.Ground = gongxin.GroundPerformed
	} else {
		number, _, err := identity.Parse(string(synthetic.AppendCitizenNumber(nil, n)), identity.CitizenID)
		if err != nil {
			m.b.Fatal(err)
		}
		entry := m.entries
		entry.Subject.Number, entry.Subject.Name = number, string(synthetic.AppendName(nil, n))
		entry.Case = gongxin.MustCaseNumber(fmt.Sprintf("（20%02d）苏%02d%02d执%d号", 16+r.IntN(4), 1+r.IntN(13), 1+r.IntN(20), 1+r.IntN(9999)))
		entry.Court, entry.CourtName = entry.Case.Court(), fmt.Sprintf("江苏省第%d人民法院", r.IntN(120))
		e.Entry = &entry
		if kind == gongxin.ListingAdmitted {
			e.Origin = gongxin.FromCourtFile
		}
	}
	bodies, err := e.Bodies()
	if err != nil {
		m.b.Fatal(err)
	}
	seed := make([]byte, ledger.SaltSize)
	binary.BigEndian.PutUint64(seed, sequence)
	l := ledger.Leaf{Kind: string(kind.LeafKind()), At: m.at, Key: e.Listing}
	for a, body := range bodies {
		l.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	leaf = l.Append(nil)
	return leaf, feed.Record{Leaf: leaf, Salt: ledger.Salt(seed, int(gongxin.AudiencePartner)), Body: bodies[gongxin.AudiencePartner]}
}

// newLongList makes a list of n listings and changes changes after it, of which four
// of ten correct a listing, three end one and three add one.
func newLongList(b *testing.B, n, changes int) *longList {
	b.Helper()
	h := newHub(b)
	l := &longList{file: filepath.Join(b.TempDir(), "snapshot"), key: h.VerifierKey, at: noon}
	m := &maker{b, noon, *entry(b, 0)}
	elements := make([]ledger.Digest, n+changes)
	head := ledger.Head{At: noon}
	tree := ledger.Tree{}
	sign := func() []byte {
		head.Size, head.Root = tree.Size(), tree.Root()
		signed, err := h.signer.Sign(head)
		if err != nil {
			b.Fatal(err)
		}
		return signed
	}
	for i := range n {
		leaf, _ := m.event(gongxin.ListingAdmitted, uint64(i)+1, i)
		tree.Append(ledger.RecordHash(leaf))
		elements[i] = ledger.Element(uint64(i)+1, leaf)
		head.Count, head.Digest = head.Count+1, head.Digest.Add(elements[i])
	}
	file, err := os.Create(l.file)
	if err != nil {
		b.Fatal(err)
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	w, err := feed.NewSnapshotWriter(buffered, gongxin.AudiencePartner, tree, sign())
	for i := 0; i < n && err == nil; i++ {
		_, record := m.event(gongxin.ListingAdmitted, uint64(i)+1, i)
		err = w.Add(uint64(i)+1, record)
	}
	var hash ledger.Hash
	if err == nil {
		hash, err = w.Close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	made := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: noon}
	made.Commitments[gongxin.AudiencePartner] = hash
	c := feed.Changes{After: uint64(n), Records: []feed.Record{{Leaf: made.Append(nil)}}}
	tree.Append(ledger.RecordHash(c.Records[0].Leaf))
	next := n
	for i := 0; ; i++ {
		if i == changes || i%changesAtOnce == 0 {
			c.Checkpoint = sign()
			l.after = append(l.after, c)
			c = feed.Changes{After: tree.Size()}
		}
		if i == changes {
			return l
		}
		kind, which := gongxin.ListingCorrected, (i*7919)%n
		switch {
		case i%10 >= 7:
			kind, which = gongxin.ListingAdmitted, next
			next++
		case i%10 >= 4:
			kind = gongxin.ListingWithdrawn
		}
		in := elements[which] != ledger.Digest{}
		if !in && which < n { // it was withdrawn before
			kind = gongxin.ListingAdmitted
		}
		leaf, record := m.event(kind, tree.Size()+1, which)
		tree.Append(ledger.RecordHash(leaf))
		if in {
			head.Count, head.Digest = head.Count-1, head.Digest.Sub(elements[which])
			elements[which] = ledger.Digest{}
		}
		if kind.Force() != gongxin.ForceLeaves {
			elements[which] = ledger.Element(tree.Size(), leaf)
			head.Count, head.Digest = head.Count+1, head.Digest.Add(elements[which])
		}
		c.Records = append(c.Records, record)
	}
}

// sizeFrom reads a number from the environment.
func sizeFrom(b *testing.B, name string, usual int) int {
	b.Helper()
	s := os.Getenv(name)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}
