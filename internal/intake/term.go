package intake

import (
	"strings"
	"unicode/utf8"

	"gongxin"
)

// A term is what the court wrote for 失信信息有效期 (2.1.3): a last day, a length
// counted from publication, or no end. Exactly one is set.
type term struct {
	until         gongxin.Day
	years, months int
	days          int
	open          bool
}

var openTerms = map[string]bool{
	"长期": true, "长期有效": true, "永久": true, "永久有效": true, "无期限": true, "无固定期限": true, "不限": true, "无限期": true,
	"9999-12-31": true, "9999/12/31": true, "9999年12月31日": true, "99991231": true,
}

// readTerm reads a term. ok is false if it is none, or has more than one reading.
func readTerm(s string) (t term, n norms, ok bool) {
	if d, ok := isoDay(s); ok {
		return term{until: d}, 0, true
	}
	if len(s) > 100 {
		return term{}, 0, false
	}
	if d, n, ok := readDay(s); ok {
		return term{until: d}, n, true
	}
	s, wide := narrowed(s)
	if wide {
		n |= normWidth
	}
	s, _ = unspaced(s)
	if openTerms[s] {
		return term{open: true}, n | normTermOpen, true
	}
	for _, front := range []string{"自发布之日起", "自公布之日起", "从发布之日起", "发布之日起", "公布之日起", "自发布日起", "有效期为", "有效期", "期限为", "至", "到"} {
		s = strings.TrimPrefix(s, front)
	}
	for _, end := range []string{"止", "为止", "届满", "有效", "内有效"} {
		s = strings.TrimSuffix(s, end)
	}
	if d, _, ok := readDay(s); ok {
		return term{until: d}, n | normDate, true
	}
	if t, ok = readLength(s); ok {
		return t, n | normTerm, true
	}
	return term{}, 0, false
}

// readLength reads 2年, 两年, 十八个月, 半年, 一年零六个月, 730天.
func readLength(s string) (t term, ok bool) {
	if s == "半年" {
		return term{months: 6}, true
	}
	for s != "" {
		s = strings.TrimPrefix(s, "零")
		num, rest, found := amount(s)
		if !found {
			return term{}, false
		}
		switch {
		case strings.HasPrefix(rest, "年半") && t == (term{}):
			t.years, t.months, rest = num, 6, rest[len("年半"):]
		case strings.HasPrefix(rest, "年") && t == (term{}):
			t.years, rest = num, rest[len("年"):]
		case strings.HasPrefix(rest, "个月") && t.months == 0 && t.days == 0:
			t.months, rest = num, rest[len("个月"):]
		case (strings.HasPrefix(rest, "天") || strings.HasPrefix(rest, "日")) && t.days == 0:
			t.days, rest = num, rest[len("天"):]
		default:
			return term{}, false
		}
		s = rest
	}
	return t, t != (term{}) && t.years <= 100 && t.months <= 1200 && t.days <= 36600
}

func amount(s string) (num int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < 6 && '0' <= s[i] && s[i] <= '9' {
		num = num*10 + int(s[i]-'0')
		i++
	}
	if i > 0 {
		return num, s[i:], true
	}
	num, rest = chineseNumber(s)
	return num, rest, num > 0
}

// last returns the last day of t for a listing published on from; zero for no end.
// A length of years or months ends on the same day of its month, or on the last
// if that month is shorter.
func (t term) last(from gongxin.Day) (gongxin.Day, bool) {
	if t.open || !t.until.IsZero() {
		return t.until, true
	}
	y, m, d := from.Date()
	m += t.months + 12*t.years - 1
	y, m = y+m/12, m%12+1
	for ; d > 27; d-- {
		if end, err := gongxin.NewDay(y, m, d); err == nil {
			return end.Add(t.days), true
		}
	}
	end, err := gongxin.NewDay(y, m, d)
	if err != nil {
		return 0, false
	}
	return end.Add(t.days), true
}

// mask hides the inner part of a number or a name for messages: what identifies
// is not repeated, what helps to find the cell is kept.
func mask(s string) string {
	s = shorten(s)
	n := utf8.RuneCountInString(s)
	front, back := 4, 2
	switch {
	case n <= 1:
		return "*"
	case n <= 4:
		front, back = 1, 0
	case n <= 8:
		front, back = 2, 1
	}
	r := []rune(s)
	for i := front; i < n-back; i++ {
		r[i] = '*'
	}
	return string(r)
}

// shorten keeps messages short, whatever a cell holds.
func shorten(s string) string {
	const longest = 40
	if utf8.RuneCountInString(s) <= longest {
		return s
	}
	return string([]rune(s)[:longest]) + "…"
}
