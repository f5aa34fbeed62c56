package gate

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
)

// forkedHubs are two hubs with one key, each with a history of its own: the first
// has listed person 0, the second person 8, and both go on for n more events.
func forkedHubs(t *testing.T, n int) (h, other *hub) {
	t.Helper()
	h, other = newHub(t), newHub(t)
	other.random = &seedReader{1 << 20} // listings of its own
	h.admit(entry(t, 0))
	other.admit(entry(t, 8))
	for i := range n {
		h.admit(entry(t, 1+i))
		other.admit(entry(t, 9+i))
	}
	return h, other
}

// sawFork is a gate that has restricted person 0 and then met the other history.
func sawFork(t *testing.T, c Config, h, other *hub) (g *Gate, reference string) {
	t.Helper()
	g = reopened(t, c)
	h.catchUp(t, g)
	reference = g.person(t, 0).Reference
	g.config.Source = other
	other.clock.move(time.Second)
	other.sign()
	for range 2 {
		if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_FORK" && gongxin.CodeOf(err) != "GATE_FORKED" {
			t.Fatalf("two histories: %v", err)
		}
	}
	return g, reference
}

// reopened opens a gate that the test may close itself.
func reopened(t *testing.T, c Config) *Gate {
	t.Helper()
	g, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() }) // a second time it is closed already
	return g
}

// A list that is lost the moment after it restricted somebody, a kill before anything else
// was written: the record of the restriction says by which history, and no other is taken.
func TestAGateWithoutAListTakesNoOtherHistory(t *testing.T) {
	for limit, want := range []string{"FEED_ROOT", "FEED_FORK"} { // all at once; or one by one, so that two checkpoints are of one size
		h, other := newHub(t), newHub(t)
		c := h.config(t.TempDir())
		g := reopened(t, c)
		h.admit(entry(t, 1))
		other.admit(entry(t, 1)) // so far one history
		other.limit, other.random = limit, &seedReader{1 << 20}
		if h.tree.Root() != other.tree.Root() {
			t.Fatal("they differ from the beginning: the test shows less")
		}
		h.catchUp(t, g) // with which it notes how far it is: every minute, and so not again
		h.admit(entry(t, 0))
		h.admit(entry(t, 2))
		h.catchUp(t, g)
		for n := range 4 {
			other.clock.move(time.Second)
			other.admit(entry(t, 9+n))
		}
		reference := g.person(t, 0).Reference
		killed := filepath.Join(t.TempDir(), "gate")
		copyDir(t, c.Dir, killed)
		loseList(t, killed)
		c.Dir, c.Source = killed, other
		g = reopened(t, c)
		var err error
		for i := 0; i < 10 && err == nil; i++ {
			_, err = g.FollowOnce(t.Context())
		}
		if gongxin.CodeOf(err) != want {
			t.Errorf("limit %d: shown another history the gate says %v, want %s", limit, err, want)
		}
		r, err := g.Restriction(t.Context(), reference)
		if err != nil || r.Parts[0].State != "in_force" {
			t.Errorf("limit %d: who was restricted is %+v, %v", limit, r, err)
		}
		if limit > 0 {
			continue // an officer has to acknowledge it
		}
		g.config.Source = h
		h.catchUp(t, g)
		g.person(t, 0)
	}
}

// obey lets the gate take o, which it has to.
func obey(t *testing.T, g *Gate, o Order) {
	t.Helper()
	o.By, o.Reason = "李科长", "省中心已经说明"
	if _, err := o.Give(t.Context(), g.config.Dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := g.takeOrders(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused, err := filepath.Glob(filepath.Join(g.config.Dir, ordersDir, "*"))
	if err != nil || len(refused) != 0 {
		t.Fatalf("the order was not taken: %v, %v", refused, err)
	}
}

// refused returns the code with which the gate refuses o.
func refused(t *testing.T, g *Gate, o Order) string {
	t.Helper()
	o.By, o.Reason = "李科长", "省中心已经说明"
	done := make(chan error, 1)
	go func() {
		_, err := o.Give(t.Context(), g.config.Dir, 10*time.Second)
		done <- err
	}()
	for {
		if err := g.takeOrders(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			return gongxin.CodeOf(err)
		case <-time.After(time.Millisecond):
		}
	}
}

func TestAForkIsKeptAsProofAndRestrictsNobodyUntilItIsAcknowledged(t *testing.T) {
	h, other := forkedHubs(t, 1)
	c := h.config(t.TempDir())
	c.MaxAge = 20_000 * time.Hour
	g, reference := sawFork(t, c, h, other)

	files, err := forkFiles(c.Dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("evidence: %v, %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, evidenceDir, files[0]))
	if err != nil {
		t.Fatal(err)
	}
	if f, err := feed.CheckEvidence(string(text), h.VerifierKey); err != nil || f.In != feed.OtherRoot {
		t.Errorf("the evidence proves %+v, %v", f, err)
	}
	restrictsNobody := func(g *Gate) {
		t.Helper()
		d := g.person(t, 0)
		if d.Outcome != gongxin.Refer || codes(d)[0] != codeForkSeen || len(d.Hits) != 1 || d.Reference == "" {
			t.Errorf("listed: %s %v", d.Outcome, codes(d))
		}
		if d := g.person(t, 30); d.Outcome != gongxin.Clear {
			t.Errorf("not listed: %s", d.Outcome)
		}
		if s := g.Status(); s.State != stateForked || s.Fork == nil || s.Fork.Evidence != filepath.Join(evidenceDir, files[0]) || s.Fork.Size != 2 || s.LastError == nil {
			t.Errorf("status: %+v, %+v", s, s.Fork)
		}
	}
	restrictsNobody(g)

	// It does not heal by itself: neither by a source that is as before, nor by a restart.
	g.config.Source = h
	h.admit(entry(t, 5))
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "GATE_FORKED" {
		t.Errorf("followed on: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = reopened(t, c)
	restrictsNobody(g)
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "GATE_FORKED" {
		t.Errorf("followed on after a restart: %v", err)
	}
	if r := g.stands(t, reference); r.State != stateInForce {
		t.Errorf("what was imposed before: %+v", r)
	}
	obey(t, g, Order{Head: string(h.heads[2])})
	h.catchUp(t, g)
	if d := g.person(t, 5); d.Outcome != gongxin.Block {
		t.Errorf("acknowledged: %s %v", d.Outcome, codes(d))
	}
	if s := g.Status(); s.State != stateFollowing || s.Fork != nil || s.Sequence != 3 {
		t.Errorf("status: %+v", s)
	}
	g.outcomes.mu.Lock()
	last := g.outcomes.acts[len(g.outcomes.acts)-1]
	g.outcomes.mu.Unlock()
	if last.kind != actAcknowledged || last.by != "李科长" || last.reason == "" || last.file != files[0] || last.size != 2 {
		t.Errorf("recorded: %+v", last)
	}
}

func TestAGateThatWasKilledBetweenProofAndRecordKnowsOfTheFork(t *testing.T) {
	h, other := forkedHubs(t, 0)
	c := h.config(t.TempDir())
	g := h.openWith(t, c)
	h.catchUp(t, g)
	if err := g.outcomes.db.Close(); err != nil { // the record cannot be written
		t.Fatal(err)
	}
	g.config.Source = other
	other.clock.move(time.Second)
	other.sign()
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_FORK" {
		t.Fatalf("got %v", err)
	}
	if d, err := g.peek(0); err != nil || d.Outcome != gongxin.Refer {
		t.Errorf("while the disk fails: %s, %v", d.Outcome, err)
	}
	dir := filepath.Join(t.TempDir(), "gate")
	copyDir(t, c.Dir, dir)
	c.Dir = dir
	if s := h.openWith(t, c).Status(); s.State != stateForked {
		t.Errorf("after the kill: %+v", s)
	}
	var err error
	if g.outcomes.db, err = openFile(t.Context(), filepath.Join(g.config.Dir, outcomesFile), "TRUNCATE"); err != nil {
		t.Fatal(err)
	}
	g.settle(t.Context(), false) // the disk is well again
	if g.unkept != nil || g.outcomes.fork() == nil {
		t.Error("the fork is not recorded")
	}
	files, err := forkFiles(g.config.Dir)
	if err != nil || len(files) != 1 {
		t.Errorf("evidence: %v, %v", files, err)
	}
}

func TestAfterAForkAGateGoesOnOnlyWithWhatTheOfficerNames(t *testing.T) {
	for _, tt := range []struct {
		name  string
		order func(h, other *hub) Order
		// After it, who is listed by whom it goes on with.
		follow func(h, other *hub) *hub
		listed int
	}{
		{"the history it holds", func(h, _ *hub) Order { return Order{Head: string(h.heads[h.size()])} }, func(h, _ *hub) *hub { return h }, 1},
		{"the other history", func(_, other *hub) Order { return Order{Head: string(other.heads[other.size()])} }, func(_, other *hub) *hub { return other }, 8},
		{"a fresh start", func(_, _ *hub) Order { return Order{Fresh: true} }, func(_, other *hub) *hub { return other }, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, other := forkedHubs(t, 2)
			c := h.config(t.TempDir())
			c.MaxAge = 20_000 * time.Hour
			g, reference := sawFork(t, c, h, other)
			o := tt.order(h, other)
			obey(t, g, o)
			follow := tt.follow(h, other)
			if o.Head != "" { // what contradicts the head that was named is a fork again
				wrong := h
				if follow == h {
					wrong = other
				}
				g.config.Source = wrong
				if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_FORK" {
					t.Errorf("against what the officer said: %v", err)
				}
				obey(t, g, o)
			}
			g.config.Source = follow
			follow.admit(entry(t, 20))
			h.catchUp(t, g)
			for _, n := range []int{tt.listed, 20} {
				if d := g.person(t, n); d.Outcome != gongxin.Block {
					t.Errorf("person %d: %s %v", n, d.Outcome, codes(d))
				}
			}
			r := g.stands(t, reference)
			if follow == h && r.State != stateInForce || follow == other && (r.State != stateLifted || because(r) != endedSomehow) {
				t.Errorf("what was imposed before: %+v", r)
			}
			if s := g.Status(); s.State != stateFollowing || s.Sequence != follow.size() || !s.Fresh {
				t.Errorf("status: %+v", s)
			}
		})
	}
}

// A shorter history takes the place of a longer one: what was known of the longer
// one does not hold the gate back, also after a kill in between.
func TestAFreshStartForgetsTheLongerHistory(t *testing.T) {
	h, other := forkedHubs(t, 4)
	c := h.config(t.TempDir())
	c.MaxAge = 20_000 * time.Hour
	g, reference := sawFork(t, c, h, other)
	short := newHub(t)
	short.random = &seedReader{1 << 20}
	for _, hub := range []*hub{short, h} {
		hub.clock.move(time.Minute)
	}
	short.admit(entry(t, 8))
	short.snapshot()
	obey(t, g, Order{Fresh: true})
	if d := g.person(t, 0); d.Outcome != gongxin.Refer || codes(d)[0] != "STALE" {
		t.Errorf("before the new list: %s %v", d.Outcome, codes(d))
	}
	if r := g.stands(t, reference); r.State != stateInForce {
		t.Errorf("before the new list: %+v", r)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	c.Source = short
	g = reopened(t, c)
	short.catchUp(t, g)
	if d := g.person(t, 8); d.Outcome != gongxin.Block {
		t.Errorf("of the new list: %s %v", d.Outcome, codes(d))
	}
	if r := g.stands(t, reference); r.State != stateLifted {
		t.Errorf("of the old list: %+v", r)
	}
}

func TestOrdersThatDoNotFitAreRefused(t *testing.T) {
	h, other := forkedHubs(t, 1)
	c := h.config(t.TempDir())
	g, _ := sawFork(t, c, h, other)
	stranger := newHubOf(t, "credit.example/list", 5)
	stranger.admit(entry(t, 3))
	if code := refused(t, g, Order{Head: string(stranger.heads[1])}); code != "FEED_KEY" {
		t.Errorf("a head by another key: %q", code)
	}
	if code := refused(t, g, Order{Fork: "20170401T000000.000.txt", Fresh: true}); code != "GATE_NO_FORK" {
		t.Errorf("another fork: %q", code)
	}
	if code := refused(t, g, Order{Accept: 2}); code != "ACCEPT_OTHER" {
		t.Errorf("nothing abnormal: %q", code)
	}
	if s := g.Status(); s.State != stateForked {
		t.Errorf("status: %+v", s)
	}
	for name, o := range map[string]Order{
		"no name":    {Reason: "因为", Fresh: true},
		"no reason":  {By: "李", Fresh: true},
		"both":       {By: "李", Reason: "因为", Fresh: true, Head: "x"},
		"neither":    {By: "李", Reason: "因为"},
		"two orders": {By: "李", Reason: "因为", Fork: "a", Fresh: true, Accept: 3},
	} {
		if _, err := o.Give(t.Context(), c.Dir, 0); gongxin.KindOf(err) != gongxin.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Order{By: "李", Reason: "因为", Fresh: true}).Give(t.Context(), t.TempDir(), 0); gongxin.CodeOf(err) != "GATE_NO_DIRECTORY" {
		t.Errorf("no gate's directory: %v", err)
	}
	put(t, filepath.Join(c.Dir, ordersDir, "junk.json"), []byte("{"))
	if err := g.takeOrders(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, ordersDir, "junk.refused")); err != nil {
		t.Error(err)
	}
}
