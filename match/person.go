package match

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isMark tells whether r stands between or around the parts of a name and is none of them.
func isMark(t *shapes, r rune) bool {
	switch e := t.of(r); {
	case e&mark != 0:
		return true
	case e != 0:
		return false
	}
	return r != hidden && (unicode.IsPunct(r) || unicode.IsSymbol(r))
}

// hidden stands for a character of a name or number that is not shown: 王*明.
const hidden = '*'

// bareName is what is left of a person's folded name without dots, marks and what
// stands in brackets behind it: 阿依努尔·吐尔逊 and 阿依努尔吐尔逊 are one. A name that has
// none of it is returned as it is.
func bareName(folded string) string {
	t := table()
	if strings.IndexFunc(folded, func(r rune) bool { return isMark(t, r) }) < 0 {
		return folded
	}
	s := folded
	if i := strings.IndexByte(s, '('); i > 0 {
		s = eachBracket(s, func(string) bool { return false })
		if j := strings.IndexByte(s, '('); j > 0 { // never shut
			s = s[:j]
		}
		if utf8.RuneCountInString(s) < 2 {
			s = folded
		}
	}
	if s = dropMarks(s); s == "" {
		return folded
	}
	return s
}

// isLatin tells whether a folded name is written in Latin letters alone.
func isLatin(folded string) bool {
	letters := false
	for _, r := range folded {
		switch {
		case r >= 'a' && r <= 'z' || r >= utf8.RuneSelf && unicode.Is(unicode.Latin, r):
			letters = true
		case r >= utf8.RuneSelf && r != middleDot && !unicode.IsPunct(r) && !unicode.Is(unicode.Mn, r):
			return false
		}
	}
	return letters
}

// latinLetters leaves the letters and digits of a Latin name without accents.
func latinLetters(folded string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, decomposed(folded))
}

// latinWords gives the words of a Latin name as it was written, sorted: Smith, John
// and JOHN SMITH are one.
func latinWords(name string) string {
	words := strings.FieldsFunc(strings.ToLower(decomposed(name)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && r != '\''
	})
	for i, w := range words {
		words[i] = latinLetters(w)
	}
	slices.Sort(words)
	return strings.Join(words, "")
}

// inOrder sorts the letters of s.
func inOrder(s string) string {
	letters := []rune(s)
	slices.Sort(letters)
	return string(letters)
}

// oneDiffers returns where a and b, of one length, differ if they do in one place alone.
func oneDiffers(a, b []rune) (at int, ok bool) {
	if len(a) != len(b) {
		return 0, false
	}
	at = -1
	for i := range a {
		if a[i] != b[i] {
			if at >= 0 {
				return 0, false
			}
			at = i
		}
	}
	return at, at >= 0
}
