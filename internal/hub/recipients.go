package hub

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/store"
)

// A Recipient is a department's gate that follows the list, and what became of
// the listing there.
type Recipient struct {
	Gate         string        `json:"gate"`
	Organisation string        `json:"organisation"`
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
	restrictions, err := restrictionsOf(ctx, v, l.ID)
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
	all := make([]Recipient, 0, len(gates))
	for _, g := range gates {
		r := Recipient{Gate: g.Gate, Organisation: g.Organisation, Applied: applied[g.Gate], Ended: ended[g.Gate], Restrictions: restrictions[g.Gate],
			Kept: []KeptMeasure{}, Reviews: []Review{}}
		if r.Restrictions == nil {
			r.Restrictions = []Restriction{}
		}
		for _, k := range kept {
			if k.Gate == g.Gate {
				r.Kept = append(r.Kept, newKept(k))
			}
		}
		for _, review := range reviews {
			if review.Gate == g.Gate {
				r.Reviews = append(r.Reviews, newReview(review))
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// restrictionsOf counts what each gate reported for a listing, in the order in
// which it first happened.
func restrictionsOf(ctx context.Context, v *store.View, id gongxin.ListingID) (map[string][]Restriction, error) {
	outcomes, err := v.OutcomesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	type key struct{ gate, scenario, measure string }
	at := map[key]int{}
	all := map[string][]Restriction{}
	for _, o := range outcomes {
		if o.Kind != store.Restricted && o.Kind != store.Lifted {
			continue
		}
		k := key{o.Gate, o.Scenario, o.Measure}
		i, ok := at[k]
		if !ok {
			i = len(all[o.Gate])
			at[k] = i
			all[o.Gate] = append(all[o.Gate], Restriction{Scenario: o.Scenario, Measure: o.Measure})
		}
		r := &all[o.Gate][i]
		switch o.Kind {
		case store.Restricted:
			r.Imposed++
		case store.Lifted:
			r.Lifted, r.LiftedAt = r.Lifted+1, o.At
		}
	}
	return all, nil
}
