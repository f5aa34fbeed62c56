package gongxin

import (
	"strings"
	"unicode/utf8"

	"gongxin/identity"
)

// A follower opens a partner body for every change of ten million listings. So what
// Bodies writes is read here without reflection, in the one order and form in which
// it is written; whatever looks otherwise is left to encoding/json, and a fuzz test
// holds that both give the same.

// fields takes the fields off a JSON object. rest begins with the brace or comma
// before the next field.
type fields struct{ rest string }

// fieldsOf returns the fields of body; ok is false if it is no object.
func fieldsOf(body string) (f fields, ok bool) {
	return fields{body}, len(body) > 1 && body[0] == '{'
}

// plain tells whether s stands in JSON as it is: UTF-8 without control characters and
// backslashes. Every value has to be plain, or of a form that is.
func plain(s string) bool {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c < utf8.RuneSelf:
			if c < ' ' || c == '\\' {
				return false
			}
			i++
		case 0xe1 <= c && c <= 0xec && i+2 < len(s) && s[i+1]&0xc0 == 0x80 && s[i+2]&0xc0 == 0x80: // most of Chinese
			i += 3
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return false
			}
			i += n
		}
	}
	return true
}

// text takes the field whose name, with quotes, colon and the opening quote of the
// value, is key; ok is false if another one comes next.
func (f *fields) text(key string) (value string, ok bool) {
	from := 1 + len(key)
	if len(f.rest) <= from || f.rest[1:from] != key || f.rest[0] == '}' {
		return "", false
	}
	rest := f.rest[from:]
	end := strings.IndexByte(rest, '"')
	if uint(end+1) >= uint(len(rest)) || end < 0 || rest[end+1] != ',' && rest[end+1] != '}' {
		return "", false
	}
	f.rest = rest[end+1:]
	return rest[:end], true
}

// ended tells whether nothing more follows.
func (f *fields) ended() bool { return f.rest == "}" }

// OpenPartnerInto is OpenPartner for those who open many: it fills e in place, keeps
// the entry in room, which is zero before and e's from then on, and lets texts be parts of body.
func OpenPartnerInto(e *Event, room *Entry, body string) error {
	if body == string(emptyBody) {
		return nil
	}
	if e.Kind.SetsEntry() {
		if readPartnerEntry(room, body) {
			e.Entry = room
			return nil
		}
	} else if x, ok := readExit(body); ok {
		e.Ground, e.Decision, e.On = x.Ground, x.Decision, x.On
		return nil
	}
	opened, err := e.openPartner([]byte(body))
	if err == nil {
		*e = opened
	}
	return err
}

// readPartnerEntry reads the partner body of an entry as newPartnerEntry writes it
// into e. What is left in e means nothing if ok is false.
func readPartnerEntry(e *Entry, body string) (ok bool) {
	f, ok := fieldsOf(body)
	if !ok {
		return false
	}
	var e1, e2, e3, e4 error
	var k identity.Kind
	caseNumber, all := f.text(`"case":"`)
	court, hasCourt := f.text(`"court":"`)
	courtName, ok1 := f.text(`"court_name":"`)
	name, ok2 := f.text(`"name":"`)
	number, ok3 := f.text(`"number":"`)
	kind, ok4 := f.text(`"number_kind":"`)
	legalRep, _ := f.text(`"legal_rep":"`)
	published, ok5 := f.text(`"published":"`)
	severity, ok6 := f.text(`"severity":"`)
	until, _ := f.text(`"until":"`)
	if rest, ok := strings.CutPrefix(f.rest, `,"nonpublic":true`); ok {
		e.NonPublic, f.rest = true, rest
	}
	all = all && ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && f.ended()
	if !all || !plain(courtName) || !plain(name) || !plain(legalRep) || !plain(number) || !plain(severity) {
		return false
	}
	if e.Case, ok = readCaseNumber(caseNumber); !ok {
		return false
	}
	switch {
	case !hasCourt:
	case court == e.Case.court.code:
		e.Court = e.Case.court
	case courtOK(court):
		e.Court = CourtCode{court}
	default:
		return false
	}
	e.CourtName, e.Subject.Name, e.Subject.LegalRep, e.Severity = courtName, name, legalRep, Severity(severity)
	k, e1 = identity.ParseKind(kind)
	e.Subject.Number, _, e2 = identity.Parse(number, k)
	e.Published, e3 = readDay(published)
	e.Until, e4 = readDay(until)
	return e1 == nil && e2 == nil && e3 == nil && e4 == nil
}

// readDay is ParseDay, without asking the calendar where every month has such a day.
func readDay(s string) (Day, error) {
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		y1, y2, y3, y4 := s[0]-'0', s[1]-'0', s[2]-'0', s[3]-'0'
		m1, m2, d1, d2 := s[5]-'0', s[6]-'0', s[8]-'0', s[9]-'0'
		digits := max(y1, y2, y3, y4, m1, m2, d1, d2) <= 9
		y, m, d := 1000*int(y1)+100*int(y2)+10*int(y3)+int(y4), 10*int(m1)+int(m2), 10*int(d1)+int(d2)
		if digits && 1900 <= y && y <= 2999 && 1 <= m && m <= 12 && 1 <= d && d <= 28 {
			return Day(10000*y + 100*m + d), nil
		}
	}
	return ParseDay(s)
}

// readExit reads the partner body of an event without an entry as exitBody writes it.
func readExit(body string) (x exitBody, ok bool) {
	f, ok := fieldsOf(body)
	if !ok {
		return x, false
	}
	if f.rest == "{}" {
		return x, true
	}
	ground, any1 := f.text(`"ground":"`)
	decision, any2 := f.text(`"decision":"`)
	on, any3 := f.text(`"on":"`)
	day, err := readDay(on)
	if !f.ended() || err != nil || !any1 && !any2 && !any3 || !plain(ground) || !plain(decision) {
		return exitBody{}, false
	}
	return exitBody{Ground(ground), decision, day}, true
}

// courtOK is courtForm.
func courtOK(s string) bool {
	code, digits := cutCourt(s)
	return code == s && s != "" && digits != 1 && digits != 3 && digits <= 4
}

// cutCourt returns the court's code at the beginning of s, "" if there is none, and
// how many digits are in it.
func cutCourt(s string) (code string, digits int) {
	const supreme = "最高法"
	if strings.HasPrefix(s, supreme) {
		return supreme, 0
	}
	r, n := utf8.DecodeRuneInString(s)
	if !isProvince(r) {
		return "", 0
	}
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n, digits = n+1, digits+1
	}
	return s[:n], digits
}

// isProvince tells whether r is one of provinces.
func isProvince(r rune) bool { return r <= 0xffff && provinceBits[r/64]>>(r%64)&1 == 1 }

var provinceBits = func() (bits [0x10000 / 64]uint64) {
	for _, r := range provinces {
		bits[r/64] |= 1 << (r % 64)
	}
	return bits
}()

// readCaseNumber is ParseCaseNumber for the present form when it is canonical.
func readCaseNumber(s string) (CaseNumber, bool) {
	const open, year, number = "（20", len("（2016）"), "号"
	if len(s) > longestCaseNumber || len(s) < year || s[:len(open)] != open || s[year-len("）"):year] != "）" {
		return CaseNumber{}, false
	}
	tens, ones := s[len(open)]-'0', s[len(open)+1]-'0'
	rest, ok := strings.CutSuffix(s[year:], number)
	court, digits := cutCourt(rest)
	if tens > 9 || ones > 9 || !ok || court == "" || digits == 1 || digits == 3 || digits > 4 {
		return CaseNumber{}, false
	}
	rest = rest[len(court):]
	kind, runes := 0, 0
	for kind < len(rest) && (rest[kind] < '0' || rest[kind] > '9') {
		r, n := utf8.DecodeRuneInString(rest[kind:])
		if r < 0x4e00 || r > 0x9fa5 { // other characters are for ParseCaseNumber
			return CaseNumber{}, false
		}
		kind, runes = kind+n, runes+1
	}
	first := kind
	for first < len(rest) && rest[first] == '0' {
		first++
	}
	for _, c := range []byte(rest[first:]) {
		ok = ok && '0' <= c && c <= '9'
	}
	if running := len(rest) - first; !ok || runes < 1 || runes > 3 || running < 1 || running > 8 || strings.Contains(rest[:kind], "字第") {
		return CaseNumber{}, false
	}
	return CaseNumber{text: s, court: CourtCode{court}, kind: rest[:kind], year: 2000 + 10*int16(tens) + int16(ones)}, true
}
