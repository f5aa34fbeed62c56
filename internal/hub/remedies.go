package hub

import (
	"context"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/register"
	"gongxin/internal/store"
)

// A Filing is the answer to who objects or asks: it is on record, it suspends
// nothing, and until when the answer is owed.
type Filing struct {
	Standing
	Suspends bool          `json:"suspends" doc:"false: the listing has effect meanwhile (2.3)"`
	Says     gongxin.Text  `json:"says" doc:"the same in words"`
	Late     bool          `json:"late" doc:"after the window; it is recorded as late"`
	LateSays *gongxin.Text `json:"late_says,omitempty"`
	AnswerBy gongxin.Day   `json:"answer_by,omitzero" doc:"last day for the answer; none if the rules set no time"`
}

type filingOutput struct{ Body Filing }

// file carries out a command by which somebody asks for what the duty owes.
func (a *api) file(ctx context.Context, id string, evidence []string, duty gongxin.DutyKind,
	makes func(gongxin.ListingID, gongxin.Actor) register.Command) (*filingOutput, error) {
	l, err := a.hub.listing(ctx, id)
	if err == nil {
		err = a.hub.attached(ctx, l.ID, evidence)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	done, err := a.hub.Register.Carry(ctx, makes(l.ID, access.ActorFrom(ctx)))
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	f := Filing{Standing: newStanding(done), Says: suspendsNothing}
	if f.AnswerBy, err = a.hub.due(ctx, l.ID, duty); err != nil {
		return nil, a.answer(ctx, err)
	}
	p := done.Listing.Procedure
	switch duty {
	case gongxin.DutyReview:
		f.Late = p.Late
	case gongxin.DutyReconsider:
		f.Late = p.ReconsiderLate
	}
	if f.Late {
		f.LateSays = &lateSays
	}
	return &filingOutput{f}, nil
}

// due returns the last day for a duty of a listing that is open, zero if there is
// none or no time is set.
func (h *Hub) due(ctx context.Context, id gongxin.ListingID, kind gongxin.DutyKind) (day gongxin.Day, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		duties, err := v.OpenDuties(ctx, store.DutyFilter{Listing: id}, maxShown)
		for _, d := range duties {
			if d.Kind == kind {
				day = d.Due
			}
		}
		return err
	})
	return day, err
}

// statedOn is the day that a filing may state: the court's registry says when a
// paper came in; the person concerned files now.
func statedOn(by gongxin.Actor, on gongxin.Day) gongxin.Day {
	if by.Role == gongxin.RoleSubject {
		return 0
	}
	return on
}

// FilingFields are what somebody who objects or asks says.
type FilingFields struct {
	Reason   string      `json:"reason" minLength:"1" maxLength:"4000"`
	Evidence []string    `json:"evidence,omitempty" maxItems:"20" doc:"hashes of files handed in for this listing"`
	On       gongxin.Day `json:"on,omitzero" doc:"day on which it came in on paper; today if left out, and for the person concerned always"`
}

type objectionInput struct {
	ListingPath
	Body FilingFields
}

func (a *api) object(ctx context.Context, in *objectionInput) (*filingOutput, error) {
	b := in.Body
	return a.file(ctx, in.ID, b.Evidence, gongxin.DutyReview, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Object{Listing: id, Reason: b.Reason, Evidence: b.Evidence, On: statedOn(by, b.On), By: by}
	})
}

type reviewInput struct {
	ListingPath
	Body struct {
		Upheld   bool   `json:"upheld" doc:"revokes the listing, or with fields corrects it"`
		Reason   string `json:"reason" minLength:"1" maxLength:"4000"`
		Decision string `json:"decision,omitempty" maxLength:"100" doc:"number of the document; given by the register if left out"`
		ChangedFields
	}
}

func (a *api) review(ctx context.Context, in *reviewInput) (*stateOutput, error) {
	b := in.Body
	correction, err := a.changed(b.ChangedFields)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Review{Listing: id, Upheld: b.Upheld, Correction: correction, Reason: b.Reason, Decision: b.Decision, By: by}
	})
}

func (a *api) deliverRejection(ctx context.Context, in *serviceInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.DeliverRejection{Listing: id, Service: in.Body.Service, On: in.Body.On, By: by}
	})
}

func (a *api) askReconsideration(ctx context.Context, in *objectionInput) (*filingOutput, error) {
	b := in.Body
	return a.file(ctx, in.ID, b.Evidence, gongxin.DutyReconsider, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.AskReconsideration{Listing: id, Reason: b.Reason, Evidence: b.Evidence, On: statedOn(by, b.On), By: by}
	})
}

type reconsiderationInput struct {
	ListingPath
	Body struct {
		Upheld   bool   `json:"upheld" doc:"revokes the listing"`
		Reason   string `json:"reason" minLength:"1" maxLength:"4000"`
		Decision string `json:"decision" minLength:"1" maxLength:"100" doc:"number of the document, in the higher court's own series"`
	}
}

func (a *api) reconsider(ctx context.Context, in *reconsiderationInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Reconsider{Listing: id, Upheld: b.Upheld, Reason: b.Reason, Decision: b.Decision, By: by}
	})
}

type requestInput struct {
	ListingPath
	Body struct {
		Kind   gongxin.RequestKind `json:"kind" enum:"correction,withdrawal"`
		Ground gongxin.Ground      `json:"ground,omitempty" enum:"performed,settled,closed,no_property,security,creditor,early" doc:"of a withdrawal"`
		FilingFields
	}
}

func (a *api) request(ctx context.Context, in *requestInput) (*filingOutput, error) {
	b := in.Body
	return a.file(ctx, in.ID, b.Evidence, gongxin.DutyAnswerRequest, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Request{Listing: id, Kind: b.Kind, Ground: b.Ground, Reason: b.Reason, Evidence: b.Evidence, On: statedOn(by, b.On), By: by}
	})
}

type answerInput struct {
	ListingPath
	Body struct {
		Granted  bool   `json:"granted" doc:"withdraws on the ground that was stated, or with fields corrects"`
		Reason   string `json:"reason" minLength:"1" maxLength:"4000"`
		Decision string `json:"decision,omitempty" maxLength:"100" doc:"number of the document; given by the register if left out"`
		ChangedFields
	}
}

func (a *api) answerRequest(ctx context.Context, in *answerInput) (*stateOutput, error) {
	b := in.Body
	correction, err := a.changed(b.ChangedFields)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Answer{Listing: id, Granted: b.Granted, Correction: correction, Reason: b.Reason, Decision: b.Decision, By: by}
	})
}

func (a *api) propose(ctx context.Context, in *reasonInput) (*filingOutput, error) {
	return a.file(ctx, in.ID, nil, gongxin.DutyAnswerProposal, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.ProposeReview{Listing: id, Reason: in.Body.Reason, By: by}
	})
}

func (a *api) answerProposal(ctx context.Context, in *reasonInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.AnswerProposal{Listing: id, Reason: in.Body.Reason, By: by}
	})
}
