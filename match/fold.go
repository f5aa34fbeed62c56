package match

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed data/variants.csv
var variantsFile string

type variants struct {
	same map[rune]rune // another shape of a character → the usual one
	dots map[rune]bool // what stands for a middle dot between two parts of a name
}

var loadVariants = sync.OnceValue(func() variants {
	rows, err := csv.NewReader(strings.NewReader(variantsFile)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("match: variants: %v", err))
	}
	v := variants{map[rune]rune{}, map[rune]bool{}}
	for _, row := range rows[1:] {
		a, b := []rune(row[1]), []rune(row[2])
		if len(a) != 1 || len(b) != 1 {
			panic(fmt.Sprintf("match: variants: not one character each: %v", row))
		}
		if row[0] == "dot" {
			v.dots[b[0]] = true
			continue
		}
		v.same[b[0]] = a[0]
	}
	return v
})

const middleDot = '·'

var brackets = map[rune]rune{'〔': '(', '[': '(', '【': '(', '{': '(', '〈': '(', '《': '(', '〕': ')', ']': ')', '】': ')', '}': ')', '〉': ')', '》': ')'}

// Fold gives the form in which names are compared: compatibility forms and full
// width (NFKC), other standard shapes of one character, brackets and middle dots
// made one; letters lower case; spaces and invisible characters gone. Characters
// that a dictionary merely calls variants (斌, 彬) stay apart, because in names
// they are different people. Fold(Fold(s)) = Fold(s). The form is for comparing
// and never shown.
func Fold(name string) string {
	v := loadVariants()
	var out []rune
	for _, r := range norm.NFKC.String(name) {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector) {
			continue
		}
		if s, ok := v.same[r]; ok {
			r = s
		}
		if b, ok := brackets[r]; ok {
			r = b
		}
		out = append(out, unicode.ToLower(r))
	}
	for i, r := range out {
		if v.dots[r] && i > 0 && i+1 < len(out) && unicode.Is(unicode.Han, out[i-1]) && unicode.Is(unicode.Han, out[i+1]) {
			out[i] = middleDot
		}
	}
	return norm.NFKC.String(string(out))
}

// Agrees tells whether two names are the same after folding. Nothing weaker
// counts: a restriction needs an agreeing name, and a similar one is another
// person until somebody has looked. Empty names never agree.
func Agrees(listed, given string) bool {
	l := Fold(listed)
	return l != "" && l == Fold(given)
}
