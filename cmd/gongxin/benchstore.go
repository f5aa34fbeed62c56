package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/internal/courts"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
	"gongxin/internal/register"
	"gongxin/internal/synthetic"
)

// benchFile writes a court's file of n persons and returns it, open for reading.
func (f *benchFlags) benchFile(n int) (*os.File, int64, error) {
	file, err := os.Create(filepath.Join(f.dir, fmt.Sprintf("persons-%d.csv", n)))
	if err != nil {
		return nil, 0, err
	}
	size, err := io.Copy(file, synthetic.NewPersons(2017, n, gongxin.DayOf(time.Now())))
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, size, nil
}

func (f *benchFlags) open(ctx context.Context, name string) (*hub.Hub, func() error, error) {
	h := home{dir: filepath.Join(f.dir, name), origin: "gongxin.bench/" + name, db: f.database}
	centre, db, err := h.open(ctx, time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return centre, db.Close, nil
}

var benchActor = gongxin.Actor{ID: "bench", Role: gongxin.RoleCourtSystem, Organisation: "bench"}

// intake measures a court's file: checked only, then checked and stored durably.
func (f *benchFlags) intake(ctx context.Context) (_ []measurement, err error) {
	file, size, err := f.benchFile(f.rows)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	boundMemory()
	open := func(seen *intake.Seen) (*intake.File, error) {
		return intake.Open(file, size, intake.Options{Name: "bench.csv", Courts: courts.Embedded(), Today: gongxin.DayOf(time.Now()), Seen: seen})
	}
	seen := intake.NewSeen() // duplicates are looked for, as gongxin intake does
	defer func() { err = errors.Join(err, seen.Close()) }()
	began := time.Now()
	checked, err := open(nil)
	if err != nil {
		return nil, err
	}
	for {
		if _, err := checked.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	checking := rate(f.rows, time.Since(began))

	centre, closeStore, err := f.open(ctx, "intake")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	began = time.Now()
	records, err := open(seen)
	if err != nil {
		return nil, err
	}
	taken := 0
	err = centre.Take(ctx, benchActor, records, func(r intake.Record) error {
		if r.Outcome == intake.Reject {
			return fmt.Errorf("row %d was rejected: %s", r.Row, r.Reason)
		}
		taken++
		return nil
	})
	if err != nil {
		return nil, err
	}
	storing := rate(taken, time.Since(began))
	return []measurement{
		{fmt.Sprintf("check %d rows", f.rows), checking, "rows/s", ""},
		{fmt.Sprintf("check and store %d rows, durable", taken), storing, "rows/s", ratio(storing, checking)},
		{"peak resident memory", peakMemory(), "MiB", fmt.Sprintf("file of %d MiB", size>>20)},
	}, nil
}

// decide measures single withdrawals, each its own durable command: by one court
// after the other, and by many at once, which share commits.
func (f *benchFlags) decide(ctx context.Context) (_ []measurement, err error) {
	const alone, together = 500, 20_000
	centre, closeStore, err := f.open(ctx, "decide")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	file, size, err := f.benchFile(alone + together)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	records, err := intake.Open(file, size, intake.Options{Name: "bench.csv", Courts: courts.Embedded(), Today: gongxin.DayOf(time.Now())})
	if err != nil {
		return nil, err
	}
	var listed []register.Withdraw
	err = centre.Take(ctx, benchActor, records, func(r intake.Record) error {
		w := register.Withdraw{Ground: gongxin.GroundPerformed, Decision: fmt.Sprintf("（2026）解%d号", r.Row), On: gongxin.DayOf(time.Now()),
			By: gongxin.Actor{ID: "judge", Role: gongxin.RoleJudge, Court: r.Entry.Court}}
		w.Listing = r.Listing
		listed = append(listed, w)
		return nil
	})
	if err != nil {
		return nil, err
	}
	run := func(courts int, commands []register.Withdraw) (float64, error) {
		began := time.Now()
		var next atomic.Int64
		g, ctx := errgroup.WithContext(ctx)
		for range courts {
			g.Go(func() error {
				for i := next.Add(1) - 1; i < int64(len(commands)); i = next.Add(1) - 1 {
					if _, err := centre.Register.Do(ctx, commands[i]); err != nil {
						return err
					}
				}
				return nil
			})
		}
		err := g.Wait()
		return rate(len(commands), time.Since(began)), err
	}
	one, err := run(1, listed[:alone])
	if err != nil {
		return nil, err
	}
	many, err := run(f.courts, listed[alone:])
	if err != nil {
		return nil, err
	}
	return []measurement{
		{"decisions by one court, one after the other", one, "/s", ""},
		{fmt.Sprintf("decisions by %d courts at once", f.courts), many, "/s", ratio(many, one)},
	}, nil
}
