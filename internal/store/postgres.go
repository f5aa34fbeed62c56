package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"gongxin"
)

// postgresEngine: writers of all processes take turns at the row of the head;
// readers see one moment (repeatable read). After the lock each statement sees
// what earlier turns committed, because writing runs at read committed.
var postgresEngine = engine{
	name:       "postgres",
	types:      strings.NewReplacer("BYTES", "BYTEA", "KEY PRIMARY KEY", "BIGINT PRIMARY KEY", " COMPACT", ""),
	begin:      "BEGIN ISOLATION LEVEL READ COMMITTED",
	beginRead:  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	lockHead:   " FOR UPDATE",
	lockSchema: lockPostgres,
	bulk:       postgresBulk,
	settle:     postgresSettle,
	unfit: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && len(e.Code) == 5 && slices.Contains(unfit, e.Code[:2])
	},
}

// unfit are the classes of errors of values: data exceptions, broken constraints,
// and limits such as the longest key of an index.
var unfit = []string{"22", "23", "54"}

// postgresOldest is the oldest server version that is supported.
const postgresOldest = 150000

// schemaLock is the advisory lock under which a schema is made or changed. The
// number is arbitrary and stays.
const schemaLock = "SELECT pg_advisory_xact_lock(7240915562)"

func lockPostgres(ctx context.Context, s *session) error {
	_, err := s.exec(ctx, schemaLock)
	return err
}

func (db *DB) openPostgres(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "gongxin"
	}
	db.pool = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(connected))
	db.pool.SetMaxIdleConns(maxReaders)
	db.single = db.pool
	db.readers.slots = make(chan struct{}, maxReaders)
	if err := db.pool.PingContext(ctx); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

// connected refuses servers that are too old, and makes a commit wait for the
// disk, even where the server's configuration would not.
func connected(ctx context.Context, c *pgx.Conn) error {
	var version int
	var commit string
	const settings = "SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')"
	if err := c.QueryRow(ctx, settings).Scan(&version, &commit); err != nil {
		return err
	}
	if version < postgresOldest {
		return gongxin.Unavailable("STORE_ENGINE", version/10000, postgresOldest/10000)
	}
	if commit != "off" {
		return nil
	}
	_, err := c.Exec(ctx, "SET synchronous_commit = on")
	return err
}

// postgresFew is up to how many rows single INSERTs are quicker than a COPY.
const postgresFew = 3

func postgresBulk(ctx context.Context, s *session, into *insert, n int, values func(i int) []driver.Value) error {
	if n <= postgresFew {
		st, err := s.stmt(ctx, into.text)
		if err != nil {
			return err
		}
		for i := range n {
			args := []any{}
			for _, v := range values(i) {
				args = append(args, v)
			}
			if _, err := st.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		return nil
	}
	return s.conn.Raw(func(c any) error {
		_, err := c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{into.table}, into.columns,
			pgx.CopyFromSlice(n, func(i int) ([]any, error) {
				row := make([]any, len(into.columns))
				for j, v := range values(i) {
					row[j] = v
				}
				return row, nil
			}))
		return err
	})
}

// postgresSettle gives up old versions of rows, as autovacuum would sooner or later.
func postgresSettle(ctx context.Context, db *DB) error {
	_, err := db.pool.ExecContext(ctx, `VACUUM events, listings, documents, evidence, escalations, restriction_reviews, kept_measures, disclosures, refusals, codes, sessions`)
	return err
}
