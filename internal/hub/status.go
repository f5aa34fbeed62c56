package hub

import (
	"context"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/web"
)

// shownListings bounds the listings on the status page.
const shownListings = 20

// Status implements web.Source: how far the list has travelled, in public terms.
func (h *Hub) Status(ctx context.Context) (s web.Status, err error) {
	s.Hub = web.Hub{VerifierKey: h.VerifierKey, Exercise: h.Exercise}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		head, err := v.Head(ctx)
		if err != nil {
			return err
		}
		s.Head = web.Head{Sequence: head.Size, InForce: head.Count, At: head.At}
		gates, err := v.Gates(ctx)
		if err != nil {
			return err
		}
		for _, g := range gates {
			held, err := h.lastWord(ctx, v, g)
			if err != nil {
				return err
			}
			s.Gates = append(s.Gates, web.Gate{
				Name: g.Gate, Organisation: g.Organisation, Sequence: g.Sequence, Receipt: g.At, Agrees: held.agrees,
				Receipts: g.Receipts, Open: g.Restricted - g.Lifted, Lifted: g.Lifted, Referred: g.Referred,
			})
		}
		if s.Late, err = h.shownLate(ctx, v); err != nil {
			return err
		}
		recent, err := v.Recent(ctx, shownListings)
		if err != nil {
			return err
		}
		for _, l := range recent {
			shown, ok := web.NewListing(l)
			if !ok {
				continue
			}
			if err := way(ctx, v, l, gates, &shown); err != nil {
				return err
			}
			s.Listings = append(s.Listings, shown)
		}
		return nil
	})
	return s, err
}

// shownLate is who is late, as pages name them: the department, and nothing of any listing.
func (h *Hub) shownLate(ctx context.Context, v *store.View) (shown []web.LateGate, err error) {
	late, err := h.lateGates(ctx, v)
	for _, g := range late {
		shown = append(shown, web.LateGate{Name: g.Gate, Organisation: g.Organisation, Behind: g.Behind, Since: g.Since})
	}
	return shown, err
}

// way fills in when l came into force, and ended or was suspended, and when each
// gate had applied that.
func way(ctx context.Context, v *store.View, l gongxin.Listing, gates []store.Gate, shown *web.Listing) error {
	events, err := v.Events(ctx, l.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		switch kind := e.Event.Kind; {
		case kind.Force() == gongxin.ForceEnters:
			shown.Begin = web.Step{Sequence: e.Sequence, At: e.Event.At}
		case kind == gongxin.ListingSuspended && l.State == gongxin.Suspended:
			shown.End = web.Step{Sequence: e.Sequence, At: e.Event.At}
		}
	}
	for _, step := range []*web.Step{&shown.Begin, &shown.End} {
		if step.Sequence == 0 {
			continue
		}
		applied, err := v.Applied(ctx, step.Sequence)
		if err != nil {
			return err
		}
		lifted := map[string]int{}
		if step == &shown.End {
			if lifted, err = v.Lifted(ctx, l.ID); err != nil {
				return err
			}
		}
		for _, g := range gates {
			step.Arrivals = append(step.Arrivals, web.Arrival{Gate: g.Organisation, At: applied[g.Gate], Lifted: lifted[g.Gate]})
		}
	}
	return nil
}
