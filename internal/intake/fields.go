package intake

import (
	"errors"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/identity"
)

// read reads the fields of the current record, in the document's order.
func (c *checker) read(v *value) *gongxin.Error {
	for _, f := range c.lay.kind.fields() {
		var err *gongxin.Error
		switch f {
		case fCase:
			err = c.readCase(v)
		case fName:
			v.name = c.readName(f)
		case fLegalRep:
			v.legalRep = c.readName(f)
		case fSex:
			err = c.readSex(v)
		case fAge:
			err = c.readAge(v)
		case fNumber:
			err = c.readNumber(v)
		case fCourt:
			c.readCourt()
		case fPublished:
			err = c.readDay(f, &v.published)
		case fFiled:
			err = c.readDay(f, &v.filed)
		case fWithdrawn:
			if c.text[f] != "" {
				err = c.readDay(f, &v.withdrawn)
			}
		case fGround:
			err = c.readGround(v)
		case fUntil:
			err = c.readTerm(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put replaces the text of f by its canonical form, which n led to.
func (c *checker) put(f field, canonical string, n norms) {
	c.text[f] = canonical
	c.norm[f] |= n
}

func (c *checker) readCase(v *value) *gongxin.Error {
	s := strings.TrimLeft(c.text[fCase], "'‘’`")
	var n norms
	if s != c.text[fCase] {
		n |= normTrim
	}
	s, spaced := unspaced(s)
	if spaced {
		n |= normCase
	}
	var err error
	if v.caseNumber, err = gongxin.ParseCaseNumber(s); err != nil {
		return c.fault(fCase, "CASE_NUMBER_FORMAT", shorten(s))
	}
	canonical := v.caseNumber.String()
	if canonical != s {
		if n |= caseFolds(s); n == 0 {
			n = normCase
		}
	}
	if n != 0 {
		c.put(fCase, canonical, n)
	}
	return nil
}

// caseFolds tells what had to be folded in the case number s.
func caseFolds(s string) norms {
	var n norms
	for _, r := range s {
		switch {
		case strings.ContainsRune("()[]〔〕【】［］", r):
			n |= normBrackets
		case '０' <= r && r <= '９', r == '－', r == '〇', r == '○':
			n |= normWidth
		}
	}
	if strings.HasSuffix(s, "。") || strings.HasSuffix(s, ".") || strings.Contains(s, "号之") {
		n |= normCase
	}
	return n
}

func (c *checker) readName(f field) string {
	name, n := tidyName(c.text[f])
	if n != 0 {
		c.put(f, name, n)
	}
	return name
}

// readCourt folds the name of the court; what it means is settled with the case number.
func (c *checker) readCourt() {
	if name, n := tidyName(c.text[fCourt]); n != 0 {
		c.put(fCourt, name, n)
	}
}

var sexes = map[string]identity.Sex{
	"男性": identity.Male, "女性": identity.Female, "男人": identity.Male, "女人": identity.Female, "M": identity.Male, "F": identity.Female,
	"MALE": identity.Male, "FEMALE": identity.Female, "1": identity.Male, "2": identity.Female, // GB/T 2261.1
	"1男": identity.Male, "2女": identity.Female, "1-男": identity.Male, "2-女": identity.Female, "男士": identity.Male, "女士": identity.Female,
}

func (c *checker) readSex(v *value) *gongxin.Error {
	s := c.text[fSex]
	if s == "男" || s == "女" {
		v.sex = identity.Sex(s)
		return nil
	}
	folded, wide := narrowed(s)
	folded, _ = unspaced(folded)
	if v.sex = sexes[strings.ToUpper(folded)]; v.sex == "" {
		if folded != "男" && folded != "女" {
			return c.fault(fSex, "SEX_INVALID", shorten(s))
		}
		v.sex = identity.Sex(folded)
	}
	n := normSex
	if wide {
		n |= normWidth
	}
	c.put(fSex, string(v.sex), n)
	return nil
}

func (c *checker) readAge(v *value) *gongxin.Error {
	s := c.text[fAge]
	if age, ok := plainAge(s); ok {
		v.age = age
		return nil
	}
	var n norms
	folded, wide := narrowed(s)
	if wide {
		n |= normWidth
	}
	folded = strings.TrimLeft(folded, "'‘’`")
	age, ok := plainAge(folded)
	if !ok || !wide {
		n |= normAge
		folded, _ = unspaced(folded)
		folded = strings.TrimSuffix(strings.TrimSuffix(folded, "岁"), "周")
		if whole, fraction, point := strings.Cut(folded, "."); point && strings.Trim(fraction, "0") == "" {
			folded = whole
		}
		if age, ok = plainAge(strings.TrimLeft(folded, "0")); !ok {
			var rest string
			age, rest = chineseNumber(folded)
			ok = age > 0 && rest == ""
		}
	}
	if !ok {
		return c.fault(fAge, "AGE_INVALID", shorten(s))
	}
	v.age = age
	c.put(fAge, strconv.Itoa(age), n)
	return nil
}

// plainAge reads an age as it should be written: up to 150, no zero in front.
func plainAge(s string) (int, bool) {
	if len(s) == 0 || len(s) > 3 || !allDigits(s) || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n, _ := strconv.Atoi(s)
	return n, n <= 150
}

var (
	personKinds = []identity.Kind{identity.CitizenID, identity.HongKongMacaoPermit, identity.TaiwanPermit,
		identity.ResidencePermit, identity.ForeignPermanentID, identity.Passport}
	organisationKinds = []identity.Kind{identity.CreditCode, identity.OrganisationCode}
)

func (c *checker) readNumber(v *value) *gongxin.Error {
	var other identity.Number
	if c.lay.at[fOrgCode] >= 0 && c.text[fOrgCode] != "" {
		if c.text[fNumber] == "" { // the organisation code alone is the number
			c.text[fNumber], c.norm[fNumber] = c.text[fOrgCode], c.norm[fOrgCode]
			return c.parseNumber(int(c.lay.at[fOrgCode]), &v.number, organisationKinds)
		}
		o, _, err := identity.Parse(c.text[fOrgCode], identity.OrganisationCode, identity.CreditCode)
		if err != nil {
			return c.numberFault(err, c.text[fOrgCode])
		}
		other = o
	}
	var kinds []identity.Kind
	switch c.lay.kind {
	case Persons:
		kinds = personKinds
	case Organisations:
		kinds = organisationKinds
	}
	if err := c.parseNumber(int(c.lay.at[fNumber]), &v.number, kinds); err != nil {
		return err
	}
	if !other.IsZero() && !identity.Same(v.number, other) {
		return c.fault(fNumber, "ORG_CODE_MISMATCH")
	}
	return nil
}

// parseNumber reads the text of fNumber, which came from column i.
func (c *checker) parseNumber(i int, to *identity.Number, kinds []identity.Kind) *gongxin.Error {
	s := c.text[fNumber]
	if c.ln.kind(i) == isNumber && len(s) > 15 || scientific(s) {
		return c.fault(fNumber, "ID_AS_NUMBER", c.lay.kind.name(fNumber))
	}
	number, folds, err := identity.Parse(s, kinds...)
	if err != nil {
		return c.numberFault(err, s)
	}
	*to = number
	if len(folds) > 0 {
		var n norms
		for _, f := range folds {
			n |= folded[f]
		}
		c.put(fNumber, number.Full(), n) // the court's own number goes back to the court
	}
	return nil
}

func (c *checker) numberFault(err error, s string) *gongxin.Error {
	code := string(identity.Format)
	var e *identity.Error
	if errors.As(err, &e) {
		code = string(e.Reason)
	}
	return c.fault(fNumber, code, c.lay.kind.name(fNumber), mask(s))
}

// scientific tells whether s is a number as spreadsheets write long ones: 3.20000198001010E+17.
func scientific(s string) bool {
	i := strings.IndexAny(s, "eE")
	if i < 1 || i+2 >= len(s) || s[0] < '0' || s[0] > '9' {
		return false
	}
	mantissa, exponent := s[:i], strings.TrimPrefix(s[i+1:], "+")
	whole, fraction, point := strings.Cut(mantissa, ".")
	return s[i+1] == '+' && len(whole) == 1 && (!point || allDigits(fraction)) && allDigits(exponent)
}

func (c *checker) readDay(f field, to *gongxin.Day) *gongxin.Error {
	s := c.text[f]
	d, n, ok := readDay(s)
	if !ok {
		return c.fault(f, "DATE_INVALID", c.lay.kind.name(f), shorten(s))
	}
	if n != 0 {
		d = c.shift1904(f, s, d)
		c.put(f, d.String(), n)
	}
	*to = d
	return nil
}

// shift1904 moves a day read from a bare serial in a number cell of a workbook
// that counts from 1904.
func (c *checker) shift1904(f field, s string, d gongxin.Day) gongxin.Day {
	whole, bare := bareNumber(s)
	if c.serial == 0 || !bare || len(whole) != 5 || c.ln.kind(int(c.lay.at[f])) != isNumber {
		return d
	}
	return d.Add(c.serial)
}

func (c *checker) readTerm(v *value) *gongxin.Error {
	s := c.text[fUntil]
	t, n, ok := readTerm(s)
	if !ok {
		return c.fault(fUntil, "DATE_INVALID", c.lay.kind.name(fUntil), shorten(s))
	}
	if n&normDate != 0 {
		t.until = c.shift1904(fUntil, s, t.until)
	}
	v.term = t
	c.norm[fUntil] |= n // the text is put when the day of publication is known
	return nil
}

func (c *checker) readGround(v *value) *gongxin.Error {
	s := c.text[fGround]
	g, exact, ok := readGround(s)
	if !ok {
		return c.fault(fGround, "GROUND_UNKNOWN", shorten(s))
	}
	v.ground = g
	if !exact {
		c.put(fGround, groundTexts[g], normGround)
	}
	return nil
}
