package register

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/policy"
)

// The commands of due process. Days that are zero mean the day on which the
// register takes the command.
type (
	// DraftNotice makes a listing whose risk notice is drafted and not served yet (2.3).
	DraftNotice struct {
		Entry gongxin.Entry
		By    gongxin.Actor
	}
	// DeliverNotice records the service of a notice that was drafted here (2.3).
	DeliverNotice struct {
		Listing gongxin.ListingID
		Service gongxin.Service
		On      gongxin.Day
		By      gongxin.Actor
	}
	// Initiate records the creditor's application, or that the court acts of its own motion (2.1).
	Initiate struct {
		Listing gongxin.ListingID
		Motion  gongxin.Motion
		On      gongxin.Day
		By      gongxin.Actor
	}
	// Propose drafts the decision to list; a clerk does, or a judge for another judge to approve (2.1).
	Propose struct {
		Listing gongxin.ListingID
		Entry   *gongxin.Entry // as it is to be decided; nil if as noticed
		By      gongxin.Actor
	}
	// Return gives a draft back to whoever drafted it, with reasons (2.1).
	Return struct {
		Listing gongxin.ListingID
		Reason  string
		By      gongxin.Actor
	}
	// Drop ends a procedure before any decision: nobody is listed.
	Drop struct {
		Listing gongxin.ListingID
		Ground  gongxin.Ground // performed, settled, closed; "" with a Reason for others
		Reason  string
		By      gongxin.Actor
	}
	// DeliverDecision records the service of the decision: the time for objecting runs from it (2.3).
	DeliverDecision struct {
		Listing gongxin.ListingID
		Service gongxin.Service
		On      gongxin.Day
		By      gongxin.Actor
	}
	// Object records an objection (申请纠正, 2.3); it suspends nothing.
	Object struct {
		Listing  gongxin.ListingID
		Reason   string
		Evidence []string // SHA-256 of each file attached, hex
		On       gongxin.Day
		By       gongxin.Actor
	}
	// Review decides on an objection (2.3). Upheld revokes the listing, unless
	// Correction says how the entry is to stand instead.
	Review struct {
		Listing    gongxin.ListingID
		Upheld     bool
		Correction *gongxin.Entry
		Reason     string
		Decision   string // number of the document; given by the register if ""
		By         gongxin.Actor
	}
	// DeliverRejection records the service of a rejection: the time for reconsideration runs from it (2.3).
	DeliverRejection struct {
		Listing gongxin.ListingID
		Service gongxin.Service
		On      gongxin.Day
		By      gongxin.Actor
	}
	// AskReconsideration records that the person asks the next higher court (复议, 2.3); it suspends nothing.
	AskReconsideration struct {
		Listing  gongxin.ListingID
		Reason   string
		Evidence []string
		On       gongxin.Day
		By       gongxin.Actor
	}
	// Reconsider decides for the next higher court (2.3). Upheld revokes the listing.
	Reconsider struct {
		Listing  gongxin.ListingID
		Upheld   bool
		Reason   string
		Decision string
		By       gongxin.Actor
	}
	// Request records that the person asks for correction or withdrawal (2.1.5, 2.4).
	Request struct {
		Listing  gongxin.ListingID
		Kind     gongxin.RequestKind
		Ground   gongxin.Ground // of a withdrawal, as the person states it
		Reason   string
		Evidence []string
		On       gongxin.Day
		By       gongxin.Actor
	}
	// Answer answers a request. Granted corrects the entry as Correction says, or
	// withdraws the listing on the ground that the person stated.
	Answer struct {
		Listing    gongxin.ListingID
		Granted    bool
		Correction *gongxin.Entry
		Reason     string
		Decision   string
		By         gongxin.Actor
	}
	// Suspend keeps a listing from having effect while security stands (2.4).
	Suspend struct {
		Listing  gongxin.ListingID
		Reason   string
		Decision string
		On       gongxin.Day
		By       gongxin.Actor
	}
	// Resume ends a suspension: the listing has effect again, until the end of its term.
	Resume struct {
		Listing  gongxin.ListingID
		Reason   string
		Decision string
		On       gongxin.Day
		By       gongxin.Actor
	}
	// Extend gives a listing a later last day, by at most what policy allows (5.8).
	Extend struct {
		Listing  gongxin.ListingID
		Until    gongxin.Day
		Reason   string
		Decision string
		On       gongxin.Day
		By       gongxin.Actor
	}
	// CloseRound records 终结本次执行程序: property checks count from here (5.8).
	CloseRound struct {
		Listing gongxin.ListingID
		On      gongxin.Day
		By      gongxin.Actor
	}
	// Check records one network check for property (5.8).
	Check struct {
		Listing gongxin.ListingID
		Found   bool // property that can be executed
		Lead    bool // somebody gave a useful lead
		On      gongxin.Day
		By      gongxin.Actor
	}
	// RecordGround records that a ground for exit is there: the time for the withdrawal runs from On (2.4).
	RecordGround struct {
		Listing gongxin.ListingID
		Ground  gongxin.Ground // performed, settled, closed, creditor
		Reason  string
		On      gongxin.Day
		By      gongxin.Actor
	}
	// TellEmployer records that the subject's organisation was told (2.1.4, 3.8).
	TellEmployer struct {
		Listing gongxin.ListingID
		Service gongxin.Service
		On      gongxin.Day
		By      gongxin.Actor
	}
	// ProposeReview is a department's proposal that the court look again; the listing stays in force (2.4.1).
	ProposeReview struct {
		Listing gongxin.ListingID
		Reason  string
		By      gongxin.Actor
	}
	// AnswerProposal answers the departments' open proposals.
	AnswerProposal struct {
		Listing gongxin.ListingID
		Reason  string
		By      gongxin.Actor
	}
	// Lapse records that the time for a duty has passed (2.5); the hub does so by itself.
	Lapse struct {
		Duty gongxin.Duty
		By   gongxin.Actor
	}
)

func (c DraftNotice) by() gongxin.Actor        { return c.By }
func (c DeliverNotice) by() gongxin.Actor      { return c.By }
func (c Initiate) by() gongxin.Actor           { return c.By }
func (c Propose) by() gongxin.Actor            { return c.By }
func (c Return) by() gongxin.Actor             { return c.By }
func (c Drop) by() gongxin.Actor               { return c.By }
func (c DeliverDecision) by() gongxin.Actor    { return c.By }
func (c Object) by() gongxin.Actor             { return c.By }
func (c Review) by() gongxin.Actor             { return c.By }
func (c DeliverRejection) by() gongxin.Actor   { return c.By }
func (c AskReconsideration) by() gongxin.Actor { return c.By }
func (c Reconsider) by() gongxin.Actor         { return c.By }
func (c Request) by() gongxin.Actor            { return c.By }
func (c Answer) by() gongxin.Actor             { return c.By }
func (c Suspend) by() gongxin.Actor            { return c.By }
func (c Resume) by() gongxin.Actor             { return c.By }
func (c Extend) by() gongxin.Actor             { return c.By }
func (c CloseRound) by() gongxin.Actor         { return c.By }
func (c Check) by() gongxin.Actor              { return c.By }
func (c RecordGround) by() gongxin.Actor       { return c.By }
func (c TellEmployer) by() gongxin.Actor       { return c.By }
func (c ProposeReview) by() gongxin.Actor      { return c.By }
func (c AnswerProposal) by() gongxin.Actor     { return c.By }
func (c Lapse) by() gongxin.Actor              { return c.By }

func (c DraftNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	found, err := j.Find(ctx, []gongxin.ListingKey{c.Entry.Key()})
	if err != nil {
		return gongxin.Listing{}, err
	}
	return found[0].Listing, nil
}
func (c DeliverNotice) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Initiate) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Propose) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Return) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Drop) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c DeliverDecision) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Object) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Review) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c DeliverRejection) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c AskReconsideration) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Reconsider) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Request) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Answer) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Suspend) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Resume) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Extend) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c CloseRound) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Check) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c RecordGround) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c TellEmployer) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c ProposeReview) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c AnswerProposal) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}
func (c Lapse) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Duty.Listing)
}

func (c DraftNotice) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c DeliverNotice) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Initiate) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Propose) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Return) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Drop) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c DeliverDecision) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Object) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Review) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c DeliverRejection) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c AskReconsideration) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Reconsider) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Request) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Answer) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Suspend) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Resume) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Extend) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c CloseRound) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Check) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c RecordGround) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c TellEmployer) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c ProposeReview) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c AnswerProposal) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
func (c Lapse) decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error) {
	panic("not built yet")
}
