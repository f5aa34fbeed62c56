package gate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
)

// law is a ground as an officer would write it.
const law = "《证券法》第一百二十四条"

// blocked is a gate that has restricted the first person, the reference, and the listing.
func blocked(t testing.TB) (h *hub, g *Gate, reference string, id gongxin.ListingID) {
	t.Helper()
	h = newHub(t)
	id = h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	c.MaxAge = 20_000 * time.Hour
	g = h.openWith(t, c)
	h.catchUp(t, g)
	return h, g, g.person(t, 0).Reference, id
}

func TestKeptMeasureStaysUntilItsEndAndIsThenLiftedByItself(t *testing.T) {
	for _, tt := range []struct {
		name    string
		end     func(h *hub, id gongxin.ListingID)
		because string
	}{
		{"withdrawn", func(h *hub, id gongxin.ListingID) { h.withdraw(id) }, endedWithdrawn},
		{"suspended", func(h *hub, id gongxin.ListingID) { h.suspend(id); h.sign() }, endedSuspended},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, g, reference, id := blocked(t)
			k := Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2017-04-10"), By: "李科长"}
			for range 2 { // the same again changes nothing
				if err := g.Keep(t.Context(), k); err != nil {
					t.Fatal(err)
				}
			}
			if r := g.stands(t, reference); r.State != stateInForce || r.Parts[0].Kept == nil || !r.Parts[0].Kept.Since.IsZero() {
				t.Errorf("while listed: %+v", r)
			}
			if s := g.Status(); s.RestrictionsOpen != 1 || s.RestrictionsKept != 0 || s.Outbox != 1 {
				t.Errorf("while listed: %+v", s)
			}
			tt.end(h, id)
			h.catchUp(t, g)
			r := g.stands(t, reference)
			p := r.Parts[0]
			if r.State != stateKept || p.State != stateKept || because(r) != tt.because || p.Kept.Ground != law || p.Kept.Until != k.Until || p.Kept.Since.IsZero() {
				t.Errorf("after the end: %+v", r)
			}
			if d := g.person(t, 0); d.Outcome != gongxin.Clear {
				t.Errorf("a kept measure restricts anew: %s", d.Outcome)
			}
			if s := g.Status(); s.RestrictionsOpen != 0 || s.RestrictionsKept != 1 || s.Lifted != 0 {
				t.Errorf("kept: %+v", s)
			}
			h.set(func() { h.down = true })
			h.clock.t = time.Date(2017, 4, 10, 15, 59, 0, 0, time.UTC) // a minute before midnight in Shanghai
			g.settle(t.Context(), false)
			if r := g.stands(t, reference); r.State != stateKept {
				t.Errorf("on its last day: %+v", r)
			}
			h.clock.move(time.Minute)
			if r := g.stands(t, reference); r.State != stateLifted {
				t.Errorf("the day after, before anything ran: %+v", r)
			}
			for range 2 { // once is enough
				g.settle(t.Context(), false)
			}
			if r := g.stands(t, reference); r.State != stateLifted || because(r) != endedKeep || !r.LiftedAt.Equal(h.clock.t) {
				t.Errorf("the day after: %+v", r)
			}
			h.set(func() { h.down = false })
			run(t, g)
			until(t, "all is reported", func() bool { return g.Status().Outbox == 0 })
			kept, lifted := h.reported(kindKept), h.reported(kindLifted)
			if len(kept) != 1 || kept[0].Reference != reference || kept[0].Ground != law || kept[0].Until != k.Until || kept[0].Sequence != 2 {
				t.Errorf("kept reported: %+v", kept)
			}
			if len(lifted) != 1 || lifted[0].Reference != reference || lifted[0].Ground != "" {
				t.Errorf("lifts reported: %+v", lifted)
			}
			if r := h.reported(kindRestricted); len(r) != 1 || r[0].Ground != "" || !r[0].Until.IsZero() {
				t.Errorf("restriction reported: %+v", r)
			}
		})
	}
}

func TestKeptMeasureEndsThoughTheGateWasDown(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	g, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	reference := g.person(t, 0).Reference
	if err := g.Keep(t.Context(), Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2017-04-02"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	h.clock.move(240 * time.Hour)
	g = h.openWith(t, c)
	if s := g.Status(); s.RestrictionsKept != 0 || s.Lifted != 1 { // before anybody can be told otherwise
		t.Errorf("opened: %+v", s)
	}
	run(t, g)
	until(t, "it is lifted and reported", func() bool { return len(h.reported(kindLifted)) == 1 })
	if s := g.Status(); s.RestrictionsKept != 0 || s.Lifted != 1 {
		t.Errorf("after catching up: %+v", s)
	}
}

// What was stated and is over before the listing ends keeps nothing.
func TestAKeepThatIsOverKeepsNothing(t *testing.T) {
	h, g, reference, id := blocked(t)
	if err := g.Keep(t.Context(), Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2017-04-02"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	h.clock.move(72 * time.Hour)
	g.settle(t.Context(), false)
	if r := g.stands(t, reference); r.State != stateInForce {
		t.Errorf("while the listing is in force: %+v", r)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	if r := g.stands(t, reference); r.State != stateLifted || because(r) != endedWithdrawn {
		t.Errorf("after it ended: %+v", r)
	}
}

func TestAKeptMeasureDoesNotOutlastACorrectionToAnotherPerson(t *testing.T) {
	h, g, reference, id := blocked(t)
	if err := g.Keep(t.Context(), Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2018-04-01"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	h.correct(id, entry(t, 5))
	h.catchUp(t, g)
	if r := g.stands(t, reference); r.State != stateLifted || because(r) != endedCorrected {
		t.Errorf("got %+v", r)
	}
}

func TestASuspensionThatEndsRestrictsAnewBesideWhatIsKept(t *testing.T) {
	h, g, reference, id := blocked(t)
	if err := g.Keep(t.Context(), Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2017-05-01"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	h.suspend(id)
	h.resume(id, entry(t, 0))
	h.sign()
	h.catchUp(t, g)
	second := g.person(t, 0)
	if r := g.stands(t, reference); r.State != stateKept || second.Outcome != gongxin.Block || second.Reference == reference {
		t.Errorf("got %+v and %+v", r, second)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	if r := g.stands(t, reference); r.State != stateKept {
		t.Errorf("the kept one: %+v", r)
	}
	if r := g.stands(t, second.Reference); r.State != stateLifted {
		t.Errorf("the other one: %+v", r)
	}
}

func TestKeepNamesWhatIsMissing(t *testing.T) {
	h, g, reference, id := blocked(t)
	referral := g.ask(t, "flight", citizen(0), "李四").Reference
	day := gongxin.MustDay
	for _, tt := range []struct {
		name string
		k    Keep
		want string
	}{
		{"no such reference", Keep{Reference: "R-railway-20170401-AAAAAAAA", Ground: law, Until: day("2017-05-01"), By: "李"}, "UNKNOWN_REFERENCE"},
		{"no such part", Keep{Reference: reference + "-2", Ground: law, Until: day("2017-05-01"), By: "李"}, "UNKNOWN_REFERENCE"},
		{"no such measure", Keep{Reference: reference, Measure: "3.6.vehicle", Ground: law, Until: day("2017-05-01"), By: "李"}, "UNKNOWN_REFERENCE"},
		{"a referral", Keep{Reference: referral, Ground: law, Until: day("2017-05-01"), By: "李"}, "KEPT_REFERRAL"},
		{"no ground", Keep{Reference: reference, Ground: " ", Until: day("2017-05-01"), By: "李"}, "KEPT_WITHOUT_GROUND"},
		{"hardly a ground", Keep{Reference: reference, Ground: "有法", Until: day("2017-05-01"), By: "李"}, "KEPT_WITHOUT_GROUND"},
		{"no end", Keep{Reference: reference, Ground: law, By: "李"}, "KEPT_WITHOUT_END"},
		{"an end that is past", Keep{Reference: reference, Ground: law, Until: day("2017-03-31"), By: "李"}, "KEPT_WITHOUT_END"},
		{"more than a year", Keep{Reference: reference, Ground: law, Until: day("2018-04-02"), By: "李"}, "KEPT_TOO_LONG"},
		{"nobody", Keep{Reference: reference, Ground: law, Until: day("2017-05-01")}, "OFFICER_NEEDED"},
		{"too many words", Keep{Reference: reference, Ground: strings.Repeat("法", maxGround+1), Until: day("2017-05-01"), By: "李"}, "REMARK_TOO_LONG"},
		{"a citizen number", Keep{Reference: reference, Ground: "关于 " + citizen(3) + " 的决定", Until: day("2017-05-01"), By: "李"}, "REMARK_WITH_NUMBER"},
		{"today", Keep{Reference: reference, Ground: law, Until: day("2017-04-01"), By: "李"}, ""},
		{"a year", Keep{Reference: reference, Measure: "3.6.flight", Ground: law, Until: day("2018-04-01"), By: "李"}, ""},
	} {
		if err := g.Keep(t.Context(), tt.k); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	h.withdraw(id)
	h.catchUp(t, g)
	kept := Keep{Reference: reference, Ground: law, Until: day("2018-04-01"), By: "李"}
	if err := g.Keep(t.Context(), kept); err != nil {
		t.Errorf("the same after the end: %v", err)
	}
	kept.Until = day("2017-12-31")
	if err := g.Keep(t.Context(), kept); gongxin.CodeOf(err) != "KEPT_ALREADY" {
		t.Errorf("otherwise after the end: %v", err)
	}
	second := h.admit(entry(t, 1))
	h.catchUp(t, g)
	late := g.person(t, 1).Reference
	h.withdraw(second)
	h.catchUp(t, g)
	kept.Reference = late
	if err := g.Keep(t.Context(), kept); gongxin.CodeOf(err) != "KEPT_TOO_LATE" {
		t.Errorf("after it was lifted: %v", err)
	}
}

func TestOnePartCanBeKeptAndTheOthersEnd(t *testing.T) {
	h := newHub(t)
	second := entry(t, 1)
	second.Subject = entry(t, 0).Subject
	ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(second)}
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	reference := g.person(t, 0).Reference
	if err := g.Keep(t.Context(), Keep{Reference: reference + "-2", Ground: law, Until: gongxin.MustDay("2017-05-01"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		h.withdraw(id)
	}
	h.catchUp(t, g)
	r := g.stands(t, reference)
	if states := []string{r.Parts[0].State, r.Parts[1].State}; r.State != stateKept || !slices.Equal(states, []string{stateLifted, stateKept}) {
		t.Errorf("got %s: %v", r.State, states)
	}
	kept, err := g.Restrictions(t.Context(), stateKept, "", 10)
	if err != nil || len(kept) != 1 || kept[0].Reference != reference {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	if found, err := g.Restrictions(t.Context(), stateKept, reference, 10); err != nil || len(found) != 0 {
		t.Errorf("after the last: %+v, %v", found, err)
	}
	if found, err := g.Restrictions(t.Context(), stateInForce, "", 10); err != nil || len(found) != 0 {
		t.Errorf("in force: %+v, %v", found, err)
	}
	if _, err := g.Restrictions(t.Context(), "lifted", "", 10); gongxin.CodeOf(err) != "GATE_STATE_UNKNOWN" {
		t.Errorf("another state: %v", err)
	}
}

func FuzzRemarksCarryNoCitizenNumber(f *testing.F) {
	for _, s := range []string{"", "依法", citizen(1), "号码" + citizen(2) + "。", "电话 025-12345678", strings.Repeat("1", 40), "\x00", "a\nb"} {
		f.Add(s)
	}
	wide := strings.NewReplacer("0", "０", "1", "１", "X", "Ｘ")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := plainText("reason", s, 50)
		if err == nil && (strings.TrimSpace(got) != got || len([]rune(got)) > 50) {
			t.Errorf("%q gives %q", s, got)
		}
		n := citizen(4)
		for _, written := range []string{n, wide.Replace(n), n[:6] + " " + n[6:14] + "-" + n[14:]} {
			with := "甲" + written + "乙" + s
			if _, err := plainText("reason", with, 1<<20); gongxin.CodeOf(err) != "REMARK_WITH_NUMBER" && gongxin.CodeOf(err) != "REMARK_MALFORMED" {
				t.Errorf("%q: %v", with, err)
			}
		}
	})
}

// What is kept on while its listing is suspended ends when the listing comes back as
// another person's, or is made another person's later.
func TestAKeptMeasureDoesNotOutlastACorrectionAfterASuspension(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(h *hub, g *Gate, id gongxin.ListingID)
	}{
		{"it comes back as another person's", func(h *hub, _ *Gate, id gongxin.ListingID) { h.resume(id, entry(t, 5)) }},
		{"it comes back, and is corrected", func(h *hub, g *Gate, id gongxin.ListingID) {
			h.resume(id, entry(t, 0))
			h.sign()
			h.catchUp(t, g)
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: entry(t, 5)})
		}},
		{"it comes back, is corrected and ends at once", func(h *hub, _ *Gate, id gongxin.ListingID) {
			h.resume(id, entry(t, 0))
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: entry(t, 5)})
			h.suspend(id)
		}},
		{"it comes back as another person's and ends at once", func(h *hub, _ *Gate, id gongxin.ListingID) {
			h.resume(id, entry(t, 5))
			h.suspend(id)
		}},
	} {
		h, g, reference, id := blocked(t)
		if err := g.Keep(t.Context(), Keep{Reference: reference, Ground: law, Until: gongxin.MustDay("2018-04-01"), By: "李科长"}); err != nil {
			t.Fatal(err)
		}
		h.suspend(id)
		h.sign()
		h.catchUp(t, g)
		if r := g.stands(t, reference); r.State != stateKept {
			t.Fatalf("%s: suspended: %+v", tt.name, r)
		}
		tt.change(h, g, id)
		h.sign()
		h.catchUp(t, g)
		if r := g.stands(t, reference); r.State != stateLifted || because(r) != endedCorrected {
			t.Errorf("%s: %+v", tt.name, r)
		}
		if s := g.Status(); s.RestrictionsKept != 0 || s.RestrictionsOpen != 0 {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
}
