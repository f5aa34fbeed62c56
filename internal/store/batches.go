package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin"
)

// A Batch is a court's file that was held for a second person's approval, because
// it would change the list by an abnormal share or count.
type Batch struct {
	ID           string
	Name         string // of the file, as the court gave it
	ContentType  string
	File         string   // name in the hub's own directory, where it waits
	Hash         [32]byte // SHA-256 of it
	By           string   // Actor.ID of who submitted it
	Role         gongxin.Role
	Court        gongxin.CourtCode // zero for a submitter for all courts
	Organisation string
	Reason       string // SURGE or DROP
	Listings     int    // that it would put in force
	Withdrawals  int    // that it would end
	InForce      uint64 // when it came
	At           time.Time
	Decided      time.Time // zero while it waits
	DecidedBy    string    // Actor.ID
	Outcome      string    // "", Approved or Refused
	Note         string    // reasons of a refusal
	Applied      time.Time // zero until an approved one was carried out
}

// The outcomes of a batch.
const (
	Approved = "approved"
	Refused  = "refused"
)

const (
	saveBatch = `
		INSERT INTO batches (id, name, content_type, file, hash, submitted_by, role, court, organisation, reason,
			listings, withdrawals, in_force, at, decided, decided_by, outcome, note, applied)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (id) DO UPDATE SET decided = excluded.decided, decided_by = excluded.decided_by,
			outcome = excluded.outcome, note = excluded.note, applied = excluded.applied`
	batchColumns = `
		SELECT id, name, content_type, file, hash, submitted_by, role, court, organisation, reason,
			listings, withdrawals, in_force, at, decided, decided_by, outcome, note, applied FROM batches `
	getBatch   = batchColumns + `WHERE id = $1`
	getBatches = batchColumns + `
		ORDER BY CASE WHEN outcome = '' THEN 0 WHEN outcome = 'approved' AND applied = 0 THEN 1 ELSE 2 END, at DESC, id LIMIT $1`
)

// SaveBatch keeps b, by its ID. Of one that is kept already only what was decided
// and Applied change; the caller has read it in the same transaction.
func (tx *Tx) SaveBatch(ctx context.Context, b Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveBatch, b.ID, b.Name, b.ContentType, b.File, b.Hash[:], b.By, string(b.Role), b.Court.String(), b.Organisation, b.Reason,
		int64(b.Listings), int64(b.Withdrawals), int64(b.InForce), millis(b.At), millis(b.Decided), b.DecidedBy, b.Outcome, wordsValue(b.Note), millis(b.Applied))
	if err != nil {
		return fmt.Errorf("save batch %s: %w", b.ID, err)
	}
	return nil
}

func (r *reader) batches(ctx context.Context, text string, args ...any) (all []Batch, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		var b Batch
		var hash []byte
		var court string
		var at, decided, applied int64
		var note sql.NullString
		err := scan(&b.ID, &b.Name, &b.ContentType, &b.File, &hash, &b.By, &b.Role, &court, &b.Organisation, &b.Reason,
			&b.Listings, &b.Withdrawals, &b.InForce, &at, &decided, &b.DecidedBy, &b.Outcome, &note, &applied)
		if err != nil {
			return err
		}
		copy(b.Hash[:], hash)
		b.At, b.Decided, b.Applied, b.Note = instant(at), instant(decided), instant(applied), note.String
		if b.Court, err = courtCode(court); err != nil {
			return &unreadable{fmt.Errorf("batch %s: %w", b.ID, err)}
		}
		all = append(all, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read batches: %w", err)
	}
	return all, nil
}

// Batch returns the batch with that ID. Error: BATCH_UNKNOWN.
func (r *reader) Batch(ctx context.Context, id string) (Batch, error) {
	found, err := r.batches(ctx, getBatch, id)
	if err != nil {
		return Batch{}, err
	}
	if len(found) == 0 {
		return Batch{}, gongxin.Missing("BATCH_UNKNOWN", id)
	}
	return found[0], nil
}

// Batches returns up to limit batches: those that wait for a decision first, then
// those that wait to be carried out, then the newest first.
func (v *View) Batches(ctx context.Context, limit int) ([]Batch, error) {
	return v.batches(ctx, getBatches, limit)
}
