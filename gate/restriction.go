package gate

import (
	"context"
	"strings"
	"time"

	"gongxin"
)

// A Restriction is what stands under one reference: what a person who asks for
// review (3.12), and the officer who answers, need. It does not say who was screened.
type Restriction struct {
	Reference  string            `json:"reference"`
	State      string            `json:"state"` // "in_force", "lifted" or "referred"
	Department string            `json:"department"`
	Scenario   string            `json:"scenario"`
	At         time.Time         `json:"at"`
	Sequence   uint64            `json:"sequence"`                  // of the list that led to it
	LiftedAt   time.Time         `json:"lifted_at,omitzero"`        // of the last part
	LiftedBy   uint64            `json:"lifted_sequence,omitempty"` // sequence at which the last part was lifted
	Parts      []RestrictionPart `json:"parts"`
}

// A RestrictionPart is one listing under one measure.
type RestrictionPart struct {
	Listing  string      `json:"listing,omitempty"`
	Measure  string      `json:"measure,omitempty"`
	Clause   string      `json:"clause,omitempty"`
	Reason   string      `json:"reason"`
	State    string      `json:"state"`
	Until    gongxin.Day `json:"until,omitzero"`
	LiftedAt time.Time   `json:"lifted_at,omitzero"`
	LiftedBy uint64      `json:"lifted_sequence,omitempty"`
}

const (
	stateInForce  = "in_force"
	stateLifted   = "lifted"
	stateReferred = "referred"
)

// Restriction returns what stands under reference. Error: UNKNOWN_REFERENCE.
func (g *Gate) Restriction(ctx context.Context, reference string) (Restriction, error) {
	rows, err := g.outcomes.find(ctx, reference)
	if err == nil && len(rows) == 0 { // one part, as the hub names it
		if i := strings.LastIndexByte(reference, '-'); i > 0 {
			rows, err = g.outcomes.find(ctx, reference[:i])
		}
	}
	if err != nil {
		return Restriction{}, err
	}
	if len(rows) == 0 {
		return Restriction{}, gongxin.Missing("UNKNOWN_REFERENCE", reference)
	}
	today := gongxin.DayOf(g.config.Now())
	first := rows[0]
	r := Restriction{Reference: first.reference, State: stateReferred, Department: g.config.Department, Scenario: first.scenario, At: first.at, Sequence: first.sequence}
	for _, row := range rows {
		p := RestrictionPart{Listing: listingText(row.listing[:]), Measure: row.measure, Reason: row.reason, State: stateReferred, Until: row.until,
			LiftedAt: row.liftedAt, LiftedBy: row.liftedSequence}
		if m, ok := g.config.Catalogue.Measure(row.measure); ok {
			p.Clause = m.Clause
		}
		switch {
		case row.open() && (row.until.IsZero() || today <= row.until):
			p.State, r.State = stateInForce, stateInForce
		case row.kind == kindRestricted: // lifted, or its term has passed
			p.State = stateLifted
			if r.State != stateInForce {
				r.State = stateLifted
			}
			if row.liftedAt.After(r.LiftedAt) {
				r.LiftedAt, r.LiftedBy = row.liftedAt, row.liftedSequence
			}
		}
		r.Parts = append(r.Parts, p)
	}
	if r.State != stateLifted {
		r.LiftedAt, r.LiftedBy = time.Time{}, 0
	}
	return r, nil
}
