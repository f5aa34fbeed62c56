// Package storetest opens fresh stores for tests, on every engine that the store
// speaks to. PostgreSQL is a real server of the machine's own installation, started
// once for a test process and ended with it:
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		storetest.Each(t, func(t *testing.T, open func() *store.DB) {
//			db := open() // again: another handle on the same database
//		})
//	}
//
// An engine that is missing fails the test; nothing is skipped.
package storetest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin/internal/store"
	"gongxin/ledger"
)

// Main runs a package's tests and ends what they started. TestMain calls it.
func Main(m *testing.M) {
	code := m.Run()
	if err := stopPostgres(); err != nil {
		os.Stderr.WriteString("storetest: " + err.Error() + "\n")
		code = max(code, 1)
	}
	os.Exit(code)
}

// Origin is the name of the log in tests.
const Origin = "gongxin.test/list"

// keys are the same in every process, so that a child process opens what its
// parent made.
var keys = sync.OnceValues(func() (*ledger.Signer, *ledger.Verifier) {
	seed := sha256.Sum256([]byte("storetest"))
	secret, public, err := ledger.GenerateKey(Origin, bytes.NewReader(seed[:]))
	if err != nil {
		panic(err)
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	verifier, err := ledger.NewVerifier(public)
	if err != nil {
		panic(err)
	}
	return signer, verifier
})

// Verifier opens the checkpoints of the stores that this package opens.
func Verifier() *ledger.Verifier {
	_, v := keys()
	return v
}

// Options are those with which this package opens stores.
func Options() store.Options {
	signer, _ := keys()
	return store.Options{Sign: signer.Sign, BlindKey: bytes.Repeat([]byte{7}, store.BlindKeySize), Now: time.Now, Random: rand.Reader}
}

// Each runs f as a subtest for each engine with a fresh database. Every call of
// open opens a handle on it, which is closed at the end.
func Each(t *testing.T, f func(t *testing.T, open func() *store.DB)) {
	EachURL(t, func(t *testing.T, url string) {
		f(t, func() *store.DB { return Open(t, url) })
	})
}

// EachURL is Each for tests that open the database themselves.
func EachURL(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// Open opens the store at url with Options; it is closed at the end of the test.
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// SQLite returns the URL of a new file.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "store.db")
}

// SQL opens the database at url past the store, for tests that look into it or
// damage it.
func SQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, name := "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(20000)"
	if strings.HasPrefix(url, "postgres:") {
		driver, name = "pgx", url
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
