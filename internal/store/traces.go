package store

import (
	"context"
	"time"

	"gongxin/internal/access"
)

// Disclose records that a full identifier was seen or used.
func (tx *Tx) Disclose(ctx context.Context, d access.Disclosure) error { panic("not built yet") }

// Disclosures returns up to limit of them from one instant until before another,
// in the order of time.
func (v *View) Disclosures(ctx context.Context, from, before time.Time, limit int) ([]access.Disclosure, error) {
	panic("not built yet")
}

// Refuse records an attempt that was turned away. What was turned away is undone,
// so this is to be written in a share of its own.
func (tx *Tx) Refuse(ctx context.Context, f access.Refusal) error { panic("not built yet") }

// Refusals returns up to limit of them from one instant until before another, in
// the order of time.
func (v *View) Refusals(ctx context.Context, from, before time.Time, limit int) ([]access.Refusal, error) {
	panic("not built yet")
}
