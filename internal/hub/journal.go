package hub

import (
	"context"

	"gongxin/internal/register"
	"gongxin/internal/store"
)

// NewWriter lets the register write through db: a store.Tx is a register.Journal.
func NewWriter(db *store.DB) register.Writer { return writer{db} }

type writer struct{ db *store.DB }

func (w writer) Write(ctx context.Context, f func(ctx context.Context, j register.Journal) error) error {
	return w.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return f(ctx, tx) })
}
