package gate

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/screen"
)

func hitOf(n identity.Number, passed bool) screen.Hit {
	h := screen.Hit{Listing: gongxin.ListingID{1}, Entry: screen.Entry{Name: nameOf(0), Masked: n.String(), Case: "（2016）苏0505执1号"}}
	if passed {
		h.Until = 20170331
	}
	return h
}

func hitsOf(h ...screen.Hit) []screen.Hit { return h }

// run runs g until the test ends or stop is called.
func run(t testing.TB, g *Gate) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("run: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func TestWithdrawalLiftsWhatItRestrictedAndIsReceipted(t *testing.T) {
	h := newHub(t)
	server := httptest.NewServer(h)
	defer server.Close()
	for _, tt := range []struct {
		name   string
		source feed.Source
	}{{"HTTP", feed.HTTPSource{URL: server.URL}}, {"in process", h}} {
		t.Run(tt.name, func(t *testing.T) {
			h.set(func() { h.outcomes, h.receipts = nil, nil })
			c := h.config(t.TempDir())
			c.Source, c.Reporter = tt.source, HTTPReporter{URL: server.URL}
			c.Random = nil
			g := h.openWith(t, c)
			run(t, g)
			id := h.admit(entry(t, 0))
			until(t, "the listing arrives", func() bool { return g.Status().Sequence == h.size() })
			d := g.person(t, 0)
			if d.Outcome != gongxin.Block {
				t.Fatalf("listed: %s", d.Outcome)
			}
			until(t, "the restriction is reported", func() bool { return len(h.reported(kindRestricted)) == 1 })
			if o := h.reported(kindRestricted)[0]; o.Reference != d.Reference || o.Listing != id.String() || o.Measure != "3.6.flight" || o.Scenario != "flight" || o.Sequence != d.Sequence {
				t.Errorf("reported: %+v", o)
			}
			h.withdraw(id)
			until(t, "the withdrawal arrives", func() bool { return g.Status().Sequence == h.size() })
			if d := g.person(t, 0); d.Outcome != gongxin.Clear {
				t.Errorf("withdrawn: %s", d.Outcome)
			}
			r, err := g.Restriction(t.Context(), d.Reference)
			if err != nil || r.State != stateLifted || r.LiftedBy != h.size() {
				t.Errorf("restriction: %+v, %v", r, err)
			}
			until(t, "the lift is reported", func() bool { return len(h.reported(kindLifted)) == 1 })
			if o := h.reported(kindLifted)[0]; o.Reference != d.Reference || o.Listing != id.String() || o.Sequence != h.size() {
				t.Errorf("reported: %+v", o)
			}
			until(t, "the receipt arrives", func() bool { return h.receipt().Sequence == h.size() })
			h.mu.Lock()
			if r := h.receipts[len(h.receipts)-1]; r.Count != h.head.Count || r.Digest != h.head.Digest {
				t.Errorf("receipt: %+v", r)
			}
			h.mu.Unlock()
			until(t, "the outbox empties", func() bool { return g.Status().Outbox == 0 })
			if s := g.Status(); s.RestrictionsOpen != 0 || s.Lifted != 1 || !s.HubReachable || s.LastError != nil {
				t.Errorf("status: %+v", s)
			}
		})
	}
}

func TestEveryEndLifts(t *testing.T) {
	for _, kind := range []gongxin.EventKind{gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked} {
		h := newHub(t)
		id := h.admit(entry(t, 0))
		g := h.open(t, t.TempDir())
		h.catchUp(t, g)
		d := g.person(t, 0)
		h.end(kind, id)
		h.catchUp(t, g)
		if r, err := g.Restriction(t.Context(), d.Reference); err != nil || r.State != stateLifted {
			t.Errorf("%s: %+v, %v", kind, r, err)
		}
		if d := g.person(t, 0); d.Outcome != gongxin.Clear {
			t.Errorf("%s: %s", kind, d.Outcome)
		}
	}
}

func TestCorrectionToAnotherPersonLifts(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*gongxin.Entry)
		want   string
	}{
		{"another number", func(e *gongxin.Entry) { e.Subject.Number = parse(t, citizen(7)) }, stateLifted},
		{"another name", func(e *gongxin.Entry) { e.Subject.Name = "李四" }, stateLifted},
		{"another severity", func(e *gongxin.Entry) { e.Severity = "严重" }, stateInForce},
	} {
		h := newHub(t)
		id := h.admit(entry(t, 0))
		g := h.open(t, t.TempDir())
		h.catchUp(t, g)
		d := g.person(t, 0)
		e := entry(t, 0)
		tt.change(e)
		h.correct(id, e)
		h.catchUp(t, g)
		if r, err := g.Restriction(t.Context(), d.Reference); err != nil || r.State != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, r, err)
		}
	}
}

func TestRestrictionOnTwoListingsStandsUntilBothHaveEnded(t *testing.T) {
	h := newHub(t)
	second := entry(t, 1)
	second.Subject = entry(t, 0).Subject
	ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(second)}
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.person(t, 0)
	for i, want := range []string{stateInForce, stateLifted} {
		h.withdraw(ids[i])
		h.catchUp(t, g)
		r, err := g.Restriction(t.Context(), d.Reference)
		if err != nil || r.State != want || len(r.Parts) != 2 {
			t.Errorf("after %d withdrawals: %+v, %v", i+1, r, err)
		}
		if byPart, err := g.Restriction(t.Context(), d.Reference+"-2"); err != nil || byPart.Reference != d.Reference {
			t.Errorf("by part: %+v, %v", byPart, err)
		}
	}
}

func TestRestrictionEndsWithTheTermThoughTheHubIsSilent(t *testing.T) {
	h := newHub(t)
	e := entry(t, 0)
	e.Until = gongxin.MustDay("2017-04-02")
	h.admit(e)
	c := h.config(t.TempDir())
	c.MaxAge = 100 * time.Hour
	g := h.openWith(t, c)
	h.catchUp(t, g)
	d := g.person(t, 0)
	h.set(func() { h.down = true })
	h.clock.move(36 * time.Hour) // midnight between 2 and 3 April in Shanghai was at 16:00 UTC on the 2nd
	if r, err := g.Restriction(t.Context(), d.Reference); err != nil || r.State != stateLifted {
		t.Errorf("before anything ran: %+v, %v", r, err)
	}
	g.settle(t.Context(), false)
	if s := g.Status(); s.RestrictionsOpen != 0 || s.Lifted != 1 || s.Outbox != 2 {
		t.Errorf("status: %+v", s)
	}
	if d := g.person(t, 0); d.Outcome != gongxin.Clear || codes(d)[0] != "TERM_PASSED" {
		t.Errorf("asked again: %s %v", d.Outcome, codes(d))
	}
}

func TestReferralIsNoRestrictionAndIsNeverLifted(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.ask(t, "flight", citizen(0), "李四")
	h.withdraw(id)
	h.catchUp(t, g)
	if r, err := g.Restriction(t.Context(), d.Reference); err != nil || r.State != stateReferred {
		t.Errorf("%+v, %v", r, err)
	}
	if s := g.Status(); s.RestrictionsOpen != 0 || s.Lifted != 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestNothingOnDiskTellsWhoWasScreened(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	dir := t.TempDir()
	g := h.open(t, dir)
	h.catchUp(t, g)
	g.person(t, 0)
	g.ask(t, "flight", citizen(0), "司马相如")
	g.ask(t, "flight", citizen(901), "司马相如")
	g.ask(t, "flight", "", nameOf(0))
	g.ask(t, "flight", "32000019800101001", "诸葛孔明")
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range []string{citizen(0), citizen(901), "司马相如", "诸葛孔明", "32000019800101001"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
		if strings.HasPrefix(filepath.Base(path), "outcomes") && strings.Contains(string(b), nameOf(0)) {
			t.Errorf("%s holds a name", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	h := newHub(t)
	ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(entry(t, 1))}
	dir := t.TempDir()
	g, err := Open(h.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	first := g.person(t, 0)
	position := g.Position()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	h.withdraw(ids[0])
	g = h.open(t, dir)
	if got := g.Position(); got != position {
		t.Errorf("position %+v, want %+v", got, position)
	}
	if d := g.person(t, 1); d.Outcome != gongxin.Block {
		t.Errorf("after the restart: %s", d.Outcome)
	}
	if r, err := g.Restriction(t.Context(), first.Reference); err != nil || r.State != stateInForce {
		t.Errorf("%+v, %v", r, err)
	}
	h.catchUp(t, g)
	if r, err := g.Restriction(t.Context(), first.Reference); err != nil || r.State != stateLifted {
		t.Errorf("%+v, %v", r, err)
	}
	if s := g.Status(); s.Outbox != 3 { // restricted, lifted, restricted
		t.Errorf("outbox %d", s.Outbox)
	}
}

func TestNewGateBeginsWithTheSnapshot(t *testing.T) {
	h := newHub(t)
	gone := h.admit(entry(t, 0))
	h.admit(entry(t, 1))
	h.withdraw(gone)
	h.snapshot()
	h.admit(entry(t, 2))
	h.set(func() { h.records[0].Salt, h.records[0].Body = nil, nil }) // erased long ago
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	for n, want := range []gongxin.Outcome{gongxin.Clear, gongxin.Block, gongxin.Block} {
		if d := g.person(t, n); d.Outcome != want {
			t.Errorf("person %d: %s, want %s", n, d.Outcome, want)
		}
	}
	if h.snapshots != 1 {
		t.Errorf("%d snapshots", h.snapshots)
	}
}

func TestGateTooFarBehindTakesTheSnapshot(t *testing.T) {
	h := newHub(t)
	h.set(func() { h.limit = 1 })
	first := h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.person(t, 0)
	second := h.admit(entry(t, 1))
	h.withdraw(first)
	h.withdraw(second)
	h.snapshot()
	h.set(func() { h.records[1].Salt, h.records[1].Body = nil, nil })
	h.catchUp(t, g)
	if s := g.Status(); s.Sequence != h.size() || s.Listings != 0 {
		t.Errorf("status: %+v", s)
	}
	if r, err := g.Restriction(t.Context(), d.Reference); err != nil || r.State != stateLifted {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnotherHubsKeyIsRefusedAndNothingChanges(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	dir := t.TempDir()
	g, err := Open(h.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	other := newHubOf(t, "credit.example/list", 2)
	c := h.config(dir)
	c.VerifierKey = other.VerifierKey
	if _, err := Open(c); gongxin.CodeOf(err) != "GATE_OTHER_HUB" {
		t.Errorf("another key on the same directory: %v", err)
	}
	g = h.open(t, dir)
	g.config.Source = other // somebody else answers at the hub's address
	before := g.Position()
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_KEY" {
		t.Errorf("checkpoint of another key: %v", err)
	}
	if g.Position() != before || g.person(t, 0).Outcome != gongxin.Block {
		t.Error("the gate moved")
	}
	evidence, err := os.ReadDir(filepath.Join(dir, "evidence"))
	if err != nil || len(evidence) != 1 || !strings.HasPrefix(evidence[0].Name(), "FEED_KEY") {
		t.Errorf("evidence: %v, %v", evidence, err)
	}
}

func TestAnotherHistoryIsRefusedAndKept(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	other := newHub(t) // same key, another history
	other.admit(entry(t, 8))
	other.clock.move(time.Second)
	other.admit(entry(t, 9))
	other.admit(entry(t, 10))
	h.admit(entry(t, 1))
	dir := t.TempDir()
	g := h.open(t, dir)
	h.catchUp(t, g)
	before := g.Position()
	g.config.Source = other
	for range 3 {
		if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_ROOT" {
			t.Errorf("got %v", err)
		}
	}
	if g.Position() != before {
		t.Error("the gate moved")
	}
	evidence, err := os.ReadDir(filepath.Join(dir, "evidence"))
	if err != nil || len(evidence) != 1 {
		t.Fatalf("evidence: %v, %v", evidence, err)
	}
	f, err := os.Open(filepath.Join(dir, "evidence", evidence[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := feed.ReadChanges(f); err != nil {
		t.Error(err)
	}
}

func TestUnreachableHubIsTriedAgainAndShown(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	h.set(func() { h.down = true })
	g := h.open(t, t.TempDir())
	run(t, g)
	until(t, "the fault shows", func() bool { return g.Status().LastError != nil })
	if s := g.Status(); s.HubReachable || s.LastError.Code != "FEED_UNREACHABLE" || s.LastError.ZH == "" {
		t.Errorf("status: %+v", s)
	}
	h.set(func() { h.down = false })
	until(t, "the gate recovers", func() bool { s := g.Status(); return s.HubReachable && s.Sequence == 1 && s.LastError == nil })
}

func TestOutcomesWaitForTheHubAndARefusedOneHoldsUpNoOther(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	h.admit(entry(t, 1))
	dir := t.TempDir()
	g, err := Open(h.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	bad, good := g.person(t, 0), g.person(t, 1)
	h.set(func() { h.refuse = func(o Outcome) bool { return o.Reference == bad.Reference } })
	stop := run(t, g)
	until(t, "the good one is reported", func() bool { return len(h.reported(kindRestricted)) == 1 })
	if o := h.reported(kindRestricted)[0]; o.Reference != good.Reference {
		t.Errorf("reported: %+v", o)
	}
	until(t, "the bad one is set aside", func() bool { s := g.Status(); return s.Outbox == 0 && s.Refused == 1 })
	stop()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if s := h.open(t, dir).Status(); s.Outbox != 0 || s.Refused != 1 || s.RestrictionsOpen != 2 {
		t.Errorf("after a restart: %+v", s)
	}
}

func TestOnlyOneProcessUsesADirectory(t *testing.T) {
	h := newHub(t)
	dir := t.TempDir()
	h.open(t, dir)
	if _, err := Open(h.config(dir)); gongxin.CodeOf(err) != "GATE_IN_USE" {
		t.Errorf("got %v", err)
	}
}

func TestConfigurationFaultsAreReportedAtOnce(t *testing.T) {
	_, err := Open(Config{Name: "Railway!"})
	if gongxin.CodeOf(err) != "GATE_CONFIG" {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"Dir", "Name", "Source", "MaxAge", "VerifierKey"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not named: %v", part, err)
		}
	}
}

var _ http.Handler = (*hub)(nil)
