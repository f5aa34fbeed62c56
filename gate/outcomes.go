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
	"time"

	"gongxin"
	"gongxin/ledger"
)

// The record of outcomes: what restricted or referred somebody, until when, and
// what the hub has not been told yet. It holds listings and measures and nobody's
// name or number. It cannot be fetched from anywhere, so each row has a sum, and
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
	)`

const outcomesFormat = 1

const (
	readTotals  = `SELECT format, rows, digest, head, sum FROM totals`
	writeTotals = `INSERT INTO totals (id, format, rows, digest, head, sum) VALUES (1, $1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET format = $1, rows = $2, digest = $3, head = $4, sum = $5`
	outcomeColumns = `reference, part, kind, listing, scenario, measure, reason, sequence, at, until, lifted_at, lifted_sequence, sum`
	readOutcomes   = `SELECT ` + outcomeColumns + ` FROM outcomes`
	readOutcome    = readOutcomes + ` WHERE reference = $1 ORDER BY part`
	readOpenOf     = readOutcomes + ` WHERE listing = $1 AND kind = 'restricted' AND lifted_at = 0 ORDER BY reference, part`
	writeOutcome   = `INSERT INTO outcomes (` + outcomeColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`
	liftOutcome    = `UPDATE outcomes SET lifted_at = $3, lifted_sequence = $4, sum = $5 WHERE reference = $1 AND part = $2 AND lifted_at = 0`
	readOutbox     = `SELECT id, reference, part, kind, refused, sum FROM outbox`
	readWaiting    = `SELECT b.id, b.kind, o.reference, o.part, o.listing, o.scenario, o.measure, o.sequence, o.at, o.lifted_at, o.lifted_sequence
		FROM outbox b JOIN outcomes o ON o.reference = b.reference AND o.part = b.part WHERE b.refused = 0 ORDER BY b.id LIMIT $1`
	writeOutbox  = `INSERT INTO outbox (reference, part, kind, refused, sum) VALUES ($1, $2, $3, 0, $4)`
	removeOutbox = `DELETE FROM outbox WHERE id = $1 RETURNING reference, part, kind, refused`
	refuseOutbox = `UPDATE outbox SET refused = 1, sum = $2 WHERE id = $1`
)

// The kinds of reports to the hub.
const (
	kindRestricted = "restricted"
	kindReferred   = "referred"
	kindLifted     = "lifted"
)

// An outcome is one row: one listing under one measure in one answer.
type outcome struct {
	reference      string
	part           int // from 1: the listings of one answer share its reference
	kind           string
	listing        gongxin.ListingID // zero if the answer met none
	scenario       string
	measure        string
	reason         string
	sequence       uint64
	at             time.Time
	until          gongxin.Day
	liftedAt       time.Time // zero while it is open
	liftedSequence uint64
}

func (o outcome) open() bool { return o.kind == kindRestricted && o.liftedAt.IsZero() }

// errMoved says that the list has moved on since the decision was found.
var errMoved = errors.New("the list has moved on")

// errTaken says that another answer has the same reference already.
var errTaken = errors.New("the reference is taken")

type outcomes struct {
	db       *sql.DB
	expected bool // a gate that has been here before has left a record

	mu      sync.Mutex                // one transaction at a time, in the order of what it promises
	asOf    uint64                    // restrictions found before this sequence may have been lifted already
	open    map[gongxin.ListingID]int // open restrictions of each listing
	until   map[gongxin.Day]int       // open restrictions by the last day of their listing
	counts  outcomeCounts
	rows    uint64
	digest  ledger.Digest
	head    []byte // newest position that was ever verified, see remember
	pending sync.WaitGroup
	queueMu sync.Mutex
	queue   []recording
	busy    bool
}

type outcomeCounts struct{ open, lifted, waiting, refused int }

// openOutcomes opens the record in dir and checks all of it. It is made if dir is
// that of a new gate, one without a key. Errors: GATE_IN_USE, GATE_OUTCOMES_CORRUPT.
func openOutcomes(ctx context.Context, dir string) (*outcomes, error) {
	path := filepath.Join(dir, "outcomes.db")
	_, err := os.Stat(filepath.Join(dir, keyFile))
	expected := err == nil
	db, err := openFile(ctx, path, "TRUNCATE")
	if err == nil {
		o := &outcomes{db: db, expected: expected, open: map[gongxin.ListingID]int{}, until: map[gongxin.Day]int{}}
		if err = o.load(ctx); err == nil {
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

func (o *outcomes) load(ctx context.Context) error {
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
	if err := quickCheck(ctx, o.db); err != nil {
		return err
	}
	var format int
	var rows uint64
	var digest, head, sum []byte
	if err := o.db.QueryRowContext(ctx, readTotals).Scan(&format, &rows, &digest, &head, &sum); err != nil {
		return unreadable(err)
	}
	if want := totalsSum(format, rows, digest, head); string(sum) != string(want[:]) || format != outcomesFormat {
		return fmt.Errorf("%w: the totals", errDamaged)
	}
	if err := o.loadOutcomes(ctx); err != nil {
		return err
	}
	if err := o.loadOutbox(ctx); err != nil {
		return err
	}
	if o.rows != rows || string(o.digest[:]) != string(digest) {
		return fmt.Errorf("%w: %d rows instead of %d, or not the same", errDamaged, o.rows, rows)
	}
	o.head = head
	return nil
}

func (o *outcomes) loadOutcomes(ctx context.Context) error {
	rows, err := o.db.QueryContext(ctx, readOutcomes)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanOutcome(rows)
		if err != nil {
			return err
		}
		o.count(r, 1)
		o.rows, o.digest = o.rows+1, o.digest.Add(r.sum())
	}
	return rows.Err()
}

func (o *outcomes) loadOutbox(ctx context.Context) error {
	rows, err := o.db.QueryContext(ctx, readOutbox)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var reference, kind string
		var part, refused int
		var sum []byte
		if err := rows.Scan(&id, &reference, &part, &kind, &refused, &sum); err != nil {
			return unreadable(err)
		}
		want := outboxSum(reference, part, kind, refused)
		if string(sum) != string(want[:]) {
			return fmt.Errorf("%w: row %d of the outbox", errDamaged, id)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(want)
		o.counts.waiting, o.counts.refused = o.counts.waiting+1-refused, o.counts.refused+refused
	}
	return rows.Err()
}

// count adds n times what r is to the counts.
func (o *outcomes) count(r outcome, n int) {
	switch {
	case r.open():
		o.counts.open += n
		if o.open[r.listing] += n; o.open[r.listing] == 0 {
			delete(o.open, r.listing)
		}
		if !r.until.IsZero() {
			if o.until[r.until] += n; o.until[r.until] == 0 {
				delete(o.until, r.until)
			}
		}
	case r.kind == kindRestricted:
		o.counts.lifted += n
	}
}

type scanner interface{ Scan(dest ...any) error }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func scanOutcome(row scanner) (outcome, error) {
	var o outcome
	var listing, sum []byte
	var at, liftedAt int64
	err := row.Scan(&o.reference, &o.part, &o.kind, &listing, &o.scenario, &o.measure, &o.reason, &o.sequence, &at, &o.until,
		&liftedAt, &o.liftedSequence, &sum)
	if err != nil {
		return o, unreadable(err)
	}
	if len(listing) != len(o.listing) {
		return o, fmt.Errorf("%w: outcome %s", errDamaged, o.reference)
	}
	o.listing, o.at, o.liftedAt = gongxin.ListingID(listing), instant(at), instant(liftedAt)
	if want := o.sum(); string(sum) != string(want[:]) {
		return o, fmt.Errorf("%w: outcome %s", errDamaged, o.reference)
	}
	return o, nil
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

func (o outcome) sum() ledger.Digest {
	return rowSum("outcome", []byte(o.reference), word(uint64(o.part)), []byte(o.kind), o.listing[:], []byte(o.scenario), []byte(o.measure),
		[]byte(o.reason), word(o.sequence), word(uint64(millis(o.at))), word(uint64(o.until)), word(uint64(millis(o.liftedAt))), word(o.liftedSequence))
}

func outboxSum(reference string, part int, kind string, refused int) ledger.Digest {
	return rowSum("outbox", []byte(reference), word(uint64(part)), []byte(kind), word(uint64(refused)))
}

func totalsSum(format int, rows uint64, digest, head []byte) ledger.Digest {
	return rowSum("totals", word(uint64(format)), word(rows), digest, head)
}

// transact runs f in one transaction that ends with the new totals. The caller
// holds o.mu. If it fails, totals and counts are those of before; f undoes what
// else it changed in memory through undo.
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
	sum := totalsSum(outcomesFormat, o.rows, o.digest[:], o.headBytes())
	if _, err := tx.ExecContext(ctx, writeTotals, outcomesFormat, int64(o.rows), o.digest[:], o.headBytes(), sum[:]); err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	return nil
}

func (o *outcomes) headBytes() []byte {
	if o.head == nil {
		return []byte{}
	}
	return o.head
}

// add writes r and queues its report. Error: errTaken.
func (o *outcomes) add(ctx context.Context, tx *sql.Tx, r outcome) error {
	sum := r.sum()
	result, err := tx.ExecContext(ctx, writeOutcome, r.reference, r.part, r.kind, r.listing[:], r.scenario, r.measure, r.reason, int64(r.sequence),
		millis(r.at), int64(r.until), millis(r.liftedAt), int64(r.liftedSequence), sum[:])
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
	return o.post(ctx, tx, r, r.kind)
}

// post puts a report of kind about r into the outbox.
func (o *outcomes) post(ctx context.Context, tx *sql.Tx, r outcome, kind string) error {
	sum := outboxSum(r.reference, r.part, kind, 0)
	if _, err := tx.ExecContext(ctx, writeOutbox, r.reference, r.part, kind, sum[:]); err != nil {
		return fmt.Errorf("queue outcome %s: %w", r.reference, err)
	}
	o.rows, o.digest = o.rows+1, o.digest.Add(sum)
	o.counts.waiting++
	return nil
}
