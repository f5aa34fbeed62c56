package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/gate"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/screen"
)

// searchedNames is how many names are searched for that nobody listed has.
const searchedNames = 20_000

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
	if n <= f.rivals {
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
		if f.redis != "" {
			redis, err := benchRedis(ctx, f.redis, n, asked)
			if err != nil {
				return nil, err
			}
			add("Redis, EXISTS", redis, "ns", times(redis, mapped))
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
	p50, p99, err := searches(func(name string) (found int, err error) {
		hits, err := view.ByName(name, 20, nil)
		return len(hits), err
	})
	if err != nil {
		return nil, err
	}
	add("a name that is not listed, in the index, median", p50, "µs", fmt.Sprintf("p99 %.1f µs", p99))
	add("build", rate(n, building)/1e6, "M/s", "durable")

	if err := index.Close(); err != nil {
		return nil, err
	}
	began = time.Now()
	if index, _, err = screen.Open(files, key); err != nil {
		return nil, err
	}
	add("restart, all of it checked", time.Since(began).Seconds(), "s", "")
	whole, err := f.answers(ctx, n, asked)
	if err != nil {
		return nil, err
	}
	add("a gate's whole answer, number and name", whole.numberAndName, "ns", times(whole.numberAndName, mapped))
	scanned, err := benchScan(n)
	if err != nil {
		return nil, err
	}
	add("a name that is not listed, by a scan of all, median", scanned, "µs", "edit distance to each")
	for _, s := range []search{whole.name, whole.similar} {
		add(s.what, s.p50, "µs", fmt.Sprintf("p99 %.1f µs, %.0f times faster than the scan", s.p99, scanned/s.p50))
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

// absentName is a name that nobody listed has.
func absentName(i int) string { return string(synthetic.AppendName(nil, i)) + "龘" }

// searches searches for names that nobody listed has, in microseconds.
func searches(find func(name string) (found int, err error)) (p50, p99 float64, err error) {
	took := make([]float64, searchedNames)
	for i := range took {
		name := absentName(i)
		began := time.Now()
		found, err := find(name)
		took[i] = float64(time.Since(began).Nanoseconds()) / 1e3
		switch {
		case err != nil:
			return 0, 0, err
		case found > 0:
			return 0, 0, fmt.Errorf("somebody is called %s", name)
		}
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100], nil
}

// A search is what looking for names takes, in microseconds.
type search struct {
	what     string
	p50, p99 float64
}

// answerTimes are those of a gate's whole answers.
type answerTimes struct {
	numberAndName float64 // ns
	name, similar search
}

// answers measures a gate's whole answers about somebody who is not listed: reading the
// number, the scenario's measures, freshness, the index; and by name alone, without and
// with similar names.
func (f *benchFlags) answers(ctx context.Context, n int, asked []identity.Number) (whole answerTimes, err error) {
	dir := filepath.Join(f.dir, fmt.Sprintf("answers-%d", n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return whole, err
	}
	list, err := makeList(dir, n, 0, os.Stderr)
	if err != nil {
		return whole, err
	}
	g, err := gate.Open(gate.Config{Dir: filepath.Join(dir, "gate"), Name: "bench", VerifierKey: list.signer.VerifierKey(),
		Source: feed.DirSource{Dir: list.dir}, MaxAge: 24 * time.Hour})
	if err != nil {
		return whole, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	for more := true; more; {
		if more, err = g.FollowOnce(ctx); err != nil {
			return whole, err
		}
	}
	const name, scenario = "欧阳不在", "g_train"
	asked = slices.Clone(asked)
	for i := range asked {
		if i%1000 == 500 {
			asked[i] = asked[i-1] // not somebody who is listed, whose answer is recorded
		}
	}
	ns := inSlices(asked, func(part []identity.Number) {
		for i := 0; i < len(part) && err == nil; i++ {
			var d gongxin.Decision
			if d, err = g.Screen(ctx, gate.Query{Scenario: scenario, Number: part[i].Full(), Name: name}); d.Outcome != gongxin.Clear {
				err = errors.Join(err, fmt.Errorf("the gate answers %q", d.Outcome))
			}
		}
	})
	if err != nil {
		return whole, err
	}
	whole.numberAndName = ns
	whole.name.what, whole.similar.what = "a gate's whole answer, name alone, median", "the same with similar names, median"
	for _, s := range []*search{&whole.name, &whole.similar} {
		q := gate.Query{Scenario: scenario, Hints: s == &whole.similar}
		s.p50, s.p99, err = searches(func(name string) (found int, err error) {
			q.Name = name
			d, err := g.Screen(ctx, q)
			if d.Outcome != gongxin.Clear { // similar names are told of and decide nothing
				found = len(d.Hits)
			}
			return found, err
		})
		if err != nil {
			return whole, err
		}
	}
	return whole, nil
}
