package gate

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin/ledger"
)

// What the department's webhook has not taken yet. A row is written in the
// transaction that lifts or keeps on, and gone once the receiver has the message.
const callsSchema = `
	CREATE TABLE calls (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		reference TEXT NOT NULL,
		part INTEGER NOT NULL,
		kind TEXT NOT NULL,
		sum BLOB NOT NULL
	);`

const (
	callColumns = `id, reference, part, kind, sum`
	readCalls   = `SELECT ` + callColumns + ` FROM calls`
	readAfter   = readCalls + ` WHERE id > $1 ORDER BY id LIMIT $2`
	writeCall   = `INSERT INTO calls (reference, part, kind, sum) VALUES ($1, $2, $3, $4)`
	removeCall  = `DELETE FROM calls WHERE id = $1 RETURNING ` + callColumns
)

// A called is one row, and the outcome that it tells of.
type called struct {
	id        int64
	reference string
	part      int
	kind      string
	outcome   Outcome
	alert     *alert // of a message about a watched subject
}

// about returns when what c tells of came about.
func (c called) about() time.Time {
	if c.alert != nil {
		return c.alert.message(c.kind).At
	}
	return c.outcome.At
}

func (c called) sum() ledger.Digest {
	return rowSum("call", []byte(c.reference), word(uint64(c.part)), []byte(c.kind))
}

func scanCall(row scanner) (called, error) {
	var c called
	var sum []byte
	if err := row.Scan(&c.id, &c.reference, &c.part, &c.kind, &sum); err != nil {
		return c, unreadable(err)
	}
	if want := c.sum(); string(sum) != string(want[:]) {
		return c, fmt.Errorf("%w: row %d of what the webhook waits for", errDamaged, c.id)
	}
	return c, nil
}

// enqueue lets the webhook be told of a report of kind.
func (o *outcomes) enqueue(ctx context.Context, tx *sql.Tx, reference string, part int, kind string) error {
	sum := called{reference: reference, part: part, kind: kind}.sum()
	if _, err := tx.ExecContext(ctx, writeCall, reference, part, kind, sum[:]); err != nil {
		return fmt.Errorf("queue message %s: %w", reference, err)
	}
	o.rows, o.digest = o.rows+1, o.digest.Add(sum)
	o.counts.calls++
	return nil
}

// callsAfter returns the oldest rows after that with the id after, at most limit.
func (o *outcomes) callsAfter(ctx context.Context, after int64, limit int) ([]called, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rows, err := query(ctx, o.db, scanCall, readAfter, after, limit)
	if err != nil {
		return nil, err
	}
	for i, c := range rows {
		if c.kind == kindAlert || c.kind == kindClosed {
			a, err := one(query(ctx, o.db, scanAlert, readAlert, c.reference))
			if err != nil {
				return nil, err
			}
			rows[i].alert = &a
			continue
		}
		found, err := one(query(ctx, o.db, scanOutcome, readOutcomeOfPart, c.reference, c.part))
		if err != nil {
			return nil, err
		}
		rows[i].outcome = found.reported(c.kind)
	}
	return rows, nil
}

// calledOut takes c, which the receiver has, out of the queue.
func (o *outcomes) calledOut(ctx context.Context, c called) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.transact(ctx, func(tx *sql.Tx) error {
		gone, err := query(ctx, tx, scanCall, removeCall, c.id)
		if err != nil {
			return fmt.Errorf("empty the webhook's queue: %w", err)
		}
		for _, g := range gone {
			o.rows, o.digest = o.rows-1, o.digest.Sub(g.sum())
			o.counts.calls--
		}
		return nil
	})
}

// oldestCall returns when what waits longest for the webhook came about; zero if nothing does.
func (o *outcomes) oldestCall(ctx context.Context) (time.Time, error) {
	found, err := o.callsAfter(ctx, 0, 1)
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0].about(), nil
}
