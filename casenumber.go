package gongxin

import (
	"encoding"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// A CourtCode is the code of a court in case numbers (法院代字): 苏0508 a basic
// court, 苏05 an intermediate court, 苏 a high court, 最高法. Standard: 法〔2015〕137号,
// article 5. The zero CourtCode means that the court has none that is known.
type CourtCode struct{ code string }

const provinces = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新兵军"

var (
	courtForm  = regexp.MustCompile(`^(?:最高法|[` + provinces + `](?:\d{2}|\d{4})?)$`)
	modernForm = regexp.MustCompile(`^（(20\d{2})）(最高法|[` + provinces + `](?:\d{4}|\d{2})?)(\p{Han}{1,3})0*([1-9]\d{0,7})号$`)
	olderForm  = regexp.MustCompile(`^（((?:19|20)\d{2})）(\p{Han}{2,9})字第0*[1-9]\d{0,7}(?:-\d{1,3})?号$`)
)

// ParseCourtCode reads a code as it stands in a case number. Error: COURT_CODE_FORMAT.
func ParseCourtCode(s string) (CourtCode, error) {
	if !courtForm.MatchString(s) {
		return CourtCode{}, Invalid("COURT_CODE_FORMAT", quoted(s))
	}
	return CourtCode{s}, nil
}

// MustCourtCode is ParseCourtCode for constants; it panics on a mistake.
func MustCourtCode(s string) CourtCode {
	c, err := ParseCourtCode(s)
	if err != nil {
		panic(err)
	}
	return c
}

// String returns the code, "" for the zero CourtCode.
func (c CourtCode) String() string { return c.code }

// IsZero tells whether no code is known.
func (c CourtCode) IsZero() bool { return c.code == "" }

// MarshalText gives the code.
func (c CourtCode) MarshalText() ([]byte, error) { return []byte(c.code), nil }

// UnmarshalText reads a code; the empty text is the zero CourtCode.
func (c *CourtCode) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = CourtCode{}
		return nil
	}
	v, err := ParseCourtCode(string(b))
	if err == nil {
		*c = v
	}
	return err
}

// A CaseNumber is a 案号 in canonical form: full-width round brackets, half-width
// digits, no spaces. Two forms exist: since 2016 （2016）苏0505执123号
// (法〔2015〕137号), before it （2015）姑苏执字第00232号, where each court chose its own
// characters. Leading zeros are kept as written but do not distinguish: compare
// with Key. A CaseNumber that is not zero is valid.
type CaseNumber struct {
	text  string
	court CourtCode
	kind  string
	year  int16
	older bool
}

// longestCaseNumber, in bytes, leaves room for generous padding.
const longestCaseNumber = 256

// ParseCaseNumber reads a case number, folding the brackets （）()〔〕[]【】, full-width
// digits, blanks and a closing 之一 to the canonical form. Error: CASE_NUMBER_FORMAT.
func ParseCaseNumber(s string) (CaseNumber, error) {
	if len(s) > longestCaseNumber {
		return CaseNumber{}, Invalid("CASE_NUMBER_FORMAT", quoted(s))
	}
	t := foldCaseNumber(s)
	if strings.Contains(t, "字第") { // no type of the present form contains it, though it could be read as one
		if m := olderForm.FindStringSubmatch(t); m != nil {
			year, _ := strconv.Atoi(m[1])
			return CaseNumber{text: t, kind: olderType(m[2]), year: int16(year), older: true}, nil
		}
	} else if m := modernForm.FindStringSubmatch(t); m != nil {
		year, _ := strconv.Atoi(m[1])
		return CaseNumber{text: t, court: CourtCode{m[2]}, kind: m[3], year: int16(year)}, nil
	}
	return CaseNumber{}, Invalid("CASE_NUMBER_FORMAT", quoted(s))
}

// olderType returns the type at the end of s, the characters before 字第: courts
// chose one to six of their own, types have one to three and mostly begin with
// the kind of procedure.
func olderType(s string) string {
	r := []rune(s)
	first := max(1, len(r)-3)
	for i := first; i < len(r) && i <= 6; i++ {
		if strings.ContainsRune("执民刑行商知破赔财", r[i]) {
			return string(r[i:])
		}
	}
	return string(r[first:])
}

// MustCaseNumber is ParseCaseNumber for constants; it panics on a mistake.
func MustCaseNumber(s string) CaseNumber {
	c, err := ParseCaseNumber(s)
	if err != nil {
		panic(err)
	}
	return c
}

// foldCaseRune gives the canonical form of one character; -1 for blanks and what cannot be seen.
func foldCaseRune(r rune) rune {
	switch {
	case '０' <= r && r <= '９':
		return r - '０' + '0'
	case strings.ContainsRune("(〔[【［", r):
		return '（'
	case strings.ContainsRune(")〕]】］", r):
		return '）'
	case strings.ContainsRune("－‐‑–—", r):
		return '-'
	case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r):
		return -1
	}
	return r
}

func foldCaseNumber(s string) string {
	t := strings.Map(foldCaseRune, s)
	t = strings.TrimRight(t, "。.")
	if before, ruling, ok := strings.Cut(t, "号之"); ok && ruling != "" && strings.Trim(ruling, "一二三四五六七八九十") == "" {
		t = before + "号" // a later ruling within the case: no part of its number
	}
	if strings.ContainsAny(t, "〇○") { // an ideographic zero among digits: 二〇 is no year, 2〇16 is
		r := []rune(t)
		for i, c := range r {
			if (c == '〇' || c == '○') && (i > 0 && isDigit(r[i-1]) || i+1 < len(r) && isDigit(r[i+1])) {
				r[i] = '0'
			}
		}
		t = string(r)
	}
	return t
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// String returns the canonical form, "" for the zero CaseNumber.
func (c CaseNumber) String() string { return c.text }

// IsZero tells whether there is no case number.
func (c CaseNumber) IsZero() bool { return c.text == "" }

// Year is the year in which the case was taken in (收案年度).
func (c CaseNumber) Year() int { return int(c.year) }

// Court is the court named by the number; zero in the older form, whose
// characters name no court uniquely.
func (c CaseNumber) Court() CourtCode { return c.court }

// Type is the 类型代字, such as 执 or 执恢.
func (c CaseNumber) Type() string { return c.kind }

// Older tells whether the number has the form used before 2016.
func (c CaseNumber) Older() bool { return c.older }

// Key is the form for comparing: equal keys mean the same case of one court.
// Leading zeros of the running number are not significant, and the -1 that
// numbered rulings within an older case is no part of it.
func (c CaseNumber) Key() string {
	mark := c.kind
	if c.older {
		mark = "字第"
	}
	i := strings.LastIndex(strings.TrimSuffix(c.text, "号"), mark) + len(mark)
	number, _, ruled := strings.Cut(c.text[i:], "-")
	switch {
	case ruled:
		return c.text[:i] + strings.TrimLeft(number, "0") + "号"
	case strings.HasPrefix(number, "0"):
		return c.text[:i] + strings.TrimLeft(number, "0")
	}
	return c.text
}

// MarshalText gives the canonical form.
func (c CaseNumber) MarshalText() ([]byte, error) { return []byte(c.text), nil }

// UnmarshalText reads a case number; the empty text is the zero CaseNumber.
func (c *CaseNumber) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = CaseNumber{}
		return nil
	}
	v, err := ParseCaseNumber(string(b))
	if err == nil {
		*c = v
	}
	return err
}

var (
	_ encoding.TextUnmarshaler = (*CourtCode)(nil)
	_ encoding.TextUnmarshaler = (*CaseNumber)(nil)
	_ encoding.TextUnmarshaler = (*Day)(nil)
)
