package gate

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin"
)

// A Restriction is what stands under one reference: what a person who asks for
// review (3.12), and the officer who answers, need. It does not say who was screened.
type Restriction struct {
	Reference  string            `json:"reference"`
	State      string            `json:"state"` // "in_force", "kept", "lifted" or "referred"; the first of them that a part is in
	Department string            `json:"department"`
	Scenario   string            `json:"scenario"`
	At         time.Time         `json:"at"`
	Sequence   uint64            `json:"sequence"`                  // of the list that led to it
	LiftedAt   time.Time         `json:"lifted_at,omitzero"`        // of the last part
	LiftedBy   uint64            `json:"lifted_sequence,omitempty"` // sequence at which the last part was lifted
	Parts      []RestrictionPart `json:"parts"`
	Review     *Review           `json:"review,omitempty"` // of the department, if one was asked for
}

// A RestrictionPart is one listing under one measure.
type RestrictionPart struct {
	Listing  string          `json:"listing,omitempty"`
	Measure  string          `json:"measure,omitempty"`
	Clause   string          `json:"clause,omitempty"`
	Reason   string          `json:"reason"`
	State    string          `json:"state"`
	Until    gongxin.Day     `json:"until,omitzero"`    // last day of the listing
	Because  *gongxin.Reason `json:"because,omitempty"` // why it was lifted, or why its listing does not bind while it is kept on
	LiftedAt time.Time       `json:"lifted_at,omitzero"`
	LiftedBy uint64          `json:"lifted_sequence,omitempty"`
	Kept     *Kept           `json:"kept,omitempty"` // what was stated for keeping it on after its listing ends
}

// Kept is what the department stated for keeping a restriction on (3.13).
type Kept struct {
	Ground string      `json:"ground"`
	Until  gongxin.Day `json:"until"` // last day; the gate lifts it the day after
	By     string      `json:"by"`
	At     time.Time   `json:"at"`
	Since  time.Time   `json:"since,omitzero"` // when its listing ended; zero while that is in force
}

const (
	stateInForce  = "in_force"
	stateKept     = "kept"
	stateLifted   = "lifted"
	stateReferred = "referred"
)

const readStandingReferences = `SELECT DISTINCT reference FROM outcomes WHERE kind = 'restricted' AND lifted_at = 0 AND (ended_at <> 0) = $1 AND reference > $2
	ORDER BY reference LIMIT $3`

// Restriction returns what stands under reference. Error: UNKNOWN_REFERENCE.
func (g *Gate) Restriction(ctx context.Context, reference string) (Restriction, error) {
	rows, err := g.outcomes.rowsOf(ctx, reference)
	if err == nil && rows[0].reference != reference { // one part, as the hub names it: all of it is told
		rows, err = g.outcomes.rowsOf(ctx, rows[0].reference)
	}
	if err != nil {
		return Restriction{}, err
	}
	return g.restriction(ctx, rows)
}

// Restrictions returns the restrictions of which a part is "in_force" or "kept", in
// the order of their references, after that of after, at most limit. Error: GATE_STATE_UNKNOWN.
func (g *Gate) Restrictions(ctx context.Context, state, after string, limit int) ([]Restriction, error) {
	if state != stateInForce && state != stateKept {
		return nil, gongxin.Invalid("GATE_STATE_UNKNOWN", state, stateInForce+", "+stateKept)
	}
	references, err := g.outcomes.references(ctx, state == stateKept, after, limit)
	if err != nil {
		return nil, err
	}
	found := make([]Restriction, 0, len(references))
	for _, reference := range references {
		r, err := g.Restriction(ctx, reference)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, nil
}

// rank orders the states of parts: the restriction is in the first that one of them is in.
var rank = map[string]int{stateInForce: 3, stateKept: 2, stateLifted: 1, stateReferred: 0}

func (g *Gate) restriction(ctx context.Context, rows []outcome) (Restriction, error) {
	now := gongxin.Millis(g.config.Now())
	first := rows[0]
	r := Restriction{Reference: first.reference, State: stateReferred, Department: g.config.Department, Scenario: first.scenario, At: first.at, Sequence: first.sequence}
	for _, row := range rows {
		p := g.part(row, row.on(now, row.sequence)) // its term, or the end of keeping it, may have passed a moment ago
		if rank[p.State] > rank[r.State] {
			r.State = p.State
		}
		if p.LiftedAt.After(r.LiftedAt) {
			r.LiftedAt, r.LiftedBy = p.LiftedAt, p.LiftedBy
		}
		r.Parts = append(r.Parts, p)
	}
	if r.State != stateLifted {
		r.LiftedAt, r.LiftedBy = time.Time{}, 0
	}
	review, filed, err := g.outcomes.reviewOf(ctx, r.Reference)
	if filed {
		told := review.told()
		r.Review = &told
	}
	return r, err
}

// part tells of row, which is like today by now.
func (g *Gate) part(row, today outcome) RestrictionPart {
	p := RestrictionPart{Listing: listingText(row.listing[:]), Measure: row.measure, Reason: row.reason, State: stateReferred, Until: row.until,
		LiftedAt: row.liftedAt, LiftedBy: row.liftedSequence}
	if m, ok := g.config.Catalogue.Measure(row.measure); ok {
		p.Clause = m.Clause
	}
	switch {
	case today.open():
		p.State = stateInForce
	case today.kept():
		p.State = stateKept
	case row.kind == kindRestricted:
		p.State = stateLifted
	}
	if today.why != "" {
		p.Because = &gongxin.Reason{Code: today.why, Text: text(today.why)}
	}
	if k := row.keep; k.ground != "" {
		p.Kept = &Kept{Ground: k.ground, Until: k.until, By: k.by, At: k.at, Since: row.endedAt}
	}
	return p
}

// partsOf returns the rows of a reference, in the order of their parts, or the one
// part that the hub knows by it. Error: UNKNOWN_REFERENCE.
func partsOf(ctx context.Context, db querier, reference string) ([]outcome, error) {
	rows, err := query(ctx, db, scanOutcome, readOutcome, reference)
	if i := strings.LastIndexByte(reference, '-'); err == nil && len(rows) == 0 && i > 0 {
		part, malformed := strconv.Atoi(reference[i+1:])
		if malformed == nil && part > 0 {
			rows, err = query(ctx, db, scanOutcome, readOutcome, reference[:i])
			rows = slices.DeleteFunc(rows, func(r outcome) bool { return r.part != part })
		}
	}
	if err == nil && len(rows) == 0 {
		err = gongxin.Missing("UNKNOWN_REFERENCE", reference)
	}
	return rows, err
}

func (o *outcomes) rowsOf(ctx context.Context, reference string) ([]outcome, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return partsOf(ctx, o.db, reference)
}

func (o *outcomes) reviewOf(ctx context.Context, reference string) (review, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.review(ctx, o.db, reference)
}

// references returns the references after after of which a part stands, kept on or in force.
func (o *outcomes) references(ctx context.Context, kept bool, after string, limit int) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return query(ctx, o.db, func(row scanner) (reference string, err error) { return reference, row.Scan(&reference) }, readStandingReferences, kept, after, limit)
}
