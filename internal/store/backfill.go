package store

import "context"

// SQLite copies the write-ahead log back into the database file by checkpoints of
// its own (not to be taken for the ledger's signed ones). Left to itself it does
// so inside a commit, and whoever writes waits for the copying and for the disk.
// Here a goroutine with a connection of its own copies while the writer goes on.
// The writer's own checkpoint stays as the last resort (wal_autocheckpoint): it
// finds little left to do, and lets the log begin anew.
const backfillEvents = 4096 // committed since the last look, some 8 MiB of log

// backfill copies the log back whenever there is much of it, until ctx ends.
func (db *DB) backfill(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.grown:
		}
		// PASSIVE never waits for readers or for the writer, and does what can be done.
		if _, err := db.back.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil && ctx.Err() == nil {
			db.log.WarnContext(ctx, "copying the write-ahead log back failed", "err", err)
		}
	}
}

// growing notes that n events were committed; called by the writer alone.
func (db *DB) growing(n int) {
	if db.appended += n; db.appended < backfillEvents {
		return
	}
	db.appended = 0
	select {
	case db.grown <- struct{}{}:
	default: // it is being copied already
	}
}
