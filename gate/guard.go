package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
)

// DefaultGuard is what a gate takes for abnormal unless it is told otherwise: within
// an hour more than 200 listings and 5 % of the list leave, more than 20 000 and
// 20 % enter, or a list of 100 and more is empty. The last withdrawal from a short
// list is an ordinary day's, and who it frees does not wait for an officer.
var DefaultGuard = feed.Guard{DropCount: 200, DropShare: 0.05, SurgeCount: 20_000, SurgeShare: 0.20, Window: time.Hour, EmptyFrom: 100}

// An Abnormal tells what a gate does not apply until the hub approves it as a
// batch, or an officer accepts it. Meanwhile the copy of before serves until it is
// stale.
type Abnormal struct {
	Since    time.Time `json:"since"`
	Sequence uint64    `json:"sequence"` // to accept
	Left     uint64    `json:"left"`
	Entered  uint64    `json:"entered"`
	Before   uint64    `json:"before"` // in force
	After    uint64    `json:"after"`
}

// noteAbnormal keeps the numbers of err, which is FEED_ABNORMAL, for Status.
func (g *Gate) noteAbnormal(err error) {
	var e *gongxin.Error
	var n [5]uint64
	if errors.As(err, &e) {
		for i := range min(len(n), len(e.Args)) {
			n[i], _ = e.Args[i].(uint64) // the text says it in any case
		}
	}
	a := Abnormal{Since: gongxin.Millis(g.config.Now()), Left: n[0], Entered: n[1], Before: n[2], After: n[3], Sequence: n[4]}
	if old := g.abnormal.Load(); old != nil {
		a.Since = old.Since
	}
	g.abnormal.Store(&a)
}

// accept carries out the order of an officer who has seen that a change is meant.
// One that was given while the gate did not run waits until the gate sees the change.
// The caller holds g.following.
func (g *Gate) accept(ctx context.Context, o Order) error {
	a := g.abnormal.Load()
	switch {
	case o.Accept <= g.state.at.Head.Size, a != nil && o.Accept > a.Sequence:
		var now uint64
		if a != nil {
			now = a.Sequence
		}
		return gongxin.Conflict("ACCEPT_OTHER", o.Accept, now)
	case a == nil:
		return errLater
	}
	if g.outcomes.accepted() == o.Accept {
		return nil // taken before a kill
	}
	err := g.outcomes.act(ctx, act{kind: actAccepted, at: gongxin.Millis(g.config.Now()), by: o.By, reason: o.Reason, size: o.Accept}, nil)
	if err != nil {
		return err
	}
	g.config.Log.WarnContext(ctx, "an officer has accepted an abnormal change", "sequence", o.Accept, "by", o.By, "reason", o.Reason)
	return nil
}

// firstLoadFile stands in the directory as long as a first list is fetched step by
// step: then everything enters, and the guard says nothing.
const firstLoadFile = "first-load"

// guarded returns the follower for what comes next. The caller holds g.following.
func (g *Gate) guarded() (feed.Follower, error) {
	f := g.follower.Accept(g.outcomes.accepted())
	path := filepath.Join(g.config.Dir, firstLoadFile)
	if g.state.at.Head.At.IsZero() && !g.loading.Load() {
		if err := durable.Replace(path, nil, 0o600); err != nil {
			return f, err
		}
		g.loading.Store(true)
	}
	if g.loading.Load() {
		f.Guard = feed.Guard{}
	}
	return f, nil
}

// loaded notes that the first list is complete, and lifts what does not stand with
// it. The caller holds g.following.
func (g *Gate) loaded(ctx context.Context) error {
	if !g.loading.Load() {
		return nil
	}
	g.loading.Store(false)
	err := g.reconcile(ctx, g.state.list.View(), g.state.at)
	if err == nil {
		err = errors.Join(g.removeEarlier(), g.forgetLoading())
	}
	if err != nil {
		g.loading.Store(true)
		return fmt.Errorf("note that the list is complete: %w", err)
	}
	return nil
}

// forgetLoading removes the sign of a first list that is not complete.
func (g *Gate) forgetLoading() error {
	err := os.Remove(filepath.Join(g.config.Dir, firstLoadFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
