package store

import (
	"context"
	"fmt"
	"time"

	"gongxin"
)

// What erasing takes away. Leaves, tiles, keyed hashes, days, courts and states
// stay, and of documents and evidence the hash: so the ledger is whole, and what
// happened when can be shown, and of whom cannot.
const (
	previousOf = `SELECT previous FROM events WHERE sequence = $1`
	eraseEvent = `
		UPDATE events SET seed = NULL, body_public = NULL, body_partner = NULL, body_court = NULL
		WHERE sequence = $1 AND listing = $2`
	eraseListing = `
		UPDATE listings SET procedure = NULL, submission = NULL, erased = CASE WHEN erased = 0 THEN $2 ELSE erased END
		WHERE ordinal = $1`
)

// eraseBeside are the statements for what else tells of a listing.
var eraseBeside = []string{
	`UPDATE documents SET number = NULL, page = NULL, data = NULL WHERE listing = $1`,
	`UPDATE evidence SET name = NULL, body = NULL WHERE listing = $1`,
	`UPDATE escalations SET note = NULL WHERE listing = $1`,
	`UPDATE restriction_reviews SET reason = NULL, answer = NULL WHERE listing = $1`,
	`UPDATE kept_measures SET ground = NULL WHERE listing = $1`,
	`UPDATE disclosures SET purpose = NULL WHERE listing = $1`,
	`UPDATE refusals SET address = '' WHERE listing = $1`,
	`DELETE FROM codes WHERE listing = $1`,
	`DELETE FROM sessions WHERE listing = $1`,
}

// Erase destroys the personal data of a listing that has ended: seeds and bodies
// of its events, papers, evidence, and what people wrote about it. What is left
// proves that the listing was there and what became of it, and is recognised when
// the same case and person come again. Erasing again changes nothing. Settle makes
// the disk follow. Errors: UNKNOWN_LISTING, LISTING_NOT_ENDED.
func (tx *Tx) Erase(ctx context.Context, id gongxin.ListingID, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x, err := tx.row(id)
	if err != nil {
		return err
	}
	l := x.listing
	switch {
	case !l.State.Ended():
		return gongxin.Conflict("LISTING_NOT_ENDED", id.String(), l.State)
	case l.Sequence > tx.h.Size: // its last event is not written yet
		return gongxin.Conflict("STALE_LISTING", id.String(), l.Sequence)
	}
	for sequence := l.Sequence; sequence != 0; {
		n, err := tx.exec(eraseEvent, int64(sequence), id[:])
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows", n)
		}
		if err != nil {
			return fmt.Errorf("erase event %d of listing %s: %w", sequence, id, err)
		}
		var previous uint64
		if err := tx.s.row(background, previousOf, []any{int64(sequence)}, &previous); err != nil {
			return tx.fault(fmt.Errorf("erase listing %s: %w", id, err))
		}
		if previous >= sequence {
			return fmt.Errorf("erase listing %s: event %d follows %d", id, sequence, previous)
		}
		sequence = previous
	}
	if _, err := tx.exec(eraseListing, int64(x.ordinal), millis(at)); err != nil {
		return fmt.Errorf("erase listing %s: %w", id, err)
	}
	for _, text := range eraseBeside {
		if _, err := tx.exec(text, id[:]); err != nil {
			return fmt.Errorf("erase listing %s: %w", id, err)
		}
	}
	tx.undo = append(tx.undo, undo{x, *x})
	x.listing.Entry, x.listing.Procedure = gongxin.Entry{Until: l.Entry.Until}, gongxin.Procedure{}
	x.listing.Exit.Decision = ""
	x.procedure, x.submission, x.erased = nil, [32]byte{}, true
	return nil
}

// Erase is Tx.Erase in a transaction of its own.
func (db *DB) Erase(ctx context.Context, id gongxin.ListingID, at time.Time) error {
	return db.Write(ctx, func(ctx context.Context, tx *Tx) error { return tx.Erase(ctx, id, at) })
}

// endedBefore leaves out listings because of which a department still keeps a
// measure, or kept one until then: the term runs from its end.
const endedBefore = `
	SELECT id FROM listings l
	WHERE l.erased = 0 AND l.exit_at IS NOT NULL AND l.exit_at < $1 AND NOT EXISTS (
		SELECT 1 FROM kept_measures k WHERE k.listing = l.id AND (k.ended = 0 AND k.until >= $2 OR k.ended >= $1))
	ORDER BY l.exit_at, l.ordinal LIMIT $3`

// EndedBefore returns up to limit listings that are not erased and whose exit was
// recorded before day, the oldest first.
func (v *View) EndedBefore(ctx context.Context, day gongxin.Day, limit int) ([]gongxin.ListingID, error) {
	var ended []gongxin.ListingID
	err := v.s.each(ctx, endedBefore, []any{day.Start().UnixMilli(), int64(day), limit}, func(scan func(...any) error) error {
		var b []byte
		if err := scan(&b); err != nil {
			return err
		}
		id, err := listingID(b)
		ended = append(ended, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read listings that ended before %s: %w", day, err)
	}
	return ended, nil
}

// Settle makes the disk follow what was erased: what a write-ahead log or old
// versions of rows still hold is given up. It is for a quiet moment after erasing;
// writers go on meanwhile. What copies of the database hold ends with the copies
// (docs/verify.md).
func (db *DB) Settle(ctx context.Context) error {
	if err := db.engine.settle(ctx, db); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}
