package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/ledger"
)

// A directory holds the feed as files, for a department that is reached by a
// shared disk, a static web server or a carried medium:
//
//	changes/<after, 20 digits>-<size>.gxc   immutable; any file may be cached for ever
//	checkpoint                              the newest one
//	snapshot-<size, 20 digits>.gxs          immutable; the newest counts
//
// Files appear whole (written aside, synced, renamed), changes before the
// checkpoint that covers them.
const (
	changesDir     = "changes"
	changesSuffix  = ".gxc"
	snapshotPrefix = "snapshot-"
	snapshotSuffix = ".gxs"
	checkpointFile = "checkpoint"
	keepSnapshots  = 2 // the newest, and one that somebody may be reading
)

// Publish writes c into dir and moves dir's checkpoint on to c's. Files that are
// there already are left as they are. It is durable when it returns.
func Publish(dir string, c Changes) error {
	if len(c.Records) > 0 {
		var b bytes.Buffer
		if err := c.Encode(&b); err != nil {
			return err
		}
		name := fmt.Sprintf("%020d-%d%s", c.After, c.After+uint64(len(c.Records)), changesSuffix)
		if err := writeOnce(filepath.Join(dir, changesDir, name), &b); err != nil {
			return fmt.Errorf("publish changes: %w", err)
		}
	}
	published, err := Published(dir)
	if err != nil {
		return err
	}
	if c.After+uint64(len(c.Records)) < published {
		return nil // somebody published more meanwhile
	}
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = durable.Replace(filepath.Join(dir, checkpointFile), c.Checkpoint, 0o644)
	}
	if err != nil {
		return fmt.Errorf("publish checkpoint: %w", err)
	}
	return nil
}

// Published returns the size of the checkpoint in dir, 0 if there is none: where
// to go on publishing. The checkpoint is not verified.
func Published(dir string) (uint64, error) {
	b, err := readCheckpoint(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the published checkpoint: %w", err)
	}
	return checkpointSize(b)
}

// readCheckpoint reads dir's checkpoint, and no more than one can be long.
func readCheckpoint(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, checkpointFile))
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	return io.ReadAll(io.LimitReader(f, ledger.MaxWitnessed+1))
}

// checkpointSize reads the size in a checkpoint without verifying anything.
func checkpointSize(b []byte) (uint64, error) {
	lines := strings.SplitN(string(b), "\n", 3)
	if len(lines) == 3 {
		if n, err := strconv.ParseUint(lines[1], 10, 63); err == nil {
			return n, nil
		}
	}
	return 0, malformed("the checkpoint")
}

// PublishSnapshot writes a snapshot of size into dir and removes all but the
// newest. Publish it after the changes that commit to it.
func PublishSnapshot(dir string, size uint64, snapshot io.Reader) error {
	name := fmt.Sprintf("%s%020d%s", snapshotPrefix, size, snapshotSuffix)
	if err := writeOnce(filepath.Join(dir, name), snapshot); err != nil {
		return fmt.Errorf("publish snapshot: %w", err)
	}
	names, err := snapshotNames(dir)
	if err != nil {
		return err
	}
	for len(names) > keepSnapshots {
		if err := os.Remove(filepath.Join(dir, names[0])); err != nil {
			return fmt.Errorf("remove an old snapshot: %w", err)
		}
		names = names[1:]
	}
	return nil
}

func snapshotNames(dir string) ([]string, error) {
	files, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var names []string
	for _, f := range files {
		if strings.HasPrefix(f.Name(), snapshotPrefix) && strings.HasSuffix(f.Name(), snapshotSuffix) {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// writeOnce writes a file that nobody changes afterwards.
func writeOnce(path string, r io.Reader) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return durable.ReplaceWith(path, 0o644, func(f *os.File) error {
		_, err := io.Copy(f, r)
		return err
	})
}

const (
	lookEvery = 250 * time.Millisecond
	// batchBytes and batchRecords end an answer that joins several files.
	batchBytes   = 8 << 20
	batchRecords = 10_000
)

// A DirSource is the directory Dir that Publish fills.
type DirSource struct{ Dir string }

// Changes joins the files after the first after changes. With wait it looks for
// new ones several times a second.
func (s DirSource) Changes(ctx context.Context, after uint64, wait time.Duration) (Changes, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for last := wait <= 0; ; {
		// The checkpoint first: all that it covers was there before it.
		checkpoint, err := readCheckpoint(s.Dir)
		if err != nil {
			return Changes{}, s.fault(err)
		}
		size, err := checkpointSize(checkpoint)
		if err != nil {
			return Changes{}, err
		}
		if size > after {
			return s.join(after)
		}
		if last || size < after {
			return Changes{After: after, Checkpoint: checkpoint}, nil
		}
		select {
		case <-ctx.Done():
			return Changes{}, ctx.Err()
		case <-end.C:
			last = true
		case <-tick.C:
		}
	}
}

func (s DirSource) fault(err error) error {
	return fmt.Errorf("%w: %w", gongxin.Unavailable("FEED_UNREACHABLE", s.Dir), err)
}

// A span is a file of changes: those after the first after ones, up to size.
type span struct {
	name        string
	after, size uint64
}

// spans lists the files in their order.
func (s DirSource) spans() ([]span, error) {
	files, err := os.ReadDir(filepath.Join(s.Dir, changesDir))
	if err != nil {
		return nil, s.fault(err)
	}
	var all []span
	for _, f := range files {
		first, rest, ok := strings.Cut(strings.TrimSuffix(f.Name(), changesSuffix), "-")
		after, err1 := strconv.ParseUint(first, 10, 63)
		size, err2 := strconv.ParseUint(rest, 10, 63)
		if ok && err1 == nil && err2 == nil && len(first) == 20 && after < size && strings.HasSuffix(f.Name(), changesSuffix) {
			all = append(all, span{f.Name(), after, size})
		}
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].size < all[j].size || all[i].size == all[j].size && all[i].after > all[j].after
	})
	return all, nil
}

// join reads files one after the other, from the one that covers the change after
// after, and drops what is before it. Files may overlap. What one key signed and what
// the next one did is not joined: a follower has to see the first by itself (Keys).
func (s DirSource) join(after uint64) (Changes, error) {
	all, err := s.spans()
	if err != nil {
		return Changes{}, err
	}
	c := Changes{After: after}
	for total := 0; len(c.Records) < batchRecords && total < batchBytes; {
		last := after + uint64(len(c.Records))
		i := sort.Search(len(all), func(i int) bool { return all[i].size > last })
		for i < len(all) && all[i].after > last {
			i++
		}
		if i == len(all) {
			break
		}
		more, err := s.read(all[i])
		if err != nil {
			return Changes{}, err
		}
		if c.Checkpoint != nil && !sameKey(c.Checkpoint, more.Checkpoint) {
			break
		}
		for _, r := range more.Records[last-more.After:] {
			total += len(r.Leaf) + len(r.Salt) + len(r.Body)
			c.Records = append(c.Records, r)
		}
		c.Checkpoint = more.Checkpoint
		all = all[i+1:]
	}
	if len(c.Records) == 0 {
		return Changes{}, gongxin.Conflict("FEED_GAP", after, "?")
	}
	return c, nil
}

// sameKey tells whether two checkpoints claim to be signed by the same key.
func sameKey(a, b []byte) bool {
	_, _, one, err1 := ledger.ReadHead(a)
	_, _, other, err2 := ledger.ReadHead(b)
	return err1 == nil && err2 == nil && one == other
}

func (s DirSource) read(f span) (Changes, error) {
	file, err := os.Open(filepath.Join(s.Dir, changesDir, f.name))
	if err != nil {
		return Changes{}, s.fault(err)
	}
	defer file.Close() // only read
	c, err := ReadChanges(file)
	if err != nil {
		return Changes{}, fmt.Errorf("%s: %w", f.name, err)
	}
	if c.After != f.after || c.After+uint64(len(c.Records)) != f.size {
		return Changes{}, fmt.Errorf("%s: %w", f.name, malformed("a file of changes under another name"))
	}
	return c, nil
}

// Snapshot opens the newest snapshot.
func (s DirSource) Snapshot(context.Context) (io.ReadCloser, error) {
	names, err := snapshotNames(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", gongxin.Unavailable("FEED_UNREACHABLE", s.Dir), err)
	}
	if len(names) == 0 {
		return nil, gongxin.Missing("FEED_NO_SNAPSHOT")
	}
	f, err := os.Open(filepath.Join(s.Dir, names[len(names)-1]))
	if err != nil {
		return nil, s.fault(err)
	}
	return f, nil
}
