// Command gen makes the tables of package match out of the Unicode character
// database and our own choice of variants:
//
//	apt-get install unicode-data      # Unicode 15: Unihan_*.txt.bz2, EquivalentUnifiedIdeograph.txt
//	git clone https://github.com/BYVoid/OpenCC      # for TSCharacters.txt, Apache-2.0
//	go run ./match/gen -unihan /usr/share/unicode -opencc OpenCC/data/dictionary/TSCharacters.txt \
//	    -divisions divisions.csv -data match/data
//
// It reads variants.csv and confused.txt and writes shapes.txt, doubles.txt,
// readings.txt, lookalikes.txt and regions.txt beside them. The same input gives the same bytes. data/README.md
// says what each holds and by which rule a character gets in.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	tableSize  = 8105 // characters of the 通用规范汉字表 (kTGH)
	usedInName = 6500 // of those, its first and second level: what names are made of
	looksMost  = 8    // look-alikes of one character that the strokes alone give
)

// unihan holds the properties that the tables need, by character.
type unihan struct {
	simplified, traditional, zVariant map[rune][]rune
	standard                          map[rune]int // place in the 通用规范汉字表, from 1
	standardSound                     map[rune][]string
	mandarin                          map[rune]string
	cangjie, corners                  map[rune]string
	strokes                           map[rune]int
}

func main() {
	log.SetFlags(0)
	from := flag.String("unihan", "/usr/share/unicode", "directory of the Unicode character database")
	converter := flag.String("opencc", "TSCharacters.txt", "OpenCC's table from traditional to simplified characters")
	divisions := flag.String("divisions", "divisions.csv", "divisions of the country: code,name,level,parent,kind,found_in")
	data := flag.String("data", "match/data", "directory of variants.csv; the tables are written there")
	flag.Parse()
	u, err := readUnihan(*from)
	if err != nil {
		log.Fatal(err)
	}
	if len(u.standard) != tableSize {
		log.Fatalf("kTGH has %d characters, not %d", len(u.standard), tableSize)
	}
	choice, err := readChoice(filepath.Join(*data, "variants.csv"))
	if err != nil {
		log.Fatal(err)
	}
	radicals, err := readRadicals(filepath.Join(*from, "EquivalentUnifiedIdeograph.txt"))
	if err != nil {
		log.Fatal(err)
	}
	converted, err := readConverter(*converter)
	if err != nil {
		log.Fatal(err)
	}
	shapes := u.shapes(choice, radicals, converted)
	confused, err := os.ReadFile(filepath.Join(*data, "confused.txt"))
	if err != nil {
		log.Fatal(err)
	}
	regions, err := writeRegions(*divisions)
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range map[string]string{
		"regions.txt":    regions,
		"shapes.txt":     u.writeShapes(shapes, converted),
		"doubles.txt":    u.writeDoubles(shapes, choice, converted),
		"readings.txt":   u.writeReadings(shapes),
		"lookalikes.txt": u.writeLooks(shapes, string(confused), choice),
	} {
		head := "# Made by match/gen; README.md names the sources. Do not edit.\n"
		if err := os.WriteFile(filepath.Join(*data, name), []byte(head+text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func readUnihan(dir string) (*unihan, error) {
	u := &unihan{
		simplified: map[rune][]rune{}, traditional: map[rune][]rune{}, zVariant: map[rune][]rune{},
		standard: map[rune]int{}, standardSound: map[rune][]string{}, mandarin: map[rune]string{},
		cangjie: map[rune]string{}, corners: map[rune]string{}, strokes: map[rune]int{},
	}
	for _, part := range []string{"Variants", "OtherMappings", "Readings", "DictionaryLikeData", "IRGSources"} {
		path := filepath.Join(dir, "Unihan_"+part+".txt.bz2")
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%w (apt-get install unicode-data)", err)
		}
		lines := bufio.NewScanner(bzip2.NewReader(bytes.NewReader(raw)))
		for lines.Scan() {
			field := strings.Split(lines.Text(), "\t")
			if len(field) != 3 || !strings.HasPrefix(field[0], "U+") {
				continue
			}
			c, err := point(field[0][2:])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if err := u.take(c, field[1], strings.Fields(field[2])); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, field[0], err)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return u, nil
}

func (u *unihan) take(c rune, property string, values []string) (err error) {
	first, _, _ := strings.Cut(values[0], "<")
	switch property {
	case "kSimplifiedVariant":
		u.simplified[c], err = points(values)
	case "kTraditionalVariant":
		u.traditional[c], err = points(values)
	case "kZVariant":
		u.zVariant[c], err = points(values)
	case "kTGH": // 2013:123
		_, place, _ := strings.Cut(first, ":")
		u.standard[c], err = strconv.Atoi(place)
	case "kTGHZ2013": // 482.140:zhòng 482.150:chóng; several pages for one reading stand before the colon
		for _, v := range values {
			_, sound, _ := strings.Cut(v, ":")
			u.standardSound[c] = append(u.standardSound[c], plain(sound))
		}
	case "kMandarin":
		u.mandarin[c] = plain(first)
	case "kCangjie":
		u.cangjie[c] = first
	case "kFourCornerCode":
		u.corners[c] = first
	case "kTotalStrokes":
		u.strokes[c], err = strconv.Atoi(first)
	}
	return err
}

func point(hex string) (rune, error) {
	n, err := strconv.ParseUint(hex, 16, 21)
	return rune(n), err
}

func points(values []string) ([]rune, error) {
	var out []rune
	for _, v := range values {
		v, _, _ = strings.Cut(strings.TrimPrefix(v, "U+"), "<")
		c, err := point(v)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// plain writes a syllable with its tone as a digit, 5 for none, and ü as v: zhòng is zhong4.
func plain(sound string) string {
	tone := byte('5')
	var out []byte
	for _, r := range norm.NFD.String(sound) {
		switch r {
		case '\u0304':
			tone = '1'
		case '\u0301':
			tone = '2'
		case '\u030c':
			tone = '3'
		case '\u0300':
			tone = '4'
		case '\u0308':
			out[len(out)-1] = 'v'
		case '\u0302': // ê
		default:
			out = append(out, byte(r))
		}
	}
	return string(append(out, tone))
}

// readChoice reads variants.csv: class → rows of a and b.
func readChoice(path string) (map[string][][2]rune, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out := map[string][][2]rune{}
	for _, row := range rows[1:] {
		a, b := []rune(row[1]), []rune(row[2])
		out[row[0]] = append(out[row[0]], [2]rune{a[0], b[0]})
	}
	return out, nil
}

// readConverter reads OpenCC's table: traditional → simplified, the usual one first.
func readConverter(path string) (map[rune][]rune, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[rune][]rune{}
	for line := range strings.Lines(string(raw)) {
		from, to, found := strings.Cut(strings.TrimSpace(line), "\t")
		c := []rune(from)
		if !found || len(c) != 1 || c[0] == '#' {
			continue
		}
		for _, option := range strings.Fields(to) {
			if o := []rune(option); len(o) == 1 {
				out[c[0]] = append(out[c[0]], o[0])
			}
		}
	}
	return out, nil
}

// readRadicals reads EquivalentUnifiedIdeograph.txt: radical → the character it is.
func readRadicals(path string) (map[rune]rune, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[rune]rune{}
	for line := range strings.Lines(string(raw)) {
		line, _, _ = strings.Cut(line, "#")
		span, to, found := strings.Cut(line, ";")
		if !found {
			continue
		}
		low, high, isSpan := strings.Cut(strings.TrimSpace(span), "..")
		if !isSpan {
			high = low
		}
		a, err1 := point(low)
		b, err2 := point(high)
		c, err3 := point(strings.TrimSpace(to))
		if err := cmp.Or(err1, err2, err3); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for r := a; r <= b; r++ {
			if r < 0x31C0 || r > 0x31EF { // single strokes are no characters of names
				out[r] = c
			}
		}
	}
	return out, nil
}

// shapes says for each character that is another shape of one character which one
// that is. What the 通用规范汉字表 has is a character of its own there and stays,
// unless variants.csv calls it the same.
func (u *unihan) shapes(choice map[string][][2]rune, radicals map[rune]rune, converted map[rune][]rune) map[rune]rune {
	to := map[rune]rune{}
	review := inReview(choice)
	pick := func(c rune, options []rune) {
		if _, done := to[c]; done || u.standard[c] > 0 {
			return
		}
		known := u.simplified[c]
		if len(known) == 0 {
			known = converted[c]
		}
		for _, all := range [][]rune{options, known} {
			if slices.ContainsFunc(all, func(o rune) bool { return review[[2]rune{c, o}] }) {
				return // 鍾: what it stands for is not to be told
			}
		}
		best := rune(0)
		for _, o := range options {
			if o == c {
				return // it is its own simplified form
			}
			if best == 0 || u.standard[best] == 0 && u.standard[o] > 0 {
				best = o
			}
		}
		if best != 0 {
			to[c] = best
		}
	}
	for _, class := range []string{"same", "radical", "pua"} {
		for _, pair := range choice[class] {
			a, b := pair[0], pair[1]
			if u.standard[b] > 0 && u.standard[a] == 0 && len(u.simplified[a]) == 0 {
				a, b = b, a // 荔 is the standard one of 茘 and 荔
			}
			to[b] = a
		}
	}
	standard := func(options []rune) bool {
		return slices.ContainsFunc(options, func(o rune) bool { return u.standard[o] > 0 })
	}
	for c, options := range u.simplified {
		if standard(options) {
			pick(c, options)
		}
	}
	for _, c := range slices.Sorted(maps.Keys(converted)) { // what Unihan lacks: 衆, 勳, 裏, 啓
		if o := converted[c][0]; u.standard[o] > 0 {
			pick(c, []rune{o})
		}
	}
	for _, s := range slices.Sorted(maps.Keys(u.traditional)) {
		for _, t := range u.traditional[s] {
			if u.standard[s] > 0 {
				pick(t, []rune{s})
			}
		}
	}
	for _, c := range slices.Sorted(maps.Keys(u.simplified)) { // rare ones, whose simplified form is rare as well
		if s := u.simplified[c]; !standard(s) && to[s[0]] == 0 {
			pick(c, s[:1])
		}
	}
	for _, c := range slices.Sorted(maps.Keys(u.zVariant)) {
		var ends []rune
		for _, o := range u.zVariant[c] {
			if end := cmp.Or(to[o], o); u.standard[end] > 0 {
				ends = append(ends, end)
			}
		}
		pick(c, ends)
	}
	for c, o := range radicals {
		pick(c, []rune{o})
	}
	for c := range to { // to the end of each chain: 鵞, 鵝, 鹅
		seen := map[rune]bool{c: true}
		end := to[c]
		for next, more := to[end]; more; next, more = to[end] {
			if seen[end] {
				log.Fatalf("variants go round at %c", end)
			}
			seen[end] = true
			end = next
		}
		if nfkc := []rune(norm.NFKC.String(string(end))); len(nfkc) == 1 {
			end = nfkc[0]
		}
		to[c] = end
	}
	for c, o := range to { // an end that moved through NFKC may be a shape itself
		if next, more := to[o]; more {
			to[c] = next
		}
		if c == to[c] {
			delete(to, c)
		}
	}
	return to
}

// writeShapes lists each character with the traditional ones that are it, and after
// a bar the shapes that simplified text has as well.
func (u *unihan) writeShapes(to map[rune]rune, converted map[rune][]rune) string {
	from, old := map[rune][]rune{}, map[rune][]rune{}
	for c, o := range to {
		if len(u.simplified[c]) > 0 || len(converted[c]) > 0 {
			from[o] = append(from[o], c)
			continue
		}
		old[o] = append(old[o], c)
		from[o] = slices.Clip(from[o])
	}
	var out strings.Builder
	for _, o := range slices.Sorted(maps.Keys(from)) {
		slices.Sort(from[o])
		slices.Sort(old[o])
		fmt.Fprintf(&out, "%c%s|%s\n", o, string(from[o]), string(old[o]))
	}
	return out.String()
}

// inReview has the pairs of the class review both ways round.
func inReview(choice map[string][][2]rune) map[[2]rune]bool {
	review := map[[2]rune]bool{}
	for _, pair := range choice["review"] {
		review[pair], review[[2]rune{pair[1], pair[0]}] = true, true
	}
	return review
}

// writeDoubles lists the traditional characters that stand for two of the table: first
// the one that it folds to, or would, then the other, then itself: 苹𬞟蘋.
func (u *unihan) writeDoubles(to map[rune]rune, choice map[string][][2]rune, converted map[rune][]rune) string {
	first := maps.Clone(to)
	review := inReview(choice)
	for _, pair := range choice["review"] {
		if slices.Contains(u.simplified[pair[1]], pair[0]) {
			first[pair[1]] = pair[0]
		}
	}
	others := map[rune][]rune{}
	for t, all := range u.simplified {
		others[t] = append(others[t], all...)
	}
	for t, all := range converted {
		others[t] = append(others[t], all...)
	}
	for s, all := range u.traditional {
		for _, t := range all {
			others[t] = append(others[t], s)
		}
	}
	var lines []string
	for t, all := range u.simplified { // a converter makes 徵 of 征, and both are of the table
		for _, s := range all {
			if s != t && u.standard[t] > 0 && u.standard[s] > 0 && !review[[2]rune{s, t}] {
				lines = append(lines, string([]rune{s, t}))
			}
		}
	}
	for t, s1 := range first {
		slices.Sort(others[t])
		for _, s2 := range slices.Compact(others[t]) {
			if s2 != s1 && s2 != t && !review[[2]rune{s1, s2}] && !review[[2]rune{s2, t}] && u.standard[s2] > 0 && u.standard[s1] > 0 && u.standard[t] == 0 {
				lines = append(lines, string([]rune{s1, s2, t}))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// writeReadings lists each syllable with the characters that may be read so: those
// of names first, after a bar the others. Shapes that fold to another are left out.
func (u *unihan) writeReadings(to map[rune]rune) string {
	type sound struct{ names, others []rune }
	sounds := map[string]*sound{}
	add := func(c rune, s string) {
		if s == "" || s[0] < 'a' || s[0] > 'z' || to[c] != 0 {
			return
		}
		at := sounds[s]
		if at == nil {
			at = &sound{}
			sounds[s] = at
		}
		list := &at.others
		if n := u.standard[c]; n > 0 && n <= usedInName {
			list = &at.names
		}
		if !slices.Contains(*list, c) {
			*list = append(*list, c)
		}
	}
	for c, all := range u.standardSound {
		for _, s := range all {
			add(c, s)
		}
	}
	for c, s := range u.mandarin {
		if len(u.standardSound[c]) == 0 && (c >= 0x4E00 && c <= 0x9FFF || c >= 0x3400 && c <= 0x4DBF) {
			add(c, s)
		}
	}
	place := func(a, b rune) int {
		return cmp.Or(cmp.Compare(u.standard[a], u.standard[b]), cmp.Compare(a, b))
	}
	var out strings.Builder
	for _, s := range slices.Sorted(maps.Keys(sounds)) {
		at := sounds[s]
		slices.SortFunc(at.names, place)
		slices.SortFunc(at.others, place)
		fmt.Fprintf(&out, "%s %s|%s\n", s, string(at.names), string(at.others))
	}
	return out.String()
}
