package documents

import (
	"fmt"
	"strings"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/register"
)

// A content is what one paper says, before any layout.
type content struct {
	draft    register.Draft
	kind     gongxin.DocumentKind
	entry    gongxin.Entry // as it stands after the act
	title    gongxin.Text
	head     string // name of the court as on its seal
	day      gongxin.Day
	values   [fieldCount]gongxin.Text // EN is "" where the court's own words stand
	remedies []gongxin.Text
	clauses  []string
}

// compose gathers what the paper of d says.
func (s *Scribe) compose(d register.Draft) *content {
	c := &content{draft: d, kind: d.Document.Kind, entry: d.After.Entry, day: dayOf(d)}
	c.title = titleOf(d)
	issuing := s.courtName(d.Document.Court, c.entry)
	c.head = s.sealName(d.Document.Court, issuing)
	c.common(issuing)
	if c.kind == gongxin.DocEmployer {
		c.toEmployer()
	} else {
		c.toPerson()
	}
	c.procedure()
	switch c.kind {
	case gongxin.DocNotice, gongxin.DocDecision:
		c.facts()
	}
	c.flags()
	basis, clauses := legalBasis(d, c.day)
	c.values[law], c.clauses = basis, clauses
	c.values[effect] = effectOf(d)
	if c.kind != gongxin.DocEmployer {
		c.remedies = s.remediesOf(c)
	}
	var zh, en []string
	for _, r := range c.remedies {
		zh, en = append(zh, r.ZH), append(en, r.EN)
	}
	c.values[remedies] = gongxin.Text{ZH: strings.Join(zh, "\n"), EN: strings.Join(en, "\n")}
	return c
}

// dayOf is the date of the paper: for a decision the day that the court gives it,
// else the day on which it is written.
func dayOf(d register.Draft) gongxin.Day {
	if forms[d.Document.Kind].by == byJudge && !d.Act.On.IsZero() {
		return d.Act.On
	}
	return gongxin.DayOf(d.Document.At)
}

// courtName is what the court with code is called in a sentence: for the listing's
// own court as it wrote it.
func (s *Scribe) courtName(code gongxin.CourtCode, e gongxin.Entry) string {
	if code == e.Court && e.CourtName != "" {
		return e.CourtName
	}
	if c, ok := s.courts.ByCode(code); ok {
		return c.Name
	}
	return code.String()
}

// sealName is name as the seal has it: courts of Jiangsu put the province in
// front, special courts excepted.
func (s *Scribe) sealName(code gongxin.CourtCode, name string) string {
	const province = "江苏省"
	c, ok := s.courts.ByCode(code)
	if !ok || strings.Contains(c.Level, "专门") || strings.HasPrefix(name, province) || !strings.HasPrefix(code.String(), "苏") {
		return name
	}
	return province + name
}

// set gives f a value that is the court's own words in both languages.
func (c *content) set(f field, own string) { c.values[f] = gongxin.Text{ZH: own} }

// setDay gives f a day: in Chinese numerals, and as 2017-03-01.
func (c *content) setDay(f field, d gongxin.Day) {
	c.values[f] = gongxin.Text{ZH: dated(d), EN: d.String()}
}

// is raises a flag.
func (c *content) is(f field, so bool) {
	if so {
		c.values[f] = gongxin.Text{ZH: names[f].zh, EN: names[f].en}
	}
}

func (c *content) common(issuing string) {
	e := &c.entry
	c.set(court, issuing)
	c.set(enforcing, e.CourtName)
	c.set(caseNumber, e.Case.String())
	c.set(number, c.draft.Document.Number)
	c.setDay(date, c.day)
	c.set(listing, c.draft.Document.Listing.String())
	c.set(subject, e.Subject.Name)
	c.setDay(until, e.Until)
	c.values[idName] = idNames[e.Subject.Number.Kind()]
}

// toEmployer names the subject for the organisation told, which needs to tell its
// people apart and no more: a person's number is masked.
func (c *content) toEmployer() {
	c.set(id, c.entry.Subject.Number.String())
	c.set(employer, c.entry.Employer)
	if c.draft.After.State.Ended() {
		c.set(until, "") // the term no longer matters
	}
}

// toPerson names the subject for itself, in full: a paper that binds somebody
// must say exactly whom.
func (c *content) toPerson() {
	sub := &c.entry.Subject
	full := sub.Number.Full()
	c.set(id, full)
	c.set(severity, string(c.entry.Severity))
	parts := []string{sub.Name}
	if sub.IsOrganisation() {
		c.values[you] = gongxin.Text{ZH: "你单位", EN: "your organisation"}
		c.set(legalRep, sub.LegalRep)
	} else {
		c.values[you] = gongxin.Text{ZH: "你", EN: "you"}
		switch sub.Sex {
		case identity.Male:
			c.values[sex] = gongxin.Text{ZH: "男", EN: "male"}
		case identity.Female:
			c.values[sex] = gongxin.Text{ZH: "女", EN: "female"}
		}
		if s := c.values[sex].ZH; s != "" {
			parts = append(parts, s)
		}
		if y, m, d, ok := sub.Number.BirthDate(); ok {
			born, err := gongxin.NewDay(y, m, d)
			if err == nil { // a year before 1900 is left to the number
				c.setDay(birth, born)
				parts = append(parts, dated(born)+"出生")
			}
		}
	}
	parts = append(parts, c.values[idName].ZH+full)
	c.set(party, strings.Join(parts, "，"))
}

func (c *content) facts() {
	e := &c.entry
	c.set(basis, e.Basis)
	c.set(basisBody, e.BasisBody)
	c.set(obligation, e.Obligation)
	c.set(performance, e.Performance)
	c.set(conduct, e.Conduct)
	c.setDay(filed, e.Filed)
	c.set(performed, e.Performed)
	c.set(unperformed, e.Unperformed)
}

// procedure fills what the steps so far have left behind, as far as the kind has
// a place for it. What the act itself has closed is read from before it.
func (c *content) procedure() {
	d := &c.draft
	p, before := &d.After.Procedure, &d.Before.Procedure
	c.set(firstNumber, p.Decision)
	c.setDay(firstDay, p.Decided)
	c.setDay(noticed, p.Noticed)
	c.values[motion] = motions[p.Motion]
	c.set(reason, d.Act.Reason)
	c.setDay(was, d.Act.Was)
	c.setDay(objected, p.Objected)
	c.setDay(reviewed, p.Reviewed)
	c.set(reviewNumber, p.Review)
	c.setDay(reconsidered, p.Reconsidered)
	c.setDay(asked, before.RequestOn)
	c.values[request] = requests[before.Request]
	c.values[requestGround] = grounds[before.RequestFor]
	c.values[changes] = changed(d.Before.Entry, d.After.Entry)
	since := p.Suspended
	if since.IsZero() {
		since = before.Suspended
	}
	c.setDay(suspended, since)
	if exit := d.After.Exit; d.After.State.Ended() {
		c.values[ground] = grounds[exit.Ground]
		on := exit.On
		if on.IsZero() {
			on = gongxin.DayOf(exit.At)
		}
		c.setDay(ended, on)
		c.values[recipients] = recipientsOf(*d)
	}
}

// pushed tells whether departments had the listing before the act.
func pushed(l gongxin.Listing) bool {
	return l.State == gongxin.InForce || l.State == gongxin.Suspended
}

// upheld tells whether the act says yes to what the person asked for.
func upheld(k gongxin.EventKind) bool {
	return k == gongxin.ObjectionUpheld || k == gongxin.ReconsiderationUpheld || k == gongxin.RequestGranted
}

func (c *content) flags() {
	d, e := &c.draft, &c.entry
	act, ended := d.Act.Kind, d.After.State.Ended()
	c.is(isOrganisation, e.Subject.IsOrganisation())
	c.is(isPerson, !e.Subject.IsOrganisation())
	c.is(isNonPublic, e.NonPublic)
	c.is(isPublic, !e.NonPublic)
	c.is(isEndless, e.Until.IsZero())
	c.is(isResumed, act == gongxin.SuspensionEnded)
	c.is(isSuspended, act != gongxin.SuspensionEnded)
	c.is(isUpheld, upheld(act))
	c.is(isRejected, !upheld(act))
	c.is(isRevoked, upheld(act) && ended)
	c.is(isCorrected, upheld(act) && !ended && c.values[changes].ZH != "")
	c.is(isWrong, d.After.State == gongxin.Revoked)
	c.is(isExpired, d.After.State == gongxin.Expired)
	late := d.After.Procedure.Late
	if c.kind == gongxin.DocReconsideration {
		late = d.After.Procedure.ReconsiderLate
	}
	c.is(isLate, late)
	c.is(isPushed, pushed(d.Before))
	c.is(isPublished, pushed(d.Before) && !e.NonPublic)
	c.is(isEnded, ended)
	c.is(isListed, !ended)
}

// changed says what a correction puts right, a sentence a line.
func changed(before, after gongxin.Entry) gongxin.Text {
	var zh, en []string
	put := func(name gongxin.Text, was, is string) {
		if was == is {
			return
		}
		zh = append(zh, fmt.Sprintf("“%s”由“%s”更正为“%s”。", name.ZH, or(was, "空白"), or(is, "空白")))
		en = append(en, fmt.Sprintf("%s: “%s” becomes “%s”.", name.EN, was, is))
	}
	b, a := &before, &after
	name := gongxin.Text{ZH: "姓名", EN: "name"}
	if after.Subject.IsOrganisation() {
		name = gongxin.Text{ZH: "单位名称", EN: "name"}
	}
	put(name, b.Subject.Name, a.Subject.Name)
	put(gongxin.Text{ZH: "性别", EN: "sex"}, string(b.Subject.Sex), string(a.Subject.Sex))
	put(gongxin.Text{ZH: "年龄", EN: "age"}, years(b.Subject.Age), years(a.Subject.Age))
	put(gongxin.Text{ZH: "法定代表人姓名", EN: "legal representative"}, b.Subject.LegalRep, a.Subject.LegalRep)
	put(gongxin.Text{ZH: "执行依据文号", EN: "instrument enforced"}, b.Basis, a.Basis)
	put(gongxin.Text{ZH: "作出执行依据单位", EN: "body that made the instrument"}, b.BasisBody, a.BasisBody)
	put(gongxin.Text{ZH: "法律生效文书确定的义务", EN: "obligation"}, b.Obligation, a.Obligation)
	put(gongxin.Text{ZH: "被执行人的履行情况", EN: "how it was performed"}, b.Performance, a.Performance)
	put(gongxin.Text{ZH: "失信被执行人具体情形", EN: "conduct"}, b.Conduct, a.Conduct)
	put(gongxin.Text{ZH: "发布时间", EN: "day of publication"}, dated(b.Published), dated(a.Published))
	put(gongxin.Text{ZH: "立案时间", EN: "case filed on"}, dated(b.Filed), dated(a.Filed))
	put(gongxin.Text{ZH: "已履行部分", EN: "performed part"}, b.Performed, a.Performed)
	put(gongxin.Text{ZH: "未履行部分", EN: "unperformed part"}, b.Unperformed, a.Unperformed)
	put(gongxin.Text{ZH: "失信严重程度", EN: "severity"}, string(b.Severity), string(a.Severity))
	put(gongxin.Text{ZH: "失信信息有效期", EN: "last day in force"}, dated(b.Until), dated(a.Until))
	put(gongxin.Text{ZH: "是否向社会公开", EN: "public"}, open[!b.NonPublic], open[!a.NonPublic])
	return gongxin.Text{ZH: strings.Join(zh, "\n"), EN: strings.Join(en, "\n")}
}

var open = map[bool]string{true: "公开", false: "不公开"}

func years(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// or returns s, or instead if s is empty.
func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
