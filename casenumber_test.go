package gongxin

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCaseNumbersAreFolded(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"canonical", "（2016）苏0508执1234号", "（2016）苏0508执1234号"},
		{"half-width brackets", "(2016)苏0508执1234号", "（2016）苏0508执1234号"},
		{"tortoise-shell brackets", "〔2016〕苏0508执1234号", "（2016）苏0508执1234号"},
		{"square brackets", "[2016]苏0508执1234号", "（2016）苏0508执1234号"},
		{"full-width square brackets", "［2016］苏0508执1234号", "（2016）苏0508执1234号"},
		{"lenticular brackets", "【2016】苏0508执1234号", "（2016）苏0508执1234号"},
		{"brackets of two kinds", "（2016)苏0508执1234号", "（2016）苏0508执1234号"},
		{"full-width digits", "（２０１６）苏０５０８执１２３４号", "（2016）苏0508执1234号"},
		{"ideographic zero among digits", "（2〇16）苏〇508执1234号", "（2016）苏0508执1234号"},
		{"blanks", " （2016） 苏0508执 1234\u3000号\t", "（2016）苏0508执1234号"},
		{"invisible characters", "\ufeff（2016）苏0508执\u200b1234号\u2060", "（2016）苏0508执1234号"},
		{"stop at the end", "（2016）苏0508执1234号。", "（2016）苏0508执1234号"},
		{"a later ruling", "（2016）苏0508执1234号之一", "（2016）苏0508执1234号"},
		{"the twelfth ruling", "（2016）苏0508执1234号之十二", "（2016）苏0508执1234号"},
		{"zeros are kept", "（2016）苏0508执0012号", "（2016）苏0508执0012号"},
		{"older", "(2013)姑苏执字第0123号", "（2013）姑苏执字第0123号"},
		{"older with a ruling", "（2013）姑苏执字第0123－1号", "（2013）姑苏执字第0123-1号"},
	} {
		c, err := ParseCaseNumber(tt.in)
		if err != nil || c.String() != tt.want {
			t.Errorf("%s: %q gives %q (%v), want %q", tt.name, tt.in, c, err, tt.want)
		}
	}
}

func TestACaseNumberSaysItsParts(t *testing.T) {
	for _, tt := range []struct {
		in, court, kind, key string
		year                 int
		older                bool
	}{
		{"（2016）苏0508执1234号", "苏0508", "执", "（2016）苏0508执1234号", 2016, false},
		{"（2016）苏0508执0012号", "苏0508", "执", "（2016）苏0508执12号", 2016, false},
		{"（2017）苏05执恢7号", "苏05", "执恢", "（2017）苏05执恢7号", 2017, false},
		{"（2017）苏执监3号", "苏", "执监", "（2017）苏执监3号", 2017, false},
		{"（2017）最高法执复9号", "最高法", "执复", "（2017）最高法执复9号", 2017, false},
		{"（2017）苏8602执1号", "苏8602", "执", "（2017）苏8602执1号", 2017, false},
		{"（2013）姑苏执字第0123号", "", "执", "（2013）姑苏执字第123号", 2013, true},
		{"（2013）姑苏执字第123号", "", "执", "（2013）姑苏执字第123号", 2013, true},
		{"（2013）姑苏执字第0123-1号", "", "执", "（2013）姑苏执字第123号", 2013, true},
		{"（2014）虎执恢字第00045号", "", "执恢", "（2014）虎执恢字第45号", 2014, true},
		{"（2012）苏执字第8号", "", "执", "（2012）苏执字第8号", 2012, true}, // the high court's: no present form with the type 执字第
		{"（1998）吴民初字第100号", "", "民初", "（1998）吴民初字第100号", 1998, true},
	} {
		c, err := ParseCaseNumber(tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if c.Court().String() != tt.court || c.Key() != tt.key || c.Year() != tt.year || c.Older() != tt.older {
			t.Errorf("%s: court %q, key %q, year %d, older %t; want %q, %q, %d, %t",
				tt.in, c.Court(), c.Key(), c.Year(), c.Older(), tt.court, tt.key, tt.year, tt.older)
		}
		if c.Type() != tt.kind {
			t.Errorf("%s: type %q, want %q", tt.in, c.Type(), tt.kind)
		}
	}
}

func TestWhatIsNoCaseNumberIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"empty", ""},
		{"no province", "（2016）0508执1234号"},
		{"no 号", "（2016）苏0508执1234"},
		{"no type", "（2016）苏05081234号"},
		{"no number", "（2016）苏0508执号"},
		{"the number zero", "（2016）苏0508执000号"},
		{"nine digits", "（2016）苏0508执123456789号"},
		{"no brackets", "2016苏0508执1234号"},
		{"two digits of the year", "（16）苏0508执1234号"},
		{"a year of another century", "（1816）苏0508执1234号"},
		{"three digits of the court", "（2016）苏508执1234号"},
		{"a type of four characters", "（2016）苏0508执行案件1234号"},
		{"older without 第", "（2013）姑苏执字0123号"},
		{"older without a court", "（2013）执字第0123号"},
		{"something after it", "（2016）苏0508执1234号判决书"},
		{"two of them", "（2016）苏0508执1234号、（2016）苏0508执1235号"},
		{"之 without a numeral", "（2016）苏0508执1234号之"},
		{"a cell of megabytes", strings.Repeat("（2016）", 1<<20)},
		{"invalid bytes", "（2016）苏0508执1234\xff号"},
	} {
		if c, err := ParseCaseNumber(tt.in); CodeOf(err) != "CASE_NUMBER_FORMAT" || !c.IsZero() {
			t.Errorf("%s: %q, %v", tt.name, c, err)
		}
	}
}

func TestACourtCodeHasTheFormOfItsLevel(t *testing.T) {
	for _, good := range []string{"最高法", "苏", "苏05", "苏0508", "内", "兵", "军"} {
		if c, err := ParseCourtCode(good); err != nil || c.String() != good {
			t.Errorf("%q: %q, %v", good, c, err)
		}
	}
	for _, bad := range []string{"", "苏5", "苏050", "苏05080", "0508", "法", "最高", "苏０５", "苏05 ", "\xff"} {
		if c, err := ParseCourtCode(bad); CodeOf(err) != "COURT_CODE_FORMAT" || !c.IsZero() {
			t.Errorf("%q: %q, %v", bad, c, err)
		}
	}
}

func TestEmptyTextIsTheZeroValueAndBack(t *testing.T) {
	type all struct {
		Case  CaseNumber
		Court CourtCode
		Day   Day
	}
	b, err := json.Marshal(all{})
	if err != nil || string(b) != `{"Case":"","Court":"","Day":""}` {
		t.Fatalf("%s %v", b, err)
	}
	v := all{MustCaseNumber("（2016）苏0508执1234号"), MustCourtCode("苏"), MustDay("2017-01-01")}
	if err := json.Unmarshal(b, &v); err != nil || v != (all{}) {
		t.Errorf("%+v %v", v, err)
	}
	if key := (CaseNumber{}).Key(); key != "" {
		t.Errorf("the zero case number has the key %q", key)
	}
}

func FuzzParseCaseNumber(f *testing.F) {
	for _, s := range []string{
		"（2016）苏0508执1234号", "(2016)苏0508执0012号之一", "〔2013〕姑苏执字第0123-1号", "（２０１６）最高法执复９号。", "（2012）苏执字第8号", "（2016）苏0508号01号", "（2〇16）苏0508执1号",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCaseNumber(s)
		if err != nil {
			if !c.IsZero() || CodeOf(err) != "CASE_NUMBER_FORMAT" {
				t.Fatalf("%q: %v", c, err)
			}
			return
		}
		again, err := ParseCaseNumber(c.String())
		if err != nil || again != c {
			t.Fatalf("%q is not canonical: %q, %v", c, again, err)
		}
		key, err := ParseCaseNumber(c.Key())
		if err != nil || key.Key() != c.Key() || key.Court() != c.Court() || key.Year() != c.Year() || key.Type() != c.Type() {
			t.Fatalf("%q has the key %q, which has the key %q (%v)", c, c.Key(), key.Key(), err)
		}
		if year := c.Year(); year < 1900 || year > 2099 || c.Older() != c.Court().IsZero() {
			t.Fatalf("%q: year %d, older %t, court %q", c, year, c.Older(), c.Court())
		}
	})
}

func BenchmarkParseCaseNumber(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"canonical", "（2016）苏0508执1234号"}, {"folded", "(2016) 苏0508执1234号"}, {"older", "（2013）姑苏执字第0123号"}, {"none", "苏州市姑苏区人民法院"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ParseCaseNumber(bb.in)
			}
		})
	}
}
