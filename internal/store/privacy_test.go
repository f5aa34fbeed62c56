package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// everything returns all values of all tables as one text.
func everything(t *testing.T, url string) string {
	t.Helper()
	d := storetest.SQL(t, url)
	list := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if strings.HasPrefix(url, "postgres:") {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	names, err := d.Query(list)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	var all strings.Builder
	for _, name := range tables {
		rows, err := d.Query("SELECT * FROM " + name)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, at := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				at[i] = &values[i]
			}
			if err := rows.Scan(at...); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				fmt.Fprintf(&all, "%s.%s=%v\n", name, columns[i], v)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(tables) < 10 {
		t.Fatalf("only %d tables", len(tables))
	}
	return all.String()
}

// erasable are the columns besides bodies in which personal data may stand.
var erasable = []string{
	"events.seed", "listings.procedure", "documents.number", "documents.page", "documents.data", "evidence.name", "evidence.body", "templates.words",
	"listings.submission", "escalations.note", "disclosures.purpose", "batches.note", "restriction_reviews.reason", "restriction_reviews.answer", "kept_measures.ground",
}

// eraseWords erases those words that are not of one listing.
func eraseWords(t *testing.T, url string) {
	t.Helper()
	d := storetest.SQL(t, url)
	for _, c := range []string{"templates.words", "batches.note"} {
		table, column, _ := strings.Cut(c, ".")
		if _, err := d.Exec("UPDATE " + table + " SET " + column + " = NULL"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range erasable {
		table, column, _ := strings.Cut(c, ".")
		n := 1
		if err := d.QueryRow("SELECT COUNT(*) FROM " + table + " WHERE " + column + " IS NOT NULL").Scan(&n); err != nil || n > 0 {
			t.Errorf("%s: %d rows are left (%v)", c, n, err)
		}
	}
}

func TestOnlyBodiesAndWordsTellWhoIsMeant(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		db.MergeEvery(4)
		listed := admitMany(t, db, 0, 9, 3)
		for n, l := range listed {
			goOn(t, db, l, n, next(l, n, withdrawn(l)))
		}
		listed = append(listed, goOn(t, db, gongxin.Listing{}, 9, append(lawful(9), contested(9)...)...))
		w := kept(listed[9])
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return w.save(ctx, tx) })
		secrets := func(all string) (found []string) {
			for _, l := range listed {
				e := l.Entry
				for _, s := range []string{e.Subject.Number.Full(), e.Subject.Number.Full()[6:14], e.Subject.Name, e.Case.String(), e.Case.Key(), e.Obligation} {
					if strings.Contains(all, s) {
						found = append(found, s)
					}
				}
			}
			return found
		}
		all := everything(t, url)
		if len(secrets(all)) == 0 {
			t.Fatal("the test sees nothing at all")
		}
		if strings.Contains(all, w.person.Second) {
			t.Error("the secret of a second factor stands in clear")
		}
		for _, l := range listed {
			if err := db.Erase(t.Context(), l.ID, noon); err != nil {
				t.Fatal(err)
			}
		}
		eraseWords(t, url)
		if found := secrets(everything(t, url)); len(found) > 0 {
			t.Errorf("beside bodies and words: %q", found)
		}
		check(t, db) // the history stays provable
		view(t, db, func(ctx context.Context, v *store.View) {
			d, err := v.Document(ctx, w.document.Number)
			if err != nil || d.Page != nil || d.Data != nil || d.Hash != w.document.Hash {
				t.Errorf("got %+v, %v", d, err)
			}
			e, err := v.Evidence(ctx, w.evidence.Hash)
			if err != nil || e.Body != nil || e.Name != "" || e.Size != w.evidence.Size {
				t.Errorf("got %+v, %v", e, err)
			}
			l, err := v.Listing(ctx, listed[9].ID)
			if gongxin.CodeOf(err) != "LISTING_ERASED" || l.State != gongxin.Withdrawn || l.Procedure != (gongxin.Procedure{}) {
				t.Errorf("got %+v, %v", l, err)
			}
		})
	})
}

func TestNothingIsFoundByWhatMustBeErased(t *testing.T) {
	url := storetest.SQLite(t)
	storetest.Open(t, url)
	rows, err := storetest.SQL(t, url).Query(`
		SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c WHERE t.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(erasable, column) {
			t.Errorf("an index holds %s in clear", column)
		}
	}
	if err := rows.Err(); err != nil || n < 20 {
		t.Errorf("only %d columns of indexes, %v", n, err)
	}
}

func TestErasedBodiesReadAsErased(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		listed := admitMany(t, db, 0, 3, 3)
		var ended gongxin.Listing
		err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
			ended, err = tx.Append(ctx, listed[1], withdrawn(listed[1]), [32]byte{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Erase(t.Context(), ended.ID, noon); err != nil {
			t.Fatal(err)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			l, err := v.Listing(ctx, ended.ID)
			if gongxin.CodeOf(err) != "LISTING_ERASED" || l.State != gongxin.Withdrawn || l.Exit.Ground != gongxin.GroundPerformed || l.Entry.Subject.Name != "" {
				t.Errorf("got %+v, %v", l, err)
			}
			events, err := v.Events(ctx, ended.ID)
			if err != nil || len(events) != 2 || !events[0].Erased || !events[1].Erased || events[1].Event.Kind != gongxin.ListingWithdrawn {
				t.Errorf("got %+v, %v", events, err)
			}
			records, _, err := v.Changes(ctx, gongxin.AudiencePartner, 0, 100)
			if err != nil || len(records) != 4 {
				t.Fatalf("got %d records, %v", len(records), err)
			}
			for i, r := range records {
				if erased := i == 1 || i == 3; (r.Salt == nil) != erased || (r.Body == nil) != erased {
					t.Errorf("event %d: salt %x, body %q", i+1, r.Salt, r.Body)
				}
			}
			found, err := v.Find(ctx, []gongxin.ListingKey{entry(1).Key()})
			if err != nil || found[0].Listing.ID != ended.ID || found[0].Listing.Entry.Subject.Name != "" {
				t.Errorf("got %+v, %v", found, err)
			}
		})
		again, err := admit(t.Context(), db, 1) // the same key again: another round
		if err != nil || again.ID == ended.ID {
			t.Errorf("got %v, %v", again.ID, err)
		}
		check(t, db)
	})
}

func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	url := storetest.SQLite(t)
	db := storetest.Open(t, url)
	if _, err := admit(t.Context(), db, 0); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(url, "sqlite:")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info.Mode(), err)
		}
	}
}

// Each row damages one thing; Check must see it and say where.
func TestCheckSeesWhatDoesNotAgree(t *testing.T) {
	for _, damage := range []string{
		`UPDATE events SET body_partner = body_public WHERE sequence = 3`,
		`UPDATE events SET body_court = NULL WHERE sequence = 3`,
		`UPDATE events SET body_public = NULL, body_partner = NULL, body_court = NULL WHERE sequence = 3`,
		`UPDATE events SET seed = NULL, body_public = NULL, body_partner = NULL, body_court = NULL WHERE sequence = 5`,
		`UPDATE events SET seed = NULL, body_public = NULL, body_partner = NULL, body_court = NULL WHERE listing IS NULL`,
		`UPDATE listings SET erased = 0`,
		`UPDATE listings SET erased = 1 WHERE ordinal = 1`,
		`UPDATE events SET kind = 'listing_revoked' WHERE sequence = 3`,
		`UPDATE events SET at = at + 1 WHERE sequence = 3`,
		`UPDATE events SET listing = (SELECT listing FROM events WHERE sequence = 1) WHERE sequence = 3`,
		`UPDATE events SET previous = 2 WHERE sequence = 10`,
		`UPDATE events SET leaf = (SELECT leaf FROM events WHERE sequence = 1) WHERE sequence = 3`,
		`DELETE FROM events WHERE sequence = 11`,
		`DELETE FROM events WHERE sequence = 4`,
		`UPDATE listings SET state = 'expired' WHERE ordinal = 5`,
		`UPDATE listings SET forced = 0 WHERE ordinal = 5`,
		`UPDATE listings SET content = 1 WHERE ordinal = 5`,
		`UPDATE listings SET until = 20300101 WHERE ordinal = 5`,
		`UPDATE listings SET round = 2 WHERE ordinal = 5`,
		`UPDATE listings SET case_index = 1 WHERE ordinal = 5`,
		`UPDATE listings SET subject_index = 1 WHERE ordinal = 5`,
		`UPDATE listings SET court = '苏0506' WHERE ordinal = 5`,
		`UPDATE listings SET exit_ground = 'term' WHERE ordinal = 1`,
		`UPDATE listings SET procedure = NULL WHERE ordinal = 10`,
		`UPDATE listings SET procedure = '{"lapses":2}' WHERE ordinal = 10`,
		`UPDATE listings SET procedure = '{"lapses":2}' WHERE ordinal = 4`,
		`UPDATE listings SET procedure = 'nothing' WHERE ordinal = 10`,
		`UPDATE events SET kind = 'objection_upheld' WHERE kind = 'objection_rejected'`,
		`DELETE FROM index_terms WHERE ordinal = 10`,
		`DELETE FROM listings WHERE ordinal = 9`,
		`DELETE FROM index_cases WHERE ordinal = 2`,
		`DELETE FROM index_subjects WHERE ordinal = 2`,
		`DELETE FROM index_terms WHERE ordinal = 5`,
		`UPDATE states SET count = count + 1`,
		`DELETE FROM states`,
		`UPDATE ledger_head SET in_force = in_force - 1`,
		`UPDATE ledger_head SET checkpoint = (SELECT checkpoint FROM checkpoints WHERE size = 3)`,
		`UPDATE checkpoints SET checkpoint = (SELECT checkpoint FROM checkpoints WHERE size = 3) WHERE size = 6`,
		`UPDATE ledger_tiles SET data = (SELECT digest FROM ledger_head) WHERE level = 0`,
		`DELETE FROM ledger_tiles`,
	} {
		t.Run(damage, func(t *testing.T) {
			url := storetest.SQLite(t)
			db := storetest.Open(t, url)
			fill(t, db)
			check(t, db)
			r, err := storetest.SQL(t, url).Exec(damage)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				t.Fatalf("damaged %d rows, %v", n, err)
			}
			err = db.Read(t.Context(), func(ctx context.Context, v *store.View) error { return v.Check(ctx) })
			if gongxin.CodeOf(err) != "STORE_DAMAGED" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestADamagedFileIsNoPanic(t *testing.T) {
	url := storetest.SQLite(t)
	path := strings.TrimPrefix(url, "sqlite:")
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), url, storetest.Options()); err == nil {
		t.Error("it was opened")
	}
}
