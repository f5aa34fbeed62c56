package hub

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/store"
)

// A Place is an event by its sequence, with its time.
type Place struct {
	Sequence uint64            `json:"sequence"`
	Event    gongxin.EventKind `json:"event"`
	At       time.Time         `json:"at"`
}

// A GateThen is what one department worked on at an instant.
type GateThen struct {
	Gate      string     `json:"gate"`
	Sequence  uint64     `json:"sequence" doc:"of the list that it had confirmed by then; 0 if none"`
	Applied   time.Time  `json:"applied,omitzero" doc:"when it had applied that, by its own clock"`
	Signed    bool       `json:"signed" doc:"it signed that"`
	Next      uint64     `json:"next,omitempty" doc:"the sequence that it confirmed next"`
	NextAt    time.Time  `json:"next_at,omitzero"`
	Confirmed bool       `json:"confirmed" doc:"it had confirmed the event by which the listing stood as it did"`
	InForce   bool       `json:"in_force" doc:"the listing counted in the list that it had confirmed"`
	Acts      []FirstAct `json:"acts" doc:"when it restricted or referred somebody because of the listing, until then"`
}

type stateAtInput struct {
	ListingPath
	At   time.Time `query:"at" required:"true" doc:"the instant, such as 2017-09-01T14:05:00+08:00"`
	Gate string    `query:"gate" maxLength:"64" doc:"also tell on which sequence this department worked then"`
}

type stateAtOutput struct {
	Body struct {
		Listing gongxin.ListingID `json:"listing"`
		At      time.Time         `json:"at"`
		InForce bool              `json:"in_force" doc:"the listing counted at that instant, by the hub's clock"`
		Since   *Place            `json:"since,omitempty" doc:"the event since which it counted, or did not count any more; none before the first"`
		Until   *Place            `json:"until,omitempty" doc:"the event that ended that; none as of now"`
		Counts  uint64            `json:"counts,omitempty" doc:"sequence of the event whose content counted"`
		Gate    *GateThen         `json:"gate,omitempty"`
	}
}

// stateAt serves GET /v1/listings/{id}/state?at=…: whether a listing was in force at
// an instant, and on which sequence a department acted. Errors: QUERY_PARAMETER for
// an instant to come, GATE_UNKNOWN.
func (a *api) stateAt(ctx context.Context, in *stateAtInput) (*stateAtOutput, error) {
	id, err := gongxin.ParseListingID(in.ID)
	if err == nil && (in.At.IsZero() || in.At.After(a.hub.Now())) {
		err = gongxin.Invalid("QUERY_PARAMETER", "at")
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(stateAtOutput)
	b := &out.Body
	b.At = in.At.UTC()
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		l, events, err := a.hub.history(ctx, v, id)
		if err != nil {
			return err
		}
		b.Listing = l.ID
		then := standingAt(forces(events), func(e store.Sequenced) bool { return !e.Event.At.After(in.At) })
		b.InForce, b.Since, b.Until, b.Counts = then.inForce, then.since, then.until, then.counts
		if in.Gate != "" {
			b.Gate, err = gateThen(ctx, v, in.Gate, id, in.At, events, then)
		}
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// A footing is how a listing stood at a place of its history.
type footing struct {
	inForce      bool
	since, until *Place
	counts       uint64 // the event whose content counted
	latest       uint64 // the event by which it stood so
}

// standingAt folds those events that lie within; the first that does not, and turns
// things, is what ended it.
func standingAt(events []store.Sequenced, within func(store.Sequenced) bool) (f footing) {
	for _, e := range events {
		in := e.Event.Kind.Force() != gongxin.ForceLeaves
		place := &Place{e.Sequence, e.Event.Kind, e.Event.At}
		switch {
		case within(e):
			if in != f.inForce {
				f.since = place
			}
			f.inForce, f.latest, f.counts = in, e.Sequence, 0
			if in {
				f.counts = e.Sequence
			}
		case in != f.inForce:
			f.until = place
			return f
		}
	}
	return f
}

// gateThen tells what a department had confirmed at an instant and did until then.
func gateThen(ctx context.Context, v *store.View, gate string, id gongxin.ListingID, at time.Time, events []store.Sequenced, then footing) (*GateThen, error) {
	g := &GateThen{Gate: gate, Acts: []FirstAct{}}
	receipts, err := v.ReceiptsAround(ctx, gate, at)
	if err != nil {
		return nil, err
	}
	if len(receipts) == 0 {
		return nil, gongxin.Missing("GATE_UNKNOWN", gate)
	}
	for _, r := range receipts {
		if r.At.After(at) {
			g.Next, g.NextAt = r.Sequence, r.At
			continue
		}
		g.Sequence, g.Applied, g.Signed = r.Sequence, r.At, len(r.Note) > 0
	}
	g.Confirmed = g.Sequence >= then.latest && then.latest != 0
	g.InForce = standingAt(forces(events), func(e store.Sequenced) bool { return e.Sequence <= g.Sequence }).inForce
	outcomes, err := v.OutcomesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		if o.Gate == gate && !o.At.After(at) && (o.Kind == store.Restricted || o.Kind == store.Referred) && len(g.Acts) < maxShown {
			g.Acts = append(g.Acts, FirstAct{o.Kind, o.At, o.Sequence})
		}
	}
	return g, nil
}
