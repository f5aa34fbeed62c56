package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
	"gongxin/match"
	"gongxin/screen"
)

// The state is the verified copy of the list: a row for each listing in force, and
// the position. Each row has a keyed sum, and the elements of all rows must add
// up to the digest that the hub signed, so damage anywhere is noticed when the
// file is opened. It can always be fetched again.
//
// A listing that was suspended comes back into force, and a correction can make it
// another person's. What restricted somebody before that has ended though the
// listing is in force; since and whose tell, also after a kill in between.
const stateSchema = `
	CREATE TABLE IF NOT EXISTS position (
		id INTEGER PRIMARY KEY CHECK (id = 1),
		format INTEGER NOT NULL,
		hub BLOB NOT NULL,
		position BLOB NOT NULL,
		sum BLOB NOT NULL
	);
	CREATE TABLE IF NOT EXISTS listings (
		id BLOB PRIMARY KEY,
		sequence INTEGER NOT NULL,
		element BLOB NOT NULL,
		hash INTEGER NOT NULL,
		tag BLOB NOT NULL,
		name TEXT NOT NULL,
		masked TEXT NOT NULL,
		case_number TEXT NOT NULL,
		court TEXT NOT NULL,
		severity TEXT NOT NULL,
		published INTEGER NOT NULL,
		until INTEGER NOT NULL,
		sum BLOB NOT NULL,
		since INTEGER NOT NULL DEFAULT 0,
		whose INTEGER NOT NULL DEFAULT 0
	) WITHOUT ROWID`

const stateFormat = 1

// addStanding brings a file of the first version up to date. Its rows and their
// sums stay as they are: 0 means not known.
const (
	hasStanding = `SELECT count(*) FROM pragma_table_info('listings') WHERE name = 'whose'`
	addStanding = `ALTER TABLE listings ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE listings ADD COLUMN whose INTEGER NOT NULL DEFAULT 0`
)

const (
	readPosition  = `SELECT format, hub, position, sum FROM position`
	writePosition = `INSERT INTO position (id, format, hub, position, sum) VALUES (1, $1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET format = $1, hub = $2, position = $3, sum = $4`
	listingColumns = `id, sequence, element, hash, tag, name, masked, case_number, court, severity, published, until, sum, since, whose`
	readListings   = `SELECT ` + listingColumns + ` FROM listings`
	readElement    = `SELECT element FROM listings WHERE id = $1`
	readStanding   = `SELECT since, whose FROM listings WHERE id = $1`
	removeListing  = `DELETE FROM listings WHERE id = $1`
)

const listingFields = 15

// writeListings writes n rows.
func writeListings(n int) string {
	row := "(?" + strings.Repeat(", ?", listingFields-1) + ")"
	return "INSERT INTO listings (" + listingColumns + ") VALUES " + row + strings.Repeat(", "+row, n-1) + `
		ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, element = excluded.element, hash = excluded.hash, tag = excluded.tag,
			name = excluded.name, masked = excluded.masked, case_number = excluded.case_number, court = excluded.court, severity = excluded.severity,
			published = excluded.published, until = excluded.until, sum = excluded.sum, since = excluded.since, whose = excluded.whose`
}

// A held is one listing in force.
type held struct {
	id       gongxin.ListingID
	sequence uint64 // of the event by which it counts
	since    uint64 // of the event that put it in force, without a break since; 0 if not known
	whose    uint64 // of the event that made it this person's, after it had been another's; 0 if it never was
	element  ledger.Digest
	entry    screen.Entry
}

type state struct {
	db     *sql.DB
	key    screen.Key
	hub    []byte // hash of the hub's verifier key, as the gate was given it
	given  string // that key
	at     feed.Position
	closed bool // db is closed, because another file was to take its place
}

// openState opens the file at path, made if missing, reads all of it into an
// index, and checks it. Errors: GATE_OTHER_HUB; one for which damage says true.
func openState(ctx context.Context, path string, key screen.Key, verifierKey string) (*state, *screen.Memory, error) {
	db, err := openFile(ctx, path, "WAL")
	if err != nil {
		return nil, nil, err
	}
	hub := sha256.Sum256([]byte(verifierKey))
	s := &state{db: db, key: key, hub: hub[:], given: verifierKey}
	index, err := s.load(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return s, index, nil
}

// attachState opens the file at path, which was written and verified a moment ago
// up to at, in the place of old.
func attachState(ctx context.Context, path string, old *state, at feed.Position) (*state, error) {
	db, err := openFile(ctx, path, "WAL")
	if err != nil {
		return old, err
	}
	return &state{db: db, key: old.key, hub: old.hub, given: old.given, at: at}, nil
}

func (s *state) load(ctx context.Context) (*screen.Memory, error) {
	if _, err := s.db.ExecContext(ctx, stateSchema); err != nil {
		return nil, err
	}
	if err := quickCheck(ctx, s.db); err != nil {
		return nil, err
	}
	var current int
	if err := s.db.QueryRowContext(ctx, hasStanding).Scan(&current); err != nil {
		return nil, err
	}
	if current == 0 {
		if err := s.upgrade(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.loadPosition(ctx); err != nil {
		return nil, err
	}
	index := screen.NewMemorySized(s.key, int(min(s.at.Head.Count, 1<<28)))
	rows, err := s.db.QueryContext(ctx, readListings)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var count uint64
	var digest ledger.Digest
	sums := s.sums()
	for rows.Next() {
		h, err := scanHeld(rows, sums)
		if err != nil {
			return nil, err
		}
		index.Put(h.id, h.entry)
		count, digest = count+1, digest.Add(h.element)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if count != s.at.Head.Count || digest != s.at.Head.Digest || uint64(index.Len()) != count {
		return nil, fmt.Errorf("%w: %d listings are not the set that was signed for sequence %d", errDamaged, count, s.at.Tree.Size())
	}
	return index, nil
}

func (s *state) upgrade(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	if _, err := tx.ExecContext(ctx, addStanding); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *state) loadPosition(ctx context.Context) error {
	var format int
	var hub, position, sum []byte
	switch err := s.db.QueryRowContext(ctx, readPosition).Scan(&format, &hub, &position, &sum); {
	case errors.Is(err, sql.ErrNoRows):
		return nil // a new file; rows without a position do not add up to the empty digest
	case err != nil:
		return unreadable(err)
	case !hmac.Equal(sum, s.positionSum(format, hub, position)):
		return fmt.Errorf("%w: the position", errDamaged)
	case format != stateFormat:
		return fmt.Errorf("%w: format %d is not %d", errDamaged, format, stateFormat)
	}
	if err := s.at.UnmarshalBinary(position); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if !hmac.Equal(hub, s.hub) && s.at.Keys.Current != s.given { // the second after the hub's key was replaced, and its file here as well
		return gongxin.Conflict("GATE_OTHER_HUB", "")
	}
	return nil
}

// unreadable marks a row that cannot be scanned as damage, and leaves SQLite's own errors.
func unreadable(err error) error {
	if primary(err) != 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

// sums makes keyed sums of rows: fields with their lengths, first half of
// HMAC-SHA-256.
type sums struct {
	mac hash.Hash
	buf []byte
}

func (s *state) sums() *sums {
	m := hmac.New(sha256.New, s.key[:])
	m.Write([]byte("gongxin gate state"))
	return &sums{mac: hmac.New(sha256.New, m.Sum(nil))}
}

func (s *sums) of(fields ...[]byte) []byte {
	s.buf = s.buf[:0]
	for _, f := range fields {
		s.buf = append(binary.BigEndian.AppendUint64(s.buf, uint64(len(f))), f...)
	}
	s.mac.Reset()
	s.mac.Write(s.buf) // at once: each piece by itself costs as much as hashing it
	return s.mac.Sum(nil)[:16]
}

func word(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (s *state) positionSum(format int, hub, position []byte) []byte {
	return s.sums().of([]byte("position"), word(uint64(format)), hub, position)
}

func (s *sums) held(h held) []byte {
	e := h.entry
	fields := [][]byte{[]byte("listing"), h.id[:], word(h.sequence), h.element[:], word(e.Mark.Hash), e.Mark.Tag[:], []byte(e.Name), []byte(e.Masked),
		[]byte(e.Case), []byte(e.Court), []byte(e.Severity), word(uint64(e.Published)), word(uint64(e.Until))}
	if h.since != 0 || h.whose != 0 { // a row of the first version keeps its sum
		fields = append(fields, word(h.since), word(h.whose))
	}
	return s.of(fields...)
}

func scanHeld(rows scanner, sums *sums) (held, error) {
	var h held
	var id, element, tag, sum []byte
	var hash int64
	e := &h.entry
	err := rows.Scan(&id, &h.sequence, &element, &hash, &tag, &e.Name, &e.Masked, &e.Case, &e.Court, &e.Severity, &e.Published, &e.Until, &sum,
		&h.since, &h.whose)
	if err != nil {
		return h, unreadable(err)
	}
	if len(id) != len(h.id) || len(element) != len(h.element) || len(tag) != len(e.Mark.Tag) {
		return h, fmt.Errorf("%w: a listing's row", errDamaged)
	}
	h.id, h.element, e.Mark = gongxin.ListingID(id), ledger.Digest(element), screen.Mark{Hash: uint64(hash), Tag: [16]byte(tag)}
	if !hmac.Equal(sum, sums.held(h)) {
		return h, fmt.Errorf("%w: the row of listing %s", errDamaged, h.id)
	}
	return h, nil
}

// elements reads what is held from the state (feed.Held). What goes wrong is kept
// in fault, to be asked for afterwards.
type elements struct {
	ctx   context.Context
	query func(ctx context.Context, query string, args ...any) *sql.Row
	fault error
}

// Element returns what listing id adds to the digest.
func (e *elements) Element(id gongxin.ListingID) (d ledger.Digest, ok bool) {
	var b []byte
	switch err := e.query(e.ctx, readElement, id[:]).Scan(&b); {
	case errors.Is(err, sql.ErrNoRows):
		return d, false
	case err != nil:
		e.fault = errors.Join(e.fault, err)
		return d, false
	case len(b) != len(d):
		e.fault = errors.Join(e.fault, fmt.Errorf("%w: the element of listing %s", errDamaged, id))
		return d, false
	}
	return ledger.Digest(b), true
}

// standing reads since and whose of a listing that the state holds.
func (e *elements) standing(id gongxin.ListingID) (since, whose uint64, err error) {
	err = e.query(e.ctx, readStanding, id[:]).Scan(&since, &whose)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fmt.Errorf("%w: listing %s is in the index and not in the file", errDamaged, id)
	}
	return since, whose, err
}

// A difference is what changes do to the set in force: what is put, and what is
// taken out.
type difference struct {
	put  []held
	gone []departure
}

// A departure is a listing taken out of force, by an event of kind.
type departure struct {
	id    gongxin.ListingID
	kind  gongxin.EventKind
	whose uint64 // as in held: it may have been made another person's a moment before
}

// A track follows one listing through changes.
type track struct {
	held
	known bool              // entry is that of the listing before, in force or not
	last  gongxin.EventKind // that concerned the set in force
}

// reduce folds verified changes into what is different after them. before gives
// what is known of a listing as it was before the changes, if anything is: the
// person at least.
func reduce(changes []feed.Change, entry func(gongxin.Entry) screen.Entry, before func(gongxin.ListingID) (h held, known bool, err error)) (d difference, err error) {
	tracks := map[gongxin.ListingID]*track{}
	var order []*track
	for _, c := range changes {
		force := c.Event.Kind.Force()
		if force == gongxin.ForceNone {
			continue
		}
		t := tracks[c.Event.Listing]
		if t == nil {
			t = new(track)
			if t.held, t.known, err = before(c.Event.Listing); err != nil {
				return d, err
			}
			t.id = c.Event.Listing
			tracks[t.id] = t
			order = append(order, t)
		}
		t.follow(c, force, entry)
	}
	for _, t := range order {
		if t.last.Force() == gongxin.ForceLeaves {
			d.gone = append(d.gone, departure{t.id, t.last, t.whose})
		} else {
			d.put = append(d.put, t.held)
		}
	}
	return d, nil
}

func (t *track) follow(c feed.Change, force gongxin.Force, entry func(gongxin.Entry) screen.Entry) {
	t.last = c.Event.Kind
	if force == gongxin.ForceLeaves {
		return
	}
	t.sequence, t.element = c.Sequence, c.Element
	if force == gongxin.ForceEnters {
		t.since = c.Sequence
	}
	if c.Event.Entry == nil {
		return // erased, and not the last: it has left, or another event tells what it is
	}
	e := entry(*c.Event.Entry)
	if t.known && !samePerson(t.entry, e) {
		t.whose = c.Sequence
	}
	t.entry, t.known = e, true
}

// samePerson tells whether a restriction on account of a stands on account of b.
func samePerson(a, b screen.Entry) bool { return a.Mark == b.Mark && match.Agrees(a.Name, b.Name) }

// write writes d and the position in one transaction, or nothing.
func (s *state) write(ctx context.Context, d difference, at feed.Position) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	if err := s.writeRows(ctx, tx, d); err != nil {
		return err
	}
	if err := s.writePosition(ctx, tx, at); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	s.at = at
	return nil
}

func (s *state) writeRows(ctx context.Context, tx *sql.Tx, d difference) error {
	if len(d.put)+len(d.gone) == 0 {
		return nil
	}
	if err := s.putRows(ctx, tx, d.put); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	remove, err := tx.PrepareContext(ctx, removeListing)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	defer remove.Close()
	for _, l := range d.gone {
		if _, err := remove.ExecContext(ctx, l.id[:]); err != nil {
			return fmt.Errorf("remove listing %s: %w", l.id, err)
		}
	}
	return nil
}

// together is how many rows a statement writes: what a statement costs beside its
// rows is most of what a row by itself costs.
const together = 50

// putRows writes rows, many with a statement as long as there are as many.
func (s *state) putRows(ctx context.Context, tx *sql.Tx, put []held) error {
	sums := s.sums()
	args := make([]any, 0, together*listingFields)
	for n := together; len(put) > 0; n = 1 {
		if len(put) < n {
			continue
		}
		stmt, err := tx.PrepareContext(ctx, writeListings(n))
		if err != nil {
			return err
		}
		for ; len(put) >= n; put = put[n:] {
			args = args[:0]
			for i := range put[:n] {
				h, e := &put[i], &put[i].entry
				args = append(args, h.id[:], int64(h.sequence), h.element[:], int64(e.Mark.Hash), e.Mark.Tag[:], e.Name, e.Masked, e.Case,
					e.Court, string(e.Severity), int64(e.Published), int64(e.Until), sums.held(*h), int64(h.since), int64(h.whose))
			}
			if _, err := stmt.ExecContext(ctx, args...); err != nil {
				return errors.Join(fmt.Errorf("from listing %s: %w", put[0].id, err), stmt.Close())
			}
		}
		if err := stmt.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) writePosition(ctx context.Context, tx *sql.Tx, at feed.Position) error {
	position, err := at.MarshalBinary()
	if err != nil {
		return fmt.Errorf("write position: %w", err)
	}
	if _, err := tx.ExecContext(ctx, writePosition, stateFormat, s.hub, position, s.positionSum(stateFormat, s.hub, position)); err != nil {
		return fmt.Errorf("write position: %w", err)
	}
	return nil
}
