package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"gongxin/internal/store"
)

// A server is a PostgreSQL of this process alone: its data in a temporary
// directory, reached through a socket there and by no network.
type server struct {
	dir    string
	run    *exec.Cmd
	ended  chan struct{} // closed once the process has ended
	output bytes.Buffer
	admin  *sql.DB
	made   atomic.Int64 // databases
}

var postgres struct {
	once   sync.Once
	server *server
	err    error
}

// Postgres returns the URL of a new, empty store on the server of this process,
// which is started if need be. It is dropped at the end of the test.
func Postgres(t testing.TB) string {
	t.Helper()
	postgres.once.Do(func() { postgres.server, postgres.err = startPostgres() })
	if postgres.err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v", postgres.err)
	}
	s := postgres.server
	name := fmt.Sprintf("test_%d", s.made.Add(1))
	// A copy of the template takes a fraction of what the migrations do.
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.url(name)
}

// EmptyPostgres is Postgres for a database without a schema.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	Postgres(t)
	s := postgres.server
	name := fmt.Sprintf("empty_%d", s.made.Add(1))
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}

const template = "gongxin_template"

func (s *server) url(database string) string {
	return "postgres://gongxin@/" + database + "?" + url.Values{"host": {s.dir}, "port": {"5432"}}.Encode()
}

// startPostgres makes a cluster and starts it. PostgreSQL refuses to run as root,
// so root runs it as the account postgres.
func startPostgres() (_ *server, err error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	// The directory's name is short: a socket's path may have 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "gxpg")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		if as.Credential, err = account("postgres"); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(as.Credential.Uid), int(as.Credential.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username=gongxin", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	s.run = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "port=5432", "-c", "fsync=on", "-c", "max_connections=200", "-c", "logging_collector=off")
	s.run.Dir, s.run.Stdout, s.run.Stderr = dir, &s.output, &s.output
	// If this process is killed, the server ends too (SIGQUIT: at once).
	s.run.SysProcAttr = &syscall.SysProcAttr{Credential: as.Credential, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // Pdeathsig means the death of this thread
		started <- s.run.Start()
		if s.run.Process != nil {
			_ = s.run.Wait() // how it ended shows in the output
		}
		close(s.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	if s.admin, err = sql.Open("pgx", s.url("postgres")); err != nil {
		return nil, err
	}
	if err := s.await(); err != nil {
		return nil, err
	}
	return s, s.makeTemplate()
}

// await waits until the server answers.
func (s *server) await() error {
	var err error
	for range 300 {
		if err = s.admin.Ping(); err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended:\n%s", s.output.Bytes())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("the server does not answer: %w", err)
}

func (s *server) makeTemplate() error {
	if _, err := s.admin.Exec("CREATE DATABASE " + template); err != nil {
		return err
	}
	o := Options()
	// Signed before any time that a test may pretend: a log's time does not go back.
	o.Now = func() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }
	db, err := store.Open(context.Background(), s.url(template), o)
	if err != nil {
		return err
	}
	return db.Close()
}

// stop ends the server and removes its files.
func (s *server) stop() error {
	var err error
	if s.admin != nil {
		err = s.admin.Close()
	}
	if s.run != nil && s.run.Process != nil {
		_ = s.run.Process.Signal(syscall.SIGINT) // fast shutdown; it may have ended by itself
		select {
		case <-s.ended:
		case <-time.After(30 * time.Second):
			err = errors.Join(err, errors.New("the PostgreSQL server does not stop"), s.run.Process.Kill())
			<-s.ended
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func stopPostgres() error {
	if postgres.server == nil {
		return nil
	}
	return postgres.server.stop()
}

// findPostgres returns the directory of the newest PostgreSQL programs.
func findPostgres() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	newest, dir := 0, ""
	for _, d := range found {
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(d))); err == nil && n > newest {
			newest, dir = n, d
		}
	}
	if newest < 15 {
		return "", fmt.Errorf("no initdb of PostgreSQL 15 or later in PATH or /usr/lib/postgresql")
	}
	return dir, nil
}

// account returns the credential of a user of this machine.
func account(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
