package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// ServeNotice records that the risk notice was served on the subject (2.3). It
// makes the listing, which binds nobody yet.
type ServeNotice struct {
	Entry gongxin.Entry // as intended; Published may be open
	On    gongxin.Day   // of service
	By    gongxin.Actor
}

func (c ServeNotice) by() gongxin.Actor { return c.By }

func (c ServeNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	found, err := j.Find(ctx, []gongxin.ListingKey{c.Entry.Key()})
	if err != nil {
		return gongxin.Listing{}, err
	}
	return found[0].Listing, nil
}

func (c ServeNotice) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("being written")
}
