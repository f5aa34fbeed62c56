package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/store"
)

const (
	retentionRule = "retention" // of policy
	eraseBatch    = 200         // listings in one transaction
	eraseMost     = 20_000      // listings in one run, so that it does not keep others waiting for long
)

// erase destroys the personal data of listings that ended longer ago than the
// retention term, and the files that still hold them. It catches up after downtime.
// Nothing of whom it erases is logged, only how many.
func (h *Hub) erase(ctx context.Context) error {
	today := gongxin.DayOf(h.Now())
	rule, err := h.Policy.Rule(retentionRule, today)
	if gongxin.CodeOf(err) == "POLICY_RULE_UNKNOWN" {
		return nil // nothing says after how long
	}
	if err != nil {
		return err
	}
	before, err := retainedFrom(today, rule.Count, rule.Unit)
	if err != nil {
		return err
	}
	erased := 0
	for erased < eraseMost {
		var ended []gongxin.ListingID
		err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
			ended, err = v.EndedBefore(ctx, before, eraseBatch)
			return err
		})
		if err != nil {
			return err
		}
		if len(ended) == 0 {
			break
		}
		at := gongxin.Millis(h.Now())
		err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, id := range ended {
				if err := tx.Erase(ctx, id, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("erase listings that ended before %s: %w", before, err)
		}
		erased += len(ended)
	}
	if erased > 0 {
		h.Log.InfoContext(ctx, "personal data erased after the retention term", "listings", erased, "ended_before", before)
		if err := h.Store.Settle(ctx); err != nil {
			return err
		}
	}
	return h.prune(ctx)
}

// retainedFrom returns the first day of an exit whose retention term of n units is not
// over on today.
func retainedFrom(today gongxin.Day, n int, unit calendar.Unit) (gongxin.Day, error) {
	from := today
	for _, step := range []int{-31, 1} { // well before, then day by day
		for {
			end, err := calendar.End(from, n, unit)
			if err != nil {
				return 0, fmt.Errorf("retention: %w", err)
			}
			if over := end < today; over == (step < 0) {
				break
			}
			from = from.Add(step)
		}
	}
	return from, nil
}

// prune makes a snapshot if none is as new as what was erased last, and removes the
// files that still hold that: older snapshots, and changes that nobody needs. A
// follower of the directory that is behind those takes the snapshot.
func (h *Hub) prune(ctx context.Context) error {
	var erased uint64
	err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		erased, err = v.LastErased(ctx)
		return err
	})
	if err != nil {
		return err
	}
	_, newest, err := h.newestSnapshot()
	if err != nil {
		return err
	}
	if erased > newest {
		if err := h.Snapshot(ctx); err != nil {
			return err
		}
		if _, newest, err = h.newestSnapshot(); err != nil {
			return err
		}
	}
	removed, err := removeFiles(filepath.Join(h.Dir, snapshotDir), func(name string) bool {
		size, ok := sizeIn(name, snapshotPrefix, snapshotSuffix)
		return ok && size < erased
	})
	if err == nil && h.PublishDir != "" {
		var more int
		more, err = h.prunePublished(erased, newest)
		removed += more
	}
	if removed > 0 {
		h.Log.InfoContext(ctx, "old files removed", "files", removed)
	}
	return err
}

// The names in a published directory (docs/feed.md).
const (
	publishedSnapshot = "snapshot-"
	publishedChanges  = "changes"
	changesSuffix     = ".gxc"
)

// prunePublished removes from the published directory what holds erased bodies, and
// changes that every snapshot there has taken in.
func (h *Hub) prunePublished(erased, newest uint64) (removed int, err error) {
	removed, err = removeFiles(h.PublishDir, func(name string) bool {
		size, ok := sizeIn(name, publishedSnapshot, snapshotSuffix)
		return ok && size < erased && newest >= erased
	})
	if err != nil {
		return removed, err
	}
	files, err := os.ReadDir(h.PublishDir)
	if errors.Is(err, fs.ErrNotExist) {
		return removed, nil
	}
	if err != nil {
		return removed, fmt.Errorf("list the published directory: %w", err)
	}
	oldest, newest := uint64(0), uint64(0) // of the snapshots that are there
	for _, f := range files {
		if size, ok := sizeIn(f.Name(), publishedSnapshot, snapshotSuffix); ok {
			if oldest == 0 || size < oldest {
				oldest = size
			}
			newest = max(newest, size)
		}
	}
	more, err := removeFiles(filepath.Join(h.PublishDir, publishedChanges), func(name string) bool {
		first, last, _ := strings.Cut(strings.TrimSuffix(name, changesSuffix), "-")
		after, err1 := strconv.ParseUint(first, 10, 63)
		size, err2 := strconv.ParseUint(last, 10, 63)
		return err1 == nil && err2 == nil && strings.HasSuffix(name, changesSuffix) && (size <= oldest || after < erased && size <= newest)
	})
	return removed + more, err
}

// sizeIn reads the size in the name of a file.
func sizeIn(name, prefix, suffix string) (uint64, bool) {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, suffix), prefix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && strings.HasSuffix(name, suffix)
}

// removeFiles removes the files of dir whose names are chosen, and returns how many.
func removeFiles(dir string, chosen func(name string) bool) (removed int, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("list %s: %w", dir, err)
	}
	for _, f := range files {
		if !chosen(f.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fmt.Errorf("remove an old file: %w", err)
		}
		removed++
	}
	return removed, nil
}
