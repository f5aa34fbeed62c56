package register

import (
	"context"
	"slices"

	"gongxin"
	"gongxin/internal/policy"
)

// DraftNotice makes a listing whose risk notice is drafted and not served yet
// (2.3). It binds nobody.
type DraftNotice struct {
	Entry gongxin.Entry // as intended; Published may be open
	By    gongxin.Actor
}

func (c DraftNotice) by() gongxin.Actor { return c.By }

func (c DraftNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return latest(ctx, j, &c.Entry)
}

// decide returns the draft; none if the same notice was drafted before. Errors:
// those of ServeNotice.
func (c DraftNotice) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.NoticeDrafted, c.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.ToNotice && l.Entry == c.Entry {
		return nil, nil
	}
	return in.notice(gongxin.NoticeDrafted, &l, &c.Entry, in.today, "")
}

// ServeNotice records that the risk notice was served on the subject (2.3), in one
// step with its draft. It makes the listing, which binds nobody yet; where an
// earlier one of the same court, case and subject has ended, it makes the next, and
// only for a notice served after that end, so that a notice sent twice lists nobody
// again.
type ServeNotice struct {
	Entry   gongxin.Entry   // as intended; Published may be open
	Service gongxin.Service // how it was served; "" if that is not known here
	Served  gongxin.Day     // day of service; zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c ServeNotice) by() gongxin.Actor { return c.By }

func (c ServeNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return latest(ctx, j, &c.Entry)
}

// decide returns the notice; none if the same notice was recorded before. Errors:
// NOT_ENTITLED, ALREADY_ON_REGISTER, SERVICE_UNKNOWN, DATE_FUTURE, LISTING_ENDED,
// and those of checkEntry and checkTerm.
func (c ServeNotice) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.NoticeServed, c.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.Noticed && l.Entry == c.Entry {
		return nil, nil
	}
	if l.State == gongxin.ToNotice { // a notice was drafted: DeliverNotice
		return nil, gongxin.Conflict("ALREADY_ON_REGISTER", c.Entry.Case.String(), string(l.State))
	}
	if c.Service != "" {
		if err := checkService(c.Service); err != nil {
			return nil, err
		}
	}
	served, err := in.stated(c.Served, fieldServed)
	if err != nil {
		return nil, err
	}
	return in.notice(gongxin.NoticeServed, &l, &c.Entry, served, c.Service)
}

// DeliverNotice records the service of a notice that was drafted here (2.3).
type DeliverNotice struct {
	Listing gongxin.ListingID
	Service gongxin.Service
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c DeliverNotice) by() gongxin.Actor { return c.By }

func (c DeliverNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the service; none if the notice was served on that day. Errors:
// NOT_ENTITLED, NOTICE_SERVED if there is no notice to serve, SERVICE_UNKNOWN,
// DATE_FUTURE, DATE_ORDER if it was drafted later, and those of checkEntry.
func (c DeliverNotice) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.NoticeServed, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.Noticed && (c.On.IsZero() || c.On == l.Procedure.Noticed) {
		return nil, nil
	}
	if l.State != gongxin.ToNotice {
		return nil, gongxin.Conflict("NOTICE_SERVED", l.Entry.Case.String(), string(l.State))
	}
	on, err := in.service(c.Service, c.On, gongxin.DayOf(l.ID.Made()), "拟制风险提示时间")
	if err != nil {
		return nil, err
	}
	if err := checkEntry(&l.Entry, in.policy, in.today); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.NoticeServed, Origin: l.Origin, Entry: &l.Entry, Service: c.Service, On: on}}, nil
}

// latest finds the latest round of what e is about.
func latest(ctx context.Context, j Journal, e *gongxin.Entry) (gongxin.Listing, error) {
	found, err := j.Find(ctx, []gongxin.ListingKey{e.Key()})
	if err != nil {
		return gongxin.Listing{}, err
	}
	return found[0].Listing, nil
}

// notice returns the event that begins a procedure on the day on, after l, the
// round before, if there was one.
func (in *setting) notice(k gongxin.EventKind, l *gongxin.Listing, e *gongxin.Entry, on gongxin.Day, s gongxin.Service) ([]gongxin.Event, error) {
	if err := allowed(l, k); err != nil {
		return nil, err
	}
	if l.State.Ended() && on <= lastDay(*l) {
		return nil, gongxin.Conflict("LISTING_ENDED", e.Case.String(), lastDay(*l).String())
	}
	if err := checkEntry(e, in.policy, in.today); err != nil {
		return nil, err
	}
	if !e.Published.IsZero() { // else the term begins nobody knows when
		if err := in.checkTerm(&gongxin.Listing{Origin: gongxin.FromProcedure}, e); err != nil {
			return nil, err
		}
	}
	return []gongxin.Event{{Kind: k, Origin: gongxin.FromProcedure, Entry: e, Service: s, On: on, Barred: in.barred(l)}}, nil
}

// barred returns the last day on which the creditor of l, the round before, cannot
// apply anew; zero if that never was so. Who had a listing deleted waits (5.8), and
// no round that came to nothing meanwhile shortens that.
func (in *setting) barred(l *gongxin.Listing) gongxin.Day {
	if l.State != gongxin.Withdrawn || l.Exit.Ground != gongxin.GroundCreditor {
		return l.Procedure.Barred
	}
	last, err := in.policy.End(policy.RelistingWait, l.Exit.On)
	if err != nil {
		return 0 // on that day no wait was set
	}
	return last
}

// service checks how and when a document that exists since the day since was
// served, and returns the day. Errors: SERVICE_UNKNOWN, DATE_FUTURE, DATE_ORDER.
func (in *setting) service(s gongxin.Service, on, since gongxin.Day, sinceField string) (gongxin.Day, error) {
	if err := checkService(s); err != nil {
		return 0, err
	}
	return in.after(on, fieldServed, since, sinceField)
}

func checkService(s gongxin.Service) error {
	if !slices.Contains(gongxin.Services, s) {
		return gongxin.Invalid("SERVICE_UNKNOWN", string(s)).At(gongxin.Place{Field: "送达方式"})
	}
	return nil
}
