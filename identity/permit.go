package identity

func letters(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// readHongKongMacaoPermit reads a 港澳居民来往内地通行证: H or M and eight digits,
// in the earlier form with two more that count renewals and are part of the number as written.
func readHongKongMacaoPermit(s string) (string, fault) {
	if s[0] != 'H' && s[0] != 'M' || !digits(s[1:]) {
		return "", fault{Format, "H or M and eight or ten digits are needed"}
	}
	return s, fault{}
}

// readTaiwanPermit reads a 台湾居民来往大陆通行证 in card form, since 2015.
func readTaiwanPermit(s string) (string, fault) {
	if !digits(s) {
		return "", fault{Format, "eight digits are needed"}
	}
	return s, fault{}
}

// readTaiwanBooklet reads the number of the earlier booklets: ten digits and a
// letter in brackets.
func readTaiwanBooklet(s string) (string, fault) {
	if !digits(s[:10]) || s[10] != '(' || !letters(s[11:12]) || s[12] != ')' {
		return "", fault{Format, "ten digits and a letter in brackets are needed"}
	}
	return s, fault{}
}

// readForeign2017 reads the form of 2017 of a 外国人永久居留身份证: nationality,
// region, yymmdd, two digits. The rule of its check digit is not published in a form that we
// could verify, so only the form is tested.
func readForeign2017(s string) (string, fault) {
	if !letters(s[:3]) || !digits(s[3:]) {
		return "", fault{Format, "three letters and twelve digits are needed"}
	}
	yy, m, d := decimal(s[7:9]), decimal(s[9:11]), decimal(s[11:13])
	if !realDay(1900+yy, m, d) && !realDay(2000+yy, m, d) {
		return "", fault{Format, "no such day at positions 8-13"}
	}
	return s, fault{}
}

// readPassport reads a 普通护照 of the series E and G.
func readPassport(s string) (string, fault) {
	switch {
	case !digits(s[2:]):
	case s[0] == 'E' && letters(s[1:2]) && s[1] != 'I' && s[1] != 'O':
		return s, fault{}
	case (s[0] == 'E' || s[0] == 'G') && digits(s[1:2]):
		return s, fault{}
	}
	return "", fault{Format, "E or G and eight digits, or E, a letter and seven digits are needed"}
}

// readOldestPassport reads a passport of the series 14 and 15.
func readOldestPassport(s string) (string, fault) {
	if !digits(s) || s[:2] != "14" && s[:2] != "15" {
		return "", fault{Format, "14 or 15 and seven digits are needed"}
	}
	return s, fault{}
}
