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

func (c Decide) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("being written")
}
