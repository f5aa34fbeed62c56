package register

import (
	"context"

	"gongxin"
	"gongxin/internal/policy"
)

// Object records an objection (申请纠正, 2.3); it suspends nothing.
type Object struct {
	Listing  gongxin.ListingID
	Reason   string
	Evidence []string    // SHA-256 of each file attached, hex
	On       gongxin.Day // received; zero for the day on which the register takes the command, as always for the person's own
	By       gongxin.Actor
}

func (c Object) by() gongxin.Actor { return c.By }

func (c Object) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the objection, marked if it is late: it is reviewed all the same.
// Errors: NOT_ENTITLED, NOT_IN_FORCE if the decision was not served or the listing
// has ended, OBJECTION_OPEN, MISSING_FIELD without a reason, EVIDENCE_HASH,
// DATE_FUTURE, DATE_ORDER if it is older than the decision.
func (c Object) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ObjectionFiled, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.ObjectionFiled); err != nil {
		return nil, err
	}
	evidence, on, err := in.filing(c.By, c.Reason, c.Evidence, c.On, l.Procedure.Decided, fieldDecided)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{
		Kind: gongxin.ObjectionFiled, Reason: c.Reason, Evidence: evidence, On: on, Late: in.late(policy.Objection, l.Procedure.Delivered, on),
	}}, nil
}

// filing checks what somebody files against, or about, what exists since the day
// since, and returns the files and the day. The person's own filings are of the day
// on which they come.
func (in *setting) filing(by gongxin.Actor, reason string, files []string, on, since gongxin.Day, sinceField string) (string, gongxin.Day, error) {
	if err := reasoned(reason); err != nil {
		return "", 0, err
	}
	evidence, err := attached(files)
	if err != nil {
		return "", 0, err
	}
	if by.Role == gongxin.RoleSubject {
		return evidence, in.today, nil
	}
	on, err = in.after(on, fieldFiled, since, sinceField)
	return evidence, on, err
}

// Review decides on an objection (2.3). Upheld revokes the listing, unless
// Correction says how the entry is to stand instead.
type Review struct {
	Listing    gongxin.ListingID
	Upheld     bool
	Correction *gongxin.Entry
	Reason     string
	Decision   string // number of the document; given by the register if ""
	By         gongxin.Actor
}

func (c Review) by() gongxin.Actor { return c.By }

func (c Review) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the review with what follows from it; none if the same was decided
// before. Errors: NOT_ENTITLED, NO_OBJECTION, MISSING_FIELD without a reason, and
// those of Correct and Revoke; NOTHING_CORRECTED if the correction changes nothing.
func (c Review) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	k := gongxin.ObjectionRejected
	if c.Upheld {
		k = gongxin.ObjectionUpheld
	}
	if err := in.entitled(c.By, k, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if c.carriedOut(&l) {
		return nil, nil
	}
	if err := allowed(&l, k); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	events := []gongxin.Event{{Kind: k, Reason: c.Reason, Decision: c.Decision, On: in.today}}
	var follows []gongxin.Event
	var err error
	switch {
	case !c.Upheld:
	case c.Correction != nil && *c.Correction == l.Entry:
		err = gongxin.Invalid("NOTHING_CORRECTED", l.Entry.Case.String())
	case c.Correction != nil:
		follows, err = in.correction(&l, *c.Correction, "", c.Reason, in.today)
	default:
		follows, err = ending{kind: gongxin.ListingRevoked, ground: gongxin.GroundWrong}.decide(l, in)
	}
	if err != nil {
		return nil, err
	}
	return append(events, follows...), nil
}

// carriedOut tells whether the latest objection to l was decided in this way before.
func (c Review) carriedOut(l *gongxin.Listing) bool {
	p := &l.Procedure
	if p.Reviewed.IsZero() || c.Decision != "" && c.Decision != p.Review {
		return false
	}
	switch {
	case !c.Upheld:
		return p.Step == gongxin.Rejected || p.Step == gongxin.RejectionKnown
	case p.Step != gongxin.ObjectionClosed || !p.Reconsidered.IsZero():
		return false
	case c.Correction != nil:
		return l.Entry == *c.Correction
	}
	return l.State == gongxin.Revoked
}

// DeliverRejection records the service of a rejection: the time for reconsideration runs from it (2.3).
type DeliverRejection struct {
	Listing gongxin.ListingID
	Service gongxin.Service
	On      gongxin.Day // zero for the day on which the register takes the command
	By      gongxin.Actor
}

func (c DeliverRejection) by() gongxin.Actor { return c.By }

func (c DeliverRejection) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the service; none if it was recorded before. Errors: NOT_ENTITLED,
// NOT_REJECTED, SERVICE_UNKNOWN, DATE_FUTURE, DATE_ORDER.
func (c DeliverRejection) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.RejectionServed, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	p := &l.Procedure
	if p.Step == gongxin.RejectionKnown && (c.On.IsZero() || c.On == p.RejectedServed) {
		return nil, nil
	}
	if err := allowed(&l, gongxin.RejectionServed); err != nil {
		return nil, err
	}
	on, err := in.service(c.Service, c.On, p.Reviewed, fieldDecided)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.RejectionServed, Service: c.Service, On: on}}, nil
}

// AskReconsideration records that the person asks the next higher court (复议, 2.3); it suspends nothing.
type AskReconsideration struct {
	Listing  gongxin.ListingID
	Reason   string
	Evidence []string
	On       gongxin.Day // received; as for Object
	By       gongxin.Actor
}

func (c AskReconsideration) by() gongxin.Actor { return c.By }

func (c AskReconsideration) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the request, marked if it is late: it is decided all the same.
// Errors: NOT_ENTITLED, NOT_IN_FORCE, NOT_REJECTED, RECONSIDERATION_OPEN,
// SUPERIOR_UNKNOWN if no court above is known, MISSING_FIELD without a reason,
// EVIDENCE_HASH, DATE_FUTURE, DATE_ORDER.
func (c AskReconsideration) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ReconsiderationFiled, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	p := &l.Procedure
	if p.Step == gongxin.Reconsidering && !l.State.Ended() {
		return nil, gongxin.Conflict("RECONSIDERATION_OPEN", l.Entry.Case.String())
	}
	if err := allowed(&l, gongxin.ReconsiderationFiled); err != nil {
		return nil, err
	}
	higher, known := in.superior(l.Entry.Court)
	if !known {
		return nil, gongxin.Conflict("SUPERIOR_UNKNOWN", l.Entry.CourtName)
	}
	evidence, on, err := in.filing(c.By, c.Reason, c.Evidence, c.On, p.Reviewed, fieldDecided)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{
		Kind: gongxin.ReconsiderationFiled, Reason: c.Reason, Evidence: evidence, On: on, Higher: higher,
		Late: in.late(policy.Reconsideration, p.RejectedServed, on),
	}}, nil
}

// Reconsider decides for the next higher court (2.3). Upheld revokes the listing.
type Reconsider struct {
	Listing  gongxin.ListingID
	Upheld   bool
	Reason   string
	Decision string // number of the document, of the higher court's own
	By       gongxin.Actor
}

func (c Reconsider) by() gongxin.Actor { return c.By }

func (c Reconsider) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the decision, with the revocation if it upholds; none if the same
// was decided before. Errors: NOT_ENTITLED, NO_RECONSIDERATION, MISSING_FIELD without
// a reason or a number.
func (c Reconsider) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	k := gongxin.ReconsiderationRejected
	if c.Upheld {
		k = gongxin.ReconsiderationUpheld
	}
	if err := in.entitled(c.By, k, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if c.Decision == "" {
		return nil, missingField(fieldDecision)
	}
	if c.Decision == l.Procedure.HigherDecision && c.Upheld == (l.State == gongxin.Revoked) {
		return nil, nil
	}
	if err := allowed(&l, k); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	events := []gongxin.Event{{Kind: k, Reason: c.Reason, Decision: c.Decision, On: in.today}}
	if !c.Upheld {
		return events, nil
	}
	follows, err := ending{kind: gongxin.ListingRevoked, ground: gongxin.GroundWrong}.decide(l, in)
	if err != nil {
		return nil, err
	}
	return append(events, follows...), nil
}
