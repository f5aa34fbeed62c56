package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
)

// TestOpenAlertsAreThoseWatchedWhoAreListed walks random histories of a list, of who
// is watched, of restarts, kills and lists fetched anew. Once the gate is where the
// hub is, the open alerts are those that a naive join gives, and each pair was
// told of by turns: raised, closed, raised …
func TestOpenAlertsAreThoseWatchedWhoAreListed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := newHub(t)
		c := h.config(t.TempDir())
		c.MaxAge = 20_000 * time.Hour
		g := reopened(t, c)
		h.catchUp(t, g)
		defer func() { _ = g.Close() }()

		const persons = 5
		inForce := map[gongxin.ListingID]int{} // whose it is
		suspended := map[gongxin.ListingID]int{}
		watching := map[string]Watch{} // by reference
		person := rapid.IntRange(0, persons-1)
		pick := func(from map[gongxin.ListingID]int) (gongxin.ListingID, bool) {
			ids := slices.SortedFunc(maps.Keys(from), func(a, b gongxin.ListingID) int { return slices.Compare(a[:], b[:]) })
			if len(ids) == 0 {
				return gongxin.ListingID{}, false
			}
			return rapid.SampledFrom(ids).Draw(r, "listing"), true
		}
		case0 := 0
		content := func(n int) *gongxin.Entry {
			case0++
			e := entry(t, n)
			e.Case = gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", 100+case0))
			return e
		}
		check := func() {
			h.catchUp(t, g)
			var want []string
			for id, n := range inForce {
				for _, w := range watching {
					if w.Number == citizen(n) {
						what := whatRefer
						if w.Name == nameOf(n) {
							what = whatBlock
						}
						want = append(want, w.Subject+" "+id.String()+" "+what)
					}
				}
			}
			open, err := g.Alerts(t.Context(), stateOpen, "", 10_000)
			if err != nil {
				r.Fatal(err)
			}
			var got []string
			for _, a := range open {
				got = append(got, a.Subject+" "+a.Listing+" "+a.What)
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				r.Fatalf("open: %q\nwant: %q", got, want)
			}
			if n := g.Status().AlertsOpen; n != len(want) {
				r.Fatalf("the status says %d, want %d", n, len(want))
			}
		}
		reopen := func() {
			if err := g.Close(); err != nil {
				r.Fatal(err)
			}
			g = reopened(t, c)
		}
		r.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {},
			"list": func(*rapid.T) {
				n := person.Draw(r, "person")
				inForce[h.admit(content(n))] = n
			},
			"withdraw": func(*rapid.T) {
				if id, ok := pick(inForce); ok {
					h.withdraw(id)
					delete(inForce, id)
				}
			},
			"correct": func(*rapid.T) {
				if id, ok := pick(inForce); ok {
					n := person.Draw(r, "person")
					h.correct(id, content(n))
					inForce[id] = n
				}
			},
			"suspend": func(*rapid.T) {
				if id, ok := pick(inForce); ok {
					h.suspend(id)
					h.sign()
					suspended[id] = inForce[id]
					delete(inForce, id)
				}
			},
			"resume": func(*rapid.T) {
				if id, ok := pick(suspended); ok {
					h.resume(id, content(suspended[id]))
					h.sign()
					inForce[id] = suspended[id]
					delete(suspended, id)
				}
			},
			"watch": func(*rapid.T) {
				n := person.Draw(r, "person")
				w := holder(n)
				w.Subject = fmt.Sprintf("许可-%d", rapid.IntRange(0, 3).Draw(r, "reference"))
				if rapid.Bool().Draw(r, "another name") {
					w.Name = "李四"
				}
				g.watch(t, w)
				watching[w.Subject] = w
			},
			"unwatch": func(*rapid.T) {
				subject := fmt.Sprintf("许可-%d", rapid.IntRange(0, 3).Draw(r, "reference"))
				if _, ok := watching[subject]; ok {
					if _, err := g.Unwatch(t.Context(), subject, "", "赵"); err != nil {
						r.Fatal(err)
					}
					delete(watching, subject)
				}
			},
			"follow":  func(*rapid.T) { check() },
			"restart": func(*rapid.T) { reopen() },
			"kill": func(*rapid.T) { // what the record noted of how far it was held is as if it were not
				g.watched.mu.Lock()
				g.watched.behind = true
				g.watched.mu.Unlock()
				reopen()
			},
			"fetch anew": func(*rapid.T) {
				h.snapshot()
				if err := g.fetchAnew(t.Context()); err != nil {
					r.Fatal(err)
				}
				g.settle(t.Context(), false)
			},
		})
		check()
		var told []string
		all, err := query(t.Context(), g.outcomes.db, scanAlert, readAlerts+` ORDER BY at`)
		if err != nil {
			r.Fatal(err)
		}
		for _, a := range all {
			told = append(told, strings.Join([]string{a.subject, a.listing.String(), a.what, a.why}, " "))
			if !a.open() && a.closedBy < a.sequence {
				r.Fatalf("closed before it was raised: %+v", a)
			}
		}
		t.Log(len(told), "alerts")
	})
}
