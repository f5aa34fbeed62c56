package intake

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gongxin"
)

// The days that a bare number in a date column can mean as a serial of the
// spreadsheet system that counts from 1900: 1954-10-03 to 2064-04-08.
const (
	firstSerial = 20000
	lastSerial  = 60000
	epoch1904   = 1462 // what the system that counts from 1904 lags behind
)

// isoDay reads the form 2017-04-01 without help; ok is false for all other forms
// and for days that do not exist.
func isoDay(s string) (gongxin.Day, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	n := 0
	for _, i := range [...]int{0, 1, 2, 3, 5, 6, 8, 9} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	d := gongxin.Day(n)
	y, m, dd := d.Date()
	if y < 1900 || y > 2999 || m < 1 || m > 12 || dd < 1 || dd > 28 {
		d, err := gongxin.NewDay(y, m, dd)
		return d, err == nil
	}
	return d, true
}

// readDay reads a day in any form that Chinese spreadsheets produce and tells how
// it had to be folded. ok is false if there is no such day or more than one reading.
func readDay(s string) (d gongxin.Day, n norms, ok bool) {
	if d, ok := isoDay(s); ok {
		return d, 0, true
	}
	if len(s) > 100 {
		return 0, 0, false
	}
	s, wide := narrowed(s)
	if wide {
		n |= normWidth
		if d, ok := isoDay(s); ok {
			return d, n, true
		}
	}
	s = strings.TrimLeft(strings.TrimSpace(s), "'‘’`")
	n |= normDate
	if num, ok := bareNumber(s); ok {
		d, ok := numberDay(num)
		return d, n, ok
	}
	date, rest, ok := dateParts(s)
	if !ok {
		return 0, 0, false
	}
	shift, ok := timeOfDay(rest)
	if !ok {
		return 0, 0, false
	}
	d, err := gongxin.NewDay(date[0], date[1], date[2])
	if err != nil {
		return 0, 0, false
	}
	return d.Add(shift), n, true
}

// bareNumber gives back s without a decimal fraction if it is digits and, at
// most, such a fraction.
func bareNumber(s string) (string, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if !allDigits(whole) || point && !allDigits(fraction) {
		return "", false
	}
	return whole, true
}

func allDigits(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// numberDay reads a bare number: five digits are a serial, eight the form
// 20170401, twelve and fourteen the same with a time.
func numberDay(s string) (gongxin.Day, bool) {
	switch len(s) {
	case 5:
		n, _ := strconv.Atoi(s)
		if n < firstSerial || n > lastSerial {
			return 0, false
		}
		return serialDay(n), true
	case 12, 14:
		hour, _ := strconv.Atoi(s[8:10])
		minute, _ := strconv.Atoi(s[10:12])
		if hour > 23 || minute > 59 || len(s) == 14 && s[12:] > "59" {
			return 0, false
		}
		s = s[:8]
	case 8:
	default:
		return 0, false
	}
	return isoDay(s[:4] + "-" + s[4:6] + "-" + s[6:])
}

// serialDay returns the day of a serial that counts from 1900, right from 61 on
// (the system believes in a 29 February 1900).
func serialDay(n int) gongxin.Day {
	return gongxin.DayOf(time.Date(1899, 12, 30+n, 0, 0, 0, 0, gongxin.Shanghai))
}

// dateParts reads year, month and day at the front of s and returns what follows.
// The year comes first and has four digits.
func dateParts(s string) (date [3]int, rest string, ok bool) {
	s = strings.TrimPrefix(s, "公元")
	rest = s
	separator := rune(0)
	for i := range date {
		num, digits, after := number(rest, i)
		if digits == 0 || i == 0 && digits != 4 || i > 0 && digits > 2 {
			return date, "", false
		}
		date[i] = num
		blank := strings.TrimLeftFunc(after, unicode.IsSpace)
		r, size := utf8.DecodeRuneInString(blank)
		if i == 2 {
			if (r == '日' || r == '号') && (separator == '年' || separator == 0) {
				return date, blank[size:], true
			}
			return date, after, separator != 0
		}
		switch {
		case i == 0 && r == '年', i == 1 && separator == '年' && r == '月':
			separator = '年'
		case strings.ContainsRune("-/.", dash(r)) && (i == 0 || separator == dash(r)):
			separator = dash(r)
		case len(blank) < len(after) && (i == 0 || separator == ' ') && '0' <= r && r <= '9': // 2017 04 01
			separator, size = ' ', 0
		default:
			return date, "", false
		}
		rest = strings.TrimLeftFunc(blank[size:], unicode.IsSpace)
	}
	return date, "", false
}

// dash gives the strokes and dots that are met between the parts of a date their
// plain form.
func dash(r rune) rune {
	switch r {
	case '‐', '‑', '‒', '–', '—', '―', '−':
		return '-'
	case '。', '·', '．', '•', '、':
		return '.'
	case '∕', '⁄', '\\':
		return '/'
	}
	return r
}

var chineseDigits = map[rune]int{
	'〇': 0, '○': 0, '零': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9,
	'壹': 1, '贰': 2, '叁': 3, '肆': 4, '伍': 5, '陆': 6, '柒': 7, '捌': 8, '玖': 9, '两': 2, '元': 1,
}

// number reads the part of a date that s begins with, in Arabic or Chinese
// digits, and tells how many digits a number of that value is written with.
func number(s string, part int) (num, digits int, rest string) {
	for digits < len(s) && digits < 5 && '0' <= s[digits] && s[digits] <= '9' {
		num = num*10 + int(s[digits]-'0')
		digits++
	}
	if digits > 0 {
		return num, digits, s[digits:]
	}
	if part == 0 { // 二〇一七: digit by digit
		for i, r := range s {
			d, ok := chineseDigits[r]
			if r == '元' || r == '两' || !ok && r != 'O' && r != 'o' && r != '0' {
				return num, digits, s[i:]
			}
			num, digits = num*10+d, digits+1
		}
		return num, digits, ""
	}
	n, after := chineseNumber(s)
	if n < 0 {
		return 0, 0, s
	}
	return n, 2, after
}

// chineseNumber reads a number below 100 such as 四, 十二, 二十一, 廿一, 三十, or 零四;
// -1 if s begins with none.
func chineseNumber(s string) (n int, rest string) {
	n = -1
	tens := false
	for i, r := range s {
		d, digit := chineseDigits[r]
		switch {
		case (r == '十' || r == '拾') && !tens && n != 0 && n < 10:
			n, tens = max(n, 1)*10, true
		case r == '廿' && n < 0:
			n, tens = 20, true
		case r == '卅' && n < 0:
			n, tens = 30, true
		case digit && n < 0:
			n = d
		case digit && n == 0 && d > 0:
			n = d
		case digit && tens && n%10 == 0 && d > 0:
			n, tens = n+d, true
			return n, s[i+utf8.RuneLen(r):]
		default:
			return n, s[i:]
		}
	}
	return n, ""
}

// timeOfDay reads what may follow a date: a weekday, a time, an offset. The
// result is the number of days that an offset moves the date in Shanghai.
func timeOfDay(s string) (shift int, ok bool) {
	s = strings.TrimSpace(strings.TrimPrefix(s, "T"))
	s = weekday(s)
	if s == "" {
		return 0, true
	}
	half := 0 // 1 before noon, 2 after
	cutHalf := func() {
		for _, w := range [...]struct {
			text string
			half int
		}{{"上午", 1}, {"下午", 2}, {"凌晨", 1}, {"早上", 1}, {"中午", 2}, {"晚上", 2}, {"AM", 1}, {"PM", 2}, {"am", 1}, {"pm", 2}} {
			if t, found := strings.CutPrefix(s, w.text); found {
				s, half = strings.TrimSpace(t), w.half
				return
			}
		}
	}
	cutHalf()
	var clock [3]int
	parts := 0
	for ; parts < 3; parts++ {
		n, digits, rest := number(s, 1)
		if digits == 0 || digits > 2 || parts > 0 && s == rest {
			return 0, false
		}
		clock[parts] = n
		s = rest
		mark := ":"
		chinese := [...]string{"时", "分", "秒"}[parts]
		if t, found := strings.CutPrefix(s, chinese); found {
			s = strings.TrimSpace(t)
			if s == "" || s[0] < '0' || s[0] > '9' {
				parts++
				break
			}
			continue
		}
		if t, found := strings.CutPrefix(s, mark); found && parts < 2 {
			s = t
			continue
		}
		parts++
		break
	}
	if parts < 1 || clock[0] > 24 || clock[1] > 59 || clock[2] > 60 || clock[0] == 24 && clock[1]+clock[2] > 0 {
		return 0, false
	}
	if t, found := strings.CutPrefix(s, "."); found { // a fraction of a second
		s = strings.TrimLeft(t, "0123456789")
		if s == t {
			return 0, false
		}
	}
	s = strings.TrimSpace(s)
	cutHalf()
	switch {
	case half == 2 && clock[0] < 12:
		clock[0] += 12
	case half == 1 && clock[0] == 12:
		clock[0] = 0
	}
	if s == "" { // 24:00, too, is still of that day
		return 0, true
	}
	return zoneShift(s, clock[0]*60+clock[1])
}

// zoneShift returns by how many days the instant minutes after midnight in the
// zone s lies on another day in Shanghai.
func zoneShift(s string, minutes int) (int, bool) {
	offset := 0
	s = strings.TrimPrefix(strings.TrimPrefix(s, "GMT"), "UTC")
	switch {
	case s == "Z" || s == "":
	case len(s) >= 5 && (s[0] == '+' || s[0] == '-'):
		digits := strings.Replace(s[1:], ":", "", 1)
		if len(digits) != 4 || !allDigits(digits) || digits[:2] > "14" || digits[2:] > "59" {
			return 0, false
		}
		h, _ := strconv.Atoi(digits[:2])
		m, _ := strconv.Atoi(digits[2:])
		if offset = h*60 + m; s[0] == '-' {
			offset = -offset
		}
	default:
		return 0, false
	}
	at := minutes - offset + 8*60
	switch {
	case at < 0:
		return -1, true
	case at >= 24*60:
		return 1, true
	}
	return 0, true
}

// weekday drops a weekday in front of a time: 星期六, （周六）, 礼拜六.
func weekday(s string) string {
	t := strings.TrimLeft(s, "(（[ ")
	for _, w := range []string{"星期", "礼拜", "周"} {
		after, found := strings.CutPrefix(t, w)
		if !found {
			continue
		}
		r, size := utf8.DecodeRuneInString(after)
		if strings.ContainsRune("一二三四五六日天1234567", r) && size > 0 {
			return strings.TrimLeft(after[size:], ")）] ")
		}
	}
	return s
}
