package match

import (
	"strconv"
	"strings"
	"unicode/utf8"

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

// What each fact adds to the rank. The grades lie 20 apart and more, so that no
// fact lifts a pair over one of a better grade (docs/matching.md).
const (
	rankEqual      = 80
	rankStrong     = 60
	rankSound      = 38
	rankLook       = 34
	rankNearSound  = 30
	rankForm       = 30 // an organisation of another form, or the branch of one
	rankNeighbour  = 20
	rankNumberOnly = 10

	plusNumber = 15
	plusMasked = 10
	plusBorn   = 2
	plusSex    = 1
	plusRegion = 1
)

// Compare compares a listed party with one that is asked about. The facts come in the
// order number, name and what the name consists of, born, sex, region. A
// contradiction of number, year of birth or sex, or of a person with an organisation,
// makes the grade none; nothing makes a weak name strong.
func Compare(listed, given Party) Comparison {
	listed, given = known(listed), known(given)
	n := compareNames(listed, given)
	number, shown := numberFact(listed, given)
	var facts []gongxin.Fact
	if number.About != "" {
		facts = append(facts, number)
	}
	facts = append(facts, n.facts...)
	c := Comparison{Grade: n.grade, Rank: n.rank}
	agree := number.Verdict == gongxin.VerdictSame
	switch {
	case agree && number.About == "number":
		c.Rank += plusNumber
	case agree:
		c.Rank += plusMasked
	}
	if agree && c.Grade == gongxin.GradeNone && (number.About == "number" || shown >= enough) {
		c.Grade, c.Rank = gongxin.GradeWeak, c.Rank+rankNumberOnly
	}
	if !agree || number.About != "number" { // one number is one person, whatever else is written
		facts = append(facts, circumstances(listed, given, &c.Rank)...)
	}
	for _, f := range facts {
		if f.Verdict == gongxin.VerdictContradicts {
			c.Grade = gongxin.GradeNone
		}
	}
	if c.Grade == gongxin.GradeNone {
		c.Rank = 0
	}
	c.Facts = facts
	return c
}

// circumstances compares year of birth, sex and region where both are known.
func circumstances(listed, given Party, rank *int) (facts []gongxin.Fact) {
	fact := func(about, l, g string, same bool, plus int, otherwise gongxin.Verdict) {
		f := gongxin.Fact{About: about, Verdict: otherwise, Listed: l, Given: g}
		if same {
			f.Verdict = gongxin.VerdictSame
			*rank += plus
		}
		facts = append(facts, f)
	}
	if l, g := listed.Born, given.Born; l != 0 && g != 0 {
		fact("born", strconv.Itoa(l), strconv.Itoa(g), l == g, plusBorn, gongxin.VerdictContradicts)
	}
	if l, g := listed.Sex, given.Sex; l != "" && g != "" {
		fact("sex", string(l), string(g), l == g, plusSex, gongxin.VerdictContradicts)
	}
	if l, g := listed.Region, given.Region; l != "" && g != "" {
		n := min(len(l), len(g))
		fact("region", l, g, l[:n] == g[:n], plusRegion, gongxin.VerdictDiffers)
	}
	return facts
}

// named is how two names compare.
type named struct {
	grade gongxin.Grade
	rank  int
	facts []gongxin.Fact
}

// found starts the facts with that of the whole name.
func found(grade gongxin.Grade, rank int, verdict gongxin.Verdict, listed, given Party, more ...gongxin.Fact) named {
	whole := gongxin.Fact{About: "name", Verdict: verdict, Listed: listed.Name, Given: given.Name}
	return named{grade, rank, append([]gongxin.Fact{whole}, more...)}
}

func compareNames(listed, given Party) named {
	a, b := Fold(listed.Name), Fold(given.Name)
	if a == "" || b == "" {
		return found(gongxin.GradeNone, 0, gongxin.VerdictDiffers, listed, given)
	}
	if a == b {
		verdict := gongxin.VerdictSame
		if plainly(listed.Name) != plainly(given.Name) {
			verdict = gongxin.VerdictVariant
		}
		return found(gongxin.GradeEqual, rankEqual, verdict, listed, given)
	}
	x, y := isOrganisation(a), isOrganisation(b)
	if x != y && (x || mayBeShort(a)) && (y || mayBeShort(b)) { // 苏州恒瑞贸易 may stand for 苏州恒瑞贸易有限公司
		x, y = true, true
	}
	switch {
	case x && y:
		return compareOrganisations(readOrganisation(a), readOrganisation(b), listed, given)
	case x != y:
		return found(gongxin.GradeNone, 0, gongxin.VerdictDiffers, listed, given,
			gongxin.Fact{About: "kind", Verdict: gongxin.VerdictContradicts, Listed: kindOf(x), Given: kindOf(y)})
	case isLatin(a) && isLatin(b):
		return compareLatin(a, b, listed, given)
	}
	return comparePersons(a, b, listed, given)
}

// mayBeShort tells whether a folded name that does not end like an organisation's may be
// one cut short: five characters and more in Chinese, without a dot.
func mayBeShort(folded string) bool {
	n := 0
	for _, r := range folded {
		if !isHan(r) {
			return false
		}
		n++
	}
	return n >= 5
}

// plainly folds width, spaces, what cannot be seen and case alone, so that what is left
// to fold is a variant.
func plainly(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, nfkc(name)))
}

func kindOf(organisation bool) string {
	if organisation {
		return "organisation"
	}
	return "person"
}

func comparePersons(a, b string, listed, given Party) named {
	a, b = bareName(a), bareName(b)
	if a == b {
		return found(gongxin.GradeStrong, rankStrong, gongxin.VerdictVariant, listed, given)
	}
	x, y := []rune(a), []rune(b)
	if loosen(a) == loosen(b) && byWriting(x, y, listed.Name, given.Name) {
		return found(gongxin.GradeStrong, rankStrong, gongxin.VerdictVariant, listed, given)
	}
	if at, ok := oneDiffers(x, y); ok {
		return oneCharacter(x[at], y[at], len(x) >= 3, listed, given)
	}
	if shownAgree(x, y) {
		return found(gongxin.GradeWeak, rankNeighbour, gongxin.VerdictNeighbour, listed, given)
	}
	return found(gongxin.GradeNone, 0, gongxin.VerdictDiffers, listed, given)
}

// oneCharacter grades names that differ in one character, x of the listed and y of the
// given name. neighbours tells whether any other character is a hint: of names of two
// characters it is none, for half of the name differs.
func oneCharacter(x, y rune, neighbours bool, listed, given Party) named {
	near := readings()
	fact := gongxin.Fact{About: "character", Listed: string(x), Given: string(y)}
	sound, look := near.compare(x, y), near.looksLike(x, y)
	rank := 0
	switch {
	case x == hidden || y == hidden || x == '某' || y == '某' || x == '\uFFFD' || y == '\uFFFD':
		fact.Verdict, rank = gongxin.VerdictNeighbour, rankNeighbour
	case sound == soundsSame:
		fact.Verdict, rank = gongxin.VerdictHomophone, rankSound
	case look || looseShape(x) == looseShape(y):
		fact.Verdict, rank = gongxin.VerdictLookAlike, rankLook
	case sound == soundsNear:
		fact.Verdict, rank = gongxin.VerdictHomophone, rankNearSound
	case neighbours:
		fact.Verdict, rank = gongxin.VerdictNeighbour, rankNeighbour
	default:
		fact.Verdict = gongxin.VerdictDiffers
		return found(gongxin.GradeNone, 0, gongxin.VerdictDiffers, listed, given, fact)
	}
	if fact.Verdict == gongxin.VerdictHomophone {
		fact.Listed += " " + near.read(x)
		fact.Given += " " + near.read(y)
	}
	return found(gongxin.GradeWeak, rank, fact.Verdict, listed, given, fact)
}

// byWriting tells whether two names that Key writes alike differ by their writing
// alone, so that they may be one. A name that is written in traditional characters otherwise
// has 範 for 范 by its writing (範偉, 范伟); one that is not has it as another character
// (範明, 范明). And 蘋 may be written for 𬞟, although it folds to 苹.
func byWriting(x, y []rune, listed, given string) bool {
	t := table()
	for i, a := range x {
		b := y[i]
		if a == b {
			continue
		}
		inListed, inGiven := t.of(a)&loose != 0, t.of(b)&loose != 0
		switch {
		case t.doubles[a] != 0 && strings.ContainsRune(given, t.doubles[a]):
		case t.doubles[b] != 0 && strings.ContainsRune(listed, t.doubles[b]):
		case inListed && t.doubles[a] == 0 && inTraditional(listed):
		case inGiven && t.doubles[b] == 0 && inTraditional(given):
		default:
			return false
		}
	}
	return true
}

// inTraditional tells whether name has a character that is traditional beyond doubt.
func inTraditional(name string) bool {
	t := table()
	for _, r := range name {
		if t.of(r)&traditional != 0 {
			return true
		}
	}
	return false
}

// shownAgree tells whether two names of one length, of which one hides characters
// (王*明, 王某明), agree in all that is shown, at least the first.
func shownAgree(a, b []rune) bool {
	if len(a) != len(b) || len(a) < 2 || a[0] != b[0] {
		return false
	}
	hides := false
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if a[i] != hidden && b[i] != hidden && a[i] != '某' && b[i] != '某' {
			return false
		}
		hides = true
	}
	return hides
}

func compareLatin(a, b string, listed, given Party) named {
	x, y := latinLetters(a), latinLetters(b)
	switch {
	case x == y || latinWords(listed.Name) == latinWords(given.Name):
		return found(gongxin.GradeStrong, rankStrong, gongxin.VerdictVariant, listed, given)
	case utf8.RuneCountInString(x) >= 5 && oneEdit([]rune(x), []rune(y)):
		return found(gongxin.GradeWeak, rankNeighbour, gongxin.VerdictNeighbour, listed, given)
	}
	return found(gongxin.GradeNone, 0, gongxin.VerdictDiffers, listed, given)
}

// oneEdit tells whether one letter more, less or other makes b of a.
func oneEdit(a, b []rune) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return string(a[i+1:]) == string(b[i+1:])
	}
	return string(a[i+1:]) == string(b[i:])
}
