package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// Decide records a judge's decision to list the subject who had notice (2.1).
type Decide struct {
	Listing  gongxin.ListingID
	Entry    *gongxin.Entry // as decided; nil if as noticed
	Decision string         // number of the document
	On       gongxin.Day    // of the decision
	By       gongxin.Actor
}

func (c Decide) by() gongxin.Actor { return c.By }

func (c Decide) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the decision; none if the same entry was decided before. Errors:
// NOT_ENTITLED, NOT_NOTICED, KEY_CHANGED, DATE_FUTURE, and those of checkEntry.
func (c Decide) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	if err := entitled(c.By, gongxin.ListingDecided, l.Entry.Court); err != nil {
		return nil, err
	}
	entry := l.Entry
	if c.Entry != nil {
		entry = *c.Entry
	}
	if l.State == gongxin.Decided && l.Entry == entry {
		return nil, nil
	}
	if err := allowed(l, gongxin.ListingDecided); err != nil {
		return nil, err
	}
	today := gongxin.DayOf(at)
	if c.On > today {
		return nil, dateFuture("作出决定时间", c.On, today)
	}
	if err := checkChange(l, &entry, p, today); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ListingDecided, Entry: &entry, Decision: c.Decision, On: c.On}}, nil
}
