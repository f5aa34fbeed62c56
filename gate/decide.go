package gate

import (
	"cmp"
	"slices"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
	"gongxin/measure"
	"gongxin/screen"
)

// A question is a query after its number was read, with the day on which it is asked.
type question struct {
	measures   []gongxin.Measure
	number     identity.Number // zero in a search by name
	given      match.Party     // all that is known of the applicant
	day        gongxin.Day
	hints      bool                                      // of a search: similar names are told as well
	cut        bool                                      // of a search: more of that name are listed than were compared
	forked     bool                                      // the hub signed what cannot both be true: nobody is restricted
	remembered func(screen.Hit) (d distinction, ok bool) // that the applicant is not that listing; nil for nothing
}

// question returns what q, whose number is number (zero in a search), asks at the time now.
func (g *Gate) question(q *Query, number identity.Number, measures []gongxin.Measure, now time.Time) question {
	return question{measures: measures, number: number, given: q.party(number), day: gongxin.DayOf(now), hints: q.Hints, forked: g.fork.Load() != nil,
		remembered: g.rememberedOf(q, number)}
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

const (
	codeListed   = "LISTED"
	codeForkSeen = "FORK_SEEN"
)

// A candidate is a listing that may be the applicant's, and how far it agrees.
type candidate struct {
	screen.Hit
	match.Comparison
}

// A ruling is what a question leads to.
type ruling struct {
	outcome gongxin.Outcome
	found   []finding
	reasons []gongxin.Reason
	hints   []gongxin.Hit // decide nothing
}

// judge returns what hits lead to under the measures of the scenario. It is the
// rule of the whole gate: a block needs a number and a name that agree, nothing
// known that contradicts, a term that runs, a measure that prohibits, and a hub that
// has not contradicted itself; anything less goes to a person. A name alone refers
// where it is the same or another form of it, and what contradicts excludes; what
// is merely similar is a hint for who asks for hints, and decides nothing.
// Listings whose term has passed lead to nothing but a reason, and so does one of
// which an officer has found that it is not this applicant; where number and name
// agree in full that goes to a person all the same.
func (q question) judge(hits []screen.Hit) (v ruling) {
	v.outcome = gongxin.Clear
	searching, excluded, shown := q.number.IsZero(), 0, 0
	for _, c := range q.compare(hits) {
		if searching && c.contradicts() {
			if c.named() {
				excluded++
			}
			continue
		}
		if searching && !c.refers() {
			if q.hints && c.Grade == gongxin.GradeWeak {
				v.hint(c)
			}
			continue
		}
		if !c.Until.IsZero() && q.day > c.Until {
			v.because("TERM_PASSED", text("TERM_PASSED", c.Listing, c.Until))
			continue
		}
		different, known := distinction{}, false
		if q.remembered != nil {
			different, known = q.remembered(c.Hit)
		}
		if known && !q.agrees(c) {
			v.because(codeDifferent, different.text(codeDifferent))
			continue
		}
		if shown++; searching && shown > maxNames {
			continue
		}
		for _, m := range q.measures {
			f := q.find(c, m)
			if known {
				f.code, f.reason = codeStated, different.text(codeStated)
			}
			v.found = append(v.found, f)
			v.because(f.code, f.reason)
			if f.code == codeListed {
				v.outcome = gongxin.Block
			} else if v.outcome == gongxin.Clear {
				v.outcome = gongxin.Refer
			}
		}
	}
	if !searching {
		return v
	}
	if excluded > 0 {
		v.because("NAME_EXCLUDED", text("NAME_EXCLUDED", excluded))
	}
	if len(v.hints) > 0 {
		v.because("NAME_HINT", text("NAME_HINT", len(v.hints)))
	}
	switch {
	case q.cut && v.outcome == gongxin.Clear:
		v.outcome = gongxin.Refer
		v.because("NAME_COMMON", text("NAME_COMMON", maxCompared))
	case v.outcome == gongxin.Clear && match.PartHidden(q.given.Name):
		v.outcome = gongxin.Refer
		v.because("NAME_HIDDEN", text("NAME_HIDDEN"))
	case len(v.reasons) == 0:
		v.because("NAME_ONLY_SEARCHED", text("NAME_ONLY_SEARCHED"))
	}
	return v
}

// namesakes returns the listings that a search by name compares: those of the name,
// of which cut says that there are more, and if hints are asked for those that may be
// similar.
func namesakes(list *screen.View, q *Query) (hits []screen.Hit, cut bool, err error) {
	if hits, err = list.ByName(q.Name, maxCompared, nil); err != nil || !q.Hints {
		return hits, len(hits) >= maxCompared, err
	}
	same := len(hits)
	for key := range match.Near(q.Name) {
		if hits, err = list.ByKey(key, maxNames, hits); err != nil {
			return nil, false, err
		}
		if len(hits)-same >= maxCompared {
			break
		}
	}
	return hits, same >= maxCompared, nil
}

// compare grades hits and sorts them: the newest first, and in a search the nearest
// before it.
func (q question) compare(hits []screen.Hit) []candidate {
	all := make([]candidate, 0, len(hits))
	for _, h := range hits {
		all = append(all, q.compareOne(h))
	}
	slices.SortFunc(all, func(a, b candidate) int {
		nearer := 0
		if q.number.IsZero() {
			nearer = -cmp.Compare(a.Rank, b.Rank)
		}
		return cmp.Or(nearer, -cmp.Compare(a.Published, b.Published), slices.Compare(a.Listing[:], b.Listing[:]))
	})
	return all
}

// compareOne grades h. A hit by number has the number that was asked for; what that
// says of its holder is held against what is known of the applicant beside it.
func (q question) compareOne(h screen.Hit) candidate {
	listed := match.Party{Name: h.Name, Masked: h.Masked, Born: h.Born, Sex: h.Sex}
	if q.number.IsZero() {
		return candidate{h, match.Compare(listed, q.given)}
	}
	same := match.Party{Name: h.Name, Number: q.number}
	c := match.Compare(same, q.given)
	if q.given.Born == 0 && q.given.Sex == "" && q.given.Region == "" {
		return candidate{h, c}
	}
	given := q.given
	given.Number, given.Masked, listed.Masked = identity.Number{}, "", ""
	listed.Sex, listed.Region = q.number.Sex(), q.number.AreaCode()
	if year, _, _, ok := q.number.BirthDate(); ok {
		listed.Born = year
	}
	for _, f := range match.Compare(listed, given).Facts {
		if f.About == "born" || f.About == "sex" || f.About == "region" {
			c.Facts = append(c.Facts, f)
		}
	}
	return candidate{h, c}
}

// contradicts tells whether something known of both excludes that they are one.
func (c candidate) contradicts() bool {
	return slices.ContainsFunc(c.Facts, func(f gongxin.Fact) bool { return f.Verdict == gongxin.VerdictContradicts })
}

// named tells whether the names are the same, or forms of one.
func (c candidate) named() bool {
	return slices.ContainsFunc(c.Facts, func(f gongxin.Fact) bool {
		return f.About == "name" && (f.Verdict == gongxin.VerdictSame || f.Verdict == gongxin.VerdictVariant)
	})
}

// refers tells whether the name alone is reason enough for a person to look.
func (c candidate) refers() bool {
	return c.Grade == gongxin.GradeEqual || c.Grade == gongxin.GradeStrong
}

// agrees tells whether number and name agree in full.
func (q question) agrees(c candidate) bool {
	return !q.number.IsZero() && match.Agrees(c.Name, q.given.Name)
}

func (q question) find(c candidate, m gongxin.Measure) finding {
	f := finding{hit: toldOf(c)}
	f.hit.Measure, f.hit.Clause, f.hit.Effect, f.hit.Basis = m.ID, m.Clause, m.Effect, m.Basis
	if !q.number.IsZero() {
		f.hit.Agrees = append(f.hit.Agrees, "number")
	}
	agrees := match.Agrees(c.Name, q.given.Name)
	if agrees {
		f.hit.Agrees = append(f.hit.Agrees, "name")
	}
	switch {
	case q.number.IsZero():
		f.code, f.reason = "NAME_ONLY", text("NAME_ONLY")
	case match.Fold(q.given.Name) == "":
		f.code, f.reason = "NAME_NEEDED", text("NAME_NEEDED")
	case !agrees:
		part := nameParts(c.Facts, c.Name, q.given.Name)
		f.code, f.reason = "NAME_DIFFERS", text("NAME_DIFFERS", c.Name, q.given.Name, part.ZH, part.EN)
	case c.contradicts():
		part := contradiction(c.Facts)
		f.code, f.reason = "FACT_CONTRADICTS", text("FACT_CONTRADICTS", part.ZH, part.EN)
	case !measure.CanBlock(m):
		f.code, f.reason = "MEASURE_REFERS", text("MEASURE_REFERS", m.Title.ZH, m.Title.EN, m.Clause)
	case q.forked:
		f.code, f.reason = codeForkSeen, text(codeForkSeen)
	default:
		f.code, f.reason = codeListed, text(codeListed, m.Title.ZH, m.Title.EN, m.Clause)
	}
	return f
}

// toldOf tells of c, under no measure yet.
func toldOf(c candidate) gongxin.Hit {
	h := gongxin.Hit{Listing: c.Listing, Court: c.Court, Name: c.Name, Number: c.Masked, Published: c.Published, Until: c.Until,
		Severity: c.Severity, Agrees: []string{}, Evidence: c.Facts}
	h.Case, _ = gongxin.ParseCaseNumber(c.Case) // was one when it came from the feed
	return h
}

// hint adds c to what is told beside the answer.
func (v *ruling) hint(c candidate) {
	if len(v.hints) < maxNames {
		h := toldOf(c)
		h.Hint = true
		v.hints = append(v.hints, h)
	}
}

// because adds a reason that is not there yet.
func (v *ruling) because(code string, t gongxin.Text) {
	v.reasons = appendReason(v.reasons, code, t)
}

// nameParts says in words how two names that do not agree differ.
func nameParts(facts []gongxin.Fact, listed, given string) gongxin.Text {
	l, g := unlike(listed, given)
	code := "PART_OTHER"
	for _, f := range facts {
		if f.About == "character" {
			l, g = f.Listed, f.Given
		}
		if f.About != "name" {
			continue
		}
		switch f.Verdict {
		case gongxin.VerdictVariant:
			code = "PART_FORM"
		case gongxin.VerdictHomophone:
			code = "PART_SOUND"
		case gongxin.VerdictLookAlike:
			code = "PART_LOOK"
		case gongxin.VerdictNeighbour:
			code = "PART_CHARACTER"
		}
	}
	return text(code, l, g)
}

// unlike returns what is left of two names without what they begin and end with alike.
func unlike(a, b string) (string, string) {
	x, y := []rune(a), []rune(b)
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return string(x), string(y)
}

// contradiction says in words what contradicts, the first if there is more.
func contradiction(facts []gongxin.Fact) gongxin.Text {
	i := slices.IndexFunc(facts, func(f gongxin.Fact) bool { return f.Verdict == gongxin.VerdictContradicts })
	f := facts[i]
	code, ok := map[string]string{"born": "PART_BORN", "sex": "PART_SEX", "region": "PART_REGION", "number": "PART_NUMBER", "masked number": "PART_NUMBER"}[f.About]
	if !ok {
		code = "PART_OTHER"
	}
	return text(code, f.Listed, f.Given)
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
