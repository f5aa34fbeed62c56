package hub

import (
	"context"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// shownTraces bounds a list of disclosures or refusals.
const shownTraces = 1000

// Period chooses the days of a record of access, both inclusive.
type Period struct {
	From string `query:"from" doc:"first day, such as 2017-03-01; today if not given"`
	To   string `query:"to" doc:"last day; that of from if not given"`
}

// bounds gives the instants from which and before which p lies. Error: QUERY_PARAMETER.
func (p Period) bounds(today gongxin.Day) (from, before time.Time, err error) {
	first, err := day(p.From, "from", today)
	if err != nil {
		return from, before, err
	}
	last, err := day(p.To, "to", first)
	if err != nil {
		return from, before, err
	}
	return first.Start(), last.Add(1).Start(), nil
}

// day reads a day in a query; without one it is otherwise.
func day(s, parameter string, otherwise gongxin.Day) (gongxin.Day, error) {
	if s == "" {
		return otherwise, nil
	}
	d, err := gongxin.ParseDay(s)
	if err != nil || d.IsZero() {
		return 0, gongxin.Invalid("QUERY_PARAMETER", parameter)
	}
	return d, nil
}

// A Disclosure is one use of a full identifier, as the API tells it.
type Disclosure struct {
	At           time.Time         `json:"at"`
	By           string            `json:"by"`
	Role         gongxin.Role      `json:"role"`
	Organisation string            `json:"organisation,omitempty"`
	Operation    string            `json:"operation"`
	Listing      gongxin.ListingID `json:"listing,omitzero"`
	Purpose      string            `json:"purpose" doc:"as the person stated it"`
}

type disclosuresOutput struct {
	Body struct {
		Disclosures []Disclosure `json:"disclosures"`
		More        bool         `json:"more" doc:"there are more in this period: ask for a shorter one"`
	}
}

// Disclosures returns at most limit of the uses of full identifiers in a period.
func (h *Hub) Disclosures(ctx context.Context, from, before time.Time, limit int) (all []access.Disclosure, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.Disclosures(ctx, from, before, limit)
		return err
	})
	return all, err
}

// Refusals returns at most limit of those who were turned away in a period.
func (h *Hub) Refusals(ctx context.Context, from, before time.Time, limit int) (all []access.Refusal, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.Refusals(ctx, from, before, limit)
		return err
	})
	return all, err
}

// readAccessLog serves GET /v1/access-log: an auditor reads all, a supervisor what
// concerns listings of the courts that they oversee.
func (a *api) readAccessLog(ctx context.Context, in *Period) (*disclosuresOutput, error) {
	from, before, err := in.bounds(gongxin.DayOf(a.hub.Now()))
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(disclosuresOutput)
	out.Body.Disclosures = []Disclosure{}
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err := v.Disclosures(ctx, from, before, shownTraces+1)
		if err != nil {
			return err
		}
		if out.Body.More = len(all) > shownTraces; out.Body.More {
			all = all[:shownTraces]
		}
		sees := map[gongxin.ListingID]bool{}
		for _, d := range all {
			visible, known := sees[d.Listing]
			if !known {
				if visible, err = a.seesTrace(ctx, v, d.Listing); err != nil {
					return err
				}
				sees[d.Listing] = visible
			}
			if visible {
				out.Body.Disclosures = append(out.Body.Disclosures, Disclosure(d))
			}
		}
		return nil
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// seesTrace tells whether the caller may see what concerns a listing. Of one that
// was erased the court is forgotten; who sees all courts sees it still.
func (a *api) seesTrace(ctx context.Context, v *store.View, id gongxin.ListingID) (bool, error) {
	tree, err := a.hub.tree(ctx, v)
	if err != nil {
		return false, err
	}
	c := access.CallerFrom(ctx)
	if _, all := tree.Courts(c); all {
		return true, nil
	}
	l, err := v.Listing(ctx, id)
	if gongxin.KindOf(err) == gongxin.KindMissing {
		return false, nil
	}
	return err == nil && tree.Sees(c, l.Entry.Court), err
}

// A Refusal is one attempt that was turned away, as the API tells it.
type Refusal struct {
	At        time.Time         `json:"at"`
	By        string            `json:"by,omitempty" doc:"as far as it was known"`
	Operation string            `json:"operation"`
	Code      string            `json:"code" doc:"why, more exactly than who was turned away was told"`
	From      string            `json:"from" doc:"network address; of IPv6 the network"`
	Listing   gongxin.ListingID `json:"listing,omitzero"`
}

type refusalsOutput struct {
	Body struct {
		Refusals []Refusal `json:"refusals"`
		More     bool      `json:"more" doc:"there are more in this period: ask for a shorter one"`
	}
}

// readRefusals serves GET /v1/refusals.
func (a *api) readRefusals(ctx context.Context, in *Period) (*refusalsOutput, error) {
	from, before, err := in.bounds(gongxin.DayOf(a.hub.Now()))
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	all, err := a.hub.Refusals(ctx, from, before, shownTraces+1)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(refusalsOutput)
	if out.Body.More = len(all) > shownTraces; out.Body.More {
		all = all[:shownTraces]
	}
	out.Body.Refusals = make([]Refusal, len(all))
	for i, f := range all {
		out.Body.Refusals[i] = Refusal(f)
	}
	return out, nil
}
