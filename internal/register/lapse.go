package register

import (
	"context"

	"gongxin"
)

// Lapse records that the time for a duty has passed (2.5); the hub does so by
// itself. Only the listing, the kind and the opening event of Duty count: how it
// stands is read anew.
type Lapse struct {
	Duty gongxin.Duty
	By   gongxin.Actor
}

func (c Lapse) by() gongxin.Actor { return c.By }

func (c Lapse) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Duty.Listing)
}

// decide returns the lapse; none if it is on record, or the duty was met meanwhile.
// Errors: NOT_ENTITLED unless the hub acts, DUTY_NOT_OVERDUE.
func (c Lapse) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.DeadlineLapsed, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	for _, d := range in.owed {
		switch {
		case d.Kind != c.Duty.Kind || d.Opened != c.Duty.Opened:
			continue
		case d.Lapsed != 0:
			return nil, nil
		case !d.Overdue(in.today):
			return nil, gongxin.Conflict("DUTY_NOT_OVERDUE", l.Entry.Case.String(), d.Due.String())
		}
		if err := allowed(&l, gongxin.DeadlineLapsed); err != nil {
			return nil, err
		}
		return []gongxin.Event{{Kind: gongxin.DeadlineLapsed, Duty: d.Kind, Opened: d.Opened, On: d.Due}}, nil
	}
	return nil, nil
}
