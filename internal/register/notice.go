package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// ServeNotice records that the risk notice was served on the subject (2.3). It
// makes the listing, which binds nobody yet; where an earlier one of the same
// court, case and subject has ended, it makes the next, and only for a notice
// served after that end, so that a notice sent twice lists nobody again.
type ServeNotice struct {
	Entry   gongxin.Entry   // as intended; Published may be open
	Service gongxin.Service // how it was served; "" if that is not known here
	Served  gongxin.Day     // day of service; zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c ServeNotice) by() gongxin.Actor { return c.By }

func (c ServeNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	found, err := j.Find(ctx, []gongxin.ListingKey{c.Entry.Key()})
	if err != nil {
		return gongxin.Listing{}, err
	}
	return found[0].Listing, nil
}

// decide returns the notice; none if the same notice was recorded before. Errors:
// NOT_ENTITLED, ALREADY_ON_REGISTER, LISTING_ENDED, and those of checkEntry.
func (c ServeNotice) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	if err := entitled(c.By, gongxin.NoticeServed, c.Entry.Court); err != nil {
		return nil, err
	}
	if l.State == gongxin.Noticed && l.Entry == c.Entry {
		return nil, nil
	}
	if err := allowed(l, gongxin.NoticeServed); err != nil {
		return nil, err
	}
	today := gongxin.DayOf(at)
	served := c.Served
	if served.IsZero() {
		served = today
	}
	switch {
	case served > today:
		return nil, dateFuture(fieldServed, served, today)
	case l.State.Ended() && served <= lastDay(l):
		return nil, gongxin.Conflict("LISTING_ENDED", c.Entry.Case.String(), lastDay(l).String())
	}
	if err := checkEntry(&c.Entry, p, today); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.NoticeServed, Origin: gongxin.FromProcedure, Entry: &c.Entry, On: served}}, nil
}
