package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/audit"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// openThere opens the store of a hub that is there already, and makes nothing.
func (h home) openThere(ctx context.Context) (*store.DB, *ledger.Signer, error) {
	url := h.db
	if url == "" {
		url = h.path("gongxin.db")
	}
	for _, name := range []string{h.path("hub.key"), h.path("blind.key"), url} {
		if !exists(name) && !strings.Contains(name, "://") {
			return nil, nil, usage("--data %s: there is no %s", h.dir, name)
		}
	}
	signer, blind, err := h.keys()
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, url, store.Options{Sign: signer.Sign, BlindKey: blind})
	return db, signer, err
}

// publicKeys returns the keys of the hub that its own directory knows, older ones too.
func (h home) publicKeys() ([]*ledger.Verifier, error) {
	paths := []string{h.path("hub.pub")}
	if exists(h.path(oldKeys)) {
		paths = append(paths, h.path(oldKeys))
	}
	keys, err := verifiers(paths)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"hub.key", oldKey} {
		if !exists(h.path(name)) {
			continue
		}
		key, err := h.verifierOf(name)
		if err != nil {
			return nil, err
		}
		v, err := ledger.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", h.path(name), err)
		}
		keys = append(keys, v)
	}
	return keys, nil
}

// newestSnapshot returns the newest snapshot of the hub; nil if it has none.
func (h home) newestSnapshot() (*audit.Snapshot, error) {
	const prefix, suffix = "partner-", ".gxs"
	paths, err := filepath.Glob(h.path(filepath.Join("snapshots", prefix+"*"+suffix)))
	if err != nil || len(paths) == 0 {
		return nil, err
	}
	sort.Strings(paths)
	path := paths[len(paths)-1]
	size, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), prefix), suffix), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the name of a snapshot: %w", err)
	}
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	return &audit.Snapshot{Size: size, Audience: gongxin.AudiencePartner, Open: open}, nil
}

// kept gives a store to an auditor, at one moment of it. It is audit.Log,
// audit.Beside and audit.Source.
type kept struct{ v *store.View }

func (k kept) Checkpoint(ctx context.Context) ([]byte, error) { return k.v.Checkpoint(ctx) }

func (k kept) Entries(ctx context.Context, index uint64, width int) ([]byte, error) {
	return k.v.Entries(ctx, index, width)
}

func (k kept) Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error) {
	return k.v.Tile(ctx, level, index, width)
}

func (k kept) Checkpoints(ctx context.Context, after, to uint64) (map[uint64][]byte, error) {
	return k.v.CheckpointsIn(ctx, after, to)
}

func (k kept) Receipts(ctx context.Context, after, to uint64) ([]audit.Receipt, error) {
	all, err := k.v.Receipts(ctx, after, to)
	return receipts(all), err
}

func (k kept) ReceiptsAround(ctx context.Context, gate string, at time.Time) ([]audit.Receipt, error) {
	all, err := k.v.ReceiptsAround(ctx, gate, at)
	return receipts(all), err
}

func receipts(all []store.Receipt) []audit.Receipt {
	out := make([]audit.Receipt, len(all))
	for i, r := range all {
		out[i] = audit.Receipt{Gate: r.Gate, Sequence: r.Sequence, Applied: r.At, Count: r.Count, Digest: r.Digest, Note: r.Note}
	}
	return out
}

func (k kept) ReceiptKeys(ctx context.Context, gate string) ([]string, error) {
	all, err := k.v.ReceiptKeys(ctx, gate)
	var keys []string
	for _, key := range all {
		keys = append(keys, key.Verifier)
	}
	return keys, err
}

func (k kept) Notice(ctx context.Context, sequence uint64) (salt, body []byte, err error) {
	records, _, err := k.v.Changes(ctx, gongxin.AudiencePublic, sequence-1, 1)
	if err == nil && len(records) == 0 {
		err = errors.New("no such event")
	}
	if err != nil {
		return nil, nil, err
	}
	return records[0].Salt, records[0].Body, nil
}

func (k kept) Examine(ctx context.Context, done func(uint64), tell func(audit.Finding)) (audit.Examined, error) {
	seen, err := k.v.Examine(ctx, done, func(f store.Flaw) error {
		tell(audit.Finding{Code: f.What.Code, Sequence: f.Sequence, What: f.What.What()})
		return nil
	})
	return audit.Examined{
		Opened: seen.Opened, Erased: seen.Erased, Listings: seen.Listings, ErasedListings: seen.ErasedListings,
		Documents: seen.Documents, Evidence: seen.Evidence,
	}, err
}

func (k kept) History(ctx context.Context, id gongxin.ListingID) ([]audit.Past, error) {
	all, err := k.v.History(ctx, id)
	out := make([]audit.Past, len(all))
	for i, p := range all {
		out[i] = audit.Past(p)
	}
	return out, err
}
