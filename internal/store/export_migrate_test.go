package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// UpdateFilled makes TestAFilledDatabaseOfEachVersionIsUpgraded write the filled
// database of the newest version.
var UpdateFilled = flag.Bool("update", false, "write testdata/filled_NNNN.json of the newest migration")

// Versions returns the numbers of the migrations.
func Versions() []int {
	var numbers []int
	for _, m := range migrations {
		numbers = append(numbers, m.number)
	}
	return numbers
}

// MigrateTo brings an empty database at url to an earlier version.
func MigrateTo(ctx context.Context, url string, o Options, version int) error {
	return withSteps(ctx, url, o, migrations[:version])
}

// MigrateFurther applies a step that there is not yet.
func MigrateFurther(ctx context.Context, url string, o Options, text string) error {
	return withSteps(ctx, url, o, append(slices.Clone(migrations), migration{len(migrations) + 1, "next", text}))
}

func withSteps(ctx context.Context, url string, o Options, steps []migration) error {
	db := &DB{now: o.Now}
	var err error
	if strings.HasPrefix(url, "postgres:") {
		db.engine = postgresEngine
		err = db.openPostgres(ctx, url)
	} else {
		db.engine = sqliteEngine
		err = db.openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	}
	if err == nil {
		var s *session
		if s, err = newSession(ctx, db.single); err == nil {
			err = join(db.migrate(ctx, s, steps), s.close())
		}
	}
	return join(err, db.closePools())
}

// tables of a filled database, in an order in which they can be filled.
var tables = []string{
	"meta", "ledger_head", "checkpoints", "ledger_tiles", "events", "listings", "states", "index_cases", "index_subjects",
	"index_terms", "tokens", "gates", "receipts", "outcomes", "duties", "escalations", "document_counts", "documents", "evidence",
	"templates", "organisations", "people", "sessions", "codes", "disclosures", "refusals", "batches", "restriction_reviews", "kept_measures", "receipt_keys", "cosigned", "replaced_receipts",
}

// filledTable is a table with its rows as JSON: numbers, texts, and bytes in
// base64 within an object.
type filledTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

type filledBytes struct {
	Bytes []byte `json:"bytes"`
}

// WriteFilled writes what the SQLite database d has.
func WriteFilled(d *sql.DB, version int) error {
	var all []filledTable
	for _, name := range tables {
		rows, err := d.Query("SELECT * FROM " + name)
		if err != nil {
			return err
		}
		t := filledTable{Table: name}
		if t.Columns, err = rows.Columns(); err != nil {
			return err
		}
		for rows.Next() {
			values, at := make([]any, len(t.Columns)), make([]any, len(t.Columns))
			for i := range values {
				at[i] = &values[i]
			}
			if err := rows.Scan(at...); err != nil {
				return err
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					values[i] = filledBytes{b}
				}
			}
			t.Rows = append(t.Rows, values)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		all = append(all, t)
	}
	b, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("testdata", Filled(version)), append(b, '\n'), 0o644)
}

// Filled is the name of the file with a filled database of a version.
func Filled(version int) string { return fmt.Sprintf("filled_%04d.json", version) }

// LoadFilled fills an empty database from a file in testdata.
func LoadFilled(d *sql.DB, name string) error {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		return err
	}
	var all []filledTable
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		return err
	}
	for _, t := range all {
		text := newInsert(t.Table, t.Columns...).text
		for _, row := range t.Rows {
			for i, v := range row {
				switch v := v.(type) {
				case json.Number:
					if row[i], err = v.Int64(); err != nil {
						return err
					}
				case map[string]any:
					b, err := json.Marshal(v)
					if err != nil {
						return err
					}
					var f filledBytes
					if err := json.Unmarshal(b, &f); err != nil {
						return err
					}
					row[i] = f.Bytes
				}
			}
			if _, err := d.Exec(text, row...); err != nil {
				return fmt.Errorf("%s: %w", t.Table, err)
			}
		}
	}
	return nil
}
