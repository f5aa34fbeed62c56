package register

import (
	"context"

	"gongxin"
)

// Suspend keeps a listing from having effect while security stands (2.4).
type Suspend struct {
	Listing  gongxin.ListingID
	Reason   string
	Decision string
	On       gongxin.Day
	By       gongxin.Actor
}

func (c Suspend) by() gongxin.Actor { return c.By }

func (c Suspend) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the suspension; none if the listing is suspended since that day.
// Errors: NOT_ENTITLED, NOT_IN_FORCE, MISSING_FIELD without a reason, DATE_FUTURE, DATE_ORDER.
func (c Suspend) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingSuspended, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.Suspended && (c.On.IsZero() || c.On == l.Procedure.Suspended) {
		return nil, nil
	}
	if err := allowed(&l, gongxin.ListingSuspended); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	on, err := in.after(c.On, fieldDecided, l.Entry.Published, fieldPublished)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{
		Kind: gongxin.ListingSuspended, Ground: gongxin.GroundSecurity, Reason: c.Reason, Decision: c.Decision, On: on, NonPublic: unseen(l),
	}}, nil
}

// Resume ends a suspension: the listing has effect again, until the end of its term.
type Resume struct {
	Listing  gongxin.ListingID
	Reason   string
	Decision string
	On       gongxin.Day
	By       gongxin.Actor
}

func (c Resume) by() gongxin.Actor { return c.By }

func (c Resume) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the end of the suspension. Errors: NOT_ENTITLED, NOT_SUSPENDED,
// MISSING_FIELD without a reason, DATE_FUTURE, DATE_ORDER, TERM_OVER if the listing
// has no day left.
func (c Resume) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.SuspensionEnded, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.SuspensionEnded); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	on, err := in.after(c.On, fieldDecided, l.Procedure.Suspended, "中止时间")
	switch until := l.Entry.Until; {
	case err != nil:
		return nil, err
	case !until.IsZero() && until < in.today:
		return nil, gongxin.Conflict("TERM_OVER", l.Entry.Case.String(), until.String())
	}
	return []gongxin.Event{{Kind: gongxin.SuspensionEnded, Entry: &l.Entry, Reason: c.Reason, Decision: c.Decision, On: on}}, nil
}
