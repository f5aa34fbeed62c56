package gate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"gongxin"
	"gongxin/identity"
)

// plainText returns what an officer or a person wrote in field, without blanks at
// its ends. It is kept and sent to the hub, so it is bounded and carries no
// identifier. Errors: REMARK_TOO_LONG, REMARK_WITH_NUMBER, REMARK_MALFORMED.
func plainText(field, s string, longest int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return "", gongxin.Invalid("REMARK_MALFORMED", field)
	case utf8.RuneCountInString(s) > longest:
		return "", gongxin.Invalid("REMARK_TOO_LONG", field, longest)
	case holdsNumber(s):
		return "", gongxin.Invalid("REMARK_WITH_NUMBER", field)
	}
	return s, nil
}

// holdsNumber tells whether s holds a person's citizen number, also in full width
// or with blanks and hyphens between its digits.
func holdsNumber(s string) bool {
	var run strings.Builder
	citizen := func() bool {
		n := run.Len()
		_, _, err := identity.Parse(run.String(), identity.CitizenID)
		run.Reset()
		return n >= 15 && err == nil
	}
	for _, r := range s {
		if '０' <= r && r <= '９' || r == 'Ｘ' || r == 'ｘ' {
			r -= '０' - '0'
		}
		switch {
		case '0' <= r && r <= '9', (r == 'X' || r == 'x') && run.Len() == 17:
			run.WriteRune(r)
		case r == ' ' || r == '-' || r == '　' || r == '\t':
		default:
			if citizen() {
				return true
			}
		}
	}
	return citizen()
}
