package intake

import (
	"fmt"
	"slices"
	"strings"

	"gongxin"
)

// headerWithin is how many rows may stand above the header and with it.
const headerWithin = 20

// A layout says where the fields stand in the rows of one file.
type layout struct {
	kind    Kind
	at      [nFields]int16 // column of each field, -1 for none
	width   int            // columns up to the last that has a heading
	names   []string       // the headings as they came, width of them
	unknown []int          // columns that no field claims
	short   int            // rows with fewer cells than this have lost something that is needed
}

// column is the heading of column i as it came, or a name for one without.
func (l *layout) column(i int) string {
	if i < len(l.names) && strings.TrimSpace(l.names[i]) != "" {
		return tidyText(l.names[i])
	}
	return fmt.Sprintf("第%d列", i+1)
}

// unknownNames are the headings of the columns that no field claims.
func (l *layout) unknownNames() []string {
	var names []string
	for _, i := range l.unknown {
		names = append(names, l.column(i))
	}
	return names
}

// A candidate is a row looked at as a header.
type candidate struct {
	layout
	found   int     // fields that were recognised
	missing []field // needed columns that were not
	twice   *gongxin.Error
}

func (c candidate) whole() bool { return c.found > 0 && len(c.missing) == 0 }

// better tells whether c is more of a header than d.
func (c candidate) better(d candidate) bool {
	if c.whole() != d.whole() {
		return c.whole()
	}
	if c.found != d.found {
		return c.found > d.found
	}
	return len(c.missing) < len(d.missing)
}

// readHeader looks at one row as a header of each kind and returns the best.
func readHeader(cells []string) candidate {
	width := len(cells)
	for width > 0 && strings.TrimSpace(cells[width-1]) == "" {
		width--
	}
	cells = cells[:width]
	meanings := make([]synonym, width)
	known := 0
	for i, c := range cells {
		if s, ok := lookup(c); ok {
			meanings[i] = s
			known++
		}
	}
	var best candidate
	if known == 0 {
		return best
	}
	for i, k := range []Kind{Persons, Organisations, Withdrawals} {
		if c := readAs(k, cells, meanings); i == 0 || c.better(best) {
			best = c
		}
	}
	return best
}

func readAs(k Kind, cells []string, meanings []synonym) candidate {
	c := candidate{layout: layout{kind: k, width: len(cells), names: cells}}
	for f := range c.at {
		c.at[f] = -1
	}
	for i, m := range meanings {
		f := m.field
		if m.kinds&k.bit() == 0 {
			c.unknown = append(c.unknown, i)
			continue
		}
		if before := c.at[f]; before >= 0 {
			if c.twice == nil {
				c.twice = gongxin.Invalid("COLUMN_TWICE", k.name(f), before+1, i+1).At(gongxin.Place{Field: k.name(f)})
			}
			continue
		}
		c.at[f] = int16(i)
		if slices.Contains(k.fields(), f) {
			c.found++
		}
	}
	if c.at[fNumber] < 0 && c.at[fOrgCode] >= 0 { // an organisation code alone is the number
		c.at[fNumber], c.at[fOrgCode] = c.at[fOrgCode], -1
		c.found++
	}
	for _, f := range k.fields() {
		if c.at[f] >= 0 && k.needed(f) {
			c.short = max(c.short, int(c.at[f])+1)
		}
		if c.at[f] < 0 && k.needed(f) {
			c.missing = append(c.missing, f)
		}
	}
	return c
}

// verdict is what c means for the file: nil if it is a whole header. A row with
// fewer than three fields is no header but a title that happens to hold such a word.
func (c candidate) verdict(rows int) *gongxin.Error {
	switch {
	case c.found < 3 && (c.found < 2 || len(c.missing) > 0):
		return gongxin.Invalid("HEADER_MISSING", rows)
	case c.twice != nil:
		return c.twice
	case len(c.missing) > 0:
		names := make([]string, len(c.missing))
		for i, f := range c.missing {
			names[i] = c.kind.name(f)
		}
		return gongxin.Invalid("COLUMN_MISSING", strings.Join(names, "、")).At(gongxin.Place{Field: names[0]})
	}
	return nil
}

// findHeader returns the best header among the first rows of a table, and the
// place of its row among them. If no row is a whole header, two rows below each
// other may be: groups of columns above (被执行人信息), their headings below.
func findHeader(rows [][]string) (best candidate, at int) {
	for i, r := range rows {
		if c := readHeader(r); i == 0 || c.better(best) {
			best, at = c, i
		}
	}
	if best.whole() {
		return best, at
	}
	for i := 1; i < len(rows); i++ {
		if c := readHeader(stacked(rows[i-1], rows[i])); c.whole() && c.twice == nil {
			return c, i
		}
	}
	return best, at
}

// stacked is the lower row, with the upper where it is empty.
func stacked(upper, lower []string) []string {
	out := make([]string, max(len(upper), len(lower)))
	copy(out, upper)
	for i, c := range lower {
		if strings.TrimSpace(c) != "" {
			out[i] = c
		}
	}
	return out
}
