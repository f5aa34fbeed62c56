package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
	"gongxin/ledger"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// A clock is turned by hand.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.at.Load()).UTC() }

// on turns c to nine in the morning of day.
func (c *clock) on(day gongxin.Day) { c.at.Store(day.Start().Add(9 * time.Hour).UnixMilli()) }

// A court is several hubs on one database, with the people of 苏0505.
type court struct {
	*testing.T
	clock
	url    string
	policy *policy.Policy
	secret string // of the log
	key    string
}

var (
	courtClerk = gongxin.Actor{ID: "clerk@苏0505", Role: gongxin.RoleClerk, Court: gongxin.MustCourtCode("苏0505")}
	courtJudge = gongxin.Actor{ID: "judge@苏0505", Role: gongxin.RoleJudge, Court: gongxin.MustCourtCode("苏0505")}
)

func newCourt(t *testing.T, url string) *court {
	t.Helper()
	c := &court{T: t, url: url, policy: always(t)}
	var err error
	if c.secret, c.key, err = ledger.GenerateKey(storetest.Origin, rand.Reader); err != nil {
		t.Fatal(err)
	}
	return c
}

// always is the policy of the document as if its rules had always been in force, so
// that there are deadlines in January 2017.
func always(t *testing.T) *policy.Policy {
	t.Helper()
	rules, err := os.ReadFile("../policy/data/rules.csv")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(strings.NewReader(strings.NewReplacer(",2017-02-04,", ",,", ",2017-03-01,", ",,").Replace(string(rules))), policy.Opinion)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hub starts one more hub, with its own jobs.
func (c *court) hub(days *calendar.Calendar) *overseer {
	c.Helper()
	signer, err := ledger.NewSigner(c.secret)
	if err != nil {
		c.Fatal(err)
	}
	options := storetest.Options()
	options.Sign, options.Now = signer.Sign, c.now
	db, err := store.Open(c.Context(), c.url, options)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		if err := db.Close(); err != nil {
			c.Error(err)
		}
	})
	r := register.New(register.Config{Writer: NewWriter(db), Policy: c.policy, Calendar: days, Courts: courts.Embedded(), Now: c.now, Random: rand.Reader})
	h, err := New(Config{Store: db, Register: r, Courts: courts.Embedded(), Policy: c.policy, Calendar: days, VerifierKey: c.key, Dir: c.TempDir(), Now: c.now, Random: rand.Reader})
	if err != nil {
		c.Fatal(err)
	}
	return &overseer{hub: h}
}

// listed puts one listing of 苏0505 in force, of one subject in the case n.
func (c *court) listed(h *Hub, n int) gongxin.ListingID {
	c.Helper()
	return c.listedBy(h, courtJudge.Court, n)
}

func (c *court) listedBy(h *Hub, code gongxin.CourtCode, n int) gongxin.ListingID {
	c.Helper()
	entry := c.entry(h, code, n)
	taken, err := h.Register.Take(c.Context(), gongxin.Actor{ID: "system@" + code.String(), Role: gongxin.RoleCourtSystem, Court: code},
		[]register.Submission{{Entry: &entry, Digest: [32]byte{byte(n + 1)}}})
	if err != nil || taken[0].Err != nil {
		c.Fatal(err, taken)
	}
	return taken[0].Listing
}

// entry is that of the one subject in the case n of a court.
func (c *court) entry(h *Hub, code gongxin.CourtCode, n int) gongxin.Entry {
	c.Helper()
	number, _, err := identity.Parse("320000198001010018") // never issued
	if err != nil {
		c.Fatal(err)
	}
	today := gongxin.DayOf(c.now())
	e := gongxin.Entry{
		Court: code, CourtName: h.courtName(code), Case: gongxin.MustCaseNumber(fmt.Sprintf("（2016）%s执%d号", code, n+1)),
		Subject: gongxin.Subject{Name: "赵试样", Number: number, Sex: number.Sex()}, Basis: "（2015）虎民初字第1号", BasisBody: h.courtName(code),
		Obligation: "给付", Performance: "全部未履行", Conduct: "有履行能力而拒不履行", Published: today, Filed: today.Add(-30),
	}
	e.Subject.Age, _ = e.Subject.AgeOn(today)
	return e
}

func (c *court) do(h *Hub, command register.Command) {
	c.Helper()
	if _, err := h.Register.Do(c.Context(), command); err != nil {
		c.Fatal(err)
	}
}

func (c *court) object(h *Hub, l gongxin.ListingID) {
	c.Helper()
	c.do(h, register.Object{Listing: l, Reason: "已经履行", By: courtClerk})
}

// story is what the jobs are for: of four objections, all filed before the Spring
// Festival of 2017 (27 January to 2 February, whose Saturday 4 February is worked),
// two stay open, one is reviewed in time and one the morning after the downtime.
// run does the jobs of a day; between, no job runs at all.
func (c *court) story(h *Hub, run func(), daily bool) (listings []gongxin.ListingID) {
	day := gongxin.MustDay
	c.on(day("2017-01-23"))
	for n := range 4 {
		listings = append(listings, c.listed(h, n))
	}
	c.on(day("2017-01-24"))
	for _, l := range listings {
		c.object(h, l)
	}
	c.on(day("2017-01-25"))
	c.do(h, register.Review{Listing: listings[2], Reason: "理由不成立", By: courtJudge})
	run()
	for at := day("2017-01-26"); at < day("2017-02-17"); at = at.Add(1) {
		c.on(at)
		if daily {
			run()
		}
	}
	c.on(day("2017-02-17")) // the eleventh working day after 3 February
	if daily {
		run()
	}
	c.do(h, register.Review{Listing: listings[3], Reason: "理由不成立", By: courtJudge})
	run()
	return listings
}

// recorded is which lapses and notes there are, by the number of the listing.
func (c *court) recorded(h *Hub, listings []gongxin.ListingID) string {
	c.Helper()
	var lines []string
	err := h.Store.Read(c.Context(), func(ctx context.Context, v *store.View) error {
		for n, l := range listings {
			events, err := v.Events(ctx, l)
			if err != nil {
				return err
			}
			for _, e := range events {
				if e.Event.Kind == gongxin.DeadlineLapsed {
					lines = append(lines, fmt.Sprintf("%d: %s lapsed, due %s, by %s", n, e.Event.Duty, e.Event.On, e.Event.By.ID))
				}
			}
		}
		notes, err := v.Escalations(ctx, nil, 1000)
		for _, e := range notes {
			lines = append(lines, fmt.Sprintf("%d: %s of %s told to %s, level %d", slices.Index(listings, e.Listing), e.Kind, e.Court, e.To, e.Level))
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// The due day is 3 February: the third day after 24 January falls into the festival.
const afterTheFestival = `0: review lapsed, due 2017-02-03, by hub
0: review of 苏0505 told to 苏, level 2
0: review of 苏0505 told to 苏05, level 1
1: review lapsed, due 2017-02-03, by hub
1: review of 苏0505 told to 苏, level 2
1: review of 苏0505 told to 苏05, level 1
3: review lapsed, due 2017-02-03, by hub
3: review of 苏0505 told to 苏, level 2
3: review of 苏0505 told to 苏05, level 1`

func TestThreeWeeksOfDowntimeOverTheSpringFestivalChangeNothing(t *testing.T) {
	t.Run("with a run every day", func(t *testing.T) {
		c := newCourt(t, storetest.SQLite(t))
		o := c.hub(calendar.Embedded())
		listings := c.story(o.hub, func() {
			if err := o.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, true)
		if got := c.recorded(o.hub, listings); got != afterTheFestival {
			t.Errorf("recorded:\n%s\nwant:\n%s", got, afterTheFestival)
		}
	})
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := newCourt(t, url)
		writer := c.hub(calendar.Embedded())
		var hubs []*overseer
		listings := c.story(writer.hub, func() {
			// Each run is that of two hubs that start anew on one database, at once, twice.
			hubs = []*overseer{c.hub(calendar.Embedded()), c.hub(calendar.Embedded())}
			var all sync.WaitGroup
			for range 2 {
				for _, o := range hubs {
					all.Go(func() {
						if err := o.hub.lapses(t.Context()); err != nil {
							t.Error(err)
						}
						if err := o.hub.recount(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
			for _, o := range hubs {
				all.Go(func() {
					if err := o.escalate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}, false)
		if got := c.recorded(writer.hub, listings); got != afterTheFestival {
			t.Errorf("recorded:\n%s\nwant:\n%s", got, afterTheFestival)
		}
		before, err := writer.hub.head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range append(hubs, writer) {
			if err := o.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if after, err := writer.hub.head(t.Context()); err != nil || after.Size != before.Size {
			t.Errorf("runs with nothing to do moved the ledger from %d to %d: %v", before.Size, after.Size, err)
		}
		if got := c.recorded(writer.hub, listings); got != afterTheFestival {
			t.Errorf("after runs with nothing to do:\n%s", got)
		}
	})
}

func TestADeadlineOfAnUnknownYearIsCountedOnceTheCalendarKnowsIt(t *testing.T) {
	old, err := calendar.Parse(strings.NewReader("date,name,kind\n2016-01-01,元旦,off\n2016-05-01,劳动节,off\n2016-10-01,国庆节,off\n"))
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := newCourt(t, url)
		before := c.hub(old)
		c.on(gongxin.MustDay("2017-01-23"))
		l := c.listed(before.hub, 0)
		c.object(before.hub, l)
		for range 2 {
			if err := before.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want := func(h *Hub, due string) {
			t.Helper()
			err := h.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error {
				duties, err := v.OpenDuties(ctx, store.DutyFilter{Listing: l}, 10)
				if len(duties) != 1 || duties[0].Due.String() != due || duties[0].Rule != policy.Review {
					t.Errorf("duties %+v, want one due %q", duties, due)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want(before.hub, "")

		// The new release comes late: what it counts has lapsed already.
		c.on(gongxin.MustDay("2017-02-06"))
		after := c.hub(calendar.Embedded())
		for range 2 {
			if err := after.run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want(after.hub, "2017-01-26")
		want2 := "0: review lapsed, due 2017-01-26, by hub\n0: review of 苏0505 told to 苏05, level 1"
		if got := c.recorded(after.hub, []gongxin.ListingID{l}); got != want2 {
			t.Errorf("recorded:\n%s\nwant:\n%s", got, want2)
		}
	})
}

func TestOneDutyThatCannotLapseKeepsNoOtherBack(t *testing.T) {
	c := newCourt(t, storetest.SQLite(t))
	o := c.hub(calendar.Embedded())
	c.on(gongxin.MustDay("2017-01-23"))
	listings := []gongxin.ListingID{c.listed(o.hub, 0), c.listed(o.hub, 1)}
	for _, l := range listings {
		c.object(o.hub, l)
	}
	ghost, err := gongxin.NewListingID(c.now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	err = o.hub.Store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDuty(ctx, gongxin.Duty{Listing: ghost, Kind: gongxin.DutyReview, Opened: 1, Rule: policy.Review, Since: gongxin.MustDay("2017-01-01"), Due: gongxin.MustDay("2017-01-04")})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.on(gongxin.MustDay("2017-02-06"))
	if err := o.run(t.Context()); gongxin.CodeOf(err) != "UNKNOWN_LISTING" {
		t.Errorf("the duty of nobody: %v", err)
	}
	if got := c.recorded(o.hub, listings); strings.Count(got, "lapsed") != 2 || strings.Count(got, "level 1") != 2 {
		t.Errorf("recorded:\n%s", got)
	}
}
