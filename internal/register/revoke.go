package register

import (
	"context"

	"gongxin"
)

// Revoke ends a listing that was wrongly made (2.5).
type Revoke struct {
	Listing  gongxin.ListingID
	Decision string      // number of the document, "" if none was given
	On       gongxin.Day // zero for the day on which the register takes the command
	By       gongxin.Actor
}

func (c Revoke) by() gongxin.Actor { return c.By }

func (c Revoke) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the revocation; none if the same decision was carried out
// before. Errors: NOT_ENTITLED, NOT_IN_FORCE, DATE_FUTURE, DATE_ORDER.
func (c Revoke) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingRevoked, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	return ending{gongxin.ListingRevoked, gongxin.GroundWrong, c.Decision, c.On}.decide(l, in)
}
