package gate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"gongxin"
	"gongxin/ledger"
)

// The record of outcomes: what restricted or referred somebody, until when, what is
// kept on and on what ground, which reviews were asked for, and what the hub has
// not been told yet. It holds listings and measures and no listed person's name or
// number, only a keyed sum that tells one from another (person). It cannot be fetched from anywhere, so each row has a sum, and
// totals holds count and sum of all rows: a file that lost or changed any is
// refused. The journal is the rolled-back kind, because a damaged write-ahead log
// would quietly be an older file.
const outcomesSchema = `
	CREATE TABLE IF NOT EXISTS outcomes (
		reference TEXT NOT NULL,
		part INTEGER NOT NULL,
		kind TEXT NOT NULL,
		listing BLOB NOT NULL,
		scenario TEXT NOT NULL,
		measure TEXT NOT NULL,
		reason TEXT NOT NULL,
		sequence INTEGER NOT NULL,
		at INTEGER NOT NULL,
		until INTEGER NOT NULL,
		lifted_at INTEGER NOT NULL,
		lifted_sequence INTEGER NOT NULL,
		sum BLOB NOT NULL,
		ended_at INTEGER NOT NULL DEFAULT 0,
		ended_sequence INTEGER NOT NULL DEFAULT 0,
		why TEXT NOT NULL DEFAULT '',
		kept_ground TEXT NOT NULL DEFAULT '',
		kept_until INTEGER NOT NULL DEFAULT 0,
		kept_by TEXT NOT NULL DEFAULT '',
		kept_at INTEGER NOT NULL DEFAULT 0,
		person BLOB NOT NULL DEFAULT x'',
		PRIMARY KEY (reference, part)
	) WITHOUT ROWID;
	CREATE INDEX IF NOT EXISTS open_restrictions ON outcomes (listing) WHERE kind = 'restricted' AND lifted_at = 0;
	CREATE TABLE IF NOT EXISTS outbox (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		reference TEXT NOT NULL,
		part INTEGER NOT NULL,
		kind TEXT NOT NULL,
		refused INTEGER NOT NULL,
		sum BLOB NOT NULL
	);
	CREATE TABLE IF NOT EXISTS totals (
		id INTEGER PRIMARY KEY CHECK (id = 1),
		format INTEGER NOT NULL,
		rows INTEGER NOT NULL,
		digest BLOB NOT NULL,
		head BLOB NOT NULL,
		sum BLOB NOT NULL
	);` + reviewsSchema + proposalsSchema + actsSchema + callsSchema + watchSchema

// What is remembered and watched came together, with format 5.
const watchSchema = differencesSchema + watchedSchema + alertsSchema

// outcomesFormat is the version of the schema. Format 1 had neither kept measures,
// reviews nor proposals, format 2 neither acts nor a webhook's queue, format 3 did not
// say whose listing it was, format 4 neither remembered nor watched anything; their
// rows and sums stay as they are.
const outcomesFormat = 5

// What each format adds to the one before; the first adds nothing.
var upgradeOutcomes = [outcomesFormat]string{1: `
	ALTER TABLE outcomes ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE outcomes ADD COLUMN ended_sequence INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE outcomes ADD COLUMN why TEXT NOT NULL DEFAULT '';
	ALTER TABLE outcomes ADD COLUMN kept_ground TEXT NOT NULL DEFAULT '';
	ALTER TABLE outcomes ADD COLUMN kept_until INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE outcomes ADD COLUMN kept_by TEXT NOT NULL DEFAULT '';
	ALTER TABLE outcomes ADD COLUMN kept_at INTEGER NOT NULL DEFAULT 0;` + reviewsSchema + proposalsSchema,
	2: actsSchema + callsSchema,
	3: `ALTER TABLE outcomes ADD COLUMN person BLOB NOT NULL DEFAULT x'';`,
	4: watchSchema}

const (
	readTotals  = `SELECT format, rows, digest, head, sum FROM totals`
	writeTotals = `INSERT INTO totals (id, format, rows, digest, head, sum) VALUES (1, $1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET format = $1, rows = $2, digest = $3, head = $4, sum = $5`
	outcomeColumns = `reference, part, kind, listing, scenario, measure, reason, sequence, at, until, lifted_at, lifted_sequence, sum,
		ended_at, ended_sequence, why, kept_ground, kept_until, kept_by, kept_at, person`
	readOutcomes = `SELECT ` + outcomeColumns + ` FROM outcomes`
	readOutcome  = readOutcomes + ` WHERE reference = $1 ORDER BY part`
	readStandOf  = readOutcomes + ` WHERE listing = $1 AND kind = 'restricted' AND lifted_at = 0 ORDER BY reference, part`
	readDue      = readOutcomes + ` WHERE kind = 'restricted' AND lifted_at = 0
		AND (ended_at = 0 AND until <> 0 AND until < $1 OR ended_at <> 0 AND kept_until < $1) ORDER BY reference, part`
	writeOutcome = `INSERT INTO outcomes (` + outcomeColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, '', '', 0, '', 0, $14)
		ON CONFLICT DO NOTHING`
	moveOutcome = `UPDATE outcomes SET until = $4, lifted_at = $5, lifted_sequence = $6, sum = $7, ended_at = $8, ended_sequence = $9, why = $10,
		kept_ground = $11, kept_until = $12, kept_by = $13, kept_at = $14 WHERE reference = $1 AND part = $2 AND sum = $3`
	readOutbox   = `SELECT id, reference, part, kind, refused, sum FROM outbox`
	writeOutbox  = `INSERT INTO outbox (reference, part, kind, refused, sum) VALUES ($1, $2, $3, 0, $4)`
	removeOutbox = `DELETE FROM outbox WHERE id = $1 RETURNING id, reference, part, kind, refused, sum`
	refuseOutbox = `UPDATE outbox SET refused = 1, sum = $2 WHERE id = $1`
)

// errMoved says that the list has moved on since the decision was found.
var errMoved = errors.New("the list has moved on")

// errTaken says that another answer has the same reference already.
var errTaken = errors.New("the reference is taken")

// errNothing ends a transaction that has nothing to write.
var errNothing = errors.New("nothing to write")

const outcomesFile = "outcomes.db"

type outcomes struct {
	db       *sql.DB
	expected bool // a gate that has been here before has left a record

	mu       sync.Mutex                // one transaction at a time, in the order of what it promises
	asOf     uint64                    // restrictions found before this sequence may have been lifted already
	stand    map[gongxin.ListingID]int // restrictions that stand on account of each listing, open or kept on
	until    map[gongxin.Day]int       // open restrictions by the last day of their listing
	kept     map[gongxin.Day]int       // those kept on, by their last day
	counts   outcomeCounts
	rows     uint64
	digest   ledger.Digest
	head     atomic.Pointer[[]byte] // newest position that was ever verified, see Gate.note; each transaction writes it
	acts     []act
	hooked   bool // the department has a webhook
	noted    bool // the department has a file of alerts
	differ   differing
	watching uint64 // up to where all that is watched was held against the list, as far as is noted
	pending  sync.WaitGroup
	queueMu  sync.Mutex
	queue    []recording
	busy     bool
}

type outcomeCounts struct{ open, kept, lifted, reviews, waiting, refused, calls, watched, alerts, unseen, notes int }

// openOutcomes opens the record in dir and checks all of it. It is made if dir is
// that of a new gate, one without a key. Errors: GATE_IN_USE, GATE_OUTCOMES_CORRUPT.
func openOutcomes(ctx context.Context, dir string) (*outcomes, error) {
	path := filepath.Join(dir, outcomesFile)
	_, err := os.Stat(filepath.Join(dir, keyFile))
	expected := err == nil
	db, err := openFile(ctx, path, "TRUNCATE")
	if err == nil {
		o := &outcomes{db: db, expected: expected, stand: map[gongxin.ListingID]int{}, until: map[gongxin.Day]int{}, kept: map[gongxin.Day]int{}}
		if err = o.load(ctx, path); err == nil {
			return o, nil
		}
		err = errors.Join(err, db.Close())
	}
	switch {
	case locked(err):
		return nil, gongxin.Conflict("GATE_IN_USE", dir)
	case damage(err):
		return nil, fmt.Errorf("%w: %w", gongxin.Conflict("GATE_OUTCOMES_CORRUPT", path, err), err)
	}
	return nil, fmt.Errorf("open %s: %w", path, err)
}

// load makes the schema, or reads and checks all of it and brings an older one up
// to date, which happens as a whole or not at all.
func (o *outcomes) load(ctx context.Context, path string) error {
	var existing int
	if err := o.db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&existing); err != nil {
		return err
	}
	if existing == 0 {
		if o.expected {
			return fmt.Errorf("%w: it is missing or empty", errDamaged)
		}
		return o.transact(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, outcomesSchema)
			return err
		})
	}
	if err := wholeCheck(ctx, o.db, path); err != nil {
		return err
	}
	var format int
	var rows uint64
	var digest, head, sum []byte
	if err := o.db.QueryRowContext(ctx, readTotals).Scan(&format, &rows, &digest, &head, &sum); err != nil {
		return unreadable(err)
	}
	if want := totalsSum(format, rows, digest, head); string(sum) != string(want[:]) || format < 1 || format > outcomesFormat {
		return fmt.Errorf("%w: the totals", errDamaged)
	}
	o.head.Store(&head)
	read := func(tx *sql.Tx) error {
		if err := o.loadRows(ctx, tx); err != nil {
			return err
		}
		if o.rows != rows || string(o.digest[:]) != string(digest) {
			return fmt.Errorf("%w: %d rows instead of %d, or not the same", errDamaged, o.rows, rows)
		}
		return nil
	}
	if format < outcomesFormat {
		return o.transact(ctx, func(tx *sql.Tx) error {
			for _, text := range upgradeOutcomes[format:] {
				if _, err := tx.ExecContext(ctx, text); err != nil {
					return err
				}
			}
			return read(tx)
		})
	}
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing was written
	return read(tx)
}

func (o *outcomes) loadRows(ctx context.Context, tx *sql.Tx) error {
	err := each(ctx, tx, scanOutcome, func(r outcome) {
		o.count(r, 1)
		o.rows, o.digest = o.rows+1, o.digest.Add(r.sum())
	}, readOutcomes)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanReview, func(r review) {
		o.countReview(r, 1)
		o.rows, o.digest = o.rows+1, o.digest.Add(r.sum())
	}, readReviews)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanProposal, func(p proposal) { o.rows, o.digest = o.rows+1, o.digest.Add(p.sum()) }, readProposals)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanAct, func(a act) {
		o.acts = append(o.acts, a)
		o.rows, o.digest = o.rows+1, o.digest.Add(a.sum())
	}, readActs)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanCall, func(c called) {
		o.counts.calls++
		o.rows, o.digest = o.rows+1, o.digest.Add(c.sum())
	}, readCalls)
	if err != nil {
		return err
	}
	if err := o.loadWatching(ctx, tx); err != nil {
		return err
	}
	return each(ctx, tx, scanPosted, func(p posted) {
		o.rows, o.digest = o.rows+1, o.digest.Add(outboxSum(p.reference, p.part, p.kind, p.refused))
		o.counts.waiting, o.counts.refused = o.counts.waiting+1-p.refused, o.counts.refused+p.refused
	}, readOutbox)
}

// count adds n times what r is to the counts.
func (o *outcomes) count(r outcome, n int) {
	switch {
	case r.open():
		o.counts.open += n
		add(o.stand, r.listing, n)
		if !r.until.IsZero() {
			add(o.until, r.until, n)
		}
	case r.kept():
		o.counts.kept += n
		add(o.stand, r.listing, n)
		add(o.kept, r.keep.until, n)
	case r.kind == kindRestricted:
		o.counts.lifted += n
	}
}

// add adds n to m[key] and forgets what is not there any more.
func add[K comparable](m map[K]int, key K, n int) {
	if m[key] += n; m[key] == 0 {
		delete(m, key)
	}
}

type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// each reads rows by scan and gives each to take.
func each[T any](ctx context.Context, db querier, scan func(scanner) (T, error), take func(T), text string, args ...any) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("read outcomes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return err
		}
		take(r)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read outcomes: %w", err)
	}
	return nil
}

// query returns the rows that each reads.
func query[T any](ctx context.Context, db querier, scan func(scanner) (T, error), text string, args ...any) (found []T, err error) {
	err = each(ctx, db, scan, func(r T) { found = append(found, r) }, text, args...)
	return found, err
}

// rowSum is SHA-256 over a domain and fields with their lengths, as a Digest so
// that rows add up.
func rowSum(domain string, fields ...[]byte) (d ledger.Digest) {
	h := sha256.New()
	h.Write([]byte("gongxin gate " + domain + "\x00"))
	for _, f := range fields {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(f))))
		h.Write(f)
	}
	h.Sum(d[:0])
	return d
}

func word(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func outboxSum(reference string, part int, kind string, refused int) ledger.Digest {
	return rowSum("outbox", []byte(reference), word(uint64(part)), []byte(kind), word(uint64(refused)))
}

func totalsSum(format int, rows uint64, digest, head []byte) ledger.Digest {
	return rowSum("totals", word(uint64(format)), word(rows), digest, head)
}

// transact runs f in one transaction that ends with the new totals. The caller
// holds o.mu. If it fails, totals and counts are those of before; f changes
// nothing else in memory.
func (o *outcomes) transact(ctx context.Context, f func(tx *sql.Tx) error) (err error) {
	rows, digest, counts := o.rows, o.digest, o.counts
	defer func() {
		if err != nil {
			o.rows, o.digest, o.counts = rows, digest, counts
		}
	}()
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	if err := f(tx); err != nil {
		return err
	}
	head := o.headBytes()
	sum := totalsSum(outcomesFormat, o.rows, o.digest[:], head)
	if _, err := tx.ExecContext(ctx, writeTotals, outcomesFormat, int64(o.rows), o.digest[:], head, sum[:]); err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	return nil
}

func (o *outcomes) headBytes() []byte {
	if head := o.head.Load(); head != nil && *head != nil {
		return *head
	}
	return []byte{}
}

// add writes r and queues its report. Error: errTaken.
func (o *outcomes) add(ctx context.Context, tx *sql.Tx, r outcome) error {
	sum := r.sum()
	result, err := tx.ExecContext(ctx, writeOutcome, r.reference, r.part, r.kind, r.listing[:], r.scenario, r.measure, r.reason, int64(r.sequence),
		millis(r.at), int64(r.until), millis(r.liftedAt), int64(r.liftedSequence), sum[:], r.personBytes())
	var written int64
	if err == nil {
		written, err = result.RowsAffected()
	}
	if err != nil {
		return fmt.Errorf("record outcome %s: %w", r.reference, err)
	}
	if written == 0 {
		return errTaken
	}
	o.rows, o.digest = o.rows+1, o.digest.Add(sum)
	return o.post(ctx, tx, r.reference, r.part, r.kind)
}

// A move is what a transaction makes of rows, to be counted once it is committed.
type move struct{ before, after []outcome }

// move writes next in the place of r, which the caller read in tx, and queues the
// report if r ends by it.
func (o *outcomes) move(ctx context.Context, tx *sql.Tx, m *move, r, next outcome) error {
	old, sum := r.sum(), next.sum()
	result, err := tx.ExecContext(ctx, moveOutcome, r.reference, r.part, old[:], int64(next.until), millis(next.liftedAt), int64(next.liftedSequence), sum[:],
		millis(next.endedAt), int64(next.endedSequence), next.why, next.keep.ground, int64(next.keep.until), next.keep.by, millis(next.keep.at))
	var written int64
	if err == nil {
		written, err = result.RowsAffected()
	}
	if err == nil && written != 1 {
		err = fmt.Errorf("%w: outcome %s", errDamaged, r.reference)
	}
	if err != nil {
		return fmt.Errorf("change outcome %s: %w", r.reference, err)
	}
	o.digest = o.digest.Sub(old).Add(sum)
	m.before, m.after = append(m.before, r), append(m.after, next)
	if next.kept() && !r.kept() {
		return o.post(ctx, tx, r.reference, r.part, kindKept)
	}
	if !next.liftedAt.IsZero() && r.liftedAt.IsZero() {
		return o.post(ctx, tx, r.reference, r.part, kindLifted)
	}
	return nil
}

// moved counts what m made, after it was committed, and returns how many
// restrictions ended by it, lifted or kept on.
func (o *outcomes) moved(m move) (ended int) {
	for i := range m.before {
		o.count(m.before[i], -1)
		o.count(m.after[i], 1)
		if m.before[i].open() && !m.after[i].open() || m.before[i].kept() && !m.after[i].kept() {
			ended++
		}
	}
	return ended
}

// post puts a report of kind into the outbox.
func (o *outcomes) post(ctx context.Context, tx *sql.Tx, reference string, part int, kind string) error {
	sum := outboxSum(reference, part, kind, 0)
	if _, err := tx.ExecContext(ctx, writeOutbox, reference, part, kind, sum[:]); err != nil {
		return fmt.Errorf("queue report %s: %w", reference, err)
	}
	o.rows, o.digest = o.rows+1, o.digest.Add(sum)
	o.counts.waiting++
	if o.hooked && (kind == kindLifted || kind == kindKept) {
		return o.enqueue(ctx, tx, reference, part, kind)
	}
	return nil
}
