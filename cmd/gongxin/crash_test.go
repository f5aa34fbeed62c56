package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/intake"
	"gongxin/internal/store"
	"gongxin/internal/synthetic"
)

// kills is at how many random instants a process is killed.
const kills = 50

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answers waits until url answers 200.
func answers(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if r, err := http.Get(url); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatalf("%s did not answer", url)
}

// A court posts single rows and remembers which listings the hub acknowledged.
type court struct {
	url, token string
	mu         sync.Mutex
	maker      *synthetic.Maker
	known      []gongxin.ListingID
	news       chan struct{} // has room for one: a listing was acknowledged
}

func (c *court) row() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return synthetic.CSV(synthetic.PersonColumns, c.maker.Person())
}

// post submits one new row; an error means that the hub did not acknowledge it.
func (c *court) post(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/intake?report=all&name=one.csv", bytes.NewReader(c.row()))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s", answer.Status, b)
	}
	var seen []gongxin.ListingID
	err = readRecords(answer.Body, func(r intake.Record) error {
		if r.Outcome == intake.Reject {
			return fmt.Errorf("rejected: %s", r.Reason)
		}
		seen = append(seen, r.Listing)
		return nil
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = append(c.known, seen...) // a line is written only after its commit, even if the summary is cut off
	if len(seen) > 0 {
		select {
		case c.news <- struct{}{}:
		default:
		}
	}
	return err
}

// Nothing that the hub has acknowledged is lost to kill -9, and ledger, database
// and checkpoint agree afterwards.
func TestHubKeepsWhatItAcknowledgedWhenKilled(t *testing.T) {
	ctx := t.Context()
	h := home{dir: t.TempDir(), origin: "gongxin.test/crash"}
	_, db, err := h.open(ctx, time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := gongxin.Millis(time.Now())
	token, err := issue(ctx, db, access.Token{ID: "court", Role: gongxin.RoleCourtSystem, Created: now, Expires: now.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	address := freeAddress(t)
	c := &court{url: "http://" + address, token: token, maker: synthetic.New(1, gongxin.DayOf(now)), news: make(chan struct{}, 1)}
	seed := uint64(now.UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for round := range kills {
		hub := exec.Command("gongxin", "hub", "--data", h.dir, "--listen", address)
		if err := hub.Start(); err != nil {
			t.Fatal(err)
		}
		answers(t, c.url+"/checkpoint")
		run, stop := context.WithCancel(ctx)
		var posting sync.WaitGroup
		for range 4 {
			posting.Go(func() {
				for run.Err() == nil && c.post(run) == nil {
				}
			})
		}
		if round%2 == 0 { // half of the kills come before anything was acknowledged, or after, as it happens
			select {
			case <-c.news:
			case <-time.After(20 * time.Second):
				t.Fatal("the hub acknowledged nothing")
			}
		}
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
		if err := hub.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = hub.Wait() // it was killed, and says so
		stop()
		posting.Wait()
	}
	if len(c.known) < kills/2 {
		t.Fatalf("only %d listings were acknowledged: the test tests nothing", len(c.known))
	}

	_, db, err = h.open(ctx, time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(ctx, func(ctx context.Context, v *store.View) error {
		for _, id := range c.known {
			if l, err := v.Listing(ctx, id); err != nil || l.State != gongxin.InForce {
				return fmt.Errorf("acknowledged listing %s: state %q, %w", id, l.State, err)
			}
		}
		return v.Check(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d acknowledged listings survived %d kills", len(c.known), kills)
}
