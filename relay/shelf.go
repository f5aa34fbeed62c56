package relay

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
)

// The names of feed.Publish, as docs/feed.md gives them.
const (
	changesDir     = "changes"
	changesSuffix  = ".gxc"
	snapshotPrefix = "snapshot-"
	snapshotSuffix = ".gxs"
	checkpointFile = "checkpoint"
)

const (
	// batchBytes and batchRecords end an answer that joins several files.
	batchBytes   = 8 << 20
	batchRecords = 10_000
	// rangeChanges is how many changes one file holds in the end. Ranges end near
	// its multiples, so that gates that began at different places soon ask for the
	// same ones.
	rangeChanges = 8192
)

// A span is a file of changes: those after the first after ones, up to size.
type span struct{ after, size uint64 }

func (s span) name() string { return fmt.Sprintf("%020d-%d%s", s.after, s.size, changesSuffix) }

// A shelf is the directory in which a relay keeps the feed, with an index of what
// is there, so that no gate's request lists it. It is a feed.Source of what it has.
//
// Files of single changes are put together once they fill a range; those that hold
// at least half a range are closed: they stay under their name until a snapshot
// makes them needless, and any cache may keep them.
type shelf struct {
	dir  string
	full uint64 // changes in a range

	keeping  sync.Mutex // held by who publishes a snapshot
	mu       sync.RWMutex
	spans    []span // by rising size, the shorter first
	snapshot uint64 // size of the newest, 0 if there is none

	sum hash.Hash // of the snapshot, as far as Snapshot's reader went; of who verifies alone
}

func openShelf(dir string, full uint64) (*shelf, error) {
	if err := os.MkdirAll(filepath.Join(dir, changesDir), 0o700); err != nil {
		return nil, fmt.Errorf("open the relay's directory: %w", err)
	}
	s := &shelf{dir: dir, full: full}
	for _, sub := range []string{dir, filepath.Join(dir, changesDir)} {
		files, err := os.ReadDir(sub)
		if err != nil {
			return nil, fmt.Errorf("open the relay's directory: %w", err)
		}
		for _, f := range files {
			switch {
			case strings.HasPrefix(f.Name(), durable.Unfinished), strings.HasPrefix(f.Name(), fetching):
				err = os.Remove(filepath.Join(sub, f.Name())) // left by a crash
			case sub == dir:
				if n, ok := snapshotSize(f.Name()); ok {
					s.snapshot = max(s.snapshot, n)
				}
			default:
				if one, ok := spanOf(f.Name()); ok {
					s.spans = append(s.spans, one)
				}
			}
			if err != nil {
				return nil, fmt.Errorf("open the relay's directory: %w", err)
			}
		}
	}
	s.sort()
	return s, nil
}

func snapshotSize(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, snapshotSuffix), snapshotPrefix)
	n, err := strconv.ParseUint(digits, 10, 63)
	return n, ok && err == nil && name == snapshotName(n)
}

func snapshotName(size uint64) string {
	return fmt.Sprintf("%s%020d%s", snapshotPrefix, size, snapshotSuffix)
}

// spanOf reads the name of a file of changes.
func spanOf(name string) (s span, ok bool) {
	first, last, _ := strings.Cut(strings.TrimSuffix(name, changesSuffix), "-")
	after, err1 := strconv.ParseUint(first, 10, 63)
	size, err2 := strconv.ParseUint(last, 10, 63)
	s = span{after, size}
	return s, err1 == nil && err2 == nil && after < size && s.name() == name
}

func (s *shelf) sort() {
	slices.SortFunc(s.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(b.after, a.after))
	})
	s.spans = slices.Compact(s.spans)
}

// closed tells whether o is a range that stays as it is.
func (s *shelf) closed(o span) bool { return o.size-o.after >= s.full/2 }

// ends tells whether o is the last file of a range.
func (s *shelf) ends(o span) bool { return o.size/s.full > o.after/s.full }

// find returns the file that holds the change after the first after ones.
func (s *shelf) find(after uint64) (span, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].size > after })
	for ; i < len(s.spans); i++ {
		if s.spans[i].after <= after {
			return s.spans[i], true
		}
	}
	return span{}, false
}

// has tells whether o is a file that is there.
func (s *shelf) has(o span) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Contains(s.spans, o)
}

// path returns where o lies.
func (s *shelf) path(o span) string { return filepath.Join(s.dir, changesDir, o.name()) }

// add publishes c, which continues what is there. It is durable when it returns.
func (s *shelf) add(c feed.Changes) error {
	if err := feed.Publish(s.dir, c); err != nil {
		return err
	}
	if len(c.Records) == 0 {
		return nil
	}
	fresh := span{c.After, c.After + uint64(len(c.Records))}
	s.mu.Lock()
	s.spans = append(s.spans, fresh)
	s.sort()
	s.mu.Unlock()
	if s.ends(fresh) {
		return s.compact(fresh)
	}
	return nil
}

// compact puts the files of the range that last ends into one.
func (s *shelf) compact(last span) error {
	s.mu.RLock()
	var parts []span
	for i := len(s.spans) - 1; i >= 0; i-- { // back to the end of the range before
		o := s.spans[i]
		if o.size > last.size {
			continue
		}
		if o.size < last.size && s.ends(o) {
			break
		}
		parts = append(parts, o)
	}
	s.mu.RUnlock()
	if len(parts) < 2 {
		return nil
	}
	first := parts[len(parts)-1].after
	c, err := s.join(first, last.size, feed.MaxChanges/2, 1<<30)
	if err != nil || c.After+uint64(len(c.Records)) != last.size {
		return err // too long for one file: they stay
	}
	if err := feed.Publish(s.dir, c); err != nil {
		return err
	}
	whole := span{first, last.size}
	s.mu.Lock()
	s.spans = slices.DeleteFunc(s.spans, func(o span) bool { return slices.Contains(parts, o) && !s.closed(o) && o != whole })
	s.spans = append(s.spans, whole)
	s.sort()
	s.mu.Unlock()
	for _, o := range parts {
		if !s.closed(o) && o != whole {
			if err := os.Remove(s.path(o)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("put changes together: %w", err)
			}
		}
	}
	return nil
}

// join reads files one after the other from the one with the change after after,
// up to the end of its range or the bounds. No records if the first is not there.
func (s *shelf) join(after, until uint64, bytes, records int) (feed.Changes, error) {
	c := feed.Changes{After: after}
	for total := 0; len(c.Records) < records && total < bytes; {
		last := after + uint64(len(c.Records))
		o, ok := s.find(last)
		if !ok || o.size > until {
			return c, nil
		}
		more, err := s.read(o)
		if errors.Is(err, fs.ErrNotExist) { // put together with others, or removed, meanwhile
			again, found := s.find(last)
			if !found || again == o {
				return c, nil
			}
			continue
		}
		if err != nil {
			return feed.Changes{}, err
		}
		for _, r := range more.Records[last-o.after:] {
			total += len(r.Leaf) + len(r.Salt) + len(r.Body)
			c.Records = append(c.Records, r)
		}
		c.Checkpoint = more.Checkpoint
		if s.ends(o) {
			return c, nil
		}
	}
	return c, nil
}

func (s *shelf) read(o span) (feed.Changes, error) {
	f, err := os.Open(s.path(o))
	if err != nil {
		return feed.Changes{}, fmt.Errorf("read changes: %w", err)
	}
	defer f.Close() // only read
	c, err := feed.ReadChanges(f)
	if err == nil && (c.After != o.after || c.After+uint64(len(c.Records)) != o.size) {
		err = gongxin.Invalid("FEED_MALFORMED", "a file of changes under another name")
	}
	if err != nil {
		return feed.Changes{}, fmt.Errorf("%s: %w", o.name(), err)
	}
	return c, nil
}

// checkpoint returns the newest checkpoint; nil if nothing was published yet.
func (s *shelf) checkpoint() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Changes makes the shelf a feed.Source; it does not wait.
func (s *shelf) Changes(_ context.Context, after uint64, _ time.Duration) (feed.Changes, error) {
	size, err := feed.Published(s.dir)
	if err != nil {
		return feed.Changes{}, err
	}
	c, err := s.join(after, size, batchBytes, batchRecords)
	if err != nil || len(c.Records) > 0 {
		return c, err
	}
	if size > after {
		return feed.Changes{}, gongxin.Conflict("FEED_GAP", after, "?")
	}
	c.Checkpoint, err = s.checkpoint()
	return c, err
}

// Snapshot makes the shelf a feed.Source; it notes the hash of what is read.
func (s *shelf) Snapshot(context.Context) (io.ReadCloser, error) {
	f, _, err := s.openSnapshot()
	if err != nil {
		return nil, err
	}
	s.sum = sha256.New()
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(f, s.sum), f}, nil
}

// openSnapshot opens the newest snapshot. Error: FEED_NO_SNAPSHOT.
func (s *shelf) openSnapshot() (*os.File, uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.snapshot == 0 {
		return nil, 0, gongxin.Missing("FEED_NO_SNAPSHOT")
	}
	f, err := os.Open(filepath.Join(s.dir, snapshotName(s.snapshot)))
	if err != nil {
		return nil, 0, fmt.Errorf("open snapshot: %w", err)
	}
	return f, s.snapshot, nil
}

// keep publishes the snapshot of size in r, which is proved, and removes what it
// makes needless: older snapshots, and changes up to the size of the one before it.
// A gate that is behind that begins from the snapshot anew.
func (s *shelf) keep(size uint64, r io.Reader) error {
	s.keeping.Lock()
	defer s.keeping.Unlock()
	s.mu.RLock()
	before := s.snapshot
	s.mu.RUnlock()
	if size <= before {
		return nil // somebody was quicker
	}
	if err := feed.PublishSnapshot(s.dir, size, r); err != nil {
		return err
	}
	s.mu.Lock()
	s.snapshot = size
	s.mu.Unlock()
	if err := s.drop(before); err != nil {
		return err
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("remove old snapshots: %w", err)
	}
	for _, f := range files {
		if n, ok := snapshotSize(f.Name()); ok && n < size {
			if err := os.Remove(filepath.Join(s.dir, f.Name())); err != nil {
				return fmt.Errorf("remove old snapshots: %w", err)
			}
		}
	}
	return nil
}

// drop removes the files that end at size or before.
func (s *shelf) drop(size uint64) error {
	return s.remove(func(o span) bool { return o.size <= size })
}

// cut removes the files that go beyond size: they were written for a checkpoint
// that never was.
func (s *shelf) cut(size uint64) error {
	return s.remove(func(o span) bool { return o.size > size })
}

func (s *shelf) remove(which func(span) bool) error {
	s.mu.Lock()
	var gone []span
	s.spans = slices.DeleteFunc(s.spans, func(o span) bool {
		if which(o) {
			gone = append(gone, o)
		}
		return which(o)
	})
	s.mu.Unlock()
	for _, o := range gone {
		if err := os.Remove(s.path(o)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old changes: %w", err)
		}
	}
	return nil
}

// empty removes all changes, the snapshot and the checkpoint.
func (s *shelf) empty() error {
	if err := s.cut(0); err != nil {
		return err
	}
	s.mu.Lock()
	size := s.snapshot
	s.snapshot = 0
	s.mu.Unlock()
	for _, name := range []string{snapshotName(size), checkpointFile} {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("empty the relay's directory: %w", err)
		}
	}
	return nil
}
