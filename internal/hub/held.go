package hub

import (
	"context"
	"encoding/json"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// A Batch is a submission that was held, as the API tells it.
type Batch struct {
	ID           string            `json:"id"`
	Name         string            `json:"name" doc:"of the file"`
	By           string            `json:"by" doc:"who submitted it"`
	Court        gongxin.CourtCode `json:"court,omitzero" doc:"of who submitted it; none for one who submits for all courts"`
	Organisation string            `json:"organisation,omitempty"`
	Reason       string            `json:"reason" enum:"SURGE,DROP" doc:"too many new listings, or too many that end"`
	Listings     int               `json:"listings" doc:"new ones that it would put in force"`
	Withdrawals  int               `json:"withdrawals" doc:"listings in force that it would end"`
	InForce      uint64            `json:"in_force" doc:"listings in force when it came"`
	At           time.Time         `json:"at"`
	State        string            `json:"state" enum:"held,approved,applied,refused"`
	Decided      time.Time         `json:"decided,omitzero"`
	DecidedBy    string            `json:"decided_by,omitempty"`
	Refusal      string            `json:"refusal,omitempty" doc:"why it was refused"`
	Applied      time.Time         `json:"applied,omitzero" doc:"when it was in the register"`
	Summary      *Summary          `json:"summary,omitempty" doc:"what became of its records"`
}

// NewBatch tells of b what may be told.
func NewBatch(b store.Batch) Batch {
	out := Batch{ID: b.ID, Name: b.Name, By: b.By, Court: b.Court, Organisation: b.Organisation, Reason: b.Reason, Listings: b.Listings,
		Withdrawals: b.Withdrawals, InForce: b.InForce, At: b.At, State: "held", Decided: b.Decided, DecidedBy: b.DecidedBy, Applied: b.Applied}
	switch {
	case b.Outcome == store.Refused:
		out.State, out.Refusal = "refused", b.Note
	case b.Outcome == store.Approved && b.Applied.IsZero():
		out.State = "approved"
	case b.Outcome == store.Approved:
		var sum Summary
		if out.State = "applied"; json.Unmarshal([]byte(b.Note), &sum) == nil {
			out.Summary = &sum
		}
	}
	return out
}

// Held tells a submitter that nothing went in yet, and who can change that.
type Held struct {
	Code    string       `json:"code"` // BATCH_HELD
	Message gongxin.Text `json:"message"`
	Mend    gongxin.Text `json:"mend"`
	Batch   Batch        `json:"batch"`
}

// NewHeld tells that b is held.
func NewHeld(b store.Batch) Held {
	e := gongxin.Conflict("BATCH_HELD", b.ID, b.Listings, b.Withdrawals, b.InForce)
	return Held{Code: e.Code, Message: e.What(), Mend: e.Mend(), Batch: NewBatch(b)}
}

type batchesOutput struct {
	Body struct {
		Batches []Batch `json:"batches" doc:"those that wait for a decision first, then the newest"`
	}
}

// readBatches serves GET /v1/batches: those of the courts that the caller sees, and
// what they submitted themselves.
func (a *api) readBatches(ctx context.Context, _ *struct{}) (*batchesOutput, error) {
	out := new(batchesOutput)
	out.Body.Batches = []Batch{}
	err := a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		tree, err := a.hub.tree(ctx, v)
		if err != nil {
			return err
		}
		all, err := v.Batches(ctx, shownBatch)
		if err != nil {
			return err
		}
		c := access.CallerFrom(ctx)
		_, everything := tree.Courts(c)
		for _, b := range all {
			if everything || b.By == c.Actor.ID || tree.Sees(c, b.Court) {
				out.Body.Batches = append(out.Body.Batches, NewBatch(b))
			}
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// BatchPath names the batch that a request is about.
type BatchPath struct {
	ID string `path:"id" maxLength:"64"`
}

type batchOutput struct{ Body Batch }

// approveBatch serves POST /v1/batches/{id}/approval.
func (a *api) approveBatch(ctx context.Context, in *BatchPath) (*batchOutput, error) {
	return a.decideBatch(ctx, in.ID, store.Approved, "")
}

type batchRefusalInput struct {
	BatchPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

// refuseBatch serves POST /v1/batches/{id}/refusal.
func (a *api) refuseBatch(ctx context.Context, in *batchRefusalInput) (*batchOutput, error) {
	return a.decideBatch(ctx, in.ID, store.Refused, in.Body.Reason)
}

func (a *api) decideBatch(ctx context.Context, id, outcome, reason string) (*batchOutput, error) {
	b, err := a.hub.DecideBatch(ctx, id, access.ActorFrom(ctx), outcome, reason)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return &batchOutput{NewBatch(b)}, nil
}
