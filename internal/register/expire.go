package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
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

func (c Expire) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("being written")
}
