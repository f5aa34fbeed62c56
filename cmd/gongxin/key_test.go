package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/hub"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A rotation is a hub's directory on the way to another key, and gates that follow.
type rotation struct {
	t    *testing.T
	home home
	now  time.Time
}

// open opens the hub's data as any command does; the clock goes on a little each time.
func (r *rotation) open() (*hub.Hub, func()) {
	r.t.Helper()
	r.now = r.now.Add(time.Minute)
	centre, db, err := r.home.open(r.t.Context(), func() time.Time { return r.now }, true, slog.New(slog.DiscardHandler))
	if err != nil {
		r.t.Fatal(err)
	}
	return centre, func() {
		if err := db.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

// during runs f with the hub's data open.
func (r *rotation) during(f func(*hub.Hub)) {
	r.t.Helper()
	centre, end := r.open()
	defer end()
	f(centre)
}

// restart does what a start of gongxin hub does with the keys.
func (r *rotation) restart() {
	r.t.Helper()
	if err := r.home.takeOver(); err != nil {
		r.t.Fatal(err)
	}
	r.during(func(centre *hub.Hub) {
		if err := r.home.handedOver(r.t.Context(), centre); err != nil {
			r.t.Fatal(err)
		}
	})
}

// grow appends n events and signs again and again, as a hub does that runs.
func (r *rotation) grow(centre *hub.Hub, n int) {
	r.t.Helper()
	for range n {
		body, err := gongxin.BatchApproved{Batch: "b1", By: gongxin.RoleOperator}.Body()
		if err == nil {
			_, err = centre.Store.Announce(r.t.Context(), gongxin.BatchApproval, body)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.now = r.now.Add(time.Second)
	if err := centre.Store.Heartbeat(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rotation) key() string {
	r.t.Helper()
	b, err := os.ReadFile(r.home.path("hub.pub"))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b[:len(b)-1])
}

// A stranger holds nothing.
type stranger struct{}

func (stranger) Element(gongxin.ListingID) (ledger.Digest, bool) { return ledger.Digest{}, false }
func (stranger) Apply([]feed.Change) error                       { return nil }

// follow goes on from p over HTTP as a gate that was given key.
func (r *rotation) follow(centre *hub.Hub, key string, p feed.Position) feed.Position {
	r.t.Helper()
	secret, token, err := access.Issue(access.Token{ID: "railway", Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路部门", Created: r.now, Expires: r.now.AddDate(1, 0, 0)}, centre.Random)
	if err == nil {
		err = centre.Store.Write(r.t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, token) })
	}
	if err != nil {
		r.t.Fatal(err)
	}
	server := httptest.NewServer(centre.Handler())
	defer server.Close()
	source := feed.HTTPSource{URL: server.URL, Token: secret}
	v, err := ledger.NewVerifier(key)
	if err != nil {
		r.t.Fatal(err)
	}
	f := feed.Follower{Verifier: v, Audience: gongxin.AudiencePartner}
	if p.Tree.Size() == 0 {
		at, err := feed.Bootstrap(r.t.Context(), source, f, p, stranger{})
		if gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT" {
			if err != nil {
				r.t.Fatalf("a new gate: %v", err)
			}
			p = at
		}
	}
	for {
		c, err := source.Changes(r.t.Context(), p.Tree.Size(), 0)
		if err != nil {
			r.t.Fatal(err)
		}
		next, changes, err := f.Advance(p, stranger{}, c)
		if err != nil {
			r.t.Fatalf("at %d: %v", p.Tree.Size(), err)
		}
		if p = next; len(changes) == 0 {
			return p
		}
	}
}

// A hub goes over to another key, and every gate follows: one that was up to date, one
// that sleeps through it, and a new one that is given the new key. It does so whatever
// step a crash comes after.
func TestAHubGoesOverToAnotherKey(t *testing.T) {
	r := &rotation{t: t, home: home{dir: t.TempDir(), origin: defaultOrigin}, now: time.Date(2017, 9, 1, 2, 0, 0, 0, time.UTC)}
	var awake, asleep feed.Position
	var first string
	r.during(func(centre *hub.Hub) {
		first = centre.VerifierKey
		r.grow(centre, 3)
		asleep = r.follow(centre, first, feed.Position{})
		r.grow(centre, 2)
		awake = r.follow(centre, first, feed.Position{})

		// A crash between the announcement and the note that it was made.
		o, err := r.home.rotate(t.Context(), centre)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(r.home.path(handoverFile)); err != nil {
			t.Fatal(err)
		}
		again, err := r.home.rotate(t.Context(), centre)
		if err != nil || again.To != o.To || again.Sequence <= o.Sequence {
			t.Fatalf("again: %+v, %v", again, err)
		}
		third, err := r.home.rotate(t.Context(), centre)
		if err != nil || third != again {
			t.Errorf("given again it is another: %+v, %v", third, err)
		}
		r.grow(centre, 0)
	})
	r.during(func(centre *hub.Hub) { // other commands, and the hub that still runs
		if centre.VerifierKey != first {
			t.Fatal("the key was exchanged by another command than the hub's start")
		}
		r.grow(centre, 2)
		awake = r.follow(centre, first, awake)
	})
	if r.key() != first {
		t.Error("hub.pub is the next key's before that has signed anything")
	}

	// A crash after the exchange and before anything is signed by the next key; and one
	// before the snapshot.
	for range 2 {
		if err := r.home.takeOver(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		r.during(func(centre *hub.Hub) {
			if centre.VerifierKey == first {
				t.Fatal("the key was not exchanged")
			}
			r.grow(centre, 0)
		})
	}
	r.restart()
	second := r.key()
	if second == first {
		t.Fatal("hub.pub is the old key's")
	}
	if _, err := os.Stat(r.home.path(oldKey)); err != nil {
		t.Error(err)
	}
	for _, name := range []string{nextKey, handoverFile} {
		if _, err := os.Stat(r.home.path(name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	r.during(func(centre *hub.Hub) {
		r.grow(centre, 3)
		size := r.follow(centre, second, feed.Position{}).Tree.Size()
		for name, p := range map[string]feed.Position{"awake": awake, "asleep": asleep} {
			at := r.follow(centre, first, p)
			if at.Tree.Size() != size || at.Keys.Current != second {
				t.Errorf("%s: at %d of %d with %+v", name, at.Tree.Size(), size, at.Keys)
			}
		}
	})

	keys, err := r.home.publicKeys()
	if err != nil || len(keys) < 2 {
		t.Errorf("an auditor is given %d keys, %v", len(keys), err)
	}

	// And once more: who slept through both follows both.
	r.during(func(centre *hub.Hub) {
		if _, err := r.home.rotate(t.Context(), centre); err != nil {
			t.Fatal(err)
		}
	})
	r.restart()
	r.during(func(centre *hub.Hub) {
		if at := r.follow(centre, first, asleep); at.Keys.Current != r.key() || r.key() == second {
			t.Errorf("after two changes it knows %+v", at.Keys)
		}
		r.follow(centre, r.key(), feed.Position{})
	})
	all, err := os.ReadFile(r.home.path(oldKeys))
	if want := first + "\n" + second + "\n"; err != nil || string(all) != want {
		t.Errorf("the public keys before: %q, %v, want %q", all, err, want)
	}
}

func TestAHandoverThatDoesNotFitTheKeysStopsTheHub(t *testing.T) {
	r := &rotation{t: t, home: home{dir: t.TempDir(), origin: defaultOrigin}, now: time.Date(2017, 9, 1, 2, 0, 0, 0, time.UTC)}
	r.during(func(centre *hub.Hub) {
		if _, err := r.home.rotate(t.Context(), centre); err != nil {
			t.Fatal(err)
		}
	})
	secret, _, err := ledger.GenerateKey(defaultOrigin, io.LimitReader(zeros{}, 32))
	if err == nil {
		err = os.WriteFile(r.home.path(nextKey), []byte(secret+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(r.home.path("hub.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.home.takeOver(); err == nil {
		t.Error("a key that was not announced is taken")
	}
	if after, err := os.ReadFile(r.home.path("hub.key")); err != nil || string(after) != string(before) {
		t.Errorf("the key was changed all the same: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
