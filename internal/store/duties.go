package store

import (
	"context"
	"fmt"

	"gongxin"
)

const (
	dutyColumns = `SELECT listing, kind, opened, court, person, rule, since, due, met, met_by, lapsed FROM duties `
	openDuties  = dutyColumns + `WHERE listing = $1 AND met_by = 0 ORDER BY opened, kind`
	putDuty     = `
		INSERT INTO duties (listing, kind, opened, court, person, rule, since, due, met, met_by, lapsed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (listing, kind, opened) DO UPDATE SET
			court = excluded.court, person = excluded.person, rule = excluded.rule, since = excluded.since, due = excluded.due,
			met = excluded.met, met_by = excluded.met_by, lapsed = excluded.lapsed`
)

func scanDuty(scan func(...any) error) (d gongxin.Duty, err error) {
	var listing []byte
	var court string
	if err := scan(&listing, &d.Kind, &d.Opened, &court, &d.Person, &d.Rule, &d.Since, &d.Due, &d.Met, &d.MetBy, &d.Lapsed); err != nil {
		return d, err
	}
	if d.Listing, err = listingID(listing); err == nil {
		d.Court, err = courtCode(court)
	}
	if err != nil {
		return d, &unreadable{fmt.Errorf("duty %s of listing %x: %w", d.Kind, listing, err)}
	}
	return d, nil
}

func (r *reader) duties(ctx context.Context, text string, args ...any) (duties []gongxin.Duty, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		d, err := scanDuty(scan)
		duties = append(duties, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read duties: %w", err)
	}
	return duties, nil
}

// Duties returns the duties of a listing that are open, oldest first.
func (tx *Tx) Duties(ctx context.Context, id gongxin.ListingID) ([]gongxin.Duty, error) {
	return tx.duties(ctx, openDuties, id[:])
}

// PutDuty keeps d as it stands now; listing, kind and opening event identify it.
func (tx *Tx) PutDuty(ctx context.Context, d gongxin.Duty) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(putDuty, d.Listing[:], string(d.Kind), int64(d.Opened), d.Court.String(), d.Person, d.Rule,
		int64(d.Since), int64(d.Due), int64(d.Met), int64(d.MetBy), int64(d.Lapsed))
	if err != nil {
		return fmt.Errorf("put duty %s of listing %s: %w", d.Kind, d.Listing, err)
	}
	return nil
}

// A DutyFilter says which duties are asked for; the zero one, all that are open.
type DutyFilter struct {
	Courts  []gongxin.CourtCode // that owe them; nil for all courts, also those without a known code
	Person  string              // Actor.ID of who handles them; "" for all
	Listing gongxin.ListingID   // zero for all
	Before  gongxin.Day         // due before this day; zero for all, also those without a last day
	Lapsed  bool                // those whose time passed unmet, met since or not (2.5), instead of those that are open
}

// dueFirst is the order of a board; listing, kind and opening event only make it one order.
const dueFirst = ` ORDER BY CASE WHEN due = 0 THEN 1 ELSE 0 END, due, listing, kind, opened LIMIT `

// OpenDuties returns up to limit duties, those due first before others, those
// without a last day at the end.
func (v *View) OpenDuties(ctx context.Context, f DutyFilter, limit int) ([]gongxin.Duty, error) {
	if f.Courts != nil && len(f.Courts) == 0 {
		return nil, nil
	}
	text := dutyColumns + `WHERE met_by = 0`
	if f.Lapsed {
		text = dutyColumns + `WHERE lapsed > 0`
	}
	var args []any
	if f.Courts != nil {
		list, courts := courtList(f.Courts)
		text, args = text+` AND court IN`+list, courts
	}
	mark := func(arg any) string {
		args = append(args, arg)
		return fmt.Sprintf("$%d", len(args))
	}
	if f.Person != "" {
		text += ` AND person = ` + mark(f.Person)
	}
	if !f.Listing.IsZero() {
		text += ` AND listing = ` + mark(f.Listing[:])
	}
	if !f.Before.IsZero() {
		text += ` AND due > 0 AND due < ` + mark(int64(f.Before))
	}
	text += dueFirst + mark(limit)
	return v.duties(ctx, text, args...)
}

const (
	overdueDuties   = dutyColumns + `WHERE met_by = 0 AND due > 0 AND due < $1 AND lapsed = 0 ORDER BY due, listing, kind, opened LIMIT $2`
	uncountedDuties = dutyColumns + `WHERE met_by = 0 AND due = 0 AND rule <> '' ORDER BY listing, kind, opened LIMIT $1`
)

// Overdue returns up to limit open duties that were due before day and whose
// lapse is not recorded yet, those due first before others.
func (v *View) Overdue(ctx context.Context, day gongxin.Day, limit int) ([]gongxin.Duty, error) {
	return v.duties(ctx, overdueDuties, int64(day), limit)
}

// Uncounted returns up to limit open duties that have a rule but no last day: the
// calendar did not know the year when they were opened.
func (v *View) Uncounted(ctx context.Context, limit int) ([]gongxin.Duty, error) {
	return v.duties(ctx, uncountedDuties, limit)
}

// courtCode reads what CourtCode.String gave.
func courtCode(text string) (c gongxin.CourtCode, err error) {
	return c, c.UnmarshalText([]byte(text))
}

// courtList is inList for courts, of which there is at least one.
func courtList(courts []gongxin.CourtCode) (list string, args []any) {
	codes := make([]string, len(courts))
	for i, c := range courts {
		codes[i] = c.String()
	}
	return inList(codes)
}
