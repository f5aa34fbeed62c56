package match

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"iter"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

var (
	//go:embed data/variants.csv
	variantsFile string
	//go:embed data/shapes.txt
	shapesFile string
	//go:embed data/doubles.txt
	doublesFile string
)

// What the table says of a character: the low 21 bits are the one it folds to, the
// high bits what else is to be known. Zero means that it takes the careful way.
type entry uint32

const (
	runeBits             = 1<<21 - 1
	plain          entry = 1 << (iota + 20) // stays as it is
	moved                                   // is written as another one
	traditional                             // moved, and a converter to traditional writes it
	loose                                   // stays, but Key writes it as another one (范, 範)
	han                                     // one that names are written with
	mark                                    // stands between or around the parts of a name, and Key drops it
	word                                    // begins or is a word that an organisation's name is searched for
	alwaysFineHere = plain | moved
)

func (e entry) to() rune { return rune(e & runeBits) }

// shapes is what is known of characters: pages of 256 of them, nil where there is nothing.
type shapes struct {
	pages   [(unicode.MaxRune + 1) >> 8]*[256]entry
	loose   map[rune]rune // what Key writes instead of it: 范 for 範, 苹 for 𬞟
	doubles map[rune]rune // 𬞟 → 蘋, which is written for 苹 too
	dots    map[rune]bool // what stands for a middle dot between two parts of a name
}

func (s *shapes) of(r rune) entry {
	if p := s.pages[uint32(r)>>8]; p != nil {
		return p[r&255]
	}
	return 0
}

func (s *shapes) set(r rune, e entry) {
	p := &s.pages[uint32(r)>>8]
	if *p == nil {
		*p = new([256]entry)
	}
	(*p)[r&255] = e
}

const middleDot = '·'

var brackets = map[rune]rune{
	'〔': '(', '[': '(', '【': '(', '{': '(', '〈': '(', '《': '(', '〖': '(', '「': '(', '『': '(',
	'〕': ')', ']': ')', '】': ')', '}': ')', '〉': ')', '》': ')', '〗': ')', '」': ')', '』': ')',
}

// The blocks of ideographs that are no compatibility forms, so that NFKC leaves them alone.
var ideographs = [][2]rune{{0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2EBE0}, {0x30000, 0x323AF}}

var table = sync.OnceValue(makeShapes)

func makeShapes() *shapes {
	s := &shapes{loose: map[rune]rune{}, doubles: map[rune]rune{}, dots: map[rune]bool{}}
	for _, block := range ideographs {
		for r := block[0]; r <= block[1]; r++ {
			s.set(r, entry(r)|plain|han)
		}
	}
	s.set('〇', '〇'|plain|han)
	for row := range rowsOf(variantsFile) {
		a, b := []rune(row[1])[0], []rune(row[2])[0]
		switch row[0] {
		case "dot":
			s.dots[b] = true
		case "review":
			if strings.Contains(row[5], "kSimplifiedVariant") {
				s.loose[b] = a
			}
		}
	}
	for line := range linesOf(shapesFile) {
		shapes, old, _ := strings.Cut(line, "|")
		all := []rune(shapes)
		for _, r := range all[1:] {
			s.set(r, entry(all[0])|moved|han|traditional)
		}
		for _, r := range old {
			s.set(r, entry(all[0])|moved|han)
		}
	}
	for line := range linesOf(doublesFile) {
		all := []rune(line) // 苹𬞟蘋
		s.loose[all[1]] = all[0]
		if len(all) == 3 {
			s.doubles[all[1]] = all[2]
		}
	}
	for b := range s.loose {
		s.set(b, entry(b)|plain|han|loose)
	}
	for _, r := range "第夥" {
		s.set(r, entry(r)|plain|han|word)
	}
	for r := rune('a'); r <= 'z'; r++ {
		s.set(r, entry(r)|plain)
		s.set(r-'a'+'A', entry(r)|moved)
		s.set(r-'a'+'Ａ', entry(r)|moved)
		s.set(r-'a'+'ａ', entry(r)|moved)
	}
	for r := rune('0'); r <= '9'; r++ {
		s.set(r, entry(r)|plain)
		s.set(r-'0'+'０', entry(r)|moved)
	}
	for _, r := range "()-&'," {
		s.set(r, entry(r)|plain|mark)
	}
	s.set(middleDot, middleDot|plain|mark)
	s.set('（', '('|moved|mark)
	s.set('）', ')'|moved|mark)
	for from, to := range brackets {
		s.set(from, entry(to)|moved|mark)
	}
	return s
}

// linesOf yields the lines of a table of ours without comments.
func linesOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' && !yield(line) {
				return
			}
		}
	}
}

// rowsOf yields the rows of an embedded CSV file after the header.
func rowsOf(text string) iter.Seq[[]string] {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("match: %v", err))
	}
	return func(yield func([]string) bool) {
		for _, row := range rows[1:] {
			if !yield(row) {
				return
			}
		}
	}
}

// isHan tells whether names are written with r.
func isHan(r rune) bool { return table().of(r)&han != 0 }

// looseShape gives the character that Key writes for r: the simplified one of a pair
// that is two characters in names (範 → 范), else r.
func looseShape(r rune) rune {
	if s := table(); s.of(r)&loose != 0 {
		return s.loose[r]
	}
	return r
}

// nfkc is norm.NFKC, here to be named once.
func nfkc(s string) string { return norm.NFKC.String(s) }

// decomposed separates letters from their accents.
func decomposed(s string) string { return norm.NFKD.String(s) }
