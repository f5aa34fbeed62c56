package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"gongxin"
)

// A Keep states that a restriction goes on after its listing has ended (3.13):
// on what legal ground, and until when. It is stated while the listing is in force,
// because what has been lifted is not put back.
type Keep struct {
	Reference string      `json:"reference"`         // of the restriction, or of one part of it as the hub names it (…-2)
	Measure   string      `json:"measure,omitempty"` // keeps only what was restricted under this measure; "" for all
	Ground    string      `json:"ground"`            // the law that allows it, in words
	Until     gongxin.Day `json:"until"`             // last day, at most one year ahead
	By        string      `json:"by"`                // the department's officer who decides it
}

const (
	minGround = 4 // characters; the hub asks for as many
	maxGround = 500
	maxBy     = 64
)

// Keep records k. When the listing ends, or is suspended, what k names is not
// lifted: it is kept until the end of k.Until, and lifted by the gate itself the day
// after. It restricts nobody anew. Until the listing has ended k may be stated
// again, in other words; the same again changes nothing. Errors: UNKNOWN_REFERENCE,
// KEPT_REFERRAL, KEPT_WITHOUT_GROUND, KEPT_WITHOUT_END, KEPT_TOO_LONG,
// KEPT_TOO_LATE, KEPT_ALREADY, OFFICER_NEEDED, REMARK_TOO_LONG, REMARK_WITH_NUMBER.
func (g *Gate) Keep(ctx context.Context, k Keep) (err error) {
	now := gongxin.Millis(g.config.Now())
	if _, err := g.outcomes.rowsOf(ctx, k.Reference); err != nil {
		return err
	}
	if k.Ground, err = plainText("ground", k.Ground, maxGround); err != nil {
		return err
	}
	if k.By, err = plainText("by", k.By, maxBy); err != nil {
		return err
	}
	switch today := gongxin.DayOf(now); {
	case utf8.RuneCountInString(k.Ground) < minGround:
		return gongxin.Invalid("KEPT_WITHOUT_GROUND")
	case k.Until < today:
		return gongxin.Invalid("KEPT_WITHOUT_END", k.Until)
	case k.Until > yearAfter(today):
		return gongxin.Invalid("KEPT_TOO_LONG", k.Until, yearAfter(today))
	case k.By == "":
		return gongxin.Invalid("OFFICER_NEEDED")
	}
	if err := g.outcomes.keep(ctx, k, now); err != nil {
		return g.notKept(ctx, k.Reference, err)
	}
	return nil
}

func yearAfter(d gongxin.Day) gongxin.Day {
	return gongxin.DayOf(d.Start().In(gongxin.Shanghai).AddDate(1, 0, 0))
}

// notKept tells a fault of the disk as OUTCOME_NOT_KEPT and leaves what is told to people.
func (g *Gate) notKept(ctx context.Context, reference string, err error) error {
	if gongxin.CodeOf(err) != "" || ctx.Err() != nil {
		return err
	}
	g.config.Log.ErrorContext(ctx, "not recorded", "reference", reference, "err", err)
	return fmt.Errorf("%w: %w", gongxin.Unavailable("OUTCOME_NOT_KEPT", err), err)
}

// keep writes k to the open rows that it names. The journal decides between a
// withdrawal and a Keep that come at once.
func (o *outcomes) keep(ctx context.Context, k Keep, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	stated := keep{k.Ground, k.Until, k.By, now}
	var m move
	err := o.transact(ctx, func(tx *sql.Tx) error {
		rows, err := partsOf(ctx, tx, k.Reference)
		if err != nil {
			return err
		}
		open, err := keepable(rows, k, now)
		if err != nil {
			return err
		}
		for _, r := range open {
			if r.keep.ground == k.Ground && r.keep.until == k.Until && r.keep.by == k.By {
				continue
			}
			next := r
			next.keep = stated
			if err := o.move(ctx, tx, &m, r, next); err != nil {
				return err
			}
		}
		if len(m.before) == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return err
	}
	o.moved(m)
	return nil
}

// keepable returns those of rows that k may keep on.
func keepable(rows []outcome, k Keep, now time.Time) ([]outcome, error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r outcome) bool { return k.Measure != "" && r.measure != k.Measure })
	var open, kept []outcome
	referred := true
	for _, r := range rows {
		switch at := r.on(now, r.sequence); {
		case at.open():
			open = append(open, r)
		case at.kept():
			kept = append(kept, r)
		}
		referred = referred && r.kind == kindReferred
	}
	same := func(r outcome) bool { return r.keep.ground == k.Ground && r.keep.until == k.Until }
	switch {
	case len(rows) == 0:
		return nil, gongxin.Missing("UNKNOWN_REFERENCE", k.Reference+" "+k.Measure)
	case referred:
		return nil, gongxin.Conflict("KEPT_REFERRAL", k.Reference)
	case len(open) > 0 || len(kept) > 0 && !slices.ContainsFunc(kept, func(r outcome) bool { return !same(r) }):
		return open, nil // the same again, after the listing has ended, changes nothing
	case len(kept) > 0:
		return nil, gongxin.Conflict("KEPT_ALREADY", k.Reference, kept[0].keep.until)
	}
	return nil, gongxin.Conflict("KEPT_TOO_LATE", k.Reference)
}
