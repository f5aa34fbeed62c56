// Package store keeps the register: every event with its bodies, the ledger over
// them, and where each listing stands. It speaks SQL to SQLite and PostgreSQL.
//
//	Write(f) ─┐                    one database transaction
//	Write(f) ─┼─▶ queue ─▶ f f f ─▶ leaves, tiles, head, checkpoint ─▶ commit ─▶ answers
//	Write(f) ─┘                    projections                            └─▶ Wait
//
// It promises: Write returns after its work is durable, or did nothing; sequences
// have no gaps; what Read sees is one moment, at a committed head; several
// processes may use one database. A DB may be used from any number of goroutines.
//
// What is said about a person stands in the bodies of events, in documents and
// evidence, and in the words of people, all of which can be erased; persons, cases
// and documents are found by keyed hashes (docs/decisions/blind-index.md).
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// BlindKeySize is the length of Options.BlindKey in bytes.
const BlindKeySize = 32

// Options are what a store needs from its surroundings.
type Options struct {
	Sign     func(ledger.Head) ([]byte, error) // signs checkpoints; required
	BlindKey []byte                            // BlindKeySize secret bytes, the same for the life of the database; required
	Now      func() time.Time                  // time.Now if nil
	Random   io.Reader                         // for seeds, read by one goroutine at a time; crypto/rand if nil
	Log      *slog.Logger                      // discarded if nil
}

// A DB is an open store.
type DB struct {
	engine engine
	pool   *sql.DB // reading; PostgreSQL: writing too
	single *sql.DB // the one connection that writes
	sign   func(ledger.Head) ([]byte, error)
	blind  *blind
	now    func() time.Time
	random io.Reader
	log    *slog.Logger

	mergeEvery uint64 // see lookup.go

	queue   queue
	writer  writer
	readers readers
	tails   tails
	news    news
	stop    context.CancelFunc // ends the goroutines that watch
	running sync.WaitGroup

	back     *sql.DB       // SQLite: the connection of backfill.go
	grown    chan struct{} // holds one token if there is much to copy back
	appended int           // events since the last token
}

// Open opens the database at url: a path or sqlite:path for a file, made if there
// is none, or postgres://…. It brings the schema up to date. Errors: STORE_NEWER
// for a database of a later version, STORE_KEY for one made with another BlindKey,
// STORE_ENGINE for a server that is too old.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Sign == nil || len(o.BlindKey) != BlindKeySize {
		return nil, fmt.Errorf("open store: a signer and a blind key of %d bytes are needed", BlindKeySize)
	}
	db := &DB{sign: o.Sign, blind: newBlind(o.BlindKey), now: o.Now, random: o.Random, log: o.Log, mergeEvery: defaultMerge,
		grown: make(chan struct{}, 1)}
	if db.now == nil {
		db.now = time.Now
	}
	if db.random == nil {
		db.random = rand.Reader
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		db.engine = postgresEngine
		err = db.openPostgres(ctx, url)
	} else {
		db.engine = sqliteEngine
		err = db.openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	}
	if err == nil {
		err = db.prepare(ctx)
	}
	if err != nil {
		return nil, join(fmt.Errorf("open store: %w", err), db.closePools())
	}
	watch, stop := context.WithCancel(context.Background())
	db.stop = stop
	db.queue.wake = make(chan struct{}, 1)
	db.running.Go(db.serve)
	db.running.Go(func() { db.watch(watch) })
	if db.back != nil {
		db.running.Go(func() { db.backfill(watch) })
	}
	return db, nil
}

// prepare migrates the schema and makes what every database has: the empty log,
// signed, and the proof that the blind key is the right one.
func (db *DB) prepare(ctx context.Context) (err error) {
	s, err := newSession(ctx, db.single)
	if err != nil {
		return err
	}
	defer func() { err = join(err, s.close()) }()
	if err := db.migrate(ctx, s, migrations); err != nil {
		return err
	}
	return db.setUp(ctx, s, func() error {
		if err := db.blind.check(ctx, s); err != nil {
			return err
		}
		h, err := readHead(ctx, s, db.engine.lockHead)
		if err == nil {
			db.news.reached(h.Size)
			return nil
		}
		if err != sql.ErrNoRows {
			return err
		}
		h.At = gongxin.Millis(db.now())
		h.Root = h.tree.Root()
		return db.firstHead(ctx, s, h)
	})
}

// setUp runs f in a transaction of its own, while nobody else sets up.
func (db *DB) setUp(ctx context.Context, s *session, f func() error) error {
	if _, err := s.exec(ctx, db.engine.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := db.engine.lockSchema(ctx, s)
	if err == nil {
		err = f()
	}
	if err != nil {
		return join(err, s.rollback())
	}
	if _, err := s.exec(ctx, "COMMIT"); err != nil {
		return join(fmt.Errorf("commit: %w", err), s.rollback())
	}
	return nil
}

// Close finishes the writes that were accepted and closes the database. Later
// writes and reads get STORE_CLOSED.
func (db *DB) Close() error {
	if !db.queue.close() {
		return nil
	}
	db.stop()
	db.news.end()
	db.running.Wait()
	return join(db.readers.close(), db.closePools())
}

func (db *DB) closePools() error {
	var err error
	if db.single != nil {
		err = db.single.Close()
	}
	if db.pool != nil && db.pool != db.single {
		err = join(err, db.pool.Close())
	}
	if db.back != nil {
		err = join(err, db.back.Close())
	}
	return err
}

// join is errors.Join that leaves a single error as it is.
func join(err, other error) error {
	switch {
	case other == nil:
		return err
	case err == nil:
		return other
	}
	return fmt.Errorf("%w (and: %w)", err, other)
}

func errClosed() error { return gongxin.Unavailable("STORE_CLOSED") }
