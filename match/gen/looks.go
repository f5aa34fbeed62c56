package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// writeLooks lists for each character those that look like it: the pairs of
// confused.txt and of the class review, and among the characters of names those
// whose Cangjie codes end alike, or differ in one letter, while most of their four
// corners are the same and their stroke counts are near.
func (u *unihan) writeLooks(to map[rune]rune, confused string, choice map[string][][2]rune) string {
	looks := map[rune][]rune{}
	pair := func(a, b rune) {
		a, b = cmp.Or(to[a], a), cmp.Or(to[b], b)
		if a != b && !slices.Contains(looks[a], b) {
			looks[a] = append(looks[a], b)
		}
	}
	both := func(a, b rune) { pair(a, b); pair(b, a) }
	for line := range strings.Lines(confused) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		all := []rune(strings.TrimSpace(line))
		for i, a := range all {
			for _, b := range all[i+1:] {
				both(a, b)
			}
		}
	}
	for _, p := range choice["review"] {
		both(p[0], p[1])
	}
	for _, near := range u.alike(to) {
		both(near.a, near.b)
	}
	var out strings.Builder
	for _, c := range slices.Sorted(maps.Keys(looks)) {
		fmt.Fprintf(&out, "%c%s\n", c, string(looks[c]))
	}
	return out.String()
}

type alikePair struct {
	a, b    rune
	corners int
	strokes int
}

// alike gives the pairs of characters of names that look alike by their codes, at
// most looksMost of one character, in a stable order.
func (u *unihan) alike(to map[rune]rune) []alikePair {
	groups := map[string][]rune{}
	for _, c := range slices.Sorted(maps.Keys(u.standard)) {
		code := u.cangjie[c]
		if u.standard[c] > usedInName || code == "" || to[c] != 0 {
			continue
		}
		for _, key := range partsOf(code) {
			groups[key] = append(groups[key], c)
		}
	}
	near := map[[2]rune]alikePair{}
	for key, group := range groups {
		for i, a := range group {
			for _, b := range group[i+1:] {
				p := alikePair{a, b, u.sameCorners(a, b), abs(u.strokes[a] - u.strokes[b])}
				ok := p.corners >= 3 && p.strokes <= 2 // one letter differs
				if key[0] == '=' {                     // the same rest under another radical
					ok = p.strokes <= 3 && (p.corners >= 3 || p.corners == 2 && len(key) > 3)
				}
				if ok {
					near[[2]rune{a, b}] = p
				}
			}
		}
	}
	pairs := slices.SortedFunc(maps.Values(near), func(p, q alikePair) int {
		return cmp.Or(cmp.Compare(q.corners, p.corners), cmp.Compare(p.strokes, q.strokes), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
	})
	count := map[rune]int{}
	return slices.DeleteFunc(pairs, func(p alikePair) bool {
		if count[p.a] >= looksMost || count[p.b] >= looksMost {
			return true
		}
		count[p.a]++
		count[p.b]++
		return false
	})
}

// partsOf gives the keys under which characters of like codes meet: the code without
// its first letter or first two (=), with one letter open (?) or missing (-).
func partsOf(code string) []string {
	var out []string
	for i := 1; i <= 2 && len(code)-i >= 2; i++ {
		out = append(out, "="+code[i:])
	}
	for i := range code {
		if len(code) >= 3 {
			out = append(out, "?"+code[:i]+"?"+code[i+1:], "-"+code[:i]+code[i+1:])
		}
	}
	if len(code) >= 2 {
		out = append(out, "-"+code)
	}
	return out
}

func (u *unihan) sameCorners(a, b rune) int {
	x, y := u.corners[a], u.corners[b]
	n := 0
	for i := 0; i < 4 && i < len(x) && i < len(y); i++ {
		if x[i] == y[i] {
			n++
		}
	}
	return n
}

func abs(n int) int { return max(n, -n) }
