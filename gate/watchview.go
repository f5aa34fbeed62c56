package gate

import (
	"context"

	"gongxin"
	"gongxin/identity"
	"gongxin/screen"
)

// What those who watch need to know of the list as answers come from it.

// sequence is the one that answers are as of.
func (g *Gate) sequence() uint64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.view.sequence
}

// sure tells whether the gate may say of anybody that a listing is in force: its copy
// is fresh and whole, and the hub has not contradicted itself.
func (g *Gate) sure() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.view.fresh(g.config.Now()) && !g.loading && g.fork.Load() == nil
}

// informed tells whether the gate holds a list at all, by which something can have ended.
func (g *Gate) informed() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return !g.view.asOf.IsZero() && !g.loading
}

// markOf returns what stands for number in the list.
func (g *Gate) markOf(number identity.Number) screen.Mark { return g.index.Mark(number) }

// lookup returns the listings of number.
func (g *Gate) lookup(number identity.Number) ([]screen.Hit, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.index.Lookup(number, nil), nil
}

// eachListing gives each listing in force with the mark of its number. The caller
// holds g.following.
func (g *Gate) eachListing(take func(gongxin.ListingID, screen.Mark)) error {
	type marked struct {
		id  gongxin.ListingID
		tag screen.Mark
	}
	scan := func(row scanner) (m marked, err error) {
		var id, tag []byte
		if err = row.Scan(&id, &tag); err == nil {
			copy(m.id[:], id)
			copy(m.tag.Tag[:], tag)
		}
		return m, err
	}
	return each(context.Background(), g.state.db, scan, func(m marked) { take(m.id, m.tag) }, `SELECT id, tag FROM listings`)
}
