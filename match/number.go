package match

import (
	"strings"

	"gongxin"
	"gongxin/identity"
)

// enough is how many characters of two masked numbers must be shown and agree before
// that alone is a hint: four in front and four behind are usual.
const enough = 8

// numberFact compares the numbers of two parties, as far as they are known; shown is how
// many characters agree. A zero fact says that there is nothing to compare.
func numberFact(listed, given Party) (fact gongxin.Fact, shown int) {
	a, b := listed.Number, given.Number
	fact = gongxin.Fact{About: "number", Listed: maskOf(listed), Given: maskOf(given)}
	if !a.IsZero() && !b.IsZero() {
		switch {
		case identity.Same(a, b):
			fact.Verdict = gongxin.VerdictSame
			return fact, len(b.Full())
		case a.Kind() == b.Kind() || a.IsOrganisation() && b.IsOrganisation():
			fact.Verdict = gongxin.VerdictContradicts
		default: // one person may have a card and a passport
			fact.Verdict = gongxin.VerdictDiffers
		}
		return fact, 0
	}
	agree, common := overlay(patterns(listed), patterns(given))
	fact.About = "masked number"
	switch {
	case common == 0:
		return gongxin.Fact{}, 0
	case !agree:
		fact.Verdict = gongxin.VerdictContradicts
		return fact, 0
	}
	fact.Verdict = gongxin.VerdictSame
	return fact, common
}

// maskOf shows a party's number masked.
func maskOf(p Party) string {
	if !p.Number.IsZero() {
		return p.Number.String()
	}
	return canonicalMask(p.Masked)
}

// canonicalMask writes a masked number in one way: half width, upper case, an asterisk
// for each hidden character. What hides nothing is masked here, so that no number
// given in the wrong field is shown.
func canonicalMask(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '×' || r == '•' || r == '●' || r == '?' || r == '#' || r == '·':
			return hidden
		case r == hidden || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
			return r
		}
		return -1
	}, strings.ToUpper(nfkc(s)))
	if len(s) > 8 && !strings.ContainsRune(s, hidden) {
		return s[:4] + strings.Repeat("*", len(s)-8) + s[len(s)-4:]
	}
	return s
}

// patterns gives the forms that a party's number may have, with hidden for what is not
// known. A mask of another length than its number stands for its ends alone; one
// of 15 characters may be a number of the first generation.
func patterns(p Party) []string {
	if !p.Number.IsZero() {
		return []string{p.Number.Full()}
	}
	s := canonicalMask(p.Masked)
	first := strings.IndexByte(s, hidden)
	if first < 0 {
		return nil
	}
	if len(s) == citizenLength {
		return []string{s}
	}
	last := strings.LastIndexByte(s, hidden)
	front, back := s[:first], s[last+1:]
	out := []string{s}
	if n := citizenLength - len(front) - len(back); n > 0 && len(s) >= 9 {
		out = append(out, front+strings.Repeat("*", n)+back)
	}
	if len(s) == 15 {
		out = append(out, s[:6]+"19"+s[6:]+"*")
	}
	return out
}

const citizenLength = 18

// overlay lays each of the patterns of a on each of b that is as long. It tells whether in
// one pair all that both show is the same, and how much that is; if in none, common is what
// the last pair shows both.
func overlay(a, b []string) (agree bool, common int) {
	for _, x := range a {
		for _, y := range b {
			if len(x) != len(y) {
				continue
			}
			n, same := 0, true
			for i := range len(x) {
				if x[i] != hidden && y[i] != hidden {
					n++
					same = same && x[i] == y[i]
				}
			}
			switch {
			case n == 0:
			case same:
				agree, common = true, max(common, n)
			case !agree:
				common = max(common, n)
			}
		}
	}
	return agree, common
}

// known fills in what a number, or the shown part of it, says of its holder.
func known(p Party) Party {
	if y, _, _, ok := p.Number.BirthDate(); ok {
		p.Born, p.Sex = y, p.Number.Sex()
		if code := p.Number.AreaCode(); code != "" && p.Region == "" {
			p.Region = code
		}
		return p
	}
	s := canonicalMask(p.Masked)
	if len(s) != citizenLength {
		return p
	}
	if year := s[6:10]; p.Born == 0 && allDigits(year) && (year[:2] == "19" || year[:2] == "20") {
		for _, c := range year {
			p.Born = p.Born*10 + int(c-'0')
		}
	}
	if c := s[16]; p.Sex == "" && c >= '0' && c <= '9' {
		if p.Sex = identity.Female; c&1 == 1 {
			p.Sex = identity.Male
		}
	}
	if p.Region == "" {
		shown := s[:6]
		if i := strings.IndexByte(shown, hidden); i >= 0 {
			shown = shown[:i&^1]
		}
		if len(shown) >= 2 && allDigits(shown) {
			p.Region = shown
		}
	}
	return p
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
