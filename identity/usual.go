package identity

// A gate reads millions of numbers a second, nearly all of citizens and in canonical
// form. isCitizen18 accepts those and nothing else, so that Parse need not try one form
// after another; a fuzz test holds that it accepts none that Parse would read otherwise.

// isCitizen18 tells whether s is the canonical number of a citizen (GB 11643-1999).
func isCitizen18(s string) bool {
	if len(s) != 18 || s[0] < '1' || s[0] > '8' || s[0] == '8' && residence(s) {
		return false
	}
	var d [17]uint32
	var off uint32
	for i := range d {
		d[i] = uint32(s[i]) - '0'
		off |= d[i] + 118 // above 127 for all but the digits: 0 to 9 give 118 to 127
	}
	if off > 127 {
		return false
	}
	// 2^(17-i) mod 11, so that no product waits for the one before.
	sum := 7*d[0] + 9*d[1] + 10*d[2] + 5*d[3] + 8*d[4] + 4*d[5] + 2*d[6] + d[7] + 6*d[8] + 3*d[9] + 7*d[10] + 9*d[11] + 10*d[12] + 5*d[13] + 8*d[14] + 4*d[15] + 2*d[16]
	if "10X98765432"[sum%11] != s[17] {
		return false
	}
	year, month, day := 1000*d[6]+100*d[7]+10*d[8]+d[9], 10*d[10]+d[11], 10*d[12]+d[13]
	return year >= firstBirthYear && year <= lastBirthYear && realDay(int(year), int(month), int(day))
}
