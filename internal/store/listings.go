package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/ledger"
)

// A row is a listing as the table listings has it, or will have it.
type row struct {
	ordinal      uint64
	listing      gongxin.Listing
	key          keyIndex
	round        int64
	caseValue    int64
	subjectValue int64
	court        string
	submission   [32]byte
	erased       bool         // the bodies are gone: Entry and Exit.Decision are zero
	procedure    driver.Value // what the column is to hold, once the row is made or moved

	element ledger.Digest // of the event Forced, if known is set
	known   bool
	earlier *row       // of a new listing, the round before
	stored  *storedRow // what the table has; nil for a new listing
}

// storedRow is what an update of a row needs to know of the row before.
type storedRow struct {
	sequence uint64
	state    gongxin.State
	term     gongxin.Day // as it stands in index_terms, if it does
}

func (r *row) found() gongxin.Found {
	return gongxin.Found{Listing: r.listing, Submission: r.submission}
}

// term is the day under which r belongs in index_terms; 0 if it does not. The term
// of a suspended listing runs on.
func (r *row) term() gongxin.Day {
	switch r.listing.State {
	case gongxin.InForce, gongxin.Suspended:
		return r.listing.Entry.Until
	}
	return 0
}

// getListings reads rows with the bodies of the events that set the entry and
// that ended the listing.
const getListings = `
	SELECT l.ordinal, l.id, l.key_index, l.round, l.case_index, l.subject_index, l.court, l.state, l.origin, l.until,
		l.sequence, l.content, l.forced, l.procedure, l.submission, l.exit_ground, l.exit_on, l.exit_at, l.exit_sequence,
		e.kind, e.leaf, e.body_form, e.body_public, e.body_court, x.kind, x.body_form, x.body_court
	FROM listings l JOIN events e ON e.sequence = l.content LEFT JOIN events x ON x.sequence = l.exit_sequence
	WHERE `

const (
	getListing     = getListings + `l.id = $1`
	getListingsFew = getListings + `l.ordinal IN`
)

func scanRow(scan func(...any) error) (*row, error) {
	var (
		r                                   row
		l                                   = &r.listing
		id, key, submission, leaf           []byte
		public, court, exitCourt            []byte
		kind                                gongxin.EventKind
		ground, exitKind, procedure         sql.NullString
		exitOn, exitAt, exitSequence, xForm sql.NullInt64
		until                               gongxin.Day
		form                                int64
	)
	err := scan(&r.ordinal, &id, &key, &r.round, &r.caseValue, &r.subjectValue, &r.court, &l.State, &l.Origin, &until,
		&l.Sequence, &l.Content, &l.Forced, &procedure, &submission, &ground, &exitOn, &exitAt, &exitSequence,
		&kind, &leaf, &form, &public, &court, &exitKind, &xForm, &exitCourt)
	if err != nil {
		return nil, err
	}
	if len(id) != len(l.ID) || len(key) != len(r.key) || form != plainBodies || xForm.Int64 != plainBodies {
		return nil, &unreadable{fmt.Errorf("listing %x: not in a form that this version reads", id)}
	}
	copy(l.ID[:], id)
	copy(r.key[:], key)
	copy(r.submission[:], submission)
	if l.Procedure, err = openProcedure(procedure); err != nil {
		return nil, &unreadable{fmt.Errorf("listing %s: %w", l.ID, err)}
	}
	if l.Forced != 0 && l.Forced == l.Content {
		r.element, r.known = ledger.Element(l.Forced, leaf), true
	}
	if exitSequence.Valid {
		l.Exit = gongxin.Exit{
			Ground: gongxin.Ground(ground.String), On: gongxin.Day(exitOn.Int64), At: time.UnixMilli(exitAt.Int64).UTC(), Sequence: uint64(exitSequence.Int64),
		}
		if exitCourt != nil {
			e, err := gongxin.Event{Kind: gongxin.EventKind(exitKind.String), Listing: l.ID}.OpenAll(nil, exitCourt)
			if err != nil {
				return nil, &unreadable{fmt.Errorf("listing %s: %w", l.ID, err)}
			}
			l.Exit.Decision = e.Decision
		}
	}
	if r.erased = court == nil || public == nil; r.erased {
		l.Entry.Until = until
	} else {
		e, err := gongxin.Event{Kind: kind, Listing: l.ID}.OpenAll(public, court)
		if err != nil {
			return nil, &unreadable{fmt.Errorf("listing %s: %w", l.ID, err)}
		}
		l.Entry = *e.Entry
	}
	r.stored = &storedRow{sequence: l.Sequence, state: l.State, term: r.term()}
	return &r, nil
}

// openProcedure reads what procedureValue gives.
func openProcedure(text sql.NullString) (p gongxin.Procedure, err error) {
	if !text.Valid {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text.String), &p); err != nil {
		return p, fmt.Errorf("procedure: %w", err)
	}
	return p, nil
}

// procedureValue is what the column procedure holds: nothing where nothing has
// happened, so that what courts' files bring takes neither time nor room.
func procedureValue(p gongxin.Procedure) (driver.Value, error) {
	if p == (gongxin.Procedure{}) {
		return nil, nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("procedure: %w", err)
	}
	return string(b), nil
}

// A reader reads in one transaction of s, at the moment of h.
type reader struct {
	db *DB
	s  *session
	h  head
	tx *Tx // that reads, sharing the transaction with others; nil for a View
}

// each calls f for every row of a query. In a shared transaction ctx ends only
// what has not begun, and a failure ends the transaction.
func (r *reader) each(ctx context.Context, text string, args []any, f func(scan func(...any) error) error) error {
	if r.tx == nil {
		return r.s.each(ctx, text, legible(args), f)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.tx.fault(r.s.each(background, text, legible(args), f))
}

// one is each for a query of which at most one row is wanted; found tells whether
// there was one.
func (r *reader) one(ctx context.Context, text string, args []any, f func(scan func(...any) error) error) (found bool, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		if found {
			return nil
		}
		found = true
		return f(scan)
	})
	return found, err
}

// byID returns the row of a listing. Error: UNKNOWN_LISTING.
func (r *reader) byID(ctx context.Context, id gongxin.ListingID) (*row, error) {
	rows, err := r.rows(ctx, func(f func(scan func(...any) error) error) error {
		return r.s.each(ctx, getListing, []any{id[:]}, f)
	})
	if err != nil {
		return nil, fmt.Errorf("read listing %s: %w", id, err)
	}
	if len(rows) == 0 {
		return nil, gongxin.Missing("UNKNOWN_LISTING", id.String())
	}
	return rows[0], nil
}

// candidates returns the rows that have one of values, and possibly others.
func (r *reader) candidates(ctx context.Context, by column, values []int64) ([]*row, error) {
	ordinals, err := r.db.lookup(ctx, r.s, r.h, by, values)
	if err != nil {
		return nil, err
	}
	rows, err := r.rows(ctx, func(f func(scan func(...any) error) error) error {
		return r.s.eachIn(ctx, getListingsFew, ordinals, f)
	})
	if err != nil {
		return nil, fmt.Errorf("read listings: %w", err)
	}
	return rows, nil
}

func (r *reader) rows(_ context.Context, each func(func(scan func(...any) error) error) error) ([]*row, error) {
	var rows []*row
	err := each(func(scan func(...any) error) error {
		x, err := scanRow(scan)
		if err == nil {
			rows = append(rows, x)
		}
		return err
	})
	return rows, err
}

// A wanted is a key that is looked for, with its hashes.
type wanted struct {
	key          keyIndex
	value        int64 // of the case
	subjectValue int64
}

func (db *DB) wanted(keys []gongxin.ListingKey) []wanted {
	w := make([]wanted, len(keys))
	parallel(len(keys), func(i int) {
		k := keys[i]
		w[i] = wanted{db.blind.key(k), db.blind.caseValue(k.Case), db.blind.subjectValue(k.Subject)}
	})
	return w
}

// latest returns the latest round of each key.
func (r *reader) latest(ctx context.Context, want []wanted) (map[keyIndex]*row, error) {
	keys := make(map[keyIndex]*row, len(want))
	seen := make(map[int64]bool, len(want))
	values := make([]int64, 0, len(want))
	for _, w := range want {
		keys[w.key] = nil
		if !seen[w.value] {
			seen[w.value] = true
			values = append(values, w.value)
		}
	}
	rows, err := r.candidates(ctx, byCase, values)
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		if have, asked := keys[x.key]; asked && (have == nil || x.round > have.round) {
			keys[x.key] = x
		}
	}
	return keys, nil
}

// inCase picks the newest listing of subject among the rows of a case.
func inCase(rows []*row, caseValue, subjectValue int64) (newest *row, n int) {
	for _, x := range rows {
		if x.caseValue != caseValue {
			continue
		}
		n++
		if x.subjectValue == subjectValue && (newest == nil || x.ordinal > newest.ordinal) {
			newest = x
		}
	}
	return newest, n
}

// distinct drops rows that stand in the list twice, as one found in two ways does.
func distinct(rows []*row) []*row {
	seen := make(map[uint64]bool, len(rows))
	kept := rows[:0]
	for _, x := range rows {
		if !seen[x.ordinal] {
			seen[x.ordinal] = true
			kept = append(kept, x)
		}
	}
	return kept
}

func sortRows(rows []*row) []*row {
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.ordinal, b.ordinal) })
	return rows
}

// Listing returns the listing id as it stands. Errors: UNKNOWN_LISTING, and, with
// the listing without its entry, LISTING_ERASED.
func (v *View) Listing(ctx context.Context, id gongxin.ListingID) (gongxin.Listing, error) {
	x, err := v.byID(ctx, id)
	if err != nil {
		return gongxin.Listing{}, err
	}
	if x.erased {
		return x.listing, gongxin.Missing("LISTING_ERASED", id.String())
	}
	return x.listing, nil
}

// Find returns the latest round of each key, in the order of keys; where there is
// none, the zero Found. The Entry of an erased listing is zero.
func (v *View) Find(ctx context.Context, keys []gongxin.ListingKey) ([]gongxin.Found, error) {
	want := v.db.wanted(keys)
	rows, err := v.latest(ctx, want)
	if err != nil {
		return nil, err
	}
	found := make([]gongxin.Found, len(keys))
	for i, w := range want {
		if x := rows[w.key]; x != nil {
			found[i] = x.found()
		}
	}
	return found, nil
}

// OfSubject returns all listings of a subject, ended ones too, oldest first. An
// organisation is found by either of its numbers.
func (v *View) OfSubject(ctx context.Context, n identity.Number) ([]gongxin.Listing, error) {
	value := v.db.blind.subjectValue(n)
	rows, err := v.candidates(ctx, bySubject, []int64{value})
	if err != nil {
		return nil, err
	}
	var listings []gongxin.Listing
	for _, x := range sortRows(distinct(rows)) {
		if x.subjectValue == value && (x.erased || identity.Same(x.listing.Entry.Subject.Number, n)) {
			listings = append(listings, x.listing)
		}
	}
	return listings, nil
}

const (
	dueIndexed = `
		SELECT l.id FROM index_terms t JOIN listings l ON l.ordinal = t.ordinal
		WHERE t.until < $1 AND l.state IN ('in_force', 'suspended') ORDER BY t.until, t.ordinal LIMIT $2`
	dueTail = `
		SELECT id FROM listings
		WHERE ordinal > $1 AND state IN ('in_force', 'suspended') AND until > 0 AND until < $2 ORDER BY ordinal LIMIT $3`
)

// Due returns up to limit listings in force or suspended whose last day was before
// day: the term runs on while a listing is suspended.
func (v *View) Due(ctx context.Context, day gongxin.Day, limit int) ([]gongxin.ListingID, error) {
	var due []gongxin.ListingID
	take := func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		id, err := listingID(b)
		due = append(due, id)
		return err
	}
	err := v.s.each(ctx, dueIndexed, []any{int64(day), limit}, take)
	if err == nil && len(due) < limit && v.h.listings > v.h.indexed {
		err = v.s.each(ctx, dueTail, []any{int64(v.h.indexed), int64(day), limit - len(due)}, take)
	}
	if err != nil {
		return nil, fmt.Errorf("read listings that are due: %w", err)
	}
	return due, nil
}

func listingID(b []byte) (id gongxin.ListingID, err error) {
	if copy(id[:], b) != len(b) || len(b) != len(id) {
		return id, fmt.Errorf("listing id of %d bytes", len(b))
	}
	return id, nil
}

// Counts are how many listings are in each state.
func (v *View) Counts(ctx context.Context) (map[gongxin.State]uint64, error) {
	counts := map[gongxin.State]uint64{}
	err := v.s.each(ctx, `SELECT state, count FROM states`, nil, func(scan func(...any) error) error {
		var state gongxin.State
		var n uint64
		err := scan(&state, &n)
		counts[state] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count listings: %w", err)
	}
	return counts, nil
}

var newListings = newInsert("listings", "ordinal", "id", "key_index", "round", "case_index", "subject_index", "court", "state",
	"origin", "until", "sequence", "content", "forced", "procedure", "submission", "exit_ground", "exit_on", "exit_at", "exit_sequence")

const (
	moveListing = `
		UPDATE listings SET state = $3, until = $4, sequence = $5, content = $6, forced = $7,
			exit_ground = $8, exit_on = $9, exit_at = $10, exit_sequence = $11, submission = $12, procedure = $13
		WHERE ordinal = $1 AND sequence = $2`
	addState = `
		INSERT INTO states (state, count) VALUES ($1, $2)
		ON CONFLICT (state) DO UPDATE SET count = states.count + excluded.count`
	dropTerm = `DELETE FROM index_terms WHERE until = $1 AND ordinal = $2`
	addTerm  = `INSERT INTO index_terms (until, ordinal) VALUES ($1, $2)`
)

// exitValues are what the exit columns hold: nothing until a listing has ended.
func (r *row) exitValues() (ground, on, at, sequence driver.Value) {
	x := r.listing.Exit
	if x.Sequence == 0 {
		return nil, nil, nil, nil
	}
	return string(x.Ground), int64(x.On), x.At.UnixMilli(), int64(x.Sequence)
}

func (r *row) submissionValue() driver.Value {
	if r.submission == [32]byte{} {
		return nil
	}
	return r.submission[:]
}

// values are a new row's, in the order of newListings.
func (r *row) values(out []driver.Value) []driver.Value {
	l := &r.listing
	ground, on, at, sequence := r.exitValues()
	return append(out, int64(r.ordinal), l.ID[:], r.key[:], r.round, r.caseValue, r.subjectValue, r.court, string(l.State),
		string(l.Origin), int64(l.Entry.Until), int64(l.Sequence), int64(l.Content), int64(l.Forced), r.procedure, r.submissionValue(), ground, on, at, sequence)
}

// move writes a row that is stored already. It names the sequence that it read;
// the head is locked, so another one means a damaged database.
func (r *row) move(ctx context.Context, s *session, indexed uint64) error {
	l := &r.listing
	ground, on, at, sequence := r.exitValues()
	n, err := s.exec(ctx, moveListing, int64(r.ordinal), int64(r.stored.sequence), string(l.State), int64(l.Entry.Until), int64(l.Sequence),
		int64(l.Content), int64(l.Forced), ground, on, at, sequence, r.submissionValue(), r.procedure)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows at sequence %d", n, r.stored.sequence)
	}
	if err == nil && r.ordinal <= indexed && r.stored.term != r.term() {
		if r.stored.term != 0 {
			_, err = s.exec(ctx, dropTerm, int64(r.stored.term), int64(r.ordinal))
		}
		if err == nil && r.term() != 0 {
			_, err = s.exec(ctx, addTerm, int64(r.term()), int64(r.ordinal))
		}
	}
	if err != nil {
		return fmt.Errorf("move listing %s: %w", l.ID, err)
	}
	return nil
}
