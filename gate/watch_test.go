package gate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
)

// watched is a hub, an office with a webhook and a file of alerts, and a gate between them.
func watched(t *testing.T) (*hub, *office, Config) {
	t.Helper()
	h, o, _, c := hooked(t)
	c.Alerts = filepath.Join(t.TempDir(), "alerts.ndjson")
	return h, o, c
}

// holder is the n-th person with a licence.
func holder(n int) Watch {
	return Watch{Subject: fmt.Sprintf("许可-%03d", n), Scenario: "建筑业资质", Number: citizen(n), Name: nameOf(n)}
}

// watch lets g watch subjects, and wants each taken.
func (g *Gate) watch(t testing.TB, subjects ...Watch) []WatchResult {
	t.Helper()
	results, err := g.Watch(t.Context(), subjects, "赵科长")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.State == stateTurnedDown {
			t.Fatalf("%+v", r)
		}
	}
	return results
}

// alerts says what is on record: subject, what, state and why, sorted.
func (g *Gate) alerts(t testing.TB) (said []string) {
	t.Helper()
	for _, state := range []string{stateOpen, stateClosed} {
		all, err := g.Alerts(t.Context(), state, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			line := a.Subject + " " + a.What + " " + a.State
			if a.Because != nil {
				line += " " + a.Because.Code
			}
			said = append(said, line)
		}
	}
	slices.Sort(said)
	return said
}

func (g *Gate) wantAlerts(t testing.TB, why string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := g.alerts(t); !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", why, got, want)
	}
}

// toldTo returns kind and state of the messages that the office took and the file
// holds, which have to be the same.
func (g *Gate) toldTo(t *testing.T, o *office) []string {
	t.Helper()
	g.callOnce(t, newCaller())
	for more := true; more; {
		var err error
		if more, err = g.noteSome(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var posted, written []string
	for _, m := range o.taken {
		posted = append(posted, m.ID)
	}
	b, err := os.ReadFile(g.config.Alerts)
	if err != nil && len(posted) > 0 {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		id, _, _ := strings.Cut(strings.TrimPrefix(string(line), `{"id":"`), `"`)
		written = append(written, id)
	}
	if !slices.Equal(posted, written) || o.repeated > 0 {
		t.Errorf("the webhook had %q (%d repeated), the file %q", posted, o.repeated, written)
	}
	var told []string
	for _, m := range o.taken {
		told = append(told, m.Subject+" "+m.Kind+" "+m.What)
	}
	return told
}

func TestAWatchedSubjectIsToldOfWhenItIsListedAndWhenItIsNoMore(t *testing.T) {
	h, o, c := watched(t)
	g := h.openWith(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0), holder(1))
	g.wantAlerts(t, "nobody is listed")
	id := h.admit(entry(t, 0))
	h.catchUp(t, g)
	g.wantAlerts(t, "listed", "许可-000 block open")
	if s := g.Status(); s.Watched != 2 || s.AlertsOpen != 1 || s.AlertsWaiting != 1 {
		t.Errorf("status: %+v", s)
	}
	a, err := g.Alerts(t.Context(), stateWaiting, "", 10)
	if err != nil || len(a) != 1 {
		t.Fatal(a, err)
	}
	if a[0].Listing != id.String() || a[0].Sequence != 1 || a[0].Scenario != "建筑业资质" || !a[0].At.Equal(noon) || !strings.HasPrefix(a[0].Reference, "A-railway-20170401-") {
		t.Errorf("%+v", a[0])
	}
	seen, err := g.AcknowledgeAlert(t.Context(), a[0].Reference, "李科长", "已约谈")
	if err != nil || seen.Seen == nil || seen.Seen.By != "李科长" || g.Status().AlertsWaiting != 0 {
		t.Errorf("%+v, %v", seen, err)
	}
	if again, err := g.AcknowledgeAlert(t.Context(), a[0].Reference, "王科长", ""); err != nil || again.Seen.By != "李科长" {
		t.Errorf("the first stands: %+v, %v", again, err)
	}

	h.withdraw(id)
	h.catchUp(t, g)
	g.wantAlerts(t, "withdrawn", "许可-000 block closed ENDED_WITHDRAWN")
	if s := g.Status(); s.AlertsOpen != 0 || s.AlertsWaiting != 1 {
		t.Errorf("that it is closed has to be seen by who saw it open: %+v", s)
	}
	if undone, err := g.AcknowledgeAlert(t.Context(), a[0].Reference, "李科长", "已恢复"); err != nil || undone.Undone == nil || g.Status().AlertsWaiting != 0 {
		t.Errorf("%+v, %v", undone, err)
	}
	if told := g.toldTo(t, o); !slices.Equal(told, []string{"许可-000 alert block", "许可-000 alert_closed block"}) {
		t.Errorf("told %q", told)
	}
	if s := g.Status().Webhook; s.Waiting != 0 {
		t.Errorf("webhook: %+v", s)
	}
	if len(h.outcomes)+len(h.petitions) != 0 || g.Status().Outbox != 0 {
		t.Errorf("the hub learned of it: %v %v", h.outcomes, h.petitions)
	}
}

func TestAnAlertIsErasedAfterTheRetentionTerm(t *testing.T) {
	h, o, c := watched(t)
	g := reopened(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0), holder(1))
	id := h.admit(entry(t, 0))
	h.admit(entry(t, 1))
	h.catchUp(t, g)
	h.withdraw(id)
	h.catchUp(t, g)
	g.wantAlerts(t, "one of each", "许可-000 block closed ENDED_WITHDRAWN", "许可-001 block open")
	later := func() {
		h.clock.move(6 * 366 * 24 * time.Hour)
		h.sign()
		h.catchUp(t, g)
	}
	later()
	g.wantAlerts(t, "nobody was told yet", "许可-000 block closed ENDED_WITHDRAWN", "许可-001 block open")
	g.toldTo(t, o)
	later()
	g.wantAlerts(t, "after the term", "许可-001 block open")
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	reopened(t, c) // the record adds up
}

func TestOneWhoIsWatchedLaterIsHeldAgainstTheListAtOnce(t *testing.T) {
	h, _, c := watched(t)
	for n := range 4 {
		h.admit(entry(t, n))
	}
	g := h.openWith(t, c)
	h.catchUp(t, g)
	other, nameless := holder(1), holder(2)
	other.Name, nameless.Name = "李四", ""
	post := holder(0)
	post.Scenario = "行业协会任职"
	results := g.watch(t, holder(0), other, nameless, holder(9), post, holder(0))
	for i, want := range []int{1, 1, 1, 0, 1, 1} {
		if results[i].Alerts != want {
			t.Errorf("subject %d: %+v, want %d alerts", i, results[i], want)
		}
	}
	if results[5].State != stateUnchanged || results[0].State != stateWatched {
		t.Errorf("the same again: %+v", results[5])
	}
	g.wantAlerts(t, "watched", "许可-000 block open", "许可-000 block open", "许可-001 refer open", "许可-002 refer open")

	// Another number under the same reference is another person.
	replaced := holder(0)
	replaced.Number, replaced.Name = citizen(3), nameOf(3)
	if r := g.watch(t, replaced, other); r[0].State != stateReplaced || r[0].Alerts != 1 || r[1].State != stateUnchanged {
		t.Errorf("%+v", r)
	}
	g.wantAlerts(t, "replaced", "许可-000 block closed ALERT_REPLACED", "许可-000 block open", "许可-000 block open", "许可-001 refer open", "许可-002 refer open")
	other.Name = nameOf(1)
	g.watch(t, other)
	g.wantAlerts(t, "the name put right", "许可-000 block closed ALERT_REPLACED", "许可-000 block open", "许可-000 block open", "许可-001 block open",
		"许可-001 refer closed ALERT_CHANGED", "许可-002 refer open")
	if n, err := g.Unwatch(t.Context(), "许可-000", "", "赵科长"); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	g.wantAlerts(t, "watched no more", "许可-000 block closed ALERT_REPLACED", "许可-000 block closed ALERT_UNWATCHED", "许可-000 block closed ALERT_UNWATCHED",
		"许可-001 block open", "许可-001 refer closed ALERT_CHANGED", "许可-002 refer open")
	if _, err := g.Unwatch(t.Context(), "许可-000", "", "赵科长"); gongxin.CodeOf(err) != "WATCH_UNKNOWN" {
		t.Error(err)
	}
}

func TestAnAlertFollowsItsListing(t *testing.T) {
	h, o, c := watched(t)
	g := h.openWith(t, c)
	g.watch(t, holder(0), holder(1))
	e := entry(t, 0)
	e.Until = gongxin.MustDay("2017-04-05")
	id := h.admit(e)
	h.catchUp(t, g)
	g.wantAlerts(t, "in force", "许可-000 block open")
	h.suspend(id)
	h.sign()
	h.catchUp(t, g)
	g.wantAlerts(t, "suspended", "许可-000 block closed ENDED_SUSPENDED")
	h.resume(id, e)
	h.sign()
	h.catchUp(t, g)
	g.wantAlerts(t, "in force again", "许可-000 block closed ENDED_SUSPENDED", "许可-000 block open")

	longer := *e
	longer.Until = gongxin.MustDay("2017-04-09")
	h.event(gongxin.Event{Kind: gongxin.TermExtended, Listing: id, Entry: &longer})
	h.sign()
	h.catchUp(t, g)
	h.clock.move(7 * 24 * time.Hour) // past the first end
	h.sign()
	h.catchUp(t, g)
	g.wantAlerts(t, "extended", "许可-000 block closed ENDED_SUSPENDED", "许可-000 block open")

	corrected := entry(t, 1) // to the other one
	corrected.Until = longer.Until
	h.correct(id, corrected)
	h.catchUp(t, g)
	g.wantAlerts(t, "corrected", "许可-000 block closed ENDED_CORRECTED", "许可-000 block closed ENDED_SUSPENDED", "许可-001 block open")
	h.clock.move(5 * 24 * time.Hour)
	g.settle(t.Context(), false) // the hub's own event is on its way
	g.wantAlerts(t, "the term has passed", "许可-000 block closed ENDED_CORRECTED", "许可-000 block closed ENDED_SUSPENDED", "许可-001 block closed ENDED_TERM")
	if told := g.toldTo(t, o); len(told) != 6 {
		t.Errorf("told %q", told)
	}
}

func TestAStaleGateRaisesNothingAndStillCloses(t *testing.T) {
	h, _, c := watched(t)
	c.MaxAge = time.Hour
	g := h.openWith(t, c)
	g.watch(t, holder(0), holder(1), holder(2))
	first := h.admit(entry(t, 0))
	h.catchUp(t, g)
	second := h.admit(entry(t, 1))
	h.withdraw(first)
	h.clock.move(2 * time.Hour) // what it gets now is old
	h.catchUp(t, g)
	g.wantAlerts(t, "stale", "许可-000 block closed ENDED_WITHDRAWN")
	if r := g.watch(t, Watch{Subject: "职务-1", Scenario: "任职", Number: citizen(1), Name: nameOf(1)}); r[0].Alerts != 0 {
		t.Errorf("%+v", r)
	}
	h.sign()
	h.catchUp(t, g)
	g.wantAlerts(t, "fresh again", "许可-000 block closed ENDED_WITHDRAWN", "许可-001 block open", "职务-1 block open")
	h.withdraw(second)
	h.clock.move(2 * time.Hour)
	h.catchUp(t, g)
	g.wantAlerts(t, "stale again", "许可-000 block closed ENDED_WITHDRAWN", "许可-001 block closed ENDED_WITHDRAWN", "职务-1 block closed ENDED_WITHDRAWN")
}

// A kill between the list and the alerts leaves an older record: what it lacks is
// made good, and nothing is told twice.
func TestAKillBetweenListAndAlertsIsMadeGood(t *testing.T) {
	h, o, c := watched(t)
	g := reopened(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0), holder(1))
	first := h.admit(entry(t, 0))
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(c.Dir, outcomesFile))
	if err != nil {
		t.Fatal(err)
	}
	g = reopened(t, c)
	h.withdraw(first)
	h.admit(entry(t, 1))
	h.catchUp(t, g)
	told := g.toldTo(t, o)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 {
		t.Errorf("told %q", told)
	}
	o.set(func() { o.taken = o.taken[:0] })
	put(t, filepath.Join(c.Dir, outcomesFile), before)
	put(t, c.Alerts, nil)
	g = h.openWith(t, c)
	h.catchUp(t, g)
	g.wantAlerts(t, "made good", "许可-000 block closed ENDED_SOMEHOW", "许可-001 block open")
	if told := g.toldTo(t, o); !slices.Equal(told, []string{"许可-000 alert block", "许可-000 alert_closed block", "许可-001 alert block"}) {
		t.Errorf("told %q", told)
	}
}

func TestAListFetchedAnewIsHeldAgainstAllAndNothingIsToldTwice(t *testing.T) {
	h, o, c := watched(t)
	g := reopened(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0), holder(1), holder(2))
	ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(entry(t, 1))}
	h.catchUp(t, g)
	h.withdraw(ids[0])
	h.admit(entry(t, 2))
	h.snapshot()
	if err := g.fetchAnew(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.settle(t.Context(), false)
	g.wantAlerts(t, "fetched anew", "许可-000 block closed ENDED_SOMEHOW", "许可-001 block open", "许可-002 block open")
	for range 3 {
		if err := g.fetchAnew(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.settle(t.Context(), false)
	}
	if told := g.toldTo(t, o); len(told) != 4 {
		t.Errorf("told %q", told)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAGateWithoutAListClosesNothing(t *testing.T) {
	h, o, c := watched(t)
	g := reopened(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0))
	h.admit(entry(t, 0))
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	loseList(t, c.Dir)
	h.set(func() { h.down = true })
	g = h.openWith(t, c)
	g.settle(t.Context(), false)
	g.wantAlerts(t, "the list is lost", "许可-000 block open")
	h.set(func() { h.down = false })
	h.catchUp(t, g)
	g.wantAlerts(t, "it is back", "许可-000 block open")
	if told := g.toldTo(t, o); len(told) != 1 {
		t.Errorf("told %q", told)
	}
}

// A list that had to be fetched again comes step by step where there is no snapshot: that
// a listing is not in it yet closes nothing, what comes in between decides.
func TestAListOnTheWayBackClosesNothing(t *testing.T) {
	h, o, c := watched(t)
	g := reopened(t, c)
	h.admit(entry(t, 5))
	h.catchUp(t, g)
	g.watch(t, holder(0), holder(1))
	h.admit(entry(t, 0))
	gone := h.admit(entry(t, 1))
	h.catchUp(t, g)
	killed := filepath.Join(t.TempDir(), "gate") // before it noted how far it had come
	copyDir(t, c.Dir, killed)
	c.Dir = killed
	loseList(t, c.Dir)
	h.withdraw(gone)
	h.set(func() { h.limit = 1 })
	g = reopened(t, c)
	behind := 0
	for range 10 {
		if _, err := g.FollowOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if g.sequence() < 4 {
			behind++
			g.wantAlerts(t, fmt.Sprint("at sequence ", g.sequence()), "许可-000 block open", "许可-001 block open")
		}
	}
	if behind == 0 {
		t.Error("it never was behind: the test shows nothing")
	}
	g.wantAlerts(t, "where it was", "许可-000 block open", "许可-001 block closed ENDED_WITHDRAWN")
	if told := g.toldTo(t, o); len(told) != 3 {
		t.Errorf("told %q", told)
	}
}

func TestWhoIsWatchedStandsNowhereInClear(t *testing.T) {
	_, _, c := watched(t)
	g := reopened(t, c)
	g.watch(t, Watch{Subject: "任-1", Scenario: "任职", Number: citizen(7), Name: "欧阳澈"})
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(c.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(citizen(7))) || bytes.Contains(b, []byte("欧阳澈")) {
			t.Errorf("%s holds it", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestALostKeyIsToldAndTheSubjectsCanBeHandedInAgain(t *testing.T) {
	h, _, c := watched(t)
	g := reopened(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0), holder(1))
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(c.Dir, keyFile), []byte("damaged"))
	g = h.openWith(t, c)
	if s := g.Status(); s.WatchedLost != 2 || s.LastError == nil || s.LastError.Code != "WATCH_KEY_LOST" {
		t.Errorf("status: %+v", s)
	}
	h.admit(entry(t, 0))
	h.catchUp(t, g)
	if found, err := g.Watched(t.Context(), "", WatchedSubject{}, 10); err != nil || len(found) != 2 || !found[0].Lost {
		t.Errorf("%+v, %v", found, err)
	}
	if r := g.watch(t, holder(0), holder(1)); r[0].State != stateReplaced || r[0].Alerts != 1 || g.Status().WatchedLost != 0 {
		t.Errorf("%+v", r)
	}
	g.wantAlerts(t, "handed in again", "许可-000 block open")
}

func TestWhatCannotBeWatchedIsRejectedByItself(t *testing.T) {
	h, _, c := watched(t)
	g := h.openWith(t, c)
	h.catchUp(t, g)
	for _, tt := range []struct {
		why  string
		in   Watch
		want string
	}{
		{"no number", Watch{Subject: "a", Scenario: "b", Name: "王"}, "WATCH_NUMBER"},
		{"a wrong number", Watch{Subject: "a", Scenario: "b", Number: "320000198001010010"}, "WATCH_NUMBER"},
		{"no reference", Watch{Scenario: "b", Number: citizen(0)}, "WATCH_SUBJECT"},
		{"no kind", Watch{Subject: "a", Number: citizen(0)}, "WATCH_SUBJECT"},
		{"a number for a reference", Watch{Subject: citizen(0), Scenario: "b", Number: citizen(0)}, "REMARK_WITH_NUMBER"},
		{"a reference too long", Watch{Subject: strings.Repeat("许", 65), Scenario: "b", Number: citizen(0)}, "REMARK_TOO_LONG"},
	} {
		results, err := g.Watch(t.Context(), []Watch{tt.in, holder(5)}, "赵")
		if err != nil || results[0].State != stateTurnedDown || results[0].Because.Code != tt.want || results[1].State == stateTurnedDown {
			t.Errorf("%s: %+v, %v", tt.why, results, err)
		}
		if strings.Contains(fmt.Sprint(results), citizen(0)) {
			t.Errorf("%s: it repeats the number: %+v", tt.why, results)
		}
	}
	if _, err := g.Watch(t.Context(), []Watch{holder(0)}, ""); gongxin.CodeOf(err) != "OFFICER_NEEDED" {
		t.Error(err)
	}
	if _, err := g.Watch(t.Context(), make([]Watch, MaxWatch+1), "赵"); gongxin.CodeOf(err) != "WATCH_TOO_MANY" {
		t.Error(err)
	}
}
