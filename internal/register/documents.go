package register

import (
	"context"
	"fmt"

	"gongxin"
	"gongxin/internal/policy"
)

// nextNumber gives the next number of a document in the case that e is about.
func (a *act) nextNumber(ctx context.Context, l *gongxin.Listing, e *gongxin.Event) (string, error) {
	c := l.Entry.Case
	if e.Entry != nil {
		c = e.Entry.Case
	}
	n := 0
	for ; a.skip >= 0; a.skip-- {
		var err error
		if n, err = a.journal.NextDocument(ctx, c.Key()); err != nil {
			return "", fmt.Errorf("number a document of %s: %w", c, err)
		}
	}
	a.skip = 0
	return c.String() + "之" + numeral(n), nil
}

// numeral writes n, 1 to 9999, as in the numbers of documents: 二, 十二, 一百零三.
func numeral(n int) string {
	digits := []rune("零一二三四五六七八九")
	if n < 1 || n > 9999 {
		return fmt.Sprint(n)
	}
	var s []rune
	zero := false
	for i, unit := range []int{1000, 100, 10, 1} {
		d := n / unit % 10
		if d == 0 {
			zero = len(s) > 0
			continue
		}
		if zero {
			s = append(s, digits[0])
		}
		zero = false
		if unit != 10 || d != 1 || len(s) > 0 { // 十二, and 一百一十二
			s = append(s, digits[d])
		}
		if unit > 1 {
			s = append(s, []rune("千百十")[i])
		}
	}
	return string(s)
}

// issue writes the document in which the act of d is put down, commits to it and
// keeps it. chosen tells that the register chose the number.
func (a *act) issue(ctx context.Context, l gongxin.Listing, kind gongxin.DocumentKind, number string, chosen bool, d Draft) (gongxin.Listing, error) {
	court := d.After.Entry.Court
	if a.by.Role == gongxin.RoleHigherCourt && kind == gongxin.DocReconsideration {
		court = a.by.Court
	}
	d.Document = gongxin.Document{Number: number, Listing: d.After.ID, Kind: kind, Court: court, For: d.After.Sequence, At: a.in.at}
	d.Remedy = a.in.remedy(&d)
	doc, err := a.register.scribe.Write(ctx, d)
	if err != nil {
		return l, fmt.Errorf("write the document %s of %s: %w", kind, d.Act.Kind, err)
	}
	l, err = a.append(ctx, l, gongxin.Event{
		Kind: gongxin.DocumentIssued, Listing: l.ID, At: a.in.at, By: a.by, Document: kind, Decision: number, Hash: doc.Hash,
	})
	if err != nil {
		return l, err
	}
	doc.Sequence = l.Sequence
	if err := a.journal.KeepDocument(ctx, doc); err != nil {
		a.taken = chosen && gongxin.CodeOf(err) == "DOCUMENT_NUMBER_TAKEN"
		return l, fmt.Errorf("keep the document %s of %s: %w", kind, d.Act.Kind, err)
	}
	doc.Page, doc.Data = nil, nil
	a.issued = append(a.issued, doc)
	return l, nil
}

// remedy returns what the person can do against the act of d: object to the
// decision, and ask the next higher court against a rejection (2.3).
func (in *setting) remedy(d *Draft) Remedy {
	r := Remedy{Court: d.After.Entry.Court}
	switch d.Act.Kind {
	case gongxin.ListingDecided:
		r.Rule = policy.Objection
	case gongxin.ObjectionRejected:
		r.Rule = policy.Reconsideration
		r.Court, _ = in.superior(d.After.Entry.Court)
	default:
		return Remedy{}
	}
	if rule, err := in.policy.Rule(r.Rule, in.today); err == nil { // else the remedy is there, and no rule of the day sets a time for it
		r.Count, r.Unit = rule.Count, string(rule.Unit)
	}
	return r
}
