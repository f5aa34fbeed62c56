package gate

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// What was found or decided about following, by whom and when. It stands in the
// record that cannot be lost, because a fork that was seen is never forgotten.
const actsSchema = `
	CREATE TABLE acts (
		id INTEGER PRIMARY KEY,
		kind TEXT NOT NULL,
		at INTEGER NOT NULL,
		officer TEXT NOT NULL,
		reason TEXT NOT NULL,
		size INTEGER NOT NULL,
		file TEXT NOT NULL,
		evidence TEXT NOT NULL,
		sum BLOB NOT NULL
	);`

const (
	actColumns = `id, kind, at, officer, reason, size, file, evidence, sum`
	readActs   = `SELECT ` + actColumns + ` FROM acts ORDER BY id`
	writeAct   = `INSERT INTO acts (` + actColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
)

// The kinds of acts.
const (
	actFork         = "fork"         // the hub signed what cannot both be true: file and evidence prove it
	actAcknowledged = "acknowledged" // an officer has seen the fork in file, and the gate goes on with what it holds
	actBegun        = "begun"        // likewise, and the gate begins anew
	actAccepted     = "accepted"     // an officer lets an abnormal change up to size through
)

// An act is one row.
type act struct {
	id       int64 // from 1
	kind     string
	at       time.Time
	by       string
	reason   string
	size     uint64
	file     string // name in the directory evidence
	evidence string // as that file holds it
}

func (a act) sum() ledger.Digest {
	return rowSum("act", word(uint64(a.id)), []byte(a.kind), word(uint64(millis(a.at))), []byte(a.by), []byte(a.reason), word(a.size), []byte(a.file), []byte(a.evidence))
}

func scanAct(row scanner) (act, error) {
	var a act
	var at int64
	var sum []byte
	if err := row.Scan(&a.id, &a.kind, &at, &a.by, &a.reason, &a.size, &a.file, &a.evidence, &sum); err != nil {
		return a, unreadable(err)
	}
	a.at = instant(at)
	if want := a.sum(); string(sum) != string(want[:]) {
		return a, fmt.Errorf("%w: act %d", errDamaged, a.id)
	}
	return a, nil
}

// act records a, which follows those before it. also, if not nil, changes what is
// beside it in the same transaction.
func (o *outcomes) act(ctx context.Context, a act, also func()) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	a.id = int64(len(o.acts)) + 1
	head, asOf := o.head.Load(), o.asOf
	err := o.transact(ctx, func(tx *sql.Tx) error {
		if also != nil {
			also()
		}
		sum := a.sum()
		if _, err := tx.ExecContext(ctx, writeAct, a.id, a.kind, millis(a.at), a.by, a.reason, int64(a.size), a.file, a.evidence, sum[:]); err != nil {
			return fmt.Errorf("record %s: %w", a.kind, err)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(sum)
		return nil
	})
	if err != nil {
		o.head.Store(head)
		o.asOf = asOf
		return err
	}
	o.acts = append(o.acts, a)
	return nil
}

// fork returns the fork that nobody has acknowledged, nil if there is none.
func (o *outcomes) fork() *act {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.acts) - 1; i >= 0; i-- {
		switch o.acts[i].kind {
		case actFork:
			return &o.acts[i]
		case actAcknowledged, actBegun:
			return nil
		}
	}
	return nil
}

// knowsFork tells whether the evidence in file is recorded.
func (o *outcomes) knowsFork(file string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.acts {
		if a.kind == actFork && a.file == file {
			return true
		}
	}
	return false
}

// accepted returns up to which sequence an officer has let abnormal changes through.
func (o *outcomes) accepted() (size uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.acts {
		switch a.kind {
		case actAccepted:
			size = a.size
		case actBegun:
			size = 0 // the sequences of another history
		}
	}
	return size
}

// begun returns when the gate last began anew with another history, whose sequences
// say nothing about what was restricted before. The caller holds o.mu.
func (o *outcomes) begun() (at time.Time) {
	for _, a := range o.acts {
		if a.kind == actBegun {
			at = a.at
		}
	}
	return at
}

// lastBegun is begun for those who do not hold o.mu.
func (o *outcomes) lastBegun() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.begun()
}

// An officer decides by name and with a reason.
func decidedBy(by, reason string) (b, r string, err error) {
	if r, b, err = reasonBy(reason, by); err != nil {
		return "", "", err
	}
	return b, r, nil
}

// Sequences are shown as they were signed.
func (a act) fault() *gongxin.Error {
	return gongxin.Conflict("GATE_FORKED", a.size, a.file)
}
