package register

import (
	"context"

	"gongxin"
)

// CloseRound records 终结本次执行程序: property checks count from here (5.8).
type CloseRound struct {
	Listing gongxin.ListingID
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c CloseRound) by() gongxin.Actor { return c.By }

func (c CloseRound) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the end of the round; none if it ended on that day. A later round
// that is closed makes the checks count anew. Errors: NOT_ENTITLED, NOT_IN_FORCE,
// DATE_FUTURE, DATE_ORDER if a later one is on record.
func (c CloseRound) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.RoundClosed, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.RoundClosed); err != nil {
		return nil, err
	}
	p := &l.Procedure
	on, err := in.stated(c.On, fieldRound)
	switch latest := max(p.RoundClosed, p.Checked); {
	case err != nil:
		return nil, err
	case on == p.RoundClosed:
		return nil, nil
	case on < latest:
		return nil, dateOrder(fieldRound, on, fieldChecked, latest)
	}
	return []gongxin.Event{{Kind: gongxin.RoundClosed, On: on}}, nil
}

// Check records one network check for property (5.8).
type Check struct {
	Listing gongxin.ListingID
	Found   bool        // property that can be executed
	Lead    bool        // somebody gave a useful lead
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c Check) by() gongxin.Actor { return c.By }

func (c Check) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the check; none if one of that day with that result is on record,
// so that two fruitless checks are checks of two days. Errors: NOT_ENTITLED,
// NOT_IN_FORCE, ROUND_NOT_CLOSED, DATE_FUTURE, DATE_ORDER if it is older than the
// round's end or the check before, or as old as one that found something.
func (c Check) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.PropertyChecked, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.PropertyChecked); err != nil {
		return nil, err
	}
	p := &l.Procedure
	on, err := in.after(c.On, fieldChecked, max(p.RoundClosed, p.Checked), fieldChecked)
	if err != nil {
		return nil, err
	}
	vain := !c.Found && !c.Lead
	if on == p.Checked {
		switch vainBefore := p.Checks > 0; {
		case vain == vainBefore:
			return nil, nil
		case vain:
			return nil, dateOrder(fieldChecked, on, fieldChecked, p.Checked.Add(1))
		}
	}
	return []gongxin.Event{{Kind: gongxin.PropertyChecked, Found: c.Found, Lead: c.Lead, On: on}}, nil
}

// RecordGround records that a ground for exit is there: the time for the withdrawal runs from On (2.4).
type RecordGround struct {
	Listing gongxin.ListingID
	Ground  gongxin.Ground // performed, settled, closed, creditor
	Reason  string
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c RecordGround) by() gongxin.Actor { return c.By }

func (c RecordGround) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the ground; none if it was recorded for that day. One that is on
// record cannot be replaced: its time runs. Errors: NOT_ENTITLED, GROUND_UNKNOWN,
// NOT_IN_FORCE, GROUND_ALREADY_RECORDED, DATE_FUTURE.
func (c RecordGround) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.GroundRecorded, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	switch c.Ground {
	case gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundClosed, gongxin.GroundCreditor:
	default:
		return nil, gongxin.Invalid("GROUND_UNKNOWN", string(c.Ground))
	}
	p := &l.Procedure
	if !l.State.Ended() && c.Ground == p.Ground && (c.On.IsZero() || c.On == p.GroundOn) {
		return nil, nil
	}
	if err := allowed(&l, gongxin.GroundRecorded); err != nil {
		return nil, err
	}
	on, err := in.stated(c.On, "退出情形出现时间")
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.GroundRecorded, Ground: c.Ground, Reason: c.Reason, On: on}}, nil
}
