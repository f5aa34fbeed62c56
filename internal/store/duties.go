package store

import (
	"context"

	"gongxin"
)

// Duties implements register.Journal.
func (tx *Tx) Duties(ctx context.Context, id gongxin.ListingID) ([]gongxin.Duty, error) {
	panic("not built yet")
}

// PutDuty implements register.Journal.
func (tx *Tx) PutDuty(ctx context.Context, d gongxin.Duty) error { panic("not built yet") }

// NextDocument implements register.Journal.
func (tx *Tx) NextDocument(ctx context.Context, caseKey string) (int, error) {
	panic("not built yet")
}

// KeepDocument implements register.Journal.
func (tx *Tx) KeepDocument(ctx context.Context, d gongxin.Document) error { panic("not built yet") }
