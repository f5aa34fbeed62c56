package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gongxin"
)

// A Sequenced event stands at its place in the ledger.
type Sequenced struct {
	Sequence uint64
	Event    gongxin.Event
	Erased   bool // Event has its kind, listing and time only
}

const getEvent = `
	SELECT previous, kind, at, body_form, body_public, body_court
	FROM events WHERE sequence = $1`

// Events returns what happened to a listing, oldest first. Error: UNKNOWN_LISTING.
func (v *View) Events(ctx context.Context, id gongxin.ListingID) ([]Sequenced, error) {
	x, err := v.byID(ctx, id)
	if err != nil {
		return nil, err
	}
	return v.events(ctx, id, x.listing.Sequence)
}

// events returns those of a listing up to the one at sequence, oldest first.
func (r *reader) events(ctx context.Context, id gongxin.ListingID, sequence uint64) ([]Sequenced, error) {
	var events []Sequenced
	for at := sequence; at != 0; {
		e, previous, err := r.event(ctx, id, at)
		if err == nil && previous >= at {
			err = fmt.Errorf("follows %d", previous)
		}
		if err != nil {
			return nil, fmt.Errorf("read event %d of listing %s: %w", at, id, err)
		}
		events, at = append(events, e), previous
	}
	slices.Reverse(events)
	return events, nil
}

func (r *reader) event(ctx context.Context, id gongxin.ListingID, sequence uint64) (e Sequenced, previous uint64, err error) {
	var at, form int64
	var public, court []byte
	e = Sequenced{Sequence: sequence, Event: gongxin.Event{Listing: id}}
	if err = r.s.row(ctx, getEvent, []any{int64(sequence)}, &previous, &e.Event.Kind, &at, &form, &public, &court); err != nil {
		return e, 0, err
	}
	e.Event.At = time.UnixMilli(at).UTC()
	if e.Erased = public == nil || court == nil; !e.Erased {
		if e.Event, err = openEvent(e.Event, form, public, court); err != nil {
			return e, 0, err
		}
	}
	return e, previous, nil
}

// A Past is an event as it is kept: what a proof of it is made of.
type Past struct {
	Sequence uint64
	Leaf     []byte
	Seed     []byte // nil if it was erased, as Bodies
	Bodies   [gongxin.Audiences][]byte
}

const getPast = `SELECT previous, leaf, seed, body_form, body_public, body_partner, body_court FROM events WHERE sequence = $1`

// History returns the events of a listing as they are kept, oldest first. Error:
// UNKNOWN_LISTING.
func (v *View) History(ctx context.Context, id gongxin.ListingID) ([]Past, error) {
	x, err := v.byID(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []Past
	for at := x.listing.Sequence; at != 0; {
		p := Past{Sequence: at}
		var previous uint64
		var form int64
		err := v.s.row(ctx, getPast, []any{int64(at)}, &previous, &p.Leaf, &p.Seed, &form, &p.Bodies[0], &p.Bodies[1], &p.Bodies[2])
		if err == nil && (previous >= at || form != plainBodies) {
			err = fmt.Errorf("follows %d, in form %d", previous, form)
		}
		if err != nil {
			return nil, fmt.Errorf("read event %d of listing %s: %w", at, id, err)
		}
		all, at = append(all, p), previous
	}
	slices.Reverse(all)
	return all, nil
}

func openEvent(e gongxin.Event, form int64, public, court []byte) (gongxin.Event, error) {
	if form != plainBodies {
		return e, fmt.Errorf("bodies of form %d: this version does not read them", form)
	}
	return e.OpenAll(public, court)
}

var recentEvents = `
	SELECT listing FROM events
	WHERE sequence <= $1 AND listing IS NOT NULL AND kind NOT IN (` + stepList() + `) ORDER BY sequence DESC LIMIT $2`

// stepList lists the steps of the procedure for SQL.
func stepList() string {
	var steps []string
	for _, k := range gongxin.Steps {
		steps = append(steps, "'"+string(k)+"'")
	}
	return strings.Join(steps, ", ")
}

// Recent returns up to limit listings, those with the latest events first. It
// looks at so many of the latest events only that its cost is bounded. Steps of the
// procedure do not count: nobody shall see by the order who has objected or had notice.
func (v *View) Recent(ctx context.Context, limit int) ([]gongxin.Listing, error) {
	var ids []gongxin.ListingID
	seen := map[gongxin.ListingID]bool{}
	err := v.s.each(ctx, recentEvents, []any{int64(v.h.Size), 10 * limit}, func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		id, err := listingID(b)
		if err == nil && !seen[id] && len(ids) < limit {
			seen[id] = true
			ids = append(ids, id)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the latest events: %w", err)
	}
	listings := make([]gongxin.Listing, len(ids))
	for i, id := range ids {
		x, err := v.byID(ctx, id)
		if err != nil {
			return nil, err
		}
		listings[i] = x.listing
	}
	return listings, nil
}
