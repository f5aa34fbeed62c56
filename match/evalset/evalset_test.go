package main

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	pinyin "github.com/mozillazg/go-pinyin"

	"gongxin"
	"gongxin/match"
	"gongxin/match/pairs"
)

const (
	published = "../testdata/pairs.csv"
	page      = "../../docs/matching.md"
	seed      = 2026112804 // of the published set, drawn when the rules had last been mended
	each      = 60
)

var update = flag.Bool("update", false, "write the published set and the tables of docs/matching.md anew")

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestThePublishedSetIsMadeByTheGenerator(t *testing.T) {
	var made bytes.Buffer
	if err := write(&made, seed, each); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(made.Bytes(), read(t, published)) {
		t.Errorf("%s is not what seed %d gives", published, seed)
	}
}

func TestThePublishedSetIsGradedAsPromised(t *testing.T) {
	listed := map[string]bool{}
	for _, group := range [][]kind{persons, organisations} {
		for _, k := range group {
			listed[k.name] = true
		}
	}
	tally := graded(t, read(t, published), func(p pairs.Pair, c match.Comparison) {
		taken := c.Grade == gongxin.GradeEqual || c.Grade == gongxin.GradeStrong
		if taken && !p.Match {
			t.Errorf("%s: %q and %q are %s: %v", p.Kind, p.Query, p.Candidate, c.Grade, c.Facts)
		}
		if p.Listed.Name != "" && taken && match.Key(p.Listed.Name) != match.Key(p.Asked.Name) {
			t.Errorf("%s: %q and %q are %s, and have two keys", p.Kind, p.Query, p.Candidate, c.Grade)
		}
		if !listed[p.Kind] {
			t.Errorf("a pair of the kind %q, which nobody makes", p.Kind)
		}
	})
	for _, subject := range []string{"", "person", "organisation"} {
		if s := tally.Score(subject); s.Recall() < 0.99 || s.Right+s.Wrong < 900 {
			t.Errorf("%s: recall %.4f of %d", subject, s.Recall(), s.Right+s.Wrong)
		}
	}
	for _, kind := range []string{"homophone", "homophone_surname", "look_alike", "review_pair", "neighbour"} {
		if n := tally.Graded("person", kind, false, gongxin.GradeWeak); n < each*9/10 {
			t.Errorf("only %d of %d %s are found as a hint", n, each, kind)
		}
	}
}

// Whoever keeps keys makes them anew when KeyVersion changes, so it must change with them.
func TestTheVersionOfKeysChangesWithThem(t *testing.T) {
	const kept = "../testdata/keys.txt"
	var names bytes.Buffer // always the same, whatever is published
	if err := write(&names, 1, 20); err != nil {
		t.Fatal(err)
	}
	h := fnv.New64a()
	for p, err := range pairs.Read(&names, "names") {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(h, match.Key(p.Asked.Name), match.Key(p.Listed.Name))
	}
	now := fmt.Sprintf("version %016x keys %016x\n", match.KeyVersion(), h.Sum64())
	var version, version2, keys, keys2 string
	if _, err := fmt.Sscanf(string(read(t, kept)), "version %s keys %s", &version, &keys); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(now, "version %s keys %s", &version2, &keys2); err != nil {
		t.Fatal(err)
	}
	if keys != keys2 && version == version2 {
		t.Fatal("some names have other keys than before; raise keyRules")
	}
	if *update {
		if err := os.WriteFile(kept, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if now != string(read(t, kept)) {
		t.Errorf("%s is not of this version; run go test ./match/evalset -update", kept)
	}
}

// The tables of the page stand between marks that name them.
func section(t *testing.T, name, want string) {
	t.Helper()
	text := string(read(t, page))
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	i, j := strings.Index(text, begin), strings.Index(text, end)
	if i < 0 || j < i {
		t.Fatalf("%s has no place for %s", page, name)
	}
	i += len(begin)
	if *update {
		if err := os.WriteFile(page, []byte(text[:i]+want+text[j:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text[i:j] != want {
		t.Errorf("%s: %s is not what was measured; run go test ./match/evalset -update", page, name)
	}
}

func TestThePageShowsWhatIsMeasured(t *testing.T) {
	section(t, "scores", graded(t, read(t, published), nil).Table())
}

// go-pinyin has its readings from other dictionaries than our table: nearly all characters
// whose first reading it calls the same must sound alike to us.
func TestReadingsAgreeWithAnotherDictionary(t *testing.T) {
	s := newSet(1)
	first := map[string][]string{}
	tones := pinyin.NewArgs()
	tones.Style = pinyin.Tone3
	for _, c := range s.common {
		if sound := pinyin.SinglePinyin([]rune(c)[0], tones); len(sound) > 0 {
			first[sound[0]] = append(first[sound[0]], c)
		}
	}
	all, heard := 0, 0
	for _, chars := range first {
		for i, a := range chars {
			for _, b := range chars[i+1:] {
				all++
				c := match.Compare(match.Party{Name: "王" + a}, match.Party{Name: "王" + b})
				if c.Grade == gongxin.GradeWeak {
					heard++
				} else if c.Grade != gongxin.GradeNone {
					t.Errorf("%s and %s are %s", a, b, c.Grade)
				}
			}
		}
	}
	if all < 5000 || float64(heard) < 0.97*float64(all) {
		t.Errorf("of %d homophones %d are heard", all, heard)
	}
	t.Logf("of %d homophones %d are heard", all, heard)
}
