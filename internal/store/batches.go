package store

import (
	"context"
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

// SaveBatch keeps b, by its ID. Of one that is kept already only what was decided
// and Applied change; the caller has read it in the same transaction.
func (tx *Tx) SaveBatch(ctx context.Context, b Batch) error { panic("not built yet") }

// Batch returns the batch with that ID. Error: BATCH_UNKNOWN.
func (r *reader) Batch(ctx context.Context, id string) (Batch, error) { panic("not built yet") }

// Batches returns up to limit batches: those that wait for a decision first, then
// those that wait to be carried out, then the newest first.
func (v *View) Batches(ctx context.Context, limit int) ([]Batch, error) { panic("not built yet") }
