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

func (c Publish) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("being written")
}
