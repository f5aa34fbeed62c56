package gate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/identity"
)

// named is a listing of a person of that name with the n-th number.
func named(t testing.TB, n int, name string) *gongxin.Entry {
	e := entry(t, n)
	e.Subject.Name = name
	return e
}

func (g *Gate) query(t testing.TB, q Query) gongxin.Decision {
	t.Helper()
	if q.Scenario == "" {
		q.Scenario = "flight"
	}
	d, err := g.Screen(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// reasonOf returns the reason of d with code.
func reasonOf(d gongxin.Decision, code string) gongxin.Text {
	for _, r := range d.Reasons {
		if r.Code == code {
			return r.Text
		}
	}
	return gongxin.Text{}
}

// What is known beside the name is held against each namesake: what contradicts
// excludes, and a name never does more than refer.
func TestANamesakeIsExcludedByWhatContradicts(t *testing.T) {
	h := newHub(t)
	// The 0th number was given to somebody born in 1950, the 12000th to one of 1951; their
	// sex follows from the last digit before the check character.
	h.admit(named(t, 0, "王小明"))
	h.admit(named(t, 12001, "王小明"))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	number := parse(t, citizen(0))
	year, _, _, _ := number.BirthDate()
	other := identity.Male
	if number.Sex() == identity.Male {
		other = identity.Female
	}
	masked := citizen(0)[:4] + "**********" + citizen(0)[14:]
	elsewhere := "3205**********9999"
	for _, tt := range []struct {
		why     string
		q       Query
		want    gongxin.Outcome
		reasons string
		hits    int
	}{
		{"the name alone", Query{}, gongxin.Refer, "NAME_ONLY", 2},
		{"born in the year of one", Query{Born: year}, gongxin.Refer, "NAME_ONLY NAME_EXCLUDED", 1},
		{"born in another year", Query{Born: 1990}, gongxin.Clear, "NAME_EXCLUDED", 0},
		{"of the sex of one", Query{Sex: number.Sex()}, gongxin.Refer, "NAME_ONLY NAME_EXCLUDED", 1},
		{"year and sex exclude one each", Query{Born: year, Sex: other}, gongxin.Clear, "NAME_EXCLUDED", 0},
		{"a masked number of one", Query{Masked: masked}, gongxin.Refer, "NAME_ONLY NAME_EXCLUDED", 1},
		{"a masked number of nobody", Query{Masked: elsewhere}, gongxin.Clear, "NAME_EXCLUDED", 0},
		{"another region excludes nobody", Query{Region: "3205"}, gongxin.Refer, "NAME_ONLY", 2},
		{"one character differs", Query{Name: "王小朋"}, gongxin.Clear, "NAME_ONLY_SEARCHED", 0},
		{"a part of the name is hidden", Query{Name: "王*明"}, gongxin.Refer, "NAME_HIDDEN", 0},
		{"all of it but one, in full width", Query{Name: "＊＊明"}, gongxin.Refer, "NAME_HIDDEN", 0},
		{"a share that is marked", Query{Name: "*ST无此"}, gongxin.Clear, "NAME_ONLY_SEARCHED", 0},
		{"in traditional characters and full width", Query{Name: "王　小　明"}, gongxin.Refer, "NAME_ONLY", 2},
	} {
		if tt.q.Name == "" {
			tt.q.Name = "王小明"
		}
		d := g.query(t, tt.q)
		if d.Outcome != tt.want || strings.Join(codes(d), " ") != tt.reasons || len(d.Hits) != tt.hits {
			t.Errorf("%s: %s %v with %d hits, want %s %s with %d", tt.why, d.Outcome, codes(d), len(d.Hits), tt.want, tt.reasons, tt.hits)
		}
		for _, hit := range d.Hits {
			if len(hit.Evidence) == 0 || strings.Contains(fmt.Sprint(hit), citizen(0)) {
				t.Errorf("%s: evidence %v", tt.why, hit.Evidence)
			}
		}
	}
}

func TestTheNearestNamesakeComesFirst(t *testing.T) {
	h := newHub(t)
	for n := range 30 {
		e := named(t, n*12000/10+n, "王小明")
		e.Case = gongxin.MustCaseNumber(fmt.Sprintf("（2016）苏0505执%d号", n+1))
		h.admit(e)
	}
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.query(t, Query{Name: "王小明"})
	if d.Outcome != gongxin.Refer || len(d.Hits) != maxNames {
		t.Errorf("%s with %d hits", d.Outcome, len(d.Hits))
	}
	n := 7*12000/10 + 7
	d = g.query(t, Query{Name: "王小明", Masked: citizen(n)[:6] + "********" + citizen(n)[14:]})
	if len(d.Hits) == 0 || d.Hits[0].Number != parse(t, citizen(n)).String() {
		t.Errorf("hits: %+v", d.Hits)
	}
}

// A similar name decides nothing: it is told to those who ask for hints, and to nobody else.
func TestASimilarNameIsAHintForThoseWhoAsk(t *testing.T) {
	h := newHub(t)
	h.admit(named(t, 0, "王小明"))
	h.admit(named(t, 1, "王晓明"))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.query(t, Query{Name: "王小铭", Hints: true})
	if d.Outcome != gongxin.Clear || d.Reference != "" || d.Remedy != nil || len(d.Hits) == 0 || !slices.Contains(codes(d), "NAME_HINT") {
		t.Errorf("%s %v, hits %+v", d.Outcome, codes(d), d.Hits)
	}
	for _, hit := range d.Hits {
		if !hit.Hint || hit.Measure != "" || len(hit.Agrees) != 0 {
			t.Errorf("a hint: %+v", hit)
		}
	}
	if d := g.query(t, Query{Name: "王小铭"}); d.Outcome != gongxin.Clear || len(d.Hits) != 0 || len(codes(d)) != 1 {
		t.Errorf("nobody asked: %s %v, hits %+v", d.Outcome, codes(d), d.Hits)
	}
	d = g.query(t, Query{Name: "王小明", Hints: true})
	if d.Outcome != gongxin.Refer || d.Hits[0].Hint || len(d.Hits) < 2 || !d.Hits[1].Hint {
		t.Errorf("both: %s %v, hits %+v", d.Outcome, codes(d), d.Hits)
	}
	if d := g.query(t, Query{Name: "王小铭", Number: citizen(900), Hints: true}); d.Outcome != gongxin.Clear || len(d.Hits) != 0 {
		t.Errorf("a number settles it: %s %+v", d.Outcome, d.Hits)
	}
	if n := g.Status().Outbox; n != 1 {
		t.Errorf("%d outcomes were recorded, want that of the one who was referred", n)
	}
}

// A number that is listed under another name refers, and the reason says which part differs.
func TestTheReasonSaysWhichPartOfTheNameDiffers(t *testing.T) {
	h := newHub(t)
	h.admit(named(t, 0, "王小明"))
	firm := entry(t, 1)
	firm.Subject = gongxin.Subject{Name: "苏州永安（集团）有限公司", Number: parse(t, "91320000QQ12AB3CXH"), LegalRep: "王某"}
	h.admit(firm)
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	for _, tt := range []struct{ number, name, part string }{
		{citizen(0), "王小铭", "同音"},
		{citizen(0), "王小朋", "“明”与“朋”"},
		{citizen(0), "李四", "“王小明”与“李四”"},
		{"91320000QQ12AB3CXH", "苏州永宁（集团）有限公司", "永"},
	} {
		d := g.query(t, Query{Scenario: "procurement", Number: tt.number, Name: tt.name})
		said := reasonOf(d, "NAME_DIFFERS")
		if d.Outcome != gongxin.Refer || !strings.Contains(said.ZH, tt.part) || strings.Contains(said.ZH+said.EN, "…") {
			t.Errorf("%s: %s, %+v, want %s", tt.name, d.Outcome, said, tt.part)
		}
	}
	number := parse(t, citizen(0))
	year, _, _, _ := number.BirthDate()
	other := map[identity.Sex]identity.Sex{identity.Male: identity.Female, identity.Female: identity.Male}[number.Sex()]
	for _, tt := range []struct {
		q    Query
		want gongxin.Outcome
		part string
	}{
		{Query{Born: year, Sex: number.Sex()}, gongxin.Block, ""},
		{Query{Born: year + 1}, gongxin.Refer, fmt.Sprintf("名单为 %d，查询为 %d", year, year+1)},
		{Query{Sex: other}, gongxin.Refer, "性别不同"},
		{Query{Region: "1100"}, gongxin.Block, ""},
	} {
		tt.q.Number, tt.q.Name = citizen(0), "王小明"
		d := g.query(t, tt.q)
		if said := reasonOf(d, "FACT_CONTRADICTS"); d.Outcome != tt.want || !strings.Contains(said.ZH, tt.part) {
			t.Errorf("%+v: %s %v", tt.q, d.Outcome, d.Reasons)
		}
	}
}

func TestWhatIsKnownBesideTheNameIsChecked(t *testing.T) {
	h := newHub(t)
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	for _, tt := range []struct {
		q    Query
		want string
	}{
		{Query{Masked: "320000198001010018"}, "QUERY_FIELD"}, // nothing is hidden
		{Query{Masked: "******************"}, "QUERY_FIELD"},
		{Query{Masked: "3205 ****"}, "QUERY_FIELD"},
		{Query{Masked: "3205＊＊＊＊1234"}, ""},
		{Query{Born: 1700}, "QUERY_FIELD"},
		{Query{Born: 2018}, "QUERY_FIELD"}, // the clock says 2017
		{Query{Born: 1990}, ""},
		{Query{Sex: "male"}, "QUERY_FIELD"},
		{Query{Sex: "女"}, ""},
		{Query{Region: "320"}, "QUERY_FIELD"},
		{Query{Region: "32O5"}, "QUERY_FIELD"},
		{Query{Region: "320500"}, ""},
		{Query{Subject: citizen(0)}, "REMARK_WITH_NUMBER"},
		{Query{Subject: strings.Repeat("申", 65)}, "REMARK_TOO_LONG"},
		{Query{Subject: "申-17"}, ""},
	} {
		tt.q.Scenario, tt.q.Name = "flight", "李四"
		if _, err := g.Screen(t.Context(), tt.q); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%+v: %v, want %s", tt.q, err, tt.want)
		}
	}
}

// A number that was typed where the name belongs is told to nobody in full.
func TestANumberInThePlaceOfTheNameIsMasked(t *testing.T) {
	h := newHub(t)
	h.admit(named(t, 0, "王小明"))
	g := h.open(t, t.TempDir())
	h.catchUp(t, g)
	d := g.query(t, Query{Number: citizen(0), Name: citizen(0)})
	said, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if d.Outcome != gongxin.Refer || !slices.Contains(codes(d), "NAME_DIFFERS") || strings.Contains(string(said), citizen(0)) {
		t.Errorf("%s %v: %s", d.Outcome, codes(d), said)
	}
}
