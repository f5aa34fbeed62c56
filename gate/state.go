package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"gongxin"
	"gongxin/durable"
	"gongxin/feed"
	"gongxin/ledger"
	"gongxin/match"
	"gongxin/screen"
)

// The state is the verified copy of the list: an index with a row for each listing in
// force, and with each step of it, as its stamp, the position that the step leads to.
// What the index holds is sealed piece by piece, and the elements of all rows must add
// up to the digest that the hub signed, so damage anywhere is noticed. It can always
// be fetched again.
//
// A listing that was suspended comes back into force, and a correction can make it
// another person's. What restricted somebody before that has ended though the
// listing is in force; since and whose tell, also after a kill in between.

// listDir is the directory of the list within the gate's.
const listDir = "list"

const stampFormat = 2 // state.db was the first

// ListFiles are the files of one list, for one process alone until Close.
type ListFiles interface {
	screen.Files
	io.Closer
}

// openListDir is how files are opened unless Config.Lists says otherwise.
func openListDir(path string) (ListFiles, error) { return screen.Dir(path) }

// A hubKey is the hub's verifier key as the gate was given it, and its hash.
type hubKey struct {
	given string
	hash  [sha256.Size]byte
}

func newHubKey(given string) hubKey { return hubKey{given, sha256.Sum256([]byte(given))} }

// check tells whether a list at the position at, kept under the key with this hash, is
// of the same hub: also after the hub's key was replaced, and its file here as well.
// Error: GATE_OTHER_HUB.
func (k hubKey) check(hash []byte, at feed.Position) error {
	if !bytes.Equal(hash, k.hash[:]) && at.Keys.Current != k.given {
		return gongxin.Conflict("GATE_OTHER_HUB", "")
	}
	return nil
}

type state struct {
	files ListFiles
	list  *screen.Index
	hub   hubKey
	at    feed.Position
	begun bool // there was nothing when it was opened
	lost  bool // what stands on the disk is not to be relied on: another list has to take its place
}

// openState opens the list at path, made if missing, reads all of it, and checks it.
// Errors: GATE_OTHER_HUB; screen.ErrInUse; one for which damage says true.
func openState(open func(string) (ListFiles, error), path string, key screen.Key, hub hubKey) (s *state, err error) {
	files, err := open(path)
	if err != nil {
		return nil, err
	}
	s = &state{files: files, hub: hub}
	defer func() {
		if err != nil {
			if s.list != nil {
				err = errors.Join(err, s.list.Close())
			}
			s, err = nil, errors.Join(err, files.Close())
		}
	}()
	list, stamp, err := screen.Open(files, key)
	if errors.Is(err, screen.ErrNothing) {
		s.begun = true
		if stamp, err = s.stamp(s.at); err == nil {
			s.list, err = screen.Create(files, key, stamp)
		}
		return s, err
	}
	if err != nil {
		return s, err
	}
	s.list = list
	if s.at, err = hub.open(stamp); err != nil {
		return s, err
	}
	if v := list.View(); uint64(v.Len()) != s.at.Head.Count || ledger.Digest(v.Sum()) != s.at.Head.Digest {
		err = fmt.Errorf("%w: %d listings are not the set that was signed for sequence %d", errDamaged, v.Len(), s.at.Tree.Size())
	}
	return s, err
}

// stamp tells what a list at the position at is of.
func (s *state) stamp(at feed.Position) ([]byte, error) {
	position, err := at.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("write position: %w", err)
	}
	b := binary.BigEndian.AppendUint32(nil, stampFormat)
	return append(append(b, s.hub.hash[:]...), position...), nil
}

// open reads a stamp. Errors: GATE_OTHER_HUB; one for which damage says true.
func (k hubKey) open(stamp []byte) (at feed.Position, err error) {
	const head = 4 + sha256.Size
	if len(stamp) < head {
		return at, fmt.Errorf("%w: the position", errDamaged)
	}
	if format := binary.BigEndian.Uint32(stamp); format != stampFormat {
		return at, fmt.Errorf("%w: format %d is not %d", errDamaged, format, stampFormat)
	}
	if err := at.UnmarshalBinary(stamp[head:]); err != nil {
		return at, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return at, k.check(stamp[4:head], at)
}

func (s *state) close() error { return errors.Join(s.list.Close(), s.files.Close()) }

// write writes d and the position durably, or nothing. What it returns is not yet what
// s.list shows.
func (s *state) write(d difference, at feed.Position) (*screen.Step, error) {
	stamp, err := s.stamp(at)
	if err != nil {
		return nil, err
	}
	step, err := s.list.Write(d.put, d.leaving(), stamp)
	if err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	s.at = at
	return step, nil
}

// rows reads what is held before changes (feed.Held), each row once. What goes wrong
// is kept in fault, to be asked for afterwards.
type rows struct {
	get   func(gongxin.ListingID) (screen.Row, bool, error)
	read  map[gongxin.ListingID]*held
	fault error
}

// A held is what get said of one listing.
type held struct {
	row screen.Row
	in  bool
	err error
}

func rowsOf(get func(gongxin.ListingID) (screen.Row, bool, error)) *rows {
	return &rows{get: get, read: map[gongxin.ListingID]*held{}}
}

// ahead reads the rows of all listings that records are about, on all cores, if they
// are many: get may be called from several goroutines then. What the records say is
// verified afterwards, and decides about nothing here.
func (r *rows) ahead(records []feed.Record) {
	const many = 256
	if len(records) < many {
		return
	}
	ids := make([]gongxin.ListingID, 0, len(records))
	for i := range records {
		if leaf, err := ledger.ViewLeaf(records[i].Leaf); err == nil {
			ids = append(ids, leaf.Key())
		}
	}
	found := make([]held, len(ids))
	workers := runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := len(ids) * w / workers; i < len(ids)*(w+1)/workers; i++ {
				found[i].row, found[i].in, found[i].err = r.get(ids[i])
			}
		})
	}
	wait.Wait()
	r.read = make(map[gongxin.ListingID]*held, len(ids))
	for i, id := range ids {
		r.read[id] = &found[i]
	}
}

// Element returns what listing id adds to the digest.
func (r *rows) Element(id gongxin.ListingID) (ledger.Digest, bool) {
	row, in, err := r.row(id)
	r.fault = errors.Join(r.fault, err)
	return row.Element, in && err == nil
}

func (r *rows) row(id gongxin.ListingID) (screen.Row, bool, error) {
	h := r.read[id]
	if h == nil {
		h = new(held)
		h.row, h.in, h.err = r.get(id)
		r.read[id] = h
	}
	return h.row, h.in, h.err
}

// A difference is what changes do to the set in force: what is put, and what is
// taken out.
type difference struct {
	put  []screen.Row
	was  []bool // of each that is put, whether it was in force before
	gone []departure
}

// leaving returns the listings that are taken out.
func (d difference) leaving() []gongxin.ListingID {
	ids := make([]gongxin.ListingID, len(d.gone))
	for i, l := range d.gone {
		ids[i] = l.id
	}
	return ids
}

// A departure is a listing taken out of force, by an event of kind.
type departure struct {
	id    gongxin.ListingID
	kind  gongxin.EventKind
	whose uint64       // as in screen.Row: it may have been made another person's a moment before
	last  screen.Entry // what it was at last, as far as is known
}

// A track follows one listing through changes.
type track struct {
	screen.Row
	in    bool              // it was in force before
	known bool              // the entry is that of the listing before, in force or not
	last  gongxin.EventKind // that concerned the set in force
}

// reduce folds verified changes into what has moved by them. before gives what is
// known of a listing as it was before the changes; in says that it was in force.
func reduce(changes []feed.Change, entry func(gongxin.Entry) screen.Entry, before func(gongxin.ListingID) (r screen.Row, in bool, err error)) (d difference, err error) {
	tracks := make(map[gongxin.ListingID]int, len(changes))
	all := make([]track, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		force := c.Event.Kind.Force()
		if force == gongxin.ForceNone {
			continue
		}
		n, again := tracks[c.Event.Listing]
		if !again {
			n = len(all)
			tracks[c.Event.Listing] = n
			t := track{}
			if t.Row, t.in, err = before(c.Event.Listing); err != nil {
				return d, err
			}
			t.Listing, t.known = c.Event.Listing, t.in
			all = append(all, t)
		}
		all[n].follow(c, force, entry)
	}
	d.put, d.was = make([]screen.Row, 0, len(all)), make([]bool, 0, len(all))
	for i := range all {
		if t := &all[i]; t.last.Force() == gongxin.ForceLeaves {
			d.gone = append(d.gone, departure{t.Listing, t.last, t.Whose, t.Entry})
		} else {
			d.put, d.was = append(d.put, t.Row), append(d.was, t.in)
		}
	}
	return d, nil
}

func (t *track) follow(c *feed.Change, force gongxin.Force, entry func(gongxin.Entry) screen.Entry) {
	t.last = c.Event.Kind
	if force == gongxin.ForceLeaves {
		return
	}
	t.Sequence, t.Element = c.Sequence, c.Element
	if force == gongxin.ForceEnters {
		t.Since = c.Sequence
	}
	if c.Event.Entry == nil {
		return // erased, and not the last: it has left, or another event tells what it is
	}
	e := entry(*c.Event.Entry)
	if t.known && !samePerson(t.Entry, e) {
		t.Whose = c.Sequence
	}
	t.Entry, t.known = e, true
}

// samePerson tells whether a restriction on account of a stands on account of b.
func samePerson(a, b screen.Entry) bool { return a.Mark == b.Mark && match.Agrees(a.Name, b.Name) }

// asideOf is where what is damaged at path is put: a name that says when, and that
// nothing has, with none of the suffixes, so that what was put aside before stays.
func (g *Gate) asideOf(path string, suffixes ...string) string {
	aside := fmt.Sprintf("%s.damaged-%s", path, g.config.Now().UTC().Format(asideForm))
	for name, n := aside, 2; ; n++ {
		if !slices.ContainsFunc(suffixes, func(suffix string) bool { _, err := os.Lstat(name + suffix); return err == nil }) {
			return name
		}
		name = fmt.Sprintf("%s-%d", aside, n)
	}
}

// putAside renames what is damaged at path, and at path with each of the suffixes.
func (g *Gate) putAside(path string, suffixes ...string) error {
	aside := g.asideOf(path, suffixes...)
	for _, suffix := range suffixes {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("put aside what is damaged: %w", err)
		}
	}
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("put aside what is damaged: %w", err)
	}
	return nil
}

// startAfresh puts a damaged list aside and opens an empty one.
func (g *Gate) startAfresh(path string, hub hubKey) (*state, error) {
	if err := g.putAside(path, ""); err != nil {
		return nil, err
	}
	s, err := openState(g.config.Lists, path, g.key, hub)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}
