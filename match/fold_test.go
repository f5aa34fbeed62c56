package match

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamesAgreeOnlyWhenTheyAreTheSameName(t *testing.T) {
	for _, tt := range []struct {
		why           string
		listed, given string
		want          bool
	}{
		{"equal", "王小明", "王小明", true},
		{"spaces and invisible characters", "王小明", " 王　小\u200b明\ufeff", true},
		{"an older shape of one character", "黄志强", "黃志強", true},
		{"a compatibility ideograph", "金立", "\uf90a立", true},
		{"a Kangxi radical out of a PDF file", "大立", "⼤立", true},
		{"a radical that NFKC leaves alone", "马立", "⻢立", true},
		{"a private-use code point of GBK", "䶮立", "\ue863立", true},
		{"an ideographic variation selector", "葛立", "葛\U000e0100立", true},
		{"bullets for the middle dot", "阿依努尔·吐尔逊", "阿依努尔•吐尔逊", true},
		{"a full stop for the middle dot", "阿依努尔·吐尔逊", "阿依努尔.吐尔逊", true},
		{"brackets of either width", "苏州永安（集团）有限公司", "苏州永安(集团)有限公司", true},
		{"tortoise-shell brackets", "苏州永安（集团）有限公司", "苏州永安〔集团〕有限公司", true},
		{"full-width letters and case", "ＡＢＣ贸易有限公司", "abc贸易有限公司", true},
		{"Latin names with other spaces", "JOHN  SMITH", "John Smith", true},
		{"another name", "王小明", "王小朋", false},
		{"only a part", "王小明", "王小", false},
		{"dictionary variants are two people", "李斌", "李彬", false},
		{"昇 and 升 are two people", "李昇", "李升", false},
		{"喆 and 哲 are two people", "李喆", "李哲", false},
		{"another order", "王小明", "小明王", false},
		{"a middle dot left out", "阿依努尔·吐尔逊", "阿依努尔吐尔逊", false},
		{"no name given", "王小明", "", false},
		{"only spaces given", "王小明", "　", false},
		{"both empty", "", "", false},
	} {
		if got := Agrees(tt.listed, tt.given); got != tt.want {
			t.Errorf("%s: Agrees(%q, %q) = %v, want %v", tt.why, tt.listed, tt.given, got, tt.want)
		}
		if got := Agrees(tt.given, tt.listed); got != tt.want {
			t.Errorf("%s: not the same in the other direction", tt.why)
		}
	}
}

func TestHiddenPartsOfNamesAreSeen(t *testing.T) {
	for name, want := range map[string]bool{"王*明": true, "王**": true, "＊小明": true, "江苏**有限公司": true, "*": true, "*ST某*": true,
		"王小明": false, "*ST无此": false, " *st无此": false, "": false, "阿依努尔·吐尔逊": false} {
		if PartHidden(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestFoldingMeetsEveryVariantOfTheFile(t *testing.T) {
	same := 0
	for row := range rowsOf(variantsFile) {
		a, b := row[1], row[2]
		switch row[0] {
		case "dot":
			if !Agrees("阿依努尔·吐尔逊", "阿依努尔"+b+"吐尔逊") {
				t.Errorf("%s is no middle dot", b)
			}
			continue
		case "review":
			if Agrees(a, b) {
				t.Errorf("%s and %s are one", a, b)
			}
			continue
		}
		same++
		if !Agrees(a, b) {
			t.Errorf("%s does not fold to %s", b, a)
		}
	}
	if same < 70 {
		t.Errorf("only %d variants", same)
	}
}

func TestEveryShapeFoldsToOneThatStays(t *testing.T) {
	n := 0
	for line := range linesOf(shapesFile) {
		all := []rune(strings.ReplaceAll(line, "|", ""))
		for _, r := range all {
			n++
			if got := Fold(string(r)); got != string(all[0]) {
				t.Errorf("%c folds to %s, not %c", r, got, all[0])
			}
		}
	}
	if n < 6000 {
		t.Errorf("only %d shapes", n)
	}
}

// What names are written with stays apart: only shapes outside the 通用规范汉字表 fold,
// but for what variants.csv calls the same.
func TestNoCharacterOfNamesFoldsIntoAnother(t *testing.T) {
	n := 0
	for _, syllable := range readings().all {
		for _, r := range syllable.names {
			n++
			if got := Fold(string(r)); got != string(r) {
				t.Errorf("%c folds to %s", r, got)
			}
		}
	}
	if n < 6500 {
		t.Errorf("only %d readings", n)
	}
}

func FuzzFoldIsStable(f *testing.F) {
	for _, s := range []string{"王小明", "阿依努尔•吐尔逊", "ＡＢＣ〔集团〕", "\ue863", "ẞ", "İ", "a.b", "王.明.李", "\u0345Ⅷ", "ﬃ", "㈱", "王\u0307"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); once != twice {
			t.Errorf("Fold(%q) = %q, folded again %q", s, once, twice)
		}
		if !utf8.ValidString(once) || utf8.RuneCountInString(once) > 20*len(s) {
			t.Errorf("Fold(%q) = %q", s, once)
		}
	})
}
