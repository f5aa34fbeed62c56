package store

import (
	"context"
	"database/sql"
	"fmt"
)

const (
	saveCosigned = `
		INSERT INTO cosigned (size, checkpoint) VALUES ($1, $2)
		ON CONFLICT (size) DO UPDATE SET checkpoint = excluded.checkpoint`
	lastCosigned = `SELECT size, checkpoint FROM cosigned WHERE size > $1 AND size <= $2 ORDER BY size DESC LIMIT 1`
)

// SaveCosigned keeps a checkpoint of size with the lines of its witnesses, in place
// of an earlier one of that size. Nothing is verified here.
func (tx *Tx) SaveCosigned(ctx context.Context, size uint64, checkpoint []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := tx.exec(saveCosigned, int64(size), checkpoint); err != nil {
		return fmt.Errorf("save cosigned checkpoint %d: %w", size, err)
	}
	return nil
}

// CosignedIn returns the last cosigned checkpoint of a size after one and up to
// another; size is 0 and checkpoint nil if there is none.
func (v *View) CosignedIn(ctx context.Context, after, to uint64) (size uint64, checkpoint []byte, err error) {
	err = v.s.row(ctx, lastCosigned, []any{int64(after), int64(to)}, &size, &checkpoint)
	if err != nil && err != sql.ErrNoRows {
		return 0, nil, fmt.Errorf("read cosigned checkpoint after %d: %w", after, err)
	}
	return size, checkpoint, nil
}

// Cosigned returns the newest cosigned checkpoint of a log of size; nil if there is none.
func (v *View) Cosigned(ctx context.Context, size uint64) ([]byte, error) {
	if size == 0 {
		return nil, nil // the empty log needs no witness: nothing can be hidden in it
	}
	_, checkpoint, err := v.CosignedIn(ctx, size-1, size)
	return checkpoint, err
}
