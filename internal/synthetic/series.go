package synthetic

import (
	"strconv"
	"sync"
	"time"
)

// The series of AppendCitizenNumber: every province's own code, which stands for no
// county and is never issued, every day from 1950 to 1996, every sequence of that day.
var (
	provinces = [...]string{"110000", "120000", "130000", "140000", "150000", "210000", "220000", "230000", "310000", "320000", "330000",
		"340000", "350000", "360000", "370000", "410000", "420000", "430000", "440000", "450000", "460000", "500000", "510000", "520000",
		"530000", "540000", "610000", "620000", "630000", "640000", "650000"}
	birthdays = sync.OnceValue(func() []string {
		days := make([]string, 17000)
		for i := range days {
			days[i] = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format("20060102")
		}
		return days
	})
)

// SeriesLength is how many numbers AppendCitizenNumber gives before it repeats: 527 million.
const SeriesLength = len(provinces) * 17000 * 1000

// AppendCitizenNumber appends the i-th number of a synthetic series to b: valid,
// never issued, and far from its neighbours in the series, so that a list made of
// the first ten million looks like one drawn by chance. It takes some 50 ns.
func AppendCitizenNumber(b []byte, i int) []byte {
	const step = 387_420_489 // 3¹⁸ has no divisor in common with SeriesLength = 31·17000·1000, so nothing repeats
	n := int(uint64(i%SeriesLength) * step % uint64(SeriesLength))
	days := birthdays()
	from := len(b)
	b = append(b, provinces[n%len(provinces)]...)
	n /= len(provinces)
	b = append(b, days[n%len(days)]...)
	n /= len(days)
	b = append(b, byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
	sum := 0
	for _, c := range b[from:] {
		sum = (sum + int(c-'0')) * 2
	}
	return append(b, "10X98765432"[sum%11])
}

// AppendName appends the i-th name of a synthetic series to b: two or three
// characters, a few of them very common, as names are.
func AppendName(b []byte, i int) []byte {
	h := uint64(i)*0x9e3779b97f4a7c15 ^ 0x2545f4914f6cdd1d
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	common := func(bits uint64, of []string) string { // the first of a list are met more often than the last
		x := bits & 0xffff * (bits >> 16 & 0xffff) >> 16
		return of[x*uint64(len(of))>>16]
	}
	b = append(b, common(h, surnames)...)
	b = append(b, common(h>>16, given)...)
	if h>>60 < 13 {
		b = append(b, common(h>>32, given)...)
	}
	return b
}

// AppendApplicant appends the i-th row of a department's batch: number of the row,
// name, identifier, day of application, some 49 bytes with the line's end. Of a
// thousand rows one has an identifier of the first listed numbers of the series,
// spread over all of them; the others have later ones.
func AppendApplicant(b []byte, i, listed int) []byte {
	b = strconv.AppendInt(b, int64(10_000_000+i), 10)
	b = append(b, ',')
	who := listed + i
	if i%1000 == 500 {
		who = i / 1000 * 7919 % listed
	}
	b = AppendName(b, who)
	b = append(b, ',')
	b = AppendCitizenNumber(b, who)
	return append(b, ",2017-02-04\n"...)
}

// ApplicantColumns is the head of such a batch.
const ApplicantColumns = "序号,姓名,证件号码,申请日期\n"
