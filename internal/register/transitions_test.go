package register

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/policy"
)

var update = flag.Bool("update", false, "write docs/transitions.md instead of comparing it")

var (
	states = []gongxin.State{"", gongxin.Noticed, gongxin.Decided, gongxin.InForce, gongxin.Withdrawn, gongxin.Expired, gongxin.Revoked}
	kinds  = []gongxin.EventKind{
		gongxin.NoticeServed, gongxin.ListingDecided, gongxin.ListingPublished, gongxin.ListingAdmitted,
		gongxin.ListingCorrected, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked,
	}
)

func TestTheTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for i, tr := range Transitions {
		name := fmt.Sprintf("row %d, %s by %s", i, tr.From, tr.Event)
		if !slices.Contains(states, tr.From) || !slices.Contains(states[1:], tr.To) || !slices.Contains(kinds, tr.Event) {
			t.Errorf("%s: an unknown state or event", name)
		}
		if tr.From.Ended() {
			t.Errorf("%s: something happens to an ended listing", name)
		}
		if key := string(tr.From) + " " + string(tr.Event); seen[key] {
			t.Errorf("%s stands twice", name)
		} else {
			seen[key] = true
		}
		if len(tr.Roles) == 0 || tr.Clause == "" {
			t.Errorf("%s: nobody may do it, or no clause asks for it", name)
		}
		if tr.Window != "" {
			if _, err := policy.Default().Rule(tr.Window, day("2017-04-01")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Folding, which every follower does, knows the same step.
		l := inState(gongxin.Listing{}, tr.From)
		e := gongxin.Event{Kind: tr.Event, Listing: gongxin.ListingID{1}}
		if tr.Event.SetsEntry() {
			entry := entryOf(adult)
			e.Entry = &entry
		}
		if got, err := l.Apply(e, 7); err != nil || got.State != tr.To {
			t.Errorf("%s leads to %s by the table, to %s (%v) by folding", name, tr.To, got.State, err)
		}
	}
	for _, k := range kinds {
		if refusals[k] == "" {
			t.Errorf("%s has no refusal", k)
		}
	}
	for _, s := range states[1:] {
		if !slices.ContainsFunc(Transitions, func(tr Transition) bool { return tr.To == s }) {
			t.Errorf("no step leads to %s", s)
		}
		if !s.Ended() && !slices.ContainsFunc(Transitions, func(tr Transition) bool { return tr.From == s && tr.To != s }) {
			t.Errorf("no step leads away from %s", s)
		}
	}
}

// inEvery returns a listing in state s, of which nothing was ever said by the
// documents that commandFor names.
func inEvery(s gongxin.State) gongxin.Listing {
	switch s {
	case "":
		return gongxin.Listing{}
	case gongxin.Withdrawn:
		return ended(s, gongxin.GroundSettled, "D0")
	case gongxin.Expired:
		l := ended(s, gongxin.GroundTerm, "")
		l.Entry.Until, l.Exit.On = day("2017-03-24"), day("2017-03-25")
		return l
	case gongxin.Revoked:
		return ended(s, gongxin.GroundWrong, "D0")
	}
	return inState(noticed, s)
}

// commandFor makes the act that causes an event of kind k, by an actor; the listing
// is about to differ by it.
func commandFor(k gongxin.EventKind, by gongxin.Actor) Command {
	e := with(entryOf(adult), func(e *gongxin.Entry) { e.Severity, e.Until = "特别严重", day("2018-01-01") })
	switch k {
	case gongxin.NoticeServed:
		return ServeNotice{Entry: e, By: by}
	case gongxin.ListingDecided:
		return Decide{Entry: &e, Decision: "D9", By: by}
	case gongxin.ListingPublished:
		return Publish{By: by}
	case gongxin.ListingCorrected:
		return Correct{Entry: e, By: by}
	case gongxin.ListingWithdrawn:
		return Withdraw{Ground: gongxin.GroundPerformed, Decision: "D9", By: by}
	case gongxin.ListingExpired:
		return Expire{By: by}
	case gongxin.ListingRevoked:
		return Revoke{Decision: "D9", By: by}
	}
	return nil // admitted: by a file, below
}

// What the table says happens, and what it does not say is refused: each state ×
// event × actor.
func TestTheTableIsTotal(t *testing.T) {
	at := noon.AddDate(10, 0, 0) // every term is over
	actors := []gongxin.Actor{clerk, judge, system, centre, stranger, operator, department, theHub, nobody}
	for _, from := range states {
		for _, k := range kinds {
			for _, by := range actors {
				var lawful, ever *Transition // from here; from anywhere
				for i := range Transitions {
					tr := &Transitions[i]
					mayBegin := tr.From == "" && from.Ended()
					if tr.Event != k || !slices.Contains(tr.Roles, by.Role) || by == stranger {
						continue
					}
					ever = tr
					if tr.From == from || mayBegin {
						lawful = tr
					}
				}
				l := inEvery(from)
				if from == "" { // there is nothing to take a court from
					l.Entry.Court = court
				}
				if k == gongxin.ListingPublished {
					l.Entry.Until = 0
				}
				var got string
				if c := commandFor(k, by); c != nil {
					got = outcome(c.decide(l, act, at))
				} else {
					e := with(entryOf(adult), func(e *gongxin.Entry) { e.Severity, e.Published = "特别严重", day("2017-04-01") })
					got = admission(t, l, by, row(e, 9))
				}
				switch {
				case ever == nil && got != "NOT_ENTITLED":
					t.Errorf("%s × %s by %s %s: got %q, want NOT_ENTITLED", from, k, by.Role, by.Court, got)
				case lawful != nil && got != string(k):
					t.Errorf("%s × %s by %s: got %q, want the event", from, k, by.Role, got)
				case ever != nil && lawful == nil && (got == string(k) || got == "" && !carriedOutAlready(from, k)):
					t.Errorf("%s × %s by %s: got %q, want a refusal", from, k, by.Role, got)
				}
			}
		}
	}
}

// carriedOutAlready: these two need no document, so the state itself says that they happened.
func carriedOutAlready(s gongxin.State, k gongxin.EventKind) bool {
	return s == gongxin.InForce && k == gongxin.ListingPublished || s == gongxin.Expired && k == gongxin.ListingExpired
}

// admission is what the list row s, submitted by by, causes where the register holds l.
func admission(t *testing.T, l gongxin.Listing, by gongxin.Actor, s Submission) string {
	t.Helper()
	m, at := newMemory(), noon
	if l.State != "" {
		m.events = append(m.events, gongxin.Event{Listing: l.ID})
		m.listings[l.ID] = l
	}
	taken, err := newRegister(m, &at).Take(t.Context(), by, []Submission{s})
	if err != nil {
		t.Fatal(err)
	}
	if taken[0].Changed {
		return string(m.events[len(m.events)-1].Kind)
	}
	return answers(taken)
}

// Words for the page.
var (
	stateWords = map[gongxin.State]string{
		"": "不存在 none", gongxin.Noticed: "已送达风险提示 noticed", gongxin.Decided: "已决定 decided", gongxin.InForce: "生效 in force",
		gongxin.Withdrawn: "撤销 withdrawn", gongxin.Expired: "届满 expired", gongxin.Revoked: "纠错撤销 revoked",
	}
	roleWords = map[gongxin.Role]string{
		gongxin.RoleClerk: "书记员 clerk", gongxin.RoleJudge: "法官 judge", gongxin.RoleCourtSystem: "法院系统 court system", gongxin.RoleHub: "中心 hub",
	}
	kindWords = map[gongxin.EventKind]string{
		gongxin.NoticeServed: "送达风险提示", gongxin.ListingDecided: "决定纳入", gongxin.ListingPublished: "公布", gongxin.ListingAdmitted: "法院报送",
		gongxin.ListingCorrected: "更正", gongxin.ListingWithdrawn: "撤销", gongxin.ListingExpired: "有效期届满", gongxin.ListingRevoked: "纠错撤销",
	}
)

func page() string {
	var b strings.Builder
	b.WriteString("# The life of a listing\n\nGenerated from `internal/register/transitions.go` (`go generate ./internal/register`); a test compares it.\n\n")
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	node := func(s gongxin.State) string {
		if s == "" {
			return "[*]"
		}
		return string(s)
	}
	for _, s := range states[1:] {
		fmt.Fprintf(&b, "    %s: %s\n", s, stateWords[s])
	}
	for _, tr := range Transitions {
		fmt.Fprintf(&b, "    %s --> %s: %s %s\n", node(tr.From), node(tr.To), kindWords[tr.Event], tr.Event)
	}
	for _, s := range states {
		if s.Ended() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	b.WriteString("```\n\n| from | event | to | by | within | clause |\n|---|---|---|---|---|---|\n")
	for _, tr := range Transitions {
		var roles []string
		for _, r := range tr.Roles {
			roles = append(roles, roleWords[r])
		}
		within := ""
		if tr.Window != "" {
			r, err := policy.Default().Rule(tr.Window, day("2017-04-01"))
			if err != nil {
				panic(err)
			}
			within = fmt.Sprintf("%d %s (`%s`)", r.Count, r.Unit, tr.Window)
		}
		fmt.Fprintf(&b, "| %s | %s `%s` | %s | %s | %s | %s |\n", stateWords[tr.From], kindWords[tr.Event], tr.Event, stateWords[tr.To], strings.Join(roles, ", "), within, tr.Clause)
	}
	b.WriteString(`
People of a court act for that court alone; a court's system, for its court, and the high court's centre for all. What stands in no row
is refused with a code, and changes nothing. The same command twice changes nothing the second time.

An ended listing never changes. A new decision on the same court, case and subject is a new listing, whose notice was served or
whose publication took place after the last day of the one before.

A court's file holds decisions that the court has made and served; its rows enter as ` + "`listing_admitted`" + ` with the origin
` + "`court_file`" + `, and a row with 撤销时间 also as ` + "`listing_withdrawn`" + ` without a ground.
`)
	return b.String()
}

func TestTheDiagramIsThatOfTheTable(t *testing.T) {
	const file = "../../docs/transitions.md"
	if *update {
		if err := os.WriteFile(file, []byte(page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != page() {
		t.Error("docs/transitions.md is not what the table says; run go generate ./internal/register")
	}
}
