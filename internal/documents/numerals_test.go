package documents

import (
	"testing"

	"gongxin"
)

func TestNumbersAreWrittenAsCourtsCount(t *testing.T) {
	for n, want := range map[int]string{
		1: "一", 2: "二", 9: "九", 10: "十", 11: "十一", 15: "十五", 19: "十九", 20: "二十", 21: "二十一", 30: "三十",
		40: "四十", 55: "五十五", 90: "九十", 98: "九十八", 99: "九十九", 0: "0", 100: "100", -3: "-3",
	} {
		if got := numeral(n); got != want {
			t.Errorf("numeral(%d) is %q, want %q", n, got, want)
		}
	}
	seen := map[string]int{}
	for n := 1; n <= 99; n++ { // 之一 to 之九十九 are all different
		if before, twice := seen[numeral(n)]; twice {
			t.Errorf("%d and %d are both %q", before, n, numeral(n))
		}
		seen[numeral(n)] = n
	}
}

func TestDaysAreWrittenInChineseNumerals(t *testing.T) {
	for _, tt := range []struct{ day, want string }{
		{"2017-03-01", "二〇一七年三月一日"},
		{"2017-12-31", "二〇一七年十二月三十一日"},
		{"2020-02-29", "二〇二〇年二月二十九日"},
		{"2009-10-10", "二〇〇九年十月十日"},
		{"1949-10-01", "一九四九年十月一日"},
		{"2100-11-20", "二一〇〇年十一月二十日"},
		{"", ""},
	} {
		day, err := gongxin.ParseDay(tt.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := dated(day); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.day, got, tt.want)
		}
	}
}
