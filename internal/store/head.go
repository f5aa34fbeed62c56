package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"gongxin/ledger"
)

// head is the row ledger_head: where the database stands.
type head struct {
	ledger.Head
	tree       ledger.Tree
	checkpoint []byte
	listings   uint64 // highest ordinal
	indexed    uint64 // listings up to this ordinal stand in the index tables
}

const getHead = `
	SELECT size, tree, in_force, digest, signed, checkpoint, listings, indexed
	FROM ledger_head WHERE one = 1`

// readHead reads the head; sql.ErrNoRows before there is one.
func readHead(ctx context.Context, s *session, lock string) (h head, err error) {
	var tree, digest []byte
	var signed int64
	err = s.row(ctx, getHead+lock, nil, &h.Size, &tree, &h.Count, &digest, &signed, &h.checkpoint, &h.listings, &h.indexed)
	if err == sql.ErrNoRows {
		return h, err
	}
	if err != nil {
		return h, fmt.Errorf("read head: %w", err)
	}
	if err := h.tree.UnmarshalBinary(tree); err != nil {
		return h, fmt.Errorf("read head: %w", err)
	}
	if h.tree.Size() != h.Size || len(digest) != len(h.Digest) {
		return h, fmt.Errorf("read head: size %d with a tree of %d and a digest of %d bytes", h.Size, h.tree.Size(), len(digest))
	}
	h.Root, h.At = h.tree.Root(), time.UnixMilli(signed).UTC()
	copy(h.Digest[:], digest)
	return h, nil
}

const (
	putHead = `
		INSERT INTO ledger_head (one, size, tree, in_force, digest, signed, checkpoint, listings, indexed)
		VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8)`
	moveHead = `
		UPDATE ledger_head SET size = $1, tree = $2, in_force = $3, digest = $4, signed = $5, checkpoint = $6, listings = $7, indexed = $8
		WHERE one = 1 AND size = $9 AND listings = $10`
	keepCheckpoint = `
		INSERT INTO checkpoints (size, checkpoint) VALUES ($1, $2)
		ON CONFLICT (size) DO UPDATE SET checkpoint = excluded.checkpoint`
)

func (h head) args() ([]any, error) {
	tree, err := h.tree.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return []any{int64(h.Size), tree, int64(h.Count), h.Digest[:], h.At.UnixMilli(), h.checkpoint, int64(h.listings), int64(h.indexed)}, nil
}

// firstHead writes the head of a new database: the empty log, signed.
func (db *DB) firstHead(ctx context.Context, s *session, h head) (err error) {
	if h.checkpoint, err = db.sign(h.Head); err != nil {
		return err
	}
	args, err := h.args()
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, putHead, args...); err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	if _, err := s.exec(ctx, keepCheckpoint, int64(h.Size), h.checkpoint); err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	return nil
}

// news wakes those who wait for the log to grow.
type news struct {
	mu      sync.Mutex
	size    uint64
	changed chan struct{} // closed at the next growth; nil while nobody waits
	ended   bool
}

// reached says that the log has size leaves.
func (n *news) reached(size uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if size > n.size {
		n.size = size
		n.tell()
	}
}

// tell wakes; mu is held.
func (n *news) tell() {
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

func (n *news) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended = true
	n.tell()
}

// look returns the known size, and what will be closed when it has grown.
func (n *news) look() (size uint64, changed <-chan struct{}, ended bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed == nil {
		n.changed = make(chan struct{})
	}
	return n.size, n.changed, n.ended
}

func (n *news) awaited() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed != nil
}

// Known returns the size of the log as far as this process has heard: at once after a
// commit through db, within a second after one of another process while somebody waits.
func (db *DB) Known() uint64 {
	db.news.mu.Lock()
	defer db.news.mu.Unlock()
	return db.news.size
}

// News returns what Known does, what is closed once the log has grown, and whether the
// store was closed.
func (db *DB) News() (size uint64, changed <-chan struct{}, ended bool) { return db.news.look() }

// Wait returns the size of the log as soon as it is more than after: at once after
// a commit through db, within a second after one of another process. Errors:
// ctx's, or STORE_CLOSED.
func (db *DB) Wait(ctx context.Context, after uint64) (uint64, error) {
	for {
		size, changed, ended := db.news.look()
		switch {
		case size > after:
			return size, nil
		case ended:
			return size, errClosed()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return size, ctx.Err()
		}
	}
}

// watch notices what other processes commit, while somebody waits for it.
func (db *DB) watch(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !db.news.awaited() {
			continue
		}
		err := db.Read(ctx, func(_ context.Context, v *View) error {
			db.news.reached(v.h.Size)
			return nil
		})
		if err != nil && ctx.Err() == nil {
			db.log.WarnContext(ctx, "looking for other processes' commits failed", "err", err)
		}
	}
}
