package gate

import (
	"cmp"
	"slices"

	"gongxin"
	"gongxin/match"
	"gongxin/measure"
	"gongxin/screen"
)

// A question is a query after its number was read, with the day on which it is asked.
type question struct {
	measures  []gongxin.Measure
	numbered  bool // a valid number was given
	name      string
	day       gongxin.Day
	searching bool // by name alone
	forked    bool // the hub signed what cannot both be true: nobody is restricted
}

// A finding is one hit with what it leads to.
type finding struct {
	hit    gongxin.Hit
	person person // whose the listing is, of one that restricts
	code   string
	reason gongxin.Text
}

func text(code string, args ...any) gongxin.Text {
	return gongxin.Invalid(code, args...).What()
}

// judge returns what hits lead to under the measures of the scenario. It is the
// rule of the whole gate: a block needs a number and a name that agree, a term
// that runs, a measure that prohibits, and a hub that has not contradicted itself;
// anything less goes to a person.
// Listings whose term has passed lead to nothing but a reason.
func (q question) judge(hits []screen.Hit) (outcome gongxin.Outcome, found []finding, reasons []gongxin.Reason) {
	outcome = gongxin.Clear
	slices.SortFunc(hits, func(a, b screen.Hit) int {
		return cmp.Or(-cmp.Compare(a.Published, b.Published), slices.Compare(a.Listing[:], b.Listing[:]))
	})
	for _, h := range hits {
		if !h.Until.IsZero() && q.day > h.Until {
			reasons = appendReason(reasons, "TERM_PASSED", text("TERM_PASSED", h.Listing, h.Until))
			continue
		}
		for _, m := range q.measures {
			f := q.find(h, m)
			found = append(found, f)
			reasons = appendReason(reasons, f.code, f.reason)
			if f.code == codeListed {
				outcome = gongxin.Block
			} else if outcome == gongxin.Clear {
				outcome = gongxin.Refer
			}
		}
	}
	if q.searching && outcome == gongxin.Clear && len(reasons) == 0 {
		reasons = appendReason(reasons, "NAME_ONLY_SEARCHED", text("NAME_ONLY_SEARCHED"))
	}
	return outcome, found, reasons
}

const (
	codeListed   = "LISTED"
	codeForkSeen = "FORK_SEEN"
)

func (q question) find(h screen.Hit, m gongxin.Measure) finding {
	f := finding{hit: gongxin.Hit{
		Listing: h.Listing, Court: h.Court, Name: h.Name, Number: h.Masked, Published: h.Published, Until: h.Until,
		Severity: h.Severity, Measure: m.ID, Clause: m.Clause, Effect: m.Effect, Basis: m.Basis,
	}}
	f.hit.Case, _ = gongxin.ParseCaseNumber(h.Case) // was one when it came from the feed
	if q.numbered {
		f.hit.Agrees = append(f.hit.Agrees, "number")
	}
	agrees := match.Agrees(h.Name, q.name)
	if agrees {
		f.hit.Agrees = append(f.hit.Agrees, "name")
	}
	switch {
	case !q.numbered:
		f.code, f.reason = "NAME_ONLY", text("NAME_ONLY")
	case match.Fold(q.name) == "":
		f.code, f.reason = "NAME_NEEDED", text("NAME_NEEDED")
	case !agrees:
		f.code, f.reason = "NAME_DIFFERS", text("NAME_DIFFERS", h.Name, q.name)
	case !measure.CanBlock(m):
		f.code, f.reason = "MEASURE_REFERS", text("MEASURE_REFERS", m.ID)
	case q.forked:
		f.code, f.reason = codeForkSeen, text(codeForkSeen)
	default:
		f.code, f.reason = codeListed, text(codeListed, m.ID)
	}
	return f
}

// appendReason adds a reason that is not there yet.
func appendReason(reasons []gongxin.Reason, code string, t gongxin.Text) []gongxin.Reason {
	r := gongxin.Reason{Code: code, Text: t}
	if slices.Contains(reasons, r) {
		return reasons
	}
	return append(reasons, r)
}

// courts lists the courts of the findings, each once.
func courts(found []finding) (names []string) {
	for _, f := range found {
		if !slices.Contains(names, f.hit.Court) {
			names = append(names, f.hit.Court)
		}
	}
	return names
}
