package hub

import (
	"context"
	"sync"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// treeAge is how long a hub goes by the organisations as it read them last. Its
// own changes it knows at once (treeChanged); of those that another hub on the
// same database makes it learns by then.
const treeAge = 15 * time.Second

// A treeCache keeps the tree of organisations. The zero one is empty.
type treeCache struct {
	mu   sync.Mutex
	tree access.Tree
	read time.Time // zero if the tree is to be read again
}

// tree returns the organisations, who see listings along it (4.1).
func (h *Hub) tree(ctx context.Context, v *store.View) (access.Tree, error) {
	c, now := &h.organisations, h.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() && now.Sub(c.read) < treeAge {
		return c.tree, nil
	}
	all, err := v.Organisations(ctx)
	if err != nil {
		return access.Tree{}, err
	}
	c.tree, c.read = access.NewTree(all), now
	return c.tree, nil
}

// treeChanged makes the next tree be read again.
func (h *Hub) treeChanged() {
	h.organisations.mu.Lock()
	defer h.organisations.mu.Unlock()
	h.organisations.read = time.Time{}
}

// listing returns the listing that the caller names, as far as they may see it.
// Errors: LISTING_ID_FORMAT, UNKNOWN_LISTING also for one that is not theirs to
// see, LISTING_ERASED.
func (h *Hub) listing(ctx context.Context, id string) (l gongxin.Listing, err error) {
	listing, err := gongxin.ParseListingID(id)
	if err != nil {
		return l, err
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		l, err = h.visible(ctx, v, listing)
		return err
	})
	return l, err
}

// visible is listing within a view. A listing out of sight answers exactly as one
// that does not exist.
func (h *Hub) visible(ctx context.Context, v *store.View, id gongxin.ListingID) (gongxin.Listing, error) {
	l, err := v.Listing(ctx, id)
	if gongxin.CodeOf(err) != "LISTING_ERASED" && err != nil {
		return gongxin.Listing{}, err
	}
	sees, fault := h.sees(ctx, v, l)
	switch {
	case fault != nil:
		return gongxin.Listing{}, fault
	case !sees:
		return gongxin.Listing{}, gongxin.Missing("UNKNOWN_LISTING", id.String())
	}
	return l, err
}

// sees tells whether the caller may learn of l: the person concerned of their own
// listing, departments of what was ever in force, everybody else of the courts
// in their part of the tree, and a higher court of what is before it.
func (h *Hub) sees(ctx context.Context, v *store.View, l gongxin.Listing) (bool, error) {
	c := access.CallerFrom(ctx)
	switch by := c.Actor; {
	case by.Role == gongxin.RoleSubject:
		return l.ID == by.Listing, nil
	case by.Role == gongxin.RoleDepartment || by.Role == gongxin.RoleOfficer:
		return everInForce(ctx, v, l)
	case !by.Court.IsZero() && by.Court == l.Procedure.Higher:
		return true, nil
	}
	tree, err := h.tree(ctx, v)
	return err == nil && tree.Sees(c, l.Entry.Court), err
}

// everInForce tells whether departments were ever told of l.
func everInForce(ctx context.Context, v *store.View, l gongxin.Listing) (bool, error) {
	if l.Forced != 0 {
		return true, nil
	}
	events, err := v.Events(ctx, l.ID)
	for _, e := range events {
		if e.Event.Kind.Force() == gongxin.ForceEnters {
			return true, nil
		}
	}
	return false, err
}
