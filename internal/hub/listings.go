package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/intake"
	"gongxin/internal/register"
	"gongxin/internal/store"
)

// Every command is answered with the listing's new state once it is durable.
type stateOutput struct {
	Body struct {
		Listing  gongxin.ListingID `json:"listing"`
		State    gongxin.State     `json:"state"`
		Sequence uint64            `json:"sequence" doc:"position in the ledger of the listing's latest event"`
	}
}

// ListingPath names the listing that a request is about.
type ListingPath struct {
	ID string `path:"id" doc:"listing id, 26 letters and digits"`
}

// do carries out the command that makes returns for the listing and the person
// who asks.
func (a *api) do(ctx context.Context, id string, make func(gongxin.ListingID, gongxin.Actor) register.Command) (*stateOutput, error) {
	listing, err := gongxin.ParseListingID(id)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.run(ctx, make(listing, access.ActorFrom(ctx)))
}

func (a *api) run(ctx context.Context, c register.Command) (*stateOutput, error) {
	l, err := a.hub.Register.Do(ctx, c)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(stateOutput)
	out.Body.Listing, out.Body.State, out.Body.Sequence = l.ID, l.State, l.Sequence
	return out, nil
}

// answer turns err into a problem and logs a fault of ours.
func (a *api) answer(ctx context.Context, err error) error {
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
	r.Entry.NonPublic = b.NonPublic
	return *r.Entry, nil
}

type noticeInput struct {
	Body struct {
		EntryFields
		Served gongxin.Day `json:"served" doc:"day on which the risk notice was served"`
	}
}

func (a *api) serveNotice(ctx context.Context, in *noticeInput) (*stateOutput, error) {
	entry, err := a.entry(in.Body.EntryFields)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.run(ctx, register.ServeNotice{Entry: entry, Served: in.Body.Served, By: access.ActorFrom(ctx)})
}

type decisionInput struct {
	ListingPath
	Body struct {
		Decision string `json:"decision" minLength:"1" maxLength:"100" doc:"number of the deciding document"`
	}
}

func (a *api) decide(ctx context.Context, in *decisionInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Decide{Listing: id, Decision: in.Body.Decision, By: by}
	})
}

type publicationInput struct{ ListingPath }

func (a *api) publishListing(ctx context.Context, in *publicationInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Publish{Listing: id, By: by}
	})
}

type correctionInput struct {
	ListingPath
	Body struct {
		EntryFields
		Decision string `json:"decision" minLength:"1" maxLength:"100" doc:"number of the deciding document"`
	}
}

func (a *api) correct(ctx context.Context, in *correctionInput) (*stateOutput, error) {
	entry, err := a.entry(in.Body.EntryFields)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Correct{Listing: id, Entry: entry, Decision: in.Body.Decision, By: by}
	})
}

type withdrawalInput struct {
	ListingPath
	Body struct {
		Ground   gongxin.Ground `json:"ground" enum:"performed,settled,closed,no_property,security" doc:"why the listing ends (2.4, 5.8)"`
		Decision string         `json:"decision" minLength:"1" maxLength:"100" doc:"number of the deciding document"`
		On       gongxin.Day    `json:"on" doc:"day of the withdrawal"`
	}
}

func (a *api) withdraw(ctx context.Context, in *withdrawalInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Withdraw{Listing: id, Ground: in.Body.Ground, Decision: in.Body.Decision, On: in.Body.On, By: by}
	})
}

type revocationInput struct {
	ListingPath
	Body struct {
		Decision string      `json:"decision" minLength:"1" maxLength:"100" doc:"number of the deciding document"`
		On       gongxin.Day `json:"on" doc:"day of the revocation"`
	}
}

func (a *api) revoke(ctx context.Context, in *revocationInput) (*stateOutput, error) {
	return a.do(ctx, in.ID, func(id gongxin.ListingID, by gongxin.Actor) register.Command {
		return register.Revoke{Listing: id, Decision: in.Body.Decision, On: in.Body.On, By: by}
	})
}

// A listing as officers of court and centre read it: the number masked.
type listingOutput struct {
	Body struct {
		Listing   gongxin.ListingID  `json:"listing"`
		State     gongxin.State      `json:"state"`
		Origin    gongxin.Origin     `json:"origin"`
		Case      gongxin.CaseNumber `json:"case"`
		Court     string             `json:"court"`
		Name      string             `json:"name"`
		Number    string             `json:"number" doc:"masked"`
		Severity  gongxin.Severity   `json:"severity"`
		Published gongxin.Day        `json:"published"`
		Until     gongxin.Day        `json:"until"`
		NonPublic bool               `json:"nonpublic"`
		History   []historyStep      `json:"history"`
	}
}

type historyStep struct {
	Sequence uint64            `json:"sequence"`
	Event    gongxin.EventKind `json:"event"`
	At       time.Time         `json:"at"`
	By       string            `json:"by"`
	Ground   gongxin.Ground    `json:"ground,omitempty"`
	Decision string            `json:"decision,omitempty"`
	On       gongxin.Day       `json:"on,omitzero"`
}

func (a *api) readListing(ctx context.Context, in *ListingPath) (*listingOutput, error) {
	id, err := gongxin.ParseListingID(in.ID)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(listingOutput)
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		l, err := v.Listing(ctx, id)
		if err != nil {
			return err
		}
		if by := access.ActorFrom(ctx); by.Role != gongxin.RoleOperator && !by.ActsFor(l.Entry.Court) {
			return gongxin.Forbidden("NOT_ENTITLED", by.Role, l.Entry.Court)
		}
		events, err := v.Events(ctx, id)
		if err != nil {
			return err
		}
		b := &out.Body
		b.Listing, b.State, b.Origin, b.Case, b.Court = l.ID, l.State, l.Origin, l.Entry.Case, l.Entry.CourtName
		b.Name, b.Number, b.Severity = l.Entry.Subject.Name, l.Entry.Subject.Number.String(), l.Entry.Severity
		b.Published, b.Until, b.NonPublic = l.Entry.Published, l.Entry.Until, l.Entry.NonPublic
		for _, e := range events {
			b.History = append(b.History, historyStep{e.Sequence, e.Event.Kind, e.Event.At, e.Event.By.ID, e.Event.Ground, e.Event.Decision, e.Event.On})
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}
