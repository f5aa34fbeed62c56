package batch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
	"gongxin/gate"
	"gongxin/internal/gatetest"
)

// The test binary is what is killed, too: with batchEnv it screens and does nothing else.
const batchEnv = "GONGXIN_TEST_BATCH"

func TestMain(m *testing.M) {
	text := os.Getenv(batchEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var o Options
	var url string
	var listedPersons int
	if err := json.Unmarshal([]byte(text), &struct {
		O      *Options
		URL    *string
		Listed *int
	}{&o, &url, &listedPersons}); err != nil {
		panic(err)
	}
	o.Decider = gate.NewClient(url)
	if listedPersons > 0 {
		o.Filter = personsOf(listedPersons)
	}
	var ticks atomic.Int64
	o.Now = func() time.Time { return time.Unix(ticks.Add(3600), 0) } // an hour has passed each time: noted as often as may be
	if _, err := Run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// personsOf is a filter that knows whom a gate of gatetest with n listings lists.
func personsOf(n int) listed {
	l := listed{}
	for i := range n {
		number, _ := gatetest.Person(i)
		l.add(number)
	}
	return l
}

// A recorder counts what a gate is asked about and answers with a hit, so that a
// screening that is done twice shows.
type recorder struct {
	inner http.Handler
	mu    sync.Mutex
	asked int // requests
	wake  chan struct{}
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.asked++
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	r.inner.ServeHTTP(w, q)
}

// A batch that is killed at any moment, again and again, ends with the output of one
// that was not: no row is torn, missing or there twice. What the gate answered and
// was noted is not asked again, so it records each applicant once, but for those in
// flight at a kill.
func TestABatchThatIsKilledGoesOn(t *testing.T) {
	const kills = 12
	rows, hits := 60_000, 600
	stand := gatetest.Open(t, hits)
	r := &recorder{inner: stand.Gate.Handler(), wake: make(chan struct{}, 1)}
	server := httptest.NewServer(r)
	defer server.Close()
	for _, name := range []string{"in.csv", "in.xlsx", "in.ndjson", "in.parquet", "beside.csv"} {
		t.Run(name, func(t *testing.T) {
			rows, hits, beside := rows, hits, 0
			if name == "beside.csv" { // most rows do not come to the gate: there are more of them
				rows, beside = 10*rows, hits
			}
			if name == "in.xlsx" { // reading workbooks takes its time
				rows, hits = rows/5, hits/5
			}
			dir := t.TempDir()
			o := Options{In: filepath.Join(dir, name), Out: filepath.Join(dir, "out"+filepath.Ext(name)), Scenario: scenario, Workers: 2}
			if err := os.WriteFile(o.In, inForm(t, name, applicants(rows, rows/hits, ',')), 0o600); err != nil {
				t.Fatal(err)
			}
			before := stand.Gate.Status().RestrictionsOpen
			seed := uint64(len(name))
			random := rand.New(rand.NewPCG(seed, 7))
			killed := 0
			for killed < kills {
				if ended := runUntilKilled(t, o, beside, server.URL, r, 1+random.IntN(max(2, requests(rows, beside)/3))); ended {
					break
				}
				killed++
				o.Resume = true
			}
			if killed < kills/2 {
				t.Logf("it ended after %d kills", killed)
			}
			if _, err := os.Stat(o.Out); err != nil { // not ended yet: now nobody kills it
				if !runUntilKilled(t, o, beside, server.URL, r, 0) {
					t.Fatal("it did not end")
				}
			}
			recorded := stand.Gate.Status().RestrictionsOpen - before
			atOnce := 4 * chunkRows * hits / rows // under way at a kill
			if beside > 0 {
				atOnce = 4 * blockSize / 30 * hits / rows
			}
			if most := hits + killed*atOnce; recorded < hits || recorded > most {
				t.Errorf("%d restrictions were recorded of %d applicants after %d kills, want at most %d", recorded, hits, killed, most)
			}
			checkOutput(t, o, rows, hits)
		})
	}
}

// requests is how many requests at the gate a file takes: one for each chunk or block.
func requests(rows, beside int) int {
	if beside > 0 {
		return rows * 30 / blockSize
	}
	return rows / chunkRows
}

// runUntilKilled runs the batch in a process of its own and kills it after so many
// requests at the gate, never for 0; true if it ended by itself.
func runUntilKilled(t *testing.T, o Options, listed int, url string, r *recorder, after int) (ended bool) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"O": map[string]any{"In": o.In, "Out": o.Out, "Scenario": o.Scenario, "Workers": o.Workers, "Resume": o.Resume}, "URL": url, "Listed": listed})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), batchEnv+"="+string(text))
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	r.mu.Lock()
	start := r.asked
	r.mu.Unlock()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("the batch failed: %v\n%s", err, said.String())
			}
			return true
		case <-r.wake:
			r.mu.Lock()
			asked := r.asked - start
			r.mu.Unlock()
			if after > 0 && asked >= after {
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				return <-done == nil
			}
		}
	}
}

// checkOutput holds the output of applicants(rows, rows/hits) against what it must be.
func checkOutput(t *testing.T, o Options, rows, hits int) {
	t.Helper()
	next, closing := outputRows(t, o.Out)
	defer closing()
	blocked := 0
	references := map[string]bool{}
	for i := range rows {
		got, err := next()
		if err != nil {
			t.Fatalf("row %d: %v", i+1, err)
		}
		want := "clear"
		if i%(rows/hits) == rows/hits/2 {
			want = "block"
			blocked++
			if references[got[2]] || got[2] == "" {
				t.Fatalf("row %d: the reference %q", i+1, got[2])
			}
			references[got[2]] = true
		}
		if got[0] != fmt.Sprint(i) || got[1] != want {
			t.Fatalf("row %d: %q, want %d %s", i+1, got, i, want)
		}
	}
	if got, err := next(); err != io.EOF {
		t.Fatalf("behind the last row: %q, %v", got, err)
	}
	if blocked != hits {
		t.Fatalf("%d are blocked, want %d", blocked, hits)
	}
}

// outputRows reads column n, outcome and reference of the rows of an output.
func outputRows(t *testing.T, path string) (next func() ([]string, error), closing func()) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	closing = func() { f.Close() }
	switch filepath.Ext(path) {
	case ".ndjson":
		lines := bufio.NewReader(f)
		return func() ([]string, error) {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return nil, err
			}
			var o struct{ N, Outcome, Reference string }
			err = json.Unmarshal(line, &o)
			return []string{o.N, o.Outcome, o.Reference}, err
		}, closing
	case ".csv":
		r := csv.NewReader(f)
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		return func() ([]string, error) {
			row, err := r.Read()
			if err != nil {
				return nil, err
			}
			return []string{row[2], row[3], row[5]}, nil
		}, closing
	}
	all := tableOf(t, path)
	return func() ([]string, error) {
		if len(all) == 0 {
			return nil, io.EOF
		}
		row := all[0]
		all = all[1:]
		return []string{row[2], row[3], row[5]}, nil
	}, closing
}

// A second run of an output is kept away from an unfinished one, and another input
// does not go on where this one stopped.
func TestAnUnfinishedRunIsNotMixedWithAnother(t *testing.T) {
	stand := gatetest.Open(t, 10)
	dir := t.TempDir()
	o := Options{In: filepath.Join(dir, "in.csv"), Out: filepath.Join(dir, "out.csv"), Scenario: scenario, Decider: stand.Gate}
	write := func(b []byte) {
		if err := os.WriteFile(o.In, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(applicants(20_000, 2000, ','))
	o.Decider = &failing{Bulk: stand.Gate, after: 12}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "fails now") {
		t.Fatal(err)
	}
	o.Decider = stand.Gate
	if _, err := Run(t.Context(), o); gongxin.CodeOf(err) != "BATCH_UNFINISHED" {
		t.Error(err)
	}
	o.Resume = true
	o.OnlyHits = true
	if _, err := Run(t.Context(), o); gongxin.CodeOf(err) != "BATCH_RESUME_OTHER" {
		t.Error(err)
	}
	o.OnlyHits = false
	write(applicants(20_000, 1999, ','))
	if _, err := Run(t.Context(), o); gongxin.CodeOf(err) != "BATCH_RESUME_OTHER" {
		t.Error(err)
	}
	write(applicants(20_000, 2000, ','))
	j, err := openJournal(o.Out + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); gongxin.CodeOf(err) != "BATCH_RUNNING" {
		t.Error(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), o)
	if err != nil || r.Rows != 20_000 || r.Block != 10 || r.Resumed == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	checkOutput(t, o, 20_000, 10)
	if open := stand.Gate.Status().RestrictionsOpen; open != 10 {
		t.Errorf("%d restrictions are recorded, want 10", open)
	}
}

// A journal that was cut or changed anywhere is read up to there, and the rest is
// screened again.
func TestAJournalThatIsTornIsReadUpToThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := j.recall(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := j.write(entry{At: &at{In: position{Rows: uint64(i + 1)}, Out: int64(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends := 0
	for i := range whole {
		for _, b := range [][]byte{whole[:i], append(append(append([]byte{}, whole[:i]...), whole[i]^1), whole[i+1:]...)} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			j, err := openJournal(path)
			if err != nil {
				t.Fatal(err)
			}
			_, last, _, err := j.recall()
			if want := uint64(bytes.Count(whole[:i], []byte("\n"))); err != nil || last.In.Rows != want {
				t.Fatalf("cut or changed at %d: %+v, %v; want row %d", i, last, err, want)
			}
			if err := j.close(); err != nil {
				t.Fatal(err)
			}
			ends++
		}
	}
	if ends == 0 {
		t.Fatal("nothing was tried")
	}
}
