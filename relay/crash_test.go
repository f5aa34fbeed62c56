package relay

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gongxin/feed"
)

// kills is at how many random instants the process is killed.
const kills = 15

// The test binary is a relay too, so that a real process can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("RELAY_DIR") != "" {
		fmt.Fprintln(os.Stderr, runChild())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func runChild() error {
	tokens, err := OpenTokens(os.Getenv("RELAY_TOKENS"), nil)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	r, err := Open(Config{Dir: os.Getenv("RELAY_DIR"), Hub: feed.HTTPSource{URL: os.Getenv("RELAY_HUB"), Token: os.Getenv("RELAY_TOKEN")},
		VerifierKey: os.Getenv("RELAY_KEY"), Tokens: tokens, Now: time.Now, Log: log, rangeChanges: 8})
	if err != nil {
		return err
	}
	go func() { _ = r.Run(context.Background()) }() // until the kill
	return http.ListenAndServe(os.Getenv("RELAY_LISTEN"), r.Handler())
}

// What a relay has served it still has after kill -9, and its files are whole.
func TestARelayThatIsKilledLosesNothing(t *testing.T) {
	c := newCentre(t)
	c.list(5)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir, list := t.TempDir(), filepath.Join(t.TempDir(), "relay.tokens")
	token, err := AddToken(list, "railway", rng{})
	if err != nil {
		t.Fatal(err)
	}
	g := newGate("http://"+address, token, c.verifier)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	fresh, stale := 0, 0
	for round := range kills {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "RELAY_DIR="+dir, "RELAY_TOKENS="+list, "RELAY_HUB="+c.url, "RELAY_TOKEN="+c.token, "RELAY_KEY="+c.VerifierKey, "RELAY_LISTEN="+address)
		var said bytes.Buffer
		child.Stderr = &said
		// Every second time the relay has nothing but its own files at first.
		alone := round%2 == 1
		c.setAway(alone)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool { _, err = g.step(t.Context(), 0); return err == nil }, func() string { return fmt.Sprint(err, said.String()) })
		if alone {
			stale++
			c.setAway(false)
		}
		for range 3 {
			c.list(1 + r.IntN(3))
			if r.IntN(6) == 0 {
				if err := c.Snapshot(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if round%3 == 0 { // the others may be killed before they have heard of it
			until(t, func() bool { _, err = g.step(t.Context(), 0); return err == nil && g.at.Tree.Size() == c.size() }, func() string { return fmt.Sprint(err, said.String()) })
			fresh++
		}
		time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed, and says so
		if bytes.Contains(said.Bytes(), []byte("own files")) {
			t.Fatalf("round %d: a kill damaged the relay's files: %s", round, said.String())
		}
	}
	y := c.city(dir, func(c *Config) { c.rangeChanges = 8 })
	y.reaches(c.size())
	last := newGate(y.url, y.token, c.verifier)
	last.follow(t)
	last.holds(t, c)
	if fresh == 0 || stale == 0 {
		t.Error("the test tests nothing")
	}
}

// rng gives bytes for tokens that guard nothing.
type rng struct{}

// Read fills b.
func (rng) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return len(b), nil
}
