package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin/internal/access"
)

// Traces are numbered by the order in which they were written; the writers' turns
// make the next number certain.
const (
	disclose = `
		INSERT INTO disclosures (number, at, seen_by, role, organisation, operation, listing, purpose)
		VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM disclosures), $1, $2, $3, $4, $5, $6, $7)`
	getDisclosures = `
		SELECT at, seen_by, role, organisation, operation, listing, purpose FROM disclosures
		WHERE at >= $1 AND at < $2 ORDER BY at, number LIMIT $3`
	refuse = `
		INSERT INTO refusals (number, at, tried_by, operation, code, address, listing)
		VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM refusals), $1, $2, $3, $4, $5, $6)`
	getRefusals = `
		SELECT at, tried_by, operation, code, address, listing FROM refusals
		WHERE at >= $1 AND at < $2 ORDER BY at, number LIMIT $3`
)

// Disclose records that a full identifier was seen or used.
func (tx *Tx) Disclose(ctx context.Context, d access.Disclosure) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(disclose, millis(d.At), d.By, string(d.Role), d.Organisation, d.Operation, listingValue(d.Listing), wordsValue(d.Purpose))
	if err != nil {
		return fmt.Errorf("record disclosure to %s: %w", d.By, err)
	}
	return nil
}

// Disclosures returns up to limit of them from one instant until before another,
// in the order of time.
func (v *View) Disclosures(ctx context.Context, from, before time.Time, limit int) (all []access.Disclosure, err error) {
	err = v.each(ctx, getDisclosures, []any{millis(from), millis(before), limit}, func(scan func(...any) error) error {
		var d access.Disclosure
		var at int64
		var listing []byte
		var purpose sql.NullString
		err := scan(&at, &d.By, &d.Role, &d.Organisation, &d.Operation, &listing, &purpose)
		copy(d.Listing[:], listing)
		d.At, d.Purpose = instant(at), purpose.String
		all = append(all, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read disclosures: %w", err)
	}
	return all, nil
}

// Refuse records an attempt that was turned away. What was turned away is undone,
// so this is to be written in a share of its own.
func (tx *Tx) Refuse(ctx context.Context, f access.Refusal) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := tx.exec(refuse, millis(f.At), f.By, f.Operation, f.Code, f.From, listingValue(f.Listing)); err != nil {
		return fmt.Errorf("record refusal %s: %w", f.Code, err)
	}
	return nil
}

// Refusals returns up to limit of them from one instant until before another, in
// the order of time.
func (v *View) Refusals(ctx context.Context, from, before time.Time, limit int) (all []access.Refusal, err error) {
	err = v.each(ctx, getRefusals, []any{millis(from), millis(before), limit}, func(scan func(...any) error) error {
		var f access.Refusal
		var at int64
		var listing []byte
		err := scan(&at, &f.By, &f.Operation, &f.Code, &f.From, &listing)
		copy(f.Listing[:], listing)
		f.At = instant(at)
		all = append(all, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read refusals: %w", err)
	}
	return all, nil
}
