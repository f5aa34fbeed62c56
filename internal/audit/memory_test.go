package audit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/internal/audit"
	"gongxin/ledger"
)

const origin = "gongxin.test/list"

// start is when the histories of these tests begin.
var start = time.Date(2017, 3, 1, 1, 0, 0, 0, time.UTC)

// key makes a key pair that is the same every time.
func key(name, seed string) (*ledger.Signer, *ledger.Verifier) {
	sum := sha256.Sum256([]byte(seed))
	secret, public, err := ledger.GenerateKey(name, bytes.NewReader(sum[:]))
	if err != nil {
		panic(err)
	}
	s, err1 := ledger.NewSigner(secret)
	v, err2 := ledger.NewVerifier(public)
	if err1 != nil || err2 != nil {
		panic(fmt.Sprint(err1, err2))
	}
	return s, v
}

var hubSigner, hubKey = key(origin, "audit hub")

// gateHand signs receipts of railway.
func gateHand(seed string) *ledger.ReceiptKey {
	sum := sha256.Sum256([]byte(seed))
	secret, _, err := ledger.GenerateReceiptKey("railway", bytes.NewReader(sum[:]))
	if err != nil {
		panic(err)
	}
	k, err := ledger.NewReceiptKey(secret)
	if err != nil {
		panic(err)
	}
	return k
}

// A memory is a hub with its log, in memory. Everything in it may be tampered with.
type memory struct {
	events      []audit.Past
	latest      map[gongxin.ListingID]uint64
	tiles       map[string][]byte
	edge        map[int][]byte
	checkpoints map[uint64][]byte
	receipts    []audit.Receipt
	keys        []string // of the gate
	flaws       []audit.Finding

	signer *ledger.Signer
	tree   ledger.Tree
	held   map[gongxin.ListingID]ledger.Digest
	now    time.Time
}

func newMemory() *memory {
	m := &memory{
		latest: map[gongxin.ListingID]uint64{}, tiles: map[string][]byte{}, edge: map[int][]byte{}, checkpoints: map[uint64][]byte{},
		signer: hubSigner, held: map[gongxin.ListingID]ledger.Digest{}, now: start,
	}
	m.sign()
	return m
}

// at returns the n-th listing's name.
func at(n int) gongxin.ListingID {
	id, err := gongxin.NewListingID(start, bytes.NewReader([]byte(fmt.Sprintf("listing%03d", n))))
	if err != nil {
		panic(err)
	}
	return id
}

func entry(n int) *gongxin.Entry {
	num, _, err := identity.Parse("320000198001010018", identity.CitizenID)
	if err != nil {
		panic(err)
	}
	return &gongxin.Entry{
		Court: gongxin.MustCourtCode("苏0505"), CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n+1)),
		Subject: gongxin.Subject{Name: "受测某", Number: num, Sex: identity.Male, Age: 37}, Basis: "（2015）虎民初字第00123号",
		BasisBody: "苏州市虎丘区人民法院", Obligation: "偿还借款", Performance: "全部未履行", Conduct: "有履行能力而拒不履行",
		Published: gongxin.MustDay("2017-02-06"), Filed: gongxin.MustDay("2016-05-01"), Severity: "一般",
	}
}

// add appends an event of the n-th listing a minute after the last one, and signs.
func (m *memory) add(n int, kind gongxin.EventKind) uint64 {
	e := gongxin.Event{Kind: kind, Listing: at(n), By: gongxin.Actor{ID: "judge.zhao@苏0505", Role: gongxin.RoleJudge}, Previous: m.latest[at(n)]}
	if kind.SetsEntry() {
		e.Entry = entry(n)
	}
	if kind.Force() == gongxin.ForceLeaves {
		e.Ground, e.Decision = gongxin.GroundPerformed, "（2016）苏0505执1号之一"
	}
	bodies, err := e.Bodies()
	if err != nil {
		panic(err)
	}
	sequence := m.append(kind, at(n), bodies)
	m.latest[at(n)] = sequence
	switch kind.Force() {
	case gongxin.ForceEnters, gongxin.ForceReplaces:
		m.held[at(n)] = ledger.Element(sequence, m.events[sequence-1].Leaf)
	case gongxin.ForceLeaves:
		delete(m.held, at(n))
	}
	m.sign()
	return sequence
}

// announce appends an event of the log itself, and signs.
func (m *memory) announce(kind gongxin.EventKind, body []byte) {
	m.append(kind, gongxin.ListingID{}, [gongxin.Audiences][]byte{body, body, body})
	m.sign()
}

func (m *memory) append(kind gongxin.EventKind, id gongxin.ListingID, bodies [gongxin.Audiences][]byte) uint64 {
	m.now = m.now.Add(time.Minute)
	seed := sha256.Sum256([]byte(fmt.Sprint("seed", len(m.events))))
	e := audit.Past{Sequence: uint64(len(m.events)) + 1, Seed: seed[:ledger.SaltSize], Bodies: bodies}
	l := ledger.Leaf{Kind: string(kind.LeafKind()), At: m.now, Key: id}
	for slot, body := range bodies {
		l.Commitments[slot] = ledger.Commit(ledger.Salt(e.Seed, slot), body)
	}
	e.Leaf = l.Append(nil)
	m.log(e)
	return e.Sequence
}

// log puts an event into the log.
func (m *memory) log(e audit.Past) {
	grown, err := ledger.GrowTiles(m.tree.Size(), m.edge, []ledger.Hash{ledger.RecordHash(e.Leaf)})
	if err != nil {
		panic(err)
	}
	for _, t := range grown {
		m.tiles[ledger.TilePath(t.Level, t.Index, ledger.TileWidth)] = t.Data
		if m.edge[t.Level] = t.Data; t.Width() == ledger.TileWidth {
			delete(m.edge, t.Level)
		}
	}
	m.tree.Append(ledger.RecordHash(e.Leaf))
	m.events = append(m.events, e)
}

func (m *memory) head() ledger.Head {
	h := ledger.Head{Size: m.tree.Size(), Root: m.tree.Root(), At: m.now, Count: uint64(len(m.held))}
	for _, e := range m.held {
		h.Digest = h.Digest.Add(e)
	}
	return h
}

func (m *memory) sign() {
	b, err := m.signer.Sign(m.head())
	if err != nil {
		panic(err)
	}
	m.checkpoints[m.tree.Size()] = b
}

// confirm makes railway confirm what the log is now, signed by hand unless it is nil.
func (m *memory) confirm(hand *ledger.ReceiptKey) {
	h := m.head()
	r := audit.Receipt{Gate: "railway", Sequence: h.Size, Applied: m.now.Add(time.Second), Count: h.Count, Digest: h.Digest}
	if hand != nil {
		var err error
		r.Note, err = hand.Sign(ledger.Receipt{Origin: origin, Sequence: h.Size, Root: h.Root, Count: h.Count, Digest: h.Digest, Applied: r.Applied})
		if err != nil {
			panic(err)
		}
	}
	m.receipts = append(m.receipts, r)
}

// snapshot makes a snapshot of what is in force now and lets the log commit to it.
func (m *memory) snapshot(t *testing.T) *audit.Snapshot {
	t.Helper()
	var file bytes.Buffer
	size := m.tree.Size()
	w, err := feed.NewSnapshotWriter(&file, gongxin.AudiencePartner, m.tree, m.checkpoints[size])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.events {
		l, err := ledger.ParseLeaf(e.Leaf)
		if err != nil {
			t.Fatal(err)
		}
		if m.held[l.Key] == ledger.Element(e.Sequence, e.Leaf) {
			r := feed.Record{Leaf: e.Leaf, Salt: ledger.Salt(e.Seed, int(gongxin.AudiencePartner)), Body: e.Bodies[gongxin.AudiencePartner]}
			if err := w.Add(e.Sequence, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	hash, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	m.now = m.now.Add(time.Minute)
	l := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: m.now}
	l.Commitments[gongxin.AudiencePartner] = hash
	m.log(audit.Past{Sequence: size + 1, Leaf: l.Append(nil)})
	m.sign()
	return &audit.Snapshot{Size: size, Audience: gongxin.AudiencePartner, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(file.Bytes())), nil
	}}
}

func (m *memory) Checkpoint(context.Context) ([]byte, error) {
	return m.checkpoints[m.tree.Size()], nil
}

func (m *memory) Entries(_ context.Context, index uint64, width int) ([]byte, error) {
	var bundle []byte
	for _, e := range m.events[index*ledger.TileWidth:][:width] {
		bundle = ledger.AppendEntry(bundle, e.Leaf)
	}
	return bundle, nil
}

func (m *memory) Tile(_ context.Context, level int, index uint64, width int) ([]byte, error) {
	data := m.tiles[ledger.TilePath(level, index, ledger.TileWidth)]
	if len(data) < width*len(ledger.Hash{}) {
		return nil, fmt.Errorf("tile %d/%d has %d bytes", level, index, len(data))
	}
	return data[:width*len(ledger.Hash{})], nil
}

func (m *memory) Checkpoints(_ context.Context, after, to uint64) (map[uint64][]byte, error) {
	stops := map[uint64][]byte{}
	for size, b := range m.checkpoints {
		if size > after && size <= to {
			stops[size] = b
		}
	}
	return stops, nil
}

func (m *memory) Receipts(_ context.Context, after, to uint64) (all []audit.Receipt, err error) {
	for _, r := range m.receipts {
		if r.Sequence > after && r.Sequence <= to {
			all = append(all, r)
		}
	}
	return all, nil
}

func (m *memory) ReceiptKeys(context.Context, string) ([]string, error) { return m.keys, nil }

func (m *memory) Notice(_ context.Context, sequence uint64) (salt, body []byte, err error) {
	e := m.events[sequence-1]
	return ledger.Salt(e.Seed, 0), e.Bodies[0], nil
}

func (m *memory) Examine(_ context.Context, done func(uint64), tell func(audit.Finding)) (audit.Examined, error) {
	done(m.tree.Size())
	for _, f := range m.flaws {
		tell(f)
	}
	return audit.Examined{Opened: m.tree.Size()}, nil
}

func (m *memory) History(_ context.Context, id gongxin.ListingID) (all []audit.Past, err error) {
	for _, e := range m.events {
		if l, err := ledger.ParseLeaf(e.Leaf); err == nil && gongxin.ListingID(l.Key) == id {
			all = append(all, e)
		}
	}
	return all, nil
}

func (m *memory) ReceiptsAround(_ context.Context, gate string, at time.Time) (all []audit.Receipt, err error) {
	var before, after []audit.Receipt
	for _, r := range m.receipts {
		if !r.Applied.After(at) {
			before = []audit.Receipt{r}
		} else if after == nil {
			after = []audit.Receipt{r}
		}
	}
	return append(before, after...), nil
}
