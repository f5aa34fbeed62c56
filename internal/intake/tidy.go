package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A tidied cell is its text without blanks at the ends and without characters
// that nobody can see, and what was met on the way.
type tidied struct {
	text    string
	norms   norms
	control rune // the first control character in it, 0 for none
	damaged bool // holds U+FFFD: lost in an earlier conversion
	private bool // holds a private-use character that has no encoded form
}

// needsLook marks the bytes that a plain cell does not hold: blanks, controls and
// the lead bytes of characters that may have to be dropped. E3 and EF lead common
// punctuation too and are looked at in plain.
var needsLook = func() (t [256]bool) {
	for c := range t {
		t[c] = c <= ' ' || c == 0x7F || c == 0xC2 || c == 0xCC || c == 0xCD || c == 0xD8 || c == 0xE1 || c == 0xE2 || c == 0xEE || c >= 0xF0
	}
	return t
}()

// plain tells quickly that s, which is valid UTF-8, needs no tidying.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			if i == 0 || i == len(s)-1 {
				return false
			}
		case needsLook[c]:
			return false
		case c == 0xE3:
			if i+2 >= len(s) || s[i+1] == 0x80 && s[i+2] == 0x80 || s[i+1] == 0x85 { // U+3000, Hangul filler
				return false
			}
		case c == 0xEF:
			if i+1 >= len(s) || s[i+1] != 0xBC && s[i+1] != 0xBD { // all but the full-width forms
				return false
			}
		}
	}
	return true
}

// tidy tidies a cell.
func tidy(s string) tidied {
	if plain(s) {
		return tidied{text: s}
	}
	t := tidied{text: s}
	change := false
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			t.damaged = true
		case invisible(r):
			t.norms |= normInvisible
			change = true
		case unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' && t.control == 0:
			t.control = r
		case unicode.Is(unicode.Co, r):
			if _, ok := encodedLater[r]; ok {
				t.norms |= normPrivate
				change = true
			} else {
				t.private = true
			}
		}
	}
	if change {
		t.text = strings.Map(func(r rune) rune {
			if invisible(r) {
				return -1
			}
			if e, ok := encodedLater[r]; ok {
				return e
			}
			return r
		}, t.text)
	}
	if cut := strings.TrimFunc(t.text, unicode.IsSpace); len(cut) != len(t.text) {
		t.text = cut
		t.norms |= normTrim
	}
	if t.text == "" { // nothing was there, so nothing was changed
		t.norms = 0
	}
	return t
}

func tidyText(s string) string { return tidy(s).text }

// invisible tells whether nobody can see r and nothing is lost without it: format
// characters, variation selectors, fillers. Line ends and blanks are not meant.
func invisible(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case unicode.Is(unicode.Cf, r):
		return true
	case 0xFE00 <= r && r <= 0xFE0F, 0xE0100 <= r && r <= 0xE01EF, r == 0x034F, r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0:
		return true
	}
	return false
}

// encodedLater maps private-use characters of old GBK and GB 18030-2000 text to
// the characters that Unicode encoded for them later.
var encodedLater = map[rune]rune{
	0xE863: 0x4DAE, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7,
	0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB,
}

// narrow returns the half-width form of r. Only characters of numbers are meant:
// digits, letters and their punctuation.
func narrow(r rune) rune {
	switch {
	case 0xFF01 <= r && r <= 0xFF5E:
		return r - 0xFEE0
	case r == 0x3000:
		return ' '
	}
	return r
}

// narrowed returns s half-width and tells whether that changed it.
func narrowed(s string) (string, bool) {
	if !strings.Contains(s, "\xEF\xBC") && !strings.Contains(s, "\xEF\xBD") && !strings.Contains(s, "\u3000") {
		return s, false
	}
	n := strings.Map(narrow, s)
	return n, n != s
}

// unspaced returns s without any blank inside.
func unspaced(s string) (string, bool) {
	if plain(s) && strings.IndexByte(s, ' ') < 0 {
		return s, false
	}
	n := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	return n, len(n) != len(s)
}

// dots are the characters met in place of the dot in names such as 阿依努尔·吐尔逊.
const dots = "\u00b7\u2022\u2027\u30fb\uff65\uff0e\u22c5\u2219\u1427\u2024\u16eb\u25cf\u2e31\u2e33\u0387."

// tidyName folds a name: blanks beside Han characters go, others become one
// space; a dot of any shape between two Han characters becomes U+00B7;
// characters take their canonical form.
func tidyName(s string) (string, norms) {
	var n norms
	if commonHan(s) {
		return s, 0
	}
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
		n |= normNFC
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r != '·' && strings.ContainsRune(dots, r) }) {
		return s, n
	}
	in := []rune(s)
	out := make([]rune, 0, len(in))
	for i := 0; i < len(in); i++ {
		r := in[i]
		if unicode.IsSpace(r) {
			j := i
			for j < len(in) && unicode.IsSpace(in[j]) {
				j++
			}
			keep := i > 0 && j < len(in) && !sticks(in[i-1]) && !sticks(in[j])
			if keep {
				out = append(out, ' ')
			}
			if !keep || j-i > 1 || r != ' ' {
				n |= normInnerSpace
			}
			i = j - 1
			continue
		}
		out = append(out, r)
	}
	for i, r := range out {
		if r != '·' && strings.ContainsRune(dots, r) && i > 0 && i < len(out)-1 && han(out[i-1]) && han(out[i+1]) {
			out[i] = '·'
			n |= normDot
		}
	}
	return string(out), n
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

// sticks tells whether no blank belongs beside r.
func sticks(r rune) bool { return han(r) || strings.ContainsRune(dots, r) }

// commonHan tells quickly that s is of the Han characters U+4000 to U+9FFF alone.
func commonHan(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x80 || c >= 0xC0 && (c < 0xE4 || c > 0xE9) {
			return false
		}
	}
	return true
}
