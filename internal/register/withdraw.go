package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// Withdraw ends a listing by the court's decision (2.4, 5.8).
type Withdraw struct {
	Listing  gongxin.ListingID
	Ground   gongxin.Ground
	Decision string      // number of the document, "" if none was given
	On       gongxin.Day // of withdrawal; zero for the day on which the register takes the command
	By       gongxin.Actor
}

func (c Withdraw) by() gongxin.Actor { return c.By }

func (c Withdraw) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

func (c Withdraw) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("being written")
}
