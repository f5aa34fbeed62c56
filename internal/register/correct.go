package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// Correct puts right what a listing in force says (2.1.5), with severity, validity and fitness for publication.
type Correct struct {
	Listing  gongxin.ListingID
	Entry    gongxin.Entry // the whole entry, as it is to stand
	Decision string        // number of the document, "" if none
	On       gongxin.Day
	By       gongxin.Actor
}

func (c Correct) by() gongxin.Actor { return c.By }

func (c Correct) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

func (c Correct) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("being written")
}
