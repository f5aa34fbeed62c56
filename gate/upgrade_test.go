package gate

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// The record as the first version made it.
const outcomesSchema1 = `
	CREATE TABLE outcomes (
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
	CREATE INDEX open_restrictions ON outcomes (listing) WHERE kind = 'restricted' AND lifted_at = 0;
	CREATE TABLE outbox (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		reference TEXT NOT NULL,
		part INTEGER NOT NULL,
		kind TEXT NOT NULL,
		refused INTEGER NOT NULL,
		sum BLOB NOT NULL
	);
	CREATE TABLE totals (
		id INTEGER PRIMARY KEY CHECK (id = 1),
		format INTEGER NOT NULL,
		rows INTEGER NOT NULL,
		digest BLOB NOT NULL,
		head BLOB NOT NULL,
		sum BLOB NOT NULL
	)`

// A writer1 writes rows and sums as the first version did.
type writer1 struct {
	t      *testing.T
	db     *sql.DB
	rows   uint64
	digest ledger.Digest
}

func (w *writer1) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), text, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *writer1) add(sum ledger.Digest) []byte {
	w.rows, w.digest = w.rows+1, w.digest.Add(sum)
	return sum[:]
}

func (w *writer1) outcome(reference, kind string, listing gongxin.ListingID, sequence uint64, lifted time.Time, liftedAt uint64) {
	w.t.Helper()
	sum := rowSum("outcome", []byte(reference), word(1), []byte(kind), listing[:], []byte("flight"), []byte("3.6.flight"), []byte("LISTED"),
		word(sequence), word(uint64(millis(noon))), word(0), word(uint64(millis(lifted))), word(liftedAt))
	w.exec(`INSERT INTO outcomes VALUES ($1, 1, $2, $3, 'flight', '3.6.flight', 'LISTED', $4, $5, 0, $6, $7, $8)`, reference, kind, listing[:],
		int64(sequence), millis(noon), millis(lifted), int64(liftedAt), w.add(sum))
}

func (w *writer1) outbox(reference, kind string) {
	w.t.Helper()
	w.exec(`INSERT INTO outbox (reference, part, kind, refused, sum) VALUES ($1, 1, $2, 0, $3)`, reference, kind,
		w.add(rowSum("outbox", []byte(reference), word(1), []byte(kind), word(0))))
}

func (w *writer1) totals(head []byte) {
	w.t.Helper()
	sum := rowSum("totals", word(1), word(w.rows), w.digest[:], head)
	w.exec(`INSERT INTO totals VALUES (1, 1, $1, $2, $3, $4)`, int64(w.rows), w.digest[:], head, sum[:])
}

// record1 makes a gate's directory with a record of the first version in it: one
// restriction in force, one lifted, one referral, two of them not reported.
func record1(t *testing.T, h *hub, dir string, in, out gongxin.ListingID) {
	t.Helper()
	if _, err := loadKey(dir); err != nil {
		t.Fatal(err)
	}
	db, err := openFile(t.Context(), filepath.Join(dir, "outcomes.db"), "TRUNCATE")
	if err != nil {
		t.Fatal(err)
	}
	w := &writer1{t: t, db: db}
	w.exec(outcomesSchema1)
	w.outcome("R-railway-20170401-AAAAAAAA", kindRestricted, in, 2, time.Time{}, 0)
	w.outcome("R-railway-20170401-BBBBBBBB", kindRestricted, out, 2, noon, 3)
	w.outcome("R-railway-20170401-CCCCCCCC", kindReferred, in, 2, time.Time{}, 0)
	w.outbox("R-railway-20170401-BBBBBBBB", kindLifted)
	w.outbox("R-railway-20170401-CCCCCCCC", kindReferred)
	w.totals([]byte{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARecordOfTheFirstVersionIsGoneOnWith(t *testing.T) {
	h := newHub(t)
	in, out := h.admit(entry(t, 0)), h.admit(entry(t, 1))
	h.withdraw(out)
	dir := t.TempDir()
	record1(t, h, dir, in, out)
	g, err := Open(h.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	if s := g.Status(); s.RestrictionsOpen != 1 || s.Lifted != 1 || s.Outbox != 2 {
		t.Errorf("status: %+v", s)
	}
	if r := g.stands(t, "R-railway-20170401-BBBBBBBB"); r.State != stateLifted || r.LiftedBy != 3 || r.Parts[0].Because != nil {
		t.Errorf("lifted by the first version: %+v", r)
	}
	if err := g.Keep(t.Context(), Keep{Reference: "R-railway-20170401-AAAAAAAA", Ground: law, Until: gongxin.MustDay("2017-05-01"), By: "李科长"}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.FileReview(t.Context(), "R-railway-20170401-CCCCCCCC", "请复核", "王"); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	h.withdraw(in)
	g = h.open(t, dir) // which is of the present version now
	h.catchUp(t, g)
	if s := g.Status(); s.RestrictionsOpen != 0 || s.RestrictionsKept != 1 || s.ReviewsOpen != 1 || s.Outbox != 3 {
		t.Errorf("status: %+v", s)
	}
	run(t, g)
	until(t, "all is reported", func() bool { return g.Status().Outbox == 0 })
	if o := h.reported(kindLifted); len(o) != 1 || o[0].Sequence != 3 || !o[0].At.Equal(noon) {
		t.Errorf("reported: %+v", o)
	}
}

func TestADamagedRecordOfTheFirstVersionIsLeftAsItIs(t *testing.T) {
	h := newHub(t)
	in, out := h.admit(entry(t, 0)), h.admit(entry(t, 1))
	dir := t.TempDir()
	record1(t, h, dir, in, out)
	path := filepath.Join(dir, "outcomes.db")
	db, err := openFile(context.Background(), path, "TRUNCATE")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`DELETE FROM outcomes WHERE kind = 'referred'`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(h.config(dir)); gongxin.CodeOf(err) != "GATE_OUTCOMES_CORRUPT" {
		t.Fatalf("a row is missing: %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
}

func TestARecordOfAnyLaterVersionIsGoneOnWith(t *testing.T) {
	for format, text := range map[int]string{2: `DROP TABLE acts; DROP TABLE calls; ALTER TABLE outcomes DROP COLUMN person`,
		3: `ALTER TABLE outcomes DROP COLUMN person`, 4: ``} {
		t.Run(strconv.Itoa(format), func(t *testing.T) { goesOnWith(t, format, text) })
	}
}

func goesOnWith(t *testing.T, format int, text string) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	g := reopened(t, c)
	h.catchUp(t, g)
	reference := g.person(t, 0).Reference
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := openFile(t.Context(), filepath.Join(c.Dir, outcomesFile), "TRUNCATE")
	if err != nil {
		t.Fatal(err)
	}
	backTo(t, db, format, text)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h.withdraw(id)
	for range 2 { // the second time it is of the present version
		g = reopened(t, c)
		h.catchUp(t, g)
		if r := g.stands(t, reference); r.State != stateLifted {
			t.Errorf("%+v", r)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// backTo makes the record in db one of an earlier format: its rows and sums as that
// one wrote them, without persons, and then what text does.
func backTo(t *testing.T, db *sql.DB, format int, text string) {
	t.Helper()
	var now int
	var rows uint64
	var total, head, sum []byte
	if err := db.QueryRowContext(t.Context(), readTotals).Scan(&now, &rows, &total, &head, &sum); err != nil {
		t.Fatal(err)
	}
	digest := ledger.Digest(total)
	all, err := query(t.Context(), db, scanOutcome, readOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) {
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range all {
		before := o.sum()
		o.person = person{}
		after := o.sum()
		digest = digest.Sub(before).Add(after)
		exec(`UPDATE outcomes SET person = x'', sum = $3 WHERE reference = $1 AND part = $2`, o.reference, o.part, after[:])
	}
	older := totalsSum(format, rows, digest[:], head)
	exec(`DROP TABLE differences; DROP TABLE watched; DROP TABLE watching; DROP TABLE alerts; DROP TABLE notes`)
	exec(text)
	exec(`UPDATE totals SET format = $1, digest = $2, sum = $3`, format, digest[:], older[:])
}
