package packages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/ledger"
)

const (
	memberEvents = 20_000    // of a member with changes, where a signed size lies within
	longestDelta = 1_000_000 // events; beyond that a full package is the better one
)

// An Order says which package to make.
type Order struct {
	Gate       string  // short name of the department's gate
	Department string  // its name; as before if empty
	Full       bool    // with a snapshot, for a department that has nothing or lost something
	Since      *uint64 // of a delta: the department has applied the first so many events; nil: what it confirmed
	Out        string  // file to write, or directory in which it gets its usual name
}

// A Made package.
type Made struct {
	Path     string
	Manifest feed.Manifest
	Due      gongxin.Day // of the receipt
}

// FileName is the usual name of a package.
func FileName(m feed.Manifest) string {
	from := strconv.FormatUint(m.From, 10)
	if m.Full {
		from = "full"
	}
	return fmt.Sprintf("%s-%s-%d.gxp", m.Gate, from, m.To)
}

// Make writes a package and notes it in the journal. Without Full and Since it
// continues what the department confirmed last; one that confirmed nothing gets a
// full package. The file appears whole or not at all. Errors: PACKAGE_GATE,
// PACKAGE_DEPARTMENT, PACKAGE_TOO_LONG, PACKAGE_EXISTS.
func (r *Room) Make(ctx context.Context, o Order) (made Made, err error) {
	unlock, err := lock(filepath.Join(r.dir, "making.lock"))
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	events, err := r.journal.read()
	if err != nil {
		return made, err
	}
	s, _ := standing(events, o.Gate)
	if o.Department == "" {
		o.Department = s.Department
	}
	if err := checkGate(o.Gate, o.Department); err != nil {
		return made, err
	}
	now := gongxin.Millis(r.Now())
	next, err := s.Schedule.next(gongxin.DayOf(now), r.Calendar)
	if err != nil {
		return made, err
	}
	m := feed.Manifest{Origin: r.verifier.Origin(), Made: now, Next: next, Gate: o.Gate, Department: o.Department,
		Full: o.Full || o.Since == nil && (s.Schedule.Full || s.Confirmed == 0)}
	if !m.Full {
		m.From = s.Confirmed
		if o.Since != nil {
			m.From = *o.Since
		}
	}
	if made, err = r.write(ctx, m, o.Out); err != nil {
		return made, err
	}
	made.Due = gongxin.DayOf(now).Add(s.Schedule.Within)
	return made, r.journal.change(func([]event) ([]event, error) {
		m := made.Manifest
		return []event{{At: now, What: eventMade, Gate: m.Gate, Department: m.Department, File: filepath.Base(made.Path), Full: m.Full,
			From: m.From, To: m.To, Made: m.Made, Next: m.Next, Due: made.Due}}, nil
	})
}

// MakeDue makes the packages that are due today into the directory out, and goes
// on with the others where one fails.
func (r *Room) MakeDue(ctx context.Context, out string) (all []Made, err error) {
	due, err := r.Due(gongxin.DayOf(r.Now()))
	if err != nil {
		return nil, err
	}
	for _, s := range due {
		made, failed := r.Make(ctx, Order{Gate: s.Gate, Out: out})
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("package for %s: %w", s.Gate, failed))
			continue
		}
		all = append(all, made)
	}
	return all, err
}

// makingPrefix begins the names of directories in which members are put together.
const makingPrefix = "making-"

// write writes the package that m describes, up to what the log holds now.
func (r *Room) write(ctx context.Context, m feed.Manifest, out string) (made Made, err error) {
	if err := r.Log.Fresh(ctx); err != nil {
		return made, fmt.Errorf("make package: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(r.dir, makingPrefix+"*")) // by one that was killed
	if err != nil {
		return made, fmt.Errorf("make package: %w", err)
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return made, fmt.Errorf("make package: %w", err)
		}
	}
	dir, err := os.MkdirTemp(r.dir, makingPrefix)
	if err != nil {
		return made, fmt.Errorf("make package: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := builder{dir: dir, m: m, moves: map[gongxin.ListingID]*move{}}
	if m.Full {
		if err := b.addSnapshot(ctx, r.Log); err != nil {
			return made, err
		}
		defer b.snapshot.Close()
	}
	if err := r.Log.Read(ctx, b.collect); err != nil {
		return made, fmt.Errorf("make package: %w", err)
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		out = filepath.Join(out, FileName(b.m))
	}
	if _, err := os.Lstat(out); err == nil {
		return made, gongxin.Conflict("PACKAGE_EXISTS", out)
	}
	made.Path = out
	err = durable.ReplaceWith(out, 0o600, func(f *os.File) (err error) {
		made.Manifest, err = feed.WritePackage(f, r.Sign, b.m, b.content)
		return err
	})
	return made, err
}

// A builder puts the members of a package together in dir, at one moment of the log.
type builder struct {
	dir      string
	m        feed.Manifest
	snapshot *os.File // of a full one
	begins   uint64   // where its changes begin
	content  []feed.Content
	moves    map[gongxin.ListingID]*move // of a delta: what became of each listing that changed
	order    []gongxin.ListingID         // in which they changed first
}

// A move is what happened to one listing within a delta.
type move struct {
	first, last gongxin.EventKind // of the events that bind or release
	event       gongxin.Event     // the last
}

func (b *builder) addSnapshot(ctx context.Context, log Log) (err error) {
	if b.snapshot, b.begins, err = log.Snapshot(ctx); err != nil {
		return fmt.Errorf("make package: %w", err)
	}
	info, err := b.snapshot.Stat()
	if err != nil {
		return fmt.Errorf("make package: %w", err)
	}
	b.content = append(b.content, feed.Content{Name: feed.SnapshotMember(b.begins), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(b.snapshot, 0, info.Size())), nil
	}})
	return nil
}

func (b *builder) collect(ctx context.Context, v View) error {
	head, err := v.Head(ctx)
	if err != nil {
		return err
	}
	checkpoint, err := v.Checkpoint(ctx)
	if err != nil {
		return err
	}
	b.m.To = head.Size
	if !b.m.Full {
		b.begins = b.m.From
	}
	switch {
	case b.begins > head.Size:
		return gongxin.Conflict("FEED_AHEAD", b.begins, head.Size)
	case head.Size-b.begins > longestDelta:
		return gongxin.Invalid("PACKAGE_TOO_LONG", b.begins, head.Size)
	}
	b.content = append(b.content, feed.BytesContent(feed.CheckpointMember, checkpoint))
	for at := b.begins; at < head.Size; {
		if at, err = b.addChanges(ctx, v, at); err != nil {
			return err
		}
	}
	if err := b.addLists(ctx, v, head); err != nil {
		return err
	}
	for name, text := range map[string]string{feed.PackageReadme: readme(b.m, head), feed.PackageReadmeZH: readmeZH(b.m, head)} {
		b.content = append(b.content, feed.BytesContent(name, []byte(text)))
	}
	return nil
}

// addChanges adds a member with changes after the first at ones and returns where
// it ends: at a key that is announced, under the old key's checkpoint of that size.
func (b *builder) addChanges(ctx context.Context, v View, at uint64) (end uint64, err error) {
	records, checkpoint, err := v.Changes(ctx, at, memberEvents)
	announces := func(r feed.Record) bool { return feed.AnnouncesKey(r.Leaf) }
	if n := 1 + slices.IndexFunc(records, announces); err == nil && n > 0 && n < len(records) {
		records, checkpoint, err = v.Changes(ctx, at, n)
	}
	if err == nil && len(records) == 0 {
		err = fmt.Errorf("no changes after %d", at)
	}
	if err != nil {
		return 0, err
	}
	end = at + uint64(len(records))
	if !b.m.Full {
		for i, rec := range records {
			if err := b.note(rec); err != nil {
				return 0, fmt.Errorf("event %d: %w", at+uint64(i)+1, err)
			}
		}
	}
	return end, b.addFile(feed.ChangesMember(at, end), func(f *os.File) error {
		return feed.Changes{After: at, Records: records, Checkpoint: checkpoint}.Encode(f)
	})
}

// addFile adds a member that fill writes.
func (b *builder) addFile(name string, fill func(*os.File) error) (err error) {
	f, err := os.CreateTemp(b.dir, "member-*")
	if err != nil {
		return err
	}
	path := f.Name()
	err = fill(f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	b.content = append(b.content, feed.Content{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	return err
}

// note keeps what an event does to its listing.
func (b *builder) note(r feed.Record) error {
	e, err := opened(r)
	if err != nil || e.Kind.Force() == gongxin.ForceNone {
		return err
	}
	e.Entry = nil // the list is made of what is in force at the end
	was := b.moves[e.Listing]
	if was == nil {
		was = &move{first: e.Kind}
		b.moves[e.Listing] = was
		b.order = append(b.order, e.Listing)
	}
	was.last, was.event = e.Kind, e
	return nil
}

// opened returns the event in r as departments see it; without a body it has
// kind, listing and time alone.
func opened(r feed.Record) (gongxin.Event, error) {
	l, err := ledger.ParseLeaf(r.Leaf)
	if err != nil {
		return gongxin.Event{}, err
	}
	e := gongxin.Event{Kind: gongxin.EventKind(l.Kind), Listing: l.Key, At: l.At}
	if r.Body == nil || e.Kind.Step() || l.Key == [16]byte{} {
		return e, nil
	}
	return e.OpenPartner(r.Body)
}
