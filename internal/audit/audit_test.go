package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/audit"
	"gongxin/ledger"
)

// history is a hub of some hundred events with everything that an audit looks at.
func history(t *testing.T) (*memory, *audit.Snapshot) {
	m := newMemory()
	hand := gateHand("railway")
	m.keys = []string{hand.VerifierKey()}
	for n := range 130 {
		m.add(n, gongxin.ListingAdmitted)
		if n%3 == 0 {
			m.add(n, gongxin.ObjectionFiled)
		}
		if n%5 == 0 {
			m.add(n, gongxin.ListingCorrected)
		}
		if n%4 == 0 {
			m.add(n, gongxin.ListingWithdrawn)
		}
		switch n % 50 {
		case 7:
			m.confirm(hand)
		case 8:
			m.confirm(nil)
		}
	}
	body, err := gongxin.BatchApproved{Batch: "B1", Listings: 3, By: gongxin.RoleOperator}.Body()
	if err != nil {
		t.Fatal(err)
	}
	m.announce(gongxin.BatchApproval, body)
	s := m.snapshot(t)
	for n := range 40 {
		m.add(200+n, gongxin.ListingAdmitted)
	}
	return m, s
}

func run(t *testing.T, a audit.Audit) *audit.Report {
	t.Helper()
	r, err := a.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codes(r *audit.Report) string {
	var all []string
	for _, f := range r.Findings {
		if f.What.ZH == f.Code || strings.Contains(f.What.EN, "…") {
			all = append(all, "without a text: ")
		}
		all = append(all, f.Code)
	}
	return strings.Join(all, " ")
}

func TestAWholeLogIsFoundWhole(t *testing.T) {
	m, s := history(t)
	r := run(t, audit.Audit{Log: m, Beside: m, Keys: []*ledger.Verifier{hubKey}, Snapshot: s})
	if r.Verdict != audit.Whole || r.Scope != audit.ScopeHub || codes(r) != "" {
		t.Errorf("got %s with %v", r.Verdict, r.Findings)
	}
	h := m.head()
	if r.Size != h.Size || r.Root != h.Root.String() || r.InForce != h.Count || r.Digest != h.Digest.String() || r.Leaves != h.Size {
		t.Errorf("got %+v, want what was signed: %+v", r, h)
	}
	if r.Receipts != 3 || r.Unsigned != 3 || r.Checkpoints != h.Size || r.Snapshot != s.Size || r.Tiles < 2 {
		t.Errorf("got %+v", r)
	}
	var human bytes.Buffer
	if _, err := r.WriteTo(&human); err != nil || !strings.Contains(human.String(), "账本完整") {
		t.Errorf("got %s, %v", human.String(), err)
	}
	// The log alone, over HTTP, as anybody can.
	server := httptest.NewServer(serving(m))
	defer server.Close()
	public := run(t, audit.Audit{Log: audit.HTTPLog{URL: server.URL}, Keys: []*ledger.Verifier{hubKey}, Previous: r})
	if public.Verdict != audit.Whole || public.Root != r.Root || public.Since != r.Size || public.Scope != audit.ScopeLog {
		t.Errorf("got %+v", public)
	}
}

// serving serves the public log of m, without partial tiles that are grown over.
func serving(m *memory) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		if path == "checkpoint" {
			_, _ = w.Write(m.checkpoints[m.tree.Size()])
			return
		}
		level, index, width, err := ledger.ParseTilePath(path)
		var data []byte
		if err == nil && level < 0 {
			data, err = m.Entries(r.Context(), index, width)
		} else if err == nil {
			data, err = m.Tile(r.Context(), level, index, width)
		}
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	})
}

// Each case tampers with one thing, and the audit must name it, and where.
func TestWhateverIsTamperedWithIsNamed(t *testing.T) {
	other, _ := key(origin, "somebody else")
	for _, tt := range []struct {
		name   string
		tamper func(m *memory, s *audit.Snapshot)
		want   string // the first finding
	}{
		{"a byte of a leaf", func(m *memory, _ *audit.Snapshot) {
			e := &m.events[60]
			e.Leaf = bytes.Clone(e.Leaf)
			e.Leaf[len(e.Leaf)-1] ^= 1
		}, "AUDIT_ROOT 61"},
		{"a leaf that is none", func(m *memory, _ *audit.Snapshot) { m.events[60].Leaf = []byte("x") }, "AUDIT_LEAF 61"},
		{"two leaves exchanged", func(m *memory, _ *audit.Snapshot) {
			m.events[60], m.events[61] = m.events[61], m.events[60]
		}, "AUDIT_ROOT 61"},
		{"a kind nobody knows", func(m *memory, _ *audit.Snapshot) { m.add(300, "listing_doubled") }, "AUDIT_KIND"},
		{"enters twice", func(m *memory, _ *audit.Snapshot) { m.add(201, gongxin.SuspensionEnded) }, "AUDIT_FORCE"},
		{"a checkpoint by another key", func(m *memory, _ *audit.Snapshot) {
			b, err := other.Sign(ledger.Head{Size: 9, At: start})
			if err != nil {
				panic(err)
			}
			m.checkpoints[9] = b
		}, "AUDIT_CHECKPOINT 9"},
		{"a checkpoint with another count", func(m *memory, _ *audit.Snapshot) {
			m.resign(9, func(h *ledger.Head) { h.Count-- })
		}, "AUDIT_COUNT 9"},
		{"a checkpoint with another digest", func(m *memory, _ *audit.Snapshot) {
			m.resign(9, func(h *ledger.Head) { h.Digest[0] ^= 1 })
		}, "AUDIT_DIGEST 9"},
		{"a checkpoint of another size", func(m *memory, _ *audit.Snapshot) { m.checkpoints[9] = m.checkpoints[8] }, "AUDIT_CHECKPOINT 9"},
		{"a checkpoint that is older", func(m *memory, _ *audit.Snapshot) {
			m.resign(9, func(h *ledger.Head) { h.At = start.Add(-time.Hour) })
		}, "AUDIT_TIME 9"},
		{"a tile", func(m *memory, _ *audit.Snapshot) {
			data := bytes.Clone(m.tiles[ledger.TilePath(0, 0, ledger.TileWidth)])
			data[40] ^= 1
			m.tiles[ledger.TilePath(0, 0, ledger.TileWidth)] = data
		}, "AUDIT_TILE 0"},
		{"a tile at the edge", func(m *memory, _ *audit.Snapshot) {
			path := ledger.TilePath(1, 0, ledger.TileWidth)
			m.tiles[path] = bytes.Repeat([]byte{1}, len(m.tiles[path]))
		}, "AUDIT_TILE 0"},
		{"a signed receipt", func(m *memory, _ *audit.Snapshot) {
			m.receipts[0].Note = bytes.Replace(m.receipts[0].Note, []byte("railway\n"), []byte("highway\n"), 1)
		}, "AUDIT_RECEIPT_KEY"},
		{"the receipt of another sequence", func(m *memory, _ *audit.Snapshot) { m.receipts[0].Note = m.receipts[2].Note }, "AUDIT_RECEIPT_OTHER"},
		{"a receipt for another log", func(m *memory, _ *audit.Snapshot) {
			r := &m.receipts[0]
			var err error
			r.Note, err = gateHand("railway").Sign(ledger.Receipt{Origin: origin, Sequence: r.Sequence, Count: r.Count, Digest: r.Digest, Applied: r.Applied})
			if err != nil {
				panic(err)
			}
		}, "AUDIT_RECEIPT_ROOT"},
		{"no key of the gate", func(m *memory, _ *audit.Snapshot) { m.keys = nil }, "AUDIT_RECEIPT_KEY"},
		{"an announcement", func(m *memory, s *audit.Snapshot) {
			m.events[s.Size-1].Bodies[0] = []byte(`{"batch":"B1","listings":9,"by":"operator"}`)
		}, "AUDIT_ANNOUNCEMENT"},
		{"a snapshot that nobody committed to", func(m *memory, s *audit.Snapshot) {
			again, _ := history(t)
			*s = *again.snapshot(t)
			s.Size = m.tree.Size() // the same list, made later
		}, "AUDIT_SNAPSHOT_UNKNOWN"},
		{"a snapshot of another size", func(m *memory, s *audit.Snapshot) { s.Size-- }, "AUDIT_SNAPSHOT"},
		{"what the store found", func(m *memory, _ *audit.Snapshot) {
			m.flaws = []audit.Finding{audit.NewFinding(7, "FLAW_BODY", 7, gongxin.AudienceCourt)}
		}, "FLAW_BODY 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, s := history(t)
			tt.tamper(m, s)
			r := run(t, audit.Audit{Log: m, Beside: m, Keys: []*ledger.Verifier{hubKey}, Snapshot: s})
			if r.Verdict != audit.Flawed || len(r.Findings) == 0 {
				t.Fatalf("got %s", r.Verdict)
			}
			first := fmt.Sprintf("%s %d", r.Findings[0].Code, r.Findings[0].Sequence)
			if first != tt.want && r.Findings[0].Code != tt.want {
				t.Errorf("got %s, want %s", codes(r), tt.want)
			}
			if strings.Contains(codes(r), "without") {
				t.Errorf("got %+v", r.Findings)
			}
		})
	}
}

// resign signs another head for size.
func (m *memory) resign(size uint64, change func(*ledger.Head)) {
	h, err := hubKey.Open(m.checkpoints[size])
	if err != nil {
		panic(err)
	}
	change(&h)
	if m.checkpoints[size], err = hubSigner.Sign(h); err != nil {
		panic(err)
	}
}

func TestAnEarlierReportIsContinued(t *testing.T) {
	m, _ := history(t)
	before := run(t, audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey}})
	b, err := before.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if before, err = audit.ParseReport(b); err != nil {
		t.Fatal(err)
	}
	m.add(400, gongxin.ListingAdmitted)
	if r := run(t, audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey}, Previous: before}); r.Verdict != audit.Whole || r.Since != before.Size {
		t.Errorf("grown: got %v", r.Findings)
	}
	rewritten := newMemory() // the hub wrote its history anew, and signed it
	for n := range m.events {
		rewritten.add(500+n, gongxin.ListingAdmitted)
	}
	if r := run(t, audit.Audit{Log: rewritten, Keys: []*ledger.Verifier{hubKey}, Previous: before}); codes(r) != "AUDIT_REWRITTEN" {
		t.Errorf("rewritten: got %v", r.Findings)
	}
	short := newMemory()
	short.add(1, gongxin.ListingAdmitted)
	if r := run(t, audit.Audit{Log: short, Keys: []*ledger.Verifier{hubKey}, Previous: before}); codes(r) != "AUDIT_SHORTER" {
		t.Errorf("rolled back: got %v", r.Findings)
	}
	before.Origin = "gongxin.test/other"
	if _, err := (audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey}, Previous: before}).Run(t.Context()); gongxin.CodeOf(err) != "AUDIT_REPORT" {
		t.Errorf("of another log: got %v", err)
	}
}

func TestAKeyThatTheLogAnnouncedIsFollowed(t *testing.T) {
	nextSigner, next := key(origin, "next")
	rotated := func() *memory {
		m := newMemory()
		m.add(1, gongxin.ListingAdmitted)
		body, err := gongxin.KeyAnnounced{VerifierKey: next.Key(), From: start}.Body()
		if err != nil {
			t.Fatal(err)
		}
		m.announce(gongxin.KeyAnnouncement, body)
		m.add(2, gongxin.ListingAdmitted) // the old key signs on
		m.signer = nextSigner
		m.add(3, gongxin.ListingAdmitted)
		m.add(4, gongxin.ListingAdmitted)
		return m
	}
	m := rotated()
	if r := run(t, audit.Audit{Log: m, Beside: m, Keys: []*ledger.Verifier{hubKey}}); r.Verdict != audit.Whole {
		t.Errorf("got %v", r.Findings)
	}
	if r := run(t, audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey, next}}); r.Verdict != audit.Whole || len(r.Remarks) != 2 {
		t.Errorf("the log alone: got %v, %v", r.Findings, r.Remarks)
	}
	if _, err := (audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey}}).Run(context.Background()); gongxin.CodeOf(err) != "AUDIT_NO_CHECKPOINT" {
		t.Errorf("without the new key: got %v", err)
	}
	m = rotated() // whoever stole the old key signs with it
	m.signer = hubSigner
	m.add(5, gongxin.ListingAdmitted)
	if r := run(t, audit.Audit{Log: m, Beside: m, Keys: []*ledger.Verifier{hubKey}}); codes(r) != "AUDIT_KEY_RETIRED" {
		t.Errorf("the old key: got %v", r.Findings)
	}
	stolen, _ := key(origin, "thief")
	m = rotated()
	m.signer = stolen
	m.add(5, gongxin.ListingAdmitted)
	if r := run(t, audit.Audit{Log: m, Beside: m, Keys: []*ledger.Verifier{hubKey}}); codes(r) != "AUDIT_CHECKPOINT" {
		t.Errorf("a key of nobody: got %v", r.Findings)
	}
}

func TestALogThatCannotBeReadIsAFinding(t *testing.T) {
	m, _ := history(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/tile/entries/001") {
			_, _ = w.Write(make([]byte, 1<<20)) // endless data
			return
		}
		serving(m).ServeHTTP(w, r)
	}))
	defer server.Close()
	r := run(t, audit.Audit{Log: audit.HTTPLog{URL: server.URL}, Keys: []*ledger.Verifier{hubKey}})
	if !strings.HasPrefix(codes(r), "AUDIT_ENTRIES") {
		t.Errorf("got %v", r.Findings)
	}
	server.Close()
	if _, err := (audit.Audit{Log: audit.HTTPLog{URL: server.URL}, Keys: []*ledger.Verifier{hubKey}}).Run(t.Context()); gongxin.CodeOf(err) != "AUDIT_UNREACHABLE" {
		t.Errorf("got %v", err)
	}
}

func FuzzParseReport(f *testing.F) {
	m := newMemory()
	m.add(1, gongxin.ListingAdmitted)
	r, err := (audit.Audit{Log: m, Keys: []*ledger.Verifier{hubKey}}).Run(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	b, err := r.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := audit.ParseReport(b)
		if err != nil {
			return
		}
		if again, err := r.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q is written %q, %v", b, again, err)
		}
	})
}
