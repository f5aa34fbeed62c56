package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gongxin"
)

// childAlerts names the file of alerts to the child of the kill test.
const childAlerts = "GONGXIN_TEST_GATE_ALERTS"

// TestKillAtAnyInstantLosesNoAlert kills a gate that watches at random instants while
// the list changes. After each kill, once it has caught up, open alerts are those
// of watched subjects who are listed; at the end the file holds each message once.
func TestKillAtAnyInstantLosesNoAlert(t *testing.T) {
	const kills = 30
	h := newHub(t)
	published, dir, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "alerts.ndjson")
	t.Setenv(childAlerts, file)
	config := func() Config {
		c := h.offline(dir, published)
		c.Alerts = file
		return c
	}
	listed := map[int]gongxin.ListingID{}
	r := rand.New(rand.NewPCG(5, 6))
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
	g := reopened(t, config())
	h.catchUp(t, g)
	for n := range people {
		if n%2 == 0 {
			g.watch(t, holder(n))
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for kill := range kills {
		h.killed(t, dir, published, kill%3 > 0, time.Duration(r.IntN(60))*time.Millisecond, change)
		c := config()
		c.Random = &seedReader{uint64(kill+1) << 40} // references are new ones
		g := reopened(t, c)
		h.catchUp(t, g)
		var want []string
		for n, id := range listed {
			if n%2 == 0 {
				want = append(want, holder(n).Subject+" "+id.String())
			}
		}
		open, err := g.Alerts(t.Context(), stateOpen, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range open {
			got = append(got, a.Subject+" "+a.Listing)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("after kill %d: open %q, want %q", kill+1, got, want)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}

	g = reopened(t, config())
	for more := true; more; {
		var err error
		if more, err = g.noteSome(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := query(t.Context(), g.outcomes.db, scanAlert, readAlerts)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, a := range rows {
		want = append(want, a.reference+"."+kindAlert)
		if !a.open() {
			want = append(want, a.reference+"."+kindClosed)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var m Message
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("a torn line: %q", line)
		}
		got = append(got, m.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the file holds %d messages, want %d: %q, %q", len(got), len(want), got, want)
	}
	if len(rows) < kills/3 {
		t.Errorf("only %d alerts: the test shows little", len(rows))
	}
	t.Log(fmt.Sprint(len(rows), " alerts, sequence ", h.size()))
}

// A kill right after subjects were taken, before they were held against the list,
// leaves them on record: they are held against it when the gate is back.
func TestAKillBetweenTakingASubjectAndLookingIsMadeGood(t *testing.T) {
	h, _, c := watched(t)
	h.admit(entry(t, 0))
	g := reopened(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(1))
	for range 2 { // closed in order in between, with all held against the list
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		g = reopened(t, c)
	}
	row, _, err := g.watchedRow(holder(0))
	if err != nil {
		t.Fatal(err)
	}
	row.by, row.at = "赵", noon
	if _, _, err := g.outcomes.watch(t.Context(), []watchedRow{row}); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(t.TempDir(), "gate")
	copyDir(t, c.Dir, killed)
	c.Dir = killed
	g = h.openWith(t, c)
	h.catchUp(t, g)
	g.wantAlerts(t, "the gate is back", "许可-000 block open")
}
