// Package gatetest opens real gates for the tests of what stands around them: a
// small hub in memory lists invented persons, and the gate follows it.
package gatetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// A Stand is a gate that has followed a hub with some listings.
type Stand struct {
	Gate  *gate.Gate
	ahead atomic.Int64 // how far the clock was moved
}

// Person returns number and name of the i-th invented person; the first ones are
// those that a Stand lists.
func Person(i int) (number, name string) {
	return synthetic.CitizenNumber(i, true), fmt.Sprintf("王小%c", '一'+rune(i%5000))
}

// Open opens a gate that lists the first n invented persons, and closes it with the
// test. Its list counts as fresh for an hour.
func Open(tb testing.TB, n int) *Stand {
	tb.Helper()
	s := new(Stand)
	c, err := Config(tb.TempDir(), n)
	if err != nil {
		tb.Fatal(err)
	}
	c.Now = s.now
	if s.Gate, err = gate.Open(c); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Gate.Close(); err != nil {
			tb.Error(err)
		}
	})
	for more := true; more; {
		if more, err = s.Gate.FollowOnce(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	if got := s.Gate.Status(); got.Listings != n || !got.Fresh {
		tb.Fatalf("the gate holds %d listings, want %d; fresh %v", got.Listings, n, got.Fresh)
	}
	return s
}

// Config is that of a gate in dir which follows a hub with the first n invented persons.
func Config(dir string, n int) (gate.Config, error) {
	h, err := newHub(n)
	if err != nil {
		return gate.Config{}, err
	}
	return gate.Config{Dir: dir, Name: "railway", Department: "铁路部门", VerifierKey: h.verifier, Source: h, MaxAge: time.Hour, Guard: &feed.Guard{}}, nil
}

func (s *Stand) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// Age lets the gate's copy of the list grow older by d.
func (s *Stand) Age(d time.Duration) { s.ahead.Add(int64(d)) }

// A hub is a list that does not change any more.
type hub struct {
	verifier   string
	records    []feed.Record
	checkpoint []byte
}

func newHub(n int) (*hub, error) {
	secret, verifier, err := ledger.GenerateKey("gongxin.test/list", rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	h := &hub{verifier: verifier}
	var tree ledger.Tree
	var head ledger.Head
	at := gongxin.Millis(time.Now())
	for i := range n {
		record, err := listing(i, at)
		if err != nil {
			return nil, err
		}
		tree.Append(ledger.RecordHash(record.Leaf))
		head.Count, head.Digest = head.Count+1, head.Digest.Add(ledger.Element(tree.Size(), record.Leaf))
		h.records = append(h.records, record)
	}
	head.Size, head.Root, head.At = tree.Size(), tree.Root(), at
	h.checkpoint, err = signer.Sign(head)
	return h, err
}

// listing is the leaf that lists the i-th person.
func listing(i int, at time.Time) (record feed.Record, err error) {
	number, name := Person(i)
	n, _, err := identity.Parse(number)
	if err != nil {
		return record, err
	}
	id, err := gongxin.NewListingID(at, rand.Reader)
	if err != nil {
		return record, err
	}
	e := gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, At: at, By: gongxin.Actor{ID: "judge.li@苏0505", Role: gongxin.RoleJudge},
		Entry: &gongxin.Entry{Court: gongxin.MustCourtCode("苏0505"), CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", i+1)),
			Subject: gongxin.Subject{Name: name, Number: n, Sex: identity.Male, Age: 37}, Basis: "（2015）虎民初字第00012号", BasisBody: "苏州市虎丘区人民法院",
			Obligation: "给付货款人民币12万元", Performance: "全部未履行", Conduct: "有履行能力而拒不履行生效法律文书确定义务",
			Published: gongxin.MustDay("2017-03-01"), Filed: gongxin.MustDay("2016-05-04"), Severity: "一般"}}
	bodies, err := e.Bodies()
	if err != nil {
		return record, err
	}
	seed := make([]byte, ledger.SaltSize)
	if _, err := io.ReadFull(rand.Reader, seed); err != nil {
		return record, err
	}
	leaf := ledger.Leaf{Kind: string(e.Kind.LeafKind()), At: at, Key: id}
	for a, body := range bodies {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	partner := int(gongxin.AudiencePartner)
	return feed.Record{Leaf: leaf.Append(nil), Salt: ledger.Salt(seed, partner), Body: bodies[partner]}, nil
}

// Changes makes hub a feed.Source.
func (h *hub) Changes(_ context.Context, after uint64, _ time.Duration) (feed.Changes, error) {
	return feed.Changes{After: after, Records: h.records[min(after, uint64(len(h.records))):], Checkpoint: h.checkpoint}, nil
}

// Snapshot makes hub a feed.Source: there is none.
func (h *hub) Snapshot(context.Context) (io.ReadCloser, error) {
	return nil, gongxin.Missing("FEED_NO_SNAPSHOT")
}
