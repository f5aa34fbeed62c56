package register

import (
	"context"
	"strings"

	"gongxin"
)

// ProposeReview is a department's proposal that the court look again; the listing stays in force (2.4.1).
type ProposeReview struct {
	Listing gongxin.ListingID
	Reason  string
	By      gongxin.Actor
}

func (c ProposeReview) by() gongxin.Actor { return c.By }

func (c ProposeReview) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the proposal. Errors: NOT_ENTITLED, NOT_IN_FORCE, MISSING_FIELD
// without a reason, PROPOSAL_OPEN if the same actor's last one has no answer yet.
func (c ProposeReview) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ReviewProposed, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.ReviewProposed); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	if strings.Contains(" "+l.Procedure.Proposers+" ", " "+c.By.ID+" ") {
		return nil, gongxin.Conflict("PROPOSAL_OPEN", l.Entry.Case.String())
	}
	return []gongxin.Event{{Kind: gongxin.ReviewProposed, Reason: c.Reason, On: in.today}}, nil
}

// AnswerProposal answers the departments' open proposals.
type AnswerProposal struct {
	Listing gongxin.ListingID
	Reason  string
	By      gongxin.Actor
}

func (c AnswerProposal) by() gongxin.Actor { return c.By }

func (c AnswerProposal) find(ctx context.Context, j Journal) (gongxin.Listing, error) {
	return j.Listing(ctx, c.Listing)
}

// decide returns the answer. Errors: NOT_ENTITLED, NO_PROPOSAL, MISSING_FIELD without a reason.
func (c AnswerProposal) decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error) {
	if err := in.entitled(c.By, gongxin.ProposalAnswered, l.Entry.Court, l.ID); err != nil {
		return nil, err
	}
	if err := allowed(&l, gongxin.ProposalAnswered); err != nil {
		return nil, err
	}
	if err := reasoned(c.Reason); err != nil {
		return nil, err
	}
	return []gongxin.Event{{Kind: gongxin.ProposalAnswered, Reason: c.Reason, On: in.today}}, nil
}
