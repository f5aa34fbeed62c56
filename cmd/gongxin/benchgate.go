package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"gongxin"
	"gongxin/internal/intake"
	"gongxin/internal/synthetic"
)

// reach measures the time from the hub's commit of a listing to the gate's
// changed answer, over HTTP on loopback, and that of the withdrawal.
func (f *benchFlags) reach(ctx context.Context) (_ []measurement, err error) {
	ctx, stop := context.WithCancel(ctx)
	s, err := putUp(ctx, f.dir, false)
	if err != nil {
		stop()
		return nil, err
	}
	defer func() { stop(); err = errors.Join(err, s.takeDown()) }()
	t := &story{stand: s}
	if err := t.wait(ctx, 0); err != nil {
		return nil, err
	}
	m := synthetic.New(7, gongxin.DayOf(time.Now()))
	var on, off []time.Duration
	for range f.changes {
		row := m.Person()
		p := party{row[1], row[4]}
		withdrawal := []string{row[0], row[4], gongxin.DayOf(time.Now()).String(), "全部履行完毕"}
		for _, step := range []struct {
			head  []string
			row   []string
			want  gongxin.Outcome
			times *[]time.Duration
		}{
			{synthetic.PersonColumns, row, gongxin.Block, &on},
			{synthetic.WithdrawalColumns, withdrawal, gongxin.Clear, &off},
		} {
			committed, err := f.commit(ctx, s, synthetic.CSV(step.head, step.row))
			if err != nil {
				return nil, err
			}
			if err := t.turned(ctx, p, step.want); err != nil {
				return nil, err
			}
			*step.times = append(*step.times, time.Since(committed))
		}
	}
	line := func(what string, d []time.Duration) measurement {
		slices.Sort(d)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		return measurement{what, ms(d[len(d)/2]), "ms", fmt.Sprintf("p99 %.1f ms, %d changes", ms(d[len(d)*99/100]), len(d))}
	}
	return []measurement{
		line("commit of a listing to the gate's block, median", on),
		line("commit of a withdrawal to the gate's clear, median", off),
	}, nil
}

// commit takes one file at the hub and returns when it was durable.
func (f *benchFlags) commit(ctx context.Context, s *stand, file []byte) (time.Time, error) {
	records, err := s.hub.OpenBytes("bench.csv", file)
	if err != nil {
		return time.Time{}, err
	}
	err = s.hub.Take(ctx, benchActor, records, func(r intake.Record) error {
		if r.Outcome == intake.Reject {
			return fmt.Errorf("row %d was rejected: %s", r.Row, r.Reason)
		}
		return nil
	})
	return time.Now(), err
}

// turned asks the railway's gate over HTTP until it gives the answer want.
func (t *story) turned(ctx context.Context, p party, want gongxin.Outcome) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	body := fmt.Appendf(nil, `{"scenario":"g_train","number":%q,"name":%q}`, p.number, p.name)
	for {
		var d gongxin.Decision
		if err := t.call(ctx, http.MethodPost, t.gate("railway").url+"/v1/screen", "", "application/json", body, &d); err != nil {
			return err
		}
		if d.Outcome == want {
			return nil
		}
	}
}
