package store

import (
	"context"
	"fmt"
	"time"
)

const (
	receiptColumns = `SELECT gate, sequence, applied, received, in_force, digest, note FROM receipts `
	receiptsIn     = receiptColumns + `WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence, gate`
	receiptOf      = receiptColumns + `WHERE gate = $1 AND sequence = $2`
	// Around an instant: the last that was applied until then, and the first after it.
	receiptBefore = receiptColumns + `WHERE gate = $1 AND applied <= $2 ORDER BY sequence DESC LIMIT 1`
	receiptAfter  = receiptColumns + `WHERE gate = $1 AND applied > $2 ORDER BY sequence LIMIT 1`
)

// receipts reads receipts; their Organisation stays empty.
func (r *reader) receipts(ctx context.Context, text string, args ...any) (all []Receipt, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		var x Receipt
		var applied, received int64
		var digest []byte
		err := scan(&x.Gate, &x.Sequence, &applied, &received, &x.Count, &digest, &x.Note)
		x.At, x.Received = instant(applied), instant(received)
		copy(x.Digest[:], digest)
		all = append(all, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read receipts: %w", err)
	}
	return all, nil
}

// Receipts returns what gates confirmed for the sequences after one up to another,
// in their order.
func (v *View) Receipts(ctx context.Context, after, to uint64) ([]Receipt, error) {
	return v.receipts(ctx, receiptsIn, int64(after), int64(to))
}

// ReceiptsAround returns the last receipt of a gate that was applied by the instant
// at, and the first after it, by the gate's clock; fewer if there are not both.
func (v *View) ReceiptsAround(ctx context.Context, gate string, at time.Time) ([]Receipt, error) {
	before, err := v.receipts(ctx, receiptBefore, gate, millis(at))
	if err != nil {
		return nil, err
	}
	after, err := v.receipts(ctx, receiptAfter, gate, millis(at))
	return append(before, after...), err
}

const replacedReceipts = `
	SELECT gate, sequence, applied, received, in_force, digest, note FROM replaced_receipts WHERE gate = $1 ORDER BY replaced, sequence`

// ReplacedReceipts returns what a gate had said for sequences for which it then said
// something else, in the order in which that came. What stands is in Receipts.
func (r *reader) ReplacedReceipts(ctx context.Context, gate string) ([]Receipt, error) {
	return r.receipts(ctx, replacedReceipts, gate)
}

// A ReceiptKey is the public key with which a gate signs receipts.
type ReceiptKey struct {
	Gate     string
	Verifier string    // as ledger.OpenReceipt reads it; "" if the next that comes is to be trusted
	Since    time.Time // with Gate it identifies the key
	By       string    // Actor.ID of who set it; "" if it was trusted when it first came
}

const (
	saveReceiptKey = `
		INSERT INTO receipt_keys (gate, since, verifier, set_by) VALUES ($1, $2, $3, $4)
		ON CONFLICT (gate, since) DO UPDATE SET verifier = excluded.verifier, set_by = excluded.set_by`
	receiptKeys   = `SELECT gate, since, verifier, set_by FROM receipt_keys `
	receiptKeysOf = receiptKeys + `WHERE gate = $1 ORDER BY since`
	receiptKeyOf  = receiptKeys + `WHERE gate = $1 ORDER BY since DESC LIMIT 1`
)

// SaveReceiptKey keeps k as the newest key of its gate. The keys before it stay.
func (tx *Tx) SaveReceiptKey(ctx context.Context, k ReceiptKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := tx.exec(saveReceiptKey, k.Gate, millis(k.Since), k.Verifier, k.By); err != nil {
		return fmt.Errorf("save receipt key of gate %s: %w", k.Gate, err)
	}
	return nil
}

func (r *reader) receiptKeys(ctx context.Context, text, gate string) (all []ReceiptKey, err error) {
	err = r.each(ctx, text, []any{gate}, func(scan func(...any) error) error {
		var k ReceiptKey
		var since int64
		err := scan(&k.Gate, &since, &k.Verifier, &k.By)
		k.Since = instant(since)
		all = append(all, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read receipt keys of gate %s: %w", gate, err)
	}
	return all, nil
}

// ReceiptKey returns the newest key of a gate; the zero ReceiptKey if there is none.
func (r *reader) ReceiptKey(ctx context.Context, gate string) (ReceiptKey, error) {
	all, err := r.receiptKeys(ctx, receiptKeyOf, gate)
	if err != nil || len(all) == 0 {
		return ReceiptKey{}, err
	}
	return all[0], nil
}

// ReceiptKeys returns all keys that a gate has had, oldest first.
func (r *reader) ReceiptKeys(ctx context.Context, gate string) ([]ReceiptKey, error) {
	return r.receiptKeys(ctx, receiptKeysOf, gate)
}
