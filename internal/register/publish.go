package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// Publish brings a decided listing into force (2.1); it is published on the day on which the register takes the command.
type Publish struct {
	Listing gongxin.ListingID
	By      gongxin.Actor
}

func (c Publish) by() gongxin.Actor { return c.By }

func (c Publish) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the publication; none if the listing was published before.
// Errors: NOT_ENTITLED, NOT_DECIDED, and those of checkEntry: a term that is over
// or a subject who would be a minor keeps a listing from coming into force.
func (c Publish) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	if err := entitled(c.By, gongxin.ListingPublished, l.Entry.Court); err != nil {
		return nil, err
	}
	if l.State == gongxin.InForce && l.Origin == gongxin.FromProcedure {
		return nil, nil
	}
	if err := allowed(l, gongxin.ListingPublished); err != nil {
		return nil, err
	}
	entry := l.Entry
	entry.Published = gongxin.DayOf(at)
	if err := checkEntry(&entry, p, entry.Published); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ListingPublished, Entry: &entry, On: entry.Published}}, nil
}
