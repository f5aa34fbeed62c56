package gate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
)

// The child of the kill test is this test binary again.
const childDir, childFeed, childKey = "GONGXIN_TEST_GATE_DIR", "GONGXIN_TEST_GATE_FEED", "GONGXIN_TEST_GATE_KEY"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// people is how many persons the history of the kill test concerns.
const people = 12

// child runs a gate that follows a directory, screens without end, does with each
// restriction what officers do, and prints what it was told was done.
func child(dir string) error {
	g, err := Open(Config{Dir: dir, Name: "railway", VerifierKey: os.Getenv(childKey), Source: feed.DirSource{Dir: os.Getenv(childFeed)},
		MaxAge: time.Hour, Now: func() time.Time { return noon }, Alerts: os.Getenv(childAlerts)})
	if err != nil {
		return err
	}
	ctx := context.Background()
	go func() { _ = g.Run(ctx) }()
	fmt.Println("{}") // open
	for i := 0; ; i++ {
		d, err := g.Screen(ctx, Query{Scenario: "flight", Number: citizen(i % people), Name: nameOf(i % people)})
		if err != nil {
			return err
		}
		if d.Outcome != gongxin.Block {
			continue
		}
		a := given{Reference: d.Reference, Sequence: d.Sequence, Listing: d.Hits[0].Listing}
		if err := a.print(); err != nil {
			return err
		}
		if err := a.office(ctx, g, rand.IntN(6)); err != nil {
			return err
		}
	}
}

// given is something that a child was told is done.
type given struct {
	Reference string
	Sequence  uint64
	Listing   gongxin.ListingID
	Done      string // "" for an answer of Screen
}

func (a given) print() error {
	b, err := json.Marshal(a)
	if err == nil {
		fmt.Println(string(b))
	}
	return err
}

const (
	doneKept     = "kept"
	doneFiled    = "filed"
	doneUpheld   = "upheld"
	doneRejected = "rejected"
	doneProposed = "proposed"
)

// office does what n stands for with the restriction a, and prints what was done.
func (a given) office(ctx context.Context, g *Gate, n int) error {
	done := func(what string, err error) error {
		if code := gongxin.CodeOf(err); code == "KEPT_TOO_LATE" || code == "PROPOSAL_NOT_LISTED" {
			return nil // the listing has ended meanwhile
		}
		if err != nil {
			return err
		}
		b := a
		b.Done = what
		return b.print()
	}
	var err error
	switch n {
	case 0, 2:
		err = done(doneKept, g.Keep(ctx, Keep{Reference: a.Reference, Ground: law, Until: gongxin.MustDay("2017-05-01"), By: "李科长"}))
	case 3:
		p, proposing := g.ProposeReview(ctx, a.Listing, "请复核 "+a.Reference[len(a.Reference)-8:])
		b := a
		b.Reference = p.Reference
		if proposing == nil {
			b.Done = doneProposed
			return b.print()
		}
		err = done(doneProposed, proposing)
	}
	if err != nil || n == 0 || n == 3 {
		return err
	}
	_, err = g.FileReview(ctx, a.Reference, "请复核", "王")
	if err = done(doneFiled, err); err != nil || n == 4 {
		return err
	}
	upheld := n == 1 || n == 2
	_, err = g.AnswerReview(ctx, a.Reference, upheld, "已经核实", "赵")
	return done(map[bool]string{true: doneUpheld, false: doneRejected}[upheld], err)
}

// TestKillAtAnyInstantLosesNothing kills a gate at random instants while the list
// changes, and checks after each that whatever it said was done is still recorded,
// that what it holds is what the hub signed, and that no restriction outlasts its
// listing unless it is kept on.
func TestKillAtAnyInstantLosesNothing(t *testing.T) {
	const kills = 60
	h := newHub(t)
	published, dir := t.TempDir(), t.TempDir()
	listed, suspended := map[int]gongxin.ListingID{}, map[int]gongxin.ListingID{}
	r := rand.New(rand.NewPCG(3, 4))
	change := func() {
		n := r.IntN(people)
		id, ok := listed[n]
		resting, was := suspended[n]
		switch {
		case was:
			h.resume(resting, entry(t, n))
			h.sign()
			delete(suspended, n)
			listed[n] = resting
		case !ok:
			listed[n] = h.admit(entry(t, n))
		case r.IntN(2) == 0:
			h.suspend(id)
			h.sign()
			delete(listed, n)
			suspended[n] = id
		default:
			h.withdraw(id)
			delete(listed, n)
		}
		h.publish(t, published)
	}
	change()
	answers, done := map[given]bool{}, map[string]int{}
	shown := func() bool { // of everything that a child can be told is done, something was
		for _, what := range []string{doneKept, doneFiled, doneUpheld, doneRejected, doneProposed} {
			if done[what] == 0 {
				return false
			}
		}
		return true
	}
	for kill := 0; kill < kills || !shown() && kill < 10*kills; kill++ { // a slow machine needs more kills to see as much
		for _, a := range h.killed(t, dir, published, kill%3 > 0, time.Duration(r.IntN(60))*time.Millisecond, change) {
			if !answers[a] {
				answers[a] = true
				done[a.Done]++
			}
		}
		g, err := Open(h.offline(dir, published))
		if err != nil {
			t.Fatalf("after kill %d: %v", kill+1, err)
		}
		h.verify(t, g, answers, kill+1)
		if kill%10 == 9 {
			h.catchUp(t, g)
			h.verify(t, g, answers, kill+1)
			h.compare(t, g, listed)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(answers) < kills/3 {
		t.Errorf("only %d answers were given: the test shows little", len(answers))
	}
	t.Logf("sequence %d, told %v", h.size(), done)
	if !shown() {
		t.Error("not everything that can be done was done before a kill: the test shows little")
	}
}

// killed runs a child, changes the list a few times, kills the child some time
// after it began, or after it had opened its files, and returns the answers that it gave.
func (h *hub) killed(t *testing.T, dir, published string, opened bool, after time.Duration, change func()) (answers []given) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childDir+"="+dir, childFeed+"="+published, childKey+"="+h.VerifierKey)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan given, 1<<16)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			var g given
			if json.Unmarshal(s.Bytes(), &g) == nil { // the last line may be cut
				lines <- g
			}
		}
	}()
	if opened {
		<-lines
	}
	for range 3 {
		time.Sleep(after / 3)
		change()
	}
	if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	for a := range lines {
		if a.Reference != "" {
			answers = append(answers, a)
		}
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr.String())
	}
	return answers
}

// publish writes what is new into dir, for a feed.DirSource.
func (h *hub) publish(t testing.TB, dir string) {
	t.Helper()
	after, err := feed.Published(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := h.Changes(t.Context(), after, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := feed.Publish(dir, c); err != nil {
		t.Fatal(err)
	}
}

func (h *hub) offline(dir, published string) Config {
	c := h.config(dir)
	c.Source, c.Reporter, c.Random = feed.DirSource{Dir: published}, nil, nil
	return c
}

// verify checks that everything told is recorded, and that restrictions are open
// for listings that have been in force since, kept on where that was stated, and
// lifted otherwise.
func (h *hub) verify(t *testing.T, g *Gate, answers map[given]bool, kill int) {
	t.Helper()
	for a := range answers {
		if a.Done == doneProposed {
			if _, err := one(query(t.Context(), g.outcomes.db, scanProposal, readProposalNamed, a.Reference)); err != nil {
				t.Fatalf("after kill %d: the proposal %s is lost: %v", kill, a.Reference, err)
			}
			continue
		}
		r, err := g.Restriction(t.Context(), a.Reference)
		if err != nil {
			t.Fatalf("after kill %d: the answer %s is lost: %v", kill, a.Reference, err)
		}
		kept, review := r.Parts[0].Kept, stateOpen
		if r.Review != nil {
			review = r.Review.State
		}
		switch {
		case a.Done == doneKept && kept == nil,
			a.Done == doneFiled && r.Review == nil,
			(a.Done == doneUpheld || a.Done == doneRejected) && review != a.Done:
			t.Fatalf("after kill %d: what was %s is lost: %+v", kill, a.Done, r)
		}
		row, in, err := g.state.list.View().Get(a.Listing)
		if err != nil {
			t.Fatal(err)
		}
		want := stateLifted
		switch {
		case review == stateUpheld:
		case in && a.Sequence >= row.Since:
			want = stateInForce
		case kept != nil:
			want = stateKept
		}
		if r.State != want {
			t.Fatalf("after kill %d: restriction %s is %s, want %s: listing in force %v since %d, kept %v, review %s", kill, a.Reference, r.State, want, in, row.Since, kept, review)
		}
	}
}

// compare checks every person's answer against the truth.
func (h *hub) compare(t testing.TB, g *Gate, listed map[int]gongxin.ListingID) {
	t.Helper()
	for n := range people {
		want := gongxin.Clear
		if _, ok := listed[n]; ok {
			want = gongxin.Block
		}
		d, err := g.peek(n)
		if err != nil || d.Outcome != want {
			t.Fatalf("person %d: %s, want %s (%v)", n, d.Outcome, want, err)
		}
	}
}

// peek asks about the n-th person and records nothing.
func (g *Gate) peek(n int) (d gongxin.Decision, err error) {
	_, err = g.look(&Query{Scenario: "flight", Number: citizen(n), Name: nameOf(n)}, g.config.Catalogue.For("flight"), &d)
	return d, err
}
