package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A folding collects what was folded.
type folding struct {
	trim, width, upper, separator bool
	hyphen                        int // where the only separator, a hyphen, stood: after so many characters; else 0
}

// list returns the folds for a number read in form, in a fixed order; nil for none.
func (f folding) list(form *form) []Fold {
	var folds []Fold
	if f.trim {
		folds = append(folds, FoldTrim)
	}
	if f.width {
		folds = append(folds, FoldWidth)
	}
	if f.upper {
		folds = append(folds, FoldUppercase)
	}
	// the hyphen before the check of an organisation code is how the standard writes it
	if f.separator && !(form.kind == OrganisationCode && f.hyphen == 8) {
		folds = append(folds, FoldSeparator)
	}
	if form.kind == CitizenID && form.n == 15 {
		folds = append(folds, FoldUpgrade)
	}
	return folds
}

// canonical tells whether no character of s needs folding.
func canonical(s string) bool {
	if len(s) > maxLength {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !plainByte[s[i]] {
			return false
		}
	}
	return true
}

// plainByte is plain as a table: this is asked of every number that a gate screens.
var plainByte = func() (table [256]bool) {
	for b := range table {
		table[b] = plain(rune(b))
	}
	return table
}()

// plain tells whether r is a character of canonical numbers.
func plain(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || r == '(' || r == ')'
}

// unreadable is what fold returns for a string that is no number of any kind:
// it has no length that a form has.
var unreadable = strings.Repeat("?", maxLength+1)

// fold returns s half-width, upper-case and without spaces, invisible characters
// and separators. It reads no further than a number can reach, so that a
// cell of megabytes costs nothing.
func fold(s string) (string, folding) {
	var f folding
	var out [maxLength]byte
	n, separators := 0, 0
	const farthest = 1024 // no number is hidden in more padding than this
	if len(s) > farthest {
		return unreadable, f
	}
	s = trimmed(s, &f)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if narrow, wide := halfWidth(r); wide {
			r, f.width = narrow, true
		}
		if 'a' <= r && r <= 'z' {
			r, f.upper = r-'a'+'A', true
		}
		switch {
		case plain(r):
			if n == maxLength {
				return unreadable, f
			}
			out[n] = byte(r)
			n++
		case hyphen(r):
			if n == 0 || i == len(s) {
				return unreadable, f // a number neither begins nor ends with one
			}
			separators++
			f.separator, f.hyphen = true, n
		case blank(r):
			separators++
			f.separator, f.hyphen = true, 0
		case invisible(r):
			f.trim = true
		default:
			return unreadable, f
		}
	}
	if separators != 1 {
		f.hyphen = 0
	}
	return string(out[:n]), f
}

// trimmed cuts blanks and invisible characters off both ends, and the apostrophe
// that spreadsheets put before digits that are to stay text.
func trimmed(s string, f *folding) string {
	t := strings.TrimFunc(s, func(r rune) bool { return blank(r) || invisible(r) })
	if r, size := utf8.DecodeRuneInString(t); size > 0 && apostrophe(r) {
		t = strings.TrimLeftFunc(t[size:], func(r rune) bool { return blank(r) || invisible(r) })
	}
	f.trim = len(t) != len(s)
	return t
}

// halfWidth returns the ASCII character of a full-width form, or of the Roman
// numeral ten, which is what a closing X means.
func halfWidth(r rune) (rune, bool) {
	switch {
	case 0xFF01 <= r && r <= 0xFF5E:
		return r - 0xFEE0, true
	case r == 'Ⅹ':
		return 'X', true
	case r == 'ⅹ':
		return 'x', true
	}
	return r, false
}

func blank(r rune) bool { return unicode.IsSpace(r) }

func invisible(r rune) bool {
	return r != utf8.RuneError && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r))
}

func hyphen(r rune) bool {
	return r == '-' || 0x2010 <= r && r <= 0x2015 || r == 0x2212 || r == 0xFE58 || r == 0xFE63
}

func apostrophe(r rune) bool {
	return r == '\'' || r == '‘' || r == '’' || r == '`' || r == 0xFF07
}
