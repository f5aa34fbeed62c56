package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
	"gongxin/internal/store"
	"gongxin/internal/synthetic"
)

// send makes one request and returns status and body.
func send(t *testing.T, method, url, token string, body []byte) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, b
}

// A batch that was approved goes in whole and once, also if the hub is killed between
// the approval and the end of its application, however often.
func TestAnApprovedBatchGoesInWhenTheHubIsKilled(t *testing.T) {
	const first, surge = 100, 6_000 // enough for several commits
	ctx := t.Context()
	h := home{dir: t.TempDir(), origin: "gongxin.test/held"}
	past := time.Now().Add(-2 * time.Hour)
	centre, db, err := h.open(ctx, func() time.Time { return past }, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for id, role := range map[string]gongxin.Role{"court": gongxin.RoleCourtSystem, "zhao": gongxin.RoleOperator} {
		created := gongxin.Millis(past)
		if tokens[id], err = issue(ctx, db, access.Token{ID: id, Role: role, Created: created, Expires: created.AddDate(0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	file, err := io.ReadAll(synthetic.NewPersons(1, first+surge, gongxin.DayOf(past)))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	begin, err := centre.OpenBytes("first.csv", bytes.Join(lines[:first+1], nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := centre.Take(ctx, benchActor, begin, func(intake.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	address := freeAddress(t)
	url := "http://" + address
	start := func() *exec.Cmd {
		t.Helper()
		c := exec.Command("gongxin", "hub", "--data", h.dir, "--listen", address, "--surge-count", "1000", "--surge-share", "0.1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		answers(t, url+"/checkpoint")
		return c
	}
	kill := func(c *exec.Cmd) {
		t.Helper()
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed, and says so
	}
	running := start()
	status, b := send(t, "POST", url+"/v1/intake?name=all.csv", tokens["court"], file)
	var held hub.Held
	if err := json.Unmarshal(b, &held); status != http.StatusAccepted || err != nil || held.Batch.Listings != surge {
		t.Fatalf("not held: %d %s", status, b)
	}
	kill(running) // before anybody has decided: it is held still

	running = start()
	if status, b := send(t, "POST", url+"/v1/batches/"+held.Batch.ID+"/approval", tokens["zhao"], nil); status != http.StatusOK {
		t.Fatalf("not approved: %d %s", status, b)
	}
	kill(running)                                        // between the approval and the end of the application
	for before := uint64(first); before < first+surge; { // and each time that something of it is there
		running = start()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			var at struct{ Sequence uint64 }
			if _, b := send(t, "GET", url+"/v1/gates", tokens["zhao"], nil); json.Unmarshal(b, &at) != nil || time.Now().After(deadline) {
				t.Fatalf("the batch does not go on: %s", b)
			}
			if at.Sequence > before+1 { // the approval is an event too
				break
			}
		}
		kill(running)
		before = inForce(t, h)
		t.Logf("killed with %d in force", before)
	}
	running = start()
	defer kill(running)
	applied := false
	for deadline := time.Now().Add(time.Minute); !applied && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_, b := send(t, "GET", url+"/v1/batches", tokens["zhao"], nil)
		applied = bytes.Contains(b, []byte(`"applied"`))
	}
	if n := inForce(t, h); !applied || n != first+surge {
		t.Errorf("applied %v, %d in force, want %d", applied, n, first+surge)
	}
}

// inForce reads how many listings are in force, beside the hub that runs.
func inForce(t *testing.T, h home) (n uint64) {
	t.Helper()
	_, db, err := h.open(t.Context(), time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		head, err := v.Head(ctx)
		if n = head.Count; err == nil {
			err = v.Check(ctx)
		}
		if err != nil {
			return fmt.Errorf("the register after a kill: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
