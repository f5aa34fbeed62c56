package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
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

// A clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var noon = time.Date(2017, 4, 1, 4, 0, 0, 0, time.UTC)

// A hub writes events, as the register and the store do, and is a feed.Source and
// a Reporter.
type hub struct {
	t           testing.TB
	clock       *clock
	signer      *ledger.Signer
	VerifierKey string
	random      io.Reader

	mu        sync.Mutex
	tree      ledger.Tree
	head      ledger.Head
	records   []feed.Record
	held      map[gongxin.ListingID]ledger.Digest
	forced    map[gongxin.ListingID]uint64
	heads     map[uint64][]byte
	changed   chan struct{}
	file      []byte // snapshot; nil if there is none
	limit     int    // records in an answer at most; 0 for all
	down      bool
	receipts  []Receipt
	outcomes  []Outcome
	petitions []string // reviews, answers and proposals, each as it was told
	refuse    func(Outcome) bool
	snapshots int // asked for
}

func newHub(t testing.TB) *hub { return newHubOf(t, "credit.example/list", 1) }

func newHubOf(t testing.TB, origin string, seed uint64) *hub {
	t.Helper()
	secret, public, err := ledger.GenerateKey(origin, &seedReader{seed << 32})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, clock: &clock{t: noon}, signer: s, VerifierKey: public, random: &seedReader{7}, held: map[gongxin.ListingID]ledger.Digest{},
		forced: map[gongxin.ListingID]uint64{}, heads: map[uint64][]byte{}, changed: make(chan struct{})}
	h.sign()
	return h
}

// sign signs what the log holds now, and wakes who waits.
func (h *hub) sign() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head.Size, h.head.Root, h.head.At = h.tree.Size(), h.tree.Root(), gongxin.Millis(h.clock.now())
	b, err := h.signer.Sign(h.head)
	if err != nil {
		h.t.Fatal(err)
	}
	h.heads[h.head.Size] = b
	close(h.changed)
	h.changed = make(chan struct{})
	return b
}

func (h *hub) leaf(kind string, key [16]byte, at time.Time, bodies [gongxin.Audiences][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seed := make([]byte, ledger.SaltSize)
	if _, err := io.ReadFull(h.random, seed); err != nil {
		h.t.Fatal(err)
	}
	leaf := ledger.Leaf{Kind: kind, At: at, Key: key}
	for a, body := range bodies {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	b := leaf.Append(nil)
	h.tree.Append(ledger.RecordHash(b))
	h.records = append(h.records, feed.Record{Leaf: b, Salt: ledger.Salt(seed, int(gongxin.AudiencePartner)), Body: bodies[gongxin.AudiencePartner]})
	force := gongxin.EventKind(kind).Force()
	if old, in := h.held[key]; in && force != gongxin.ForceNone {
		h.head.Count, h.head.Digest = h.head.Count-1, h.head.Digest.Sub(old)
		delete(h.held, key)
		delete(h.forced, key)
	}
	if force == gongxin.ForceEnters || force == gongxin.ForceReplaces {
		e := ledger.Element(h.tree.Size(), b)
		h.held[key], h.forced[key] = e, h.tree.Size()
		h.head.Count, h.head.Digest = h.head.Count+1, h.head.Digest.Add(e)
	}
}

func (h *hub) event(e gongxin.Event) {
	e.At = gongxin.Millis(h.clock.now())
	e.By = gongxin.Actor{ID: "judge.li@苏0505", Role: gongxin.RoleJudge}
	bodies, err := e.Bodies()
	if err != nil {
		h.t.Fatal(err)
	}
	h.leaf(string(e.Kind.LeafKind()), e.Listing, e.At, bodies)
}

// admit lists e and signs.
func (h *hub) admit(e *gongxin.Entry) gongxin.ListingID {
	id, err := gongxin.NewListingID(h.clock.now(), h.random)
	if err != nil {
		h.t.Fatal(err)
	}
	h.event(gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, Entry: e})
	h.sign()
	return id
}

func (h *hub) correct(id gongxin.ListingID, e *gongxin.Entry) {
	h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: e})
	h.sign()
}

func (h *hub) end(kind gongxin.EventKind, id gongxin.ListingID) {
	h.event(gongxin.Event{Kind: kind, Listing: id, Ground: gongxin.GroundPerformed})
	h.sign()
}

func (h *hub) withdraw(id gongxin.ListingID) { h.end(gongxin.ListingWithdrawn, id) }

func (h *hub) size() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tree.Size()
}

// snapshot makes a snapshot of what is in force and commits to it in the log.
func (h *hub) snapshot() {
	checkpoint := h.sign()
	h.mu.Lock()
	defer h.mu.Unlock()
	var b bytes.Buffer
	w, err := feed.NewSnapshotWriter(&b, gongxin.AudiencePartner, h.tree, checkpoint)
	if err != nil {
		h.t.Fatal(err)
	}
	at := map[uint64]bool{}
	for _, sequence := range h.forced {
		at[sequence] = true
	}
	for i, r := range h.records {
		if at[uint64(i)+1] {
			if err := w.Add(uint64(i)+1, r); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	hash, err := w.Close()
	if err != nil {
		h.t.Fatal(err)
	}
	leaf := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: gongxin.Millis(h.clock.now())}
	leaf.Commitments[gongxin.AudiencePartner] = hash
	record := feed.Record{Leaf: leaf.Append(nil)}
	h.tree.Append(ledger.RecordHash(record.Leaf))
	h.records = append(h.records, record)
	h.file = b.Bytes()
	h.mu.Unlock()
	h.sign()
	h.mu.Lock()
}

var errDown = gongxin.Unavailable("FEED_UNREACHABLE", "test")

// Changes makes hub a feed.Source.
func (h *hub) Changes(ctx context.Context, after uint64, wait time.Duration) (feed.Changes, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	for last := wait <= 0; ; {
		h.mu.Lock()
		changed := h.changed
		size := uint64(len(h.records))
		switch {
		case h.down:
			h.mu.Unlock()
			return feed.Changes{}, errDown
		case size > after || size < after || last:
			defer h.mu.Unlock()
			until := size
			if h.limit > 0 {
				for until = after + 1; until < size && (until < after+uint64(h.limit) || h.heads[until] == nil); until++ {
				}
			}
			from := min(after, size)
			return feed.Changes{After: after, Records: h.records[from:max(from, min(until, size))], Checkpoint: h.heads[min(max(until, from), size)]}, nil
		}
		h.mu.Unlock()
		select {
		case <-changed:
			last = true // a heartbeat is news as well
		case <-end.C:
			last = true
		case <-ctx.Done():
			return feed.Changes{}, ctx.Err()
		}
	}
}

// Snapshot makes hub a feed.Source.
func (h *hub) Snapshot(context.Context) (io.ReadCloser, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.snapshots++
	switch {
	case h.down:
		return nil, errDown
	case h.file == nil:
		return nil, gongxin.Missing("FEED_NO_SNAPSHOT")
	}
	return io.NopCloser(bytes.NewReader(h.file)), nil
}

// Receipt makes hub a Reporter.
func (h *hub) Receipt(_ context.Context, _ string, r Receipt) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errDown
	}
	h.receipts = append(h.receipts, r)
	return nil
}

// Outcomes makes hub a Reporter.
func (h *hub) Outcomes(_ context.Context, _ string, o []Outcome) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errDown
	}
	for _, one := range o {
		if h.refuse != nil && h.refuse(one) {
			return gongxin.Invalid("HUB_REFUSES", "test")
		}
	}
	h.outcomes = append(h.outcomes, o...)
	return nil
}

// Review makes hub a Reporter.
func (h *hub) Review(_ context.Context, gate string, r Review) error {
	return h.petition("%s asks %s for review: %s (%s)", gate, r.Reference, r.Reason, r.Listing)
}

// Answer makes hub a Reporter.
func (h *hub) Answer(_ context.Context, gate string, r Review) error {
	return h.petition("%s answers %s: %v, %s", gate, r.Reference, r.Upheld, r.Answer)
}

// Proposal makes hub a Reporter.
func (h *hub) Proposal(_ context.Context, gate string, p Proposal) error {
	return h.petition("%s proposes %s: %s", gate, p.Listing, p.Reason)
}

func (h *hub) petition(form string, args ...any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errDown
	}
	h.petitions = append(h.petitions, fmt.Sprintf(form, args...))
	return nil
}

// reported returns the outcomes of kind that the hub was told.
func (h *hub) reported(kind string) (found []Outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.outcomes {
		if o.Kind == kind {
			found = append(found, o)
		}
	}
	return found
}

func (h *hub) receipt() (r Receipt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.receipts); n > 0 {
		r = h.receipts[n-1]
	}
	return r
}

func (h *hub) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// ServeHTTP serves hub's feed and takes its reports, as the hub does.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, err error) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": gongxin.CodeOf(err)})
	}
	switch r.URL.Path {
	case "/v1/feed/changes":
		after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
		wait, _ := strconv.Atoi(r.URL.Query().Get("wait"))
		c, err := h.Changes(r.Context(), after, time.Duration(wait)*time.Second)
		if err == nil {
			err = c.Encode(w)
		}
		if err != nil {
			fail(http.StatusServiceUnavailable, err)
		}
	case "/v1/feed/snapshot":
		file, err := h.Snapshot(r.Context())
		if err != nil {
			fail(http.StatusNotFound, err)
			return
		}
		_, _ = io.Copy(w, file)
	case "/v1/gates/railway/receipts":
		var in struct {
			Sequence, Count   uint64
			At                time.Time
			Digest, Note, Key string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			fail(http.StatusBadRequest, err)
			return
		}
		d, err := ledger.ParseDigest(in.Digest)
		if err != nil {
			fail(http.StatusUnprocessableEntity, err)
			return
		}
		_ = h.Receipt(r.Context(), "railway", Receipt{in.Sequence, in.At, in.Count, d, in.Note, in.Key})
	case "/v1/gates/railway/outcomes":
		var in struct{ Outcomes []Outcome }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			fail(http.StatusBadRequest, err)
			return
		}
		_ = h.Outcomes(r.Context(), "railway", in.Outcomes)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// citizen makes a number with the province's code, which belongs to nobody.
func citizen(n int) string {
	s := fmt.Sprintf("320000%04d%02d01%03d", 1950+n/1000/12%50, 1+n/1000%12, n%1000)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return s + string("10X98765432"[sum%11])
}

func parse(t testing.TB, s string) identity.Number {
	t.Helper()
	n, _, err := identity.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nameOf is the n-th person's name.
func nameOf(n int) string { return fmt.Sprintf("王小%c", '一'+rune(n)) }

// entry is a listing of the n-th person, without an end.
func entry(t testing.TB, n int) *gongxin.Entry {
	return &gongxin.Entry{
		Court: gongxin.MustCourtCode("苏0505"), CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n+1)),
		Subject: gongxin.Subject{Name: nameOf(n), Number: parse(t, citizen(n)), Sex: identity.Male, Age: 37},
		Basis:   "（2015）虎民初字第00012号", BasisBody: "苏州市虎丘区人民法院", Obligation: "给付货款人民币12万元", Performance: "全部未履行",
		Conduct: "有履行能力而拒不履行生效法律文书确定义务", Published: gongxin.MustDay("2017-03-01"), Filed: gongxin.MustDay("2016-05-04"), Severity: "一般",
	}
}

// config is that of a gate of the railway which follows h.
func (h *hub) config(dir string) Config {
	return Config{Dir: dir, Name: "railway", Department: "铁路部门", VerifierKey: h.VerifierKey, Source: h, Reporter: h, MaxAge: time.Hour,
		Now: h.clock.now, Random: &seedReader{99}, Log: slog.New(slog.DiscardHandler)}
}

// open opens a gate and closes it with the test.
func (h *hub) open(t testing.TB, dir string) *Gate {
	t.Helper()
	return h.openWith(t, h.config(dir))
}

func (h *hub) openWith(t testing.TB, c Config) *Gate {
	t.Helper()
	g, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// catchUp follows until the gate is where the hub is.
func (h *hub) catchUp(t testing.TB, g *Gate) {
	t.Helper()
	for range 1000 {
		progress, err := g.step(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if !progress {
			g.settle(t.Context(), false)
			return
		}
	}
	t.Fatal("the gate does not catch up")
}

func (g *Gate) ask(t testing.TB, scenario, number, name string) gongxin.Decision {
	t.Helper()
	d, err := g.Screen(t.Context(), Query{Scenario: scenario, Number: number, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// person asks about the n-th person.
func (g *Gate) person(t testing.TB, n int) gongxin.Decision {
	t.Helper()
	return g.ask(t, "flight", citizen(n), nameOf(n))
}

// codes are the reasons of d.
func codes(d gongxin.Decision) (all []string) {
	for _, r := range d.Reasons {
		all = append(all, r.Code)
	}
	return all
}

// until waits for ok, which something in another goroutine brings about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}
