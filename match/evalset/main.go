// Command evalset makes the set of pairs on which package match is measured:
//
//	go run ./match/evalset -seed 2026112804 -each 60 > match/testdata/pairs.csv
//
// It was written from what courts' lists and departments' files look like, and knows
// nothing of the rules and tables of package match: traditional characters come from
// OpenCC's table, homophones from go-pinyin, names from the reference lists, places from a
// short list of its own. The same flags give the same bytes. Every name is invented; an
// invented one can coincide with a real one by chance. data/README.md names the sources.
//
// The kinds stand in two tables, persons.go and organisations.go; docs/matching.md says
// what each is. Whether a pair is one name follows from how it was made, with one rule
// laid over it: if all that differs are characters that variants.csv says to keep apart
// (class review), it is of the kind review_pair and no match.
package main

import (
	"bufio"
	"embed"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	pinyin "github.com/mozillazg/go-pinyin"
	"golang.org/x/text/encoding/simplifiedchinese"
)

//go:embed data/*.csv data/traditional.txt
var files embed.FS

// A pair is one line of the set.
type pair struct {
	query, candidate string
	match            bool
	kind, subject    string
}

// A kind makes pairs of one sort. make returns two writings; ok is false if what was
// drawn has nothing to show, and another is drawn.
type kind struct {
	name  string
	match bool
	make  func(s *set) (a, b string, ok bool)
}

// A set draws names and writes them in other ways.
type set struct {
	*rand.Rand
	surnames, given, city, brands, industries, suffixes weighted
	traditional                                         map[string]string
	same, review, compat, radical, private              [][2]string
	dots                                                []string
	sounds                                              map[string][]string // syllable with tone → common characters
	bases                                               map[string][]string // syllable → common characters
	common                                              []string
}

type weighted struct {
	words []string
	upTo  []int
}

func (w *weighted) add(word string, weight int) {
	if n := len(w.upTo); n > 0 {
		weight += w.upTo[n-1]
	}
	w.words, w.upTo = append(w.words, word), append(w.upTo, weight)
}

func (s *set) draw(w weighted) string {
	n := s.IntN(w.upTo[len(w.upTo)-1])
	for i, up := range w.upTo {
		if n < up {
			return w.words[i]
		}
	}
	panic("evalset: weights do not add up")
}

func pick[T any](s *set, from []T) T { return from[s.IntN(len(from))] }

func main() {
	log.SetFlags(0)
	seed := flag.Uint64("seed", 1, "seed of the set")
	each := flag.Int("each", 60, "pairs of each kind")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	if err := write(out, *seed, *each); err != nil {
		log.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// write writes the whole set: each pairs of every kind, with either side as the query.
func write(w io.Writer, seed uint64, each int) error {
	s := newSet(seed)
	out := csv.NewWriter(w)
	if err := out.Write([]string{"query", "candidate", "match", "kind", "subject"}); err != nil {
		return err
	}
	for _, group := range []struct {
		subject string
		kinds   []kind
	}{{"person", persons}, {"organisation", organisations}} {
		for _, k := range group.kinds {
			for range each {
				p := s.pair(k, group.subject)
				if err := out.Write([]string{p.query, p.candidate, strconv.FormatBool(p.match), p.kind, p.subject}); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (s *set) pair(k kind, subject string) pair {
	for range 10000 {
		a, b, ok := k.make(s)
		if !ok || a == b {
			continue
		}
		p := pair{a, b, k.match, k.name, subject}
		if k.match && s.onlyReview(a, b) {
			p.match, p.kind = false, "review_pair"
		}
		if s.IntN(2) == 0 {
			p.query, p.candidate = p.candidate, p.query
		}
		return p
	}
	panic("evalset: nothing to show for " + k.name)
}

// onlyReview tells whether a and b differ in characters of the class review alone.
func (s *set) onlyReview(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] && !s.inReview(string(x[i]), string(y[i])) {
			return false
		}
	}
	return true
}

func (s *set) inReview(a, b string) bool {
	for _, p := range s.review {
		if p == [2]string{a, b} || p == [2]string{b, a} {
			return true
		}
	}
	return false
}

func newSet(seed uint64) *set {
	s := &set{Rand: rand.New(rand.NewPCG(seed, 0x676f6e67)), traditional: map[string]string{}, sounds: map[string][]string{}, bases: map[string][]string{}}
	for _, row := range rows("surnames") {
		s.surnames.add(row[0], atoi(row[1]))
	}
	for _, row := range rows("given-chars") {
		s.given.add(row[0], atoi(row[2]))
	}
	for _, row := range rows("companies-words") {
		w := map[string]*weighted{"city": &s.city, "brand": &s.brands, "industry": &s.industries, "suffix": &s.suffixes}[row[0]]
		w.add(row[1], atoi(row[2]))
	}
	for _, row := range rows("variants") {
		p := [2]string{row[1], row[2]}
		switch row[0] {
		case "same":
			s.same = append(s.same, p)
		case "review":
			s.review = append(s.review, p)
		case "compat":
			s.compat = append(s.compat, p)
		case "radical":
			s.radical = append(s.radical, p)
		case "pua":
			s.private = append(s.private, p)
		case "dot":
			s.dots = append(s.dots, row[2])
		}
	}
	text, err := files.ReadFile("data/traditional.txt")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		if c := []rune(strings.TrimSpace(line)); len(c) == 2 {
			s.traditional[string(c[0])] = string(c[1])
		}
	}
	s.commonCharacters()
	return s
}

// commonCharacters takes the 3,755 of the first level of GB 2312 with all their readings.
func (s *set) commonCharacters() {
	withTone := pinyin.NewArgs()
	withTone.Style, withTone.Heteronym = pinyin.Tone3, true
	for high := byte(0xB0); high <= 0xD7; high++ {
		for low := byte(0xA1); low <= 0xFE; low++ {
			c, err := simplifiedchinese.GBK.NewDecoder().String(string([]byte{high, low}))
			r := []rune(c)
			if err != nil || len(r) != 1 || r[0] < 0x4E00 || r[0] > 0x9FFF {
				continue
			}
			s.common = append(s.common, c)
			for _, sound := range pinyin.SinglePinyin(r[0], withTone) {
				s.sounds[sound] = append(s.sounds[sound], c)
				base := strings.TrimRight(sound, "12345")
				s.bases[base] = append(s.bases[base], c)
			}
		}
	}
}

// rows gives the rows of a reference list without its header.
func rows(name string) [][]string {
	f, err := files.Open("data/" + name + ".csv")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("evalset: %s: %v", name, err))
	}
	return all[1:]
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// inTraditional writes s as a converter does; changed counts the characters that are another one now.
func (s *set) inTraditional(text string) (out string, changed int) {
	var b strings.Builder
	for _, r := range text {
		if t, ok := s.traditional[string(r)]; ok {
			b.WriteString(t)
			changed++
			continue
		}
		b.WriteRune(r)
	}
	return b.String(), changed
}

// full writes letters, digits and brackets in full width.
func full(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '　'
		case r > ' ' && r <= '~':
			return r + 0xFEE0
		}
		return r
	}, text)
}

// with writes text with mark after a character in the middle.
func (s *set) with(text, mark string) string {
	r := []rune(text)
	if len(r) < 2 {
		return text + mark
	}
	i := 1 + s.IntN(len(r)-1)
	return string(r[:i]) + mark + string(r[i:])
}

// swapped writes text with one character, the i-th, changed.
func swapped(text string, i int, other string) string {
	r := []rune(text)
	return string(r[:i]) + other + string(r[i+1:])
}
