package gate

import (
	"context"
	"slices"

	"gongxin"
)

// differChanged ends what is remembered of listings that d changed, and erases it of
// those that left the list. Answers do not wait for it: what is remembered holds for
// the listing as it stood, and for no other state of it.
func (g *Gate) differChanged(ctx context.Context, d difference) {
	now := map[gongxin.ListingID]uint64{}
	for _, h := range d.put {
		if g.outcomes.differ.concerns(h.Listing) {
			now[h.Listing] = h.Sequence
		}
	}
	for _, l := range d.gone {
		if g.outcomes.differ.concerns(l.id) {
			now[l.id] = 0
		}
	}
	if len(now) == 0 {
		return
	}
	ids := make([]gongxin.ListingID, 0, len(now))
	for id := range now {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b gongxin.ListingID) int { return slices.Compare(a[:], b[:]) })
	err := g.outcomes.undistinguish(ctx, ids, func(id gongxin.ListingID) (uint64, error) { return now[id], nil }, gongxin.Millis(g.config.Now()))
	if err != nil {
		g.undiffered = true // housekeeping follows as soon as the disk lets it
		g.report(ctx, err)
	}
}

// differSettle does the same against the list as it is: after a start, after the
// list was fetched anew, and after a failure. The caller holds g.following.
func (g *Gate) differSettle(ctx context.Context) error {
	if !g.undiffered || !g.sure() {
		return nil
	}
	ids := g.outcomes.differ.listings()
	stands := func(id gongxin.ListingID) (uint64, error) {
		hit, in, err := g.listing(id)
		if err != nil || !in {
			return 0, err
		}
		return hit.Sequence, nil
	}
	if len(ids) > 0 {
		if err := g.outcomes.undistinguish(ctx, ids, stands, gongxin.Millis(g.config.Now())); err != nil {
			return err
		}
	}
	g.undiffered = false
	return nil
}
