package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

func TestAnswersFollowTheRules(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	ended := entry(t, 1)
	ended.Until = gongxin.MustDay("2017-03-31") // yesterday
	h.admit(ended)
	lastDay := entry(t, 2)
	lastDay.Until = gongxin.MustDay("2017-04-01") // today
	h.admit(lastDay)
	firm := entry(t, 3)
	firm.Subject = gongxin.Subject{Name: "苏州永安（集团）有限公司", Number: parse(t, "91320000QQ12AB3CXH"), LegalRep: "王某"}
	h.admit(firm)
	second := entry(t, 4) // two courts list one person
	second.Subject = entry(t, 5).Subject
	h.admit(second)
	h.admit(entry(t, 5))
	org, _ := parse(t, "91320000QQ12AB3CXH").Organisation()
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	for _, tt := range []struct {
		why                    string
		scenario, number, name string
		want                   gongxin.Outcome
		reasons                string
		hits                   int
	}{
		{"number and name agree, the measure prohibits", "flight", citizen(0), nameOf(0), gongxin.Block, "LISTED", 1},
		{"written otherwise", "flight", " " + citizen(0)[:6] + " " + citizen(0)[6:], "王 小\u200b一", gongxin.Block, "LISTED", 1},
		{"the measure is a reference", "credit", citizen(0), nameOf(0), gongxin.Refer, "MEASURE_REFERS", 1},
		{"the measure is strict review", "interbank_bond", citizen(0), nameOf(0), gongxin.Refer, "MEASURE_REFERS", 1},
		{"a spending limit is no prohibition", "resort_spending", citizen(0), nameOf(0), gongxin.Refer, "MEASURE_REFERS", 1},
		{"the name differs", "flight", citizen(0), "李四", gongxin.Refer, "NAME_DIFFERS", 1},
		{"no name", "flight", citizen(0), "", gongxin.Refer, "NAME_NEEDED", 1},
		{"a name of spaces", "flight", citizen(0), " 　", gongxin.Refer, "NAME_NEEDED", 1},
		{"a namesake with another number", "flight", citizen(900), nameOf(0), gongxin.Clear, "", 0},
		{"only a name that is listed", "flight", "", nameOf(0), gongxin.Refer, "NAME_ONLY", 1},
		{"only a name that is not listed", "flight", "", "李四", gongxin.Clear, "NAME_ONLY_SEARCHED", 0},
		{"a number that cannot be", "flight", "320000198001010010", nameOf(0), gongxin.Refer, "NUMBER_INVALID", 0},
		{"letters for a number", "flight", "hello", nameOf(0), gongxin.Refer, "NUMBER_INVALID", 0},
		{"the term has passed", "flight", citizen(1), nameOf(1), gongxin.Clear, "TERM_PASSED", 0},
		{"the last day of the term", "flight", citizen(2), nameOf(2), gongxin.Block, "LISTED", 1},
		{"an organisation by credit code", "procurement", "91320000QQ12AB3CXH", "苏州永安(集团)有限公司", gongxin.Block, "LISTED", 1},
		{"an organisation by organisation code", "procurement", org.Full(), "苏州永安(集团)有限公司", gongxin.Block, "LISTED", 1},
		{"two listings of one person, one agreeing case each", "flight", citizen(5), nameOf(5), gongxin.Block, "LISTED", 2},
		{"nobody", "flight", citizen(901), "李四", gongxin.Clear, "", 0},
	} {
		d := g.ask(t, tt.scenario, tt.number, tt.name)
		if d.Outcome != tt.want || strings.Join(codes(d), " ") != tt.reasons || len(d.Hits) != tt.hits {
			t.Errorf("%s: got %s %v with %d hits, want %s %s with %d", tt.why, d.Outcome, codes(d), len(d.Hits), tt.want, tt.reasons, tt.hits)
		}
		if d.Sequence != 6 || !d.AsOf.Equal(noon) || !d.FreshUntil.Equal(noon.Add(time.Hour)) {
			t.Errorf("%s: as of %d, %s, until %s", tt.why, d.Sequence, d.AsOf, d.FreshUntil)
		}
		if restricts := d.Outcome != gongxin.Clear; restricts != (d.Reference != "") || restricts != (d.Remedy != nil) {
			t.Errorf("%s: reference %q, remedy %v", tt.why, d.Reference, d.Remedy)
		}
		for _, r := range d.Reasons {
			if r.ZH == r.Code || r.ZH == "" || r.EN == "" || strings.Contains(r.ZH+r.EN, "%!") {
				t.Errorf("%s: reason %+v", tt.why, r)
			}
		}
		for _, hit := range d.Hits {
			if strings.Contains(fmt.Sprintf("%+v", hit), citizen(0)) {
				t.Errorf("%s: the number stands whole in %+v", tt.why, hit)
			}
		}
	}
}

func TestBlockTellsGroundAndRemedy(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.person(t, 0)
	want := gongxin.Hit{Listing: id, Case: entry(t, 0).Case, Court: "苏州市虎丘区人民法院", Name: nameOf(0), Number: parse(t, citizen(0)).String(),
		Published: gongxin.MustDay("2017-03-01"), Severity: "一般", Measure: "3.6.flight", Clause: "3.6", Effect: gongxin.Prohibit,
		Agrees: []string{"number", "name"}}
	want.Basis = g.config.Catalogue.For("flight")[0].Basis
	if facts := fmt.Sprint(d.Hits[0].Evidence); !strings.Contains(facts, "{name same 王小一 王小一}") || strings.Contains(facts, citizen(0)) {
		t.Errorf("evidence: %s", facts)
	}
	want.Evidence = d.Hits[0].Evidence
	if got := d.Hits[0]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("hit:\n got %+v\nwant %+v", got, want)
	}
	if !strings.HasPrefix(d.Reference, "R-railway-20170401-") || len(d.Reference) != len("R-railway-20170401-")+8 {
		t.Errorf("reference %q", d.Reference)
	}
	for _, part := range []string{"10日", "苏州市虎丘区人民法院", "铁路部门", d.Reference} {
		if !strings.Contains(d.Remedy.ZH, part) {
			t.Errorf("the remedy does not say %s: %s", part, d.Remedy.ZH)
		}
	}
	for _, part := range []string{"10 days", "2.3", "3.12", d.Reference} {
		if !strings.Contains(d.Remedy.EN, part) {
			t.Errorf("the remedy does not say %s: %s", part, d.Remedy.EN)
		}
	}
}

func TestNameDiffersSaysWhatDiffers(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.ask(t, "flight", citizen(0), "李四")
	if text := d.Reasons[0].ZH; !strings.Contains(text, nameOf(0)) || !strings.Contains(text, "李四") {
		t.Errorf("reason: %s", text)
	}
	if !slices.Equal(d.Hits[0].Agrees, []string{"number"}) {
		t.Errorf("agrees: %v", d.Hits[0].Agrees)
	}
}

func TestStaleGateRefersAndNeverBlocks(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	for _, who := range []int{0, 900} {
		if d := g.person(t, who); d.Outcome != gongxin.Refer || codes(d)[0] != "STALE" || d.Hits != nil {
			t.Errorf("before the first checkpoint, person %d: %s %v", who, d.Outcome, codes(d))
		}
	}
	h.catchUp(t, g)
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Fatalf("fresh: %s", d.Outcome)
	}
	h.clock.move(time.Hour) // to the last instant
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("at fresh_until: %s", d.Outcome)
	}
	h.clock.move(time.Millisecond)
	for _, who := range []int{0, 900} {
		if d := g.person(t, who); d.Outcome != gongxin.Refer || codes(d)[0] != "STALE" || d.Hits != nil {
			t.Errorf("after fresh_until, person %d: %s %v", who, d.Outcome, codes(d))
		}
	}
	if s := g.Status(); s.Fresh {
		t.Error("the status says fresh")
	}
	h.sign() // a heartbeat is enough
	h.catchUp(t, g)
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("after a heartbeat: %s", d.Outcome)
	}
}

func TestClockFarBehindTheCheckpointRefers(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	h.clock.move(-24 * time.Hour)
	if d := g.person(t, 0); d.Outcome != gongxin.Refer || codes(d)[0] != "CLOCK_BEHIND" {
		t.Errorf("got %s %v", d.Outcome, codes(d))
	}
}

func TestQueriesThatAreMistakesAreErrors(t *testing.T) {
	h := newHub(t)
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	for _, tt := range []struct {
		q    Query
		want string
	}{
		{Query{Scenario: "bus", Number: citizen(0), Name: "王"}, "SCENARIO_UNKNOWN"},
		{Query{Scenario: "", Number: citizen(0), Name: "王"}, "SCENARIO_UNKNOWN"},
		{Query{Scenario: "flight", Number: "", Name: ""}, "SUBJECT_NEEDED"},
		{Query{Scenario: "flight", Number: " ", Name: "\u200b"}, "SUBJECT_NEEDED"},
	} {
		if _, err := g.Screen(t.Context(), tt.q); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%+v: got %v, want %s", tt.q, err, tt.want)
		}
	}
	if n := g.Status().Outbox; n != 0 {
		t.Errorf("%d outcomes of mistakes", n)
	}
}

func TestClearAnswerLeavesNoTraceAndAllocatesNothing(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	q, ctx := Query{Scenario: "flight", Number: citizen(900), Name: "李四"}, t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if d, err := g.Screen(ctx, q); err != nil || d.Outcome != gongxin.Clear {
			t.Fatal(d, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if s := g.Status(); s.Outbox != 0 || s.RestrictionsOpen != 0 {
		t.Errorf("a trace: %+v", s)
	}
}

func TestAnswerShowsABoundedNumberOfListings(t *testing.T) {
	h := newHub(t)
	for i := range maxHits + 20 {
		e := entry(t, i)
		e.Subject = entry(t, 0).Subject
		h.admit(e)
	}
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	if d := g.person(t, 0); d.Outcome != gongxin.Block || len(d.Hits) != maxHits {
		t.Errorf("by number: %s with %d hits", d.Outcome, len(d.Hits))
	}
	if d := g.ask(t, "flight", "", nameOf(0)); d.Outcome != gongxin.Refer || len(d.Hits) != maxNames {
		t.Errorf("by name: %s with %d hits", d.Outcome, len(d.Hits))
	}
}

func TestNobodyIsBlockedByAnythingLessThanNumberAndName(t *testing.T) {
	number, _, err := identity.Parse(citizen(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, numbered := range []bool{true, false} {
		for _, name := range []string{nameOf(0), "李四", ""} {
			for _, effect := range []gongxin.Effect{gongxin.Prohibit, gongxin.Strict, gongxin.Reference, gongxin.Revoke, gongxin.Supervise, gongxin.Notify} {
				for _, passed := range []bool{true, false} {
					h := hitOf(number, passed)
					q := question{measures: []gongxin.Measure{{ID: "x", Effect: effect}}, given: match.Party{Name: name}, day: 20170401}
					if numbered {
						q.number = number
					}
					outcome := q.judge(hitsOf(h)).outcome
					may := numbered && name == nameOf(0) && effect == gongxin.Prohibit && !passed
					if (outcome == gongxin.Block) != may {
						t.Errorf("number %v, name %q, %s, passed %v: %s", numbered, name, effect, passed, outcome)
					}
					if passed && outcome != gongxin.Clear {
						t.Errorf("passed: %s", outcome)
					}
				}
			}
		}
	}
}
