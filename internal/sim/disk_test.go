//go:build linux

package sim

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestTheDiskStandsBetweenSQLiteAndTheSystem shows that faults reach SQLite: else a
// run without failures would show nothing.
func TestTheDiskStandsBetweenSQLiteAndTheSystem(t *testing.T) {
	d, err := newDisk(filepath.Join(t.TempDir(), "gate"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, "x.db")+"?_pragma=journal_mode(WAL)&_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE x (a INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start), d.writes)
	if d.writes == 0 {
		t.Fatal("no write was seen")
	}
	d.full = true
	if _, err := db.Exec(`INSERT INTO x VALUES (1)`); err == nil {
		t.Error("a full disk takes a row")
	}
	d.full = false
	if _, err := db.Exec(`INSERT INTO x VALUES (1)`); err != nil {
		t.Errorf("a disk with room takes no row: %v", err)
	}
	d.killIn = 1
	if _, err := db.Exec(`INSERT INTO x VALUES (2)`); err == nil || !d.dead {
		t.Errorf("after a kill a row is taken (%v)", err)
	}
	_ = db.Close() // it cannot write what it wants to
	if err := d.revive(); err != nil {
		t.Fatal(err)
	}
	if db, err = sql.Open("sqlite", "file:"+filepath.Join(d.dir, "x.db")); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(`SELECT count(*) FROM x`).Scan(&n); err != nil || n != 1 {
		t.Errorf("after the kill there are %d rows, want 1 (%v)", n, err)
	}
}
