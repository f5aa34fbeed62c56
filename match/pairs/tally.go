package pairs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gongxin"
)

// Grades are the columns of a tally, the strongest first.
var Grades = [...]gongxin.Grade{gongxin.GradeEqual, gongxin.GradeStrong, gongxin.GradeWeak, gongxin.GradeNone}

// A Tally counts how pairs were graded, by subject and kind.
type Tally struct{ lines map[line]*[len(Grades)]int }

// A line of the tally: pairs of one kind that are one name, are not, or of which it is not said.
type line struct {
	subject, kind string
	judged, one   bool
}

// Add counts a pair that was graded g.
func (t *Tally) Add(p Pair, g gongxin.Grade) {
	l := line{p.Subject, p.Kind, p.Judged, p.Match}
	if t.lines == nil {
		t.lines = map[line]*[len(Grades)]int{}
	}
	if t.lines[l] == nil {
		t.lines[l] = new([len(Grades)]int)
	}
	t.lines[l][slices.Index(Grades[:], g)]++
}

// A Score is what came of the pairs that are judged. A pair counts as taken for one name
// if it is equal or strong; weak is a hint for a person, and none.
type Score struct {
	Right, Wrong   int // pairs that are one, taken for one and not
	False, Refused int // pairs that are two, taken for one and not
}

// Precision is the share of one name among those taken for one, 1 if none was.
func (s Score) Precision() float64 { return share(s.Right, s.Right+s.False) }

// Recall is the share taken for one among those that are, 1 if there are none.
func (s Score) Recall() float64 { return share(s.Right, s.Right+s.Wrong) }

func share(part, all int) float64 {
	if all == 0 {
		return 1
	}
	return float64(part) / float64(all)
}

// Score adds up the lines of subject, of all if it is "".
func (t *Tally) Score(subject string) (s Score) {
	for l, n := range t.lines {
		if !l.judged || subject != "" && l.subject != subject {
			continue
		}
		taken, not := n[0]+n[1], n[2]+n[3]
		if l.one {
			s.Right, s.Wrong = s.Right+taken, s.Wrong+not
		} else {
			s.False, s.Refused = s.False+taken, s.Refused+not
		}
	}
	return s
}

// Graded is how many of the pairs of subject and kind that are (or are not) one name
// were graded g. An empty subject or kind means all.
func (t *Tally) Graded(subject, kind string, one bool, g gongxin.Grade) (n int) {
	for l, counts := range t.lines {
		if l.judged && l.one == one && (subject == "" || l.subject == subject) && (kind == "" || l.kind == kind) {
			n += counts[slices.Index(Grades[:], g)]
		}
	}
	return n
}

// Table writes the tally in Markdown: a line for each kind, then precision and recall.
func (t *Tally) Table() string {
	rows := [][]string{{"subject", "kind", "one name", "pairs", "equal", "strong", "weak", "none"}}
	said := func(l line) string {
		switch {
		case !l.judged:
			return "?"
		case l.one:
			return "yes"
		}
		return "no"
	}
	order := func(a, b line) int {
		return cmp.Or(cmp.Compare(b.subject, a.subject), cmp.Compare(said(b), said(a)), cmp.Compare(a.kind, b.kind))
	}
	for _, l := range slices.SortedFunc(maps.Keys(t.lines), order) {
		n := t.lines[l]
		row := []string{l.subject, l.kind, said(l), fmt.Sprint(n[0] + n[1] + n[2] + n[3])}
		for _, c := range n {
			row = append(row, fmt.Sprint(c))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	writeTable(&b, rows)
	rows = [][]string{{"subject", "taken for one, rightly", "wrongly", "taken for two, rightly", "wrongly", "precision", "recall"}}
	subjects := map[string]bool{}
	for l := range t.lines {
		if l.judged {
			subjects[l.subject] = true
		}
	}
	add := func(name string, s Score) {
		rows = append(rows, []string{name, fmt.Sprint(s.Right), fmt.Sprint(s.False), fmt.Sprint(s.Refused), fmt.Sprint(s.Wrong),
			fmt.Sprintf("%.4f", s.Precision()), fmt.Sprintf("%.4f", s.Recall())})
	}
	for _, s := range slices.Backward(slices.Sorted(maps.Keys(subjects))) {
		if s != "" {
			add(s, t.Score(s))
		}
	}
	if len(subjects) > 0 {
		add("all", t.Score(""))
		b.WriteByte('\n')
		writeTable(&b, rows)
	}
	return b.String()
}

func writeTable(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(b, "| %-*s ", widths[i], cell)
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range widths {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
}
