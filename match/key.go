package match

import (
	"hash/fnv"
	"iter"
	"slices"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// Key is what all names that Compare may grade equal or strong with name have in
// common: two names with different keys are weak or none. An index finds names by it.
// A usual name of a person is its own key, which costs no allocation. Key(Key(s)) need
// not be Key(s): a key is no name.
func Key(name string) string {
	folded, has := foldWith(table(), name)
	if has == 0 {
		folded, has = foldWith(table(), folded)
	}
	if has&han != 0 && has&(mark|loose) == 0 && len(folded) < shortest {
		return folded // three characters at most, none of which needs a look
	}
	switch {
	case isOrganisation(folded):
		o := readOrganisationWith(folded, has)
		return o.key()
	case folded == "":
		return ""
	case has&han == 0 && isLatin(folded):
		return inOrder(latinLetters(folded))
	}
	return loosen(bareName(folded))
}

// keyRules is to be raised when Key gives another key to some name for another reason
// than its tables.
const keyRules = 2

// KeyVersion tells the keys of one version of Key from those of another: who has kept
// keys makes them anew when it is not what it was. It depends on the tables and the rules.
func KeyVersion() uint64 { return keyVersion() }

var keyVersion = sync.OnceValue(func() uint64 {
	h := fnv.New64a()
	for _, table := range []string{variantsFile, shapesFile, doublesFile, regionsFile, norm.Version} {
		h.Write([]byte(table)) // never fails
	}
	return h.Sum64() + keyRules
})

// The most keys that Near yields, of a person and of an organisation, and how many
// characters of an organisation's name it changes.
const (
	nearPerson       = 300
	nearOrganisation = 64
	brand            = 3
)

// Near yields the keys, other than name's own, under which names may lie that
// Compare grades weak with name: those with one homophone or look-alike among the
// characters that names are written with (the 6,500 of the first two levels of the
// 通用规范汉字表), the nearest first, at most 300. Of an organisation it yields at most
// 64: other legal forms, the company of a branch, the name without its place, and one homophone or
// look-alike in its first three characters. No key comes twice.
func Near(name string) iter.Seq[string] {
	folded := Fold(name)
	if isOrganisation(folded) {
		return nearOrganisations(readOrganisation(folded))
	}
	return func(yield func(string) bool) {
		if folded == "" || isLatin(folded) {
			return
		}
		n := 0
		for key := range expand([]rune(bareName(folded)), 0, 0, true) {
			if n++; n > nearPerson || !yield(key) {
				return
			}
		}
	}
}

// expand yields s as Key writes it, with one character of its part from:to (to 0: the end)
// changed to one that sounds or looks alike: the same sound, then the same look, then
// another tone if wide.
func expand(s []rune, from, to int, wide bool) iter.Seq[string] {
	if to == 0 || to > len(s) {
		to = len(s)
	}
	return func(yield func(string) bool) {
		near := readings()
		seen := make([][]rune, to)
		changed := make([]rune, len(s))
		for i, r := range s {
			changed[i] = looseShape(r)
		}
		for _, how := range []int{soundsSame, soundsOther, soundsNear} {
			if how == soundsNear && !wide {
				return
			}
			for i := from; i < to; i++ {
				own := changed[i]
				for r := range near.alike(s[i], how) {
					if r = looseShape(r); r == own || slices.Contains(seen[i], r) {
						continue
					}
					seen[i] = append(seen[i], r)
					changed[i] = r
					if !yield(string(changed)) {
						return
					}
				}
				changed[i] = own
			}
		}
	}
}

// alike yields the characters of names that sound like r (soundsSame, soundsNear), or
// look like it (soundsOther).
func (s *sounds) alike(r rune, how int) iter.Seq[rune] {
	return func(yield func(rune) bool) {
		if how == soundsOther {
			for _, c := range s.looks[r] {
				if !yield(c) {
					return
				}
			}
			return
		}
		for _, at := range s.of[r] {
			sylls := []uint16{at}
			if how == soundsNear {
				sylls = s.toneOff[s.all[at].base]
			}
			for _, x := range sylls {
				for _, c := range s.all[x].names {
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}

func nearOrganisations(o organisation) iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := []string{o.key()}
		give := func(key string) bool {
			if slices.Contains(seen, key) {
				return true
			}
			seen = append(seen, key)
			return len(seen) <= nearOrganisation && yield(key)
		}
		if o.branch != "" {
			whole := o
			whole.branch = ""
			if !give(whole.key()) {
				return
			}
		}
		if o.place.name != "" {
			anywhere := o
			anywhere.place = place{}
			if !give(anywhere.key()) {
				return
			}
		}
		for _, form := range []string{"有限公司", "股份有限公司", "公司", "集团有限公司", "有限合伙", "普通合伙"} {
			if o.form == "" {
				break
			}
			other := o
			other.form = form
			if !give(other.key()) {
				return
			}
		}
		for stem := range expand([]rune(o.stem), 0, brand, false) {
			other := o
			other.stem = stem
			if !give(other.key()) {
				return
			}
		}
	}
}
