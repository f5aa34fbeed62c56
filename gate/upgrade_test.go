package gate

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gongxin"
	"gongxin/ledger"
	"gongxin/screen"
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

// The list as versions before this one kept it; %s is what the second of them added.
const stateSchema = `
	CREATE TABLE position (
		id INTEGER PRIMARY KEY CHECK (id = 1),
		format INTEGER NOT NULL,
		hub BLOB NOT NULL,
		position BLOB NOT NULL,
		sum BLOB NOT NULL
	);
	CREATE TABLE listings (
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
		sum BLOB NOT NULL%s
	) WITHOUT ROWID`

// goBack makes the list of g, which it closes, one of an earlier version, 1 or 2.
// numbers gives the identifiers, which a list does not hold.
func goBack(t *testing.T, g *Gate, version int, numbers map[gongxin.ListingID]string) {
	t.Helper()
	dir, at, sums := g.config.Dir, g.state.at, newSums(g.key)
	older := earlier{key: derived(g.key, "gongxin screen tag")}
	db, err := openFile(t.Context(), filepath.Join(dir, stateFile), "WAL")
	if err != nil {
		t.Fatal(err)
	}
	w := &writer1{t: t, db: db}
	added := ""
	if version > 1 {
		added = `, since INTEGER NOT NULL DEFAULT 0, whose INTEGER NOT NULL DEFAULT 0`
	}
	w.exec(fmt.Sprintf(stateSchema, added))
	err = g.state.list.View().All(func(r screen.Row) error {
		tag, hash := older.tag(parse(t, numbers[r.Listing])), uint64(r.Sequence)<<63|7
		fields := [][]byte{[]byte("listing"), r.Listing[:], word(r.Sequence), r.Element[:], word(hash), tag[:], []byte(r.Name), []byte(r.Masked),
			[]byte(r.Case), []byte(r.Court), []byte(r.Severity), word(uint64(r.Published)), word(uint64(r.Until))}
		if version > 1 {
			fields = append(fields, word(r.Since), word(r.Whose))
		}
		w.exec(`INSERT INTO listings (id, sequence, element, hash, tag, name, masked, case_number, court, severity, published, until, sum)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, r.Listing[:], int64(r.Sequence), r.Element[:], int64(hash), tag[:], r.Name,
			r.Masked, r.Case, r.Court, string(r.Severity), int64(r.Published), int64(r.Until), sums.of(fields...))
		if version > 1 {
			w.exec(`UPDATE listings SET since = $2, whose = $3 WHERE id = $1`, r.Listing[:], int64(r.Since), int64(r.Whose))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	position, err := at.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	w.exec(`INSERT INTO position VALUES (1, 1, $1, $2, $3)`, g.state.hub.hash[:], position,
		sums.of([]byte("position"), word(1), g.state.hub.hash[:], position))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	loseList(t, dir)
	if db, err = openFile(t.Context(), filepath.Join(dir, outcomesFile), "TRUNCATE"); err != nil {
		t.Fatal(err)
	}
	backTo(t, db, 3, `ALTER TABLE outcomes DROP COLUMN person`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAListOfAnEarlierVersionIsFetchedAnewAndKnownUntilThen(t *testing.T) {
	for _, version := range []int{1, 2} {
		for _, tt := range []struct {
			name     string
			snapshot bool
			after    func(t *testing.T, h *hub, id gongxin.ListingID)
			want     string // what ended the first person's restriction
		}{
			{"nothing more", true, func(*testing.T, *hub, gongxin.ListingID) {}, ""},
			{"nothing more, step by step", false, func(*testing.T, *hub, gongxin.ListingID) {}, ""},
			{"withdrawn", true, func(_ *testing.T, h *hub, id gongxin.ListingID) { h.withdraw(id) }, endedSomehow},
			{"withdrawn, step by step", false, func(_ *testing.T, h *hub, id gongxin.ListingID) { h.withdraw(id) }, endedWithdrawn},
			{"another person's", true, func(t *testing.T, h *hub, id gongxin.ListingID) { h.correct(id, entry(t, 5)) }, endedCorrected},
			{"another person's, step by step", false, func(t *testing.T, h *hub, id gongxin.ListingID) { h.correct(id, entry(t, 5)) }, endedCorrected},
			{"corrected in detail", true, func(t *testing.T, h *hub, id gongxin.ListingID) { h.correct(id, entry(t, 0)) }, ""},
			{"suspended and back", false, func(t *testing.T, h *hub, id gongxin.ListingID) {
				h.suspend(id)
				h.resume(id, entry(t, 0))
				h.sign()
			}, endedSuspended},
		} {
			t.Run(fmt.Sprintf("%d, %s", version, tt.name), func(t *testing.T) {
				h := newHub(t)
				ids := []gongxin.ListingID{h.admit(entry(t, 0)), h.admit(entry(t, 1))}
				c := h.config(t.TempDir())
				g := reopened(t, c)
				h.catchUp(t, g)
				first, second := g.person(t, 0).Reference, g.person(t, 1).Reference
				goBack(t, g, version, map[gongxin.ListingID]string{ids[0]: citizen(0), ids[1]: citizen(1)})
				for range 2 { // as often as it is killed before it comes to anything
					g = reopened(t, c)
					if s := g.Status(); s.Fresh || s.RestrictionsOpen != 2 || g.known().Head.Size != 2 || s.LastError != nil {
						t.Errorf("opened: %+v, known %d", s, g.known().Head.Size)
					}
					if d, err := g.peek(0); err != nil || d.Outcome != gongxin.Refer {
						t.Errorf("before the list is fetched: %s, %v", d.Outcome, err)
					}
					if err := g.Close(); err != nil {
						t.Fatal(err)
					}
				}
				tt.after(t, h, ids[0])
				if tt.snapshot {
					h.snapshot()
				}
				g = reopened(t, c)
				h.catchUp(t, g)
				for range 2 {
					if got := because(g.stands(t, first)); got != tt.want {
						t.Errorf("ended by %q, want %q", got, tt.want)
					}
					if r := g.stands(t, second); r.State != stateInForce {
						t.Errorf("the other: %+v", r)
					}
					if d, err := g.peek(1); err != nil || d.Outcome != gongxin.Block {
						t.Errorf("the other is asked about: %s, %v", d.Outcome, err)
					}
					if _, err := os.Stat(filepath.Join(c.Dir, stateFile)); !os.IsNotExist(err) {
						t.Errorf("the earlier list is still there: %v", err)
					}
					if err := g.Close(); err != nil {
						t.Fatal(err)
					}
					g = reopened(t, c)
				}
				if err := g.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// A kill between the two leaves both lists, and the newer one counts.
func TestAnEarlierListBesideTheOneThatTookItsPlaceIsRemoved(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	g := reopened(t, c)
	h.catchUp(t, g)
	goBack(t, g, 2, map[gongxin.ListingID]string{id: citizen(0)})
	earlier, err := os.ReadFile(filepath.Join(c.Dir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	h.withdraw(id)
	h.snapshot()
	g = reopened(t, c)
	h.catchUp(t, g)
	at := g.Position()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(c.Dir, stateFile), earlier)
	g = h.openWith(t, c)
	if _, err := os.Stat(filepath.Join(c.Dir, stateFile)); !os.IsNotExist(err) || g.Position() != at || !g.Status().Fresh {
		t.Errorf("at %d, %v", g.Position().Head.Size, err)
	}
}

func TestADamagedEarlierListIsPutAsideAndNamed(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	whole, dir := h.config(t.TempDir()), filepath.Join(t.TempDir(), "gate")
	g := reopened(t, whole)
	h.catchUp(t, g)
	reference := g.person(t, 0).Reference
	goBack(t, g, 2, map[gongxin.ListingID]string{id: citizen(0)})
	r := rand.New(rand.NewPCG(11, 12))
	named := 0
	for range 60 {
		copyDir(t, whole.Dir, dir)
		flip(t, filepath.Join(dir, stateFile), r)
		g := reopened(t, h.config(dir))
		if s := g.Status(); s.LastError != nil && s.LastError.Code == "GATE_STATE_CORRUPT" {
			named++
		}
		h.catchUp(t, g)
		if s := g.Status(); s.RestrictionsOpen != 1 || s.Listings != 1 || g.stands(t, reference).State != stateInForce {
			t.Errorf("status: %+v", s)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if named < 10 {
		t.Errorf("only %d of 60 were named", named)
	}
	other := newHubOf(t, "credit.example/list", 2)
	c := whole
	c.VerifierKey = other.VerifierKey
	if _, err := Open(c); gongxin.CodeOf(err) != "GATE_OTHER_HUB" {
		t.Errorf("of another hub: %v", err)
	}
}
