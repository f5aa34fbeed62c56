package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gongxin"
)

// Served is what a hub remembers of serving one gate, when a receipt for Sequence
// has come from it.
type Served struct {
	Gate     string
	Sequence uint64
	At       time.Time // changes up to Sequence were first served; zero if not known
	Last     uint64    // up to where changes were served
	LastAt   time.Time // and when those first were
}

const (
	saveServed = `UPDATE receipts SET served = $3 WHERE gate = $1 AND sequence = $2 AND served = 0`
	moveServed = `UPDATE gates SET served = $2, served_at = $3 WHERE gate = $1 AND served < $2`
)

// SaveServed notes s beside the receipt that SaveReceipt kept. What is known already stays.
func (tx *Tx) SaveServed(ctx context.Context, s Served) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveServed, s.Gate, int64(s.Sequence), millis(s.At))
	if err == nil {
		_, err = tx.exec(moveServed, s.Gate, int64(s.Last), millis(s.LastAt))
	}
	if err != nil {
		return fmt.Errorf("save what was served to gate %s: %w", s.Gate, err)
	}
	return nil
}

// An Arrival tells whether one event has reached a gate.
type Arrival struct {
	Gate         string
	Organisation string
	Sequence     uint64    // that the gate has confirmed at all
	Sent         time.Time // changes with the event were first served; zero if not known
	Applied      time.Time // by the gate's clock; zero if not confirmed
	Received     time.Time // when the receipt came; zero if not confirmed
	Signed       bool      // the receipt is signed
}

const getArrivals = `
	SELECT g.gate, g.organisation, g.sequence, g.served, g.served_at,
		COALESCE(r.applied, 0), COALESCE(r.received, 0), COALESCE(r.served, 0), CASE WHEN r.note IS NULL THEN 0 ELSE 1 END
	FROM gates g LEFT JOIN receipts r ON r.gate = g.gate AND r.sequence = (
		SELECT MIN(a.sequence) FROM receipts a WHERE a.gate = g.gate AND a.sequence >= $1)
	ORDER BY g.gate`

// Arrivals tells of each gate whether the event at sequence has reached it.
func (v *View) Arrivals(ctx context.Context, sequence uint64) (all []Arrival, err error) {
	err = v.s.each(ctx, getArrivals, []any{int64(sequence)}, func(scan func(...any) error) error {
		var a Arrival
		var last uint64
		var lastAt, applied, received, served int64
		var signed int
		err := scan(&a.Gate, &a.Organisation, &a.Sequence, &last, &lastAt, &applied, &received, &served, &signed)
		if served == 0 && received == 0 && last >= sequence {
			served = lastAt
		}
		a.Sent, a.Applied, a.Received, a.Signed = instant(served), instant(applied), instant(received), signed != 0
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read arrivals of %d: %w", sequence, err)
	}
	return all, nil
}

const receiptAt = receiptColumns + `WHERE gate = $1 AND sequence = $2`

// ReceiptAt returns what a gate confirmed for a sequence; the zero Receipt if nothing.
func (v *View) ReceiptAt(ctx context.Context, gate string, sequence uint64) (Receipt, error) {
	all, err := v.receipts(ctx, receiptAt, gate, int64(sequence))
	if err != nil || len(all) == 0 {
		return Receipt{}, err
	}
	return all[0], nil
}

const eventTime = `SELECT at FROM events WHERE sequence = $1`

// EventTime returns when the event at sequence happened; zero if there is none.
func (v *View) EventTime(ctx context.Context, sequence uint64) (time.Time, error) {
	var ms int64
	err := v.s.row(ctx, eventTime, []any{int64(sequence)}, &ms)
	if err != nil && err != sql.ErrNoRows {
		return time.Time{}, fmt.Errorf("read event %d: %w", sequence, err)
	}
	return instant(ms), nil
}

// A Leaving event takes a listing out of force.
type Leaving struct {
	Sequence uint64
	Listing  gongxin.ListingID
	Kind     gongxin.EventKind
	At       time.Time
}

var leavingEvents = `
	SELECT sequence, listing, kind, at FROM events
	WHERE sequence > $1 AND at < $2 AND listing IS NOT NULL AND kind IN (` + leavingKinds() + `) ORDER BY sequence LIMIT $3`

func leavingKinds() string {
	var kinds []string
	for _, k := range []gongxin.EventKind{gongxin.ListingSuspended, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked} {
		kinds = append(kinds, "'"+string(k)+"'")
	}
	return strings.Join(kinds, ", ")
}

// Leavings returns up to limit events after a sequence and before an instant that
// took listings out of force, the oldest first.
func (v *View) Leavings(ctx context.Context, after uint64, before time.Time, limit int) (all []Leaving, err error) {
	err = v.s.each(ctx, leavingEvents, []any{int64(after), millis(before), limit}, func(scan func(...any) error) error {
		var l Leaving
		var id []byte
		var at int64
		if err := scan(&l.Sequence, &id, &l.Kind, &at); err != nil {
			return err
		}
		l.At = instant(at)
		var err error
		l.Listing, err = listingID(id)
		all = append(all, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what left after %d: %w", after, err)
	}
	return all, nil
}

// Unlifted are restrictions of one gate that stand although their listing is in
// force no longer and the gate has not said that it keeps them (3.13).
type Unlifted struct {
	Gate    string
	Listing gongxin.ListingID
	Count   int
	Since   time.Time // the listing is out of force
}

// What a suspended listing did last, is at the earliest its suspension.
const getUnlifted = `
	SELECT o.gate, o.listing, COUNT(*), e.at FROM outcomes o
	JOIN listings l ON l.id = o.listing
	JOIN events e ON e.sequence = COALESCE(l.exit_sequence, l.sequence)
	WHERE o.kind = 'restricted' AND l.forced = 0 AND e.at < $1
		AND NOT EXISTS (SELECT 1 FROM outcomes x WHERE x.gate = o.gate AND x.reference = o.reference AND x.kind = 'lifted')
		AND NOT EXISTS (SELECT 1 FROM kept_measures k WHERE k.gate = o.gate AND k.reference = o.reference)
	GROUP BY o.gate, o.listing, e.at ORDER BY e.at, o.gate, o.listing LIMIT $2`

// Unlifted returns up to limit of the restrictions that stand although their
// listing left before an instant, those that stand longest first.
func (v *View) Unlifted(ctx context.Context, before time.Time, limit int) (all []Unlifted, err error) {
	err = v.s.each(ctx, getUnlifted, []any{millis(before), limit}, func(scan func(...any) error) error {
		var u Unlifted
		var id []byte
		var at int64
		if err := scan(&u.Gate, &id, &u.Count, &at); err != nil {
			return err
		}
		u.Since = instant(at)
		var err error
		u.Listing, err = listingID(id)
		all = append(all, u)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read restrictions that were not lifted: %w", err)
	}
	return all, nil
}

const lastStop = `SELECT COALESCE(MAX(size), 0) FROM checkpoints WHERE size <= $1`

// LastStop returns the largest size up to one for which there is a checkpoint.
func (v *View) LastStop(ctx context.Context, size uint64) (stop uint64, err error) {
	if err := v.s.row(ctx, lastStop, []any{int64(size)}, &stop); err != nil {
		return 0, fmt.Errorf("read the checkpoint before %d: %w", size, err)
	}
	return stop, nil
}

const lastErased = `SELECT COALESCE(MAX(sequence), 0) FROM listings WHERE erased > 0`

// LastErased returns the sequence of the latest event whose bodies were erased, 0 if none were.
func (v *View) LastErased(ctx context.Context) (sequence uint64, err error) {
	if err := v.s.row(ctx, lastErased, nil, &sequence); err != nil {
		return 0, fmt.Errorf("read the latest erased event: %w", err)
	}
	return sequence, nil
}
