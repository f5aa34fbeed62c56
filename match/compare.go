package match

import (
	"iter"

	"gongxin"
	"gongxin/identity"
)

// A Party is a person or organisation as far as somebody knows it: a listing's
// subject, or whoever is asked about. What is not known is left zero.
type Party struct {
	Name   string
	Number identity.Number // valid number
	Masked string          // number of which only a part is known, such as 3205**********1234
	Born   int             // year of birth
	Sex    identity.Sex
	Region string // address code of a citizen number, two to six digits
}

// A Comparison says how far two parties agree, and why.
type Comparison struct {
	Grade gongxin.Grade
	Rank  int // for sorting: the higher the nearer, from 0 to 100; derived from the facts
	Facts []gongxin.Fact
}

// Compare compares a listed party with one that is asked about.
func Compare(listed, given Party) Comparison {
	c := Comparison{Grade: gongxin.GradeNone}
	fact := gongxin.Fact{About: "name", Verdict: gongxin.VerdictDiffers, Listed: listed.Name, Given: given.Name}
	if Agrees(listed.Name, given.Name) {
		c.Grade, c.Rank, fact.Verdict = gongxin.GradeEqual, 100, gongxin.VerdictSame
	}
	c.Facts = append(c.Facts, fact)
	return c
}

// Key is what all names that Compare may grade equal or strong with name have in
// common: two names with different keys are weak or none. An index finds names by it.
func Key(name string) string { return Fold(name) }

// Near yields the keys, other than name's own, under which names may lie that
// Compare grades weak with name: those with one homophone or look-alike. At most a few hundred.
func Near(name string) iter.Seq[string] { return func(func(string) bool) {} }
