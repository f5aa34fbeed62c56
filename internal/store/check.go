package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// Check reads everything at the moment of v and compares: leaves with their
// bodies, tree with tiles, checkpoints and head, digest with what is in force, the
// listings with the fold of their events, and the ways to find them with the
// listings. It does not check signatures, which need a key: feed and ledger do.
// It takes time and memory in proportion to the register. Error: STORE_DAMAGED,
// with what does not agree.
func (v *View) Check(ctx context.Context) error {
	c := checking{v: v, listings: map[gongxin.ListingID]*standing{}, edge: map[int][]byte{}}
	for c.tree.Size() < v.h.Size {
		if err := c.part(ctx); err != nil {
			return err
		}
	}
	if err := c.head(ctx); err != nil {
		return err
	}
	if err := c.projection(ctx); err != nil {
		return err
	}
	return c.indexes(ctx)
}

func damaged(format string, args ...any) error {
	return gongxin.Conflict("STORE_DAMAGED", fmt.Sprintf(format, args...))
}

// checkedPart is how many events are read at once.
const checkedPart = 4 * checkpointEvery

type checking struct {
	v        *View
	tree     ledger.Tree
	edge     map[int][]byte
	count    uint64
	digest   ledger.Digest
	listings map[gongxin.ListingID]*standing
}

// A standing is a folded listing as small as can be compared.
type standing struct {
	state                     gongxin.State
	origin                    gongxin.Origin
	until                     gongxin.Day
	sequence, content, forced uint64
	exit                      gongxin.Exit
	procedure                 *gongxin.Procedure // nil for the zero one
	key                       keyIndex
	caseValue, subjectValue   int64
	court                     string
	element                   ledger.Digest
	erased                    bool // so that until, court, ground and day of exit are not known
}

// stored is an event as the table has it.
type storedEvent struct {
	sequence, previous uint64
	listing            []byte
	kind               gongxin.EventKind
	at, form           int64
	leaf, seed         []byte
	bodies             [gongxin.Audiences][]byte
}

const getEvents = `
	SELECT sequence, previous, listing, kind, at, leaf, seed, body_form, body_public, body_partner, body_court
	FROM events WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence`

// part checks the next events and what follows from them.
func (c *checking) part(ctx context.Context) error {
	after := c.tree.Size()
	to := min(after+checkedPart, c.v.h.Size)
	var events []storedEvent
	err := c.v.s.each(ctx, getEvents, []any{int64(after), int64(to)}, func(scan func(...any) error) error {
		var e storedEvent
		err := scan(&e.sequence, &e.previous, &e.listing, &e.kind, &e.at, &e.leaf, &e.seed, &e.form, &e.bodies[0], &e.bodies[1], &e.bodies[2])
		events = append(events, e)
		return err
	})
	if err != nil {
		return fmt.Errorf("check events: %w", err)
	}
	stops, err := c.checkpoints(ctx, after, to)
	if err != nil {
		return err
	}
	hashes := make([]ledger.Hash, 0, len(events))
	for _, e := range events {
		if e.sequence != c.tree.Size()+1 {
			return damaged("event %d follows %d", e.sequence, c.tree.Size())
		}
		if err := c.event(e); err != nil {
			return damaged("event %d: %v", e.sequence, err)
		}
		hashes = append(hashes, ledger.RecordHash(e.leaf))
		c.tree.Append(hashes[len(hashes)-1])
		if checkpoint, ok := stops[e.sequence]; ok {
			if err := agrees(checkpoint, e.sequence, c.tree.Root(), c.count, c.digest); err != nil {
				return damaged("checkpoint %d: %v", e.sequence, err)
			}
		}
	}
	if c.tree.Size() != to {
		return damaged("events end at %d, the head is %d", c.tree.Size(), c.v.h.Size)
	}
	return c.tiles(ctx, after, hashes)
}

func (c *checking) checkpoints(ctx context.Context, after, to uint64) (map[uint64][]byte, error) {
	stops := map[uint64][]byte{}
	const checkpoints = `SELECT size, checkpoint FROM checkpoints WHERE size > $1 AND size <= $2`
	err := c.v.s.each(ctx, checkpoints, []any{int64(after), int64(to)}, func(scan func(...any) error) error {
		var size uint64
		var checkpoint []byte
		err := scan(&size, &checkpoint)
		stops[size] = checkpoint
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check checkpoints: %w", err)
	}
	return stops, nil
}

// agrees compares the lines of a checkpoint (package ledger) with what was computed.
func agrees(checkpoint []byte, size uint64, root ledger.Hash, count uint64, digest ledger.Digest) error {
	lines := strings.Split(string(checkpoint), "\n")
	switch {
	case len(lines) < 5:
		return fmt.Errorf("malformed")
	case lines[1] != strconv.FormatUint(size, 10):
		return fmt.Errorf("is for size %s", lines[1])
	case lines[2] != root.String():
		return fmt.Errorf("root %s, the leaves give %s", lines[2], root)
	case lines[4] != fmt.Sprintf("in-force %d %s", count, digest):
		return fmt.Errorf("%s, the events give %d %s", lines[4], count, digest)
	}
	return nil
}

// event checks one event and folds it.
func (c *checking) event(e storedEvent) error {
	leaf, err := ledger.ParseLeaf(e.leaf)
	if err != nil {
		return err
	}
	var id gongxin.ListingID
	if e.listing != nil {
		if id, err = listingID(e.listing); err != nil {
			return err
		}
	}
	// The first release put the kinds of steps into leaves as they are.
	if kind := gongxin.EventKind(leaf.Kind); kind != e.kind.LeafKind() && kind != e.kind || leaf.At.UnixMilli() != e.at || leaf.Key != id {
		return fmt.Errorf("its leaf is of another kind, time or listing")
	}
	erased := e.seed == nil
	for slot, body := range e.bodies {
		if (body == nil) != (e.bodies[0] == nil) {
			return fmt.Errorf("some of its bodies are erased and some are not")
		}
		if erased = erased || body == nil; !erased && ledger.Commit(ledger.Salt(e.seed, slot), body) != leaf.Commitments[slot] {
			return fmt.Errorf("the body for %s is not the one that its leaf commits to", gongxin.Audience(slot))
		}
	}
	if id.IsZero() {
		return nil
	}
	event := gongxin.Event{Kind: e.kind, Listing: id, At: time.UnixMilli(e.at).UTC()}
	switch {
	case !erased:
		event.Kind = gongxin.EventKind(leaf.Kind) // the body says which step it was
		if event, err = openEvent(event, e.form, e.bodies[gongxin.AudiencePublic], e.bodies[gongxin.AudienceCourt]); err != nil {
			return err
		}
		if event.Kind != e.kind {
			return fmt.Errorf("its body is that of %s", event.Kind)
		}
	case e.kind.SetsEntry():
		event.Entry = new(gongxin.Entry)
	}
	return c.fold(event, e, erased)
}

func (c *checking) fold(event gongxin.Event, e storedEvent, erased bool) error {
	s := c.listings[event.Listing]
	var before gongxin.Listing
	if s == nil {
		s = new(standing)
		c.listings[event.Listing] = s
	} else {
		before = gongxin.Listing{
			ID: event.Listing, Origin: s.origin, State: s.state, Exit: s.exit, Sequence: s.sequence, Content: s.content, Forced: s.forced,
		}
		if s.procedure != nil {
			before.Procedure = *s.procedure
		}
	}
	if e.previous != before.Sequence {
		return fmt.Errorf("it names %d as the event before, which is %d", e.previous, before.Sequence)
	}
	after, err := before.Apply(event, e.sequence)
	if err != nil {
		return err
	}
	if before.Forced != 0 && after.Forced != before.Forced {
		c.count, c.digest = c.count-1, c.digest.Sub(s.element)
	}
	if after.Forced == e.sequence {
		s.element = ledger.Element(e.sequence, e.leaf)
		c.count, c.digest = c.count+1, c.digest.Add(s.element)
	}
	s.origin, s.state, s.exit = after.Origin, after.State, after.Exit
	s.sequence, s.content, s.forced = after.Sequence, after.Content, after.Forced
	if s.procedure = nil; after.Procedure != (gongxin.Procedure{}) {
		p := after.Procedure
		s.procedure = &p
	}
	s.erased = s.erased || erased
	if n := event.Entry; n != nil && !erased {
		key := n.Key()
		s.until, s.court, s.key = n.Until, key.Court, c.v.db.blind.key(key)
		s.caseValue, s.subjectValue = c.v.db.blind.caseValue(key.Case), c.v.db.blind.subjectValue(key.Subject)
	}
	return nil
}

// tiles compares the tiles that the hashes after a size complete or change.
func (c *checking) tiles(ctx context.Context, after uint64, hashes []ledger.Hash) error {
	tiles, err := ledger.GrowTiles(after, c.edge, hashes)
	if err != nil {
		return err
	}
	for _, t := range tiles {
		if c.edge[t.Level] = t.Data; t.Width() == ledger.TileWidth {
			delete(c.edge, t.Level)
		}
		var data []byte
		err := c.v.s.row(ctx, getTile, []any{t.Level, int64(t.Index)}, &data)
		if err != nil && err != sql.ErrNoRows {
			return fmt.Errorf("check tile: %w", err)
		}
		if !bytes.HasPrefix(data, t.Data) {
			return damaged("tile %d/%d is not made of the leaves", t.Level, t.Index)
		}
	}
	return nil
}

func (c *checking) head(context.Context) error {
	h := c.v.h
	switch {
	case c.tree != h.tree:
		return damaged("the head's tree is not that of the leaves")
	case c.count != h.Count || c.digest != h.Digest:
		return damaged("the head has %d in force with digest %s, the events give %d with %s", h.Count, h.Digest, c.count, c.digest)
	}
	if err := agrees(h.checkpoint, h.Size, c.tree.Root(), c.count, c.digest); err != nil {
		return damaged("the newest checkpoint: %v", err)
	}
	return nil
}

const getProjection = `
	SELECT ordinal, id, key_index, round, case_index, subject_index, court, state, origin, until, sequence, content, forced,
		procedure, exit_ground, exit_on, exit_at, exit_sequence
	FROM listings ORDER BY ordinal`

// projection compares the listings with the fold.
func (c *checking) projection(ctx context.Context) error {
	var ordinal uint64
	rounds := map[keyIndex]int64{}
	states := map[gongxin.State]uint64{}
	err := c.v.s.each(ctx, getProjection, nil, func(scan func(...any) error) error {
		var at, round int64
		var b, key []byte
		var s standing
		var procedure, ground sql.NullString
		var on, ms, sequence sql.NullInt64
		err := scan(&at, &b, &key, &round, &s.caseValue, &s.subjectValue, &s.court, &s.state, &s.origin, &s.until, &s.sequence, &s.content, &s.forced,
			&procedure, &ground, &on, &ms, &sequence)
		if err != nil {
			return err
		}
		id, err := listingID(b)
		if err != nil {
			return err
		}
		if ordinal++; uint64(at) != ordinal {
			return damaged("listing %s has ordinal %d instead of %d", id, at, ordinal)
		}
		copy(s.key[:], key)
		if rounds[s.key]++; round != rounds[s.key] {
			return damaged("listing %s is round %d of its key instead of %d", id, round, rounds[s.key])
		}
		states[s.state]++
		if sequence.Valid {
			s.exit = gongxin.Exit{Ground: gongxin.Ground(ground.String), On: gongxin.Day(on.Int64), At: time.UnixMilli(ms.Int64).UTC(), Sequence: uint64(sequence.Int64)}
		}
		p, err := openProcedure(procedure)
		if err != nil {
			return damaged("listing %s: %v", id, err)
		}
		if procedure.Valid {
			s.procedure = &p
		}
		want := c.listings[id]
		if want == nil {
			return damaged("listing %s has no events", id)
		}
		delete(c.listings, id)
		if !s.agrees(*want) {
			return damaged("listing %s stands at %s since %d, its events give %s since %d", id, s.state, s.sequence, want.state, want.sequence)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if ordinal != c.v.h.listings || len(c.listings) > 0 {
		return damaged("%d listings, the head counts %d, and %d more have events", ordinal, c.v.h.listings, len(c.listings))
	}
	counts, err := c.v.Counts(ctx)
	if err != nil {
		return err
	}
	for state, n := range counts {
		if states[state] != n {
			return damaged("%d listings are %s, counted are %d", states[state], state, n)
		}
		delete(states, state)
	}
	if len(states) > 0 {
		return damaged("states of listings are not counted: %v", states)
	}
	return nil
}

// agrees tells whether s, as stored, is what the events give.
func (s standing) agrees(want standing) bool {
	s.element = want.element
	want.exit.Decision = "" // in the body alone
	if want.erased {
		s.until, s.court, s.key, s.caseValue, s.subjectValue = want.until, want.court, want.key, want.caseValue, want.subjectValue
		s.exit.Ground, s.exit.On, s.origin, s.erased = want.exit.Ground, want.exit.On, want.origin, true
		s.procedure = want.procedure // not known either
	}
	if s.procedure != nil && want.procedure != nil && *s.procedure == *want.procedure {
		s.procedure = want.procedure
	}
	return s == want
}

// indexes compares the index tables with the listings that they should find.
func (c *checking) indexes(ctx context.Context) error {
	const (
		cases    = `SELECT COUNT(*) FROM index_cases i JOIN listings l ON l.ordinal = i.ordinal AND l.case_index = i.value WHERE l.ordinal <= $1`
		subjects = `SELECT COUNT(*) FROM index_subjects i JOIN listings l ON l.ordinal = i.ordinal AND l.subject_index = i.value WHERE l.ordinal <= $1`
		terms    = `SELECT COUNT(*) FROM index_terms i JOIN listings l ON l.ordinal = i.ordinal AND l.until = i.until WHERE l.ordinal <= $1 AND l.state IN ('in_force', 'suspended')`
		running  = `SELECT COUNT(*) FROM listings WHERE ordinal <= $1 AND state IN ('in_force', 'suspended') AND until > 0`
	)
	var n [4]uint64
	for i, text := range []string{cases, subjects, terms, running} {
		if err := c.v.s.row(ctx, text, []any{int64(c.v.h.indexed)}, &n[i]); err != nil {
			return fmt.Errorf("check indexes: %w", err)
		}
	}
	if n[0] != c.v.h.indexed || n[1] != c.v.h.indexed || n[2] != n[3] {
		return damaged("of %d listings, %d are found by case and %d by subject; of %d terms, %d are found", c.v.h.indexed, n[0], n[1], n[3], n[2])
	}
	return nil
}
