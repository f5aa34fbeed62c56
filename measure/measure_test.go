package measure

import (
	"slices"
	"strings"
	"testing"

	"gongxin"
)

func TestEveryItemOfHighConsumptionIsInTheCatalogue(t *testing.T) {
	want := []string{"insurance", "flight", "soft_sleeper", "g_train", "emu_first_class", "star_hotel", "grade_one_hotel",
		"high_lodging", "outbound_tour", "outbound_service", "resort_spending", "tourism_spending", "real_estate", "land_use",
		"real_estate_development", "building", "renovation", "vehicle", "private_school"}
	var got []string
	for _, m := range Embedded().Measures() {
		if m.Clause == "3.6" {
			got = append(got, m.Scenario)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("scenarios of 3.6: got %v, want %v", got, want)
	}
}

func TestEveryMeasureIsComplete(t *testing.T) {
	c := Embedded()
	clauses := []string{"3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10"}
	effects := []gongxin.Effect{gongxin.Prohibit, gongxin.Strict, gongxin.Reference, gongxin.Revoke, gongxin.Supervise, gongxin.Notify}
	bound := []string{"subject", "legal_representative", "principal", "responsible_person", "actual_controller"}
	seen := map[string]bool{}
	for _, m := range c.Measures() {
		if seen[m.ID] {
			t.Errorf("%s stands twice", m.ID)
		}
		seen[m.ID] = true
		if !slices.Contains(clauses, m.Clause) || !strings.HasPrefix(m.ID, m.Clause+".") {
			t.Errorf("%s: clause %q", m.ID, m.Clause)
		}
		if !slices.Contains(effects, m.Effect) {
			t.Errorf("%s: effect %q", m.ID, m.Effect)
		}
		if m.Title.ZH == "" || m.Title.EN == "" || m.Basis.ZH == "" || m.Basis.EN == "" {
			t.Errorf("%s: a text is missing", m.ID)
		}
		if !strings.HasPrefix(m.Basis.EN, m.Clause) {
			t.Errorf("%s: the basis does not begin with its clause: %s", m.ID, m.Basis.EN)
		}
		if len(m.Departments) == 0 {
			t.Errorf("%s: no department", m.ID)
		}
		if len(m.Binds) == 0 || m.Binds[0] != "subject" {
			t.Errorf("%s: binds %v", m.ID, m.Binds)
		}
		for _, b := range m.Binds {
			if !slices.Contains(bound, b) {
				t.Errorf("%s: binds %q", m.ID, b)
			}
		}
		if got, ok := c.Measure(m.ID); !ok || got.ID != m.ID {
			t.Errorf("%s is not found by its id", m.ID)
		}
	}
}

func TestEveryScenarioHasTitleAndMeasure(t *testing.T) {
	c := Embedded()
	for _, s := range c.Scenarios() {
		if s.Title.ZH == "" || s.Title.EN == "" {
			t.Errorf("%s: a title is missing", s.ID)
		}
		if len(c.For(s.ID)) == 0 {
			t.Errorf("%s: no measure", s.ID)
		}
	}
}

func TestEveryDepartmentHasTitleAndMeasure(t *testing.T) {
	c := Embedded()
	for _, d := range c.Departments() {
		if d.Title.ZH == "" || d.Title.EN == "" {
			t.Errorf("%s: a title is missing", d.ID)
		}
		if !slices.ContainsFunc(c.Measures(), func(m gongxin.Measure) bool { return slices.Contains(m.Departments, d.ID) }) {
			t.Errorf("%s: no measure", d.ID)
		}
	}
}

func TestOnlyProhibitCanBlock(t *testing.T) {
	for _, tt := range []struct {
		id   string
		want bool
	}{
		{"3.6.flight", true},
		{"3.2.procurement", true},
		{"3.6.resort_spending", false},
		{"3.2.interbank_bond", false},
		{"3.2.credit", false},
	} {
		m, ok := Embedded().Measure(tt.id)
		if !ok || CanBlock(m) != tt.want {
			t.Errorf("%s (%s): got %v, want %v", tt.id, m.Effect, CanBlock(m), tt.want)
		}
	}
	for _, e := range []gongxin.Effect{gongxin.Strict, gongxin.Reference, gongxin.Revoke, gongxin.Supervise, gongxin.Notify, ""} {
		if CanBlock(gongxin.Measure{Effect: e}) {
			t.Errorf("%q can block", e)
		}
	}
}

func TestScenarioUnknownHasNoMeasure(t *testing.T) {
	if c := Embedded(); c.Knows("bus") || c.For("bus") != nil {
		t.Error("bus is no scenario")
	}
}

func TestFaultyCatalogueIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, data string }{
		{"unknown scenario", `{"measures":[{"id":"3.6.x","scenario":"x"}]}`},
		{"scenario twice", `{"scenarios":[{"id":"x"},{"id":"x"}]}`},
		{"unknown department", `{"scenarios":[{"id":"x"}],"measures":[{"id":"3.6.x","scenario":"x","departments":["y"]}]}`},
		{"unknown field", `{"child":"x"}`},
		{"no JSON", `{`},
	} {
		if _, err := parse(tt.data); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
}
