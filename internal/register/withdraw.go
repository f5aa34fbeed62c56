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

// decide returns the withdrawal, or the revocation if the ground is that the
// listing was wrong; none if the same decision was carried out before. Errors:
// NOT_ENTITLED, GROUND_UNKNOWN, NOT_IN_FORCE, DATE_FUTURE, DATE_ORDER.
func (c Withdraw) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	if c.Ground == gongxin.GroundWrong {
		return Revoke{Listing: c.Listing, Decision: c.Decision, On: c.On, By: c.By}.decide(l, p, at)
	}
	if err := entitled(c.By, gongxin.ListingWithdrawn, l.Entry.Court); err != nil {
		return nil, err
	}
	switch c.Ground {
	case gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundClosed, gongxin.GroundNoProperty, gongxin.GroundSecurity:
	default:
		return nil, gongxin.Invalid("GROUND_UNKNOWN", string(c.Ground))
	}
	return ending{gongxin.ListingWithdrawn, c.Ground, c.Decision, c.On}.decide(l, at)
}
