package gate

import (
	"gongxin"
	"gongxin/identity"
	"gongxin/screen"
)

// What those who watch need to know of the list as answers come from it.

// sequence is the one that answers are as of.
func (g *Gate) sequence() uint64 { return g.view.Load().sequence }

// sure tells whether the gate may say of anybody that a listing is in force: its copy
// is fresh and whole, and the hub has not contradicted itself.
func (g *Gate) sure() bool {
	return g.view.Load().fresh(g.config.Now()) && !g.loading.Load() && g.fork.Load() == nil
}

// informed tells whether the gate holds a list at all, by which something can have ended.
func (g *Gate) informed() bool { return !g.view.Load().asOf.IsZero() && !g.loading.Load() }

// markOf returns what stands for number in the list.
func (g *Gate) markOf(number identity.Number) screen.Mark { return g.view.Load().list.Mark(number) }

// lookup returns the listings of number.
func (g *Gate) lookup(number identity.Number) (hits []screen.Hit, err error) {
	_, err = g.newest(func(v *view) (err error) {
		hits, err = v.list.Lookup(number, nil)
		return err
	})
	return hits, err
}

// eachListing gives each listing in force with the mark of its number. The caller
// holds g.following.
func (g *Gate) eachListing(take func(gongxin.ListingID, screen.Mark)) error {
	return g.state.list.View().All(func(r screen.Row) error {
		take(r.Listing, r.Mark)
		return nil
	})
}
