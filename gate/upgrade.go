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
	"os"
	"path/filepath"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/ledger"
	"gongxin/match"
	"gongxin/screen"
)

// Versions before this one kept the list in state.db, a row for each listing. Their
// keyed hashes of identifiers cannot be made into today's without the identifiers,
// which stand nowhere; so the list is fetched anew, and until then the gate refers.
// What the file is good for is read from it: the position, so that the list fetched is
// never an older one, and whose the listings were on whose account somebody is
// restricted. It is removed once the new list has taken its place, so that a kill at
// any time leaves one or the other.
const (
	stateFile   = "state.db"
	stateFormat = 1
)

const (
	hasStanding    = `SELECT count(*) FROM pragma_table_info('listings') WHERE name = 'whose'`
	readPosition   = `SELECT format, hub, position, sum FROM position`
	readListings   = `SELECT id, sequence, element, hash, tag, name, masked, case_number, court, severity, published, until, sum, 0, 0 FROM listings`
	readListingsOf = `SELECT id, sequence, element, hash, tag, name, masked, case_number, court, severity, published, until, sum, since, whose FROM listings`
)

// An earlier list is what is kept of a state.db in memory until its place is taken.
type earlier struct {
	key   []byte // of identifiers' tags
	whose map[gongxin.ListingID]earlierPerson
}

type earlierPerson struct {
	tag  [16]byte
	name string
}

// readEarlier reads the state.db at path and checks all of it. It keeps the rows of
// wanted. Errors: GATE_OTHER_HUB; one for which damage says true.
func readEarlier(ctx context.Context, path string, key screen.Key, hub hubKey, wanted map[gongxin.ListingID]int) (e *earlier, at feed.Position, err error) {
	db, err := openFile(ctx, path, "WAL")
	if err != nil {
		return nil, at, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := quickCheck(ctx, db); err != nil {
		return nil, at, err
	}
	sums := newSums(key)
	if at, err = readEarlierPosition(ctx, db, sums, hub); err != nil {
		return nil, at, err
	}
	e = &earlier{key: derived(key, "gongxin screen tag"), whose: map[gongxin.ListingID]earlierPerson{}}
	text, standing := readListings, 0
	if err := db.QueryRowContext(ctx, hasStanding).Scan(&standing); err != nil {
		return nil, at, err
	}
	if standing > 0 {
		text = readListingsOf
	}
	var count uint64
	var digest ledger.Digest
	err = each(ctx, db, func(row scanner) (earlierRow, error) { return scanEarlier(row, sums) }, func(r earlierRow) {
		count, digest = count+1, digest.Add(r.element)
		if wanted[r.id] > 0 {
			e.whose[r.id] = earlierPerson{r.tag, r.name}
		}
	}, text)
	if err != nil {
		return nil, at, err
	}
	if count != at.Head.Count || digest != at.Head.Digest {
		return nil, at, fmt.Errorf("%w: %d listings are not the set that was signed for sequence %d", errDamaged, count, at.Tree.Size())
	}
	return e, at, nil
}

func readEarlierPosition(ctx context.Context, db *sql.DB, sums *sums, hub hubKey) (at feed.Position, err error) {
	var format int
	var known, position, sum []byte
	switch err := db.QueryRowContext(ctx, readPosition).Scan(&format, &known, &position, &sum); {
	case errors.Is(err, sql.ErrNoRows):
		return at, nil // rows without a position do not add up to the empty digest
	case err != nil:
		return at, unreadable(err)
	case !hmac.Equal(sum, sums.of([]byte("position"), word(uint64(format)), known, position)):
		return at, fmt.Errorf("%w: the position", errDamaged)
	case format != stateFormat:
		return at, fmt.Errorf("%w: format %d is not %d", errDamaged, format, stateFormat)
	}
	if err := at.UnmarshalBinary(position); err != nil {
		return at, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return at, hub.check(known, at)
}

// isSame tells whether the listing id is still that of the person whom it was about in
// the earlier list; known is false if nothing is kept of it. A nil e knows nothing.
func (e *earlier) isSame(id gongxin.ListingID, subject gongxin.Subject) (same, known bool) {
	if e == nil {
		return false, false
	}
	was, known := e.whose[id]
	return known && was.tag == e.tag(subject.Number) && match.Agrees(was.name, subject.Name), known
}

func (e *earlier) tag(number identity.Number) (tag [16]byte) {
	if org, ok := number.Organisation(); ok {
		number = org
	}
	m := hmac.New(sha256.New, e.key)
	m.Write([]byte(number.Full()))
	copy(tag[:], m.Sum(nil))
	return tag
}

// An earlierRow is one row of a state.db.
type earlierRow struct {
	id      gongxin.ListingID
	element ledger.Digest
	tag     [16]byte
	name    string
}

func scanEarlier(row scanner, sums *sums) (r earlierRow, err error) {
	var id, element, tag, sum []byte
	var sequence, hash, published, until, since, whose int64
	var masked, number, court, severity string
	err = row.Scan(&id, &sequence, &element, &hash, &tag, &r.name, &masked, &number, &court, &severity, &published, &until, &sum, &since, &whose)
	if err != nil {
		return r, unreadable(err)
	}
	if len(id) != len(r.id) || len(element) != len(r.element) || len(tag) != len(r.tag) {
		return r, fmt.Errorf("%w: a listing's row", errDamaged)
	}
	r.id, r.element, r.tag = gongxin.ListingID(id), ledger.Digest(element), [16]byte(tag)
	fields := [][]byte{[]byte("listing"), id, word(uint64(sequence)), element, word(uint64(hash)), tag, []byte(r.name), []byte(masked),
		[]byte(number), []byte(court), []byte(severity), word(uint64(published)), word(uint64(until))}
	if since != 0 || whose != 0 { // a row of the first version keeps its sum
		fields = append(fields, word(uint64(since)), word(uint64(whose)))
	}
	if !hmac.Equal(sum, sums.of(fields...)) {
		return r, fmt.Errorf("%w: the row of listing %s", errDamaged, r.id)
	}
	return r, nil
}

// sums makes keyed sums of rows: fields with their lengths, first half of
// HMAC-SHA-256.
type sums struct {
	mac hash.Hash
	buf []byte
}

func newSums(key screen.Key) *sums {
	return &sums{mac: hmac.New(sha256.New, derived(key, "gongxin gate state"))}
}

func derived(key screen.Key, use string) []byte {
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(use))
	return m.Sum(nil)
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

// openEarlier looks for the list of an earlier version. One whose place is taken is
// removed; a damaged one is put aside. Error: GATE_OTHER_HUB.
func (g *Gate) openEarlier(ctx context.Context) error {
	path := filepath.Join(g.config.Dir, stateFile)
	if err := removeFile(path + ".new"); err != nil { // of a fetch that was cut off
		return fmt.Errorf("open gate: %w", err)
	}
	if !exists(path) {
		return removeBeside(path)
	}
	if !g.state.at.Head.At.IsZero() && !g.loading.Load() {
		return g.removeEarlier()
	}
	e, at, err := readEarlier(ctx, path, g.key, g.state.hub, g.outcomes.standing())
	switch {
	case gongxin.CodeOf(err) == "GATE_OTHER_HUB":
		return gongxin.Conflict("GATE_OTHER_HUB", g.config.Dir)
	case err != nil && damage(err):
		g.report(ctx, fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_STATE_CORRUPT", path, err), err))
		return g.putAside(path, "", "-wal", "-shm", "-journal")
	case locked(err):
		return gongxin.Conflict("GATE_IN_USE", g.config.Dir)
	case err != nil:
		return fmt.Errorf("open %s: %w", path, err)
	}
	g.earlier = e
	if at.Head.Size <= g.known().Head.Size {
		return nil
	}
	return errors.Join(g.note(at), g.outcomes.remember(ctx))
}

// exists tells whether something is called path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// removeEarlier removes the list of an earlier version, whose place is taken.
func (g *Gate) removeEarlier() error {
	g.earlier = nil
	path := filepath.Join(g.config.Dir, stateFile)
	if !exists(path) {
		return nil
	}
	err := removeFile(path)
	if err == nil {
		err = durable.SyncDir(g.config.Dir)
	}
	if err != nil {
		return fmt.Errorf("remove the earlier list: %w", err)
	}
	return nil
}
