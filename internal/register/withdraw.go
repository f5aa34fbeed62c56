package register

import (
	"context"

	"gongxin"
	"gongxin/internal/policy"
)

// Withdraw ends a listing by the court's decision (2.4, 5.8).
type Withdraw struct {
	Listing  gongxin.ListingID
	Ground   gongxin.Ground
	Decision string      // number of the document; given by the register if ""
	On       gongxin.Day // of withdrawal; zero for the day on which the register takes the command
	By       gongxin.Actor
	declared bool // by a court's file: the court says what it has proved
}

func (c Withdraw) by() gongxin.Actor { return c.By }

func (c Withdraw) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the withdrawal, or the revocation if the ground is that the
// listing was wrong; none if the same decision was carried out before. Errors:
// NOT_ENTITLED, GROUND_UNKNOWN, NOT_IN_FORCE, NO_PROPERTY_UNPROVEN, DATE_FUTURE, DATE_ORDER.
func (c Withdraw) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if c.Ground == gongxin.GroundWrong {
		return Revoke{Listing: c.Listing, Decision: c.Decision, On: c.On, By: c.By}.decide(l, in)
	}
	if err := in.entitled(c.By, gongxin.ListingWithdrawn, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	return c.ending(l, in)
}

// ending returns the withdrawal, whoever is entitled to it.
func (c Withdraw) ending(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if !withdraws(c.Ground) {
		return nil, gongxin.Invalid("GROUND_UNKNOWN", string(c.Ground))
	}
	events, err := ending{gongxin.ListingWithdrawn, c.Ground, c.Decision, c.On}.decide(l, in)
	if err == nil && len(events) > 0 && c.Ground == gongxin.GroundNoProperty && !c.declared {
		err = in.fruitless(&l, in.today)
	}
	if err != nil {
		return nil, err
	}
	return events, nil
}

// withdraws tells whether a listing can be withdrawn on ground g.
func withdraws(g gongxin.Ground) bool {
	switch g {
	case gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundClosed, gongxin.GroundNoProperty,
		gongxin.GroundSecurity, gongxin.GroundCreditor, gongxin.GroundEarly:
		return true
	}
	return false
}

// fruitless tells whether the checks after the closed round were as many as policy
// asks for on the day on, none of which found property or met a lead (5.8). Error:
// NO_PROPERTY_UNPROVEN.
func (in *setting) fruitless(l *gongxin.Listing, on gongxin.Day) error {
	n, err := in.policy.Rule(policy.NoPropertyChecks, on)
	if err != nil {
		return err
	}
	if l.Procedure.RoundClosed.IsZero() || l.Procedure.Checks < n.Count {
		return gongxin.Conflict("NO_PROPERTY_UNPROVEN", l.Entry.Case.String(), l.Procedure.Checks, n.Count)
	}
	return nil
}
