// Package measure is the catalogue of measures (惩戒措施) as data: which business
// of a department (scenario) meets which measure, with what effect, under which
// clause, and who is bound. Nothing restricts anyone except through it (1.1).
//
//	"flight" ──For──▶ [3.6.flight prohibit 三（六）限制乘坐飞机]
//
// Only an effect of prohibit can ever block; strict and reference hand the case
// to a person with the facts. Clause 3.6 is here in full, of 3.2 what a first
// gate for procurement, bonds and banks needs.
//
// Three readings of 3.6 stand in the data. The persons behind an organisation
// whom the clause names at its beginning are bound by all its items except the
// two spending limits, which name the subject alone. A spending limit (限额控制)
// is strict and not prohibit: spending is allowed up to a limit that an officer
// applies. School fees concern the payer; no scenario takes anything about a child.
//
// A Catalogue never changes once made and is safe to share.
package measure

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"gongxin"
)

// A Scenario is a business that a department handles, such as a ticket sale.
type Scenario struct {
	ID    string       `json:"id"` // such as "flight"
	Title gongxin.Text `json:"title"`
}

// A Department is one that carries measures out.
type Department struct {
	ID    string       `json:"id"` // such as "railway"
	Title gongxin.Text `json:"title"`
}

// A Catalogue holds measures by scenario.
type Catalogue struct {
	departments []Department
	scenarios   []Scenario
	measures    []gongxin.Measure
	byScenario  map[string][]gongxin.Measure
}

//go:embed data/catalogue.json
var embedded string

var parsed = sync.OnceValue(func() *Catalogue {
	c, err := parse(embedded)
	if err != nil {
		panic(fmt.Sprintf("measure: embedded catalogue: %v", err))
	}
	return c
})

// Embedded returns the catalogue that comes with this version.
func Embedded() *Catalogue { return parsed() }

func parse(text string) (*Catalogue, error) {
	var in struct {
		Departments []Department      `json:"departments"`
		Scenarios   []Scenario        `json:"scenarios"`
		Measures    []gongxin.Measure `json:"measures"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	c := &Catalogue{departments: in.Departments, scenarios: in.Scenarios, measures: in.Measures,
		byScenario: make(map[string][]gongxin.Measure, len(in.Scenarios))}
	departments := map[string]bool{}
	for _, d := range in.Departments {
		departments[d.ID] = true
	}
	for _, s := range in.Scenarios {
		if _, twice := c.byScenario[s.ID]; twice {
			return nil, fmt.Errorf("scenario %q stands twice", s.ID)
		}
		c.byScenario[s.ID] = nil
	}
	for _, m := range in.Measures {
		if _, known := c.byScenario[m.Scenario]; !known {
			return nil, fmt.Errorf("measure %q has the unknown scenario %q", m.ID, m.Scenario)
		}
		for _, d := range m.Departments {
			if !departments[d] {
				return nil, fmt.Errorf("measure %q has the unknown department %q", m.ID, d)
			}
		}
		c.byScenario[m.Scenario] = append(c.byScenario[m.Scenario], m)
	}
	return c, nil
}

// For returns the measures that apply in scenario; nil if there is none or no
// such scenario. The slice is shared: do not write to it.
func (c *Catalogue) For(scenario string) []gongxin.Measure { return c.byScenario[scenario] }

// Knows tells whether scenario is one of the catalogue.
func (c *Catalogue) Knows(scenario string) bool {
	_, ok := c.byScenario[scenario]
	return ok
}

// Measure returns the measure named id, such as "3.6.flight".
func (c *Catalogue) Measure(id string) (gongxin.Measure, bool) {
	i := slices.IndexFunc(c.measures, func(m gongxin.Measure) bool { return m.ID == id })
	if i < 0 {
		return gongxin.Measure{}, false
	}
	return c.measures[i], true
}

// Measures returns all measures in the catalogue's order.
func (c *Catalogue) Measures() []gongxin.Measure { return slices.Clone(c.measures) }

// Scenarios returns all scenarios in the catalogue's order.
func (c *Catalogue) Scenarios() []Scenario { return slices.Clone(c.scenarios) }

// Departments returns all departments in the catalogue's order.
func (c *Catalogue) Departments() []Department { return slices.Clone(c.departments) }

// CanBlock tells whether m may ever stop a transaction by itself: only what the
// document restricts or forbids does.
func CanBlock(m gongxin.Measure) bool { return m.Effect == gongxin.Prohibit }
