package documents

import (
	"strconv"
	"strings"

	"gongxin"
)

var ciphers = [10]string{"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"}

// numeral writes n as courts count on paper: 十, 十五, 二十, 九十九. What is not
// between 1 and 99 is written in digits.
func numeral(n int) string {
	switch {
	case n < 1 || n > 99:
		return strconv.Itoa(n)
	case n < 10:
		return ciphers[n]
	}
	s := "十"
	if n >= 20 {
		s = ciphers[n/10] + s
	}
	if n%10 != 0 {
		s += ciphers[n%10]
	}
	return s
}

// dated writes d as it stands above a seal: 二〇一七年三月一日; "" for the zero Day.
func dated(d gongxin.Day) string {
	if d.IsZero() {
		return ""
	}
	year, month, day := d.Date()
	var b strings.Builder
	for _, c := range strconv.Itoa(year) {
		b.WriteString(ciphers[c-'0'])
	}
	return b.String() + "年" + numeral(month) + "月" + numeral(day) + "日"
}
