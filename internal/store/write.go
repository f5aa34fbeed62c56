package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Callers share commits: while one transaction is being made durable, the next
// callers queue, and all of them get into the next one. Each runs alone, in the
// order of the queue, and sees what those before it did.
const (
	maxShares = 512                  // in a transaction
	maxEvents = 4096                 // no further share begins after so many
	maxHold   = 5 * time.Millisecond // nor after so long, while those who are done wait
)

// A share is one call of Write.
type share struct {
	ctx   context.Context
	f     func(context.Context, *Tx) error
	stage atomic.Int32
	done  chan struct{}
	err   error
	panic any // what f panicked with
	stack []byte
}

// The stages of a share.
const (
	waiting int32 = iota
	started       // by the writer, which will end it
	left          // by its caller, before it started
)

// Write runs f with a share of a transaction and returns once what it did is
// durable. If f fails, what it did is undone, nothing else is, and Write returns
// f's error. If the commit fails, nothing of the transaction has happened as far
// as is known, and all who shared it get that error. A ctx that ends before f
// starts means that f does not run; after that, Write waits for the outcome.
//
// f runs in another goroutine, one at a time; it must be quick and not call Write.
// A panic of f undoes its work and goes on in the caller.
func (db *DB) Write(ctx context.Context, f func(context.Context, *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &share{ctx: ctx, f: f, done: make(chan struct{})}
	if !db.queue.put(r) {
		return errClosed()
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.stage.CompareAndSwap(waiting, left) {
			return ctx.Err()
		}
		<-r.done
	}
	if r.panic != nil {
		panic(fmt.Sprintf("%v\n\nin a function given to store.Write:\n%s", r.panic, r.stack))
	}
	return r.err
}

// queue holds the shares that wait for the writer.
type queue struct {
	mu     sync.Mutex
	shares []*share
	closed bool
	wake   chan struct{} // holds one token if there may be something to do
}

func (q *queue) put(r *share) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.shares = append(q.shares, r)
	q.signal()
	return true
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns what waits.
func (q *queue) take() (shares []*share, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	shares, q.shares = q.shares, nil
	return shares, q.closed
}

// back puts shares in front again.
func (q *queue) back(shares []*share) {
	if len(shares) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shares = append(shares, q.shares...)
	q.signal()
}

// close makes put refuse; it reports whether q was open.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.closed = true
	q.signal()
	return true
}

// writer is the state of the goroutine that writes.
type writer struct {
	s    *session       // nil until needed, and after a failure
	size uint64         // of the log to which edge belongs
	edge map[int][]byte // partial tiles, nil if not known
}

// serve writes what is queued until the queue is closed and empty.
func (db *DB) serve() {
	for range db.queue.wake {
		shares, closed := db.queue.take()
		if len(shares) > 0 {
			db.transact(shares)
			db.queue.signal()
		} else if closed {
			break
		}
	}
	if db.writer.s != nil {
		if err := db.writer.s.close(); err != nil {
			db.log.Warn("closing the writer's connection failed", "err", err)
		}
	}
}

// transact carries shares out, with those that come meanwhile, in one
// transaction, and tells all of them.
func (db *DB) transact(shares []*share) {
	var done []*share
	tx, err := db.begin()
	if err == nil {
		began := time.Now()
		for len(shares) > 0 && tx.broken == nil {
			if len(done) == maxShares || len(tx.pending) >= maxEvents || len(done) > 0 && time.Since(began) > maxHold {
				db.queue.back(shares)
				shares = nil
				break
			}
			r := shares[0]
			if shares = shares[1:]; r.stage.CompareAndSwap(waiting, started) {
				tx.run(r)
				done = append(done, r)
			}
			if len(shares) == 0 {
				shares, _ = db.queue.take()
			}
		}
		db.queue.back(shares) // those that a broken transaction did not get to
		err = db.end(tx)
	} else {
		for _, r := range shares {
			if r.stage.CompareAndSwap(waiting, started) {
				done = append(done, r)
			}
		}
	}
	for _, r := range done {
		if err != nil && r.panic == nil {
			r.err = err
		}
		close(r.done)
	}
}

// run carries one share out.
func (tx *Tx) run(r *share) {
	tx.begin()
	defer func() {
		if r.panic = recover(); r.panic != nil {
			r.stack = debug.Stack()
		}
		if r.panic != nil || r.err != nil {
			tx.drop()
		}
	}()
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	if r.err = r.f(r.ctx, tx); r.err == nil {
		r.err = tx.keep()
	}
}

// begin starts a transaction at the head. A connection that was lost since the
// last one is made anew.
func (db *DB) begin() (*Tx, error) {
	w := &db.writer
	for again := w.s != nil; ; again = false {
		tx, err := db.beginOn(w)
		if err == nil {
			return tx, nil
		}
		db.discard()
		if !again {
			return nil, fmt.Errorf("begin: %w", err)
		}
	}
}

func (db *DB) beginOn(w *writer) (*Tx, error) {
	if w.s == nil {
		s, err := newSession(background, db.single)
		if err != nil {
			return nil, err
		}
		w.s = s
	}
	if _, err := w.s.exec(background, db.engine.begin); err != nil {
		return nil, err
	}
	h, err := readHead(background, w.s, db.engine.lockHead)
	if err != nil {
		return nil, err
	}
	if w.edge == nil || w.size != h.Size {
		if w.edge, err = readEdge(background, w.s, h.Size); err != nil {
			return nil, err
		}
		w.size = h.Size
	}
	return newTx(db, w.s, h), nil
}

// discard gives the writer's connection up, with its transaction.
func (db *DB) discard() {
	w := &db.writer
	if w.s != nil {
		if err := w.s.close(); err != nil {
			db.log.Warn("closing the writer's connection failed", "err", err)
		}
	}
	w.s, w.edge = nil, nil
}

// end seals and commits tx. An error means that nothing of it is known to have happened.
func (db *DB) end(tx *Tx) error {
	w := &db.writer
	if tx.broken != nil {
		db.discard()
		return fmt.Errorf("write: %w", tx.broken)
	}
	sealed := len(tx.pending) > 0 || tx.beat
	if !sealed && !tx.wrote {
		if err := w.s.rollback(); err != nil {
			db.discard()
		}
		return nil
	}
	h := tx.h
	var err error
	if sealed {
		h, err = tx.seal(w.edge)
	}
	if err == nil {
		_, err = w.s.exec(background, "COMMIT")
	}
	if err != nil {
		db.discard()
		return fmt.Errorf("commit: %w", err)
	}
	w.size = h.Size
	db.committed(tx, h)
	return nil
}

// committed tells memory what the database has.
func (db *DB) committed(tx *Tx, h head) {
	if len(tx.made) > 0 {
		t := db.tails.at(tx.h.indexed)
		t.mu.Lock()
		for _, x := range tx.made {
			t.add(x.ordinal, x.caseValue, x.subjectValue)
		}
		t.mu.Unlock()
	}
	db.growing(len(tx.pending))
	db.news.reached(h.Size)
}
