package register

import (
	"gongxin"
	"gongxin/internal/policy"
)

// checkEntry tells whether e may stand on the register on the day today: what
// identifies the listing is there, its days are in order, and its subject is of
// age on the day of publication, or today if it is not published yet. The formats
// were checked by the types, the fields of a court's file by intake; this is the
// last hand that a listing passes through, whichever way it came. Errors:
// MISSING_FIELD, DATE_FUTURE, DATE_ORDER, MINOR, AGE_UNKNOWN.
func checkEntry(e *gongxin.Entry, p *policy.Policy, today gongxin.Day) error {
	missing := ""
	switch {
	case e.Court.IsZero() && e.CourtName == "":
		missing = "执行法院"
	case e.Case.IsZero():
		missing = "案号"
	case e.Subject.Number.IsZero():
		missing = "证件号码"
	case e.Subject.Name == "" && e.Subject.IsOrganisation():
		missing = "单位名称"
	case e.Subject.Name == "":
		missing = "姓名"
	}
	if missing != "" {
		return gongxin.Invalid("MISSING_FIELD", missing).At(gongxin.Place{Field: missing})
	}
	published := e.Published
	if published.IsZero() {
		published = today
	}
	switch {
	case published > today:
		return dateFuture(fieldPublished, published, today)
	case !e.Until.IsZero() && e.Until < published:
		return dateOrder("失信信息有效期", e.Until, fieldPublished, published)
	}
	return checkAge(e.Subject, p, published)
}

// checkAge refuses a subject who is a minor on the day on, and a person whose age
// on it neither the number nor the court tells (5.8).
func checkAge(s gongxin.Subject, p *policy.Policy, on gongxin.Day) error {
	if s.IsOrganisation() {
		return nil
	}
	adult, err := p.Rule(policy.MinorAge, on)
	if err != nil {
		return err
	}
	age, known := s.AgeOn(on)
	if !known {
		age, known = s.Age, s.Age > 0
	}
	switch {
	case !known:
		return gongxin.Invalid("AGE_UNKNOWN").At(gongxin.Place{Field: "年龄"})
	case age < adult.Count:
		return gongxin.Invalid("MINOR", adult.Count)
	}
	return nil
}

// Names of the document's fields for days, as errors tell them (2.1.1, 2.1.2).
const (
	fieldPublished = "发布时间"
	fieldWithdrawn = "撤销时间"
	fieldServed    = "送达时间"
)

func dateFuture(field string, d, today gongxin.Day) error {
	return gongxin.Invalid("DATE_FUTURE", field, d.String(), today.String()).At(gongxin.Place{Field: field})
}

// dateOrder says that d, which stands in field, lies before other, which it must not.
func dateOrder(field string, d gongxin.Day, otherField string, other gongxin.Day) error {
	return gongxin.Invalid("DATE_ORDER", field, d.String(), otherField, other.String()).At(gongxin.Place{Field: field})
}
