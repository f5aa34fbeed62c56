package courts

import (
	"strings"
	"testing"

	"gongxin"
)

func TestTheEmbeddedTableHangsTogether(t *testing.T) {
	d := Embedded()
	if len(d.All()) < 118 {
		t.Fatalf("%d rows, want 118 at least", len(d.All()))
	}
	for _, c := range d.All() {
		if c.Superior != "" && c.Superior != "最高人民法院" {
			s, ok := d.ByName(c.Superior)
			if !ok {
				t.Errorf("%s: its superior %s is not in the table", c.Name, c.Superior)
			}
			if c.Confidence == ByRule && !strings.HasPrefix(c.Code.String(), s.Code.String()) {
				t.Errorf("%s has the code %s, its superior %s", c.Name, c.Code, s.Code)
			}
		}
		if back, ok := d.ByCode(c.Code); !ok || back.Name != c.Name {
			t.Errorf("code %s leads to %q, want %s", c.Code, back.Name, c.Name)
		}
		if d.Contradicts(c.Name, c.Code) {
			t.Errorf("%s contradicts its own code %s", c.Name, c.Code)
		}
	}
}

func TestACourtIsFoundByNameWithAndWithoutItsProvince(t *testing.T) {
	d := Embedded()
	for _, tt := range []struct{ name, code string }{
		{"苏州市虎丘区人民法院", "苏0505"},
		{"江苏省苏州市虎丘区人民法院", "苏0505"},
		{"江苏省苏州市中级人民法院", "苏05"},
		{"苏州市中级人民法院", "苏05"},
		{"张家港市人民法院\u3000", "苏0582"},
		{"江苏省高级人民法院", "苏"},
		{"南通市崇川区人民法院", "苏0613"}, // the code in use, not the one up to 2020
		{"海门市人民法院", "苏0684"},    // a court that is no more
		{"火星市人民法院", ""},
		{"江苏省", ""},
		{"", ""},
	} {
		c, ok := d.ByName(tt.name)
		if c.Code.String() != tt.code || ok != (tt.code != "") {
			t.Errorf("%q has the code %q (%t), want %q", tt.name, c.Code, ok, tt.code)
		}
	}
	if _, ok := d.ByCode(gongxin.CourtCode{}); ok {
		t.Error("the zero code has a court")
	}
	if c, _ := d.ByName("苏州市姑苏区人民法院"); len(c.OldStyle) != 1 || c.OldStyle[0] != "姑苏" {
		t.Errorf("old style of 姑苏: %q", c.OldStyle)
	}
}

func TestOnlyWhatIsKnownForSureContradicts(t *testing.T) {
	d := Embedded()
	for _, tt := range []struct {
		why, name, code string
		want            bool
	}{
		{"its own code", "苏州市虎丘区人民法院", "苏0505", false},
		{"another court's code", "苏州市吴江区人民法院", "苏0581", true},
		{"the superior court's code", "苏州市吴江区人民法院", "苏05", true},
		{"another province", "苏州市吴江区人民法院", "浙0102", true},
		{"a code that nobody has", "苏州市吴江区人民法院", "苏0599", true},
		{"no code: a case number before 2016", "苏州市吴江区人民法院", "", false},
		{"a court that is not in the table", "火星市人民法院", "苏0581", false},
		{"the former code of a court whose code changed", "南通市崇川区人民法院", "苏0602", false},
		{"its present code", "南通市崇川区人民法院", "苏0613", false},
		{"a code of divisions merged into it", "无锡市梁溪区人民法院", "苏0202", false},
		{"a neighbour's code, although its division was changed", "无锡市梁溪区人民法院", "苏0205", true},
		{"another city, although its division was changed", "无锡市梁溪区人民法院", "苏0599", true},
		{"a court known from memory alone", "南京江北新区人民法院", "苏0102", false},
	} {
		var code gongxin.CourtCode
		if tt.code != "" {
			code = gongxin.MustCourtCode(tt.code)
		}
		if got := d.Contradicts(tt.name, code); got != tt.want {
			t.Errorf("%s: %s with %s: %t, want %t", tt.why, tt.name, tt.code, got, tt.want)
		}
	}
}

const header = "name,level,code,superior,confidence,old_style,valid,basis\n"

func TestAFaultyTableIsRefused(t *testing.T) {
	for _, tt := range []struct{ why, table string }{
		{"empty", ""},
		{"header alone", header},
		{"other columns", "code,name\n苏05,法院\n"},
		{"no name", header + ",中级,苏05,,1,,,\n"},
		{"a name with a blank", header + "某 法院,中级,苏05,,1,,,\n"},
		{"no code", header + "某法院,中级,,,1,,,\n"},
		{"a code of no form", header + "某法院,中级,苏5,,1,,,\n"},
		{"a code twice", header + "某法院,中级,苏05,,1,,,\n某某法院,中级,苏05,,1,,,\n"},
		{"confidence 0", header + "某法院,中级,苏05,,0,,,\n"},
		{"confidence 4", header + "某法院,中级,苏05,,4,,,\n"},
		{"years without a hyphen", header + "某法院,中级,苏05,,1,,2019,\n"},
		{"no year", header + "某法院,中级,苏05,,1,,-,\n"},
		{"years that end before they begin", header + "某法院,中级,苏05,,1,,2020-2019,\n"},
		{"a field too few", header + "某法院,中级,苏05,,1,,\n"},
		{"an open quote", header + "\"某法院,中级,苏05,,1,,,\n"},
	} {
		if _, err := Parse(strings.NewReader(tt.table)); err == nil {
			t.Errorf("%s: taken", tt.why)
		}
	}
	if d, err := Parse(strings.NewReader("\ufeff" + header + "某法院,中级,苏05,,1,甲 乙,2016-2020,why\n")); err != nil || len(d.All()) != 1 || len(d.All()[0].OldStyle) != 2 {
		t.Errorf("a good table with a byte order mark: %v", err)
	}
}

func TestTheZeroDirectoryKnowsNothing(t *testing.T) {
	var d Directory
	_, named := d.ByName("江苏省高级人民法院")
	_, coded := d.ByCode(gongxin.MustCourtCode("苏"))
	if named || coded || d.Contradicts("江苏省高级人民法院", gongxin.MustCourtCode("浙")) {
		t.Error("the zero Directory knows a court")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(embedded))
	f.Add(header + "某法院,中级,苏05,,1,甲 乙,2016-2020,why\n")
	f.Fuzz(func(t *testing.T, table string) {
		d, err := Parse(strings.NewReader(table))
		if (err == nil) == (d == nil) {
			t.Fatalf("directory %v with error %v", d, err)
		}
		if err != nil {
			return
		}
		for _, c := range d.All() {
			if _, ok := d.ByName(c.Name); !ok {
				t.Fatalf("%q is not found by its name", c.Name)
			}
			if back, ok := d.ByCode(c.Code); !ok || back.Name != c.Name || d.Contradicts(c.Name, c.Code) {
				t.Fatalf("%q is not found by its code", c.Name)
			}
		}
	})
}
