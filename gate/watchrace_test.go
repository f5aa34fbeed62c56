package gate

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"gongxin"
)

// Subjects come and go and are asked about from many goroutines while the list
// changes: once both rest, the open alerts are those who are watched and listed.
func TestSubjectsAreWatchedWhileTheListChanges(t *testing.T) {
	const persons = 8
	h, _, c := watched(t)
	g := h.openWith(t, c)
	h.catchUp(t, g)
	run(t, g)
	listed := map[int]gongxin.ListingID{}
	var mu sync.Mutex
	watching := map[string]int{} // subject → person
	var all sync.WaitGroup
	for worker := range 3 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 1))
			for i := range 40 {
				n := r.IntN(persons)
				w := holder(n)
				w.Subject = fmt.Sprintf("许可-%d-%d", worker, r.IntN(3))
				mu.Lock()
				_, known := watching[w.Subject]
				mu.Unlock()
				if known && r.IntN(3) == 0 {
					if _, err := g.Unwatch(t.Context(), w.Subject, "", "赵"); err != nil {
						t.Error(err)
					}
					mu.Lock()
					delete(watching, w.Subject)
					mu.Unlock()
					continue
				}
				if _, err := g.Watch(t.Context(), []Watch{w}, "赵"); err != nil {
					t.Error(err)
				}
				mu.Lock()
				watching[w.Subject] = n
				mu.Unlock()
				if i%10 == 0 {
					g.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/alerts?state=open", nil))
				}
			}
		})
	}
	all.Go(func() {
		r := rand.New(rand.NewPCG(9, 9))
		for range 60 {
			n := r.IntN(persons)
			if id, ok := listed[n]; ok {
				if r.IntN(2) == 0 {
					if _, err := g.RememberDifference(t.Context(), Different{Listing: id, Number: citizen(n), Name: "李四", Reason: "x", By: "赵"}); err != nil && gongxin.CodeOf(err) != "DIFFERENCE_NOT_LISTED" {
						t.Error(err)
					}
				}
				h.withdraw(id)
				delete(listed, n)
			} else {
				listed[n] = h.admit(entry(t, n))
			}
			if _, err := g.Screen(t.Context(), Query{Scenario: "flight", Number: citizen(n), Name: "李四"}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	var want []string
	for subject, n := range watching {
		if id, ok := listed[n]; ok {
			want = append(want, subject+" "+id.String())
		}
	}
	slices.Sort(want)
	until(t, "the open alerts are those who are watched and listed", func() bool {
		open, err := g.Alerts(t.Context(), stateOpen, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range open {
			got = append(got, a.Subject+" "+a.Listing)
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}
