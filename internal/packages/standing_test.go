package packages

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/calendar"
)

func TestWhatIsOverdue(t *testing.T) {
	day := gongxin.MustDay("2018-02-01")
	at := day.Start()
	schedule := &Schedule{Every: 5, Unit: calendar.Days, Within: 10}
	made := func(to uint64, due, next string) event {
		return event{At: at, What: eventMade, Gate: "island", Department: "海岛部门", To: to, Made: at.Add(time.Duration(to)), Due: gongxin.MustDay(due), Next: gongxin.MustDay(next)}
	}
	received := func(to uint64) event { return event{At: at, What: eventReceived, Gate: "island", To: to} }
	for _, tt := range []struct {
		name   string
		events []event
		want   string
	}{
		{"nothing was ever made", nil, ""},
		{"scheduled, and none made yet", []event{{At: at.AddDate(0, 0, -3), What: eventScheduled, Gate: "island", Schedule: schedule}}, "package 2018-01-29"},
		{"the receipt may still come", []event{made(5, "2018-02-01", "2018-02-06")}, ""},
		{"the receipt did not come", []event{made(5, "2018-01-31", "2018-02-06")}, "receipt 2018-01-31"},
		{"it came for a later one", []event{made(5, "2018-01-31", ""), made(9, "2018-02-09", ""), received(9)}, ""},
		{"it came for an older one alone", []event{made(5, "2018-01-20", ""), made(9, "2018-01-31", ""), received(5)}, "receipt 2018-01-31"},
		{"the first unconfirmed one tells", []event{made(5, "2018-01-20", ""), made(9, "2018-01-31", "")}, "receipt 2018-01-20"},
		{"the next one is due today", []event{made(5, "2018-02-09", "2018-02-01")}, ""},
		{"the next one was due", []event{made(5, "2018-02-09", "2018-01-31")}, "package 2018-01-31"},
		{"a receipt that disagrees", []event{made(5, "2018-02-09", ""), {At: at, What: eventDisagreed, Gate: "island", To: 5, How: "root"}}, "disagrees 2018-02-01"},
		{"and one that agrees later", []event{made(5, "2018-02-09", ""), {At: at, What: eventDisagreed, Gate: "island", To: 5, How: "root"}, received(5)}, ""},
		{"no schedule any more", []event{{At: at, What: eventScheduled, Gate: "island", Schedule: schedule}, {At: at, What: eventScheduled, Gate: "island", Schedule: &Schedule{Unit: calendar.Days, Within: 10}}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range fold(tt.events) {
				for _, o := range s.Overdue(day) {
					got = append(got, o.What+" "+o.Since.String())
				}
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPackagesAreMadeWhenTheyAreDue(t *testing.T) {
	l := newLog(t) // Tuesday, 2 January 2018
	r, out := l.room(), t.TempDir()
	l.admit("甲某某")
	if err := r.SetSchedule("island", "海岛部门", Schedule{Every: 5, Unit: calendar.Workdays, Within: 10}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} { // once a day is enough
		if all, err := r.MakeDue(context.Background(), out); err != nil || len(all) != want {
			t.Errorf("made %d, want %d: %v", len(all), want, err)
		}
	}
	l.now = gongxin.MustDay("2018-01-08").Start()
	if due, err := r.Due(gongxin.DayOf(l.now)); err != nil || len(due) != 0 {
		t.Errorf("due on the fourth workday: %v, %v", due, err)
	}
	l.now = gongxin.MustDay("2018-01-09").Start()
	if due, err := r.Due(gongxin.DayOf(l.now)); err != nil || len(due) != 1 {
		t.Errorf("due on the fifth workday: %v, %v", due, err)
	}
	for name, s := range map[string]Schedule{"no unit": {Every: 1, Within: 1}, "no time": {Unit: calendar.Days}, "negative": {Every: -1, Unit: calendar.Days, Within: 1}} {
		if err := r.SetSchedule("island", "海岛部门", s); gongxin.CodeOf(err) != "PACKAGE_SCHEDULE" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAJournalSurvivesACrash(t *testing.T) {
	l := newLog(t)
	r := l.room()
	add := func(gate string) error {
		return r.SetSchedule(gate, "部门", Schedule{Unit: calendar.Days, Within: 1})
	}
	for _, gate := range []string{"a", "b"} {
		if err := add(gate); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(r.journal.path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.Index(string(whole), "\n") + 1
	for n := first; n < len(whole); n++ { // cut anywhere within the second line
		if err := os.WriteFile(r.journal.path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if all, err := r.Standings(); err != nil || len(all) != 1 {
			t.Fatalf("cut to %d: %v, %v", n, all, err)
		}
	}
	if err := add("c"); err != nil { // takes the place of what was cut off
		t.Fatal(err)
	}
	if all, err := r.Standings(); err != nil || len(all) != 2 || all[1].Gate != "c" {
		t.Errorf("%v, %v", all, err)
	}
	damaged := []byte(strings.Replace(string(whole), "{", "[", 1))
	if err := os.WriteFile(r.journal.path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Standings(); gongxin.CodeOf(err) != "PACKAGE_JOURNAL" {
		t.Errorf("a damaged line: %v", err)
	}
	if err := add("d"); gongxin.CodeOf(err) != "PACKAGE_JOURNAL" {
		t.Errorf("written behind a damaged line: %v", err)
	}
}

func TestTwoRoomsShareAJournal(t *testing.T) {
	l := newLog(t)
	one := l.room()
	other := *one // as another process would open it
	var wait sync.WaitGroup
	for i := range 20 {
		for _, r := range []*Room{one, &other} {
			wait.Go(func() {
				if err := r.SetSchedule(fmt.Sprintf("gate%d", i), "部门", Schedule{Unit: calendar.Days, Within: 1}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wait.Wait()
	if events, err := one.journal.read(); err != nil || len(events) != 40 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"what\":\"made\",\"gate\":\"a\"}\n{\"what\":\"scheduled\",\"gate\":\"a\"}\n"))
	f.Add([]byte("{\"what\":\"received\",\"gate\":\"a\",\"to\":3}\n{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		j := journal{t.TempDir() + "/journal.jsonl"}
		if err := os.WriteFile(j.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		events, err := j.read()
		if err != nil {
			if gongxin.CodeOf(err) != "PACKAGE_JOURNAL" {
				t.Errorf("got %v", err)
			}
			return
		}
		fold(events)
	})
}
