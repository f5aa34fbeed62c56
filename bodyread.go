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

// plainFields returns the fields of body, which it copies once; ok is false unless
// every string in it is as it stands, without escapes.
func plainFields(body []byte) (f fields, ok bool) {
	for _, c := range body {
		if c < ' ' || c == '\\' {
			return f, false
		}
	}
	return fields{string(body)}, len(body) > 1 && body[0] == '{' && utf8.Valid(body)
}

// text takes the field whose name, with quotes, colon and the opening quote of the
// value, is key; ok is false if another one comes next.
func (f *fields) text(key string) (value string, ok bool) {
	if len(f.rest) < 1+len(key) || f.rest[0] == '}' || f.rest[1:1+len(key)] != key {
		return "", false
	}
	rest := f.rest[1+len(key):]
	end := strings.IndexByte(rest, '"')
	if end < 0 || end+1 == len(rest) || rest[end+1] != ',' && rest[end+1] != '}' {
		return "", false
	}
	f.rest = rest[end+1:]
	return rest[:end], true
}

// ended tells whether nothing more follows.
func (f *fields) ended() bool { return f.rest == "}" }

// readPartnerEntry reads the partner body of an entry as newPartnerEntry writes it.
func readPartnerEntry(body []byte) (*Entry, bool) {
	f, ok := plainFields(body)
	if !ok {
		return nil, false
	}
	var e Entry
	var all [6]bool
	var caseNumber, court, number, kind, published, severity, until string
	caseNumber, all[0] = f.text(`"case":"`)
	court, hasCourt := f.text(`"court":"`)
	e.CourtName, all[1] = f.text(`"court_name":"`)
	e.Subject.Name, all[2] = f.text(`"name":"`)
	number, all[3] = f.text(`"number":"`)
	kind, all[4] = f.text(`"number_kind":"`)
	e.Subject.LegalRep, _ = f.text(`"legal_rep":"`)
	published, all[5] = f.text(`"published":"`)
	severity, hasSeverity := f.text(`"severity":"`)
	until, _ = f.text(`"until":"`)
	if rest, ok := strings.CutPrefix(f.rest, `,"nonpublic":true`); ok {
		e.NonPublic, f.rest = true, rest
	}
	if all != [...]bool{true, true, true, true, true, true} || !hasSeverity || !f.ended() {
		return nil, false
	}
	if e.Case, ok = readCaseNumber(caseNumber); !ok {
		return nil, false
	}
	if e.Court = e.Case.court; !hasCourt {
		e.Court = CourtCode{}
	} else if court != e.Court.code {
		if !courtOK(court) {
			return nil, false
		}
		e.Court = CourtCode{court}
	}
	var errs [4]error
	var k identity.Kind
	k, errs[0] = identity.ParseKind(kind)
	e.Subject.Number, _, errs[1] = identity.Parse(number, k)
	e.Published, errs[2] = ParseDay(published)
	e.Until, errs[3] = ParseDay(until)
	e.Severity = Severity(severity)
	return &e, errs == [4]error{}
}

// readExit reads the partner body of an event without an entry as exitBody writes it.
func readExit(body []byte) (x exitBody, ok bool) {
	f, ok := plainFields(body)
	if !ok {
		return x, false
	}
	if f.rest == "{}" {
		return x, true
	}
	ground, any1 := f.text(`"ground":"`)
	decision, any2 := f.text(`"decision":"`)
	on, any3 := f.text(`"on":"`)
	day, err := ParseDay(on)
	if !f.ended() || err != nil || !any1 && !any2 && !any3 {
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
	if r < utf8.RuneSelf || !strings.ContainsRune(provinces, r) {
		return "", 0
	}
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n, digits = n+1, digits+1
	}
	return s[:n], digits
}

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
	running := strings.TrimLeft(rest[kind:], "0")
	if runes < 1 || runes > 3 || running == "" || len(running) > 8 || strings.Trim(running, "0123456789") != "" || strings.Contains(rest[:kind], "字第") {
		return CaseNumber{}, false
	}
	return CaseNumber{text: s, court: CourtCode{court}, kind: rest[:kind], year: 2000 + 10*int16(tens) + int16(ones)}, true
}
