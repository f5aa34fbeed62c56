package packages

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/ledger"
)

const origin = "credit.example/list"

// A memoryLog is a log in memory that writes events as the register and the store do.
type memoryLog struct {
	keys    map[string]string // of gates
	t       *testing.T
	signer  *ledger.Signer
	now     time.Time
	tree    ledger.Tree
	head    ledger.Head
	records []feed.Record
	heads   map[uint64][]byte
	forced  map[gongxin.ListingID]uint64
	entries map[gongxin.ListingID]gongxin.Entry
	numbers int
}

func newLog(t *testing.T) *memoryLog {
	secret, _, err := ledger.GenerateKey(origin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &memoryLog{t: t, now: gongxin.MustDay("2018-01-02").Start().Add(8 * time.Hour), heads: map[uint64][]byte{},
		forced: map[gongxin.ListingID]uint64{}, entries: map[gongxin.ListingID]gongxin.Entry{}}
	if l.signer, err = ledger.NewSigner(secret); err != nil {
		t.Fatal(err)
	}
	l.sign()
	return l
}

func (l *memoryLog) room() *Room {
	l.t.Helper()
	r, err := Open(Config{Dir: l.t.TempDir(), Log: l, Sign: l.signer.SignText, VerifierKey: l.signer.VerifierKey(), Now: func() time.Time { return l.now }})
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l *memoryLog) verifier() *ledger.Verifier {
	v, err := ledger.NewVerifier(l.signer.VerifierKey())
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

func (l *memoryLog) sign() {
	l.head.Size, l.head.Root, l.head.At = l.tree.Size(), l.tree.Root(), l.now
	b, err := l.signer.Sign(l.head)
	if err != nil {
		l.t.Fatal(err)
	}
	l.heads[l.head.Size] = b
}

func (l *memoryLog) element(sequence uint64) ledger.Digest {
	return ledger.Element(sequence, l.records[sequence-1].Leaf)
}

// do appends e, and what it does to the set in force.
func (l *memoryLog) do(e gongxin.Event) {
	l.t.Helper()
	e.At, e.By = l.now, gongxin.Actor{ID: "judge.li@苏0505", Role: gongxin.RoleJudge}
	bodies, err := e.Bodies()
	if err != nil {
		l.t.Fatal(err)
	}
	seed := bytes.Repeat([]byte{byte(len(l.records))}, ledger.SaltSize)
	leaf := ledger.Leaf{Kind: string(e.Kind.LeafKind()), At: e.At, Key: e.Listing}
	for a, body := range bodies {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	l.add(feed.Record{Leaf: leaf.Append(nil), Salt: ledger.Salt(seed, int(gongxin.AudiencePartner)), Body: bodies[gongxin.AudiencePartner]})
	sequence, force := l.tree.Size(), e.Kind.Force()
	if old := l.forced[e.Listing]; old > 0 && force != gongxin.ForceNone {
		l.head.Count, l.head.Digest = l.head.Count-1, l.head.Digest.Sub(l.element(old))
		delete(l.forced, e.Listing)
	}
	if force == gongxin.ForceEnters || force == gongxin.ForceReplaces {
		l.forced[e.Listing] = sequence
		l.head.Count, l.head.Digest = l.head.Count+1, l.head.Digest.Add(l.element(sequence))
	}
	if e.Entry != nil {
		l.entries[e.Listing] = *e.Entry
	}
	l.sign()
}

// handOver announces another key, and lets it sign from then on: first its own announcement.
func (l *memoryLog) handOver() {
	l.t.Helper()
	secret, _, err := ledger.GenerateKey(origin, rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	next, err := ledger.NewSigner(secret)
	if err != nil {
		l.t.Fatal(err)
	}
	for range 2 {
		body, err := gongxin.KeyAnnounced{VerifierKey: next.VerifierKey(), From: l.now}.Body()
		if err != nil {
			l.t.Fatal(err)
		}
		leaf := ledger.Leaf{Kind: string(gongxin.KeyAnnouncement), At: l.now}
		salt := bytes.Repeat([]byte{byte(len(l.records))}, ledger.SaltSize)
		leaf.Commitments[gongxin.AudiencePartner] = ledger.Commit(salt, body)
		l.add(feed.Record{Leaf: leaf.Append(nil), Salt: salt, Body: body})
		l.sign()
		l.signer = next
	}
}

func (l *memoryLog) add(r feed.Record) {
	l.tree.Append(ledger.RecordHash(r.Leaf))
	l.records = append(l.records, r)
}

// admit lists somebody new of the name.
func (l *memoryLog) admit(name string) gongxin.ListingID {
	l.t.Helper()
	id, err := gongxin.NewListingID(l.now, rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	l.numbers++
	l.do(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: l.entry(name, l.numbers)})
	return id
}

func (l *memoryLog) entry(name string, n int) *gongxin.Entry {
	l.t.Helper()
	s := fmt.Sprintf("32000019600101%03d", n)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	number, _, err := identity.Parse(s+string("10X98765432"[sum%11]), identity.CitizenID)
	if err != nil {
		l.t.Fatal(err)
	}
	return &gongxin.Entry{
		Court: gongxin.MustCourtCode("苏0505"), CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n)),
		Subject: gongxin.Subject{Name: name, Number: number, Sex: identity.Male, Age: 57}, Basis: "（2015）虎民初字第00012号", BasisBody: "苏州市虎丘区人民法院",
		Obligation: "给付", Performance: "全部未履行", Conduct: "有履行能力而拒不履行", Published: gongxin.MustDay("2017-03-01"), Filed: gongxin.MustDay("2016-05-04"),
		Severity: "一般", Until: gongxin.MustDay("2019-02-28"),
	}
}

func (l *memoryLog) Fresh(context.Context) error { l.sign(); return nil }

func (l *memoryLog) Snapshot(ctx context.Context) (*os.File, uint64, error) {
	f, err := os.Create(filepath.Join(l.t.TempDir(), "snapshot"))
	if err != nil {
		return nil, 0, err
	}
	size := l.tree.Size()
	w, err := feed.NewSnapshotWriter(f, gongxin.AudiencePartner, l.tree, l.heads[size])
	if err != nil {
		return nil, 0, err
	}
	if err := l.InForce(ctx, w.Add); err != nil {
		return nil, 0, err
	}
	leaf := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: l.now}
	if leaf.Commitments[gongxin.AudiencePartner], err = w.Close(); err != nil {
		return nil, 0, err
	}
	l.add(feed.Record{Leaf: leaf.Append(nil)})
	l.sign()
	return f, size, nil
}

func (l *memoryLog) ReceiptKey(_ context.Context, gate string) (string, error) {
	return l.keys[gate], nil
}

func (l *memoryLog) KeepReceiptKey(_ context.Context, gate, key string) error {
	if l.keys == nil {
		l.keys = map[string]string{}
	}
	l.keys[gate] = key
	return nil
}

func (l *memoryLog) Read(ctx context.Context, f func(context.Context, View) error) error {
	return f(ctx, l)
}

func (l *memoryLog) Head(context.Context) (ledger.Head, error)  { return l.head, nil }
func (l *memoryLog) Checkpoint(context.Context) ([]byte, error) { return l.heads[l.tree.Size()], nil }

func (l *memoryLog) HeadAt(_ context.Context, size uint64) (ledger.Head, bool, error) {
	b, ok := l.heads[size]
	if !ok {
		return ledger.Head{}, false, nil
	}
	h, err := l.verifier().Open(b)
	return h, true, err
}

// Changes gives two events at a time, so that a package has several members.
func (l *memoryLog) Changes(_ context.Context, after uint64, limit int) ([]feed.Record, []byte, error) {
	end := min(after+2, after+uint64(limit), l.tree.Size())
	return l.records[after:end], l.heads[end], nil
}

func (l *memoryLog) InForce(_ context.Context, f func(uint64, feed.Record) error) error {
	var all []uint64
	for _, sequence := range l.forced {
		all = append(all, sequence)
	}
	slices.Sort(all)
	for _, sequence := range all {
		if err := f(sequence, l.records[sequence-1]); err != nil {
			return err
		}
	}
	return nil
}

func (l *memoryLog) Entry(_ context.Context, id gongxin.ListingID) (gongxin.Entry, bool, error) {
	e, ok := l.entries[id]
	return e, ok, nil
}
