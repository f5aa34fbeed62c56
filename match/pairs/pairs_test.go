package pairs

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"gongxin"
	"gongxin/match"
)

func read(text string) (all []Pair, err error) {
	for p, e := range Read(strings.NewReader(text), "pairs.csv") {
		if e != nil {
			return all, e
		}
		all = append(all, p)
	}
	return all, nil
}

const two = "query,candidate,match,kind,subject\n王曉東,王晓东,true,traditional,person\n\"王小明,320000198001010018\",王晓明 3200**********0018,否,homophone,person\n"

func TestPairsAreRead(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(two)
	if err != nil {
		t.Fatal(err)
	}
	for why, text := range map[string]string{
		"as it is":                 two,
		"with a byte order mark":   "\ufeff" + two,
		"in GB18030":               gb,
		"with line ends of a PC":   strings.ReplaceAll(two, "\n", "\r\n"),
		"columns in another order": "subject,kind,match,candidate,query\nperson,traditional,1,王晓东,王曉東\nperson,homophone,0,王晓明 3200**********0018,\"王小明,320000198001010018\"\n",
		"headed in Chinese":        strings.Replace(two, "query,candidate,match,kind,subject", "查询,候选,相符,种类,主体", 1),
	} {
		all, err := read(text)
		if err != nil || len(all) != 2 {
			t.Errorf("%s: %v, %v", why, all, err)
			continue
		}
		a, b := all[0], all[1]
		if a.Asked.Name != "王曉東" || a.Listed.Name != "王晓东" || !a.Match || !a.Judged || a.Kind != "traditional" || a.Subject != "person" || a.Row != 1 {
			t.Errorf("%s: %+v", why, a)
		}
		if b.Asked.Name != "王小明" || b.Asked.Number.IsZero() || b.Listed.Masked != "3200**********0018" || b.Match || !b.Judged || b.Row != 2 {
			t.Errorf("%s: %+v", why, b)
		}
	}
}

func TestWhatIsWrongWithPairsIsSaid(t *testing.T) {
	for _, tt := range []struct {
		why, text, code string
		row             int
	}{
		{"nothing", "", "PAIRS_HEADER", 0},
		{"no header", "王小明,王晓明\n", "PAIRS_HEADER", 0},
		{"no candidate", "query,match\n王小明,1\n", "PAIRS_HEADER", 0},
		{"an open quote", "query,candidate\n\"王小明,王晓明\n", "PAIRS_ROW", 1},
		{"a judgement that is none", "query,candidate,match\n王小明,王晓明,maybe\n", "PAIRS_MATCH", 1},
		{"no text", "query,\x00\xff\xfe", "PAIRS_ENCODING", 0},
		{"a field without end", "query,candidate\n" + strings.Repeat("王", 3000) + ",王\n", "PAIRS_ROW", 1},
	} {
		_, err := read(tt.text)
		var e *gongxin.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Place.Row != tt.row || e.Place.File != "pairs.csv" {
			t.Errorf("%s: %v, want %s in row %d", tt.why, err, tt.code, tt.row)
		}
	}
}

func TestASideThatCannotBeReadIsComparedByTheRest(t *testing.T) {
	all, err := read("query,candidate\n\"王小明,320000198001010011\",王小明\n,王小明\n王小明,王小明\n")
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for i, code := range []string{"MATCH_NUMBER", "MATCH_NAME", ""} {
		var e *gongxin.Error
		if got := all[i].Problem; (code != "") != errors.As(got, &e) || e != nil && (e.Code != code || e.Place.Row != i+1) {
			t.Errorf("row %d: %v, want %s", i+1, got, code)
		}
		if strings.Contains(string(errorText(all[i].Problem)), "320000198001010011") {
			t.Error("the number is given away")
		}
	}
	if all[0].Asked.Name != "王小明" {
		t.Errorf("%+v", all[0].Asked)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTheTallyCounts(t *testing.T) {
	var tally Tally
	add := func(n int, subject, kind string, one bool, g gongxin.Grade) {
		for range n {
			tally.Add(Pair{Subject: subject, Kind: kind, Judged: true, Match: one}, g)
		}
	}
	add(8, "person", "traditional", true, gongxin.GradeEqual)
	add(1, "person", "traditional", true, gongxin.GradeStrong)
	add(1, "person", "traditional", true, gongxin.GradeWeak)
	add(3, "person", "homophone", false, gongxin.GradeWeak)
	add(1, "person", "homophone", false, gongxin.GradeStrong)
	add(2, "organisation", "branch", false, gongxin.GradeNone)
	tally.Add(Pair{Kind: "unjudged"}, gongxin.GradeEqual)
	if s := tally.Score("person"); s != (Score{9, 1, 1, 3}) || s.Precision() != 0.9 || s.Recall() != 0.9 {
		t.Errorf("%+v", s)
	}
	if s := tally.Score(""); s != (Score{9, 1, 1, 5}) {
		t.Errorf("%+v", s)
	}
	if s := tally.Score("organisation"); s.Recall() != 1 || s.Precision() != 1 {
		t.Errorf("%+v", s)
	}
	if n := tally.Graded("", "homophone", false, gongxin.GradeWeak); n != 3 {
		t.Errorf("%d", n)
	}
	for _, row := range []string{"| person       | traditional | yes      | 10    | 8     | 1      | 1    | 0    |", "unjudged", "0.9000"} {
		if !strings.Contains(tally.Table(), row) {
			t.Errorf("the table lacks %q:\n%s", row, tally.Table())
		}
	}
}

func FuzzPairs(f *testing.F) {
	f.Add(two)
	f.Add("\ufeffquery,candidate\na,b,c\n\"")
	f.Add("query,candidate,match\n,,\n,,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := read(text)
		var e *gongxin.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%v", err)
		}
		for i, p := range all {
			if p.Row != i+1 {
				t.Fatalf("row %d stands at %d", p.Row, i+1)
			}
			c := match.Compare(p.Listed, p.Asked)
			if !slices.Contains(Grades[:], c.Grade) {
				t.Fatalf("grade %q", c.Grade)
			}
			var tally Tally
			tally.Add(p, c.Grade)
			_ = tally.Table()
		}
	})
}
