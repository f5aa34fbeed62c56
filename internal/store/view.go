package store

import (
	"context"
	"fmt"

	"gongxin"
	"gongxin/internal/access"
)

// A View reads at one moment. It belongs to one goroutine and ends with the
// function that it was given to.
type View struct{ reader }

// Read runs f with a view of one committed moment; nothing that is committed
// meanwhile shows in it.
func (db *DB) Read(ctx context.Context, f func(context.Context, *View) error) (err error) {
	s, err := db.beginReading(ctx)
	if err != nil {
		return err
	}
	whole := false // the session can serve again
	defer func() { err = join(err, db.readers.give(s, !whole)) }()
	// A transaction that cannot even end is given up with its connection; what went
	// wrong, f's error tells.
	defer func() { whole = s.rollback() == nil }()
	h, err := readHead(ctx, s, "")
	if err != nil {
		return err
	}
	return f(ctx, &View{reader{db: db, s: s, h: h}})
}

// beginReading returns a session in a transaction. A connection that was lost
// while nobody used it is made anew, and so are the others that wait beside it.
func (db *DB) beginReading(ctx context.Context) (*session, error) {
	for {
		s, used, err := db.readers.take(ctx, db.pool)
		if err != nil {
			return nil, err
		}
		if _, err = s.exec(ctx, db.engine.beginRead); err == nil {
			return s, nil
		}
		err = join(fmt.Errorf("begin reading: %w", err), db.readers.give(s, true))
		if !used || ctx.Err() != nil {
			return nil, err
		}
		if err := db.readers.drop(); err != nil {
			return nil, err
		}
	}
}

// Token returns the token whose secret has that SHA-256, as it is at this moment.
// Every request of a follower asks for one, so it is a single statement and no
// transaction. Error: TOKEN_UNKNOWN.
func (db *DB) Token(ctx context.Context, hash [32]byte) (t access.Token, err error) {
	for {
		s, used, err := db.readers.take(ctx, db.pool)
		if err != nil {
			return t, err
		}
		t, err = (&reader{db: db, s: s}).TokenByHash(ctx, hash)
		whole := err == nil || gongxin.CodeOf(err) == "TOKEN_UNKNOWN"
		err = join(err, db.readers.give(s, !whole))
		if whole || !used || ctx.Err() != nil {
			return t, err
		}
		if err := db.readers.drop(); err != nil { // lost while nobody used it, and so the others beside it
			return t, err
		}
	}
}
