package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold gives the form in which names are compared: compatibility forms and full
// width (NFKC), traditional and other standard shapes of one character, brackets and
// middle dots made one; letters lower case; spaces and invisible characters gone.
// Characters that a dictionary merely calls variants (斌, 彬), or that only a converter
// makes one (范, 範), stay apart, because in names they are different people.
// Fold(Fold(s)) = Fold(s), and the result has at most 20 characters for each of s.
// A name that needs no folding is returned as it is, without allocation. The form is
// for comparing and never shown.
func Fold(name string) string {
	folded, _ := foldWith(table(), name)
	return folded
}

// PartHidden tells whether a part of name is hidden by asterisks, as in 王*明. A company's
// share that is marked by one in front is not: *ST.
func PartHidden(name string) bool {
	name = strings.TrimSpace(strings.ReplaceAll(name, "＊", "*"))
	if len(name) > 2 && strings.EqualFold(name[:3], "*ST") {
		name = name[3:]
	}
	return strings.Contains(name, "*")
}

// foldWith folds name. has is what the table says of its characters together if the
// name stays as it is, and 0 otherwise.
func foldWith(s *shapes, name string) (folded string, has entry) {
	for i, r := range name {
		e := s.of(r)
		if e&plain == 0 {
			return s.fold(name, i), 0
		}
		has |= e
	}
	return name, has
}

// fold folds name, whose first at bytes stay as they are.
func (s *shapes) fold(name string, at int) string {
	if room := len(name); room <= 96 {
		var short [128]byte
		if out, ok := s.simple(append(short[:0], name[:at]...), name[at:]); ok {
			return string(out)
		}
	}
	return s.careful(name)
}

// simple folds character by character; ok is false if one of them takes the careful way.
func (s *shapes) simple(out []byte, rest string) (_ []byte, ok bool) {
	for _, r := range rest {
		if r == ' ' || r == '　' {
			continue
		}
		e := s.of(r)
		if e&alwaysFineHere == 0 {
			return nil, false
		}
		out = utf8.AppendRune(out, e.to())
	}
	return out, true
}

func (s *shapes) careful(name string) string {
	once := s.once(name)
	for range 4 { // a letter that folding brings forth may itself fold; twice is the most that was seen
		again := s.once(once)
		if again == once {
			break
		}
		once = again
	}
	return once
}

func (s *shapes) once(name string) string {
	out := make([]rune, 0, len(name))
	for _, r := range nfkc(strings.ToValidUTF8(name, "\uFFFD")) {
		if unseen(r) {
			continue
		}
		if e := s.of(r); e&alwaysFineHere != 0 {
			r = e.to()
		}
		out = append(out, unicode.ToLower(r))
	}
	for i, r := range out {
		if s.dots[r] && i > 0 && i+1 < len(out) && isHan(out[i-1]) && isHan(out[i+1]) {
			out[i] = middleDot
		}
	}
	return nfkc(string(out))
}

// unseen tells whether r is a space or cannot be seen.
func unseen(r rune) bool {
	switch r {
	case '\u034F', '\u115F', '\u1160', '\u3164': // joiners and fillers
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector)
}

// Agrees tells whether two names are the same after folding. Nothing weaker
// counts: a restriction needs an agreeing name, and a similar one is another
// person until somebody has looked. Empty names never agree.
func Agrees(listed, given string) bool {
	l := Fold(listed)
	return l != "" && l == Fold(given)
}
