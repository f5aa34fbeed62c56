package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/ledger"
)

// seedReader gives the same bytes for the same seed.
type seedReader struct{ n uint64 }

func (r *seedReader) Read(b []byte) (int, error) {
	for i := range b {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, r.n))
		b[i] = h[0]
		r.n++
	}
	return len(b), nil
}

const testOrigin = "credit.example/list"

var noon = time.Date(2017, 4, 1, 4, 0, 0, 0, time.UTC)

func newKeys(t testing.TB, origin string, seed uint64) (*ledger.Signer, *ledger.Verifier) {
	t.Helper()
	secret, public, err := ledger.GenerateKey(origin, &seedReader{seed})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ledger.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// A hubLog is a small hub: it writes events as the register and the store do.
type hubLog struct {
	t        testing.TB
	signer   *ledger.Signer
	verifier *ledger.Verifier
	audience gongxin.Audience
	random   io.Reader
	now      time.Time
	tree     ledger.Tree
	head     ledger.Head
	records  []Record
	held     heldMap
	forced   map[gongxin.ListingID]uint64
	heads    map[uint64][]byte      // checkpoints by size
	trees    map[uint64]ledger.Tree // and the edges there
	shown    []byte                 // at /checkpoint; nil if that cannot be reached
}

type heldMap map[gongxin.ListingID]ledger.Digest

func (h heldMap) Element(id gongxin.ListingID) (ledger.Digest, bool) {
	e, ok := h[id]
	return e, ok
}

// Apply keeps what is in force, as a gate does.
func (h heldMap) Apply(changes []Change) error {
	for _, c := range changes {
		switch c.Event.Kind.Force() {
		case gongxin.ForceEnters, gongxin.ForceReplaces:
			h[c.Event.Listing] = c.Element
		case gongxin.ForceLeaves:
			delete(h, c.Event.Listing)
		}
	}
	return nil
}

func newLog(t testing.TB) *hubLog {
	s, v := newKeys(t, testOrigin, 1)
	l := &hubLog{t: t, signer: s, verifier: v, audience: gongxin.AudiencePartner, random: &seedReader{7}, now: noon,
		held: heldMap{}, forced: map[gongxin.ListingID]uint64{}, heads: map[uint64][]byte{}, trees: map[uint64]ledger.Tree{}}
	l.sign()
	return l
}

func (l *hubLog) follower() Follower { return Follower{Verifier: l.verifier, Audience: l.audience} }

// sign signs what the log holds now.
func (l *hubLog) sign() []byte {
	l.t.Helper()
	l.now = l.now.Add(time.Second)
	l.head.Size, l.head.Root, l.head.At = l.tree.Size(), l.tree.Root(), l.now
	b, err := l.signer.Sign(l.head)
	if err != nil {
		l.t.Fatal(err)
	}
	l.heads[l.head.Size], l.trees[l.head.Size] = b, l.tree
	return b
}

// leaf appends a leaf with its record.
func (l *hubLog) leaf(kind string, key [16]byte, at time.Time, bodies [gongxin.Audiences][]byte) {
	l.t.Helper()
	seed := make([]byte, ledger.SaltSize)
	if _, err := io.ReadFull(l.random, seed); err != nil {
		l.t.Fatal(err)
	}
	leaf := ledger.Leaf{Kind: kind, At: at, Key: key}
	for a, body := range bodies {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	b := leaf.Append(nil)
	l.tree.Append(ledger.RecordHash(b))
	l.records = append(l.records, Record{Leaf: b, Salt: ledger.Salt(seed, int(l.audience)), Body: bodies[l.audience]})
	sequence := l.tree.Size()
	old, in := l.held[key]
	force := gongxin.EventKind(kind).Force()
	if in && force != gongxin.ForceNone {
		l.head.Count, l.head.Digest = l.head.Count-1, l.head.Digest.Sub(old)
		delete(l.held, key)
		delete(l.forced, key)
	}
	if force == gongxin.ForceEnters || force == gongxin.ForceReplaces {
		e := ledger.Element(sequence, b)
		l.held[key], l.forced[key] = e, sequence
		l.head.Count, l.head.Digest = l.head.Count+1, l.head.Digest.Add(e)
	}
}

func (l *hubLog) event(e gongxin.Event) {
	l.t.Helper()
	e.At = l.now
	e.By = gongxin.Actor{ID: "judge.li@苏0505", Role: gongxin.RoleJudge}
	bodies, err := e.Bodies()
	if err != nil {
		l.t.Fatal(err)
	}
	l.leaf(string(e.Kind.LeafKind()), e.Listing, e.At, bodies)
}

// announce appends an event of the log itself.
func (l *hubLog) announce(b interface{ Body() ([]byte, error) }) {
	l.t.Helper()
	body, err := b.Body()
	if err != nil {
		l.t.Fatal(err)
	}
	kind := gongxin.KeyAnnouncement
	if _, ok := b.(gongxin.BatchApproved); ok {
		kind = gongxin.BatchApproval
	}
	l.leaf(string(kind), [16]byte{}, l.now, [gongxin.Audiences][]byte{body, body, body})
}

// admit lists the n-th person and returns the listing.
func (l *hubLog) admit(n int) gongxin.ListingID {
	l.t.Helper()
	id, err := gongxin.NewListingID(l.now, l.random)
	if err != nil {
		l.t.Fatal(err)
	}
	l.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: l.entry(n)})
	return id
}

func (l *hubLog) entry(n int) *gongxin.Entry {
	l.t.Helper()
	number, _, err := identity.Parse(citizen(n), identity.CitizenID)
	if err != nil {
		l.t.Fatal(err)
	}
	return &gongxin.Entry{
		Court: gongxin.MustCourtCode("苏0505"), CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n+1)),
		Subject: gongxin.Subject{Name: names[n%len(names)], Number: number, Sex: identity.Male, Age: 37},
		Basis:   "（2015）虎民初字第00012号", BasisBody: "苏州市虎丘区人民法院", Obligation: "给付货款人民币12万元", Performance: "全部未履行",
		Conduct: "有履行能力而拒不履行生效法律文书确定义务", Published: gongxin.MustDay("2017-03-01"), Filed: gongxin.MustDay("2016-05-04"),
		Severity: "一般", Until: gongxin.MustDay("2019-02-28"),
	}
}

var names = []string{"甲某某", "乙某", "丙某某", "丁某", "戊某某"}

// citizen makes a number with a province-level code that belongs to nobody.
func citizen(n int) string {
	s := fmt.Sprintf("320000%04d0101%03d", 1960+n/999%30, 1+n%999)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return s + string("10X98765432"[sum%11])
}

// since returns what a source would give after the first after leaves.
func (l *hubLog) since(after uint64) Changes {
	c := Changes{After: after, Records: l.records[after:], Checkpoint: l.heads[l.tree.Size()]}
	if c.Checkpoint == nil {
		l.t.Fatal("the log was not signed at its size")
	}
	return c
}

// story is a log with every kind of event that partners meet.
func story(t testing.TB) *hubLog {
	l := newLog(t)
	a, b, c := l.admit(0), l.admit(1), l.admit(2)
	l.sign()
	l.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: b, Entry: l.entry(1)})
	l.event(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: a, Ground: gongxin.GroundPerformed, On: gongxin.MustDay("2017-03-30"), Decision: "（2017）苏0505执1号"})
	l.sign()
	d, err := gongxin.NewListingID(l.now, l.random)
	if err != nil {
		t.Fatal(err)
	}
	l.event(gongxin.Event{Kind: gongxin.NoticeServed, Listing: d, Entry: l.entry(3)})
	l.event(gongxin.Event{Kind: gongxin.ListingDecided, Listing: d, Entry: l.entry(3)})
	l.event(gongxin.Event{Kind: gongxin.ListingPublished, Listing: d, Entry: l.entry(3)})
	l.event(gongxin.Event{Kind: gongxin.ListingExpired, Listing: c, Ground: gongxin.GroundTerm})
	l.sign()
	return l
}

func encode(t testing.TB, c Changes) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// advance reads and verifies an encoded answer.
func advance(f Follower, p Position, held Held, file []byte) (Position, []Change, error) {
	c, err := ReadChanges(bytes.NewReader(file))
	if err != nil {
		return p, nil, err
	}
	return f.Advance(p, held, c)
}

// snapshot writes what is in force now and commits to it in the log.
func (l *hubLog) snapshot() []byte {
	l.t.Helper()
	var b bytes.Buffer
	w, err := NewSnapshotWriter(&b, l.audience, l.tree, l.sign())
	if err != nil {
		l.t.Fatal(err)
	}
	at := map[uint64]bool{}
	for _, sequence := range l.forced {
		at[sequence] = true
	}
	for sequence := range l.tree.Size() {
		if at[sequence+1] {
			if err := w.Add(sequence+1, l.records[sequence]); err != nil {
				l.t.Fatal(err)
			}
		}
	}
	hash, err := w.Close()
	if err != nil {
		l.t.Fatal(err)
	}
	if hash != sha256.Sum256(b.Bytes()) {
		l.t.Fatal("Close gives another hash than that of the file")
	}
	leaf := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: l.now}
	leaf.Commitments[l.audience] = hash
	record := Record{Leaf: leaf.Append(nil)}
	l.tree.Append(ledger.RecordHash(record.Leaf))
	l.records = append(l.records, record)
	l.sign()
	return b.Bytes()
}
