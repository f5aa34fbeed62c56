package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"gongxin/screen"
)

// openFile opens a database file, made if missing, for this process alone: the
// lock is taken at once and held until Close. journal is "WAL" or "TRUNCATE".
func openFile(ctx context.Context, path, journal string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"exclusive"}, "_pragma": {
		"busy_timeout(0)", "locking_mode(EXCLUSIVE)", "journal_mode(" + journal + ")", "synchronous(FULL)",
		"trusted_schema(OFF)", "cell_size_check(ON)", "cache_size(-65536)", "temp_store(MEMORY)",
	}}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // one writer, and the lock belongs to the connection
	db.SetConnMaxIdleTime(0)
	tx, err := db.BeginTx(ctx, nil)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// quickCheck asks SQLite whether the pages of db fit together.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
		return err
	}
	if answer != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, answer)
	}
	return nil
}

// wholeCheck asks SQLite as well whether every index holds what its table does, and
// whether the file has the length that its pages need: for a file that cannot be
// fetched again.
func wholeCheck(ctx context.Context, db *sql.DB, path string) error {
	var answer string
	var pages, pageSize int64
	err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer)
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size").Scan(&pages, &pageSize)
	}
	if err != nil {
		return err
	}
	if answer != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, answer)
	}
	i, err := os.Stat(path)
	if err != nil {
		return err
	}
	if i.Size() != pages*pageSize {
		return fmt.Errorf("%w: %d bytes instead of %d", errDamaged, i.Size(), pages*pageSize)
	}
	return nil
}

// errDamaged is what is found by our own checks of a file.
var errDamaged = errors.New("damaged")

// primary returns SQLite's primary result code of err, 0 if it has none.
func primary(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// unreadable marks a row that cannot be scanned as damage, and leaves SQLite's own errors.
func unreadable(err error) error {
	if primary(err) != 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

// locked tells whether another process holds the file.
func locked(err error) bool {
	c := primary(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}

// damage tells whether err says that a file is damaged, and not that the disk is
// full, a permission is missing, or that somebody cancelled.
func damage(err error) bool {
	if piece := (*screen.Damage)(nil); errors.Is(err, errDamaged) || errors.As(err, &piece) || errors.Is(err, screen.ErrReplaced) {
		return true
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() { // SQLite calls these errors of the disk, and they are of what it holds
		case sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_IN_PAGE, sqlite3.SQLITE_IOERR_DATA, sqlite3.SQLITE_IOERR_CORRUPTFS:
			return true
		}
	}
	switch primary(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}
