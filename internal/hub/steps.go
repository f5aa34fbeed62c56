package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/intake"
	"gongxin/internal/register"
)

// stepRoutes are the steps of a listing, its papers and files, and what the
// person concerned and the departments ask and are answered.
func (a *api) stepRoutes(j huma.API, mux *http.ServeMux) {
	const listing = "/v1/listings/{id}"

	// The court's steps, in the order of a listing's life; routes.go has those of the first release.
	route(j, "listing-notice-service", http.MethodPost, listing+"/notice-service", "Record how and when the risk notice was served (2.3)", a.deliverNotice)
	route(j, "listing-initiation", http.MethodPost, listing+"/initiation", "Record the creditor's application, or the court's own motion (2.1)", a.initiate)
	route(j, "listing-draft", http.MethodPost, listing+"/draft", "Draft the decision, for a judge to approve (2.1)", a.draft)
	route(j, "listing-draft-return", http.MethodPost, listing+"/draft-return", "Give a draft back with reasons (2.1)", a.returnDraft)
	route(j, "listing-drop", http.MethodPost, listing+"/drop", "End the procedure before a decision: nobody is listed", a.drop)
	route(j, "listing-decision-service", http.MethodPost, listing+"/decision-service", "Record how and when the decision was served: the time for objecting runs (2.3)", a.deliverDecision)
	route(j, "listing-suspension", http.MethodPost, listing+"/suspension", "Suspend a listing on security (2.4)", a.suspend)
	route(j, "listing-suspension-end", http.MethodPost, listing+"/suspension-end", "End a suspension", a.resume)
	route(j, "listing-extension", http.MethodPost, listing+"/extension", "Extend the term by decision (5.8)", a.extend)
	route(j, "listing-round-closure", http.MethodPost, listing+"/round-closure", "Record that this round of enforcement was closed (5.8)", a.closeRound)
	route(j, "listing-check", http.MethodPost, listing+"/check", "Record a check for property (5.8)", a.check)
	route(j, "listing-ground", http.MethodPost, listing+"/ground", "Record that a ground for exit is there: the time for withdrawing runs (2.4)", a.ground)
	route(j, "listing-employer-notice", http.MethodPost, listing+"/employer-notice", "Record that the subject's organisation was told (2.1.4, 3.8)", a.tellEmployer)

	// What the person concerned and departments ask, and the answers.
	route(j, "listing-objection", http.MethodPost, listing+"/objection", "Object to a listing (2.3); it suspends nothing", a.object)
	route(j, "listing-review", http.MethodPost, listing+"/objection/review", "Review an objection (2.3)", a.review)
	route(j, "listing-rejection-service", http.MethodPost, listing+"/objection/rejection-service", "Record how and when the rejection was served (2.3)", a.deliverRejection)
	route(j, "listing-reconsideration", http.MethodPost, listing+"/reconsideration", "Ask the next higher court for reconsideration (2.3); it suspends nothing", a.askReconsideration)
	route(j, "listing-reconsideration-decision", http.MethodPost, listing+"/reconsideration/decision", "Decide on a reconsideration (2.3)", a.reconsider)
	route(j, "listing-request", http.MethodPost, listing+"/request", "Ask for correction or withdrawal (2.1.5, 2.4)", a.request)
	route(j, "listing-answer", http.MethodPost, listing+"/request/answer", "Answer a request for correction or withdrawal", a.answerRequest)
	route(j, "listing-proposal", http.MethodPost, listing+"/proposal", "Propose to the court that it look again (2.4.1); the listing stays in force", a.propose)
	route(j, "listing-proposal-answer", http.MethodPost, listing+"/proposal/answer", "Answer the departments' proposals (2.4.1)", a.answerProposal)
	mux.Handle("POST /v1/listings/{id}/evidence", a.guard("evidence-add", a.addEvidence))
	mux.Handle("GET /v1/evidence/{hash}", a.guard("evidence-read", a.readEvidence))

	// The person concerned, by the access code that the decision carries.
	route(j, "subject-sign-in", http.MethodPost, "/v1/subject/session", "Sign in towards one listing with a one-time access code", a.subjectSignIn)
	route(j, "subject-listing", http.MethodGet, "/v1/subject/listing", "How one's listing stands, what one may still do, and who received it", a.subjectListing)

	// Reading. A full identifier is given for a stated purpose alone.
	route(j, "listing-full", http.MethodPost, listing+"/full", "Read a listing with the number in full; purpose and reader are recorded", a.readFull)
	route(j, "listing-search", http.MethodPost, "/v1/listings/search", "Find listings by exact identifier; purpose and reader are recorded", a.search)

	// Papers.
	route(j, "documents-list", http.MethodGet, listing+"/documents", "The documents of a listing", a.documents)
	route(j, "document-read", http.MethodGet, "/v1/documents", "A document as it was issued; purpose and reader are recorded", a.readDocument)
	route(j, "document-print", http.MethodPost, "/v1/documents/print", "A document for service; a decision carries a fresh access code", a.printDocument)
	route(j, "template-read", http.MethodGet, "/v1/templates/{kind}", "The court's template of a document", a.readTemplate)
	route(j, "template-write", http.MethodPut, "/v1/templates/{kind}", "Change the court's template of a document", a.writeTemplate)

	// Departments: reviews of their restrictions (3.12), measures kept on (3.13).
	const gate = "/v1/gates/{gate}"
	route(j, "restriction-review", http.MethodPost, gate+"/restriction-reviews", "Ask the department to review a restriction (3.12)", a.askRestrictionReview)
	route(j, "restriction-review-answer", http.MethodPost, gate+"/restriction-reviews/{id}/answer", "Answer a request to review a restriction (3.12)", a.answerRestrictionReview)
	route(j, "restriction-reviews-read", http.MethodGet, gate+"/restriction-reviews", "Requests to review restrictions, and their answers", a.restrictionReviews)
	route(j, "kept-measure", http.MethodPost, gate+"/kept-measures", "Keep a measure on after the listing ended, with its ground and end (3.13)", a.keepMeasure)
	route(j, "kept-measures-read", http.MethodGet, gate+"/kept-measures", "Measures that are kept on", a.keptMeasures)
}

// ListingPath names the listing that a request is about.
type ListingPath struct {
	ID string `path:"id" doc:"listing id, 26 letters and digits"`
}

// A Standing is how a listing stands after a step.
type Standing struct {
	Listing   gongxin.ListingID `json:"listing"`
	State     gongxin.State     `json:"state"`
	Step      gongxin.Step      `json:"step,omitempty" doc:"where an objection stands"`
	Sequence  uint64            `json:"sequence" doc:"position in the ledger of the listing's latest event"`
	Documents []Paper           `json:"documents" doc:"issued by this step"`
}

// A Paper names a document.
type Paper struct {
	Number string               `json:"number"`
	Kind   gongxin.DocumentKind `json:"kind"`
}

// Every step is answered with the listing's standing once it is durable.
type stateOutput struct{ Body Standing }

// do carries out the command that makes returns for the listing and the person
// who asks.
func (a *api) do(ctx context.Context, id string, makes func(gongxin.ListingID, gongxin.Actor) register.Command) (*stateOutput, error) {
	l, err := a.hub.listing(ctx, id)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.run(ctx, makes(l.ID, access.ActorFrom(ctx)))
}

func (a *api) run(ctx context.Context, c register.Command) (*stateOutput, error) {
	done, err := a.hub.Register.Carry(ctx, c)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &stateOutput{newStanding(done)}, nil
}

func newStanding(done register.Done) Standing {
	l := done.Listing
	s := Standing{Listing: l.ID, State: l.State, Step: l.Procedure.Step, Sequence: l.Sequence, Documents: []Paper{}}
	for _, d := range done.Documents {
		s.Documents = append(s.Documents, Paper{d.Number, d.Kind})
	}
	return s
}

// answer turns err into a problem, logs a fault of ours, and records who was
// turned away.
func (a *api) answer(ctx context.Context, err error) error {
	noteRefusal(ctx, err)
	p := newProblem(err)
	if p.Reference != "" {
		a.hub.Log.ErrorContext(ctx, "request failed", "reference", p.Reference, "err", err)
	}
	return p
}

// EntryFields are an entry as a court writes it, for commands in JSON.
type EntryFields struct {
	Fields    map[string]string `json:"fields" doc:"the document's field names and their values, as in a court's file (2.1.1, 2.1.2)"`
	NonPublic bool              `json:"nonpublic,omitempty" doc:"not fit for publication (2.1.4)"`
	Employer  string            `json:"employer,omitempty" maxLength:"200" doc:"所在单位, to be told of a listing that is not public or of a public servant (2.1.4, 3.8)"`
}

// ChangedFields are an entry as it is to stand, for commands that may leave it as it is.
type ChangedFields struct {
	Fields    map[string]string `json:"fields,omitempty" doc:"all fields as they are to stand; without them the entry stays as it is"`
	NonPublic bool              `json:"nonpublic,omitempty" doc:"with fields: not fit for publication (2.1.4)"`
	Employer  string            `json:"employer,omitempty" maxLength:"200" doc:"with fields: 所在单位"`
}

// entry checks the fields by the same rules as a row of a file.
func (a *api) entry(b EntryFields) (gongxin.Entry, error) {
	row, err := json.Marshal(b.Fields)
	if err != nil {
		return gongxin.Entry{}, fmt.Errorf("encode fields: %w", err)
	}
	f, err := intake.JSONRows(bytes.NewReader(row), a.hub.intakeOptions("fields"))
	if err != nil {
		return gongxin.Entry{}, err
	}
	r, err := f.Next()
	if err != nil {
		return gongxin.Entry{}, err
	}
	if err := r.Err(); err != nil {
		return gongxin.Entry{}, err
	}
	if r.Entry == nil {
		return gongxin.Entry{}, gongxin.Invalid("FIELDS_NOT_A_LISTING")
	}
	r.Entry.NonPublic, r.Entry.Employer = b.NonPublic, b.Employer
	return *r.Entry, nil
}

// changed is entry for fields that may be left out; nil then.
func (a *api) changed(b ChangedFields) (*gongxin.Entry, error) {
	if b.Fields == nil {
		return nil, nil
	}
	e, err := a.entry(EntryFields(b))
	return &e, err
}

type noticeInput struct {
	Body struct {
		EntryFields
		Served  gongxin.Day     `json:"served,omitzero" doc:"day on which the risk notice was served; without it the notice is drafted"`
		Service gongxin.Service `json:"service,omitempty" enum:"direct,left,mail,electronic,other_court,through,notice" doc:"with served: how"`
	}
}

func (a *api) serveNotice(ctx context.Context, in *noticeInput) (*stateOutput, error) {
	entry, err := a.entry(in.Body.EntryFields)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	by := access.ActorFrom(ctx)
	var c register.Command = register.DraftNotice{Entry: entry, By: by}
	if !in.Body.Served.IsZero() {
		c = register.ServeNotice{Entry: entry, Served: in.Body.Served, Service: in.Body.Service, By: by}
	}
	return a.run(ctx, c)
}

// serviceInput tells how and when a document reached the person.
type serviceInput struct {
	ListingPath
	Body struct {
		Service gongxin.Service `json:"service" enum:"direct,left,mail,electronic,other_court,through,notice" doc:"how"`
		On      gongxin.Day     `json:"on,omitzero" doc:"day of service; today if left out"`
	}
}

func (a *api) deliverNotice(ctx context.Context, in *serviceInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.DeliverNotice{Listing: id, Service: in.Body.Service, On: in.Body.On, By: by}
	})
}

type initiationInput struct {
	ListingPath
	Body struct {
		Motion gongxin.Motion `json:"motion" enum:"application,own_motion"`
		On     gongxin.Day    `json:"on,omitzero" doc:"day on which the application came in, or the court began"`
	}
}

func (a *api) initiate(ctx context.Context, in *initiationInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Initiate{Listing: id, Motion: in.Body.Motion, On: in.Body.On, By: by}
	})
}

type draftInput struct {
	ListingPath
	Body ChangedFields
}

func (a *api) draft(ctx context.Context, in *draftInput) (*stateOutput, error) {
	entry, err := a.changed(in.Body)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Propose{Listing: id, Entry: entry, By: by}
	})
}

// reasonInput gives reasons in words.
type reasonInput struct {
	ListingPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"4000"`
	}
}

func (a *api) returnDraft(ctx context.Context, in *reasonInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Return{Listing: id, Reason: in.Body.Reason, By: by}
	})
}

type dropInput struct {
	ListingPath
	Body struct {
		Ground gongxin.Ground `json:"ground,omitempty" enum:"performed,settled,closed" doc:"left out where the reason tells another"`
		Reason string         `json:"reason,omitempty" maxLength:"4000"`
	}
}

func (a *api) drop(ctx context.Context, in *dropInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Drop{Listing: id, Ground: in.Body.Ground, Reason: in.Body.Reason, By: by}
	})
}

// DecisionFields are the number and the day of a deciding document.
type DecisionFields struct {
	Decision string      `json:"decision,omitempty" maxLength:"100" doc:"number of the deciding document; given by the register if left out"`
	On       gongxin.Day `json:"on,omitzero" doc:"day of the decision; today if left out"`
}

type decisionInput struct {
	ListingPath
	Body DecisionFields
}

func (a *api) decide(ctx context.Context, in *decisionInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Decide{Listing: id, Decision: in.Body.Decision, On: in.Body.On, By: by}
	})
}

func (a *api) deliverDecision(ctx context.Context, in *serviceInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.DeliverDecision{Listing: id, Service: in.Body.Service, On: in.Body.On, By: by}
	})
}

func (a *api) publishListing(ctx context.Context, in *ListingPath) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Publish{Listing: id, By: by}
	})
}

type correctionInput struct {
	ListingPath
	Body struct {
		EntryFields
		Decision string `json:"decision,omitempty" maxLength:"100" doc:"number of the deciding document; given by the register if left out"`
		Reason   string `json:"reason,omitempty" maxLength:"4000"`
	}
}

func (a *api) correct(ctx context.Context, in *correctionInput) (*stateOutput, error) {
	entry, err := a.entry(in.Body.EntryFields)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Correct{Listing: id, Entry: entry, Decision: in.Body.Decision, Reason: in.Body.Reason, By: by}
	})
}

// suspensionInput is of a suspension and of its end.
type suspensionInput struct {
	ListingPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"4000"`
		DecisionFields
	}
}

func (a *api) suspend(ctx context.Context, in *suspensionInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Suspend{Listing: id, Reason: b.Reason, Decision: b.Decision, On: b.On, By: by}
	})
}

func (a *api) resume(ctx context.Context, in *suspensionInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Resume{Listing: id, Reason: b.Reason, Decision: b.Decision, On: b.On, By: by}
	})
}

type extensionInput struct {
	ListingPath
	Body struct {
		Until  gongxin.Day `json:"until" doc:"last day in force"`
		Reason string      `json:"reason" minLength:"1" maxLength:"4000"`
		DecisionFields
	}
}

func (a *api) extend(ctx context.Context, in *extensionInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Extend{Listing: id, Until: b.Until, Reason: b.Reason, Decision: b.Decision, On: b.On, By: by}
	})
}

type roundInput struct {
	ListingPath
	Body struct {
		On gongxin.Day `json:"on,omitzero" doc:"day of 终结本次执行程序; today if left out"`
	}
}

func (a *api) closeRound(ctx context.Context, in *roundInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.CloseRound{Listing: id, On: in.Body.On, By: by}
	})
}

type checkInput struct {
	ListingPath
	Body struct {
		Found bool        `json:"found" doc:"property that can be executed was found"`
		Lead  bool        `json:"lead" doc:"somebody gave a useful lead"`
		On    gongxin.Day `json:"on,omitzero"`
	}
}

func (a *api) check(ctx context.Context, in *checkInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Check{Listing: id, Found: b.Found, Lead: b.Lead, On: b.On, By: by}
	})
}

type groundInput struct {
	ListingPath
	Body struct {
		Ground gongxin.Ground `json:"ground" enum:"performed,settled,closed,creditor"`
		Reason string         `json:"reason,omitempty" maxLength:"4000"`
		On     gongxin.Day    `json:"on,omitzero" doc:"since when it is there"`
	}
}

func (a *api) ground(ctx context.Context, in *groundInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.RecordGround{Listing: id, Ground: b.Ground, Reason: b.Reason, On: b.On, By: by}
	})
}

type withdrawalInput struct {
	ListingPath
	Body struct {
		Ground gongxin.Ground `json:"ground" enum:"performed,settled,closed,no_property,security,creditor,early" doc:"why the listing ends (2.4, 5.8)"`
		DecisionFields
	}
}

func (a *api) withdraw(ctx context.Context, in *withdrawalInput) (*stateOutput, error) {
	b := in.Body
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Withdraw{Listing: id, Ground: b.Ground, Decision: b.Decision, On: b.On, By: by}
	})
}

func (a *api) revoke(ctx context.Context, in *decisionInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Revoke{Listing: id, Decision: in.Body.Decision, On: in.Body.On, By: by}
	})
}

func (a *api) tellEmployer(ctx context.Context, in *serviceInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.TellEmployer{Listing: id, Service: in.Body.Service, On: in.Body.On, By: by}
	})
}
