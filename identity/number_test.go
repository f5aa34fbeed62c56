package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func must(t testing.TB, s string, kinds ...Kind) Number {
	t.Helper()
	n, _, err := Parse(s, kinds...)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return n
}

func TestPersonalNumbersPrintMaskedAndOrganisationsWhole(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"320000198001010018", "320000********0018"},
		{"320000650704127", "320000********1277"},
		{"810000188001010015", "810000********0015"},
		{"932840188001010019", "932840********0019"},
		{"XXX320080010100", "XX***********00"},
		{"H00000000", "H******00"},
		{"M0000000012", "M********12"},
		{"00000001", "00****01"},
		{"0000000000(A)", "00*********A)"},
		{"E00000000", "E******00"},
		{"91320000QQ00000129", "91320000QQ00000129"},
		{"QQ000001-2", "QQ0000012"},
	} {
		if got := must(t, tt.in).String(); got != tt.want {
			t.Errorf("%s prints %s, want %s", tt.in, got, tt.want)
		}
	}
	if got := (Number{}).String(); got != "" {
		t.Errorf("the zero Number prints %q", got)
	}
}

func TestAPersonalNumberDoesNotLeakByAccident(t *testing.T) {
	const full = "320000198001010018"
	n := must(t, full)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "number", n, "in", []any{n})
	slog.New(slog.NewTextHandler(&log, nil)).Info("seen", "number", n)
	for _, text := range []string{
		log.String(), fmt.Sprint(n), fmt.Sprintf("%v %+v %#v %s %q", n, n, n, n, n), fmt.Sprintf("%+v", struct{ N Number }{n}),
	} {
		if strings.Contains(text, full) {
			t.Errorf("the whole number is in %s", text)
		}
	}
	if b, err := json.Marshal(struct{ N Number }{n}); err == nil {
		t.Errorf("JSON holds it unasked: %s", b)
	}
	if b, err := n.MarshalBinary(); err == nil {
		t.Errorf("binary form given unasked: %q", b)
	}
}

func TestANumberSaysWhatItCarries(t *testing.T) {
	for _, tt := range []struct {
		in    string
		birth string // y-m-d, "" if it carries none
		sex   Sex
		area  string
	}{
		{"320000198001010018", "1980-1-1", Male, "320000"},
		{"320000199912310024", "1999-12-31", Female, "320000"},
		{"11000019640229018X", "1964-2-29", Female, "110000"},
		{"320000650704127", "1965-7-4", Male, "320000"},
		{"810000188001010015", "1880-1-1", Male, ""},
		{"932840188001010019", "1880-1-1", "", ""},
		{"XXX320080010100", "", "", ""},
		{"91320000QQ00000129", "", "", ""},
		{"E00000000", "", "", ""},
	} {
		n := must(t, tt.in)
		birth := ""
		if y, m, d, ok := n.BirthDate(); ok {
			birth = fmt.Sprintf("%d-%d-%d", y, m, d)
		}
		if birth != tt.birth || n.Sex() != tt.sex || n.AreaCode() != tt.area {
			t.Errorf("%s: born %q, sex %q, area %q; want %q, %q, %q", tt.in, birth, n.Sex(), n.AreaCode(), tt.birth, tt.sex, tt.area)
		}
	}
	if _, _, _, ok := (Number{}).BirthDate(); ok || (Number{}).Sex() != "" || (Number{}).AreaCode() != "" {
		t.Error("the zero Number carries something")
	}
}

func TestOneOrganisationByCreditCodeAndOrganisationCode(t *testing.T) {
	credit, code := must(t, "91320000QQ00000129"), must(t, "QQ000001-2")
	other, person := must(t, "QQ12AB3C-X"), must(t, "320000198001010018")
	for _, tt := range []struct {
		name string
		a, b Number
		want bool
	}{
		{"credit code and its organisation code", credit, code, true},
		{"the other way round", code, credit, true},
		{"itself", credit, credit, true},
		{"another organisation", credit, other, false},
		{"a person and an organisation", person, code, false},
		{"a person written in 15 and in 18", must(t, "320000650704127"), must(t, "320000196507041277"), true},
		{"nobody and nobody", Number{}, Number{}, false},
		{"nobody and a person", Number{}, person, false},
	} {
		if got := Same(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: same %t, want %t", tt.name, got, tt.want)
		}
	}
	if got, ok := credit.Organisation(); !ok || got != code {
		t.Errorf("inside the credit code: %v %t, want %v", got, ok, code)
	}
	if _, ok := person.Organisation(); ok {
		t.Error("a person has an organisation code")
	}
}

func TestKnownAreaKnowsDivisionsInForceAndRetired(t *testing.T) {
	for _, tt := range []struct {
		code string
		want bool
		why  string
	}{
		{"320000", true, "a province"},
		{"320500", true, "a prefecture"},
		{"320508", true, "姑苏区, in force"},
		{"320502", true, "沧浪区, retired"},
		{"110000", true, "the first"},
		{"820000", true, "Macao"},
		{"110100", false, "市辖区, a heading"},
		{"320571", false, "苏州工业园区, a zone"},
		{"320576", false, "苏州工业园区 in another source"},
		{"840000", false, "no such place"},
		{"000000", false, "before the first"},
		{"999999", false, "after the last"},
		{"3205", false, "too short"},
		{"3205080", false, "too long"},
		{"", false, "empty"},
		{"320508\n", false, "with a line feed"},
	} {
		if got := KnownArea(tt.code); got != tt.want {
			t.Errorf("%q (%s): %t, want %t", tt.code, tt.why, got, tt.want)
		}
	}
	if len(areas)%areaLine != 0 {
		t.Fatal("a line of data/areas.txt has another length")
	}
	for i := areaLine; i < len(areas); i += areaLine {
		if areas[i-areaLine:i] >= areas[i:i+areaLine] || areas[i+areaLine-1] != '\n' || !digits(areas[i:i+areaLine-1]) {
			t.Errorf("data/areas.txt, line %d is not ascending, or no code", i/areaLine+1)
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	for k := CitizenID; k <= Passport; k++ {
		b, err := json.Marshal(k)
		if err != nil || len(b) < 5 {
			t.Errorf("kind %d: %s %v", k, b, err)
		}
		var back Kind
		if err := json.Unmarshal(b, &back); err != nil || back != k {
			t.Errorf("%s reads as %v, %v", b, back, err)
		}
	}
	if got, err := ParseKind(""); got != 0 || err != nil {
		t.Errorf("the empty name is %v, %v, want the zero Kind", got, err)
	}
	if _, err := ParseKind("blacklist"); err == nil {
		t.Error("an unknown name is a kind")
	}
	if _, err := Kind(200).MarshalText(); err == nil {
		t.Error("an unknown kind has a text")
	}
}
