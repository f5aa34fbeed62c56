package match

import (
	"strings"
	"unicode"

	"gongxin"
	"gongxin/identity"
)

// ParseParty reads a subject as people write one: a name, or a name and an identifier
// after a comma, a semicolon, a bar, a tab or a space. An identifier with asterisks is a
// masked one. Errors: MATCH_NUMBER, with the number masked, if what stands behind
// looks like an identifier and is none (the party then has its name alone); MATCH_NAME
// if there is neither name nor number.
func ParseParty(text string) (Party, error) {
	text = strings.TrimSpace(text)
	name, tail := text, ""
	if i := strings.LastIndexFunc(text, separates); i >= 0 {
		name, tail = text[:i], strings.TrimLeftFunc(text[i:], separates)
	} else if looksLikeNumber(text) {
		name, tail = "", text
	}
	if !looksLikeNumber(tail) {
		name, tail = text, ""
	}
	p := Party{Name: strings.TrimRightFunc(name, separates)}
	if tail != "" {
		if strings.ContainsRune(canonicalMask(tail), hidden) && hides(tail) {
			p.Masked = canonicalMask(tail)
		} else {
			n, _, err := identity.Parse(tail)
			if err != nil {
				return p, gongxin.Invalid("MATCH_NUMBER", canonicalMask(tail))
			}
			p.Number = n
		}
	}
	if p.Name == "" && tail == "" {
		return Party{}, gongxin.Invalid("MATCH_NAME")
	}
	return p, nil
}

func separates(r rune) bool {
	return r == ',' || r == '，' || r == ';' || r == '；' || r == '|' || r == '、' || unicode.IsSpace(r)
}

// hides tells whether s itself has characters that stand for hidden ones.
func hides(s string) bool { return strings.ContainsAny(nfkc(s), "*×•●?#") }

// looksLikeNumber tells whether s is written as identifiers are: eight characters and
// more, most of them digits or hidden.
func looksLikeNumber(s string) bool {
	digits, others := 0, 0
	for _, r := range strings.ToUpper(nfkc(s)) {
		switch {
		case r >= '0' && r <= '9' || strings.ContainsRune("*×•●?#", r):
			digits++
		case r >= 'A' && r <= 'Z':
			others++
		case r != '-':
			return false
		}
	}
	return digits+others >= 8 && digits >= 6
}
