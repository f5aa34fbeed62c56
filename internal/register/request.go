package register

import (
	"context"

	"gongxin"
)

// Request records that the person asks for correction or withdrawal (2.1.5, 2.4).
type Request struct {
	Listing  gongxin.ListingID
	Kind     gongxin.RequestKind
	Ground   gongxin.Ground // of a withdrawal, as the person states it
	Reason   string
	Evidence []string
	On       gongxin.Day // received; as for Object
	By       gongxin.Actor
}

func (c Request) by() gongxin.Actor { return c.By }

func (c Request) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the request. Errors: NOT_ENTITLED, REQUEST_UNKNOWN, GROUND_UNKNOWN,
// NOT_IN_FORCE, REQUEST_OPEN, MISSING_FIELD without a reason, EVIDENCE_HASH,
// DATE_FUTURE, DATE_ORDER if it is older than the listing.
func (c Request) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.RequestFiled, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	switch {
	case c.Kind == gongxin.RequestCorrection && c.Ground == "":
	case c.Kind == gongxin.RequestWithdrawal && withdraws(c.Ground):
	case c.Kind != gongxin.RequestCorrection && c.Kind != gongxin.RequestWithdrawal:
		return nil, gongxin.Invalid("REQUEST_UNKNOWN", string(c.Kind))
	default:
		return nil, gongxin.Invalid("GROUND_UNKNOWN", string(c.Ground))
	}
	if err := allowed(&l, gongxin.RequestFiled); err != nil {
		return nil, err
	}
	evidence, on, err := in.filing(c.By, c.Reason, c.Evidence, c.On, l.Entry.Published, fieldPublished)
	if err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.RequestFiled, Request: c.Kind, Ground: c.Ground, Reason: c.Reason, Evidence: evidence, On: on}}, nil
}

// Answer answers a request. Granted corrects the entry as Correction says, or
// withdraws the listing on the ground that the person stated.
type Answer struct {
	Listing    gongxin.ListingID
	Granted    bool
	Correction *gongxin.Entry
	Reason     string
	Decision   string // number of the document; given by the register if ""
	By         gongxin.Actor
}

func (c Answer) by() gongxin.Actor { return c.By }

func (c Answer) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the answer with what follows from it; none if the same was
// answered before. Errors: NOT_ENTITLED, NO_REQUEST, MISSING_FIELD if it is refused
// without a reason, NOTHING_CORRECTED if it is granted without a change, and those
// of Correct and Withdraw.
func (c Answer) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	k := gongxin.RequestRefused
	if c.Granted {
		k = gongxin.RequestGranted
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
	if !c.Granted {
		if err := reasoned(c.Reason); err != nil {
			return nil, err
		}
		return []gongxin.Event{{Kind: k, Reason: c.Reason, Decision: c.Decision, On: in.today}}, nil
	}
	var follows []gongxin.Event
	var err error
	p := &l.Procedure
	switch {
	case p.Request == gongxin.RequestWithdrawal && c.Correction == nil:
		follows, err = Withdraw{Ground: p.RequestFor, Decision: c.Decision}.ending(l, in)
	case p.Request == gongxin.RequestWithdrawal, c.Correction == nil, *c.Correction == l.Entry:
		err = gongxin.Invalid("NOTHING_CORRECTED", l.Entry.Case.String())
	default:
		follows, err = in.correction(&l, *c.Correction, c.Decision, c.Reason, in.today)
	}
	if err != nil {
		return nil, err
	}
	return append([]gongxin.Event{{Kind: k, Request: p.Request, Ground: p.RequestFor, Reason: c.Reason, On: in.today}}, follows...), nil
}

// carriedOut tells whether the latest request was answered in this way before.
func (c Answer) carriedOut(l *gongxin.Listing) bool {
	p := &l.Procedure
	switch {
	case p.Request != "" || p.Answered == 0 || (p.LastRequest == "granted") != c.Granted:
		return false
	case !c.Granted:
		return !l.State.Ended()
	case c.Correction != nil:
		return l.Entry == *c.Correction
	}
	return l.State == gongxin.Withdrawn
}
