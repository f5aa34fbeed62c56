package register

import (
	"strings"
	"unicode/utf8"

	"gongxin"
	"gongxin/internal/calendar"
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
		return missingField(missing)
	}
	published := e.Published
	if published.IsZero() {
		published = today
	}
	switch {
	case published > today:
		return dateFuture(fieldPublished, published, today)
	case !e.Until.IsZero() && e.Until < published:
		return dateOrder(fieldUntil, e.Until, fieldPublished, published)
	}
	return checkAge(e.Subject, p, published)
}

// checkChange is checkEntry for an entry that takes the place of that of l: court,
// case and subject are what a listing is, so another of them is another listing.
// Error: KEY_CHANGED.
func checkChange(l *gongxin.Listing, e *gongxin.Entry, p *policy.Policy, today gongxin.Day) error {
	if l.Entry.Key() != e.Key() {
		return gongxin.Invalid("KEY_CHANGED", l.Entry.Case.String())
	}
	return checkEntry(e, p, today)
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

// checkTerm tells whether the last day that e gives to l lies within the term that
// policy allows from publication on, and what an extension can add to it (5.8). A
// court's file holds terms as courts decided them, extensions included. Error:
// TERM_TOO_LONG.
func (in *setting) checkTerm(l *gongxin.Listing, e *gongxin.Entry) error {
	if e.Until.IsZero() {
		return nil // the court set no end (2.1.3)
	}
	first := in.firstTerm(l, e)
	if first.IsZero() {
		return nil
	}
	last := first
	if !l.Procedure.Term.IsZero() || l.Origin != gongxin.FromProcedure {
		var err error
		if last, err = in.extended(first); err != nil {
			return err
		}
	}
	if e.Until > last {
		return gongxin.Invalid("TERM_TOO_LONG", e.Until.String(), last.String()).At(gongxin.Place{Field: fieldUntil})
	}
	return nil
}

// firstTerm returns the last day of the first term of l, which says e: at most what
// policy allows from publication on, and what was decided once it was extended. It
// is zero if neither is known.
func (in *setting) firstTerm(l *gongxin.Listing, e *gongxin.Entry) gongxin.Day {
	published := e.Published
	if published.IsZero() {
		published = in.today
	}
	decided := l.Procedure.Term
	most, err := in.policy.End(policy.Term, published)
	if err != nil || !decided.IsZero() && decided < most {
		return decided
	}
	return most
}

// extended returns the last day to which a term that ends on the day first can be
// extended. Error: POLICY_RULE_UNKNOWN.
func (in *setting) extended(first gongxin.Day) (gongxin.Day, error) {
	r, err := in.policy.Rule(policy.TermExtension, in.today)
	if err != nil {
		return 0, err
	}
	return calendar.End(first, r.Count, r.Unit)
}

// concernsEmployer tells whether the subject's organisation is to be told of e:
// instead of the public (2.1.4), or because the court names one (3.8).
func concernsEmployer(e *gongxin.Entry) bool { return e.NonPublic || e.Employer != "" }

// Bounds of what people write, in characters, and of the number of files.
const (
	longestReason   = 4000
	longestDecision = 100
	mostEvidence    = 50
)

// checkTexts bounds what e says in words. Errors: ACT_TEXT_TOO_LONG, TEXT_BROKEN.
func checkTexts(e *gongxin.Event) error {
	for _, t := range []struct {
		field, text string
		longest     int
	}{{fieldReason, e.Reason, longestReason}, {fieldDecision, e.Decision, longestDecision}} {
		switch {
		case !utf8.ValidString(t.text):
			return gongxin.Invalid("TEXT_BROKEN", t.field).At(gongxin.Place{Field: t.field})
		case utf8.RuneCountInString(t.text) > t.longest:
			return gongxin.Invalid("ACT_TEXT_TOO_LONG", t.field, t.longest).At(gongxin.Place{Field: t.field})
		}
	}
	return nil
}

// reasoned tells whether somebody gave a reason. Error: MISSING_FIELD.
func reasoned(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return missingField(fieldReason)
	}
	return nil
}

// attached gives the files of a filing as an event names them. Error: EVIDENCE_HASH
// if one is no SHA-256 in hex, or they are too many.
func attached(evidence []string) (string, error) {
	if len(evidence) > mostEvidence {
		return "", gongxin.Invalid("EVIDENCE_HASH", mostEvidence).At(gongxin.Place{Field: fieldEvidence})
	}
	for _, h := range evidence {
		if len(h) != 64 || strings.Trim(h, "0123456789abcdef") != "" {
			return "", gongxin.Invalid("EVIDENCE_HASH", mostEvidence).At(gongxin.Place{Field: fieldEvidence})
		}
	}
	return strings.Join(evidence, " "), nil
}

// Names of fields, as errors tell them (2.1.1, 2.1.2).
const (
	fieldPublished = "发布时间"
	fieldWithdrawn = "撤销时间"
	fieldServed    = "送达时间"
	fieldUntil     = "失信信息有效期"
	fieldDecided   = "作出决定时间"
	fieldFiled     = "提出时间"
	fieldChecked   = "查控时间"
	fieldRound     = "终结本次执行程序时间"
	fieldReason    = "理由"
	fieldDecision  = "文书号"
	fieldEvidence  = "证据材料"
)

// after returns the day that a command states for its act, today if it states none;
// the act cannot come before the day since. Errors: DATE_FUTURE, DATE_ORDER.
func (in *setting) after(on gongxin.Day, field string, since gongxin.Day, sinceField string) (gongxin.Day, error) {
	on, err := in.stated(on, field)
	if err == nil && on < since {
		err = dateOrder(field, on, sinceField, since)
	}
	return on, err
}

func missingField(field string) error {
	return gongxin.Invalid("MISSING_FIELD", field).At(gongxin.Place{Field: field})
}

func dateFuture(field string, d, today gongxin.Day) error {
	return gongxin.Invalid("DATE_FUTURE", field, d.String(), today.String()).At(gongxin.Place{Field: field})
}

// dateOrder says that d, which stands in field, lies before other, which it must not.
func dateOrder(field string, d gongxin.Day, otherField string, other gongxin.Day) error {
	return gongxin.Invalid("DATE_ORDER", field, d.String(), otherField, other.String()).At(gongxin.Place{Field: field})
}
