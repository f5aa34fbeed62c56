package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteEngine: one connection writes, others read, each from its own moment (WAL).
var sqliteEngine = engine{
	name:       "sqlite",
	types:      strings.NewReplacer("BYTES", "BLOB", "KEY PRIMARY KEY", "INTEGER PRIMARY KEY", "COMPACT", "WITHOUT ROWID"),
	begin:      "BEGIN IMMEDIATE",
	beginRead:  "BEGIN",
	lockHead:   "",
	lockSchema: func(context.Context, *session) error { return nil }, // BEGIN IMMEDIATE has
	bulk:       sqliteBulk,
	settle:     sqliteSettle,
	unfit: func(err error) bool {
		var e *sqlite.Error
		return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT || e.Code()&0xff == sqlite3.SQLITE_TOOBIG)
	},
}

// What every connection sets. A commit is on the disk before it is answered
// (synchronous FULL). The cache of the writer holds what a bulk load touches; more
// makes it slower (docs/decisions/group-commit.md). 20 s is how long a writer of
// another process is waited for. What is erased is overwritten (secure_delete): of
// the pages of a row and of those given up, not only of the pages' tables.
const (
	sqlitePragmas = "_pragma=busy_timeout(20000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(on)&_pragma=trusted_schema(off)"
	sqliteWrite   = "&_pragma=secure_delete(on)&_pragma=cache_size(-24576)&_pragma=wal_autocheckpoint(16384)&_pragma=journal_size_limit(67108864)"
	sqliteRead    = "&_pragma=cache_size(-4096)&_pragma=query_only(on)"
)

func (db *DB) openSQLite(ctx context.Context, path string) error {
	// fdatasync makes a commit as durable as fsync does and spares the file's times.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return fmt.Errorf("sqlite: %w", err)
	}
	if path == "" || strings.Contains(path, ":memory:") {
		return fmt.Errorf("sqlite: %q is not the path of a file", path)
	}
	// The file holds personal data: nobody else reads it, nor the files beside it,
	// which take over its permissions.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + sqlitePragmas
	if db.single, err = sql.Open("sqlite", dsn+sqliteWrite); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	db.single.SetMaxOpenConns(1)
	if db.pool, err = sql.Open("sqlite", dsn+sqliteRead); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if db.back, err = sql.Open("sqlite", dsn); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	db.back.SetMaxOpenConns(1)
	db.readers.slots = make(chan struct{}, maxReaders)
	var mode string
	if err := db.single.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return fmt.Errorf("sqlite %s: %w", path, err)
	}
	if mode != "wal" {
		return fmt.Errorf("sqlite %s: the file system does not carry a write-ahead log (journal mode %s)", path, mode)
	}
	return nil
}

// sqliteBulk steps one prepared statement over the rows, past database/sql, whose
// share of a row would be a third.
func sqliteBulk(ctx context.Context, s *session, into *insert, n int, values func(i int) []driver.Value) error {
	return s.conn.Raw(func(c any) error {
		st, ok := s.raw[into.unnamed]
		if !ok {
			prepared, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, into.unnamed)
			if err != nil {
				return err
			}
			st = prepared.(driver.StmtExecContext)
			s.raw[into.unnamed] = st
		}
		args := make([]driver.NamedValue, len(into.columns))
		for i := range n {
			for j, v := range values(i) {
				args[j] = driver.NamedValue{Ordinal: j + 1, Value: v}
			}
			if _, err := st.ExecContext(ctx, args); err != nil {
				return err
			}
		}
		return nil
	})
}

// sqliteSettle copies the write-ahead log back and cuts it to nothing. Someone who
// reads an older moment is waited for as long as for a writer.
func sqliteSettle(ctx context.Context, db *DB) error {
	var busy, frames, copied int
	if err := db.back.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &copied); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("the database is being read all the time")
	}
	return nil
}
