//go:build linux

package sim

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/ledger"
)

// people is how many persons a court lists; as many bystanders are never listed.
const people, bystanders = 6, 3

// A person of the simulation. The last two listed ones are namesakes.
func nameOf(n int) string {
	if n == people-1 {
		n--
	}
	return fmt.Sprintf("王小%c", '一'+rune(n))
}

// numberOf makes a citizen number with the province's code, which belongs to nobody.
func numberOf(n int) string {
	s := fmt.Sprintf("320000%04d0101%03d", 1960+n, 1+n)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return s + string("10X98765432"[sum%11])
}

// A place is how a listing stands in the set in force: the truth that gates' answers
// are held against.
type place struct {
	person int
	until  gongxin.Day
	since  uint64 // of the event that put it in force, without a break since
	whose  uint64 // of the event that made it this person's
}

// A life is a listing as the court knows it.
type life struct {
	id     gongxin.ListingID
	place  place
	in     bool // in force
	ended  bool
	spared bool // never ends, so that the list is never empty
}

// signed is a checkpoint that was handed out.
type signed struct {
	head ledger.Head
	note []byte
}

// A history is the hub's log, or one of two that contradict each other. It does
// what the register and the store do, with the ledger's own code.
type history struct {
	signer  *ledger.Signer
	random  *rand.ChaCha8
	records []feed.Record
	whole   []feed.Record // before anything was erased, as backups hold them
	tree    ledger.Tree
	count   uint64
	digest  ledger.Digest
	held    map[gongxin.ListingID]ledger.Digest
	forced  map[gongxin.ListingID]uint64
	lives   []life

	// By size, from 0.
	trees   []ledger.Tree
	counts  []uint64
	digests []ledger.Digest
	force   []map[gongxin.ListingID]place
	past    [][]life

	signed   []signed // every checkpoint, in its order
	at       map[uint64]int
	snapshot []byte
	snaps    [][]byte // all that were made
}

func newHistory(s *ledger.Signer, random *rand.ChaCha8) *history {
	h := &history{signer: s, random: random, held: map[gongxin.ListingID]ledger.Digest{}, forced: map[gongxin.ListingID]uint64{}, at: map[uint64]int{}}
	h.note(map[gongxin.ListingID]place{})
	return h
}

func (h *history) size() uint64 { return uint64(len(h.records)) }

// note keeps how things stand at the present size.
func (h *history) note(force map[gongxin.ListingID]place) {
	h.trees, h.counts, h.digests = append(h.trees, h.tree), append(h.counts, h.count), append(h.digests, h.digest)
	h.force, h.past = append(h.force, force), append(h.past, slices.Clone(h.lives))
}

// back returns the log as a backup at size n holds it: what was signed until then,
// and nothing of what came later.
func (h *history) back(n uint64, random *rand.ChaCha8) *history {
	b := newHistory(h.signer, random)
	b.lives = nil
	b.records, b.whole = slices.Clone(h.whole[:n]), slices.Clone(h.whole[:n])
	b.tree, b.count, b.digest = h.trees[n], h.counts[n], h.digests[n]
	b.trees, b.counts, b.digests = slices.Clone(h.trees[:n+1]), slices.Clone(h.counts[:n+1]), slices.Clone(h.digests[:n+1])
	b.force, b.past = slices.Clone(h.force[:n+1]), slices.Clone(h.past[:n+1])
	b.lives = slices.Clone(h.past[n])
	for i, r := range b.records {
		l, err := ledger.ParseLeaf(r.Leaf)
		if err != nil {
			panic(err) // we wrote it
		}
		b.fold(gongxin.EventKind(l.Kind), l.Key, ledger.Element(uint64(i)+1, r.Leaf), uint64(i)+1, false)
	}
	for _, s := range h.signed {
		if s.head.Size <= n {
			b.at[s.head.Size] = len(b.signed)
			b.signed = append(b.signed, s)
		}
	}
	return b
}

// sign hands out a checkpoint at the time now.
func (h *history) sign(now time.Time) {
	head := ledger.Head{Size: h.size(), Root: h.tree.Root(), At: gongxin.Millis(now), Count: h.count, Digest: h.digest}
	note, err := h.signer.Sign(head)
	if err != nil {
		panic(err) // a head of our own making
	}
	h.at[head.Size] = len(h.signed)
	h.signed = append(h.signed, signed{head, note})
}

// missigned is the newest checkpoint with the digest of an earlier set: what a hub
// would sign whose projection has gone wrong.
func (h *history) missigned(now time.Time) []byte {
	head := ledger.Head{Size: h.size(), Root: h.tree.Root(), At: gongxin.Millis(now), Count: h.count, Digest: h.digest.Add(h.digests[h.size()/2]).Add(ledger.Digest{31: 1})}
	note, err := h.signer.Sign(head)
	if err != nil {
		panic(err)
	}
	return note
}

// newest returns the newest checkpoint of the size n.
func (h *history) newest(n uint64) []byte { return h.signed[h.at[n]].note }

func (h *history) fold(kind gongxin.EventKind, id gongxin.ListingID, e ledger.Digest, sequence uint64, total bool) {
	force := kind.Force()
	if force == gongxin.ForceNone {
		return
	}
	if old, in := h.held[id]; in {
		if total {
			h.count, h.digest = h.count-1, h.digest.Sub(old)
		}
		delete(h.held, id)
		delete(h.forced, id)
	}
	if force != gongxin.ForceLeaves {
		if total {
			h.count, h.digest = h.count+1, h.digest.Add(e)
		}
		h.held[id], h.forced[id] = e, sequence
	}
}

func (h *history) append(leaf ledger.Leaf, record feed.Record) {
	record.Leaf = leaf.Append(nil)
	h.tree.Append(ledger.RecordHash(record.Leaf))
	h.records, h.whole = append(h.records, record), append(h.whole, record)
	h.fold(gongxin.EventKind(leaf.Kind), leaf.Key, ledger.Element(h.size(), record.Leaf), h.size(), true)
	force := h.force[len(h.force)-1]
	if gongxin.EventKind(leaf.Kind).Force() != gongxin.ForceNone {
		force = maps.Clone(force)
		for _, l := range h.lives {
			if l.id == leaf.Key {
				delete(force, l.id)
				if l.in {
					force[l.id] = l.place
				}
			}
		}
	}
	h.note(force)
}

// event appends e, with bodies for all audiences as the register makes them.
func (h *history) event(e gongxin.Event, now time.Time) {
	e.At = gongxin.Millis(now)
	e.By = gongxin.Actor{ID: "judge.li@苏0505", Role: gongxin.RoleJudge}
	bodies, err := e.Bodies()
	if err != nil {
		panic(err)
	}
	seed := make([]byte, ledger.SaltSize)
	h.read(seed)
	leaf := ledger.Leaf{Kind: string(e.Kind.LeafKind()), At: e.At, Key: e.Listing}
	for a, body := range bodies {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	h.append(leaf, feed.Record{Salt: ledger.Salt(seed, int(gongxin.AudiencePartner)), Body: bodies[gongxin.AudiencePartner]})
}

func (h *history) read(b []byte) { _, _ = h.random.Read(b) } // never fails

// An act is what a court does, or the hub by itself.
type act uint8

// The acts.
const (
	admit act = iota
	correct
	correctPerson
	extend
	suspend
	resume
	withdraw
	expire
	revoke
	procedure
	acts
)

var actNames = [acts]string{"admit", "correct", "correct-person", "extend", "suspend", "resume", "withdraw", "expire", "revoke", "step"}

// enact does a to the n-th listing, or person, to which it can lawfully be done, if there is one.
func (h *history) enact(a act, n int, now time.Time) {
	today := gongxin.DayOf(now)
	if a == admit {
		id, err := gongxin.NewListingID(now, h.random)
		if err != nil {
			panic(err)
		}
		l := life{id: id, in: true, spared: len(h.lives) == 0, place: place{person: n % people, until: term(today, n), since: h.size() + 1}}
		if l.spared {
			l.place.until = 0
		}
		h.lives = append(h.lives, l)
		h.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: entry(l.place, len(h.lives))}, now)
		return
	}
	var can []int
	for i, l := range h.lives {
		ok := l.in
		switch a {
		case resume:
			ok = !l.in && !l.ended && !(l.place.until != 0 && l.place.until < today)
		case extend:
			ok = l.in && l.place.until != 0
		case correctPerson, suspend, withdraw, revoke:
			ok = l.in && !l.spared
		case expire:
			ok = l.in && l.place.until != 0 && l.place.until < today
		}
		if ok {
			can = append(can, i)
		}
	}
	if len(can) == 0 {
		return
	}
	i := can[n%len(can)]
	l := &h.lives[i]
	e := gongxin.Event{Listing: l.id}
	switch a {
	case correct:
		e.Kind = gongxin.ListingCorrected
	case correctPerson:
		e.Kind = gongxin.ListingCorrected
		// Never to a namesake: for a gate that is another person by the number, and
		// the name alone decides nothing.
		l.place.person, l.place.whose = (l.place.person+1+n%(people-1))%people, h.size()+1
	case extend:
		e.Kind, e.Was = gongxin.TermExtended, l.place.until
		l.place.until = l.place.until.Add(1 + n%3)
	case suspend:
		e.Kind, e.Ground = gongxin.ListingSuspended, gongxin.GroundSecurity
		l.in = false
	case resume:
		e.Kind = gongxin.SuspensionEnded
		l.in, l.place.since = true, h.size()+1
	case withdraw, expire, revoke:
		e.Kind = map[act]gongxin.EventKind{withdraw: gongxin.ListingWithdrawn, expire: gongxin.ListingExpired, revoke: gongxin.ListingRevoked}[a]
		e.Ground = gongxin.GroundPerformed
		l.in, l.ended = false, true
	case procedure:
		e.Kind, e.Ground = gongxin.GroundRecorded, gongxin.GroundPerformed
	}
	if e.Kind.SetsEntry() {
		e.Entry = entry(l.place, i+1)
	}
	h.event(e, now)
}

// term gives every third listing an end some days ahead.
func term(today gongxin.Day, n int) gongxin.Day {
	if n%3 != 0 {
		return 0
	}
	return today.Add(n % 4)
}

func entry(p place, n int) *gongxin.Entry {
	number, _, err := identity.Parse(numberOf(p.person), identity.CitizenID)
	if err != nil {
		panic(err)
	}
	return &gongxin.Entry{
		Court: gongxin.MustCourtCode("苏0505"), CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n)),
		Subject: gongxin.Subject{Name: nameOf(p.person), Number: number, Sex: identity.Male, Age: 37},
		Basis:   "（2015）虎民初字第00012号", BasisBody: "苏州市虎丘区人民法院", Obligation: "给付货款人民币12万元", Performance: "全部未履行",
		Conduct: "有履行能力而拒不履行生效法律文书确定义务", Published: gongxin.MustDay("2017-03-01"), Filed: gongxin.MustDay("2016-05-04"),
		Severity: "一般", Until: p.until,
	}
}

// makeSnapshot writes what is in force into a file and commits to it in the log.
func (h *history) makeSnapshot(now time.Time) {
	h.sign(now)
	var b bytes.Buffer
	w, err := feed.NewSnapshotWriter(&b, gongxin.AudiencePartner, h.tree, h.newest(h.size()))
	if err != nil {
		panic(err)
	}
	for _, sequence := range slices.Sorted(maps.Values(h.forced)) {
		if err := w.Add(sequence, h.records[sequence-1]); err != nil {
			panic(err)
		}
	}
	hash, err := w.Close()
	if err != nil {
		panic(err)
	}
	leaf := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: gongxin.Millis(now)}
	leaf.Commitments[gongxin.AudiencePartner] = hash
	h.append(leaf, feed.Record{})
	h.sign(now)
	h.snapshot = b.Bytes()
	h.snaps = append(h.snaps, h.snapshot)
}

// erase destroys the bodies of listings that have ended, once a snapshot covers them.
func (h *history) erase(now time.Time) {
	h.makeSnapshot(now)
	ended := map[gongxin.ListingID]bool{}
	for _, l := range h.lives {
		ended[l.id] = l.ended
	}
	for i, r := range h.records {
		if l, err := ledger.ParseLeaf(r.Leaf); err == nil && ended[l.Key] {
			h.records[i].Salt, h.records[i].Body = nil, nil
		}
	}
}

// changes is the hub's answer: what follows after, up to a checkpoint, at most
// limit records if one lies within. ok is false if the log is not as far.
func (h *history) changes(after uint64, limit int) (c feed.Changes, ok bool) {
	last := h.signed[len(h.signed)-1].head.Size
	if after > last {
		return c, false
	}
	until := last
	for n := after + 1; n < last && limit > 0; n++ {
		if _, is := h.at[n]; is && n >= after+uint64(limit) {
			until = n
			break
		}
	}
	return feed.Changes{After: after, Records: slices.Clone(h.records[after:until]), Checkpoint: h.newest(until)}, true
}
