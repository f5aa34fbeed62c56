package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/ledger"
	"gongxin/match"
)

// Watched subjects: holders of licences, posts and honours whom the department has
// to look at again when a court lists them (3.4, 3.5, 4.2). Of each there is a keyed
// sum of the number and of the name, and the department's own reference; neither
// number nor name, and nothing of it leaves the gate.
const watchedSchema = `
	CREATE TABLE watched (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		subject TEXT NOT NULL,
		scenario TEXT NOT NULL,
		number BLOB NOT NULL,
		name BLOB NOT NULL,
		officer TEXT NOT NULL,
		at INTEGER NOT NULL,
		sum BLOB NOT NULL,
		UNIQUE (subject, scenario)
	);
	CREATE TABLE watching (
		id INTEGER PRIMARY KEY CHECK (id = 1),
		sequence INTEGER NOT NULL,
		sum BLOB NOT NULL
	);`

const (
	watchedColumns  = `id, subject, scenario, number, name, officer, at, sum`
	readWatched     = `SELECT ` + watchedColumns + ` FROM watched`
	readWatchedBy   = readWatched + ` WHERE subject = $1 AND scenario = $2`
	readWatchedRow  = readWatched + ` WHERE id = $1`
	readWatchedPage = readWatched + ` WHERE (subject, scenario) > ($1, $2) AND ($3 = '' OR scenario = $3) ORDER BY subject, scenario LIMIT $4`
	writeWatched    = `INSERT INTO watched (subject, scenario, number, name, officer, at, sum) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`
	changeWatched   = `UPDATE watched SET number = $2, name = $3, officer = $4, at = $5, sum = $6 WHERE id = $1`
	removeWatched   = `DELETE FROM watched WHERE id = $1`
	readWatching    = `SELECT sequence, sum FROM watching`
	writeWatching   = `INSERT INTO watching (id, sequence, sum) VALUES (1, $1, $2)`
	removeWatching  = `DELETE FROM watching`
)

const (
	// MaxWatch is how many subjects one request may hold.
	MaxWatch    = 10_000
	maxScenario = 64
)

// A Watch names one subject to be watched by the department's own reference and the kind of
// what it holds: the same person may hold a licence and a post.
type Watch struct {
	Subject  string `json:"subject"`  // the department's own reference; no identifier
	Scenario string `json:"scenario"` // kind of post, licence or honour, in the department's words
	Number   string `json:"number"`   // identifier, in any writing that identity.Parse reads
	Name     string `json:"name,omitempty"`
}

// A WatchResult says what became of one Watch.
type WatchResult struct {
	Subject  string          `json:"subject"`
	Scenario string          `json:"scenario"`
	State    string          `json:"state"`             // "watched", "replaced", "unchanged" or "rejected"
	Because  *gongxin.Reason `json:"because,omitempty"` // of one that was rejected
	Alerts   int             `json:"alerts,omitempty"`  // open about it now
}

const (
	stateWatched    = "watched"
	stateReplaced   = "replaced" // another number or name than before
	stateUnchanged  = "unchanged"
	stateTurnedDown = "rejected"
)

// A WatchedSubject is one that is watched.
type WatchedSubject struct {
	Subject  string    `json:"subject"`
	Scenario string    `json:"scenario"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Lost     bool      `json:"lost,omitempty"` // its number was kept under another key of this gate: hand it in again
}

// Watch takes subjects, at most MaxWatch, told by the officer by, and holds each
// against the list at once. A subject that is watched already is replaced if its
// number or name is another. One that cannot be taken is rejected by itself, with
// the reason; the others are taken. Errors: OFFICER_NEEDED, WATCH_TOO_MANY,
// OUTCOME_NOT_KEPT, and then none is.
func (g *Gate) Watch(ctx context.Context, subjects []Watch, by string) ([]WatchResult, error) {
	by, err := plainText("by", by, maxBy)
	switch {
	case err != nil:
		return nil, err
	case by == "":
		return nil, gongxin.Invalid("OFFICER_NEEDED")
	case len(subjects) > MaxWatch:
		return nil, gongxin.Invalid("WATCH_TOO_MANY", MaxWatch)
	}
	now := gongxin.Millis(g.config.Now())
	results := make([]WatchResult, len(subjects))
	var rows []watchedRow
	var numbers []identity.Number
	var at []int // of rows among subjects
	for i, s := range subjects {
		row, number, err := g.watchedRow(s)
		results[i] = WatchResult{Subject: row.subject, Scenario: row.scenario}
		var told *gongxin.Error
		if errors.As(err, &told) {
			results[i].State, results[i].Because = stateTurnedDown, &gongxin.Reason{Code: told.Code, Text: told.What()}
			continue
		}
		row.by, row.at = by, now
		rows, numbers, at = append(rows, row), append(numbers, number), append(at, i)
	}
	states, alerts, err := g.watched.add(ctx, rows, numbers)
	if err != nil {
		return nil, g.notKept(ctx, "watch", err)
	}
	for i := range rows {
		results[at[i]].State, results[at[i]].Alerts = states[i], alerts[i]
	}
	return results, nil
}

// watchedRow reads s. The texts of a rejected one are told as they came, unless a
// number stands in them.
func (g *Gate) watchedRow(s Watch) (row watchedRow, number identity.Number, err error) {
	if row.subject, err = plainText("subject", s.Subject, maxSubject); err != nil {
		return row, number, err
	}
	if row.scenario, err = plainText("scenario", s.Scenario, maxScenario); err != nil {
		return row, number, err
	}
	if row.subject == "" || row.scenario == "" {
		return row, number, gongxin.Invalid("WATCH_SUBJECT")
	}
	if _, err := plainText("name", s.Name, maxReason); err != nil {
		return row, number, err
	}
	if number, _, err = identity.Parse(s.Number); err != nil {
		return row, number, gongxin.Invalid("WATCH_NUMBER", numberFault(err))
	}
	row.number, row.name = g.watched.marked(g.markOf(number)), g.subjects.name(s.Name)
	return row, number, nil
}

// Unwatch ends watching the subject in scenario, or in all of them if it is empty,
// told by the officer by, and returns how many rows went. Their alerts are closed,
// and that is told. Errors: WATCH_UNKNOWN, OFFICER_NEEDED.
func (g *Gate) Unwatch(ctx context.Context, subject, scenario, by string) (int, error) {
	by, err := plainText("by", by, maxBy)
	if err != nil {
		return 0, err
	}
	if by == "" {
		return 0, gongxin.Invalid("OFFICER_NEEDED")
	}
	subject, scenario = strings.TrimSpace(subject), strings.TrimSpace(scenario)
	n, err := g.watched.remove(ctx, subject, scenario)
	switch {
	case err != nil:
		return 0, g.notKept(ctx, "unwatch", err)
	case n == 0:
		return 0, gongxin.Missing("WATCH_UNKNOWN", subject)
	}
	g.config.Log.InfoContext(ctx, "subject no longer watched", "by", by, "rows", n)
	return n, nil
}

// Watched returns subjects that are watched, of scenario alone unless that is empty,
// in the order of reference and scenario, after those of after, at most limit.
func (g *Gate) Watched(ctx context.Context, scenario string, after WatchedSubject, limit int) ([]WatchedSubject, error) {
	rows, err := g.outcomes.watchedRows(ctx, readWatchedPage, after.Subject, after.Scenario, scenario, limit)
	found := make([]WatchedSubject, len(rows))
	for i, r := range rows {
		found[i] = WatchedSubject{Subject: r.subject, Scenario: r.scenario, By: r.by, At: r.at, Lost: !g.persons.made(r.number)}
	}
	return found, err
}

// A watchedRow is one row. Number and name are keyed sums, with what names the key.
type watchedRow struct {
	id       int64
	subject  string
	scenario string
	number   person
	name     person // zero if none was given
	by       string
	at       time.Time
}

func (w watchedRow) sum() ledger.Digest {
	return rowSum("watched", word(uint64(w.id)), []byte(w.subject), []byte(w.scenario), w.number[:], w.name[:], []byte(w.by), word(uint64(millis(w.at))))
}

func scanWatched(row scanner) (watchedRow, error) {
	var w watchedRow
	var number, name, sum []byte
	var at int64
	if err := row.Scan(&w.id, &w.subject, &w.scenario, &number, &name, &w.by, &at, &sum); err != nil {
		return w, unreadable(err)
	}
	if len(number) != personSize || len(name) != personSize {
		return w, fmt.Errorf("%w: watched subject %d", errDamaged, w.id)
	}
	w.number, w.name, w.at = person(number), person(name), instant(at)
	if want := w.sum(); string(sum) != string(want[:]) {
		return w, fmt.Errorf("%w: watched subject %d", errDamaged, w.id)
	}
	return w, nil
}

func (o *outcomes) watchedRows(ctx context.Context, text string, args ...any) ([]watchedRow, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return query(ctx, o.db, scanWatched, text, args...)
}

// watch writes rows in one transaction and returns what became of each, with the
// rows that they took the place of. The id of each row is set.
func (o *outcomes) watch(ctx context.Context, rows []watchedRow) (states []string, before []watchedRow, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	states, before = make([]string, len(rows)), make([]watchedRow, len(rows))
	err = o.transact(ctx, func(tx *sql.Tx) error {
		for i := range rows {
			r := &rows[i]
			found, err := query(ctx, tx, scanWatched, readWatchedBy, r.subject, r.scenario)
			if err != nil {
				return err
			}
			switch {
			case len(found) == 0:
				states[i], err = stateWatched, o.addWatched(ctx, tx, r)
			case found[0].number == r.number && found[0].name == r.name:
				states[i], *r = stateUnchanged, found[0]
			default:
				states[i], before[i], r.id = stateReplaced, found[0], found[0].id
				sum := r.sum()
				_, err = tx.ExecContext(ctx, changeWatched, r.id, r.number[:], r.name[:], r.by, millis(r.at), sum[:])
				o.digest = o.digest.Sub(found[0].sum()).Add(sum)
			}
			if err != nil {
				return fmt.Errorf("record watched subject: %w", err)
			}
		}
		return nil
	})
	return states, before, err
}

// addWatched writes r, which gets its id with that.
func (o *outcomes) addWatched(ctx context.Context, tx *sql.Tx, r *watchedRow) error {
	if err := tx.QueryRowContext(ctx, writeWatched, r.subject, r.scenario, r.number[:], r.name[:], r.by, millis(r.at), []byte{}).Scan(&r.id); err != nil {
		return err
	}
	sum := r.sum()
	if _, err := tx.ExecContext(ctx, changeWatched, r.id, r.number[:], r.name[:], r.by, millis(r.at), sum[:]); err != nil {
		return err
	}
	o.rows, o.digest = o.rows+1, o.digest.Add(sum)
	o.counts.watched++
	return nil
}

// unwatch removes the rows of subject, in scenario or in all if it is empty, and
// returns them.
func (o *outcomes) unwatch(ctx context.Context, subject, scenario string) (gone []watchedRow, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.transact(ctx, func(tx *sql.Tx) error {
		gone, err = query(ctx, tx, scanWatched, readWatched+` WHERE subject = $1 AND ($2 = '' OR scenario = $2)`, subject, scenario)
		if err != nil {
			return err
		}
		for _, r := range gone {
			if _, err := tx.ExecContext(ctx, removeWatched, r.id); err != nil {
				return fmt.Errorf("remove watched subject: %w", err)
			}
			o.rows, o.digest = o.rows-1, o.digest.Sub(r.sum())
			o.counts.watched--
		}
		if len(gone) == 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return gone, err
}

// noteWatching writes, when the gate closes, that all that is watched was held against
// the list as of sequence; 0, when it opens, that nothing is known of that.
func (o *outcomes) noteWatching(ctx context.Context, sequence uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.watching
	if before == sequence {
		return nil
	}
	err := o.transact(ctx, func(tx *sql.Tx) error {
		if before != 0 {
			if _, err := tx.ExecContext(ctx, removeWatching); err != nil {
				return fmt.Errorf("note how far what is watched was screened: %w", err)
			}
			o.rows, o.digest = o.rows-1, o.digest.Sub(watchingSum(before))
		}
		if sequence == 0 {
			return nil
		}
		sum := watchingSum(sequence)
		if _, err := tx.ExecContext(ctx, writeWatching, int64(sequence), sum[:]); err != nil {
			return fmt.Errorf("note how far what is watched was screened: %w", err)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(sum)
		return nil
	})
	if err == nil {
		o.watching = sequence
	}
	return err
}

func watchingSum(sequence uint64) ledger.Digest { return rowSum("watching", word(sequence)) }

func scanWatching(row scanner) (uint64, error) {
	var sequence uint64
	var sum []byte
	if err := row.Scan(&sequence, &sum); err != nil {
		return 0, unreadable(err)
	}
	if want := watchingSum(sequence); string(sum) != string(want[:]) {
		return 0, fmt.Errorf("%w: how far what is watched was screened", errDamaged)
	}
	return sequence, nil
}

// loadWatching reads what this room and its neighbours keep. Subjects that are watched go to each.
func (o *outcomes) loadWatching(ctx context.Context, tx *sql.Tx) error {
	err := each(ctx, tx, scanDistinction, func(d distinction) {
		o.differ.put(d, true)
		o.rows, o.digest = o.rows+1, o.digest.Add(d.sum())
	}, readDifferences)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanWatched, func(w watchedRow) {
		o.counts.watched++
		o.rows, o.digest = o.rows+1, o.digest.Add(w.sum())
	}, readWatched)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanAlert, func(a alert) {
		o.countAlert(a, 1)
		o.rows, o.digest = o.rows+1, o.digest.Add(a.sum())
	}, readAlerts)
	if err != nil {
		return err
	}
	err = each(ctx, tx, scanNote, func(n note) {
		o.counts.notes++
		o.rows, o.digest = o.rows+1, o.digest.Add(n.sum())
	}, readNotes)
	if err != nil {
		return err
	}
	return each(ctx, tx, scanWatching, func(sequence uint64) {
		o.watching = sequence
		o.rows, o.digest = o.rows+1, o.digest.Add(watchingSum(sequence))
	}, readWatching)
}

// name returns what stands for a name, zero for one that is empty.
func (m subjectMarker) name(name string) (p person) {
	if match.Fold(name) == "" {
		return p
	}
	return m.sum("name", match.Fold(name))
}

// sum returns the keyed sum of text for use.
func (m subjectMarker) sum(use, text string) (p person) {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte("watched " + use + "\x00" + text))
	copy(p[:], m.id[:])
	copy(p[personKeySize:], mac.Sum(nil))
	return p
}

// made tells whether p was made under the present key.
func (m personMarker) made(p person) bool { return personMarker(p[:]) == m }
