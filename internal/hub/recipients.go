package hub

import (
	"context"
	"slices"
	"time"

	"gongxin"
	"gongxin/internal/store"
)

// A Recipient is a department's gate that follows the list, and what became of
// the listing there.
type Recipient struct {
	Gate         string        `json:"gate"`
	Organisation string        `json:"organisation" doc:"empty until the gate has confirmed anything"`
	Applied      time.Time     `json:"applied,omitzero" doc:"when the listing had reached it; none if that is not confirmed"`
	Ended        time.Time     `json:"ended,omitzero" doc:"when the end of the listing had reached it; none if that is not confirmed"`
	Restrictions []Restriction `json:"restrictions" doc:"imposed because of this listing"`
	Kept         []KeptMeasure `json:"kept" doc:"measures kept on after the end, with ground and last day (3.13)"`
	Reviews      []Review      `json:"reviews" doc:"requests to review a restriction (3.12)"`
}

// A Restriction counts what a gate did by one measure in one business.
type Restriction struct {
	Scenario string    `json:"scenario"`
	Measure  string    `json:"measure"`
	Imposed  int       `json:"imposed"`
	Lifted   int       `json:"lifted"`
	LiftedAt time.Time `json:"lifted_at,omitzero" doc:"the latest lift"`
}

// recipients tells who received l: nobody before it was in force, and everybody
// who follows the list since, also after its end.
func recipients(ctx context.Context, v *store.View, l gongxin.Listing, events []store.Sequenced) ([]Recipient, error) {
	begin := uint64(0)
	for _, e := range events {
		if e.Event.Kind.Force() == gongxin.ForceEnters && begin == 0 {
			begin = e.Sequence
		}
	}
	if begin == 0 {
		return []Recipient{}, nil
	}
	gates, err := v.Gates(ctx)
	if err != nil {
		return nil, err
	}
	applied, err := v.Applied(ctx, begin)
	if err != nil {
		return nil, err
	}
	var ended map[string]time.Time
	if l.Exit.Sequence != 0 {
		if ended, err = v.Applied(ctx, l.Exit.Sequence); err != nil {
			return nil, err
		}
	}
	outcomes, err := v.OutcomesOf(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	kept, err := v.KeptOf(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	reviews, err := v.RestrictionReviewsOf(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	all := []Recipient{}
	at := map[string]int{}
	of := func(gate string) *Recipient {
		i, ok := at[gate]
		if !ok { // one that has confirmed nothing and yet acted
			i = len(all)
			at[gate] = i
			all = append(all, Recipient{Gate: gate, Restrictions: []Restriction{}, Kept: []KeptMeasure{}, Reviews: []Review{}})
		}
		return &all[i]
	}
	for _, g := range gates {
		r := of(g.Gate)
		r.Organisation, r.Applied, r.Ended = g.Organisation, applied[g.Gate], ended[g.Gate]
	}
	for _, o := range outcomes {
		of(o.Gate).count(o)
	}
	for _, k := range kept {
		r := of(k.Gate)
		r.Kept = append(r.Kept, newKept(k))
	}
	for _, review := range reviews {
		r := of(review.Gate)
		r.Reviews = append(r.Reviews, newReview(review))
	}
	return all, nil
}

// count adds what a gate reported to what it did by the same measure in the same
// business.
func (r *Recipient) count(o store.Outcome) {
	if o.Kind != store.Restricted && o.Kind != store.Lifted {
		return
	}
	i := slices.IndexFunc(r.Restrictions, func(x Restriction) bool { return x.Scenario == o.Scenario && x.Measure == o.Measure })
	if i < 0 {
		i = len(r.Restrictions)
		r.Restrictions = append(r.Restrictions, Restriction{Scenario: o.Scenario, Measure: o.Measure})
	}
	x := &r.Restrictions[i]
	switch o.Kind {
	case store.Restricted:
		x.Imposed++
	case store.Lifted:
		x.Lifted, x.LiftedAt = x.Lifted+1, o.At
	}
}
