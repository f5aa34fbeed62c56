package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Flaw is one thing in the database that does not agree with another.
type Flaw struct {
	Sequence uint64            // of the event that it concerns; 0 if none
	Listing  gongxin.ListingID // that it concerns; zero if none
	What     *gongxin.Error    // FLAW_…, with its texts
}

// Examined counts what Examine has looked at.
type Examined struct {
	Events         uint64
	Opened         uint64 // events whose bodies are the ones that their leaves commit to
	Erased         uint64 // events without bodies, of listings that were erased
	Listings       uint64
	ErasedListings uint64
	Documents      uint64 // whose bytes are there and have the hash that an event commits to
	Evidence       uint64 // whose bytes are there and have their hash
}

// Check is Examine without papers and evidence; it ends at the first flaw. Error:
// STORE_DAMAGED, with what does not agree.
func (v *View) Check(ctx context.Context) error {
	c := newChecking(v, func(f Flaw) error { return gongxin.Conflict("STORE_DAMAGED", f.What.What().EN) })
	if err := c.events(ctx, func(uint64) {}); err != nil {
		return err
	}
	return c.projections(ctx)
}

// Examine reads everything at the moment of v and compares: leaves with their
// bodies, tree with tiles, checkpoints and head, digest with what is in force, the
// listings with the fold of their events, the ways to find them with the listings,
// papers and evidence with their hashes. Every flaw is given to flaw, whose error
// ends it; events that are missing end it by themselves. It does not check
// signatures, which need a key. It takes time and memory in proportion to the
// register; done is told how many events are behind.
func (v *View) Examine(ctx context.Context, done func(events uint64), flaw func(Flaw) error) (Examined, error) {
	c := newChecking(v, flaw)
	err := c.events(ctx, done)
	if err == nil {
		err = c.projections(ctx)
	}
	if err == nil {
		err = c.papers(ctx)
	}
	if errors.Is(err, errIncomplete) {
		err = nil
	}
	return c.Examined, err
}

// errIncomplete says that what is missing was told and that nothing can be compared with it.
var errIncomplete = errors.New("events are missing")

// checkedPart is how many events are read at once.
const checkedPart = 4 * checkpointEvery

type checking struct {
	Examined
	v        *View
	flaw     func(Flaw) error
	tree     ledger.Tree
	edge     map[int][]byte
	count    uint64
	digest   ledger.Digest
	listings map[gongxin.ListingID]*standing
	issued   map[uint64][32]byte // hashes of documents by sequence of the event; zero if it was erased
}

func newChecking(v *View, flaw func(Flaw) error) *checking {
	return &checking{v: v, flaw: flaw, listings: map[gongxin.ListingID]*standing{}, edge: map[int][]byte{}, issued: map[uint64][32]byte{}}
}

// tell tells a flaw that concerns an event, a listing, or neither.
func (c *checking) tell(sequence uint64, listing gongxin.ListingID, code string, args ...any) error {
	return c.flaw(Flaw{sequence, listing, gongxin.Conflict(code, args...)})
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
	erased                    bool // some of its bodies are
	unknown                   bool // so that until, court, ground and day of exit are not known
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

// events checks the history and the ledger over it.
func (c *checking) events(ctx context.Context, done func(uint64)) error {
	for c.tree.Size() < c.v.h.Size {
		if err := c.part(ctx); err != nil {
			return err
		}
		done(c.tree.Size())
	}
	return c.head()
}

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
	stops, err := c.v.CheckpointsIn(ctx, after, to)
	if err != nil {
		return err
	}
	hashes := make([]ledger.Hash, 0, len(events))
	for _, e := range events {
		if e.sequence != c.tree.Size()+1 {
			break
		}
		if err := c.event(e); err != nil {
			return err
		}
		hashes = append(hashes, ledger.RecordHash(e.leaf))
		c.tree.Append(hashes[len(hashes)-1])
		if checkpoint, ok := stops[e.sequence]; ok {
			if err := agrees(checkpoint, e.sequence, c.tree.Root(), c.count, c.digest); err != nil {
				if err := c.tell(e.sequence, gongxin.ListingID{}, "FLAW_CHECKPOINT", e.sequence, err); err != nil {
					return err
				}
			}
		}
	}
	if c.tree.Size() != to {
		if err := c.tell(c.tree.Size()+1, gongxin.ListingID{}, "FLAW_MISSING", c.tree.Size()+1, c.v.h.Size); err != nil {
			return err
		}
		return errIncomplete
	}
	return c.tiles(ctx, after, hashes)
}

// CheckpointsIn returns the checkpoints that are kept for the sizes after one up to another.
func (v *View) CheckpointsIn(ctx context.Context, after, to uint64) (map[uint64][]byte, error) {
	stops := map[uint64][]byte{}
	const checkpoints = `SELECT size, checkpoint FROM checkpoints WHERE size > $1 AND size <= $2`
	err := v.s.each(ctx, checkpoints, []any{int64(after), int64(to)}, func(scan func(...any) error) error {
		var size uint64
		var checkpoint []byte
		err := scan(&size, &checkpoint)
		stops[size] = checkpoint
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
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
		return fmt.Errorf("size %s ≠ %d", lines[1], size)
	case lines[2] != root.String():
		return fmt.Errorf("root %s ≠ %s", lines[2], root)
	case lines[4] != fmt.Sprintf("in-force %d %s", count, digest):
		return fmt.Errorf("%s ≠ in-force %d %s", lines[4], count, digest)
	}
	return nil
}

// event checks one event and folds it.
func (c *checking) event(e storedEvent) error {
	c.Events++
	leaf, err := ledger.ParseLeaf(e.leaf)
	if err != nil {
		return c.tell(e.sequence, gongxin.ListingID{}, "FLAW_LEAF", e.sequence)
	}
	id := gongxin.ListingID(leaf.Key)
	// The first release put the kinds of steps into leaves as they are.
	kind := gongxin.EventKind(leaf.Kind)
	if kind != e.kind.LeafKind() && kind != e.kind || leaf.At.UnixMilli() != e.at || !bytes.Equal(e.listing, id[:]) && !(e.listing == nil && id.IsZero()) {
		if err := c.tell(e.sequence, id, "FLAW_LEAF", e.sequence); err != nil {
			return err
		}
		e.at = leaf.At.UnixMilli()
		if e.kind.LeafKind() != kind {
			e.kind = kind
		}
	}
	body, err := c.bodies(e, leaf, id)
	if err != nil || id.IsZero() {
		return err
	}
	event := gongxin.Event{Kind: e.kind, Listing: id, At: leaf.At}
	if body == sound {
		opened := event
		opened.Kind = kind // the body says which step it was
		opened, err = openEvent(opened, e.form, e.bodies[gongxin.AudiencePublic], e.bodies[gongxin.AudienceCourt])
		switch {
		case err != nil:
			err, body = c.tell(e.sequence, id, "FLAW_CONTENT", e.sequence, err), broken
		case opened.Kind != e.kind:
			err = c.tell(e.sequence, id, "FLAW_KIND", e.sequence, e.kind, opened.Kind)
		case opened.Previous != 0 && opened.Previous != e.previous:
			err = c.tell(e.sequence, id, "FLAW_PREVIOUS", e.sequence, opened.Previous, e.previous)
		}
		if err != nil {
			return err
		}
		if body == sound {
			event = opened
		}
	}
	if event.Kind.SetsEntry() && event.Entry == nil {
		event.Entry = new(gongxin.Entry)
	}
	return c.fold(event, e, body)
}

// A bodyState says what an event's bodies are.
type bodyState int

const (
	sound  bodyState = iota // those that the leaf commits to
	gone                    // erased
	broken                  // not to be believed
)

// bodies compares an event's bodies with its leaf.
func (c *checking) bodies(e storedEvent, leaf ledger.Leaf, id gongxin.ListingID) (bodyState, error) {
	missing := 0
	for _, body := range e.bodies {
		if body == nil {
			missing++
		}
	}
	elsewhere := e.kind == gongxin.SnapshotMade // its commitments are to files
	switch {
	case e.kind.OfLog() != id.IsZero():
		return broken, c.tell(e.sequence, id, "FLAW_LEAF", e.sequence)
	case missing == gongxin.Audiences && e.seed == nil && (elsewhere || !id.IsZero()):
		if !elsewhere {
			c.Erased++
		}
		return gone, nil
	case missing > 0 || e.seed == nil || elsewhere:
		return broken, c.tell(e.sequence, id, "FLAW_BODY_MISSING", e.sequence)
	}
	for slot, body := range e.bodies {
		if ledger.Commit(ledger.Salt(e.seed, slot), body) != leaf.Commitments[slot] {
			return broken, c.tell(e.sequence, id, "FLAW_BODY", e.sequence, gongxin.Audience(slot))
		}
		if id.IsZero() && !bytes.Equal(body, e.bodies[0]) {
			return broken, c.tell(e.sequence, id, "FLAW_BODY", e.sequence, gongxin.Audience(slot))
		}
	}
	c.Opened++
	return sound, nil
}

func (c *checking) fold(event gongxin.Event, e storedEvent, body bodyState) error {
	s := c.listings[event.Listing]
	var before gongxin.Listing
	if s != nil {
		before = gongxin.Listing{
			ID: event.Listing, Origin: s.origin, State: s.state, Exit: s.exit, Sequence: s.sequence, Content: s.content, Forced: s.forced,
		}
		if s.procedure != nil {
			before.Procedure = *s.procedure
		}
	}
	if e.previous != before.Sequence {
		if err := c.tell(e.sequence, event.Listing, "FLAW_PREVIOUS", e.sequence, before.Sequence, e.previous); err != nil {
			return err
		}
	}
	after, err := before.Apply(event, e.sequence)
	if err != nil {
		return c.tell(e.sequence, event.Listing, "FLAW_HISTORY", e.sequence, err)
	}
	if s == nil {
		s = new(standing)
		c.listings[event.Listing] = s
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
	s.erased, s.unknown = s.erased || body == gone, s.unknown || body != sound
	if event.Kind == gongxin.DocumentIssued {
		c.issued[e.sequence] = event.Hash
	}
	if n := event.Entry; n != nil && body == sound {
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
			if err := c.tell(0, gongxin.ListingID{}, "FLAW_TILE", t.Level, t.Index); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checking) head() error {
	h := c.v.h
	var found error
	switch {
	case c.tree != h.tree:
		found = fmt.Errorf("tree %s ≠ %s", h.tree.Root(), c.tree.Root())
	case c.count != h.Count || c.digest != h.Digest:
		found = fmt.Errorf("in force %d %s ≠ %d %s", h.Count, h.Digest, c.count, c.digest)
	default:
		found = agrees(h.checkpoint, h.Size, c.tree.Root(), c.count, c.digest)
	}
	if found == nil {
		return nil
	}
	return c.tell(0, gongxin.ListingID{}, "FLAW_HEAD", found)
}

// millisOf is the instant of a column, also of 0.
func millisOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
