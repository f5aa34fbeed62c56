// Package audit verifies a log from the outside: by its public files alone, and
// with what a hub keeps beside it. It trusts neither; all it is given is a key.
//
//	entries ──▶ leaves ──▶ tree ─────────▶ = root that was signed, tiles
//	               │  └──▶ set in force ─▶ = count and digest at every checkpoint
//	               │            └────────▶ = snapshot, receipts at their sequence
//	bodies ──commitments, steps, fold ───▶ = listings, papers           (package store)
//
// A Proof is the part of it that one question needs, as a file that is verified
// years later with nothing else. Nothing here writes, asks a clock, or keeps
// anything; what it needs of a store or a hub it says as small interfaces.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Log is what anybody can read of a log (C2SP tlog-tiles). It is asked by one
// goroutine.
type Log interface {
	Checkpoint(ctx context.Context) ([]byte, error)
	// Entries returns the bundle index with its first width entries.
	Entries(ctx context.Context, index uint64, width int) ([]byte, error)
	// Tile returns the first width hashes of a tile.
	Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error)
}

// Beside is what a hub keeps beside the log, at the moment of the log's newest
// checkpoint.
type Beside interface {
	// Checkpoints returns those that are kept for the sizes after one up to another.
	Checkpoints(ctx context.Context, after, to uint64) (map[uint64][]byte, error)
	// Receipts returns those for the sequences after one up to another, in order.
	Receipts(ctx context.Context, after, to uint64) ([]Receipt, error)
	// ReceiptKeys returns all public keys that a gate has had.
	ReceiptKeys(ctx context.Context, gate string) ([]string, error)
	// Notice returns salt and body, as the public gets it, of an event of the log itself.
	Notice(ctx context.Context, sequence uint64) (salt, body []byte, err error)
	// Examine compares all that is kept with the log, gives each flaw to tell, and
	// says to done how many events are behind.
	Examine(ctx context.Context, done func(events uint64), tell func(Finding)) (Examined, error)
}

// A Receipt is what the hub keeps of a gate's word.
type Receipt struct {
	Gate     string
	Sequence uint64
	Applied  time.Time
	Count    uint64
	Digest   ledger.Digest
	Note     []byte // as the gate signed it; nil if it did not
}

// A Snapshot is the newest file from which gates begin.
type Snapshot struct {
	Size     uint64 // the log's, when it was made
	Audience gongxin.Audience
	Open     func() (io.ReadCloser, error)
}

// An Audit is one run. Beside, Snapshot and Previous may be missing.
type Audit struct {
	Log      Log
	Keys     []*ledger.Verifier // of the hub; one is enough while none was announced in the log
	Beside   Beside
	Snapshot *Snapshot
	Previous *Report                          // of the same log, earlier: the log must be its continuation
	Progress func(stage string, n, of uint64) // told how many events are behind; may be nil
}

// The stages that Progress is told.
const (
	StageLog    = "log"
	StageBeside = "beside"
)

// Run carries the audit out. What is wrong with the log stands in the report;
// an error says that the audit could not be done.
func (a Audit) Run(ctx context.Context) (*Report, error) {
	if len(a.Keys) == 0 {
		return nil, errors.New("audit: no key was given")
	}
	if a.Progress == nil {
		a.Progress = func(string, uint64, uint64) {}
	}
	checkpoint, err := a.Log.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: read the checkpoint: %w", err)
	}
	r := &Report{Form: reportForm, Origin: a.Keys[0].Origin(), Checkpoint: string(checkpoint), Scope: ScopeLog}
	p := replay{Audit: a, ctx: ctx, report: r, keys: newKeyring(a.Keys), held: map[[16]byte]held{}, edge: map[int][]byte{}}
	head, _, err := p.keys.open(checkpoint)
	switch {
	case errors.Is(err, ledger.ErrKey) && a.Beside != nil:
		// Perhaps by a key that the log announces; the replay will know.
		if head, err = headOf(checkpoint); err != nil {
			return nil, gongxin.Invalid("AUDIT_NO_CHECKPOINT", err)
		}
	case err != nil:
		return nil, gongxin.Invalid("AUDIT_NO_CHECKPOINT", err)
	}
	r.Size = head.Size
	p.head, p.last = head, checkpoint
	if err := p.past(); err != nil {
		return nil, err
	}
	if err := p.run(); err != nil {
		return nil, err
	}
	if head, _, err := p.keys.open(checkpoint); err == nil {
		r.Root, r.At, r.InForce, r.Digest = head.Root.String(), head.At, head.Count, head.Digest.String()
	}
	if a.Beside != nil {
		r.Scope = ScopeHub
		examined, err := a.Beside.Examine(ctx, func(n uint64) { a.Progress(StageBeside, n, head.Size) }, r.find)
		if err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		r.Examined = examined
		if examined.Erased > 0 {
			r.remark(0, "AUDIT_ERASED", examined.ErasedListings, examined.Erased)
		}
	} else {
		r.remark(0, "AUDIT_LOG_ALONE")
	}
	r.conclude()
	return r, nil
}

// A keyring knows by which keys checkpoints may be signed, and at which size.
type keyring struct {
	keys    []*ledger.Verifier
	current string // the one that signs; "" until the first checkpoint was seen
	next    string // announced, and may sign from now on; "" if none
}

func newKeyring(keys []*ledger.Verifier) *keyring { return &keyring{keys: keys} }

// open returns what a checkpoint says and the key by which it was signed.
func (k *keyring) open(checkpoint []byte) (ledger.Head, string, error) {
	own, err := ledger.Own(checkpoint)
	if err != nil {
		return ledger.Head{}, "", err
	}
	var head ledger.Head
	for _, v := range k.keys {
		if head, err = v.Open(own); err == nil {
			return head, v.Key(), nil
		}
	}
	return head, "", err
}

// announce adds a key that the log has announced. To announce the current one takes
// back what was announced before.
func (k *keyring) announce(v *ledger.Verifier) {
	if k.next = v.Key(); k.next == k.current {
		k.next = ""
	}
	for _, known := range k.keys {
		if known.Key() == v.Key() {
			return
		}
	}
	k.keys = append(k.keys, v)
}

// signed notes that key signed a later checkpoint, and tells whether it may have: the
// first may be by any that was given, then the announced one takes over for good.
func (k *keyring) signed(key string) bool {
	if k.current == "" || key == k.next {
		k.current, k.next = key, ""
	}
	return key == k.current
}
