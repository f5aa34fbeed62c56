package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"gongxin"
	"gongxin/ledger"
)

// plainBodies is the body_form of JSON as it is. Encrypted forms come with other numbers.
const plainBodies = 0

// Between two checkpoints there are at most so many events and, but for the last
// of them, so many bytes of bodies, so that changes can be asked for in parts
// however large a transaction was.
const (
	checkpointEvery = 1024
	checkpointBytes = 4 << 20
)

// pending is an event on its way into the ledger.
type pending struct {
	event    gongxin.Event
	raw      *[ledger.Slots]ledger.Hash // commitments to what lies elsewhere
	notice   []byte                     // the one body of an event of the log itself
	sequence uint64
	previous uint64
	enters   bool          // it counts in the set in force
	leaves   uint64        // sequence of the event that it takes out of the set; 0 if none
	left     ledger.Digest // the element of that one, if it was committed before this transaction

	// What fill makes of event.
	seed    []byte
	bodies  [gongxin.Audiences][]byte
	leaf    []byte
	hash    ledger.Hash
	element ledger.Digest
}

// parallel calls f for 0 to n−1, on all processors if that is worth it.
func parallel(n int, f func(i int)) {
	const worth = 32
	workers := min(runtime.GOMAXPROCS(0), n/worth)
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				end := int(next.Add(worth))
				for i := end - worth; i < min(end, n); i++ {
					f(i)
				}
				if end >= n {
					return
				}
			}
		})
	}
	all.Wait()
}

// fill makes bodies, leaves and what follows from them.
func (db *DB) fill(events []*pending) error {
	seeds := make([]byte, len(events)*ledger.SaltSize)
	if _, err := io.ReadFull(db.random, seeds); err != nil {
		return fmt.Errorf("make seeds: %w", err)
	}
	faults := make([]error, len(events))
	parallel(len(events), func(i int) {
		seed := seeds[i*ledger.SaltSize : (i+1)*ledger.SaltSize : (i+1)*ledger.SaltSize]
		faults[i] = events[i].fill(seed)
	})
	return errors.Join(faults...)
}

func (p *pending) fill(seed []byte) (err error) {
	leaf := ledger.Leaf{Kind: string(p.event.Kind.LeafKind()), At: p.event.At, Key: p.event.Listing}
	if p.raw != nil {
		leaf.Commitments = *p.raw
	} else {
		p.seed = seed
		if p.notice != nil {
			p.bodies = [gongxin.Audiences][]byte{p.notice, p.notice, p.notice}
		} else if p.bodies, err = p.event.Bodies(); err != nil {
			return err
		}
		for slot, body := range p.bodies {
			leaf.Commitments[slot] = ledger.Commit(ledger.Salt(seed, slot), body)
		}
	}
	p.leaf = leaf.Append(make([]byte, 0, 160))
	p.hash = ledger.RecordHash(p.leaf)
	p.element = ledger.ElementOf(p.sequence, p.hash)
	return nil
}

const leafOf = `SELECT leaf FROM events WHERE sequence = $1`

// elementOf returns the element of the event that counts for a listing.
func (tx *Tx) elementOf(x *row) (ledger.Digest, error) {
	if !x.known {
		var leaf []byte
		if err := tx.s.row(background, leafOf, []any{int64(x.listing.Forced)}, &leaf); err != nil {
			return ledger.Digest{}, tx.fault(fmt.Errorf("read leaf %d: %w", x.listing.Forced, err))
		}
		x.element, x.known = ledger.Element(x.listing.Forced, leaf), true
	}
	return x.element, nil
}

var newEvents = newInsert("events", "sequence", "previous", "listing", "kind", "at", "leaf", "seed", "body_form",
	"body_public", "body_partner", "body_court")

func (p *pending) values(out []driver.Value) []driver.Value {
	var listing driver.Value
	if !p.event.Listing.IsZero() {
		listing = p.event.Listing[:]
	}
	out = append(out, int64(p.sequence), int64(p.previous), listing, string(p.event.Kind), p.event.At.UnixMilli(), p.leaf)
	if p.raw != nil {
		return append(out, nil, int64(plainBodies), nil, nil, nil)
	}
	return append(out, p.seed, int64(plainBodies), p.bodies[0], p.bodies[1], p.bodies[2])
}

// seal writes the transaction's events, what follows from them, and the new head
// with its checkpoint, and returns that head. edge holds the partial tiles of the
// log before, and is brought up to date.
func (tx *Tx) seal(edge map[int][]byte) (head, error) {
	h, err := tx.advance()
	if err != nil {
		return h, err
	}
	ctx, s := background, tx.s
	out := make([]driver.Value, 0, len(newListings.columns))
	err = tx.db.engine.bulk(ctx, s, newEvents, len(tx.pending), func(i int) []driver.Value { return tx.pending[i].values(out[:0]) })
	if err != nil {
		return h, fmt.Errorf("write events: %w", err)
	}
	if err := tx.project(out); err != nil {
		return h, err
	}
	if err := tx.tile(edge); err != nil {
		return h, err
	}
	h.listings = tx.listings
	if h.listings-h.indexed >= tx.db.mergeEvery {
		if err := merge(ctx, s, &h); err != nil {
			return h, err
		}
	}
	args, err := h.args()
	if err != nil {
		return h, err
	}
	n, err := s.exec(ctx, moveHead, append(args, int64(tx.h.Size), int64(tx.h.listings))...)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d heads at %d", n, tx.h.Size)
	}
	if err != nil {
		return h, fmt.Errorf("move head: %w", err)
	}
	return h, nil
}

// advance returns the head after the transaction's events and keeps a checkpoint
// for it and for sizes between.
func (tx *Tx) advance() (head, error) {
	h := tx.h
	if at := gongxin.Millis(tx.db.now()); at.After(h.At) { // a clock set back does not make the log older
		h.At = at
	}
	size := 0 // of bodies in bytes, since the last checkpoint
	for i, p := range tx.pending {
		h.tree.Append(p.hash)
		size += len(p.bodies[0]) + len(p.bodies[1]) + len(p.bodies[2])
		if p.leaves != 0 {
			left := p.left
			if p.leaves > tx.h.Size {
				left = tx.pending[p.leaves-tx.h.Size-1].element
			}
			h.Count, h.Digest = h.Count-1, h.Digest.Sub(left)
		}
		if p.enters {
			h.Count, h.Digest = h.Count+1, h.Digest.Add(p.element)
		}
		if ((i+1)%checkpointEvery == 0 || size > checkpointBytes) && i+1 < len(tx.pending) {
			if err := tx.checkpoint(&h); err != nil {
				return h, err
			}
			size = 0
		}
	}
	return h, tx.checkpoint(&h)
}

func (tx *Tx) checkpoint(h *head) (err error) {
	h.Size, h.Root = h.tree.Size(), h.tree.Root()
	if h.checkpoint, err = tx.db.sign(h.Head); err != nil {
		return fmt.Errorf("sign checkpoint %d: %w", h.Size, err)
	}
	if _, err = tx.s.exec(background, keepCheckpoint, int64(h.Size), h.checkpoint); err != nil {
		return fmt.Errorf("keep checkpoint %d: %w", h.Size, err)
	}
	return nil
}

// project writes where the listings stand after the transaction.
func (tx *Tx) project(out []driver.Value) error {
	ctx, s := background, tx.s
	states := map[gongxin.State]int64{}
	err := tx.db.engine.bulk(ctx, s, newListings, len(tx.made), func(i int) []driver.Value { return tx.made[i].values(out[:0]) })
	if err != nil {
		return fmt.Errorf("write listings: %w", err)
	}
	for _, x := range tx.made {
		states[x.listing.State]++
	}
	for _, p := range tx.pending {
		x := tx.rows[p.event.Listing]
		if x == nil || x.stored == nil || x.listing.Sequence != p.sequence { // new, or a later event moves it
			continue
		}
		if err := x.move(ctx, s, tx.h.indexed); err != nil {
			return err
		}
		states[x.stored.state]--
		states[x.listing.State]++
	}
	for _, state := range gongxin.States {
		if states[state] == 0 {
			continue
		}
		if _, err := s.exec(ctx, addState, string(state), states[state]); err != nil {
			return fmt.Errorf("count listings: %w", err)
		}
	}
	return nil
}

const (
	getTile = `SELECT data FROM ledger_tiles WHERE level = $1 AND idx = $2`
	putTile = `
		INSERT INTO ledger_tiles (level, idx, data) VALUES ($1, $2, $3)
		ON CONFLICT (level, idx) DO UPDATE SET data = excluded.data`
)

// tile writes the tiles that the transaction's leaves change.
func (tx *Tx) tile(edge map[int][]byte) error {
	hashes := make([]ledger.Hash, len(tx.pending))
	for i, p := range tx.pending {
		hashes[i] = p.hash
	}
	tiles, err := ledger.GrowTiles(tx.h.Size, edge, hashes)
	if err != nil {
		return err
	}
	for _, t := range tiles {
		if _, err := tx.s.exec(background, putTile, t.Level, int64(t.Index), t.Data); err != nil {
			return fmt.Errorf("write tile %d/%d: %w", t.Level, t.Index, err)
		}
		if edge[t.Level] = t.Data; t.Width() == ledger.TileWidth {
			delete(edge, t.Level)
		}
	}
	return nil
}

// readEdge reads the partial tiles of a log of size leaves.
func readEdge(ctx context.Context, s *session, size uint64) (map[int][]byte, error) {
	edge := map[int][]byte{}
	for level := 0; size>>(8*level) > 0 && level < 8; level++ {
		index, width := ledger.EdgeTile(size, level)
		if width == 0 {
			continue
		}
		var data []byte
		if err := s.row(ctx, getTile, []any{level, int64(index)}, &data); err != nil {
			return nil, fmt.Errorf("read tile %d/%d: %w", level, index, err)
		}
		if len(data) < width*len(ledger.Hash{}) {
			return nil, fmt.Errorf("tile %d/%d has %d bytes in a log of %d", level, index, len(data), size)
		}
		edge[level] = data[:width*len(ledger.Hash{})]
	}
	return edge, nil
}

// Heartbeat signs a checkpoint of the same size with a new time, so that
// followers can tell "no change" from "no news". It replaces the one before.
func (db *DB) Heartbeat(ctx context.Context) error {
	return db.Write(ctx, func(_ context.Context, tx *Tx) error {
		tx.beat = true
		return nil
	})
}

// Mark appends an event that concerns no listing and commits to what lies
// elsewhere, such as a snapshot: commitments are in the order of the audiences.
func (db *DB) Mark(ctx context.Context, kind gongxin.EventKind, commitments [ledger.Slots]ledger.Hash) error {
	return db.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if kind != gongxin.SnapshotMade {
			return fmt.Errorf("mark: an event of kind %q", kind)
		}
		tx.announce(&pending{event: gongxin.Event{Kind: kind}, raw: &commitments})
		return nil
	})
}

// Announce appends an event of the log itself, whose body is the same for every
// audience (gongxin.KeyAnnounced, gongxin.BatchApproved), and returns its sequence.
func (db *DB) Announce(ctx context.Context, kind gongxin.EventKind, body []byte) (sequence uint64, err error) {
	err = db.Write(ctx, func(ctx context.Context, tx *Tx) (err error) {
		sequence, err = tx.Announce(ctx, kind, body)
		return err
	})
	return sequence, err
}

// Announce is DB.Announce within a transaction.
func (tx *Tx) Announce(ctx context.Context, kind gongxin.EventKind, body []byte) (sequence uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if !kind.OfLog() || kind == gongxin.SnapshotMade || len(body) == 0 {
		return 0, fmt.Errorf("announce: an event of kind %q with %d bytes", kind, len(body))
	}
	return tx.announce(&pending{event: gongxin.Event{Kind: kind}, notice: bytes.Clone(body)}), nil
}

func (tx *Tx) announce(p *pending) uint64 {
	tx.now++
	p.sequence, p.event.At = tx.now, gongxin.Millis(tx.db.now())
	tx.pending = append(tx.pending, p)
	return tx.now
}
