package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/hub"
	"gongxin/internal/packages"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A packageLog is the hub's store and snapshots as packages are made from them.
type packageLog struct {
	centre *hub.Hub
	db     *store.DB
	dir    string // of the snapshots
}

// cosigning is how long a package waits for the hub that runs to have its checkpoint
// cosigned, where the hub has witnesses.
const cosigning = 6 * time.Second

// Fresh signs a new checkpoint, and waits a moment for its witnesses.
func (l packageLog) Fresh(ctx context.Context) error {
	if err := l.db.Heartbeat(ctx); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, cosigning)
	defer cancel()
	for {
		wanted := false
		err := l.db.Read(ctx, func(ctx context.Context, v *store.View) error {
			head, err := v.Head(ctx)
			if err != nil {
				return err
			}
			if any, _, err := v.CosignedIn(ctx, 0, head.Size); err != nil || any == 0 {
				return err
			}
			checkpoint, err := v.Checkpoint(ctx)
			if err != nil {
				return err
			}
			lined, err := hub.Lined(ctx, v, head.Size, checkpoint)
			wanted = len(lined) == len(checkpoint)
			return err
		})
		if err != nil || !wanted {
			return err
		}
		t := time.NewTimer(50 * time.Millisecond)
		select {
		case <-t.C:
		case <-waiting.Done():
			t.Stop()
			return ctx.Err() // the package is made without them: it is good for who does not demand them
		}
	}
}

// Snapshot opens the newest, and makes one if there is none.
func (l packageLog) Snapshot(ctx context.Context) (*os.File, uint64, error) {
	pattern := filepath.Join(l.dir, "partner-*.gxs")
	names, err := filepath.Glob(pattern) // sorted, and the sizes in them have 20 digits
	if err == nil && len(names) == 0 {
		if err = l.centre.Snapshot(ctx); err == nil {
			err = l.Fresh(ctx) // the log is longer now, by the event that commits to it
		}
		if err == nil {
			names, err = filepath.Glob(pattern)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if len(names) == 0 {
		return nil, 0, gongxin.Missing("FEED_NO_SNAPSHOT")
	}
	newest := names[len(names)-1]
	digits := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(newest), "partner-"), ".gxs")
	size, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return nil, 0, fmt.Errorf("size of the snapshot %s: %w", newest, err)
	}
	f, err := os.Open(newest)
	return f, size, err
}

// ReceiptKey implements packages.Log.
func (l packageLog) ReceiptKey(ctx context.Context, gate string) (key string, err error) {
	err = l.db.Read(ctx, func(ctx context.Context, v *store.View) error {
		k, err := v.ReceiptKey(ctx, gate)
		key = k.Verifier
		return err
	})
	return key, err
}

// KeepReceiptKey implements packages.Log.
func (l packageLog) KeepReceiptKey(ctx context.Context, gate, key string) error {
	return l.centre.KeepGateKey(ctx, gate, key, "package")
}

func (l packageLog) Read(ctx context.Context, f func(context.Context, packages.View) error) error {
	return l.db.Read(ctx, func(ctx context.Context, v *store.View) error { return f(ctx, packageView{v}) })
}

// A packageView is a view of the store for departments.
type packageView struct{ *store.View }

func (v packageView) HeadAt(ctx context.Context, size uint64) (ledger.Head, bool, error) {
	checkpoint, err := v.CheckpointAt(ctx, size)
	if err != nil || checkpoint == nil {
		return ledger.Head{}, false, err
	}
	_, head, _, err := ledger.ReadHead(checkpoint) // the hub's own; the key may have been another one then
	return head, err == nil, err
}

// Checkpoint is the newest, with the lines of witnesses if they have cosigned it.
func (v packageView) Checkpoint(ctx context.Context) ([]byte, error) {
	head, err := v.Head(ctx)
	if err != nil {
		return nil, err
	}
	checkpoint, err := v.View.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	return hub.Lined(ctx, v.View, head.Size, checkpoint)
}

// Changes end where witnesses have cosigned, where they have.
func (v packageView) Changes(ctx context.Context, after uint64, limit int) ([]feed.Record, []byte, error) {
	records, checkpoint, err := v.View.Changes(ctx, gongxin.AudiencePartner, after, limit)
	all := make([]feed.Record, len(records))
	for i, r := range records {
		all[i] = feed.Record(r)
	}
	if err != nil {
		return nil, nil, err
	}
	size, cosigned, err := v.CosignedIn(ctx, after, after+uint64(len(all)))
	if err == nil && size > 0 {
		all, checkpoint = all[:size-after], cosigned
	}
	return all, checkpoint, err
}

func (v packageView) InForce(ctx context.Context, f func(uint64, feed.Record) error) error {
	return v.View.InForce(ctx, gongxin.AudiencePartner, func(sequence uint64, r store.Record) error { return f(sequence, feed.Record(r)) })
}

func (v packageView) Entry(ctx context.Context, id gongxin.ListingID) (gongxin.Entry, bool, error) {
	l, err := v.Listing(ctx, id)
	switch gongxin.CodeOf(err) {
	case "LISTING_ERASED", "UNKNOWN_LISTING":
		return gongxin.Entry{}, false, nil
	}
	return l.Entry, err == nil, err
}
