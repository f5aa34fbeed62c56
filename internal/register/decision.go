package register

import (
	"context"

	"gongxin"
)

// Initiate records the creditor's application, or that the court acts of its own motion (2.1).
type Initiate struct {
	Listing gongxin.ListingID
	Motion  gongxin.Motion
	On      gongxin.Day // application received; zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c Initiate) by() gongxin.Actor { return c.By }

func (c Initiate) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the beginning; none if it was recorded before. Errors:
// NOT_ENTITLED, MOTION_UNKNOWN, NOT_NOTICED, DATE_FUTURE, RELISTING_TOO_EARLY if the
// creditor had the last round deleted less than the waiting period ago (5.8).
func (c Initiate) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingInitiated, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if c.Motion != gongxin.OnApplication && c.Motion != gongxin.OnOwnMotion {
		return nil, gongxin.Invalid("MOTION_UNKNOWN", string(c.Motion))
	}
	if l.State == gongxin.Initiated && c.Motion == l.Procedure.Motion && (c.On.IsZero() || c.On == l.Procedure.Moved) {
		return nil, nil
	}
	if err := allowed(&l, gongxin.ListingInitiated); err != nil {
		return nil, err
	}
	on, err := in.stated(c.On, fieldFiled)
	if err != nil {
		return nil, err
	}
	if barred := l.Procedure.Barred; c.Motion == gongxin.OnApplication && on <= barred {
		return nil, gongxin.Conflict("RELISTING_TOO_EARLY", l.Entry.Case.String(), barred.Add(1).String())
	}
	return []gongxin.Event{{Kind: gongxin.ListingInitiated, Motion: c.Motion, On: on}}, nil
}

// Propose drafts the decision to list; a clerk does, or a judge for another judge to approve (2.1).
type Propose struct {
	Listing gongxin.ListingID
	Entry   *gongxin.Entry // as it is to be decided; nil if as noticed
	By      gongxin.Actor
}

func (c Propose) by() gongxin.Actor { return c.By }

func (c Propose) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the draft; none if the same person made the same before. Errors:
// NOT_ENTITLED, NOT_INITIATED, KEY_CHANGED, and those of checkEntry and checkTerm.
func (c Propose) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.DecisionDrafted, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	entry := l.Entry
	if c.Entry != nil {
		entry = *c.Entry
	}
	if l.State == gongxin.Proposed && l.Entry == entry && l.Procedure.Drafter == c.By.ID {
		return nil, nil
	}
	if err := allowed(&l, gongxin.DecisionDrafted); err != nil {
		return nil, err
	}
	if err := checkChange(&l, &entry, in.policy, in.today); err != nil {
		return nil, err
	}
	if err := in.checkTerm(&l, &entry); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.DecisionDrafted, Entry: &entry, On: in.today}}, nil
}

// Return gives a draft back to whoever drafted it, with reasons (2.1).
type Return struct {
	Listing gongxin.ListingID
	Reason  string
	By      gongxin.Actor
}

func (c Return) by() gongxin.Actor { return c.By }

func (c Return) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the return. Errors: NOT_ENTITLED, NOT_PROPOSED, MISSING_FIELD without a reason.
func (c Return) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.DraftReturned, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.DraftReturned); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.DraftReturned, Reason: c.Reason, On: in.today}}, nil
}

// Drop ends a procedure before any decision: nobody is listed.
type Drop struct {
	Listing gongxin.ListingID
	Ground  gongxin.Ground // performed, settled, closed; "" with a Reason for others
	Reason  string
	By      gongxin.Actor
}

func (c Drop) by() gongxin.Actor { return c.By }

func (c Drop) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the end; none if the procedure was dropped on that ground before.
// Errors: NOT_ENTITLED, GROUND_UNKNOWN, ALREADY_DECIDED, MISSING_FIELD with neither
// ground nor reason.
func (c Drop) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingDropped, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	switch c.Ground {
	case gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundClosed:
	case "":
		if err := reasoned(c.Reason); err != nil {
			return nil, err
		}
	default:
		return nil, gongxin.Invalid("GROUND_UNKNOWN", string(c.Ground))
	}
	if l.State == gongxin.Dropped && c.Ground == l.Exit.Ground {
		return nil, nil
	}
	if err := allowed(&l, gongxin.ListingDropped); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ListingDropped, Ground: c.Ground, Reason: c.Reason, On: in.today}}, nil
}

// Decide records a judge's decision to list, as the draft says it (2.1): approved
// by a second person.
type Decide struct {
	Listing  gongxin.ListingID
	Decision string      // number of the document; given by the register if ""
	On       gongxin.Day // of the decision; zero for the day on which the register takes the command
	By       gongxin.Actor
}

func (c Decide) by() gongxin.Actor { return c.By }

func (c Decide) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the decision; none if the same judge made it before. Errors:
// NOT_ENTITLED, NOT_PROPOSED, DRAFTED_BY_SAME_PERSON, DATE_FUTURE, DATE_ORDER if it
// is older than the notice, and those of checkEntry.
func (c Decide) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingDecided, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	p := &l.Procedure
	if l.State == gongxin.Decided && p.Approver == c.By.ID && (c.Decision == "" || c.Decision == p.Decision) && (c.On.IsZero() || c.On == p.Decided) {
		return nil, nil
	}
	if err := allowed(&l, gongxin.ListingDecided); err != nil {
		return nil, err
	}
	if p.Drafter == c.By.ID {
		return nil, gongxin.Forbidden("DRAFTED_BY_SAME_PERSON", l.Entry.Case.String())
	}
	on, err := in.after(c.On, fieldDecided, p.Noticed, fieldServed)
	if err != nil {
		return nil, err
	}
	if err := checkEntry(&l.Entry, in.policy, in.today); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ListingDecided, Entry: &l.Entry, Decision: c.Decision, On: on}}, nil
}

// DeliverDecision records the service of the decision: the time for objecting runs from it (2.3).
type DeliverDecision struct {
	Listing gongxin.ListingID
	Service gongxin.Service
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c DeliverDecision) by() gongxin.Actor { return c.By }

func (c DeliverDecision) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the service; none if it was recorded before. Errors: NOT_ENTITLED,
// NOT_DECIDED, SERVICE_UNKNOWN, DATE_FUTURE, DATE_ORDER.
func (c DeliverDecision) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.DecisionServed, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.Delivered && (c.On.IsZero() || c.On == l.Procedure.Delivered) {
		return nil, nil
	}
	if err := allowed(&l, gongxin.DecisionServed); err != nil {
		return nil, err
	}
	on, err := in.service(c.Service, c.On, l.Procedure.Decided, fieldDecided)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.DecisionServed, Service: c.Service, On: on}}, nil
}

// Publish brings a listing whose decision was served into force (2.1), public or
// not (2.1.4); it is published on the day on which the register takes the command.
type Publish struct {
	Listing gongxin.ListingID
	By      gongxin.Actor
}

func (c Publish) by() gongxin.Actor { return c.By }

func (c Publish) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the publication; none if the listing was published before.
// Errors: NOT_ENTITLED, NOT_DELIVERED, and those of checkEntry and checkTerm: a term
// that is over or a subject who would be a minor keeps a listing from coming into force.
func (c Publish) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ListingPublished, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if l.State == gongxin.InForce && l.Origin == gongxin.FromProcedure {
		return nil, nil
	}
	if err := allowed(&l, gongxin.ListingPublished); err != nil {
		return nil, err
	}
	entry := l.Entry
	entry.Published = in.today
	if err := checkEntry(&entry, in.policy, in.today); err != nil {
		return nil, err
	}
	if err := in.checkTerm(&l, &entry); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ListingPublished, Entry: &entry, On: in.today}}, nil
}
