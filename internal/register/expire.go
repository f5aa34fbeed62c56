package register

import (
	"context"

	"gongxin"
)

// Expire ends a listing whose term is over (2.1.3); the hub does so by itself.
type Expire struct {
	Listing gongxin.ListingID
	By      gongxin.Actor
}

func (c Expire) by() gongxin.Actor { return c.By }

func (c Expire) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the expiry, which counts from the day after the term; none if the
// listing has expired. Errors: NOT_ENTITLED unless the hub acts, NOT_IN_FORCE if
// the listing ended in another way meanwhile, TERM_NOT_OVER.
func (c Expire) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingExpired, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.Expired {
		return nil, nil
	}
	if err := allowed(&l, gongxin.ListingExpired); err != nil {
		return nil, err
	}
	if l.Entry.Until.IsZero() || in.today <= l.Entry.Until {
		return nil, gongxin.Conflict("TERM_NOT_OVER", l.Entry.Case.String(), l.Entry.Until.String())
	}
	return []gongxin.Event{{
		Kind: gongxin.ListingExpired, Ground: gongxin.GroundTerm, On: l.Entry.Until.Add(1), NonPublic: unseen(l),
	}}, nil
}
