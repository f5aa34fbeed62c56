package intake

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/policy"
)

// settle checks what the fields say of each other and, if all agrees, fills rec.
func (c *checker) settle(rec *Record, v *value) *gongxin.Error {
	if c.lay.kind == Withdrawals {
		return c.settleWithdrawal(rec, v)
	}
	e := &gongxin.Entry{
		CourtName: c.text[fCourt], Case: v.caseNumber,
		Subject:   gongxin.Subject{Name: v.name, Number: v.number, Sex: v.sex, Age: v.age, LegalRep: v.legalRep},
		Basis:     c.text[fBasis],
		BasisBody: c.text[fBasisBody], Obligation: c.text[fObligation], Performance: c.text[fPerformance], Conduct: c.text[fConduct],
		Published: v.published, Filed: v.filed, Performed: c.text[fPerformed], Unperformed: c.text[fUnperformed],
		Severity: gongxin.Severity(c.text[fSeverity]),
	}
	if err := c.days(v, e); err != nil {
		return err
	}
	if c.lay.kind == Persons {
		if err := c.person(e.Subject, e.Published); err != nil {
			return err
		}
	}
	if err := c.court(e); err != nil {
		return err
	}
	if err := c.once(rec, domainListing, e.Case, e.Subject, e.Published); err != nil {
		return err
	}
	rec.Entry, rec.WithdrawnOn, rec.Digest = e, v.withdrawn, c.sum(e)
	return nil
}

// days checks that the days can have followed each other and works out the last.
func (c *checker) days(v *value, e *gongxin.Entry) *gongxin.Error {
	until, ok := v.term.last(v.published)
	if !ok {
		return c.fault(fUntil, "DATE_INVALID", c.lay.kind.name(fUntil), shorten(c.text[fUntil]))
	}
	if c.norm[fUntil]&(normDate|normTerm|normTermOpen|normWidth) != 0 {
		c.text[fUntil] = until.String()
	}
	e.Until = until
	for _, x := range [...]struct {
		f field
		d gongxin.Day
	}{{fPublished, v.published}, {fWithdrawn, v.withdrawn}} {
		if !c.o.Today.IsZero() && x.d > c.o.Today {
			return c.fault(x.f, "DATE_FUTURE", fieldNames[x.f], x.d, c.o.Today)
		}
	}
	switch {
	case v.published < v.filed:
		return c.fault(fPublished, "DATE_ORDER", fieldNames[fPublished], v.published, fieldNames[fFiled], v.filed)
	case !v.withdrawn.IsZero() && v.withdrawn < v.published:
		return c.fault(fWithdrawn, "DATE_ORDER", fieldNames[fWithdrawn], v.withdrawn, fieldNames[fPublished], v.published)
	case !until.IsZero() && until < v.published:
		return c.fault(fUntil, "DATE_ORDER", fieldNames[fUntil], until, fieldNames[fPublished], v.published)
	}
	return nil
}

// person checks age and sex against the number, as far as it tells them. A number
// that tells no birth date leaves the age to the court's word.
func (c *checker) person(s gongxin.Subject, published gongxin.Day) *gongxin.Error {
	years, known := s.AgeOn(published)
	if !known {
		years = s.Age
	}
	if adult := c.adultAge(published); years < adult {
		return c.fault(fNumber, "MINOR", adult)
	}
	if sex := s.Number.Sex(); sex != "" && sex != s.Sex {
		return c.fault(fSex, "SEX_ID_MISMATCH", s.Sex, sex)
	}
	switch d := s.Age - years; {
	case d > 1 || d < -1:
		return c.fault(fAge, "AGE_ID_MISMATCH", s.Age, years)
	case d != 0:
		c.note("AGE_OFF_BY_ONE")
	}
	if area := s.Number.AreaCode(); area != "" && !identity.KnownArea(area) {
		c.note("AREA_CODE_UNKNOWN")
	}
	return nil
}

// adultAge is the age from which a person can be listed on a day (5.8).
func (c *checker) adultAge(on gongxin.Day) int {
	if c.adult == 0 || c.adultOn != on {
		c.adult, c.adultOn = 18, on
		if r, err := c.policy.Rule(policy.MinorAge, on); err == nil {
			c.adult = r.Count
		}
	}
	return c.adult
}

// court settles which court enforces and whether its case can lead to a listing.
func (c *checker) court(e *gongxin.Entry) *gongxin.Error {
	kind, n := e.Case.Type(), e.Case
	switch {
	case kind == "执" || kind == "执恢":
	case n.Older() && strings.Contains(kind, "执"):
	case strings.HasPrefix(kind, "执"):
		c.note("CASE_TYPE_UNUSUAL")
	default:
		return c.fault(fCase, "CASE_TYPE_NOT_ENFORCEMENT", kind)
	}
	court, known := c.o.Courts.ByName(e.CourtName)
	e.Court = n.Court()
	switch {
	case n.Older():
		if !known {
			return c.fault(fCourt, "COURT_UNKNOWN", shorten(e.CourtName))
		}
		e.Court = court.Code
		if n.Year() >= 2016 {
			c.note("CASE_FORM_OLDER")
		}
	case c.o.Courts.Contradicts(e.CourtName, e.Court):
		return c.fault(fCase, "CASE_COURT_MISMATCH", e.Court, e.CourtName, court.Code)
	case !known:
		c.note("COURT_NOT_IN_DIRECTORY")
	case court.Code != e.Court:
		c.note("COURT_CODE_UNCERTAIN")
	}
	filed, _, _ := e.Filed.Date()
	switch {
	case n.Year() > filed:
		return c.fault(fCase, "CASE_YEAR_MISMATCH", n.Year(), e.Filed)
	case n.Year() < filed:
		c.note("CASE_YEAR_EARLIER")
	}
	return nil
}

func (c *checker) settleWithdrawal(rec *Record, v *value) *gongxin.Error {
	if !c.o.Today.IsZero() && v.withdrawn > c.o.Today {
		return c.fault(fWithdrawn, "DATE_FUTURE", fieldNames[fWithdrawn], v.withdrawn, c.o.Today)
	}
	subject := gongxin.Subject{Number: v.number}
	if err := c.known(v, subject); err != nil {
		return err
	}
	if err := c.once(rec, domainWithdrawal, v.caseNumber, subject, v.withdrawn); err != nil {
		return err
	}
	rec.Withdrawal = &Withdrawal{Case: v.caseNumber, Number: v.number, On: v.withdrawn, Ground: v.ground, Reason: c.text[fGround]}
	return nil
}

// known checks a withdrawal against the listings of this run, where those stand
// for the register.
func (c *checker) known(v *value, subject gongxin.Subject) *gongxin.Error {
	if c.seen == nil || !c.seen.register {
		return nil
	}
	if c.seen.listings == 0 {
		c.note("NOT_CHECKED_AGAINST_REGISTER")
		return nil
	}
	published, found, err := c.seen.listed(v.caseNumber, subject)
	inCase := found
	if err == nil && !found {
		inCase, err = c.seen.hasCase(v.caseNumber)
	}
	switch {
	case err != nil:
		return c.fail(err)
	case !inCase:
		return c.fault(fCase, "UNKNOWN_CASE", v.caseNumber)
	case !found:
		return c.fault(fNumber, "SUBJECT_NOT_IN_CASE", v.caseNumber, v.number)
	case v.withdrawn < published:
		return c.fault(fWithdrawn, "DATE_ORDER", fieldNames[fWithdrawn], v.withdrawn, fieldNames[fPublished], published)
	}
	return nil
}

// fail keeps err, which Next returns in place of the record.
func (c *checker) fail(err error) *gongxin.Error {
	c.broken = err
	return gongxin.Unavailable("INTERNAL")
}

// once refuses a second record of one case and subject within a run; the first
// that was accepted stays.
func (c *checker) once(rec *Record, domain byte, n gongxin.CaseNumber, s gongxin.Subject, day gongxin.Day) *gongxin.Error {
	if c.seen == nil {
		return nil
	}
	file, row, dup, err := c.seen.put(domain, n, s, c.file, rec.Row, day)
	if err != nil {
		return c.fail(err)
	}
	if !dup {
		return nil
	}
	rec.OfRow = row
	name := ""
	if file != c.file {
		rec.OfFile = c.seen.files[file]
		name = rec.OfFile + " "
	}
	return gongxin.Invalid("DUPLICATE_ROW", row, name)
}

// sum is the digest of what e says, for telling whether a court sent the same
// content again. Writing that does not matter (leading zeros of a case number, the
// court's name beside its code) is left out.
func (c *checker) sum(e *gongxin.Entry) [32]byte {
	b := append(c.digest[:0], "gongxin court row v1\n"...)
	add := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	key := e.Key()
	add(key.Court)
	add(key.Case)
	add(e.Subject.Name)
	add(e.Subject.Number.Full())
	add(string(e.Subject.Sex))
	b = binary.AppendUvarint(b, uint64(e.Subject.Age))
	for _, s := range [...]string{e.Subject.LegalRep, e.Basis, e.BasisBody, e.Obligation, e.Performance, e.Conduct,
		e.Performed, e.Unperformed, string(e.Severity)} {
		add(s)
	}
	for _, d := range [...]gongxin.Day{e.Published, e.Filed, e.Until} {
		b = binary.AppendUvarint(b, uint64(d))
	}
	c.digest = b
	return sha256.Sum256(b)
}
