package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"gongxin"
	"gongxin/match"
	"gongxin/match/pairs"
)

var try = flag.Uint64("try", 0, "seed of a set to grade and print, to see the rules at work")

// graded grades a set and tallies it; each is called with every pair.
func graded(t *testing.T, text []byte, each func(pairs.Pair, match.Comparison)) *pairs.Tally {
	t.Helper()
	var tally pairs.Tally
	for p, err := range pairs.Read(bytes.NewReader(text), "pairs.csv") {
		if err != nil || p.Problem != nil {
			t.Fatal(err, p.Problem)
		}
		c := match.Compare(p.Listed, p.Asked)
		tally.Add(p, c.Grade)
		if each != nil {
			each(p, c)
		}
	}
	return &tally
}

func TestTry(t *testing.T) {
	if *try == 0 {
		t.Skip("with -try SEED it prints what another set gives")
	}
	var text bytes.Buffer
	if err := write(&text, *try, 60); err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	tally := graded(t, text.Bytes(), func(p pairs.Pair, c match.Comparison) {
		taken := c.Grade == gongxin.GradeEqual || c.Grade == gongxin.GradeStrong
		if taken != p.Match {
			if shown[p.Kind]++; shown[p.Kind] <= 5 {
				t.Logf("%s: %q %q: %s %v", p.Kind, p.Query, p.Candidate, c.Grade, c.Facts)
			}
		}
	})
	os.Stdout.WriteString(tally.Table())
}
