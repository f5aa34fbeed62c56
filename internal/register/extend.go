package register

import (
	"context"

	"gongxin"
)

// Extend gives a listing a later last day, by at most what policy allows beyond
// the first term (5.8). A listing without a term has none to extend.
type Extend struct {
	Listing  gongxin.ListingID
	Until    gongxin.Day
	Reason   string
	Decision string
	On       gongxin.Day
	By       gongxin.Actor
}

func (c Extend) by() gongxin.Actor { return c.By }

func (c Extend) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the extension; none if the listing lasts until that day. Errors:
// NOT_ENTITLED, NOT_IN_FORCE, MISSING_FIELD without a reason, TERM_UNSET, TERM_OVER,
// DATE_FUTURE, DATE_ORDER if the day is not later, TERM_TOO_LONG.
func (c Extend) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.TermExtended, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.InForce && !c.Until.IsZero() && c.Until == l.Entry.Until {
		return nil, nil
	}
	if err := allowed(&l, gongxin.TermExtended); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	on, err := in.stated(c.On, fieldDecided)
	until := l.Entry.Until
	switch {
	case err != nil:
		return nil, err
	case until.IsZero():
		return nil, gongxin.Conflict("TERM_UNSET", l.Entry.Case.String())
	case until < in.today:
		return nil, gongxin.Conflict("TERM_OVER", l.Entry.Case.String(), until.String())
	case c.Until.IsZero():
		return nil, missingField(fieldUntil)
	case c.Until < until:
		return nil, dateOrder(fieldUntil, c.Until, fieldUntil, until)
	}
	first := in.firstTerm(&l, &l.Entry)
	if first.IsZero() || l.Procedure.Term.IsZero() && until < first {
		first = until
	}
	last, err := in.extended(first)
	switch {
	case err != nil:
		return nil, err
	case c.Until > last:
		return nil, gongxin.Invalid("TERM_TOO_LONG", c.Until.String(), last.String()).At(gongxin.Place{Field: fieldUntil})
	}
	entry := l.Entry
	entry.Until = c.Until
	return []gongxin.Event{{Kind: gongxin.TermExtended, Entry: &entry, Reason: c.Reason, Decision: c.Decision, On: on, Was: until}}, nil
}
