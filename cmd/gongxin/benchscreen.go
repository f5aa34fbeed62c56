package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/screen"
)

const (
	askedNumbers  = 1 << 20 // distinct numbers asked for, of which one in a thousand is listed
	lookupRounds  = 4
	sqlAsked      = 20_000
	searchedNames = 20_000
)

// screen measures answers by identifier and by name at growing lengths of the list:
// the index beside a Go map of the same numbers, SQLite, and PostgreSQL if there is one.
func (f *benchFlags) screen(ctx context.Context) ([]measurement, error) {
	var lines []measurement
	for _, n := range series(f.listings) {
		more, err := f.screenAt(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%d listings: %w", n, err)
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// series gives the lengths to measure at: 10 000 and each ten times more, up to n.
func series(n int) (lengths []int) {
	for at := 10_000; at < n; at *= 10 {
		lengths = append(lengths, at)
	}
	return append(lengths, n)
}

func (f *benchFlags) screenAt(ctx context.Context, n int) (_ []measurement, err error) {
	asked := askedOf(n)
	var lines []measurement
	add := func(what string, value float64, unit, note string) {
		lines = append(lines, measurement{fmt.Sprintf("%8d listings: %s", n, what), value, unit, note})
	}
	mapped, size, err := benchMap(n, asked)
	if err != nil {
		return nil, err
	}
	add("map[string], one lookup", mapped, "ns", fmt.Sprintf("%.0f MiB", size))
	if n <= 1_000_000 {
		lite, err := benchSQL(ctx, "sqlite", filepath.Join(f.dir, fmt.Sprintf("numbers-%d.db", n)), n, asked)
		if err != nil {
			return nil, err
		}
		add("SQLite, prepared SELECT", lite, "ns", times(lite, mapped))
		if f.database != "" {
			pg, err := benchSQL(ctx, "pgx", f.database, n, asked)
			if err != nil {
				return nil, err
			}
			add("PostgreSQL, prepared SELECT", pg, "ns", times(pg, mapped))
		}
	}

	dir := filepath.Join(f.dir, fmt.Sprintf("index-%d", n))
	before, began := resident(), time.Now()
	key, err := screen.NewKey()
	if err != nil {
		return nil, err
	}
	files, err := screen.Dir(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	index, err := buildIndex(files, key, n)
	if err != nil {
		return nil, err
	}
	building, ours := time.Since(began), resident()-before
	defer func() { err = errors.Join(err, index.Close()) }()
	view := index.View()

	one, err := lookups(view, asked)
	if err != nil {
		return nil, err
	}
	add("index, one lookup", one, "ns", fmt.Sprintf("%s, %.0f MiB for numbers, ids and names", times(one, mapped), ours))
	batched, err := manyAtOnce(view, asked, 1)
	if err != nil {
		return nil, err
	}
	add("index, many at once, one core", batched, "ns", times(batched, mapped))
	cores := runtime.GOMAXPROCS(0)
	both, err := manyAtOnce(view, asked, cores)
	if err != nil {
		return nil, err
	}
	add(fmt.Sprintf("index, many at once, %d cores", cores), 1e3/both, "M keys/s", "")
	p50, p99, err := searches(view)
	if err != nil {
		return nil, err
	}
	add("a name that is not listed, median", p50, "µs", fmt.Sprintf("p99 %.1f µs", p99))
	add("build", rate(n, building)/1e6, "M/s", "durable")

	if err := index.Close(); err != nil {
		return nil, err
	}
	began = time.Now()
	if index, _, err = screen.Open(files, key); err != nil {
		return nil, err
	}
	add("restart, all of it checked", time.Since(began).Seconds(), "s", "")
	if n == f.listings {
		whole, err := f.answers(ctx, n, asked)
		if err != nil {
			return nil, err
		}
		add("a gate's whole answer, number and name", whole, "ns", times(whole, mapped))
	}
	return lines, nil
}

// times says how often faster or slower a is than b.
func times(a, b float64) string {
	if a <= b {
		return fmt.Sprintf("%.1f times faster than the map", b/a)
	}
	return fmt.Sprintf("%.0f times slower than the map", a/b)
}

// resident returns the memory of this process in MiB, after a collection; 0 where the
// system does not tell.
func resident() float64 {
	debug.FreeOSMemory()
	return memory("VmRSS")
}

func listedNumber(i int) (identity.Number, error) {
	n, _, err := identity.Parse(string(synthetic.AppendCitizenNumber(nil, i)), identity.CitizenID)
	return n, err
}

// askedOf returns numbers to ask for: one of a thousand is among the first n of the
// series. They lie side by side in memory, as those of a file do.
func askedOf(n int) []identity.Number {
	const length = 18
	var text []byte
	for i := range askedNumbers {
		who := n + i
		if i%1000 == 500 {
			who = i * 7919 % n
		}
		text = synthetic.AppendCitizenNumber(text, who)
	}
	asked, all := make([]identity.Number, askedNumbers), string(text)
	for i := range asked {
		number, _, err := identity.Parse(all[i*length:(i+1)*length], identity.CitizenID)
		if err != nil {
			panic(err) // a number of our own series
		}
		asked[i] = number
	}
	return asked
}

// expected is how many of the numbers asked for are listed.
const expected = (askedNumbers + 499) / 1000

func benchMap(n int, asked []identity.Number) (ns, mib float64, err error) {
	before := resident()
	m := make(map[string]gongxin.ListingID, n)
	for i := range n {
		m[string(synthetic.AppendCitizenNumber(nil, i))] = idOf(i)
	}
	mib = resident() - before
	found := 0
	began := time.Now()
	for range lookupRounds {
		for _, a := range asked {
			if _, ok := m[a.Full()]; ok {
				found++
			}
		}
	}
	ns = float64(time.Since(began).Nanoseconds()) / float64(lookupRounds*len(asked))
	if found != lookupRounds*expected {
		return 0, 0, fmt.Errorf("the map found %d of %d", found, lookupRounds*expected)
	}
	return ns, mib, nil
}

func idOf(i int) gongxin.ListingID {
	return gongxin.ListingID{0: byte(i >> 24), 1: byte(i >> 16), 2: byte(i >> 8), 3: byte(i), 9: byte(i * 37), 15: 1}
}

// buildIndex makes an index of the first n numbers of the series.
func buildIndex(files screen.Files, key screen.Key, n int) (*screen.Index, error) {
	b, err := screen.Build(files, key)
	if err != nil {
		return nil, err
	}
	b.Expect(uint64(n))
	const batch = 1000
	rows := make([]screen.Row, 0, batch)
	var name []byte
	for i := range n {
		number, err := listedNumber(i)
		if err != nil {
			return nil, err
		}
		name = synthetic.AppendName(name[:0], i)
		rows = append(rows, screen.Row{Listing: idOf(i), Sequence: uint64(i + 1), Entry: screen.Entry{Mark: b.Mark(number), Name: string(name),
			Masked: number.String(), Case: fmt.Sprintf("（2016）苏0508执%d号", i), Court: "苏州市姑苏区人民法院", Published: gongxin.DayOf(time.Unix(1_480_000_000, 0))}})
		if len(rows) == batch || i == n-1 {
			if err := b.Add(rows); err != nil {
				return nil, errors.Join(err, b.Abort())
			}
			rows = rows[:0]
		}
	}
	return b.Finish(nil)
}

func lookups(view *screen.View, asked []identity.Number) (float64, error) {
	var hits []screen.Hit
	found := 0
	began := time.Now()
	for range lookupRounds {
		for _, a := range asked {
			var err error
			if hits, err = view.Lookup(a, hits[:0]); err != nil {
				return 0, err
			}
			found += len(hits)
		}
	}
	ns := float64(time.Since(began).Nanoseconds()) / float64(lookupRounds*len(asked))
	if found != lookupRounds*expected {
		return 0, fmt.Errorf("the index found %d of %d", found, lookupRounds*expected)
	}
	return ns, nil
}

// manyAtOnce asks in batches of a thousand from as many goroutines as cores.
func manyAtOnce(view *screen.View, asked []identity.Number, cores int) (float64, error) {
	const batch = 1000
	var wait sync.WaitGroup
	found := make([]int, cores)
	began := time.Now()
	for c := range cores {
		wait.Go(func() {
			maybe := make([]bool, batch)
			for range lookupRounds {
				for part := range slices.Chunk(asked, batch) {
					view.Maybe(part, maybe)
					for _, m := range maybe[:len(part)] {
						if m {
							found[c]++
						}
					}
				}
			}
		})
	}
	wait.Wait()
	ns := float64(time.Since(began).Nanoseconds()) / float64(cores*lookupRounds*len(asked))
	for _, n := range found {
		if n < lookupRounds*expected || n > 2*lookupRounds*expected {
			return 0, fmt.Errorf("asked at once, %d of %d may be listed", n, lookupRounds*expected)
		}
	}
	return ns, nil
}

// searches asks for names that nobody listed has, in microseconds.
func searches(view *screen.View) (p50, p99 float64, err error) {
	took := make([]float64, searchedNames)
	var hits []screen.Hit
	for i := range took {
		name := string(synthetic.AppendName(nil, i)) + "龘"
		began := time.Now()
		if hits, err = view.ByName(name, 20, hits[:0]); err != nil {
			return 0, 0, err
		}
		took[i] = float64(time.Since(began).Nanoseconds()) / 1e3
		if len(hits) > 0 {
			return 0, 0, fmt.Errorf("somebody is called %s", name)
		}
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100], nil
}

// benchSQL times a prepared SELECT by number in a database that is filled for it.
func benchSQL(ctx context.Context, driver, source string, n int, asked []identity.Number) (ns float64, err error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	const table = "bench_numbers"
	if _, err := db.ExecContext(ctx, "CREATE TABLE "+table+" (number TEXT PRIMARY KEY, listing BIGINT NOT NULL)"); err != nil {
		return 0, err
	}
	defer func() {
		_, dropping := db.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+table)
		err = errors.Join(err, dropping)
	}()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" VALUES ($1, $2)")
	if err != nil {
		return 0, err
	}
	for i := range n {
		if _, err := insert.ExecContext(ctx, string(synthetic.AppendCitizenNumber(nil, i)), i); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	find, err := db.PrepareContext(ctx, "SELECT listing FROM "+table+" WHERE number = $1")
	if err != nil {
		return 0, err
	}
	defer find.Close()
	found := 0
	began := time.Now()
	for _, a := range asked[:sqlAsked] {
		var listing int64
		switch err := find.QueryRowContext(ctx, a.Full()).Scan(&listing); {
		case err == nil:
			found++
		case !errors.Is(err, sql.ErrNoRows):
			return 0, err
		}
	}
	ns = float64(time.Since(began).Nanoseconds()) / sqlAsked
	if want := (sqlAsked + 499) / 1000; found != want {
		return 0, fmt.Errorf("%s found %d of %d", driver, found, want)
	}
	return ns, nil
}

// answers measures a gate's whole answer about somebody who is not listed: reading the
// number, the scenario's measures, freshness, the index.
func (f *benchFlags) answers(ctx context.Context, n int, asked []identity.Number) (ns float64, err error) {
	dir := filepath.Join(f.dir, fmt.Sprintf("answers-%d", n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	list, err := makeList(dir, n, 0, os.Stderr)
	if err != nil {
		return 0, err
	}
	g, err := gate.Open(gate.Config{Dir: filepath.Join(dir, "gate"), Name: "bench", VerifierKey: list.signer.VerifierKey(),
		Source: feed.DirSource{Dir: list.dir}, MaxAge: 24 * time.Hour})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	for more := true; more; {
		if more, err = g.FollowOnce(ctx); err != nil {
			return 0, err
		}
	}
	const name = "欧阳不在"
	began := time.Now()
	for range lookupRounds {
		for i, a := range asked {
			if i%1000 == 500 {
				continue // somebody who is listed, whose answer is recorded
			}
			d, err := g.Screen(ctx, gate.Query{Scenario: "g_train", Number: a.Full(), Name: name})
			if err != nil || d.Outcome != gongxin.Clear {
				return 0, fmt.Errorf("the gate answers %q: %v", d.Outcome, err)
			}
		}
	}
	return float64(time.Since(began).Nanoseconds()) / float64(lookupRounds*(len(asked)-expected)), nil
}
