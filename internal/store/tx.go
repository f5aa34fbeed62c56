package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gongxin"
	"gongxin/identity"
)

// A Tx is one share of a transaction: what one function given to Write may do. It
// reads what earlier shares of the same transaction did. It belongs to the
// goroutine in which the function runs and ends with it.
//
// Events and listings are kept in memory until the transaction is sealed, so that
// they are written in bulk and undone for nothing; what else a share writes is
// undone to a savepoint.
type Tx struct {
	reader           // of the head before the transaction
	now       uint64 // sequence of the latest event, sealed or not
	listings  uint64 // highest ordinal, sealed or not
	pending   []*pending
	rows      map[gongxin.ListingID]*row // read or made, as they stand
	made      []*row                     // in order of ordinals
	hashes    map[gongxin.ListingKey]wanted
	latestOf  map[keyIndex]*row // of keys looked for or made; nil if there is none
	madeIn    map[int64][]*row  // by case
	beat      bool              // a checkpoint is due even without events
	wrote     bool              // something besides events was written
	broken    error             // the transaction itself has failed
	undo      []undo            // of the running share
	from      int               // index in pending of the running share's first event
	madeFrom  int               // the same in made
	savepoint bool              // the running share has one
}

// An undo restores a row as it was before the running share changed it.
type undo struct {
	row *row
	was row
}

func newTx(db *DB, s *session, h head) *Tx {
	tx := &Tx{
		reader: reader{db: db, s: s, h: h}, now: h.Size, listings: h.listings,
		rows: map[gongxin.ListingID]*row{}, hashes: map[gongxin.ListingKey]wanted{}, latestOf: map[keyIndex]*row{}, madeIn: map[int64][]*row{},
	}
	tx.tx = tx
	return tx
}

// background is what statements of a shared transaction run under: one caller
// that gives up must not end the work of the others.
var background = context.Background()

// fault notes that the database itself failed, which ends the transaction for
// all. A row that was read and makes no sense is the trouble of who asked for it.
func (tx *Tx) fault(err error) error {
	var row *unreadable
	if err != nil && gongxin.KindOf(err) == "" && !errors.As(err, &row) && tx.broken == nil {
		tx.broken = err
	}
	return err
}

// unreadable is a row that cannot be understood.
type unreadable struct{ error }

func (e *unreadable) Unwrap() error { return e.error }

// know returns the row that the transaction holds instead of x, which was read.
func (tx *Tx) know(x *row) *row {
	if have, ok := tx.rows[x.listing.ID]; ok {
		return have
	}
	tx.rows[x.listing.ID] = x
	return x
}

// Listing returns the listing id as it stands. Errors: UNKNOWN_LISTING, and, with
// the listing without its entry, LISTING_ERASED.
func (tx *Tx) Listing(ctx context.Context, id gongxin.ListingID) (gongxin.Listing, error) {
	if err := ctx.Err(); err != nil {
		return gongxin.Listing{}, err
	}
	x, err := tx.row(id)
	if err != nil {
		return gongxin.Listing{}, err
	}
	if x.erased {
		return x.listing, gongxin.Missing("LISTING_ERASED", id.String())
	}
	return x.listing, nil
}

func (tx *Tx) row(id gongxin.ListingID) (*row, error) {
	if x, ok := tx.rows[id]; ok {
		return x, nil
	}
	x, err := tx.byID(background, id)
	if err != nil {
		return nil, tx.fault(err)
	}
	return tx.know(x), nil
}

// Find returns the latest round of each key, in the order of keys; where there is
// none, the zero Found. The Entry of an erased listing is zero.
func (tx *Tx) Find(ctx context.Context, keys []gongxin.ListingKey) ([]gongxin.Found, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	want := tx.db.wanted(keys)
	for i, k := range keys {
		tx.hashes[k] = want[i]
	}
	if err := tx.look(want); err != nil {
		return nil, err
	}
	found := make([]gongxin.Found, len(keys))
	for i, w := range want {
		if x := tx.latestOf[w.key]; x != nil {
			found[i] = x.found()
		}
	}
	return found, nil
}

// look makes latestOf know all of want.
func (tx *Tx) look(want []wanted) error {
	unknown := make([]wanted, 0, len(want))
	for _, w := range want {
		if _, ok := tx.latestOf[w.key]; !ok {
			unknown = append(unknown, w)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	rows, err := tx.latest(background, unknown)
	if err != nil {
		return tx.fault(err)
	}
	for k, x := range rows {
		if x != nil {
			x = tx.know(x)
		}
		tx.latestOf[k] = x
	}
	return nil
}

// InCase returns the newest listing whose case has the key caseKey and whose
// subject is the same as subject (identity.Same), or the zero Found, and the
// number of listings in the case, whoever their subjects are.
func (tx *Tx) InCase(ctx context.Context, caseKey string, subject identity.Number) (gongxin.Found, int, error) {
	if err := ctx.Err(); err != nil {
		return gongxin.Found{}, 0, err
	}
	c := tx.db.blind.caseValue(caseKey)
	rows, err := tx.candidates(background, byCase, []int64{c})
	if err != nil {
		return gongxin.Found{}, 0, tx.fault(err)
	}
	for i, x := range rows {
		rows[i] = tx.know(x)
	}
	x, n := inCase(distinct(append(rows, tx.madeIn[c]...)), c, tx.db.blind.subjectValue(subject))
	if x == nil {
		return gongxin.Found{}, n, nil
	}
	return x.found(), n, nil
}

// Append adds e to the history: it continues before, the listing as read in this
// transaction, or begins one if before is zero. It gives e its sequence, one more
// than the latest, and returns the listing after it. submission is the digest of
// the row that the listing was admitted from; zero leaves what is kept. Errors:
// STALE_LISTING if the listing has moved since before was read, and errors of an
// event that cannot follow, which mean a mistake in the caller.
func (tx *Tx) Append(ctx context.Context, before gongxin.Listing, e gongxin.Event, submission [32]byte) (gongxin.Listing, error) {
	if err := ctx.Err(); err != nil {
		return before, err
	}
	if !e.Kind.Known() || e.Kind.OfLog() || e.Listing.IsZero() {
		return before, fmt.Errorf("append: an event of kind %q of listing %s", e.Kind, e.Listing)
	}
	e.At, e.Previous = gongxin.Millis(e.At), before.Sequence
	after, err := before.Apply(e, tx.now+1)
	if err != nil {
		return before, err
	}
	procedure, err := procedureValue(after.Procedure)
	if err != nil {
		return before, fmt.Errorf("append %s to listing %s: %w", e.Kind, e.Listing, err)
	}
	var x *row
	if before.ID.IsZero() {
		x, err = tx.newRow(after)
	} else {
		x, err = tx.rowAt(before)
	}
	if err != nil {
		return before, err
	}
	p := &pending{event: e, sequence: tx.now + 1, previous: before.Sequence, enters: after.Forced == tx.now+1}
	if before.Forced != after.Forced {
		p.leaves = before.Forced
	}
	if p.leaves != 0 && p.leaves <= tx.h.Size {
		if p.left, err = tx.elementOf(x); err != nil {
			return before, err
		}
	}
	if !before.ID.IsZero() {
		if e.Kind.SetsEntry() && tx.db.blind.key(after.Entry.Key()) != x.key {
			return before, fmt.Errorf("append: %s of listing %s changes its court, case or subject", e.Kind, e.Listing)
		}
		tx.undo = append(tx.undo, undo{x, *x})
	}
	x.listing, x.procedure, x.known = after, procedure, false
	if submission != [32]byte{} {
		x.submission = submission
	}
	tx.pending = append(tx.pending, p)
	tx.now++
	return after, nil
}

// newRow makes the row of a new listing.
func (tx *Tx) newRow(l gongxin.Listing) (*row, error) {
	if _, ok := tx.rows[l.ID]; ok {
		return nil, gongxin.Conflict("STALE_LISTING", l.ID.String(), 0)
	}
	key := l.Entry.Key()
	w, ok := tx.hashes[key]
	if !ok {
		w = tx.db.wanted([]gongxin.ListingKey{key})[0]
	}
	if err := tx.look([]wanted{w}); err != nil {
		return nil, err
	}
	x := &row{ordinal: tx.listings + 1, listing: l, key: w.key, round: 1, caseValue: w.value, subjectValue: w.subjectValue, court: key.Court}
	if x.earlier = tx.latestOf[w.key]; x.earlier != nil {
		if l := x.earlier.listing; !l.State.Ended() {
			return nil, gongxin.Conflict("STALE_LISTING", l.ID.String(), l.Sequence)
		}
		x.round = x.earlier.round + 1
	}
	tx.listings++
	tx.rows[l.ID] = x
	tx.latestOf[w.key] = x
	tx.made = append(tx.made, x)
	tx.madeIn[x.caseValue] = append(tx.madeIn[x.caseValue], x)
	return x, nil
}

// rowAt returns the row of a listing if it stands where the caller read it.
func (tx *Tx) rowAt(before gongxin.Listing) (*row, error) {
	x, err := tx.row(before.ID)
	if err != nil {
		return nil, err
	}
	if x.listing.Sequence != before.Sequence {
		return nil, gongxin.Conflict("STALE_LISTING", before.ID.String(), before.Sequence)
	}
	return x, nil
}

// begin starts a share.
func (tx *Tx) begin() {
	tx.undo, tx.from, tx.madeFrom, tx.savepoint = tx.undo[:0], len(tx.pending), len(tx.made), false
}

// exec runs a statement of a share that writes something besides events.
func (tx *Tx) exec(text string, args ...any) (int64, error) {
	if !tx.savepoint {
		if _, err := tx.s.exec(background, "SAVEPOINT share"); err != nil {
			return 0, tx.fault(fmt.Errorf("savepoint: %w", err))
		}
		tx.savepoint = true
	}
	n, err := tx.s.exec(background, text, legible(args)...)
	switch {
	case err == nil:
		tx.wrote = tx.wrote || n > 0
	case !tx.db.engine.unfit(err):
		return 0, tx.fault(err)
	}
	return n, err
}

// keep ends a share that succeeded; its events are prepared, so that a fault in
// them is its own.
func (tx *Tx) keep() error {
	if err := tx.db.fill(tx.pending[tx.from:]); err != nil {
		return err
	}
	if tx.savepoint {
		if _, err := tx.s.exec(background, "RELEASE SAVEPOINT share"); err != nil {
			return tx.fault(fmt.Errorf("release savepoint: %w", err))
		}
	}
	return nil
}

// drop ends a share that failed: what it did is undone.
func (tx *Tx) drop() {
	for _, u := range slices.Backward(tx.undo) {
		*u.row = u.was
	}
	for len(tx.made) > tx.madeFrom {
		x := tx.made[len(tx.made)-1]
		tx.made = tx.made[:len(tx.made)-1]
		in := tx.madeIn[x.caseValue]
		tx.madeIn[x.caseValue] = in[:len(in)-1]
		delete(tx.rows, x.listing.ID)
		tx.latestOf[x.key] = x.earlier
		tx.listings--
	}
	tx.now -= uint64(len(tx.pending) - tx.from)
	clear(tx.pending[tx.from:])
	tx.pending = tx.pending[:tx.from]
	if !tx.savepoint || tx.broken != nil {
		return
	}
	_, err := tx.s.exec(background, "ROLLBACK TO SAVEPOINT share")
	if err == nil {
		_, err = tx.s.exec(background, "RELEASE SAVEPOINT share")
	}
	if err != nil {
		tx.fault(fmt.Errorf("undo to savepoint: %w", err))
	}
}
