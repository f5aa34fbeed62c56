package hub

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
)

// A foreignWitness is one that others wrote: checkpoints, consistency proofs and
// cosignatures are read and made by the packages of the transparency-dev project
// and none of ours. Only the few lines of HTTP are written here, as C2SP
// tlog-witness has them.
type foreignWitness struct {
	signer note.Signer
	log    note.Verifier
	server *httptest.Server

	mu    sync.Mutex
	size  uint64
	root  []byte
	away  bool   // answers 503
	claim uint64 // answers 409 with this, if not zero
}

func newForeignWitness(t *testing.T, name, logKey string) (*foreignWitness, Witness) {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	f := &foreignWitness{}
	if f.signer, err = fnote.NewSignerForCosignatureV1(secret); err == nil {
		f.log, err = note.NewVerifier(logKey)
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
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f, Witness{URL: f.server.URL, Key: ours}
}

func (f *foreignWitness) set(change func()) { f.mu.Lock(); defer f.mu.Unlock(); change() }

func (f *foreignWitness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	var old uint64
	lines := strings.Split(string(head), "\n")
	_, scan := fmt.Sscanf(lines[0], "old %d", &old)
	switch {
	case err != nil, !ok, scan != nil, r.Method != http.MethodPost, r.URL.Path != "/add-checkpoint":
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	case f.away:
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	case f.claim > 0:
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintln(w, f.claim)
		return
	case old != f.size:
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintln(w, f.size)
		return
	}
	var hashes [][]byte
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			http.Error(w, "malformed", http.StatusBadRequest)
			return
		}
		hashes = append(hashes, h)
	}
	c, _, n, err := log.ParseCheckpoint(checkpoint, f.log.Name(), f.log)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if f.size > 0 {
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, f.size, c.Size, hashes, f.root, c.Hash); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
	}
	signed, err := note.Sign(&note.Note{Text: n.Text}, f.signer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	f.size, f.root = c.Size, c.Hash
	_, _ = w.Write(signed[len(n.Text)+1:]) // its own line alone
}

// list takes n new listings.
func (c *centre) list(from, n int) {
	c.t.Helper()
	var rows []map[string]string
	for i := range n {
		rows = append(rows, fields(from+i+1))
	}
	c.want(200, "", "court", "POST", "/v1/intake", rows)
}

// collecting runs the collection until the test ends.
func (c *centre) collecting() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.collect(ctx) }()
	c.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	})
}

// until waits until ok.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// A held is what a follower holds.
type held map[gongxin.ListingID]ledger.Digest

func (h held) Element(id gongxin.ListingID) (ledger.Digest, bool) { e, ok := h[id]; return e, ok }

func (h held) Apply(changes []feed.Change) error {
	for _, c := range changes {
		switch c.Event.Kind.Force() {
		case gongxin.ForceLeaves:
			delete(h, c.Event.Listing)
		case gongxin.ForceEnters, gongxin.ForceReplaces:
			h[c.Event.Listing] = c.Element
		}
	}
	return nil
}

// A follower that demands two witnesses follows a hub that asks them: from its first
// snapshot on, while the list changes, and whatever one of three does.
func TestAFollowerOfWitnessesFollowsTheHub(t *testing.T) {
	c := newCentre(t)
	a, wa := newForeignWitness(t, "witness.example/a", c.VerifierKey)
	_, wb := newForeignWitness(t, "witness.example/b", c.VerifierKey)
	liar, wl := newForeignWitness(t, "witness.example/c", c.VerifierKey)
	liar.set(func() { liar.claim = 1 << 40 })
	c.Witnesses, c.WitnessNeed = []Witness{wa, wb, wl}, 2
	c.witnesses = newWitnesses(c.Witnesses)
	c.list(0, 5) // nobody saw the beginning
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.list(5, 5)
	src := feed.HTTPSource{URL: c.url, Token: c.tokens["railway"], Witnessed: true}
	f := feed.Follower{Verifier: c.verifier, Audience: gongxin.AudiencePartner, Witnesses: feed.Witnesses{Known: []*ledger.Witness{wa.Key, wb.Key, wl.Key}, Need: 2}}
	if _, err := feed.Bootstrap(t.Context(), src, f, feed.Position{}, held{}); gongxin.CodeOf(err) != "FEED_WITNESS" {
		t.Fatalf("without witnesses: %v", err)
	}

	c.collecting()
	has := held{}
	var at feed.Position
	until(t, "the hub's checkpoint is cosigned", func() bool {
		var err error
		clear(has)
		at, err = feed.Bootstrap(t.Context(), src, f, feed.Position{}, has)
		if err != nil && gongxin.CodeOf(err) != "FEED_WITNESS" {
			t.Fatal(err)
		}
		return err == nil
	})
	step := func() {
		t.Helper()
		answer, err := src.Changes(t.Context(), at.Tree.Size(), 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		next, changes, err := f.Advance(at, has, answer)
		if err != nil {
			t.Fatalf("at %d: %v", at.Tree.Size(), err)
		}
		if err := has.Apply(changes); err != nil {
			t.Fatal(err)
		}
		at = next
	}
	reach := func(n int) {
		t.Helper()
		for at.Head.Count < uint64(n) {
			step() // every single answer has its witnesses
		}
	}
	reach(10)
	for i := range 10 {
		c.list(10+i, 1)
		reach(11 + i)
	}

	// Heartbeats are cosigned as well: else the copy would grow old.
	if err := c.Store.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	size := at.Tree.Size()
	checkpoint := c.want(200, "", "nobody", "GET", "/checkpoint?witnessed=1", nil)
	if _, seen, err := c.verifier.OpenWitnessed(checkpoint, f.Witnesses.Known); err != nil || len(seen) != 2 {
		t.Errorf("the checkpoint: %v, %v", seen, err)
	}

	// One is away: nothing is held up for who does not ask, nothing goes on for who does.
	a.set(func() { a.away = true })
	c.list(20, 1)
	plain := feed.HTTPSource{URL: c.url, Token: c.tokens["railway"]}
	answer, err := plain.Changes(t.Context(), size, 0)
	if err != nil || len(answer.Records) != 1 {
		t.Errorf("not demanding: %d changes, %v", len(answer.Records), err)
	}
	if answer, err = src.Changes(t.Context(), size, 0); err != nil || len(answer.Records) != 0 {
		t.Errorf("demanding: %d changes, %v", len(answer.Records), err)
	} else if next, _, err := f.Advance(at, has, answer); err != nil {
		t.Errorf("what is cosigned of its size: %v", err)
	} else {
		at = next
	}
	until(t, "the faults show", func() bool {
		faults := 0
		for _, s := range c.standings(at.Head) {
			if s.Fault != "" {
				faults++
			}
		}
		return faults == 2
	})
	for _, s := range c.lateWitnesses(at.Head) {
		t.Errorf("late by a clock that stands still: %+v", s)
	}
	a.set(func() { a.away = false })
	reach(21)

	// A witness that is behind, because another process of the hub asked it meanwhile.
	a.set(func() { a.size, a.root = 0, nil })
	c.list(21, 1)
	reach(22)
}

// Nobody but a gate that demands witnesses waits for them: a commit and an ordinary
// answer do not, however long a witness keeps the connection.
func TestAWitnessThatNeverAnswersHoldsUpNobody(t *testing.T) {
	c := newCentre(t)
	_, w := newForeignWitness(t, "witness.example/a", c.VerifierKey)
	asked, let := make(chan struct{}, 100), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-let:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(let)
	c.Witnesses, c.WitnessNeed = []Witness{{slow.URL, w.Key}}, 1
	c.witnesses = newWitnesses(c.Witnesses)
	c.list(0, 1)
	c.collecting()
	<-asked
	c.list(1, 1)
	answer, err := feed.HTTPSource{URL: c.url, Token: c.tokens["railway"]}.Changes(t.Context(), 0, 0)
	if err != nil || len(answer.Records) != 2 {
		t.Errorf("%d changes, %v", len(answer.Records), err)
	}
}

// An old copy of the database is noticed: a witness has seen more.
func TestAWitnessHasSeenMoreThanAnOldCopy(t *testing.T) {
	c := newCentre(t)
	ahead, w := newForeignWitness(t, "witness.example/a", c.VerifierKey)
	ahead.set(func() { ahead.size = 100 })
	c.Witnesses, c.WitnessNeed = []Witness{w}, 1
	c.witnesses = newWitnesses(c.Witnesses)
	c.list(0, 3)
	c.collecting()
	until(t, "it is told", func() bool {
		s := c.standings(ledger.Head{Size: 3})
		return len(s) == 1 && strings.Contains(s[0].Fault, "100") && strings.Contains(s[0].Fault, "old copy")
	})
}

// The files of a directory end where witnesses have cosigned too.
func TestADirectoryIsPublishedWithWitnesses(t *testing.T) {
	c := newCentre(t)
	_, w := newForeignWitness(t, "witness.example/a", c.VerifierKey)
	c.Witnesses, c.WitnessNeed, c.PublishDir = []Witness{w}, 1, t.TempDir()
	c.witnesses = newWitnesses(c.Witnesses)
	c.list(0, 2)
	c.collecting()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.publish(ctx) }()
	defer func() { stop(); <-done }()
	f := feed.Follower{Verifier: c.verifier, Audience: gongxin.AudiencePartner, Witnesses: feed.Witnesses{Known: []*ledger.Witness{w.Key}, Need: 1}}
	src, has, at := feed.DirSource{Dir: c.PublishDir}, held{}, feed.Position{}
	for i := range 5 {
		until(t, "published", func() bool { n, err := feed.Published(c.PublishDir); return err == nil && n >= uint64(2+i) })
		answer, err := src.Changes(t.Context(), at.Tree.Size(), 0)
		if err != nil {
			t.Fatal(err)
		}
		next, changes, err := f.Advance(at, has, answer)
		if err != nil {
			t.Fatalf("%d at %d, %d changes: %v: %s", i, at.Tree.Size(), len(answer.Records), err, answer.Checkpoint)
		}
		if err := has.Apply(changes); err != nil {
			t.Fatal(err)
		}
		at = next
		c.list(2+i, 1)
	}
}

// A witness that has not cosigned for a minute stands on the board by name, and goes
// from there once it cosigns again.
func TestALateWitnessStandsOnTheBoard(t *testing.T) {
	var mu sync.Mutex
	now := today
	c := newCentreAt(t, func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	away, w := newForeignWitness(t, "witness.example/a", c.VerifierKey)
	away.set(func() { away.away = true })
	c.Witnesses, c.WitnessNeed = []Witness{w}, 1
	c.witnesses = newWitnesses(c.Witnesses)
	c.list(0, 1)
	c.collecting()
	board := func() (late []WitnessStanding) {
		t.Helper()
		var b Board
		if err := json.Unmarshal(c.want(200, "", "operator", "GET", "/v1/board", nil), &b); err != nil {
			t.Fatal(err)
		}
		return b.Witnesses
	}
	until(t, "it was asked", func() bool { s := c.standings(ledger.Head{Size: 1}); return s[0].Fault != "" })
	if late := board(); len(late) != 0 {
		t.Errorf("at once: %+v", late)
	}
	mu.Lock()
	now = now.Add(2 * time.Minute)
	mu.Unlock()
	if late := board(); len(late) != 1 || late[0].Witness != "witness.example/a" || late[0].Behind != 1 || !strings.Contains(late[0].Fault, "503") {
		t.Errorf("after two minutes: %+v", late)
	}
	away.set(func() { away.away = false })
	until(t, "it cosigns again", func() bool { return len(board()) == 0 })
}
