package batch

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/gate"
	"gongxin/identity"
)

// What a file may say of an applicant beyond number and name, in the order of Columns.facts.
const (
	factMasked = iota
	factBorn
	factSex
	factRegion
	factSubject
)

// Codes of what stands in such a column and cannot be read. The gate is asked without it: what is
// known beyond number and name can only take a restriction back, so nobody is clear for want of
// it. The codes stand behind the gate's reasons. Their texts stand in messages/batch.csv.
const (
	maskedUnread  = "BATCH_MASKED_UNREAD"
	bornUnread    = "BATCH_BORN_UNREAD"
	sexUnread     = "BATCH_SEX_UNREAD"
	regionUnread  = "BATCH_REGION_UNREAD"
	subjectUnread = "BATCH_SUBJECT_UNREAD"
)

// The headings whose meaning is certain. 地区 and region often hold names, an area code is one of
// telephones as well, 编号 may number the rows: such columns are used when a flag names them.
var (
	bornHeadings = headingSet("出生日期", "出生年月日", "出生年月", "出生年份", "出生年", "出生时间", "生日",
		"born", "year of birth", "birth year", "date of birth", "birth date", "birthday", "dob")
	sexHeadings    = headingSet("性别", "性别代码", "性别码", "sex", "gender", "sex code", "gender code")
	regionHeadings = headingSet("行政区划代码", "行政区划编码", "行政区划码", "区划代码", "区划编码", "区划码", "地区代码", "地址码",
		"户籍地代码", "户籍地区划代码", "户籍地行政区划代码", "region code", "division code", "address code", "region")
	subjectHeadings = headingSet("申请人编号", "申请编号", "申请号", "申请单编号", "受理编号", "受理号", "办件编号", "客户编号", "客户号", "旅客编号", "乘客编号",
		"application number", "application no", "application id", "applicant reference", "customer number", "customer no", "customer id")
)

// maskWords tell beside the heading of a number that only a part of it is shown.
var maskWords = []string{"脱敏后的", "脱敏后", "脱敏", "打码", "掩码", "masked"}

// headsMasked understands 证件号码（脱敏）, 脱敏身份证号, masked number.
func headsMasked(heading string) bool {
	s := foldHeading(heading)
	for _, word := range maskWords {
		if rest := strings.Replace(s, word, "", 1); rest != s {
			return rest == "" || numberHeadings[rest]
		}
	}
	return false
}

func headsOne(set map[string]bool) func(string) bool {
	return func(heading string) bool { return understood(set, heading) }
}

// facts are the fields that are looked for in a file that is screened.
func (c Columns) facts() []Field {
	return []Field{
		factMasked:  {Flag: "--masked-column", Asked: c.Masked, fits: headsMasked},
		factBorn:    {Flag: "--born-column", Asked: c.Born, fits: headsOne(bornHeadings), date: true},
		factSex:     {Flag: "--sex-column", Asked: c.Sex, fits: headsOne(sexHeadings)},
		factRegion:  {Flag: "--region-column", Asked: c.Region, fits: headsOne(regionHeadings)},
		factSubject: {Flag: "--subject-column", Asked: c.Subject, fits: headsOne(subjectHeadings)},
	}
}

// A cell is what stands in one place of a file.
type cell struct {
	text string
	bad  bool // it holds bytes that the encoding does not have
}

// A more is what a row says beyond number and name.
type more struct {
	cells []cell // of the fields that are sought

	// what the gate is asked of it; zero where it is not known
	masked, region, subject string
	born                    int
	sex                     identity.Sex
	unread                  []string // codes of what cannot be read
}

// headings are those of the fields that are sought.
func (l *layout) headings() []string { return l.heads }

// moreOf gathers the cells of the fields that are sought.
func (l *layout) moreOf(at func(column int) cell) *more {
	m := &more{cells: make([]cell, len(l.fields))}
	for i, column := range l.fields {
		if column >= 0 {
			m.cells[i] = at(column)
		}
	}
	return m
}

// settle reads what r says beyond number and name, under headings of the file, as of now; what
// it keeps a gate takes. A number of which a part is hidden is none: it counts as masked. What could
// change nothing is not read: beside a number a masked one, and the department's own reference.
func (r *row) settle(heads []string, now time.Time) {
	takes := func(q gate.Query) bool { return q.Check(now) == nil }
	maskOf := func(s string) (string, bool) {
		s = mask(s)
		return s, s != "" && takes(gate.Query{Masked: s})
	}
	hidden := ""
	if strings.ContainsAny(r.number, "*＊") && len(r.number) <= maxCell {
		if s, ok := maskOf(r.number); ok {
			hidden = s
		}
	}
	if r.more == nil {
		if hidden == "" {
			return
		}
		r.more = &more{cells: make([]cell, len(heads))}
	}
	if hidden != "" {
		r.number = ""
	}
	m := r.more
	if r.number == "" {
		m.masked = read(m, factMasked, maskedUnread, maskOf)
		if hidden != "" {
			if m.masked != "" && m.masked != hidden { // of two, nobody knows which is the applicant's
				hidden, m.unread = "", append(m.unread, maskedUnread)
			}
			m.masked = hidden
		}
		m.subject = read(m, factSubject, subjectUnread, func(s string) (string, bool) { return s, takes(gate.Query{Subject: s}) })
	}
	m.born = read(m, factBorn, bornUnread, func(s string) (int, bool) {
		year, ok := yearOf(s)
		return year, ok && year != 0 && takes(gate.Query{Born: year})
	})
	coded := codesSex(heads[factSex])
	m.sex = read(m, factSex, sexUnread, func(s string) (identity.Sex, bool) { return sexOf(s, coded) })
	m.region = read(m, factRegion, regionUnread, func(s string) (string, bool) {
		s = region(s)
		return s, s != "" && '1' <= s[0] && s[0] <= '8' && takes(gate.Query{Region: s})
	})
}

// read reads the i-th cell of m, or notes that it cannot be read.
func read[T any](m *more, i int, code string, of func(string) (T, bool)) (v T) {
	c := m.cells[i]
	s := halfWidth(c.text)
	if !c.bad && (s == "" || saysNothing[strings.ToLower(s)]) {
		return v
	}
	if !c.bad && len(s) <= maxCell {
		if got, ok := of(s); ok {
			return got
		}
	}
	m.unread = append(m.unread, code)
	return v
}

// into adds what is known to q.
func (m *more) into(q *gate.Query) {
	if m != nil {
		q.Masked, q.Born, q.Sex, q.Region, q.Subject = m.masked, m.born, m.sex, m.region, m.subject
	}
}

// saysNothing has what is written where something is not known.
var saysNothing = map[string]bool{"-": true, "--": true, "—": true, "——": true, "/": true, "\\": true, "无": true, "空": true, "不详": true, "未知": true, "未说明": true,
	"未知的性别": true, "未说明的性别": true, "n/a": true, "na": true, "nan": true, "nat": true, "null": true, "none": true, "unknown": true}

// halfWidth writes letters, digits and signs in half width.
func halfWidth(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case 0xFF01 <= r && r <= 0xFF5E:
			return r - 0xFEE0
		case r == '　':
			return ' '
		}
		return r
	}, s))
}

// mask writes a number of which a part is hidden as a gate takes it: an asterisk for each
// character that is not known, and no blanks.
func mask(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '•', '●', '×':
			return '*'
		case ' ', '-':
			return -1
		}
		return r
	}, strings.ToUpper(halfWidth(s)))
}

var (
	dateYearFirst = regexp.MustCompile(`^(\d{4}) ?[-/.年] ?(\d{1,2})(?: ?[-/.月] ?(\d{1,2}) ?[日号]?)?月?(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$`)
	dateYearLast  = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$`)
	instants      = []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700 MST"}
)

// yearOf reads the year of a date of birth, of which the year must be there in four digits: 1980,
// 198002, 19800201, 1980-2-1, 1980年2月1日, 1/2/1980, also with a time. An instant lies on its
// day in Asia/Shanghai.
func yearOf(s string) (int, bool) {
	s = strings.TrimSuffix(s, ".0") // how a table of numbers writes a whole one
	for _, form := range instants {
		if at, err := time.Parse(form, s); err == nil {
			return at.In(gongxin.Shanghai).Year(), true
		}
	}
	year, month, day := "", "1", "1"
	if n := len(s); isDigits(s) {
		switch n {
		case 14, 8: // with a time, and without
			year, month, day = s[:4], s[4:6], s[6:8]
		case 6:
			year, month = s[:4], s[4:]
		case 4:
			year = s
		}
	} else if d := dateYearFirst.FindStringSubmatch(s); d != nil {
		if year, month = d[1], d[2]; d[3] != "" {
			day = d[3]
		}
	} else if d := dateYearLast.FindStringSubmatch(s); d != nil {
		if year, month, day = d[3], d[1], d[2]; !isDay(year, month, day) { // which is the month makes no difference here
			month, day = day, month
		}
	} else {
		year = strings.TrimSpace(strings.TrimSuffix(s, "年"))
	}
	if len(year) != 4 || !isDigits(year) || !isDay(year, month, day) {
		return 0, false
	}
	born, err := strconv.Atoi(year)
	return born, err == nil
}

func isDay(year, month, day string) bool {
	_, err := time.Parse("2006-1-2", year+"-"+strings.TrimPrefix(month, "0")+"-"+strings.TrimPrefix(day, "0"))
	return err == nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// codesSex tells whether the heading says that the codes of GB/T 2261.1 stand below it. Under
// another one, 1 may mean anything.
func codesSex(heading string) bool {
	s := foldHeading(heading)
	return strings.Contains(s, "码") || strings.Contains(s, "code") || strings.Contains(s, "1男") && strings.Contains(s, "2女")
}

var sexWords = map[string]identity.Sex{"男": identity.Male, "男性": identity.Male, "男士": identity.Male, "m": identity.Male, "male": identity.Male,
	"女": identity.Female, "女性": identity.Female, "女士": identity.Female, "f": identity.Female, "female": identity.Female}

// sexOf reads 男, 女性, F, and codes of GB/T 2261.1 where they are meant; "" for those that say that
// it is not known.
func sexOf(s string, coded bool) (identity.Sex, bool) {
	if coded {
		switch strings.TrimSuffix(s, ".0") {
		case "1":
			return identity.Male, true
		case "2":
			return identity.Female, true
		case "0", "9":
			return "", true
		}
	}
	sex, ok := sexWords[strings.ToLower(s)]
	return sex, ok
}

// region writes an address code of nine or twelve digits as the six of GB/T 2260 that begin it.
func region(s string) string {
	s = strings.TrimSuffix(s, ".0")
	if (len(s) == 9 || len(s) == 12) && isDigits(s) {
		s = s[:6]
	}
	return s
}
