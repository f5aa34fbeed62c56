package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"gongxin"
	"gongxin/internal/intake"
	"gongxin/internal/register"
)

// batchSize is how many records share a commit: large enough that the commit
// costs little a row, small enough that other commands do not wait long.
const batchSize = 2000

// Records is a checked submission, one record after the other; *intake.File is one.
type Records interface {
	Next() (intake.Record, error) // io.EOF at the end
}

// A batch is on its way into the register; err is what became of it once stored
// is closed.
type batch struct {
	records []intake.Record
	stored  chan struct{}
	err     error
}

// Take enters the good records of a submission that by makes, batch by batch,
// each durable before each is called with its records, in order. While one batch
// is made durable, the next are on their way, so the ledger may have them in
// another order. A record that the register refuses comes back as rejected with
// the register's reason; the others are not affected. It stops at the first error
// of reading, storing or each.
func (h *Hub) Take(ctx context.Context, by gongxin.Actor, from Records, each func(intake.Record) error) error {
	g, ctx := errgroup.WithContext(ctx)
	under := make(chan *batch, 1) // with the one that is told and the one that is sent: three at most
	g.Go(func() error {
		defer close(under)
		for more := true; more; {
			b := &batch{records: make([]intake.Record, 0, batchSize), stored: make(chan struct{})}
			for len(b.records) < batchSize {
				r, err := from.Next()
				if errors.Is(err, io.EOF) {
					more = false
					break
				}
				if err != nil {
					return err
				}
				b.records = append(b.records, r)
			}
			g.Go(func() error {
				defer close(b.stored)
				b.err = h.takeBatch(ctx, by, b.records)
				return b.err
			})
			select {
			case under <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		for b := range under {
			if <-b.stored; b.err != nil {
				return b.err
			}
			for _, r := range b.records {
				if err := each(r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return g.Wait()
}

// OpenBytes opens a file that is in memory already, checked by the hub's own rules.
func (h *Hub) OpenBytes(name string, file []byte) (*intake.File, error) {
	return intake.Open(bytes.NewReader(file), int64(len(file)), h.intakeOptions(name))
}

// takeBatch enters the good records of b in one transaction and writes what the
// register said of them into b.
func (h *Hub) takeBatch(ctx context.Context, by gongxin.Actor, b []intake.Record) error {
	var good []int
	var submissions []register.Submission
	for i, r := range b {
		if r.Outcome == intake.Reject {
			continue
		}
		s := register.Submission{Entry: r.Entry, Withdrawn: r.WithdrawnOn, Digest: r.Digest}
		if w := r.Withdrawal; w != nil {
			s.Withdrawal = &register.Withdrawal{Case: w.Case, Number: w.Number, On: w.On, Ground: w.Ground, Reason: w.Reason}
		}
		good, submissions = append(good, i), append(submissions, s)
	}
	if len(good) == 0 {
		return nil
	}
	taken, err := h.Register.Take(ctx, by, submissions)
	if err != nil {
		return fmt.Errorf("take records %d to %d: %w", b[0].Row, b[len(b)-1].Row, err)
	}
	for k, t := range taken {
		r := &b[good[k]]
		r.Listing = t.Listing
		if t.Note != "" {
			r.Notes = append(r.Notes, t.Note)
		}
		if t.Err == nil {
			continue
		}
		var e *gongxin.Error
		if !errors.As(t.Err, &e) {
			return fmt.Errorf("take record %d: %w", r.Row, t.Err)
		}
		r.Reject(e)
	}
	return nil
}
