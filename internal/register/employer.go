package register

import (
	"context"

	"gongxin"
)

// TellEmployer records that the subject's organisation was told (2.1.4, 3.8).
type TellEmployer struct {
	Listing gongxin.ListingID
	Service gongxin.Service
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c TellEmployer) by() gongxin.Actor { return c.By }

func (c TellEmployer) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the notice; none if it was given on that day. Errors:
// NOT_ENTITLED, NOT_IN_FORCE, NO_EMPLOYER if the listing concerns no organisation,
// SERVICE_UNKNOWN, DATE_FUTURE, DATE_ORDER.
func (c TellEmployer) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.OrganisationNotified, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.OrganisationNotified); err != nil {
		return nil, err
	}
	if !concernsEmployer(&l.Entry) {
		return nil, gongxin.Conflict("NO_EMPLOYER", l.Entry.Case.String())
	}
	if told := l.Procedure.Notified; !told.IsZero() && (c.On.IsZero() || c.On == told) {
		return nil, nil
	}
	on, err := in.service(c.Service, c.On, l.Entry.Published, fieldPublished)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.OrganisationNotified, Service: c.Service, On: on}}, nil
}
