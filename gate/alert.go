package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// Alerts: a listing in force has the number of somebody whom the department watches.
// One is open for a subject and a listing at a time, however often either is
// screened; when the listing ends the alert is closed, and both are told in the same
// ways: webhook, file and page. An alert restricts nobody.
const alertsSchema = `
	CREATE TABLE alerts (
		reference TEXT PRIMARY KEY,
		watched INTEGER NOT NULL,
		subject TEXT NOT NULL,
		scenario TEXT NOT NULL,
		listing BLOB NOT NULL,
		what TEXT NOT NULL,
		sequence INTEGER NOT NULL,
		at INTEGER NOT NULL,
		until INTEGER NOT NULL,
		closed_at INTEGER NOT NULL,
		closed_sequence INTEGER NOT NULL,
		why TEXT NOT NULL,
		seen_by TEXT NOT NULL,
		seen_at INTEGER NOT NULL,
		remark TEXT NOT NULL,
		undone_by TEXT NOT NULL,
		undone_at INTEGER NOT NULL,
		undone_remark TEXT NOT NULL,
		sum BLOB NOT NULL
	) WITHOUT ROWID;
	CREATE UNIQUE INDEX open_alerts ON alerts (listing, watched) WHERE closed_at = 0;
	CREATE TABLE notes (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		reference TEXT NOT NULL,
		kind TEXT NOT NULL,
		sum BLOB NOT NULL
	);`

const (
	alertColumns = `reference, watched, subject, scenario, listing, what, sequence, at, until, closed_at, closed_sequence, why,
		seen_by, seen_at, remark, undone_by, undone_at, undone_remark, sum`
	readAlerts  = `SELECT ` + alertColumns + ` FROM alerts`
	readAlert   = readAlerts + ` WHERE reference = $1`
	readOpenAt  = readAlerts + ` WHERE listing = $1 AND watched = $2 AND closed_at = 0`
	readOpenBy  = readAlerts + ` WHERE watched = $1 AND closed_at = 0`
	writeAlert  = `INSERT INTO alerts (` + alertColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '', '', 0, '', '', 0, '', $10)`
	changeAlert = `UPDATE alerts SET until = $3, closed_at = $4, closed_sequence = $5, why = $6, seen_by = $7, seen_at = $8, remark = $9,
		undone_by = $10, undone_at = $11, undone_remark = $12, sum = $13 WHERE reference = $1 AND sum = $2`
	eraseAlert = `DELETE FROM alerts WHERE reference = $1`

	// Pages of alerts, the newest first.
	readAlertsOpen   = readAlerts + ` WHERE closed_at = 0 AND ($1 = '' OR reference < $1) ORDER BY reference DESC LIMIT $2`
	readAlertsClosed = readAlerts + ` WHERE closed_at <> 0 AND ($1 = '' OR reference < $1) ORDER BY reference DESC LIMIT $2`
	// Those that wait for an officer: open and not seen, or closed after they were seen.
	readAlertsWaiting = readAlerts + ` WHERE (closed_at = 0 AND seen_at = 0 OR closed_at <> 0 AND seen_at <> 0 AND undone_at = 0) AND ($1 = '' OR reference < $1)
		ORDER BY reference DESC LIMIT $2`
	readAlertsOver = readAlerts + ` WHERE closed_at <> 0 AND closed_at < $1
		AND reference NOT IN (SELECT reference FROM calls) AND reference NOT IN (SELECT reference FROM notes) LIMIT $2`

	noteColumns = `id, reference, kind, sum`
	readNotes   = `SELECT ` + noteColumns + ` FROM notes`
	readNext    = readNotes + ` ORDER BY id LIMIT $1`
	writeNote   = `INSERT INTO notes (reference, kind, sum) VALUES ($1, $2, $3)`
	removeNote  = `DELETE FROM notes WHERE id = $1`
)

// The kinds of messages about alerts.
const (
	kindAlert  = "alert"
	kindClosed = "alert_closed"
)

// How far a listing agrees with whom the department watches.
const (
	whatBlock = "block" // number and name
	whatRefer = "refer" // the number; the name differs or is not known
)

// Why an alert was closed, beside the reasons for which restrictions end.
const (
	alertChanged   = "ALERT_CHANGED"   // the name agrees now, or does no more: another alert says so
	alertReplaced  = "ALERT_REPLACED"  // the department watches another number or name under that reference
	alertUnwatched = "ALERT_UNWATCHED" // the department watches that subject no more
)

const stateClosed = "closed"

// An Alert tells that a listing in force has the number of a watched subject, or
// that it had until it was closed.
type Alert struct {
	Reference string          `json:"reference"`
	State     string          `json:"state"`    // "open" or "closed"
	What      string          `json:"what"`     // "block": number and name agree; "refer": the number does, look at the name
	Subject   string          `json:"subject"`  // the department's own reference
	Scenario  string          `json:"scenario"` // kind of post, licence or honour
	Listing   string          `json:"listing"`
	Sequence  uint64          `json:"sequence"` // of the list that led to it
	At        time.Time       `json:"at"`
	Until     gongxin.Day     `json:"until,omitzero"` // last day of the listing
	Closed    time.Time       `json:"closed,omitzero"`
	ClosedBy  uint64          `json:"closed_sequence,omitempty"` // of the list that ended it
	Because   *gongxin.Reason `json:"because,omitempty"`         // why it was closed
	Seen      *Seen           `json:"seen,omitempty"`            // by whom, while it was open
	Undone    *Seen           `json:"undone,omitempty"`          // by whom, after it was closed
}

// Seen says which officer has seen an alert, or that it was closed, and when.
type Seen struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Remark string    `json:"remark,omitempty"`
}

// An alert is one row.
type alert struct {
	reference string
	watched   int64 // row of the subject
	subject   string
	scenario  string
	listing   gongxin.ListingID
	what      string
	sequence  uint64
	at        time.Time
	until     gongxin.Day
	closedAt  time.Time // zero while it is open
	closedBy  uint64
	why       string
	seen      Seen
	undone    Seen
}

func (a alert) open() bool { return a.closedAt.IsZero() }

// close returns a after it was closed.
func (a alert) close(why string, at time.Time, sequence uint64) alert {
	a.why, a.closedAt, a.closedBy = why, at, max(sequence, a.sequence)
	return a
}

// waits tells whether an officer has something to see.
func (a alert) waits() bool {
	return a.open() && a.seen.At.IsZero() || !a.open() && !a.seen.At.IsZero() && a.undone.At.IsZero()
}

func (a alert) told() Alert {
	t := Alert{Reference: a.reference, State: stateOpen, What: a.what, Subject: a.subject, Scenario: a.scenario, Listing: a.listing.String(), Sequence: a.sequence,
		At: a.at, Until: a.until, Closed: a.closedAt, ClosedBy: a.closedBy}
	if !a.open() {
		t.State, t.Because = stateClosed, &gongxin.Reason{Code: a.why, Text: text(a.why)}
	}
	if !a.seen.At.IsZero() {
		t.Seen = &a.seen
	}
	if !a.undone.At.IsZero() {
		t.Undone = &a.undone
	}
	return t
}

// message is what webhook and file are told about a, of kind.
func (a alert) message(kind string) Message {
	m := Message{ID: a.reference + "." + kind, Kind: kind, Reference: a.reference, Listing: a.listing.String(), Scenario: a.scenario, Subject: a.subject,
		What: a.what, Sequence: a.sequence, At: a.at, State: a.told().State}
	if kind == kindClosed {
		m.Sequence, m.At, m.Because = a.closedBy, a.closedAt, a.why
	}
	return m
}

func (a alert) sum() ledger.Digest {
	return rowSum("alert", []byte(a.reference), word(uint64(a.watched)), []byte(a.subject), []byte(a.scenario), a.listing[:], []byte(a.what), word(a.sequence),
		word(uint64(millis(a.at))), word(uint64(a.until)), word(uint64(millis(a.closedAt))), word(a.closedBy), []byte(a.why),
		[]byte(a.seen.By), word(uint64(millis(a.seen.At))), []byte(a.seen.Remark), []byte(a.undone.By), word(uint64(millis(a.undone.At))), []byte(a.undone.Remark))
}

func scanAlert(row scanner) (alert, error) {
	var a alert
	var listing, sum []byte
	var at, closedAt, seenAt, undoneAt int64
	err := row.Scan(&a.reference, &a.watched, &a.subject, &a.scenario, &listing, &a.what, &a.sequence, &at, &a.until, &closedAt, &a.closedBy, &a.why,
		&a.seen.By, &seenAt, &a.seen.Remark, &a.undone.By, &undoneAt, &a.undone.Remark, &sum)
	if err != nil {
		return a, unreadable(err)
	}
	if len(listing) != len(a.listing) {
		return a, fmt.Errorf("%w: alert %s", errDamaged, a.reference)
	}
	a.listing, a.at, a.closedAt, a.seen.At, a.undone.At = gongxin.ListingID(listing), instant(at), instant(closedAt), instant(seenAt), instant(undoneAt)
	if want := a.sum(); string(sum) != string(want[:]) {
		return a, fmt.Errorf("%w: alert %s", errDamaged, a.reference)
	}
	return a, nil
}

// A note is one message that the file of alerts does not hold yet.
type note struct {
	id        int64
	reference string
	kind      string
}

func (n note) sum() ledger.Digest { return rowSum("note", []byte(n.reference), []byte(n.kind)) }

func scanNote(row scanner) (note, error) {
	var n note
	var sum []byte
	if err := row.Scan(&n.id, &n.reference, &n.kind, &sum); err != nil {
		return n, unreadable(err)
	}
	if want := n.sum(); string(sum) != string(want[:]) {
		return n, fmt.Errorf("%w: row %d of what the file of alerts waits for", errDamaged, n.id)
	}
	return n, nil
}

// countAlert adds n times what a is to the counts.
func (o *outcomes) countAlert(a alert, n int) {
	if a.open() {
		o.counts.alerts += n
	}
	if a.waits() {
		o.counts.unseen += n
	}
}

// raise writes a, which is new, and lets webhook and file be told.
func (o *outcomes) raise(ctx context.Context, tx *sql.Tx, a alert) error {
	sum := a.sum()
	_, err := tx.ExecContext(ctx, writeAlert, a.reference, a.watched, a.subject, a.scenario, a.listing[:], a.what, int64(a.sequence), millis(a.at), int64(a.until), sum[:])
	if err != nil {
		return fmt.Errorf("record alert %s: %w", a.reference, err)
	}
	o.rows, o.digest = o.rows+1, o.digest.Add(sum)
	o.countAlert(a, 1)
	return o.tell(ctx, tx, a, kindAlert)
}

// moveAlert writes next in the place of a, which the caller read in tx, and lets
// webhook and file be told if it is closed by that.
func (o *outcomes) moveAlert(ctx context.Context, tx *sql.Tx, a, next alert) error {
	old, sum := a.sum(), next.sum()
	_, err := tx.ExecContext(ctx, changeAlert, a.reference, old[:], int64(next.until), millis(next.closedAt), int64(next.closedBy), next.why,
		next.seen.By, millis(next.seen.At), next.seen.Remark, next.undone.By, millis(next.undone.At), next.undone.Remark, sum[:])
	if err != nil {
		return fmt.Errorf("change alert %s: %w", a.reference, err)
	}
	o.digest = o.digest.Sub(old).Add(sum)
	o.countAlert(a, -1)
	o.countAlert(next, 1)
	if a.open() && !next.open() {
		return o.tell(ctx, tx, next, kindClosed)
	}
	return nil
}

// tell queues a message for each of the ways that the department has.
func (o *outcomes) tell(ctx context.Context, tx *sql.Tx, a alert, kind string) error {
	if o.noted {
		n := note{reference: a.reference, kind: kind}
		sum := n.sum()
		if _, err := tx.ExecContext(ctx, writeNote, n.reference, n.kind, sum[:]); err != nil {
			return fmt.Errorf("queue note %s: %w", a.reference, err)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(sum)
		o.counts.notes++
	}
	if o.hooked {
		return o.enqueue(ctx, tx, a.reference, 0, kind)
	}
	return nil
}

// AcknowledgeAlert records that the officer by has seen the alert of reference, or
// that it was closed, whichever it is now; remark may be empty. The first one stands.
// Errors: ALERT_UNKNOWN, OFFICER_NEEDED, and those of plainText.
func (g *Gate) AcknowledgeAlert(ctx context.Context, reference, by, remark string) (Alert, error) {
	var err error
	if by, err = plainText("by", by, maxBy); err != nil {
		return Alert{}, err
	}
	if remark, err = plainText("remark", remark, maxReason); err != nil {
		return Alert{}, err
	}
	if by == "" {
		return Alert{}, gongxin.Invalid("OFFICER_NEEDED")
	}
	a, err := g.outcomes.acknowledge(ctx, reference, Seen{By: by, At: gongxin.Millis(g.config.Now()), Remark: remark})
	if err != nil {
		return Alert{}, g.notKept(ctx, reference, err)
	}
	return a.told(), nil
}

func (o *outcomes) acknowledge(ctx context.Context, reference string, s Seen) (a alert, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.transact(ctx, func(tx *sql.Tx) error {
		found, err := query(ctx, tx, scanAlert, readAlert, reference)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return gongxin.Missing("ALERT_UNKNOWN", reference)
		}
		a = found[0]
		before := a
		switch {
		case a.open() && a.seen.At.IsZero():
			a.seen = s
		case !a.open() && a.undone.At.IsZero():
			a.undone = s
		default:
			return errNothing
		}
		return o.moveAlert(ctx, tx, before, a)
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return a, err
}

// Alert returns the alert of reference. Error: ALERT_UNKNOWN.
func (g *Gate) Alert(ctx context.Context, reference string) (Alert, error) {
	rows, err := g.outcomes.alertRows(ctx, readAlert, reference)
	if err != nil {
		return Alert{}, err
	}
	if len(rows) == 0 {
		return Alert{}, gongxin.Missing("ALERT_UNKNOWN", reference)
	}
	return rows[0].told(), nil
}

// alertPages are the states by which alerts can be asked for.
var alertPages = map[string]string{stateOpen: readAlertsOpen, stateClosed: readAlertsClosed, stateWaiting: readAlertsWaiting}

const stateWaiting = "waiting" // for an officer: open and not seen, or closed after it was seen

// Alerts returns alerts that are "open", "closed" or "waiting" for an officer, in
// falling order of their references, below that of after ("" from the newest day),
// at most limit. Error: GATE_STATE_UNKNOWN.
func (g *Gate) Alerts(ctx context.Context, state, after string, limit int) ([]Alert, error) {
	page, ok := alertPages[state]
	if !ok {
		return nil, gongxin.Invalid("GATE_STATE_UNKNOWN", state, stateOpen+", "+stateClosed+", "+stateWaiting)
	}
	rows, err := g.outcomes.alertRows(ctx, page, after, limit)
	found := make([]Alert, len(rows))
	for i, a := range rows {
		found[i] = a.told()
	}
	return found, err
}

func (o *outcomes) alertRows(ctx context.Context, text string, args ...any) ([]alert, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return query(ctx, o.db, scanAlert, text, args...)
}

// eraseAlerts erases at most limit alerts that were closed before the instant before
// and of which all is told, and returns how many.
func (o *outcomes) eraseAlerts(ctx context.Context, before time.Time, limit int) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.transact(ctx, func(tx *sql.Tx) error {
		over, err := query(ctx, tx, scanAlert, readAlertsOver, millis(before), limit)
		if err != nil {
			return err
		}
		for _, a := range over {
			if _, err := tx.ExecContext(ctx, eraseAlert, a.reference); err != nil {
				return fmt.Errorf("erase alert %s: %w", a.reference, err)
			}
			o.rows, o.digest = o.rows-1, o.digest.Sub(a.sum())
			o.countAlert(a, -1)
		}
		if n = len(over); n == 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return n, err
}

// notes returns the oldest messages that the file does not hold, with their alerts,
// at most limit.
func (o *outcomes) notes(ctx context.Context, limit int) (notes []note, messages []Message, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if notes, err = query(ctx, o.db, scanNote, readNext, limit); err != nil {
		return nil, nil, err
	}
	for _, n := range notes {
		a, err := one(query(ctx, o.db, scanAlert, readAlert, n.reference))
		if err != nil {
			return nil, nil, err
		}
		messages = append(messages, a.message(n.kind))
	}
	return notes, messages, nil
}

// noteDown takes notes, which the file holds, out of the queue.
func (o *outcomes) noteDown(ctx context.Context, notes []note) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.transact(ctx, func(tx *sql.Tx) error {
		for _, n := range notes {
			if _, err := tx.ExecContext(ctx, removeNote, n.id); err != nil {
				return fmt.Errorf("empty the queue of notes: %w", err)
			}
			o.rows, o.digest = o.rows-1, o.digest.Sub(n.sum())
			o.counts.notes--
		}
		return nil
	})
}
