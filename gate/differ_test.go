package gate

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
)

// differ records that the applicant of d is not the listing.
func (g *Gate) differ(t testing.TB, d Different) Difference {
	t.Helper()
	d.Reason, d.By = "已核对户口", "李科长"
	said, err := g.RememberDifference(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func TestADifferenceTakesOneListingOutOfOneApplicantsAnswer(t *testing.T) {
	h := newHub(t)
	id := h.admit(named(t, 0, "王小明"))
	second := named(t, 1, "王小明")
	h.admit(second)
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	said := g.differ(t, Different{Listing: id, Subject: "申-17", Name: "王小明"})
	if said.State != stateHolds || said.Sequence != 1 || said.Listing != id || !strings.HasPrefix(said.Reference, "D-railway-20170401-") {
		t.Errorf("%+v", said)
	}
	if again := g.differ(t, Different{Listing: id, Subject: "申-17", Name: "王 小 明"}); again.Reference != said.Reference {
		t.Errorf("the same again: %+v", again)
	}

	d := g.query(t, Query{Name: "王小明", Subject: "申-17"})
	if d.Outcome != gongxin.Refer || len(d.Hits) != 1 || strings.Join(codes(d), " ") != "NAME_ONLY DIFFERENCE_REMEMBERED" && strings.Join(codes(d), " ") != "DIFFERENCE_REMEMBERED NAME_ONLY" {
		t.Errorf("%s %v with %d hits", d.Outcome, codes(d), len(d.Hits))
	}
	if r := reasonOf(d, codeDifferent); !strings.Contains(r.ZH, "李科长于 2017-04-01 12:00") || !strings.Contains(r.EN, said.Reference) {
		t.Errorf("the reason: %+v", r)
	}
	for why, q := range map[string]Query{
		"another applicant of that name":      {Name: "王小明", Subject: "申-18"},
		"nobody knows which applicant":        {Name: "王小明"},
		"the reference as part of the name":   {Name: "17王小明", Subject: "申-"},
		"the listed person by number":         {Number: citizen(0), Name: "王小明"},
		"the listed person, whoever asks":     {Number: citizen(0), Name: "王小明", Subject: "申-17"},
		"the listed number, and another name": {Number: citizen(0), Name: "王小朋", Subject: "申-17"},
	} {
		d := g.query(t, q)
		if slices.Contains(codes(d), codeDifferent) || slices.Contains(codes(d), codeStated) {
			t.Errorf("%s: %s %v", why, d.Outcome, codes(d))
		}
		if want := map[bool]gongxin.Outcome{true: gongxin.Block, false: gongxin.Refer}[q.Number != "" && q.Name == "王小明"]; d.Outcome != want && !strings.HasPrefix(q.Name, "17") {
			t.Errorf("%s: %s, want %s", why, d.Outcome, want)
		}
	}

	if _, err := g.ForgetDifference(t.Context(), said.Reference, "核实有误", "王科长"); err != nil {
		t.Fatal(err)
	}
	if d := g.query(t, Query{Name: "王小明", Subject: "申-17"}); len(d.Hits) != 2 {
		t.Errorf("taken back: %+v", d)
	}
	if _, err := g.ForgetDifference(t.Context(), said.Reference, "核实有误", "王科长"); gongxin.CodeOf(err) != "DIFFERENCE_OVER" {
		t.Error(err)
	}
	now, err := g.Difference(t.Context(), said.Reference)
	if err != nil || now.State != stateEnded || now.EndedBy != "王科长" || now.Because.Code != differenceRemoved {
		t.Errorf("%+v, %v", now, err)
	}
}

// Where number and name agree in full, what an officer states takes the block away
// and no more: it refers.
func TestAStatedDifferenceNeverClearsAFullAgreement(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	g.differ(t, Different{Listing: id, Number: citizen(0), Name: nameOf(0)})
	d := g.person(t, 0)
	if d.Outcome != gongxin.Refer || strings.Join(codes(d), " ") != codeStated || len(d.Hits) != 1 || d.Reference == "" {
		t.Errorf("%s %v %+v", d.Outcome, codes(d), d.Hits)
	}
	if s := g.Status(); s.RestrictionsOpen != 0 {
		t.Errorf("it restricts: %+v", s)
	}
	g.differ(t, Different{Listing: id, Number: citizen(0), Name: "李四"}) // the number is another's, by a slip of the court's
	if d := g.ask(t, "flight", citizen(0), "李四"); d.Outcome != gongxin.Clear || strings.Join(codes(d), " ") != codeDifferent {
		t.Errorf("%s %v", d.Outcome, codes(d))
	}
	if d := g.ask(t, "flight", citizen(0), "王五"); d.Outcome != gongxin.Refer {
		t.Errorf("%s %v", d.Outcome, codes(d))
	}
}

func TestADifferenceEndsWhenEitherSideChanges(t *testing.T) {
	h := newHub(t)
	c := h.config(t.TempDir())
	c.MaxAge = 20_000 * time.Hour
	id := h.admit(named(t, 0, "王小明"))
	g := reopened(t, c)
	h.catchUp(t, g)
	ask := func(name string) string {
		d := g.query(t, Query{Name: name, Subject: "申-17"})
		return string(d.Outcome) + " " + strings.Join(codes(d), " ")
	}
	said := g.differ(t, Different{Listing: id, Subject: "申-17", Name: "王小明"})
	if got := ask("王小明"); got != "clear DIFFERENCE_REMEMBERED" {
		t.Error(got)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = reopened(t, c)
	h.catchUp(t, g)
	if got := ask("王小明"); got != "clear DIFFERENCE_REMEMBERED" {
		t.Errorf("after a restart: %s", got)
	}
	h.correct(id, named(t, 0, "王小明")) // in whatever it was
	h.catchUp(t, g)
	if got := ask("王小明"); got != "refer NAME_ONLY" {
		t.Errorf("corrected: %s", got)
	}
	if d, err := g.Difference(t.Context(), said.Reference); err != nil || d.State != stateEnded || d.Because.Code != differenceChanged {
		t.Errorf("%+v, %v", d, err)
	}
	g.differ(t, Different{Listing: id, Subject: "申-17", Name: "王小明"})
	if got := ask("王小明"); got != "clear DIFFERENCE_REMEMBERED" {
		t.Errorf("looked at again: %s", got)
	}

	// While the gate was away the listing changed: what was remembered does not come back.
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	h.correct(id, named(t, 0, "王小明"))
	h.snapshot()
	loseList(t, c.Dir)
	g = reopened(t, c)
	h.catchUp(t, g)
	if got := ask("王小明"); got != "refer NAME_ONLY" {
		t.Errorf("fetched anew: %s", got)
	}
	g.differ(t, Different{Listing: id, Subject: "申-17", Name: "王小明"})
	h.withdraw(id)
	h.catchUp(t, g)
	if all, err := g.Differences(t.Context(), gongxin.ListingID{}, "", 10); err != nil || len(all) != 0 {
		t.Errorf("the listing has ended and something is kept: %+v, %v", all, err)
	}
	if _, err := g.RememberDifference(t.Context(), Different{Listing: id, Subject: "申-17", Name: "王小明", Reason: "x", By: "y"}); gongxin.CodeOf(err) != "DIFFERENCE_NOT_LISTED" {
		t.Error(err)
	}
}

// A kill between the list and the record leaves a record that does not know of the
// correction: what it remembers is of the listing as it stood, from the first answer on.
func TestWhatWasRememberedOfAnEarlierStateNeverHolds(t *testing.T) {
	h := newHub(t)
	c := h.config(t.TempDir())
	id := h.admit(named(t, 0, "王小明"))
	g := reopened(t, c)
	h.catchUp(t, g)
	g.differ(t, Different{Listing: id, Subject: "申-17", Name: "王小明"})
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(c.Dir, outcomesFile))
	if err != nil {
		t.Fatal(err)
	}
	g = reopened(t, c)
	h.correct(id, named(t, 0, "王小明"))
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(c.Dir, outcomesFile), before)
	g = h.openWith(t, c)
	if d := g.query(t, Query{Name: "王小明", Subject: "申-17"}); d.Outcome != gongxin.Refer || slices.Contains(codes(d), codeDifferent) {
		t.Errorf("%s %v", d.Outcome, codes(d))
	}
	h.catchUp(t, g)
	if all, err := g.Differences(t.Context(), id, "", 10); err != nil || len(all) != 1 || all[0].State != stateEnded {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestWhatCannotBeRememberedIsRefused(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	g := reopened(t, c)
	h.catchUp(t, g)
	good := Different{Listing: id, Subject: "申-17", Name: "李默", Reason: "年龄不符", By: "李科长"}
	for _, tt := range []struct {
		why  string
		f    func(*Different)
		want string
	}{
		{"no reason", func(d *Different) { d.Reason = " " }, "REMARK_NEEDED"},
		{"no officer", func(d *Different) { d.By = "" }, "OFFICER_NEEDED"},
		{"a number in the reason", func(d *Different) { d.Reason = "他是 " + citizen(0) }, "REMARK_WITH_NUMBER"},
		{"no name", func(d *Different) { d.Name = " " }, "DIFFERENCE_APPLICANT"},
		{"neither number nor reference", func(d *Different) { d.Subject = "" }, "DIFFERENCE_APPLICANT"},
		{"a number for a reference", func(d *Different) { d.Subject = citizen(3) }, "REMARK_WITH_NUMBER"},
		{"a wrong number", func(d *Different) { d.Number = "320000198001010010" }, "DIFFERENCE_NUMBER"},
		{"no such listing", func(d *Different) { d.Listing[15]++ }, "DIFFERENCE_NOT_LISTED"},
		{"all is well", func(*Different) {}, ""},
	} {
		d := good
		tt.f(&d)
		if _, err := g.RememberDifference(t.Context(), d); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.why, err, tt.want)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(c.Dir, outcomesFile))
	if err != nil || bytes.Contains(b, []byte("李默")) || bytes.Contains(b, []byte("申-17")) || bytes.Contains(b, []byte(citizen(0))) {
		t.Errorf("the record says who the applicant is: %v", err)
	}
}

// TestADifferenceHidesNobodyElse walks random histories of a list with namesakes, of
// findings and of questions. An answer leaves out exactly the listings that were
// found, in their present state, not to be this very applicant, and one who agrees
// in full is never clear.
func TestADifferenceHidesNobodyElse(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := newHub(t)
		c := h.config(t.TempDir())
		c.MaxAge = 20_000 * time.Hour
		g := reopened(t, c)
		h.catchUp(t, g)
		defer func() { _ = g.Close() }()
		names := []string{"王小明", "李四"}
		type listed struct {
			n        int
			name     string
			sequence uint64
		}
		type finding struct {
			subject, number, name string
			listing               gongxin.ListingID
			sequence              uint64
		}
		inForce, found, references := map[gongxin.ListingID]listed{}, map[finding]bool{}, map[finding]string{}
		name, subject, person := rapid.SampledFrom(names), rapid.SampledFrom([]string{"", "申-1", "申-2"}), rapid.IntRange(0, 2)
		pick := func() (gongxin.ListingID, bool) {
			ids := slices.SortedFunc(maps.Keys(inForce), func(a, b gongxin.ListingID) int { return slices.Compare(a[:], b[:]) })
			if len(ids) == 0 {
				return gongxin.ListingID{}, false
			}
			return rapid.SampledFrom(ids).Draw(r, "listing"), true
		}
		cases := 0
		content := func(n int, name string) *gongxin.Entry {
			cases++
			e := named(t, n, name)
			e.Case = gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", cases))
			return e
		}
		applicant := func() (q Query) {
			q = Query{Scenario: "flight", Name: name.Draw(r, "name"), Subject: subject.Draw(r, "subject")}
			if rapid.Bool().Draw(r, "with a number") {
				q.Number = citizen(person.Draw(r, "person"))
			}
			return q
		}
		ask := func(q Query) {
			d := g.query(t, q)
			left := map[gongxin.ListingID]bool{}
			for _, hit := range d.Hits {
				left[hit.Listing] = true
			}
			wantBlock, wantClear := false, true
			for id, l := range inForce {
				meets := q.Number == citizen(l.n) || q.Number == "" && q.Name == l.name
				full := q.Number == citizen(l.n) && q.Name == l.name
				f := finding{q.Subject, q.Number, q.Name, id, l.sequence}
				if q.Number != "" {
					f.subject = ""
				}
				known := found[f] && (q.Number != "" || q.Subject != "")
				if want := meets && (!known || full); left[id] != want {
					r.Fatalf("%+v: listing of %s, %s: told %v, want %v (%v)", q, citizen(l.n), l.name, left[id], want, codes(d))
				}
				wantBlock = wantBlock || full && !known
				wantClear = wantClear && (!meets || known && !full)
			}
			if (d.Outcome == gongxin.Block) != wantBlock || (d.Outcome == gongxin.Clear) != wantClear {
				r.Fatalf("%+v: %s %v, want block %v, clear %v", q, d.Outcome, codes(d), wantBlock, wantClear)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { ask(applicant()) },
			"list": func(*rapid.T) {
				if len(inForce) < 6 {
					l := listed{person.Draw(r, "person"), name.Draw(r, "name"), 0}
					id := h.admit(content(l.n, l.name))
					l.sequence = h.size()
					inForce[id] = l
					h.catchUp(t, g)
				}
			},
			"withdraw": func(*rapid.T) {
				if id, ok := pick(); ok {
					h.withdraw(id)
					delete(inForce, id)
					h.catchUp(t, g)
				}
			},
			"correct": func(*rapid.T) {
				if id, ok := pick(); ok {
					l := inForce[id]
					l.name = name.Draw(r, "name")
					h.correct(id, content(l.n, l.name))
					l.sequence = h.size()
					inForce[id] = l
					h.catchUp(t, g)
				}
			},
			"find": func(*rapid.T) {
				id, ok := pick()
				q := applicant()
				if !ok || q.Number == "" && q.Subject == "" {
					return
				}
				said := g.differ(t, Different{Listing: id, Number: q.Number, Subject: q.Subject, Name: q.Name})
				f := finding{q.Subject, q.Number, q.Name, id, inForce[id].sequence}
				if q.Number != "" {
					f.subject = ""
				}
				found[f], references[f] = true, said.Reference
			},
			"take back": func(*rapid.T) {
				for f := range found {
					if l, in := inForce[f.listing]; in && l.sequence == f.sequence {
						if _, err := g.ForgetDifference(t.Context(), references[f], "核实有误", "王"); err != nil {
							r.Fatal(err)
						}
						delete(found, f)
						return
					}
				}
			},
			"restart": func(*rapid.T) {
				if err := g.Close(); err != nil {
					r.Fatal(err)
				}
				g = reopened(t, c)
				h.catchUp(t, g)
			},
		})
	})
}
