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

// child runs a gate that follows a directory and screens without end, and prints
// each answer that was given.
func child(dir string) error {
	g, err := Open(Config{Dir: dir, Name: "railway", VerifierKey: os.Getenv(childKey), Source: feed.DirSource{Dir: os.Getenv(childFeed)},
		MaxAge: time.Hour, Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	go func() { _ = g.Run(context.Background()) }()
	fmt.Println("{}") // open
	for i := 0; ; i++ {
		d, err := g.Screen(context.Background(), Query{"flight", citizen(i % people), nameOf(i % people)})
		if err != nil {
			return err
		}
		if d.Outcome == gongxin.Block {
			b, err := json.Marshal(given{d.Reference, d.Sequence, i % people, d.Hits[0].Listing})
			if err != nil {
				return err
			}
			fmt.Println(string(b))
		}
	}
}

// given is an answer that a child gave.
type given struct {
	Reference string
	Sequence  uint64
	Person    int
	Listing   gongxin.ListingID
}

// TestKillAtAnyInstantLosesNothing kills a gate at random instants while the list
// changes, and checks after each that whatever it answered is still recorded, that
// what it holds is what the hub signed, and that no restriction outlasts its listing.
func TestKillAtAnyInstantLosesNothing(t *testing.T) {
	const kills = 60
	h := newHub(t)
	published, dir := t.TempDir(), t.TempDir()
	listed := map[int]gongxin.ListingID{}
	r := rand.New(rand.NewPCG(3, 4))
	change := func() {
		n := r.IntN(people)
		if id, ok := listed[n]; ok {
			h.withdraw(id)
			delete(listed, n)
		} else {
			listed[n] = h.admit(entry(t, n))
		}
		h.publish(t, published)
	}
	change()
	answers := map[string]given{}
	for kill := range kills {
		for _, a := range h.killed(t, dir, published, kill%3 > 0, time.Duration(r.IntN(60))*time.Millisecond, change) {
			answers[a.Reference] = a
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
	t.Logf("%d kills, %d answers, sequence %d", kills, len(answers), h.size())
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

// verify checks that all answers are recorded, and that restrictions are open for
// listings in force and for no others.
func (h *hub) verify(t *testing.T, g *Gate, answers map[string]given, kill int) {
	t.Helper()
	for reference, a := range answers {
		r, err := g.Restriction(t.Context(), reference)
		if err != nil {
			t.Fatalf("after kill %d: the answer %s is lost: %v", kill, reference, err)
		}
		if _, inForce := g.index.Get(a.Listing); inForce != (r.State == stateInForce) {
			t.Fatalf("after kill %d: restriction %s is %s, listing in force: %v", kill, reference, r.State, inForce)
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
	_, err = g.look(&Query{"flight", citizen(n), nameOf(n)}, g.config.Catalogue.For("flight"), &d)
	return d, err
}
