package main

import (
	"flag"
	"fmt"
	"testing"

	"gongxin"
	"gongxin/match"
)

var (
	innocent = flag.Int("innocent", 2000, "random names that are asked for")
	onList   = flag.Int("listed", 20000, "random names that are listed")
)

// invented are ways to draw names of persons. The first draws from the 213 usual
// characters of the reference list, so that everybody has many of the same name; the second
// takes every second character from the 3,755 common ones, as if all were as likely.
var invented = []struct {
	name string
	draw func(*set) string
}{
	{"usual", (*set).person},
	{"wide", func(s *set) string {
		name := []rune(s.person())
		for i := len(name) - 1; i > 0; i-- {
			if s.IntN(2) == 0 {
				name[i] = []rune(pick(s, s.common))[0]
			}
		}
		return string(name)
	}},
}

// TestFalseRefers counts how many random people who are not listed have a candidate by their
// name alone; docs/matching.md has the figures of
//
//	go test ./match/evalset -run TestFalseRefers -v -innocent 100000 -listed 1000000
func TestFalseRefers(t *testing.T) {
	for _, how := range invented {
		list := newSet(seed + 1)
		byKey := map[string][]string{}
		for range *onList {
			name := how.draw(list)
			if key := match.Key(name); len(byKey[key]) < 4 { // more of the same name say nothing new
				byKey[key] = append(byKey[key], name)
			}
		}
		asked := newSet(seed + 2)
		var strong, weakOnly, keys int
		for range *innocent {
			name := how.draw(asked)
			party := match.Party{Name: name}
			best := gongxin.GradeNone
			look := func(key string) {
				keys++
				for _, listed := range byKey[key] {
					switch g := match.Compare(match.Party{Name: listed}, party).Grade; {
					case g == gongxin.GradeEqual || g == gongxin.GradeStrong:
						best = g
					case g == gongxin.GradeWeak && best == gongxin.GradeNone:
						best = g
					}
				}
			}
			look(match.Key(name))
			for key := range match.Near(name) {
				look(key)
			}
			switch best {
			case gongxin.GradeEqual, gongxin.GradeStrong:
				strong++
			case gongxin.GradeWeak:
				weakOnly++
			}
		}
		n := float64(*innocent)
		t.Logf("%s names: %d listed (%d keys), %d asked: %.1f %% have one of the same name, %.1f %% only a hint, %.1f %% nothing; %.0f keys looked up for each",
			how.name, *onList, len(byKey), *innocent, 100*float64(strong)/n, 100*float64(weakOnly)/n, 100*(n-float64(strong+weakOnly))/n, float64(keys)/n)
		if strong == 0 || strong == *innocent {
			t.Error(fmt.Sprint(how.name, ": the measure measures nothing"))
		}
	}
}
