package hub

import (
	"context"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/register"
	"gongxin/internal/store"
)

// NewWriter lets the register write through db: store.Tx does what a
// register.Journal asks, in the store's own words.
func NewWriter(db *store.DB) register.Writer { return writer{db} }

type writer struct{ db *store.DB }

func (w writer) Write(ctx context.Context, f func(ctx context.Context, j register.Journal) error) error {
	return w.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return f(ctx, journal{tx}) })
}

type journal struct{ *store.Tx }

func (j journal) Find(ctx context.Context, keys []gongxin.ListingKey) ([]register.Found, error) {
	rows, err := j.Tx.Find(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make([]register.Found, len(rows))
	for i, r := range rows {
		found[i] = register.Found(r)
	}
	return found, nil
}

func (j journal) InCase(ctx context.Context, caseKey string, subject identity.Number) (register.Found, int, error) {
	r, n, err := j.Tx.InCase(ctx, caseKey, subject)
	return register.Found(r), n, err
}
