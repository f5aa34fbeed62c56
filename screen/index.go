package screen

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

// ErrNothing says that no list was written yet.
var ErrNothing = errors.New("there is no list")

// An Index is a list on disk and its tables in memory. Views are taken from it by any
// number of goroutines; Write, Publish, Compact and Close are for one at a time, and
// whoever calls them sees to that.
type Index struct {
	*secrets
	files   Files
	base    *base
	wal     *wal
	tables  tables // with what is written and not published
	stamp   []byte
	current atomic.Pointer[View]
	pending *Step
}

// Create writes an empty list, in the place of whatever is there.
func Create(files Files, key Key, stamp []byte) (*Index, error) {
	b, err := Build(files, key)
	if err != nil {
		return nil, err
	}
	x, err := b.Finish(stamp)
	if err != nil {
		return nil, errors.Join(err, b.Abort())
	}
	return x, nil
}

// Open reads the list and checks all of it: every record, that the tables refer to as
// many as were counted, and every frame of the log. It gives the stamp of the newest
// step; what View.Sum and Len say is for the caller to hold against what was signed.
// Errors: ErrNothing; *Damage if anything is not as it was written.
func Open(files Files, key Key) (x *Index, stamp []byte, err error) {
	n, err := readCurrent(files, key)
	if err != nil {
		return nil, nil, err
	}
	x = &Index{secrets: newSecrets(key), files: files}
	defer func() {
		if err != nil {
			err = errors.Join(err, x.Close())
			x, stamp = nil, nil
		}
	}()
	if err := x.load(n); err != nil {
		return x, nil, err
	}
	// What was read may be durable only in part, after a kill: from here on it is relied on.
	if err := errors.Join(x.wal.file.Sync(), files.SyncDir()); err != nil {
		return x, nil, fmt.Errorf("sync the list: %w", err)
	}
	if err := sweep(files, n); err != nil {
		return x, nil, err
	}
	return x, bytes.Clone(x.stamp), nil
}

// load reads list n.
func (x *Index) load(n uint64) (err error) {
	if x.base, err = openBase(x.files, x.key, n); err != nil {
		return err
	}
	log, err := x.files.Open(logName(n))
	if err != nil {
		return missing(logName(n), err)
	}
	x.wal = newWAL(x.key, x.base, log)
	if x.stamp, err = x.base.stamp(); err != nil {
		return err
	}
	if x.tables, err = x.loadTables(); err != nil {
		return err
	}
	v := &View{count: int(x.base.count), sum: x.base.footer.sum}
	if err := x.replay(v); err != nil {
		return err
	}
	x.publish(v)
	return nil
}

// loadTables reads the tables of the base and checks its records against them.
func (x *Index) loadTables() (t tables, err error) {
	b := x.base
	fold := b.names != namesNow()
	var parts [3]*table
	for i, s := range b.shapes {
		load := loadOfOthers
		if i == 0 {
			load = loadOfNumbers
		}
		if i == 1 && fold {
			parts[i] = newTable(int(b.count), load) // filled below
		} else if parts[i], err = b.table(s, load); err != nil {
			return t, err
		}
	}
	t = tables{parts[0], parts[1], parts[2]}
	var mu sync.Mutex
	var count, records uint64
	var total sum
	err = parallel(b.blocks(), func() func(int) error {
		s := new(scanner)
		return func(i int) error {
			all, err := b.scan(i, s)
			if err != nil {
				return err
			}
			var part sum
			held := s.held(x.secrets, t.list, all)
			for _, r := range held {
				part.add(sumOf(r.plain[elementAt:]))
			}
			mu.Lock()
			defer mu.Unlock()
			count, records = count+uint64(len(held)), records+uint64(len(all))
			total.add(part)
			if !fold {
				return nil
			}
			for _, r := range held {
				row, ok := parseRow(r.plain)
				if !ok {
					return b.damage(int64(r.ref)*unit, "a record")
				}
				if h := x.nameHash(match.Key(row.Name)); h != 0 {
					t.name.insert(h, r.ref)
				}
			}
			return nil
		}
	})
	switch {
	case err != nil:
		return t, err
	case records != b.records || count != b.count || total != b.footer.sum || t.list.used != int(count):
		return t, b.damage(b.at, fmt.Sprintf("%d records, of which %d in force, are not what was written", records, count))
	}
	return t, nil
}

// replay takes the steps of the log over into the tables, and counts along in v.
func (x *Index) replay(v *View) error {
	return x.wal.replay(func(s *step) error {
		if !x.tables.removeAll(s.gone) {
			return x.wal.damage(x.wal.end, "a step that takes out what is not there")
		}
		for i := range s.gone {
			v.sum.sub(s.gone[i].element)
		}
		x.tables = x.tables.with(len(s.rows))
		x.tables.enterBoth(x.secrets, s.rows, s.refs)
		for i := range s.rows {
			v.sum.add(sumOf(s.rows[i].Element[:]))
		}
		v.count += len(s.rows) - len(s.gone)
		if uint64(v.count) != s.count || v.sum != s.sum {
			return x.wal.damage(x.wal.end, "a step that does not come to what it says")
		}
		x.stamp = bytes.Clone(s.stamp)
		return nil
	})
}

// reading returns a view of all that is written, published or not.
func (x *Index) reading() *View {
	x.tables.share()
	return &View{secrets: x.secrets, tables: x.tables, base: x.base, log: x.wal.file, epochs: x.wal.epochs, frames: x.wal.frames,
		logEnd: x.wal.end, limit: uint32((x.base.size + x.wal.end) / unit)}
}

// publish makes v, of which count and sum are set, the view of what is in the tables.
func (x *Index) publish(v *View) {
	n := x.reading()
	n.count, n.sum = v.count, v.sum
	x.current.Store(n)
}

// View returns the newest published view.
func (x *Index) View() *View { return x.current.Load() }

// Mark returns what stands for number in this index. The zero Number has the zero Mark.
func (x *Index) Mark(number identity.Number) Mark { return x.mark(number) }

// Entry returns what this index keeps of a listing with content n.
func (x *Index) Entry(n gongxin.Entry) Entry { return x.entry(n) }

// Changes returns how many bytes the log has, and the base: a log longer than a
// quarter of its base, and than some ten MiB, is worth compacting.
func (x *Index) Changes() (log, base int64) { return x.wal.end, x.base.size }

// A Step is what one Write did. It is durable, and not visible until Publish.
type Step struct {
	index *Index
	view  *View
	gone  []departure
}

// errUnpublished is a mistake of the caller.
var errUnpublished = errors.New("screen: the step before was not published")

// ErrReplaced says that another list counts now, so that what would be written here
// would be lost.
var ErrReplaced = errors.New("the list has been replaced by another")

// Write writes rows, each in the place of the row of that listing if there is one, and
// takes out the listings gone, which need not be there. No listing may be named twice.
// stamp is kept with it, at most 64 KiB. What is written is durable, and not visible
// before Publish. If it fails nothing was written, and it may be tried again; after an
// error of *Damage or ErrReplaced the list is to be made anew.
func (x *Index) Write(put []Row, gone []gongxin.ListingID, stamp []byte) (*Step, error) {
	if x.pending != nil {
		return nil, errUnpublished
	}
	if len(stamp) > maxStamp {
		return nil, fmt.Errorf("screen: a stamp of %d bytes", len(stamp))
	}
	switch n, err := readCurrent(x.files, x.key); {
	case err == nil && n != x.base.n, errors.Is(err, ErrNothing):
		return nil, errors.Join(ErrReplaced, err)
	case err != nil:
		return nil, err
	}
	now := x.View()
	out, err := departures(now, put, gone)
	if err != nil {
		return nil, err
	}
	next := &View{count: now.count + len(put) - len(out), sum: now.sum}
	for i := range out {
		next.sum.sub(out[i].element)
	}
	for i := range put {
		next.sum.add(sumOf(put[i].Element[:]))
	}
	s := &step{rows: put, gone: out, count: uint64(next.count), sum: next.sum, stamp: stamp}
	if err := x.wal.append(s); err != nil {
		return nil, err
	}
	x.stamp = bytes.Clone(stamp)
	x.tables = x.tables.with(len(put))
	x.tables.enter(x.secrets, put, s.refs)
	v := x.reading()
	v.count, v.sum = next.count, next.sum
	if len(out) > 0 {
		v.gone = make(map[uint32]struct{}, len(out))
		for _, d := range out {
			v.gone[d.ref] = struct{}{}
		}
	}
	x.pending = &Step{index: x, view: v, gone: out}
	return x.pending, nil
}

// departures finds the records that put and gone take out of v.
func departures(v *View, put []Row, gone []gongxin.ListingID) (out []departure, err error) {
	ids := make(map[gongxin.ListingID]struct{}, len(put)+len(gone))
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	one := func(id gongxin.ListingID) error {
		if _, twice := ids[id]; twice {
			return fmt.Errorf("screen: listing %s twice in one step", id)
		}
		ids[id] = struct{}{}
		d, ok, err := departing(v, id, room)
		if ok {
			out = append(out, d)
		}
		return err
	}
	for i := range put {
		if i%touched == 0 {
			for j := i; j < min(i+touched, len(put)); j++ {
				v.list.touch(v.listHash(put[j].Listing))
			}
		}
		if err := one(put[i].Listing); err != nil {
			return nil, err
		}
	}
	for _, id := range gone {
		if err := one(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// departing finds the record of id in v, for taking it out; ok is false if there is none.
func departing(v *View, id gongxin.ListingID, room *scratch) (d departure, ok bool, err error) {
	ref, plain, err := v.find(id, room)
	if err != nil || plain == nil {
		return d, false, err
	}
	return departure{ref, le.Uint64(plain[hashAt:]), v.listHash(id), sumOf(plain[elementAt:])}, true, nil
}

// View returns the list after the step. It may be read before it is published.
func (s *Step) View() *View { return s.view }

// Publish makes the step's view the newest. Older ones are past from now on.
func (s *Step) Publish() {
	x := s.index
	if x.pending != s {
		return
	}
	x.pending = nil
	old := x.current.Swap(s.view)
	old.past.Store(true)
	x.tables.removeAll(s.gone) // who finds something missing now sees afterwards that the view is past
}

// Compact writes the list anew without what has been taken out or replaced, while the
// newest view is read on. The present view becomes past with it. If it fails nothing
// has changed, unless the disk failed at the very end: then Write says ErrReplaced.
func (x *Index) Compact() error { return x.CompactAnd(func(*View) {}) }

// CompactAnd is Compact, and calls show with the new view before the present one is
// past, so that readers can be led to it without a gap.
func (x *Index) CompactAnd(show func(*View)) error {
	if x.pending != nil {
		return errUnpublished
	}
	v := x.View()
	b, err := Build(x.files, x.key)
	if err != nil {
		return err
	}
	b.Expect(uint64(v.Len()))
	if err := b.copy(v); err != nil {
		return errors.Join(err, b.Abort())
	}
	n, err := b.Finish(x.stamp)
	if err != nil {
		return errors.Join(err, b.Abort())
	}
	base, log := x.base, x.wal.file
	x.base, x.wal, x.tables = n.base, n.wal, n.tables
	x.current.Store(n.View())
	show(n.View())
	v.past.Store(true)
	return errors.Join(base.file.Close(), log.Close())
}

// Close closes the files. Views can find nothing any more that has to be read.
func (x *Index) Close() error {
	var errs []error
	if x.base != nil {
		errs = append(errs, x.base.file.Close())
	}
	if x.wal != nil {
		errs = append(errs, x.wal.file.Close())
	}
	return errors.Join(errs...)
}
