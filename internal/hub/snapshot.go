package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A snapshot file is named partner-<size>.gxs. It gets that name only after the
// ledger holds its hash, so a file with a name is one that a gate can verify.
const (
	snapshotDir    = "snapshots"
	snapshotPrefix = "partner-"
	snapshotSuffix = ".gxs"
	keepSnapshots  = 2 // the newest, and one that somebody may be reading
)

// newestSnapshot returns path and size of the newest snapshot; "" if there is none.
func (h *Hub) newestSnapshot() (path string, size uint64, err error) {
	all, err := h.snapshots()
	if err != nil || len(all) == 0 {
		return "", 0, err
	}
	size = all[len(all)-1]
	return h.snapshotPath(size), size, nil
}

func (h *Hub) snapshotPath(size uint64) string {
	return filepath.Join(h.Dir, snapshotDir, fmt.Sprintf("%s%020d%s", snapshotPrefix, size, snapshotSuffix))
}

// snapshots returns the sizes of the snapshots that are there, oldest first.
func (h *Hub) snapshots() ([]uint64, error) {
	files, err := os.ReadDir(filepath.Join(h.Dir, snapshotDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var sizes []uint64
	for _, f := range files {
		name, ok := strings.CutPrefix(strings.TrimSuffix(f.Name(), snapshotSuffix), snapshotPrefix)
		if n, err := strconv.ParseUint(name, 10, 64); ok && err == nil && strings.HasSuffix(f.Name(), snapshotSuffix) {
			sizes = append(sizes, n)
		}
	}
	sort.Slice(sizes, func(i, j int) bool { return sizes[i] < sizes[j] })
	return sizes, nil
}

// makeSnapshot writes a snapshot of the list in force if enough has happened
// since the last, commits its hash to the ledger, and only then offers it.
func (h *Hub) makeSnapshot(ctx context.Context) error {
	_, last, err := h.newestSnapshot()
	if err != nil {
		return err
	}
	head, err := h.head(ctx)
	if err != nil || head.Size < last+h.SnapshotAge {
		return err
	}
	return h.Snapshot(ctx)
}

// Snapshot makes a snapshot now.
func (h *Hub) Snapshot(ctx context.Context) error {
	dir := filepath.Join(h.Dir, snapshotDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make snapshot: %w", err)
	}
	f, err := os.CreateTemp(dir, "making-*")
	if err != nil {
		return fmt.Errorf("make snapshot: %w", err)
	}
	defer os.Remove(f.Name()) // fails once it is renamed, as it should
	size, hash, err := h.writeSnapshot(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("make snapshot: %w", err)
	}
	var commitments [ledger.Slots]ledger.Hash
	commitments[gongxin.AudiencePartner] = hash
	if err := h.Store.Mark(ctx, gongxin.SnapshotMade, commitments); err != nil {
		return fmt.Errorf("commit snapshot of %d: %w", size, err)
	}
	if err := durable.Rename(f.Name(), h.snapshotPath(size)); err != nil {
		return fmt.Errorf("offer snapshot of %d: %w", size, err)
	}
	h.Log.InfoContext(ctx, "snapshot made", "sequence", size)
	if err := h.publishSnapshot(size); err != nil {
		return err
	}
	return h.dropOldSnapshots()
}

// publishSnapshot copies the snapshot of size to those who follow a directory.
func (h *Hub) publishSnapshot(size uint64) error {
	if h.PublishDir == "" {
		return nil
	}
	f, err := os.Open(h.snapshotPath(size))
	if err != nil {
		return fmt.Errorf("publish snapshot: %w", err)
	}
	defer f.Close()
	return feed.PublishSnapshot(h.PublishDir, size, f)
}

func (h *Hub) writeSnapshot(ctx context.Context, f *os.File) (size uint64, hash ledger.Hash, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		head, err := v.Head(ctx)
		if err != nil {
			return err
		}
		size = head.Size
		tree, err := v.Tree(ctx)
		if err != nil {
			return err
		}
		checkpoint, err := v.Checkpoint(ctx)
		if err != nil {
			return err
		}
		w, err := feed.NewSnapshotWriter(f, gongxin.AudiencePartner, tree, checkpoint)
		if err != nil {
			return err
		}
		err = v.InForce(ctx, gongxin.AudiencePartner, func(sequence uint64, r store.Record) error {
			return w.Add(sequence, feed.Record(r))
		})
		if err != nil {
			return err
		}
		hash, err = w.Close()
		return err
	})
	return size, hash, err
}

func (h *Hub) dropOldSnapshots() error {
	sizes, err := h.snapshots()
	if err != nil {
		return err
	}
	for len(sizes) > keepSnapshots {
		if err := os.Remove(h.snapshotPath(sizes[0])); err != nil {
			return fmt.Errorf("drop an old snapshot: %w", err)
		}
		sizes = sizes[1:]
	}
	return nil
}

// publish writes the partner feed as files for departments that follow a
// directory, and goes on with every change.
func (h *Hub) publish(ctx context.Context) error {
	after, err := feed.Published(h.PublishDir)
	if err != nil {
		return fmt.Errorf("publish into %s: %w", h.PublishDir, err)
	}
	for ctx.Err() == nil {
		c, err := h.changesForFiles(ctx, after)
		if err == nil {
			err = feed.Publish(h.PublishDir, c)
		}
		if err != nil {
			if ctx.Err() == nil {
				h.Log.ErrorContext(ctx, "publishing failed", "dir", h.PublishDir, "err", err)
			}
		} else {
			after += uint64(len(c.Records))
		}
		wait, cancel := context.WithTimeout(ctx, h.Heartbeat)
		_, _ = h.Store.Wait(wait, after) // woken by a change, or by the time for a new checkpoint
		cancel()
	}
	return nil
}
