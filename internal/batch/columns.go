package batch

import (
	"strconv"
	"strings"
	"unicode"

	"gongxin"
	"gongxin/identity"
)

// headerWithin is how many rows may stand above the header and with it.
const headerWithin = 20

// A layout says where number and name stand in the rows of a file, counted from 0;
// -1 for none.
type layout struct {
	number, name int
	width        int  // columns of the header
	chinese      bool // the header is written in Chinese
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

// A Columns says by flag where number and name stand: by heading, or by the column's
// number counted from 1. Empty: by the headings that are understood.
type Columns struct{ Number, Name string }

// header looks at one row as a header. found is how many of number and name it has;
// a column that two headings claim is an error, which counts only if the row is taken.
func (c Columns) header(cells []string) (lay layout, found int, twice *gongxin.Error) {
	lay = layout{number: -1, name: -1, width: len(cells)}
	for lay.width > 0 && strings.TrimSpace(cells[lay.width-1]) == "" {
		lay.width--
	}
	for _, s := range cells {
		lay.chinese = lay.chinese || strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	headings := cells[:lay.width]
	one := func(asked string, set map[string]bool, field string) int {
		at := -1
		for i, s := range headings {
			fits := asked != "" && strings.TrimSpace(s) == strings.TrimSpace(asked) || asked != "" && foldHeading(s) != "" && foldHeading(s) == foldHeading(asked)
			if asked == "" {
				fits = understood(set, s)
			}
			switch {
			case fits && at < 0:
				at = i
			case fits && twice == nil:
				twice = gongxin.Invalid("BATCH_COLUMN_TWICE", at+1, i+1, field).At(gongxin.Place{Field: field})
			}
		}
		if n, err := strconv.Atoi(asked); at < 0 && err == nil && 1 <= n && n <= maxCells {
			at = n - 1
			lay.width = max(lay.width, n)
		}
		return at
	}
	lay.number = one(c.Number, numberHeadings, "--number-column")
	lay.name = one(c.Name, nameHeadings, "--name-column")
	if lay.number >= 0 {
		found++
	}
	if lay.name >= 0 {
		found++
	}
	if found == 2 && lay.number == lay.name {
		found = 1
		lay.name = -1
	}
	return lay, found, twice
}

// byPosition tells whether both columns that are asked for are given by their number.
func (c Columns) byPosition() bool {
	number := func(s string) bool { n, err := strconv.Atoi(s); return err == nil && 1 <= n && n <= maxCells }
	return number(c.Number) && (c.Name == "" || number(c.Name))
}

// A headerFound is where the header of a table is among its first rows.
type headerFound struct {
	layout
	at    int // which of the rows; -1 if the file has none and the columns were given by number
	found int
	twice *gongxin.Error
}

// findHeader returns the best header among the first rows of a table. With columns
// given by number, a first row that holds an identifier in that column is data.
func (c Columns) findHeader(rows [][]string) headerFound {
	best := headerFound{layout: layout{number: -1, name: -1}}
	if c.byPosition() && len(rows) > 0 {
		lay, _, _ := c.header(rows[0])
		best = headerFound{layout: lay}
		for _, at := range []int{lay.number, lay.name} {
			if at >= 0 && at < len(rows[0]) {
				best.found++
			}
		}
		if lay.number < len(rows[0]) {
			if _, _, err := identity.Parse(rows[0][lay.number]); err == nil {
				best.at = -1
			}
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

// verdict is what is wrong with the header that was found: COLUMN_NEEDED with what the
// first row holds, if neither number nor name was found or one that was asked for was not.
func (c Columns) verdict(h headerFound) error {
	switch {
	case h.twice != nil:
		return h.twice
	case h.found == 0:
		return gongxin.Invalid("BATCH_COLUMN_MISSING", "证件号码、姓名或名称", "of the identifier or the name")
	case c.Number != "" && h.number < 0:
		return gongxin.Invalid("BATCH_COLUMN_MISSING", c.Number, c.Number).At(gongxin.Place{Field: "--number-column"})
	case c.Name != "" && h.name < 0:
		return gongxin.Invalid("BATCH_COLUMN_MISSING", c.Name, c.Name).At(gongxin.Place{Field: "--name-column"})
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
	for _, h := range headings {
		for i := range addedPlain {
			if h = strings.TrimSpace(h); h == addedPlain[i] || h == addedChinese[i] {
				return gongxin.Invalid("BATCH_COLUMN_TAKEN", h).At(gongxin.Place{Field: h})
			}
		}
	}
	return nil
}
