package identity

import "time"

// The years between which a birth date is believed. No clock is asked: whether
// a day lies in the future, a caller with a clock decides.
const (
	firstBirthYear = 1850
	lastBirthYear  = 2100
)

// mod112 returns the check character that ISO 7064 MOD 11-2 gives to the first 17
// characters of s, which are digits: weights 2^(18-i) mod 11 (GB 11643-1999).
func mod112(s string) byte {
	sum := 0
	for i := range 17 {
		sum = (sum + int(s[i]-'0')) * 2 // 2^(18-i) itself: at most 9·2^18, so one division at the end does
	}
	return "10X98765432"[sum%11]
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// decimal returns the value of s, which holds digits.
func decimal(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func realDay(y, m, d int) bool {
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return false
	}
	return d <= 28 || time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() == d
}

// birth reads the eight digits of a birth date at positions 7-14.
func birth(s string) (y, m, d int) {
	return decimal(s[6:10]), decimal(s[10:12]), decimal(s[12:14])
}

// read18 checks what all numbers built like GB 11643-1999 share: 17 digits, a
// check character, a birth date.
func read18(s string) fault {
	switch {
	case !digits(s[:17]) || s[17] != 'X' && !digits(s[17:]):
		return fault{Format, "17 digits and a digit or X are needed"}
	case mod112(s) != s[17]:
		return fault{Checksum, "the check character does not fit (MOD 11-2)"}
	}
	y, m, d := birth(s)
	switch {
	case !realDay(y, m, d):
		return fault{Format, "no such day at positions 7-14"}
	case y < firstBirthYear || y > lastBirthYear:
		return fault{Format, "a year of birth that cannot be at positions 7-10"}
	}
	return fault{}
}

// residence tells whether s begins with an address code of residence permits.
func residence(s string) bool {
	switch s[:6] {
	case "810000", "820000", "830000":
		return true
	}
	return false
}

// readCitizen18 reads a number of GB 11643-1999. The address code may be one that
// KnownArea does not know: divisions change, so that alone is no fault.
func readCitizen18(s string) (string, fault) {
	if s[0] < '1' || s[0] > '8' {
		return "", fault{Format, "an address code begins with 1 to 8"}
	}
	if residence(s) {
		return "", fault{Format, "the number of a residence permit, not of a citizen"}
	}
	return s, read18(s)
}

// readCitizen15 reads a number of GB 11643-1989, cards with which ended on
// 1 January 2013, and returns the 18 characters that follow from it. Sequences from 996
// marked people of a hundred years and more, born 18yy: those are for a person to judge.
func readCitizen15(s string) (string, fault) {
	if !digits(s) {
		return "", fault{Format, "15 digits are needed"}
	}
	if s[0] < '1' || s[0] > '8' || residence(s) {
		return "", fault{Format, "no such address code in a number of 15 digits"}
	}
	if !realDay(1900+decimal(s[6:8]), decimal(s[8:10]), decimal(s[10:12])) {
		return "", fault{Format, "no such day at positions 7-12"}
	}
	if decimal(s[12:]) >= 996 {
		return "", fault{Refer, "sequence 996 to 999: the holder may be born in 18yy"}
	}
	full := s[:6] + "19" + s[6:]
	return full + string(rune(mod112(full))), fault{}
}

// readResidencePermit reads the number of a 港澳台居民居住证, issued since September 2018.
func readResidencePermit(s string) (string, fault) {
	if !residence(s) {
		return "", fault{Format, "a residence permit begins with 810000, 820000 or 830000"}
	}
	return s, read18(s)
}

// readForeign2023 reads the present form of a 外国人永久居留身份证: 9, province,
// nationality, birth date, sequence, MOD 11-2.
func readForeign2023(s string) (string, fault) {
	if s[0] != '9' {
		return "", fault{Format, "the first character is 9"}
	}
	return s, read18(s)
}

// BirthDate returns the day of birth that n carries; ok is false for kinds and
// forms without one. In the number of a 15-digit card the century is derived.
func (n Number) BirthDate() (y, m, d int, ok bool) {
	if !n.builtLikeCitizens() {
		return 0, 0, 0, false
	}
	y, m, d = birth(n.full)
	return y, m, d, true
}

// builtLikeCitizens tells whether n has the 18 characters of GB 11643-1999.
func (n Number) builtLikeCitizens() bool {
	switch n.kind {
	case CitizenID, ResidencePermit, ForeignPermanentID:
		return len(n.full) == 18
	}
	return false
}

// Sex returns what position 17 of a citizen number or a residence permit says:
// odd for men. It is empty for other kinds.
func (n Number) Sex() Sex {
	if n.kind != CitizenID && n.kind != ResidencePermit {
		return ""
	}
	if (n.full[16]-'0')%2 == 1 {
		return Male
	}
	return Female
}
