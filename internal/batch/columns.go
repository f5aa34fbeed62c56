package batch

import (
	"strconv"
	"strings"
	"unicode"

	"gongxin"
)

// headerWithin is how many rows may stand above the header and with it.
const headerWithin = 20

// A layout says where the columns that are sought stand in the rows of a file, counted
// from 0; -1 for none.
type layout struct {
	number, name int
	fields       []int    // of the other columns that are sought
	heads        []string // their headings
	more         bool     // one of them is there
	width        int      // columns of the header
	chinese      bool     // the header is written in Chinese
	readOnly     bool     // nothing is added to the rows
}

// numberHeadings and nameHeadings are the folded headings that are understood.
var numberHeadings, nameHeadings = headingSet(
	"证件号码", "证件号", "证件编号", "身份证号码", "身份证号", "身份证", "公民身份号码", "公民身份证号码", "居民身份证号码", "居民身份证号", "身份证件号码", "身份证件号", "身份号码",
	"申请人证件号码", "申请人证件号", "申请人身份证号码", "申请人身份证号", "统一社会信用代码", "社会信用代码", "信用代码", "统一代码", "组织机构代码", "机构代码",
	"统一社会信用代码/组织机构代码", "统一社会信用代码(组织机构代码)", "统一社会信用代码或组织机构代码", "身份证号码/统一社会信用代码", "身份证号/统一社会信用代码", "身份证号码/组织机构代码",
	"身份证号码或统一社会信用代码", "证件号码/统一社会信用代码", "证照号码", "证照号", "号码",
	"number", "id", "id number", "id no", "identifier", "identity number", "identification number", "citizen id", "citizen number", "national id",
	"credit code", "unified social credit code", "uscc", "organisation code", "organization code", "certificate number", "document number", "idcard", "id card",
	"id card number", "id card no", "cert no", "certno", "subject number", "applicant number", "applicant id",
), headingSet(
	"姓名或名称", "姓名/名称", "名称/姓名", "名称或姓名", "姓名名称", "姓名", "名称", "申请人", "申请人姓名", "申请人名称", "申请人姓名或名称", "申请人姓名/名称", "申请单位", "申请单位名称",
	"单位名称", "企业名称", "公司名称", "机构名称", "组织名称", "单位", "企业", "客户姓名", "客户名称", "户名", "旅客姓名", "乘客姓名", "投标人", "投标人名称", "当事人", "当事人姓名或名称", "全称",
	"name", "full name", "applicant", "applicant name", "company", "company name", "organisation", "organization", "organisation name", "organization name",
	"customer name", "passenger name", "person name", "subject", "subject name",
)

func headingSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[foldHeading(n)] = true
	}
	return set
}

// foldHeading reduces a heading to the letters and Han that carry its meaning,
// half-width and lower-case, without what stands in front as a number.
func foldHeading(s string) string {
	if len(s) > 200 { // no heading is so long
		return ""
	}
	var b strings.Builder
	for _, r := range s {
		if 0xFF01 <= r && r <= 0xFF5E {
			r -= 0xFEE0
		}
		if unicode.IsLetter(r) || '0' <= r && r <= '9' && b.Len() > 0 {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// understood tells whether set has heading, as it is or without bracketed remarks:
// 姓名（必填）.
func understood(set map[string]bool, heading string) bool {
	if set[foldHeading(heading)] {
		return true
	}
	var b strings.Builder
	depth := 0
	for _, r := range heading {
		switch r {
		case '(', '（', '[', '【', '<', '《', '{':
			depth++
		case ')', '）', ']', '】', '>', '》', '}':
			depth = max(0, depth-1)
		default:
			if depth == 0 {
				b.WriteRune(r)
			}
		}
	}
	return set[foldHeading(b.String())]
}

// A Columns says by flag where what the gate is asked about stands: by heading, or by the
// column's number counted from 1; "-" for nowhere. Empty: by the headings that are understood.
type Columns struct {
	Number, Name string
	Masked       string `json:",omitempty"` // numbers of which only a part is known
	Born         string `json:",omitempty"` // year or date of birth
	Sex          string `json:",omitempty"`
	Region       string `json:",omitempty"` // address codes
	Subject      string `json:",omitempty"` // the department's own references of the applicants
}

// none says by flag that there is no such column.
const none = "-"

// A Field is a column that is looked for beside number and name. Its headings are not
// taken for theirs any more.
type Field struct {
	Flag     string   // that says where it is, such as --born-column; errors name it
	Asked    string   // what the flag says, as in Columns
	Needed   string   // what errors call it, if the file must have it; empty if it need not
	Headings []string // by which it is found

	fits func(heading string) bool // instead of Headings
	date bool                      // what is stored as a date is read as one
}

// A sought is all that is looked for in a header.
type sought struct {
	Columns
	fields       []Field
	numberNeeded bool
	readOnly     bool
}

// newSought makes ready to look for fields.
func newSought(c Columns, fields []Field) sought {
	for i := range fields {
		if f := &fields[i]; f.fits == nil {
			set := headingSet(f.Headings...)
			f.fits = func(heading string) bool { return understood(set, heading) }
		}
	}
	return sought{Columns: c, fields: fields}
}

// empty is the layout in which nothing is found.
func (c sought) empty() layout {
	lay := layout{number: -1, name: -1, fields: make([]int, len(c.fields)), heads: make([]string, len(c.fields)), readOnly: c.readOnly}
	for i := range lay.fields {
		lay.fields[i] = -1
	}
	return lay
}

// placeOf returns the column that asked gives by its number, from 0; -1 if it does not.
func placeOf(asked string) int {
	if n, err := strconv.Atoi(asked); err == nil && 1 <= n && n <= maxCells {
		return n - 1
	}
	return -1
}

// header looks at one row as a header. found is how many of the columns it has; one
// that two headings claim is an error, which counts only if the row is taken.
func (c sought) header(cells []string) (lay layout, found int, twice *gongxin.Error) {
	lay = c.empty()
	lay.width = len(cells)
	for lay.width > 0 && strings.TrimSpace(cells[lay.width-1]) == "" {
		lay.width--
	}
	for _, s := range cells {
		lay.chinese = lay.chinese || strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	headings := cells[:lay.width]
	one := func(asked, flag string, understands func(string) bool) int {
		at := -1
		for i, s := range headings {
			fits := asked != "" && strings.TrimSpace(s) == strings.TrimSpace(asked) || asked != "" && foldHeading(s) != "" && foldHeading(s) == foldHeading(asked)
			if asked == "" {
				fits = understands(s)
			}
			switch {
			case asked == none:
			case fits && at < 0:
				at = i
			case fits && twice == nil:
				twice = gongxin.Invalid("BATCH_COLUMN_TWICE", at+1, i+1, flag).At(gongxin.Place{Field: flag})
			}
		}
		if n := placeOf(asked); at < 0 && n >= 0 {
			at = n
			lay.width = max(lay.width, n+1)
		}
		return at
	}
	first := func(set map[string]bool) func(string) bool {
		return func(heading string) bool {
			if !understood(set, heading) {
				return false
			}
			for _, f := range c.fields {
				if f.fits(heading) {
					return false
				}
			}
			return true
		}
	}
	lay.number = one(c.Number, "--number-column", first(numberHeadings))
	lay.name = one(c.Name, "--name-column", first(nameHeadings))
	if lay.number == lay.name {
		lay.name = -1
	}
	for _, at := range []int{lay.number, lay.name} {
		if at >= 0 {
			found++
		}
	}
	for i, f := range c.fields {
		at := one(f.Asked, f.Flag, f.fits)
		if at < 0 || at == lay.number || at == lay.name { // what was named as number or name is that
			continue
		}
		lay.fields[i], lay.more = at, true
		if at < len(cells) {
			lay.heads[i] = cells[at]
		}
		found++
	}
	return lay, found, twice
}

// byPosition tells whether number and name are given by their column's number as far as they are asked for.
func (c Columns) byPosition() bool {
	return placeOf(c.Number) >= 0 && (c.Name == "" || c.Name == none || placeOf(c.Name) >= 0)
}

// A headerFound is where the header of a table is among its first rows.
type headerFound struct {
	layout
	at    int // which of the rows; -1 if the file has none and the columns were given by number
	found int
	twice *gongxin.Error
}

// findHeader returns the best header among the first rows of a table. With columns
// given by number, a first row that holds a number in that column is data.
func (c sought) findHeader(rows [][]string) headerFound {
	best := headerFound{layout: c.empty()}
	if c.byPosition() && len(rows) > 0 {
		lay, _, _ := c.header(rows[0])
		best = headerFound{layout: lay}
		for _, at := range []int{lay.number, lay.name} {
			if at >= 0 && at < len(rows[0]) {
				best.found++
			}
		}
		if lay.number < len(rows[0]) && digits(rows[0][lay.number]) >= 6 {
			best.at = -1
		}
		return best
	}
	for i, r := range rows {
		lay, found, twice := c.header(r)
		if found > best.found {
			best = headerFound{lay, i, found, twice}
		}
	}
	return best
}

// digits counts those of s. No heading has six of them; a number has, also one with a slip
// in it or one that is masked.
func digits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// verdict is what is wrong with the header that was found: BATCH_COLUMN_TWICE, or
// BATCH_COLUMN_MISSING if it has neither number nor name, or not what was asked for.
func (c sought) verdict(h headerFound) error {
	missing := func(zh, en, flag string) error {
		return gongxin.Invalid("BATCH_COLUMN_MISSING", zh, en).At(gongxin.Place{Field: flag})
	}
	isAsked := func(s string) bool { return s != "" && s != none }
	switch {
	case h.twice != nil:
		return h.twice
	case h.found == 0 || h.number < 0 && h.name < 0:
		return gongxin.Invalid("BATCH_COLUMN_MISSING", "证件号码、姓名或名称", "of the identifier or the name")
	case isAsked(c.Number) && h.number < 0:
		return missing(c.Number, c.Number, "--number-column")
	case isAsked(c.Name) && h.name < 0:
		return missing(c.Name, c.Name, "--name-column")
	case c.numberNeeded && h.number < 0:
		return missing("证件号码", "of the identifier", "--number-column")
	}
	for i, f := range c.fields {
		switch {
		case h.fields[i] >= 0:
		case isAsked(f.Asked):
			return missing(f.Asked, f.Asked, f.Flag)
		case f.Needed != "":
			return missing(f.Needed, f.Needed, f.Flag)
		}
	}
	return nil
}

// The columns that are added, in order: for a Chinese header and for any other.
var (
	addedChinese = []string{"结果 outcome", "原因 reasons", "编号 reference", "名单序号 sequence"}
	addedPlain   = []string{"outcome", "reasons", "reference", "sequence"}
)

func (l layout) added() []string {
	if l.chinese {
		return addedChinese
	}
	return addedPlain
}

// taken returns BATCH_COLUMN_TAKEN if a heading is one that is to be added: the file
// was screened before, and two columns of one name help nobody.
func (l layout) taken(headings []string) error {
	if l.readOnly {
		return nil
	}
	for _, h := range headings {
		for i := range addedPlain {
			if h = strings.TrimSpace(h); h == addedPlain[i] || h == addedChinese[i] {
				return gongxin.Invalid("BATCH_COLUMN_TAKEN", h).At(gongxin.Place{Field: h})
			}
		}
	}
	return nil
}
