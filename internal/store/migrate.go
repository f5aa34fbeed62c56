package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"gongxin"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration is one step of the schema. It is never edited after a release:
// what it got wrong, the next one mends.
type migration struct {
	number int
	name   string
	text   string // with the types that engine.types replaces
}

// migrations are the steps in order, numbered from 1 without gaps. A fault in the
// embedded files is a programmer's mistake and panics at start-up.
var migrations = func() []migration {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		panic(err)
	}
	all := make([]migration, 0, len(names))
	for i, path := range names {
		text, err := migrationFiles.ReadFile(path)
		if err != nil {
			panic(err)
		}
		number, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql"), "_")
		if n, err := strconv.Atoi(number); err != nil || !ok || n != i+1 {
			panic(fmt.Sprintf("%s: migrations are numbered from 0001 without gaps", path))
		}
		all = append(all, migration{i + 1, name, string(text)})
	}
	return all
}()

// fillIn is what steps do besides their text, where SQL alone cannot.
var fillIn = map[int]func(ctx context.Context, r *reader) error{2: foldProcedures}

const (
	makeMigrations = `CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied BIGINT NOT NULL)`
	lastMigration  = `SELECT COALESCE(MAX(number), 0) FROM migrations`
	putMigration   = `INSERT INTO migrations (number, name, applied) VALUES ($1, $2, $3)`
)

// migrate applies the steps that the database lacks, each in a transaction of its
// own, so that an interrupted upgrade goes on where it stopped. Processes that
// start at once take turns. Error: STORE_NEWER if the database has steps that
// this version does not know.
func (db *DB) migrate(ctx context.Context, s *session, steps []migration) error {
	for {
		var done bool
		err := db.setUp(ctx, s, func() error {
			if _, err := s.conn.ExecContext(ctx, makeMigrations); err != nil {
				return fmt.Errorf("migrations: %w", err)
			}
			var last int
			if err := s.row(ctx, lastMigration, nil, &last); err != nil {
				return fmt.Errorf("migrations: %w", err)
			}
			if last > len(steps) {
				return gongxin.Unavailable("STORE_NEWER", last, len(steps))
			}
			if done = last == len(steps); done {
				return nil
			}
			m := steps[last]
			if _, err := s.conn.ExecContext(ctx, db.engine.types.Replace(m.text)); err != nil {
				return fmt.Errorf("migration %04d %s: %w", m.number, m.name, err)
			}
			if fill := fillIn[m.number]; fill != nil {
				if err := fill(ctx, &reader{db: db, s: s}); err != nil {
					return fmt.Errorf("migration %04d %s: %w", m.number, m.name, err)
				}
			}
			_, err := s.exec(ctx, putMigration, m.number, m.name, db.now().UnixMilli())
			return err
		})
		if done || err != nil {
			return err
		}
	}
}

const (
	getMeta = `SELECT value FROM meta WHERE name = $1`
	putMeta = `INSERT INTO meta (name, value) VALUES ($1, $2)`
)

// meta reads a value of the database itself; "" if there is none.
func (s *session) meta(ctx context.Context, name string) (string, error) {
	var v string
	err := s.row(ctx, getMeta, []any{name}, &v)
	if err != nil && err != sql.ErrNoRows {
		return "", fmt.Errorf("meta %s: %w", name, err)
	}
	return v, nil
}

const (
	unfolded = `
		SELECT l.ordinal, l.id, l.sequence FROM listings l JOIN events e ON e.sequence = l.sequence
		WHERE l.ordinal > $1 AND (e.previous > 0 OR e.kind <> 'listing_admitted') ORDER BY l.ordinal LIMIT 1000`
	putProcedure = `UPDATE listings SET procedure = $2 WHERE ordinal = $1`
)

// foldProcedures folds what the first release recorded of listings into the column
// that 0002 adds. Those that were admitted from a file and left alone have nothing
// to fold.
func foldProcedures(ctx context.Context, r *reader) error {
	type place struct {
		ordinal, sequence int64
		id                []byte
	}
	for last := int64(0); ; {
		var part []place
		err := r.s.each(ctx, unfolded, []any{last}, func(scan func(...any) error) error {
			var p place
			err := scan(&p.ordinal, &p.id, &p.sequence)
			part = append(part, p)
			return err
		})
		if err != nil || len(part) == 0 {
			return err
		}
		for _, p := range part {
			if err := r.foldProcedure(ctx, p.ordinal, p.id, uint64(p.sequence)); err != nil {
				return err
			}
		}
		last = part[len(part)-1].ordinal
	}
}

func (r *reader) foldProcedure(ctx context.Context, ordinal int64, b []byte, sequence uint64) error {
	id, err := listingID(b)
	if err != nil {
		return err
	}
	events, err := r.events(ctx, id, sequence)
	if err != nil {
		return err
	}
	var l gongxin.Listing
	for _, e := range events {
		if e.Erased { // what it said is not known any more
			return nil
		}
		if l, err = l.Apply(e.Event, e.Sequence); err != nil {
			return err
		}
	}
	procedure, err := procedureValue(l.Procedure)
	if err != nil || procedure == nil {
		return err
	}
	_, err = r.s.exec(ctx, putProcedure, ordinal, procedure)
	return err
}
