package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"gongxin"
)

// DefaultRetention is for how many years what is over stays on record, unless a gate
// is told otherwise. It is the hub's own term for personal data after the exit (1.1).
const DefaultRetention = 5

// sweepPage is how many rows of the record are looked at in one go; whoever wants
// something recorded meanwhile waits for no more.
const sweepPage = 1000

// A sweep goes through the record once a day and erases what is over for longer than
// the retention term.
type sweep struct {
	after string      // reference up to which this pass has come
	done  gongxin.Day // day of the last pass that came to the end
}

const (
	readSwept      = readOutcomes + ` WHERE reference > $1 ORDER BY reference, part LIMIT $2`
	readHeldBack   = `SELECT reference FROM outbox WHERE reference >= $1 AND reference <= $2 UNION SELECT reference FROM calls WHERE reference >= $1 AND reference <= $2`
	eraseOutcomes  = `DELETE FROM outcomes WHERE reference = $1`
	eraseReview    = `DELETE FROM reviews WHERE reference = $1`
	eraseProposal  = `DELETE FROM proposals WHERE reference = $1`
	readWaitsFor   = `SELECT count(*) FROM outbox WHERE reference = $1`
	readOldReports = readProposals + ` WHERE at < $1 ORDER BY reference LIMIT $2`
)

// erase goes on with the sweep by one page. Erased is a reference of which all is
// over for longer than the retention term, with its review: lifted, or a referral of
// a listing that is in force no longer; whose reports the hub has taken, and whose
// messages the webhook has. Nothing is erased while the gate does not know the list.
// The caller holds g.following.
func (g *Gate) erase(ctx context.Context) error {
	now := gongxin.Millis(g.config.Now())
	today := gongxin.DayOf(now)
	if g.swept.done == today || !g.view.Load().fresh(now) || g.loading.Load() {
		return nil
	}
	before := today.Start().In(gongxin.Shanghai).AddDate(-g.config.Retention, 0, 0)
	inForce := func(id gongxin.ListingID) (bool, error) {
		_, in, err := g.state.list.View().Get(id)
		return in, err
	}
	next, erased, err := g.outcomes.erase(ctx, g.swept.after, before, inForce)
	if err != nil {
		return fmt.Errorf("erase what is over: %w", err)
	}
	if erased > 0 {
		g.config.Log.InfoContext(ctx, "records erased after the retention term", "references", erased, "over_before", gongxin.DayOf(before))
	}
	if next == "" {
		n, err := g.outcomes.eraseAlerts(ctx, before, sweepPage)
		if err != nil {
			return fmt.Errorf("erase what is over: %w", err)
		}
		if n == sweepPage {
			return nil // there may be more
		}
	}
	if g.swept.after = next; next == "" {
		g.swept.done = today
	}
	return nil
}

// erase looks at a page of references after after and erases those that are over
// since before the instant before. It returns the last reference that it looked at,
// "" after the last of all, and how many it erased.
func (o *outcomes) erase(ctx context.Context, after string, before time.Time, inForce func(gongxin.ListingID) (bool, error)) (next string, erased int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rows, err := query(ctx, o.db, scanOutcome, readSwept, after, sweepPage)
	if err != nil {
		return after, 0, err
	}
	groups := slices.Collect(parts(rows))
	if len(rows) == sweepPage && len(groups) > 1 {
		groups = groups[:len(groups)-1] // of the last one the page may hold a part
	}
	var over [][]outcome
	for _, g := range groups {
		ok, err := isOver(g, before, inForce)
		if err != nil {
			return after, 0, err
		}
		if ok {
			over = append(over, g)
		}
	}
	if len(rows) == sweepPage {
		next = groups[len(groups)-1][0].reference
	}
	var gone []outcome
	err = o.transact(ctx, func(tx *sql.Tx) error {
		if next == "" {
			n, err := o.eraseProposals(ctx, tx, before, inForce)
			if err != nil {
				return err
			}
			erased += n
		}
		held := map[string]bool{}
		if len(over) > 0 {
			waiting, err := query(ctx, tx, func(row scanner) (r string, err error) { return r, row.Scan(&r) }, readHeldBack,
				over[0][0].reference, over[len(over)-1][0].reference)
			if err != nil {
				return err
			}
			for _, r := range waiting {
				held[r] = true
			}
		}
		for _, g := range over {
			if held[g[0].reference] {
				continue
			}
			ok, err := o.eraseReference(ctx, tx, g)
			if err != nil {
				return err
			}
			if ok {
				gone, erased = append(gone, g...), erased+1
			}
		}
		if erased == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return after, 0, err
	}
	for _, r := range gone {
		o.count(r, -1)
	}
	return next, erased, nil
}

// parts groups rows, which are sorted, by their reference.
func parts(rows []outcome) func(yield func([]outcome) bool) {
	return func(yield func([]outcome) bool) {
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n].reference == rows[0].reference {
				n++
			}
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// isOver tells whether all parts of one reference are over since before the instant before.
func isOver(rows []outcome, before time.Time, inForce func(gongxin.ListingID) (bool, error)) (bool, error) {
	for _, r := range rows {
		if r.stands() || !r.at.Before(before) || !r.liftedAt.Before(before) {
			return false, nil
		}
	}
	for _, r := range rows {
		if r.listing.IsZero() {
			continue
		}
		if in, err := inForce(r.listing); in || err != nil {
			return false, err
		}
	}
	return true, nil
}

// eraseReference erases rows, which are all of one reference, and its review; false
// if that waits for an answer.
func (o *outcomes) eraseReference(ctx context.Context, tx *sql.Tx, rows []outcome) (bool, error) {
	reference := rows[0].reference
	r, filed, err := o.review(ctx, tx, reference)
	if err != nil || filed && r.answeredAt.IsZero() {
		return false, err
	}
	if filed {
		if err := erased(tx.ExecContext(ctx, eraseReview, reference))(1); err != nil {
			return false, fmt.Errorf("erase review %s: %w", reference, err)
		}
		o.rows, o.digest = o.rows-1, o.digest.Sub(r.sum())
	}
	if err := erased(tx.ExecContext(ctx, eraseOutcomes, reference))(len(rows)); err != nil {
		return false, fmt.Errorf("erase outcome %s: %w", reference, err)
	}
	for _, row := range rows {
		o.rows, o.digest = o.rows-1, o.digest.Sub(row.sum())
	}
	return true, nil
}

// eraseProposals erases proposals about listings that are in force no longer, made
// before the instant before and taken by the hub.
func (o *outcomes) eraseProposals(ctx context.Context, tx *sql.Tx, before time.Time, inForce func(gongxin.ListingID) (bool, error)) (n int, err error) {
	old, err := query(ctx, tx, scanProposal, readOldReports, millis(before), sweepPage)
	if err != nil {
		return 0, err
	}
	for _, p := range old {
		var waits int
		in, err := inForce(p.listing)
		if err == nil && !in {
			err = tx.QueryRowContext(ctx, readWaitsFor, p.reference).Scan(&waits)
		}
		if err == nil && !in && waits == 0 {
			err = erased(tx.ExecContext(ctx, eraseProposal, p.reference))(1)
			o.rows, o.digest, n = o.rows-1, o.digest.Sub(p.sum()), n+1
		}
		if err != nil {
			return 0, fmt.Errorf("erase proposal %s: %w", p.reference, err)
		}
	}
	return n, nil
}

// erased returns a check that a statement took out as many rows as were read.
func erased(result sql.Result, err error) func(want int) error {
	return func(want int) error {
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n != int64(want) {
			err = fmt.Errorf("%w: %d rows instead of %d", errDamaged, n, want)
		}
		return err
	}
}
