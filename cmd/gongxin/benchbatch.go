package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"gongxin"
	"gongxin/gate"
	"gongxin/internal/batch"
	"gongxin/internal/synthetic"
	"gongxin/screen"
)

// batch measures a file of applicants, one of a thousand of whom is listed, against a
// ready list on disk: the rows that are not clear, and all rows.
func (f *benchFlags) batch(ctx context.Context) (lines []measurement, err error) {
	list, in := filepath.Join(f.dir, "list"), filepath.Join(f.dir, "applicants.csv")
	key, err := makeBatchList(list, f.listings)
	if err != nil {
		return nil, err
	}
	size, err := writeApplicants(in, f.rows, f.listings)
	if err != nil {
		return nil, err
	}
	for _, onlyHits := range []bool{true, false} {
		fresh := freshPeak()
		began := time.Now()
		reader, err := screen.OpenReader(screen.DirReader(list), key)
		if err != nil {
			return nil, err
		}
		opened := time.Since(began)
		always := alwaysFresh{reader}
		r, err := batch.Run(ctx, batch.Options{In: in, Out: filepath.Join(f.dir, "result.csv"), Scenario: "credit", Decider: always, Filter: always, OnlyHits: onlyHits})
		took := time.Since(began)
		if err = errors.Join(err, reader.Close()); err != nil {
			return nil, err
		}
		if r.Rows != uint64(f.rows) || r.Block < r.Rows/1000 {
			return nil, fmt.Errorf("%d rows, %d of them listed", r.Rows, r.Block)
		}
		memory := "memory not measured"
		if fresh {
			memory = fmt.Sprintf("peak %.0f MiB", peakMemory())
		}
		what := "file, rows that are listed"
		if !onlyHits {
			what = "file, all rows with their answers"
		}
		lines = append(lines, measurement{what, took.Seconds(), "s", fmt.Sprintf("%d rows (%.0f MB) against %d listings, opened in %.2f s; %s",
			f.rows, float64(size)/1e6, f.listings, opened.Seconds(), memory)})
	}
	return lines, nil
}

// freshPeak lets peakMemory begin from what is resident now; false where the system
// does not.
func freshPeak() bool {
	debug.FreeOSMemory()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil
}

// alwaysFresh is a list on disk that counts as fresh. Whoever may be listed it blocks
// without a record: what is measured is the way of the file.
type alwaysFresh struct{ *screen.Reader }

func (alwaysFresh) Fresh(now time.Time) (sequence uint64, asOf time.Time, fresh bool) {
	return 1, now, true
}

func (alwaysFresh) Screen(_ context.Context, q gate.Query) (gongxin.Decision, error) {
	return gongxin.Decision{Outcome: gongxin.Block, Scenario: q.Scenario, Reference: "R-bench", Sequence: 1}, nil
}

func makeBatchList(dir string, n int) (key screen.Key, err error) {
	if key, err = screen.NewKey(); err != nil {
		return key, err
	}
	files, err := screen.Dir(dir)
	if err != nil {
		return key, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	index, err := buildIndex(files, key, n)
	if err != nil {
		return key, err
	}
	return key, index.Close()
}

// writeApplicants writes a file of n rows.
func writeApplicants(path string, n, listed int) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := w.WriteString(synthetic.ApplicantColumns); err != nil {
		return 0, err
	}
	var row []byte
	for i := range n {
		row = synthetic.AppendApplicant(row[:0], i, listed)
		if _, err := w.Write(row); err != nil {
			return 0, err
		}
		size += int64(len(row))
	}
	return size, w.Flush()
}
