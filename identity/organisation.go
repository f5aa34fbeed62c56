package identity

import "strings"

// creditAlphabet of GB 32100-2015: the value of a character is its place.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditValues gives the value of an ASCII character, -1 if it has none.
var creditValues = func() (v [128]int8) {
	for c := range v {
		v[c] = int8(strings.IndexByte(creditAlphabet, byte(c)))
	}
	return v
}()

// creditWeights are 3^(i-1) mod 31 (GB 32100-2015).
var creditWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// organisationWeights are those of GB 11714-1997.
var organisationWeights = [8]int{3, 7, 9, 10, 5, 8, 4, 2}

// readCreditCode reads a number of GB 32100-2015: authority, class, division,
// organisation code, check. Of the division only the province is looked at, which
// keeps a mistyped citizen number from passing for a credit code by chance.
func readCreditCode(s string) (string, fault) {
	sum := 0
	for i := range 18 {
		v := creditValues[s[i]]
		if v < 0 {
			return "", fault{Format, "a character that credit codes do not have (I, O, S, V, Z, brackets)"}
		}
		if i < 17 {
			sum += int(v) * creditWeights[i]
		}
	}
	if !strings.Contains("123456789ANY", s[:1]) {
		return "", fault{Format, "no registering authority has this first character"}
	}
	if !digits(s[2:8]) || !province(s[2:4]) {
		return "", fault{Format, "no such division at positions 3-8"}
	}
	if creditAlphabet[(31-sum%31)%31] != s[17] {
		return "", fault{Checksum, "the check character does not fit (MOD 31)"}
	}
	if _, f := readOrganisationCode(s[8:17]); f.reason != "" {
		return "", fault{Checksum, "the organisation code inside does not fit (MOD 11)"}
	}
	return s, fault{}
}

// province tells whether credit codes are given out under the first two digits
// of a division: GB/T 2260, 10 for the state's own registrations, 66 for the
// Xinjiang corps.
func province(two string) bool {
	switch two[0] {
	case '1':
		return two[1] <= '5'
	case '2':
		return '1' <= two[1] && two[1] <= '3'
	case '3':
		return '1' <= two[1] && two[1] <= '7'
	case '4':
		return '1' <= two[1] && two[1] <= '6'
	case '5':
		return two[1] <= '4'
	case '6':
		return '1' <= two[1] && two[1] <= '6'
	case '7':
		return two[1] == '1'
	case '8':
		return '1' <= two[1] && two[1] <= '3'
	}
	return false
}

// readOrganisationCode reads a number of GB 11714-1997 without its hyphen.
func readOrganisationCode(s string) (string, fault) {
	sum := 0
	for i := range 8 {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			sum += int(c-'0') * organisationWeights[i]
		case 'A' <= c && c <= 'Z':
			sum += int(c-'A'+10) * organisationWeights[i]
		default:
			return "", fault{Format, "eight digits or letters and a check character are needed"}
		}
	}
	if s[8] != 'X' && !digits(s[8:]) {
		return "", fault{Format, "the check character is a digit or X"}
	}
	if "0123456789X0"[11-sum%11] != s[8] {
		return "", fault{Checksum, "the check character does not fit (MOD 11)"}
	}
	return s, fault{}
}

// Organisation returns the organisation code inside a credit code, or n itself if
// it is one; ok is false for numbers of persons.
func (n Number) Organisation() (code Number, ok bool) {
	switch n.kind {
	case CreditCode:
		return Number{OrganisationCode, n.full[8:17]}, true
	case OrganisationCode:
		return n, true
	}
	return Number{}, false
}

// Same tells whether a and b identify the same person or organisation: they are
// equal, or have one organisation code. The zero Number is the same as none.
func Same(a, b Number) bool {
	if a.IsZero() || b.IsZero() {
		return false
	}
	if a == b {
		return true
	}
	x, ok := a.Organisation()
	y, also := b.Organisation()
	return ok && also && x == y
}
