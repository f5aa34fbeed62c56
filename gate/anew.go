package gate

import (
	"context"
	"errors"
	"fmt"

	"gongxin"
	"gongxin/feed"
	"gongxin/screen"
)

// An anew keeps a list that is being fetched as a whole (feed.Preparer).
type anew struct {
	rows
	list    *screen.Builder
	was     func(gongxin.ListingID) (screen.Row, bool, error) // the list before
	open    map[gongxin.ListingID]int                         // on whose account somebody is restricted
	earlier *earlier                                          // the list of an earlier version
}

func (g *Gate) newAnew(list *screen.Builder) *anew {
	return &anew{rows: *rowsOf(list.Get), list: list, was: g.state.list.View().Get, open: g.outcomes.standing(), earlier: g.earlier}
}

// Expect makes room for the listings of the snapshot (feed.Preparer).
func (a *anew) Expect(listings uint64) { a.list.Expect(listings) }

// Prepare makes rows of listings of the snapshot, side by side with others
// (feed.Preparer).
func (a *anew) Prepare(changes []feed.Change) (keep func() error) {
	put := make([]screen.Row, len(changes))
	for i := range changes {
		c, r := &changes[i], &put[i]
		if c.Event.Entry == nil {
			return func() error { return gongxin.Conflict("FEED_HISTORY", c.Sequence) }
		}
		r.Listing, r.Sequence, r.Element, r.Entry = c.Event.Listing, c.Sequence, c.Element, a.list.Entry(*c.Event.Entry)
		if c.Event.Kind.Force() == gongxin.ForceEnters {
			r.Since = c.Sequence
		}
	}
	return func() error {
		for i := range put {
			if a.open[put[i].Listing] > 0 {
				if err := a.whose(&put[i], changes[i].Event.Entry.Subject); err != nil {
					return err
				}
			}
		}
		return a.list.Add(put)
	}
}

// whose notes whether the listing of r, which restricts somebody, was another
// person's in the list before. For the others it does not matter.
func (a *anew) whose(r *screen.Row, subject gongxin.Subject) error {
	same, known := a.earlier.isSame(r.Listing, subject)
	if !known {
		was, in, err := a.was(r.Listing)
		switch {
		case damage(err): // that is why the list is fetched anew: the record of outcomes says whose it was
		case err != nil:
			return err
		default:
			same, known = in && samePerson(was.Entry, r.Entry), in
		}
	}
	if known && !same {
		r.Whose = r.Sequence
	}
	return nil
}

// Apply takes changes that follow the snapshot.
func (a *anew) Apply(changes []feed.Change) error {
	defer clear(a.read) // it will be otherwise
	d, err := reduce(changes, a.list.Entry, a.row)
	if err != nil {
		return err
	}
	subjects := map[gongxin.ListingID]gongxin.Subject{}
	for i := range changes {
		if e := &changes[i].Event; e.Entry != nil && a.open[e.Listing] > 0 {
			subjects[e.Listing] = e.Entry.Subject
		}
	}
	for i := range d.put {
		r := &d.put[i]
		if subject, ok := subjects[r.Listing]; ok && !d.was[i] && r.Whose == 0 {
			if err := a.whose(r, subject); err != nil {
				return err
			}
		}
	}
	return a.list.Write(d.put, d.leaving())
}

// fetchAnew fetches the list as a snapshot beside the present one and, once all of it
// is verified, lets it take that one's place. Until then, and if it fails, nothing
// changes.
func (g *Gate) fetchAnew(ctx context.Context) error {
	g.following.Lock()
	defer g.following.Unlock()
	return g.build(ctx, func(list *screen.Builder) (feed.Position, error) {
		into := g.newAnew(list)
		at, err := feed.Bootstrap(ctx, g.config.Source, g.follower, g.known(), into)
		return at, errors.Join(err, into.fault)
	})
}

// begin puts an empty list at the position at in the place of the present one. Who
// is restricted stays so until the new list is there. The caller holds g.following.
func (g *Gate) begin(ctx context.Context, at feed.Position) error {
	return g.build(ctx, func(*screen.Builder) (feed.Position, error) { return at, nil })
}

// beginAgain begins from the beginning of the same history, because the list that
// there was cannot be read, and no other way leads to it.
func (g *Gate) beginAgain(ctx context.Context) error {
	g.following.Lock()
	defer g.following.Unlock()
	if err := g.remember(ctx); err != nil { // so that no older list is taken for it
		return err
	}
	return g.begin(ctx, feed.Position{Keys: g.known().Keys})
}

// build lets fill make a list beside the present one, and then take its place.
func (g *Gate) build(ctx context.Context, fill func(*screen.Builder) (feed.Position, error)) error {
	list, err := screen.Build(g.state.files, g.key)
	if err != nil {
		return fmt.Errorf("fetch the list: %w", err)
	}
	at, err := fill(list)
	var stamp []byte
	if err == nil {
		stamp, err = g.state.stamp(at)
	}
	if err != nil {
		return errors.Join(err, list.Abort())
	}
	g.state.lost = true // should it fail half way, another fetch is the way on
	index, err := list.Finish(stamp)
	if err != nil {
		return fmt.Errorf("replace the list: %w", err)
	}
	g.replace(context.WithoutCancel(ctx), index, at)
	return nil
}

// replace lets index, which is durable, take the place of the present list.
func (g *Gate) replace(ctx context.Context, index *screen.Index, at feed.Position) {
	old := g.state.list
	g.state.list, g.state.at, g.state.lost = index, at, false
	g.broken.Store(nil)
	g.abnormal.Store(nil)
	var lifting error
	if !at.Head.At.IsZero() { // else a beginning: who is restricted stays so until a list is there
		g.undiffered = true
		g.loading.Store(false)
		g.watched.refetched()
		if lifting = g.reconcile(ctx, index.View(), at); lifting != nil {
			g.unlifted = true
			lifting = fmt.Errorf("lift restrictions: %w", lifting)
		}
	}
	lifting = errors.Join(lifting, g.note(g.known()))
	g.show(index.View(), at) // and not before what has ended is lifted
	if err := old.Close(); err != nil {
		g.config.Log.WarnContext(ctx, "the old list was not closed in order", "err", err)
	}
	if at.Head.At.IsZero() {
		return
	}
	if err := errors.Join(lifting, g.removeEarlier(), g.forgetLoading(), g.confirm(at)); err != nil {
		g.report(ctx, err) // the list is applied all the same
	}
	g.config.Log.InfoContext(ctx, "list fetched", "sequence", at.Head.Size, "listings", at.Head.Count)
}
