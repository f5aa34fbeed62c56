package screen

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"gongxin"
	"gongxin/identity"
)

var le = binary.LittleEndian

// A Builder writes a whole new list beside the present one. It is for one goroutine;
// Mark and Entry are for any.
type Builder struct {
	*secrets
	files  Files
	n      uint64
	old    uint64 // the list that counts now; 0 if none
	writer *baseWriter
	view   *View // of what is written so far
	done   bool
	refs   []uint32
}

// spare is which part more than expected a new list has room for, so that the first
// changes do not make its tables grow.
const spare = 16

// mostExpected bounds the memory that is asked for on somebody's word: about 40 bytes each,
// most of which the system gives only once they are written to.
const mostExpected = 1 << 25

// Build begins an empty list.
func Build(files Files, key Key) (*Builder, error) {
	names, err := files.List()
	if err != nil {
		return nil, err
	}
	b := &Builder{secrets: newSecrets(key), files: files, n: 1}
	for _, name := range names {
		var n uint64
		if _, err := fmt.Sscanf(name, "list-%d.", &n); err == nil {
			b.n = max(b.n, n+1)
		}
	}
	if b.old, err = readCurrent(files, key); err != nil {
		b.old = 0 // nothing, or damaged: this list takes its place
	}
	b.n = max(b.n, b.old+1)
	if b.writer, err = createBase(files, key, b.n); err != nil {
		return nil, err
	}
	w := b.writer
	b.view = &View{secrets: b.secrets, tables: newTables(0), limit: 1<<32 - 1,
		base: &base{seal: w.seal, name: w.name, file: w.file, size: maxAddressed, salt: w.salt}}
	return b, nil
}

// Expect makes room for n rows, and some for the first changes, if there are none yet. There may come more or fewer.
func (b *Builder) Expect(n uint64) {
	if b.view.count == 0 {
		n = min(n, mostExpected)
		b.view.tables = newTables(int(n + n/spare))
	}
}

// Mark returns what stands for number in this list. The zero Number has the zero Mark.
func (b *Builder) Mark(number identity.Number) Mark { return b.mark(number) }

// Entry returns what this list keeps of a listing with content n.
func (b *Builder) Entry(n gongxin.Entry) Entry { return b.entry(n) }

// Len returns how many listings there are so far.
func (b *Builder) Len() int { return b.view.count }

// Sum returns the sum of the elements of all rows so far, as ledger.Digest adds them.
func (b *Builder) Sum() [32]byte { return b.view.Sum() }

// Add writes rows of listings that are not there yet.
func (b *Builder) Add(rows []Row) error {
	v := b.view
	v.tables = v.tables.with(len(rows))
	for len(rows) > 0 {
		n := min(len(rows), touched)
		if err := b.addSome(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (b *Builder) addSome(rows []Row) error {
	v := b.view
	b.refs = b.refs[:0]
	for i := range rows {
		ref, err := b.writer.add(&rows[i])
		if err != nil {
			return err
		}
		b.refs = append(b.refs, ref)
		v.count++
		v.sum.add(sumOf(rows[i].Element[:]))
	}
	v.enter(b.secrets, rows, b.refs)
	return nil
}

// Get returns the row of the listing id as written so far.
func (b *Builder) Get(id gongxin.ListingID) (r Row, ok bool, err error) {
	if err := b.readable(); err != nil {
		return r, false, err
	}
	return b.view.Get(id)
}

// Element returns what the listing id adds to the digest.
func (b *Builder) Element(id gongxin.ListingID) (e [32]byte, ok bool, err error) {
	r, ok, err := b.Get(id)
	return r.Element, ok, err
}

// readable lets what was written be read.
func (b *Builder) readable() error {
	if err := b.writer.flush(); err != nil {
		return err
	}
	b.view.base.recordsEnd = b.writer.start + int64(b.writer.written)
	return nil
}

// Write is what Index.Write is, for changes that follow a snapshot.
func (b *Builder) Write(put []Row, gone []gongxin.ListingID) error {
	if err := b.readable(); err != nil {
		return err
	}
	out, err := departures(b.view, put, gone)
	if err != nil {
		return err
	}
	if !b.view.removeAll(out) {
		return b.view.base.damage(0, "a record that its table does not have")
	}
	for _, d := range out {
		b.view.count--
		b.view.sum.sub(d.element)
	}
	return b.Add(put)
}

// copy writes all rows of v.
func (b *Builder) copy(v *View) error {
	rows := make([]Row, 0, touched)
	err := v.All(func(r Row) error {
		if rows = append(rows, r); len(rows) < touched {
			return nil
		}
		err := b.Add(rows)
		rows = rows[:0]
		return err
	})
	if err == nil {
		err = b.Add(rows)
	}
	if err == nil && (b.view.count != v.count || b.view.sum != v.sum) {
		err = v.base.damage(0, "its records do not come to what was counted")
	}
	return err
}

// Finish makes the list durable and the one that counts. The list before stays
// readable in memory until it is closed. If it fails, either list may be the one that
// counts: open it again.
func (b *Builder) Finish(stamp []byte) (*Index, error) {
	if len(stamp) > maxStamp {
		return nil, fmt.Errorf("screen: a stamp of %d bytes", len(stamp))
	}
	v := b.view
	f := footer{n: b.n, count: uint64(v.count), sum: v.sum, names: namesNow()}
	f, err := b.writer.finish(f, v.tables, stamp)
	if err != nil {
		return nil, err
	}
	log, err := b.files.Create(logName(b.n))
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", logName(b.n), err)
	}
	if err := log.Sync(); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", logName(b.n), err), log.Close())
	}
	salt := make([]byte, saltSize)
	_, err = rand.Read(salt)
	if err == nil {
		b.done = true // from here on the files may be those that count
		err = writeCurrent(b.files, b.key, b.n, salt)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close(), b.writer.file.Close())
	}
	if b.old != 0 {
		_ = b.files.Remove(baseName(b.old)) // what cannot be removed now, Open removes
		_ = b.files.Remove(logName(b.old))
	}
	x := &Index{secrets: b.secrets, files: b.files, tables: v.tables, stamp: append([]byte(nil), stamp...)}
	x.base = &base{seal: b.writer.seal, name: b.writer.name, file: b.writer.file, salt: b.writer.salt, footer: f, size: roundUp(f.at + footerSize)}
	x.wal = newWAL(b.key, x.base, log)
	x.publish(v)
	return x, nil
}

// Abort gives the new list up; after Finish it does nothing.
func (b *Builder) Abort() error {
	if b.done {
		return nil
	}
	b.done = true
	err := b.writer.file.Close()
	_ = b.files.Remove(logName(b.n)) // it may not be there
	return errors.Join(err, b.files.Remove(b.writer.name))
}
