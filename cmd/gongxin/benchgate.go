package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/intake"
	"gongxin/internal/synthetic"
	"gongxin/screen"
)

// screen measures one answer by identifier: the index beside a Go map of the same
// numbers, asked about people who are not listed.
func (f *benchFlags) screen(context.Context) (_ []measurement, err error) {
	key, err := screen.NewKey()
	if err != nil {
		return nil, err
	}
	files, err := screen.Dir(filepath.Join(f.dir, "screen"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	b, err := screen.Build(files, key, f.rows)
	if err != nil {
		return nil, err
	}
	plain := make(map[string]gongxin.ListingID, f.rows)
	parse := func(i int, male bool) (identity.Number, error) {
		n, _, err := identity.Parse(synthetic.CitizenNumber(i, male), identity.CitizenID)
		return n, err
	}
	row := make([]screen.Row, 1)
	for i := range f.rows {
		n, err := parse(i, true)
		if err != nil {
			return nil, errors.Join(err, b.Abort())
		}
		id := gongxin.ListingID{0: byte(i), 1: byte(i >> 8), 2: byte(i >> 16), 3: byte(i >> 24), 15: 1}
		row[0] = screen.Row{Listing: id, Sequence: uint64(i + 1), Entry: screen.Entry{Mark: b.Mark(n), Name: "测试", Masked: n.String()}}
		if err := b.Add(row); err != nil {
			return nil, errors.Join(err, b.Abort())
		}
		plain[n.Full()] = id
	}
	index, err := b.Finish(nil)
	if err != nil {
		return nil, errors.Join(err, b.Abort())
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	const asked = 1 << 16
	absent := make([]identity.Number, asked)
	for i := range absent {
		if absent[i], err = parse(i*97, false); err != nil {
			return nil, err
		}
	}
	const rounds = 40
	each := func(ask func() error) (float64, error) {
		began := time.Now()
		for range rounds {
			if err := ask(); err != nil {
				return 0, err
			}
		}
		return float64(time.Since(began).Nanoseconds()) / (rounds * asked), nil
	}
	found := 0
	mapped, _ := each(func() error {
		for _, n := range absent {
			if _, ok := plain[n.Full()]; ok {
				found++
			}
		}
		return nil
	})
	v, hits := index.View(), []screen.Hit(nil)
	one, err := each(func() (err error) {
		for _, n := range absent {
			if hits, err = v.Lookup(n, hits[:0]); err != nil {
				return err
			}
			found += len(hits)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]bool, asked)
	many, _ := each(func() error {
		v.Maybe(absent, out)
		return nil
	})
	if found != 0 {
		return nil, fmt.Errorf("%d people were found who are not listed", found)
	}
	return []measurement{
		{fmt.Sprintf("map[string] of %d numbers, not listed", f.rows), mapped, "ns", ""},
		{fmt.Sprintf("index of %d listings, not listed", f.rows), one, "ns", ratio(one, mapped)},
		{fmt.Sprintf("index of %d listings, not listed, many at once", f.rows), many, "ns", ratio(many, one)},
	}, nil
}

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
