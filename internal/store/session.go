package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/stdlib"
)

// An engine is what differs between the databases; everything else is one text.
type engine struct {
	name       string
	types      *strings.Replacer // the types of a migration's text
	begin      string            // a transaction that will write
	beginRead  string            // a transaction that sees one moment
	lockHead   string            // ends the reading of the head in a transaction that will write
	lockSchema func(context.Context, *session) error
	// bulk inserts n rows. Values are int64, string, []byte or nil.
	bulk func(ctx context.Context, s *session, into *insert, n int, values func(i int) []driver.Value) error
	// settle gives up what is left of erased values.
	settle func(ctx context.Context, db *DB) error
	unfit  func(error) bool // the values of the statement do not fit a column, an index or a constraint; it did nothing else
}

// legible replaces in the texts among args what PostgreSQL does not take as text:
// NUL and what is no UTF-8. Such texts come from outside, in names of files and of
// people who are looked for, and one of them must not end a shared transaction.
func legible(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// An insert names a table and the columns that its rows give.
type insert struct {
	table   string
	columns []string
	text    string // INSERT of one row
	unnamed string // the same with ? for $1, $2 …, which SQLite binds faster
}

func newInsert(table string, columns ...string) *insert {
	marks := make([]string, len(columns))
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	into := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ("
	return &insert{table, columns, into + strings.Join(marks, ", ") + ")", into + "?" + strings.Repeat(", ?", len(columns)-1) + ")"}
}

// A session is one connection with the statements prepared on it. It serves one
// goroutine at a time.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	raw   map[string]driver.StmtExecContext // of the bulk load
	here  bool                              // the database is in this process
}

func newSession(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &session{conn: conn, stmts: map[string]*sql.Stmt{}, raw: map[string]driver.StmtExecContext{}}
	err = conn.Raw(func(c any) error {
		_, remote := c.(*stdlib.Conn)
		s.here = !remote
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return s, nil
}

// close gives the connection up and ends it, with whatever transaction is open.
func (s *session) close() error {
	var err error
	if s.here { // SQLite keeps a connection's files open as long as it has statements; a server forgets them with it
		for _, st := range s.stmts {
			err = join(err, st.Close())
		}
	}
	raw := s.conn.Raw(func(any) error {
		for _, st := range s.raw {
			err = join(err, st.(driver.Stmt).Close())
		}
		return driver.ErrBadConn // which makes the pool drop it
	})
	if raw != driver.ErrBadConn && raw != sql.ErrConnDone {
		err = join(err, raw)
	}
	return err
}

func (s *session) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := s.stmts[text]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.stmts[text] = st
	return st, nil
}

// exec runs a statement and returns how many rows it changed.
func (s *session) exec(ctx context.Context, text string, args ...any) (int64, error) {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row reads the only row of a query into dest; sql.ErrNoRows if there is none.
func (s *session) row(ctx context.Context, text string, args []any, dest ...any) error {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, args...).Scan(dest...)
}

// each calls f for every row of a query.
func (s *session) each(ctx context.Context, text string, args []any, f func(scan func(...any) error) error) (err error) {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// eachIn is each for a text that ends in IN, over any number of values. The lists
// have few lengths, so that few statements are prepared; the last value fills up.
func (s *session) eachIn(ctx context.Context, text string, values []int64, f func(scan func(...any) error) error) error {
	for len(values) > 0 {
		n := min(len(values), maxIn)
		list, args := inList(values[:n])
		if err := s.each(ctx, text+list, args, f); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// maxIn is the longest list of which statements are kept prepared.
const maxIn = 512

var (
	inSizes = []int{1, 8, 64, maxIn}
	inLists = func() map[int]string {
		lists := map[int]string{}
		for _, size := range inSizes {
			marks := make([]string, size)
			for i := range marks {
				marks[i] = "$" + strconv.Itoa(i+1)
			}
			lists[size] = " (" + strings.Join(marks, ",") + ")"
		}
		return lists
	}()
)

// inList returns a list of parameters from $1 for one to maxIn values, and what
// fills it.
func inList[T any](values []T) (list string, args []any) {
	size := inSizes[0]
	for _, size = range inSizes {
		if size >= len(values) {
			break
		}
	}
	args = make([]any, size)
	for i := range args {
		args[i] = values[min(i, len(values)-1)]
	}
	return inLists[size], args
}

// rollback ends the transaction without it having happened.
func (s *session) rollback() error {
	if _, err := s.exec(context.Background(), "ROLLBACK"); err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	return nil
}

// maxReaders bounds the sessions that read at once; further readers wait.
const maxReaders = 16

// readers are the sessions that read, kept for the next.
type readers struct {
	slots  chan struct{}
	mu     sync.Mutex
	free   []*session
	closed bool
}

// take returns a session; used tells that it served before, so that its
// connection may have been lost since.
func (r *readers) take(ctx context.Context, pool *sql.DB) (s *session, used bool, err error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	r.mu.Lock()
	closed, n := r.closed, len(r.free)
	if n > 0 {
		s, r.free = r.free[n-1], r.free[:n-1]
	}
	r.mu.Unlock()
	switch {
	case s != nil:
		return s, true, nil
	case closed:
		err = errClosed()
	default:
		s, err = newSession(ctx, pool)
	}
	if err != nil {
		<-r.slots
	}
	return s, false, err
}

// drop closes the sessions that nobody uses.
func (r *readers) drop() error {
	r.mu.Lock()
	free := r.free
	r.free = nil
	r.mu.Unlock()
	var err error
	for _, s := range free {
		err = join(err, s.close())
	}
	return err
}

// give takes s back; broken ones are closed.
func (r *readers) give(s *session, broken bool) error {
	defer func() { <-r.slots }()
	r.mu.Lock()
	keep := !broken && !r.closed
	if keep {
		r.free = append(r.free, s)
	}
	r.mu.Unlock()
	if keep {
		return nil
	}
	return s.close()
}

// close waits for those who read and lets nobody read after them.
func (r *readers) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	err := r.drop()
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	for range cap(r.slots) {
		<-r.slots
	}
	return err
}
