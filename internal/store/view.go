package store

import (
	"context"
	"fmt"
)

// A View reads at one moment. It belongs to one goroutine and ends with the
// function that it was given to.
type View struct{ reader }

// Read runs f with a view of one committed moment; nothing that is committed
// meanwhile shows in it.
func (db *DB) Read(ctx context.Context, f func(context.Context, *View) error) (err error) {
	s, err := db.readers.take(ctx, db.pool)
	if err != nil {
		return err
	}
	whole := false // the session can serve again
	defer func() { err = join(err, db.readers.give(s, !whole)) }()
	if _, err := s.exec(ctx, db.engine.beginRead); err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	// A transaction that cannot even end is given up with its connection; what went
	// wrong, f's error tells.
	defer func() { whole = s.rollback() == nil }()
	h, err := readHead(ctx, s, "")
	if err != nil {
		return err
	}
	return f(ctx, &View{reader{db, s, h}})
}
