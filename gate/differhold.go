package gate

import (
	"context"
	"slices"
	"sync"

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

// A pair is an applicant and a listing.
type pair struct {
	applicant person
	listing   gongxin.ListingID
}

// A differing holds in memory what is remembered, so that who asks waits for no disk.
type differing struct {
	mu    sync.RWMutex
	holds map[pair]distinction
	of    map[gongxin.ListingID]int // rows of each listing, also ended ones
}

func (m *differing) none() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.holds) == 0
}

// find returns what is remembered of applicant and listing, if that stands as it
// did at sequence.
func (m *differing) find(applicant person, listing gongxin.ListingID, sequence uint64) (distinction, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	d, ok := m.holds[pair{applicant, listing}]
	return d, ok && d.sequence == sequence
}

// put takes d in the place of what was known of it; fresh says that its row is new.
func (m *differing) put(d distinction, fresh bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holds == nil {
		m.holds, m.of = map[pair]distinction{}, map[gongxin.ListingID]int{}
	}
	if fresh {
		m.of[d.listing]++
	}
	p := pair{d.applicant, d.listing}
	if d.holds() {
		m.holds[p] = d
	} else if m.holds[p].reference == d.reference {
		delete(m.holds, p)
	}
}

// drop forgets all of listing.
func (m *differing) drop(listing gongxin.ListingID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.of, listing)
	for p := range m.holds {
		if p.listing == listing {
			delete(m.holds, p)
		}
	}
}

// listings are those of which something is on record.
func (m *differing) listings() (ids []gongxin.ListingID) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for id := range m.of {
		ids = append(ids, id)
	}
	return ids
}

// concerns tells whether something is on record of listing.
func (m *differing) concerns(listing gongxin.ListingID) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.of[listing] > 0
}
