package relay

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gongxin"
	"gongxin/feed"
)

// A liar stands between a relay and its gates, or is the relay. While lie is set,
// gates get what it makes of the true answer.
type liar struct {
	relay http.Handler
	sent  atomic.Int64 // bytes of lies

	mu  sync.Mutex
	lie func(w http.ResponseWriter, truth feed.Changes)
}

func (l *liar) set(lie func(w http.ResponseWriter, truth feed.Changes)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = lie
}

func (l *liar) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	l.mu.Lock()
	lie := l.lie
	l.mu.Unlock()
	if lie == nil || !strings.HasPrefix(q.URL.Path, "/v1/feed/changes") {
		l.relay.ServeHTTP(w, q)
		return
	}
	truth := httptest.NewRecorder()
	l.relay.ServeHTTP(truth, q)
	c, err := feed.ReadChanges(truth.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	lie(counting{w, &l.sent}, c)
}

type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(int64(n))
	return n, err
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// A relay that lies can delay and nothing else: a gate refuses the lie by its name,
// holds what it held, and goes on as soon as it hears the truth.
func TestALyingRelayCanOnlyDelay(t *testing.T) {
	c := newCentre(t)
	direct := feed.HTTPSource{URL: c.url, Token: c.token}
	from := func(after uint64) feed.Changes {
		changes, err := direct.Changes(t.Context(), after, 0)
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
	c.list(3)
	first := from(0)
	rows := c.list(12)
	old := from(0)
	if err := c.Store.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	newest := from(c.size()).Checkpoint
	y := c.city(t.TempDir())
	y.reaches(c.size())
	other := newCentre(t)
	other.list(12)
	stranger := other.city(t.TempDir())
	stranger.reaches(other.size())

	l := &liar{relay: y.Handler()}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	gates := map[string]*gate{}
	type lie func(w http.ResponseWriter, truth feed.Changes)
	encoded := func(change func(c *feed.Changes)) lie {
		return func(w http.ResponseWriter, truth feed.Changes) {
			truth.Records = append([]feed.Record(nil), truth.Records...)
			change(&truth)
			b, err := encode(truth)
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(b) // the gate may have gone
		}
	}
	raw := func(change func(b []byte) []byte) lie {
		return func(w http.ResponseWriter, truth feed.Changes) {
			b, err := encode(truth)
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(change(b)) // the gate may have gone
		}
	}
	endless := func(w http.ResponseWriter, block []byte) {
		for range 1 << 20 { // if nobody stopped it, much more than may be sent
			if _, err := w.Write(block); err != nil {
				return
			}
		}
		t.Error("a gate reads endless data")
	}
	tests := []struct {
		name string
		want string // code; "" for a lie that only keeps news back
		lie  lie
	}{
		{"a flipped bit", "FEED_MALFORMED", raw(func(b []byte) []byte { return flipped(b, len(b)/2) })},
		{"a flipped bit of the hash", "FEED_MALFORMED", raw(func(b []byte) []byte { return flipped(b, len(b)-1) })},
		{"half an answer", "FEED_MALFORMED", raw(func(b []byte) []byte { return b[:len(b)/2] })},
		{"something after its end", "FEED_MALFORMED", raw(func(b []byte) []byte { return append(b, b...) })},
		{"an empty answer", "FEED_MALFORMED", raw(func([]byte) []byte { return nil })},
		{"another leaf", "FEED_ROOT", encoded(func(c *feed.Changes) { c.Records[0].Leaf = flipped(c.Records[0].Leaf, len(c.Records[0].Leaf)-1) })},
		{"another body", "FEED_COMMITMENT", encoded(func(c *feed.Changes) { c.Records[0].Body = flipped(c.Records[0].Body, 9) })},
		{"a withdrawal dropped", "FEED_GAP", encoded(func(c *feed.Changes) { c.Records = c.Records[:len(c.Records)-1] })},
		{"a withdrawal replaced", "FEED_ROOT", encoded(func(c *feed.Changes) { c.Records[len(c.Records)-1] = old.Records[0] })},
		{"changes exchanged", "FEED_ROOT", encoded(func(c *feed.Changes) { c.Records[0], c.Records[1] = c.Records[1], c.Records[0] })},
		{"a body kept back", "FEED_COMMITMENT", encoded(func(c *feed.Changes) { c.Records[0].Salt, c.Records[0].Body = nil, nil })},
		{"an old answer", "FEED_ROLLBACK", encoded(func(c *feed.Changes) { *c = feed.Changes{After: c.After, Checkpoint: first.Checkpoint} })},
		{"a checkpoint of before", "FEED_TIME", encoded(func(c *feed.Changes) { *c = feed.Changes{After: c.After, Checkpoint: old.Checkpoint} })},
		{"an answer of before", "FEED_GAP", encoded(func(c *feed.Changes) {
			c.Records, c.After = append(old.Records[:len(old.Records):len(old.Records)], c.Records...), 0
		})},
		{"a new checkpoint on old changes", "FEED_GAP", encoded(func(c *feed.Changes) { c.Records = nil })},
		{"another log", "FEED_KEY", func(w http.ResponseWriter, truth feed.Changes) {
			q := httptest.NewRequest(http.MethodGet, "/v1/feed/changes?after=0", nil)
			q.Header.Set("Authorization", "Bearer "+stranger.token)
			stranger.Handler().ServeHTTP(w, q)
		}},
		{"the newest kept back", "", encoded(func(c *feed.Changes) { *c = feed.Changes{After: c.After, Checkpoint: newest} })},
		{"endless zeros", "FEED_MALFORMED", func(w http.ResponseWriter, _ feed.Changes) { endless(w, make([]byte, 64<<10)) }},
		{"endless after a good beginning", "FEED_MALFORMED", func(w http.ResponseWriter, truth feed.Changes) {
			b, err := encode(truth)
			if err != nil {
				t.Error(err)
			}
			block := b[8 : len(b)-36] // without the magic and the end
			_, _ = w.Write(b[:8])     // the gate may have gone
			endless(w, bytes.Repeat(block, 64))
		}},
		{"endless problems", "FEED_UNREACHABLE", func(w http.ResponseWriter, _ feed.Changes) {
			w.WriteHeader(http.StatusBadGateway)
			endless(w, make([]byte, 64<<10))
		}},
		{"the right to nothing", "FEED_REFUSED", func(w http.ResponseWriter, _ feed.Changes) { w.WriteHeader(http.StatusForbidden) }},
		{"a redirect in a circle", "FEED_UNREACHABLE", func(w http.ResponseWriter, _ feed.Changes) {
			w.Header().Set("Location", "changes?after=0")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}},
	}
	for _, tt := range tests {
		g := newGate(server.URL, y.token, c.verifier)
		g.follow(t)
		gates[tt.name] = g
	}
	c.list(1)
	c.withdraw(rows[4])
	y.reaches(c.size())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := gates[tt.name]
			at, held := g.at, len(g.held)
			before := l.sent.Load()
			l.set(tt.lie)
			_, err := g.step(t.Context(), 0)
			l.set(nil)
			if got := gongxin.CodeOf(err); got != tt.want {
				t.Errorf("%q, want %q: %v", got, tt.want, err)
			}
			if g.at != at || len(g.held) != held {
				t.Error("the gate took something of the lie")
			}
			if n := l.sent.Load() - before; n > 2*feed.MaxChanges+(64<<20) {
				t.Errorf("the gate took %d bytes", n)
			}
			g.follow(t)
			g.holds(t, c)
		})
	}
}

// A false snapshot does not get a new gate anywhere either.
func TestAFalseSnapshotIsDropped(t *testing.T) {
	c := newCentre(t)
	c.list(10)
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	y := c.city(dir)
	y.reaches(c.size())
	_, good := get(t, y.url+"/v1/feed/snapshot", y.token)
	c.list(2)
	if err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	y.reaches(c.size())
	for _, tt := range []struct {
		name, want string
		give       func(w io.Writer)
	}{
		{"a flipped bit", "FEED_", func(w io.Writer) { _, _ = w.Write(flipped(good, len(good)/2)) }},
		{"half of it", "FEED_MALFORMED", func(w io.Writer) { _, _ = w.Write(good[:len(good)/2]) }},
		{"endless", "FEED_MALFORMED", func(w io.Writer) {
			_, _ = w.Write(good[:len(good)-36])
			for range 1 << 16 {
				if _, err := w.Write(good[8 : len(good)-36]); err != nil {
					return
				}
			}
			t.Error("a gate reads an endless snapshot")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if q.URL.Path == "/v1/feed/snapshot" {
					tt.give(w)
					return
				}
				y.Handler().ServeHTTP(w, q)
			}))
			defer server.Close()
			g := newGate(server.URL, y.token, c.verifier)
			if _, err := g.step(t.Context(), 0); !strings.HasPrefix(gongxin.CodeOf(err), tt.want) || !g.at.Head.At.IsZero() {
				t.Errorf("%v, at %d", err, g.at.Tree.Size())
			}
		})
	}
}

// A relay passes on nothing that it could not verify, and serves what it had.
func TestALyingHubGetsNotThroughTheRelay(t *testing.T) {
	c := newCentre(t)
	rows := c.list(5)
	first := c.city(t.TempDir())
	first.reaches(c.size())
	l := &liar{relay: first.Handler()}
	server := httptest.NewServer(l)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	y := newCity(t, t.TempDir(), server.URL, first.token, c.verifier, c.VerifierKey)
	before := c.size()
	y.reaches(before)
	l.set(func(w http.ResponseWriter, truth feed.Changes) {
		if len(truth.Records) > 0 {
			truth.Records = append([]feed.Record(nil), truth.Records...)
			truth.Records[0].Body = flipped(truth.Records[0].Body, 0)
		}
		b, err := encode(truth)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(b) // the relay may have gone
	})
	// A wait under way still hears the truth; the change after that is the lie.
	c.withdraw(rows[0])
	first.reaches(c.size())
	until(t, func() bool { return y.Health().Sequence == c.size() || y.Health().Hub == "FEED_COMMITMENT" }, func() string { return y.Health().Hub })
	reached := y.Health().Sequence
	c.withdraw(rows[1])
	first.reaches(c.size())
	until(t, func() bool { return y.Health().Hub == "FEED_COMMITMENT" }, func() string { return y.Health().Hub })
	g := newGate(y.url, y.token, c.verifier)
	g.follow(t)
	if g.at.Tree.Size() != reached {
		t.Errorf("a gate behind it is at %d, want %d", g.at.Tree.Size(), reached)
	}
	l.set(nil)
	y.reaches(c.size())
	g.follow(t)
	g.holds(t, c)
}

// A hub that signs two things which cannot both be true is not followed any more,
// and the relay keeps the proof.
func TestAForkStopsARelayAndIsKept(t *testing.T) {
	c := newCentre(t)
	c.list(5)
	first := c.city(t.TempDir())
	first.reaches(c.size())
	l := &liar{relay: first.Handler()}
	server := httptest.NewServer(l)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	dir := t.TempDir()
	y := newCity(t, dir, server.URL, first.token, c.verifier, c.VerifierKey)
	y.reaches(c.size())
	y.stop()
	l.set(func(w http.ResponseWriter, truth feed.Changes) {
		head, err := c.verifier.Open(truth.Checkpoint)
		if err != nil {
			t.Error(err)
		}
		head.Digest[0] ^= 1
		if truth.Checkpoint, err = c.sign(head); err != nil {
			t.Error(err)
		}
		b, err := encode(truth)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(b) // the relay may have gone
	})
	y = newCity(t, dir, server.URL, first.token, c.verifier, c.VerifierKey)
	until(t, func() bool { return y.Health().Hub == "FEED_FORK" }, func() string { return y.Health().Hub })
	var proof []byte
	until(t, func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "fork-*.txt"))
		if err != nil || len(files) != 1 {
			return false
		}
		proof, err = os.ReadFile(files[0])
		return err == nil
	}, func() string { return "no proof is kept" })
	if _, err := feed.CheckEvidence(string(proof), c.VerifierKey); err != nil {
		t.Error(err)
	}
	g := newGate(y.url, y.token, c.verifier)
	g.follow(t) // what was there before it still serves
	g.holds(t, c)
}

// A relay that lost all but its position is shown another log from the beginning, signed
// with the hub's key: it takes nothing that does not pass through what it knew.
func TestARelayOnTheWayBackTakesNoOtherLog(t *testing.T) {
	c, other := newCentre(t), newCentre(t)
	c.list(5)
	other.list(7)
	dir := t.TempDir()
	y := c.city(dir)
	y.reaches(c.size())
	y.stop()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == positionFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	first := other.city(t.TempDir())
	first.reaches(other.size())
	l := &liar{relay: first.Handler()}
	server := httptest.NewServer(l)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	l.set(func(w http.ResponseWriter, truth feed.Changes) {
		head, err := other.verifier.Open(truth.Checkpoint)
		if err != nil {
			t.Error(err)
		}
		if truth.Checkpoint, err = c.sign(head); err != nil {
			t.Error(err)
		}
		b, err := encode(truth)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(b) // the relay may have gone
	})
	y = newCity(t, dir, server.URL, first.token, c.verifier, c.VerifierKey)
	until(t, func() bool { h := y.Health(); return h.Sequence > 0 || strings.HasPrefix(h.Hub, "FEED_") }, func() string { return y.Health().Hub })
	if h := y.Health(); h.Hub != "FEED_ROOT" || h.Sequence != 0 {
		t.Errorf("shown another log: %+v", h)
	}
}
