package screen

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"

	"gongxin/match"
)

// A base is a whole list as one file, written once:
//
//	magic ‖ salt ‖ records … ‖ tables … ‖ stamp ‖ footer
//
// No record lies across a multiple of blockSize, so that blocks can be read at once.
// Between the last record of a block and its end there are zeros. The footer says
// where everything is and what it comes to.
const (
	baseMagic    = "gongxin list 1\n\x00"
	headerSize   = len(baseMagic) + saltSize
	blockSize    = 1 << 20
	maxStamp     = 64 << 10
	baseFormat   = 1
	footerWords  = 13 + 4*3
	footerSize   = footerWords*8 + overhead
	maxAddressed = 1 << 32 * unit // bytes of base and log together
)

func baseName(n uint64) string { return fmt.Sprintf("list-%d.base", n) }

// tables are those of one list.
type tables struct{ number, name, list *table }

func newTables(n int) tables {
	return tables{newTable(n, loadOfNumbers), newTable(n, loadOfOthers), newTable(n, loadOfOthers)}
}

// with returns t with room for n more rows.
func (t tables) with(n int) tables { return tables{t.number.with(n), t.name.with(n), t.list.with(n)} }

// touched is how many rows are taken to the tables together: first all places are
// touched, so that the waits for memory overlap, then all are read or written.
const touched = 256

// enter puts rows, which stand at refs, into the tables. There must be room.
func (t tables) enter(s *secrets, rows []Row, refs []uint32) {
	t.enterIDs(s, rows, refs)
	t.enterNames(s, rows, refs)
}

// enterBoth is enter on two cores.
func (t tables) enterBoth(s *secrets, rows []Row, refs []uint32) {
	var names sync.WaitGroup
	names.Go(func() { t.enterNames(s, rows, refs) })
	t.enterIDs(s, rows, refs)
	names.Wait()
}

// enterIDs puts rows into the tables of listings and numbers.
func (t tables) enterIDs(s *secrets, rows []Row, refs []uint32) {
	var lists [touched]uint64
	for len(rows) > 0 {
		n := min(len(rows), touched)
		for i := range rows[:n] {
			lists[i] = s.listHash(rows[i].Listing)
			t.list.touch(lists[i])
			t.number.touch(rows[i].Mark.Hash)
		}
		for i, ref := range refs[:n] {
			t.list.insert(lists[i], ref)
			if h := rows[i].Mark.Hash; h != 0 {
				t.number.insert(h, ref)
			}
		}
		rows, refs = rows[n:], refs[n:]
	}
}

// enterNames puts rows into the table of names.
func (t tables) enterNames(s *secrets, rows []Row, refs []uint32) {
	var names [touched]uint64
	for len(rows) > 0 {
		n := min(len(rows), touched)
		for i := range rows[:n] {
			names[i] = s.nameHash(match.Key(rows[i].Name))
			t.name.touch(names[i])
		}
		for i, ref := range refs[:n] {
			if names[i] != 0 {
				t.name.insert(names[i], ref)
			}
		}
		rows, refs = rows[n:], refs[n:]
	}
}

// remove takes ref out; false if it was not in a table where it must be. It stays in the
// table of names, in which finding one of many of a name is slow: who finds it there
// asks the table of listings whether it still holds, and the next list is without it.
func (t tables) remove(d *departure) bool {
	return t.list.remove(d.list, d.ref) && (d.number == 0 || t.number.remove(d.number, d.ref))
}

// removeAll takes out what went; false if something was not there.
func (t tables) removeAll(gone []departure) bool {
	ok := true
	for len(gone) > 0 {
		some := gone[:min(len(gone), touched)]
		for i := range some {
			t.list.touch(some[i].list)
			t.number.touch(some[i].number)
		}
		for i := range some {
			ok = t.remove(&some[i]) && ok
		}
		gone = gone[len(some):]
	}
	return ok
}

// share says that views have t from now on.
func (t tables) share() {
	for _, one := range t.each() {
		if one != nil {
			one.private = false
		}
	}
}

func (t tables) each() [3]*table { return [3]*table{t.number, t.name, t.list} }

// A footer says what a base holds.
type footer struct {
	n          uint64 // of the list
	recordsEnd int64
	records    uint64 // all, also those that no table refers to
	count      uint64 // in force
	sum        sum    // of their elements
	names      uint64 // how names were folded (namesNow)
	shapes     [3]shape
	stampAt    int64
	stampSize  int64
	at         int64 // of the footer
}

// A shape says how large a table is and where it stands: marks, then slots.
type shape struct {
	lines, used, dead uint64
	at                int64
}

func (f *footer) append(b []byte) []byte {
	le := binary.LittleEndian
	for _, w := range []uint64{baseFormat, f.n, uint64(f.recordsEnd), f.records, f.count, f.sum[0], f.sum[1], f.sum[2], f.sum[3], f.names,
		uint64(f.stampAt), uint64(f.stampSize), uint64(f.at)} {
		b = le.AppendUint64(b, w)
	}
	for _, s := range f.shapes {
		b = le.AppendUint64(le.AppendUint64(le.AppendUint64(le.AppendUint64(b, s.lines), s.used), s.dead), uint64(s.at))
	}
	return b
}

// parse reads what append gives.
func (f *footer) parse(b []byte) bool {
	if len(b) != footerWords*8 {
		return false
	}
	next := func() uint64 {
		w := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return w
	}
	if next() != baseFormat {
		return false
	}
	f.n, f.recordsEnd, f.records, f.count = next(), int64(next()), next(), next()
	f.sum = sum{next(), next(), next(), next()}
	f.names, f.stampAt, f.stampSize, f.at = next(), int64(next()), int64(next()), int64(next())
	for i := range f.shapes {
		f.shapes[i] = shape{next(), next(), next(), int64(next())}
	}
	return f.recordsEnd >= int64(headerSize) && f.recordsEnd <= f.at
}

// A baseWriter writes one.
type baseWriter struct {
	sealer
	name    string
	file    File
	salt    []byte
	row     []byte
	block   []byte
	start   int64 // of block in the file
	written int   // bytes of block that are in the file
	records uint64
}

func createBase(files Files, key Key, n uint64) (*baseWriter, error) {
	name := baseName(n)
	f, err := files.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	w := &baseWriter{name: name, file: f, salt: make([]byte, saltSize), block: make([]byte, 0, 4<<10)}
	if _, err := rand.Read(w.salt); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w.seal = newSeal(key, w.salt, fmt.Sprintf("base %d", n))
	w.block = append(append(w.block, baseMagic...), w.salt...)
	return w, nil
}

// add writes the record of r and returns where it stands.
func (w *baseWriter) add(r *Row) (ref uint32, err error) {
	w.row = appendRow(w.row[:0], r)
	size := int(roundUp(int64(lengthSize + len(w.row) + overhead)))
	if len(w.block)+size > blockSize {
		w.block = append(w.block, zeroBlock[len(w.block):]...)
		if err := w.flush(); err != nil {
			return 0, err
		}
		w.start += blockSize
		if hastened, ok := w.file.(hastening); ok && w.start%hasteEvery == 0 {
			hastened.hasten(w.start-hasteEvery, hasteEvery)
		}
		w.block, w.written = w.block[:0], 0
	}
	at := w.start + int64(len(w.block))
	if at+int64(size) >= maxAddressed {
		return 0, errors.New("the list is too long")
	}
	w.block = w.appendSealed(w.block, at, w.row)
	w.records++
	return uint32(at / unit), nil
}

// A hastening file can begin to write to the disk what Sync will wait for: of a long
// list otherwise some gigabytes, for seconds in which nothing else is done.
type hastening interface{ hasten(off, n int64) }

const hasteEvery = 16 * blockSize

var zeroBlock = make([]byte, blockSize)

// flush puts into the file what is not there yet.
func (w *baseWriter) flush() error {
	if w.written == len(w.block) {
		return nil
	}
	if _, err := w.file.WriteAt(w.block[w.written:], w.start+int64(w.written)); err != nil {
		return fmt.Errorf("write %s: %w", w.name, err)
	}
	w.written = len(w.block)
	return nil
}

// finish writes everything behind the records and makes all of it durable.
func (w *baseWriter) finish(f footer, t tables, stamp []byte) (footer, error) {
	if err := w.flush(); err != nil {
		return f, err
	}
	f.recordsEnd, f.records = w.start+int64(len(w.block)), w.records
	at := f.recordsEnd
	for i, table := range t.each() {
		f.shapes[i] = shape{uint64(table.lines), uint64(table.used), uint64(table.dead), at}
		for _, part := range [][]uint64{table.marks, table.slots} {
			if err := w.writeWords(at, part); err != nil {
				return f, err
			}
			at += sealedWords(len(part))
		}
	}
	f.stampAt, f.stampSize = at, int64(len(stamp))
	end := w.seal.seal(&w.nonce, sealedStamp, at, nil, stamp)
	end = pad(end, 0)
	f.at = at + int64(len(end))
	end = w.seal.seal(&w.nonce, sealedFooter, f.at, end, f.append(nil))
	if _, err := w.file.WriteAt(end, at); err != nil {
		return f, fmt.Errorf("write %s: %w", w.name, err)
	}
	if err := w.file.Sync(); err != nil {
		return f, fmt.Errorf("write %s: %w", w.name, err)
	}
	return f, nil
}

const chunkWords = blockSize / 8

// sealedWords is how long n words are in the file.
func sealedWords(n int) int64 {
	return int64(n)*8 + int64((n+chunkWords-1)/chunkWords)*overhead
}

func (w *baseWriter) writeWords(at int64, words []uint64) error {
	return eachChunk(at, words, func(off int64, part []uint64, room *[]byte, n *nonce) error {
		plain := (*room)[:0]
		for _, word := range part {
			plain = binary.LittleEndian.AppendUint64(plain, word)
		}
		if _, err := w.file.WriteAt(w.seal.seal(n, sealedTable, off, plain[:0], plain), off); err != nil {
			return fmt.Errorf("write %s: %w", w.name, err)
		}
		return nil
	})
}

// eachChunk calls f for each chunk of words and where it stands, some at once. room
// has a capacity for what is sealed of one.
func eachChunk(at int64, words []uint64, f func(off int64, part []uint64, room *[]byte, n *nonce) error) error {
	return parallel((len(words)+chunkWords-1)/chunkWords, func() func(int) error {
		room, n := make([]byte, 0, min(blockSize, 8*len(words))+overhead), new(nonce)
		return func(i int) error {
			part := words[i*chunkWords : min((i+1)*chunkWords, len(words))]
			return f(at+int64(i)*(blockSize+overhead), part, &room, n)
		}
	})
}

// parallel calls what with makes for 0 … n-1, on all cores, until one fails.
func parallel(n int, with func() func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	workers := min(runtime.GOMAXPROCS(0), n)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			f := with()
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[k] = f(i); errs[k] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A base that is read.
type base struct {
	seal
	name string
	file File
	size int64 // multiple of unit; addresses of the log begin here
	salt []byte
	footer
}

func (b *base) damage(off int64, what string) *Damage { return &Damage{b.name, off, what} }

// openBase reads header and footer.
func openBase(files Files, key Key, n uint64) (b *base, err error) {
	b = &base{name: baseName(n)}
	if b.file, err = files.Open(b.name); err != nil {
		return nil, missing(b.name, err)
	}
	file := b.file
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", b.name, err)
	}
	if size < int64(headerSize+footerSize) || (size-footerSize)%unit != 0 {
		return nil, b.damage(size, "its length")
	}
	head := make([]byte, headerSize)
	if err := b.read(head, 0); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte(baseMagic)) {
		return nil, b.damage(0, "what it begins with")
	}
	b.salt = head[len(baseMagic):]
	b.seal = newSeal(key, b.salt, fmt.Sprintf("base %d", n))
	end := make([]byte, footerSize)
	if err := b.read(end, size-footerSize); err != nil {
		return nil, err
	}
	plain, err := b.open(new(nonce), sealedFooter, size-footerSize, end)
	if err != nil || !b.footer.parse(plain) || b.footer.at != size-footerSize || b.footer.n != n {
		return nil, b.damage(size-footerSize, "its end")
	}
	b.size = roundUp(size)
	return b, nil
}

// missing makes damage of a file that should be there and is not.
func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &Damage{name, 0, "it is missing"}
	}
	return fmt.Errorf("open %s: %w", name, err)
}

// read fills p from off on; that the file is shorter is damage.
func (b *base) read(p []byte, off int64) error { return readAt(b.file, b.name, p, off) }

func readAt(f File, name string, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case errors.Is(err, io.EOF):
		return &Damage{name, off, "it is cut short"}
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// stamp reads the stamp.
func (b *base) stamp() ([]byte, error) {
	if b.stampSize < 0 || b.stampSize > maxStamp || roundUp(b.stampAt+b.stampSize+overhead) != b.at {
		return nil, b.damage(b.at, "its end")
	}
	p := make([]byte, b.at-b.stampAt)
	if err := b.read(p, b.stampAt); err != nil {
		return nil, err
	}
	if !zero(p[b.stampSize+overhead:]) {
		return nil, b.damage(b.stampAt, "the stamp")
	}
	p, err := b.open(new(nonce), sealedStamp, b.stampAt, p[:b.stampSize+overhead])
	if err != nil {
		return nil, b.damage(b.stampAt, "the stamp")
	}
	return p, nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// table reads one.
func (b *base) table(s shape, load int) (*table, error) {
	room := s.lines * (lineGroups + lineSlots) * 8
	if s.lines < 2 || s.lines > 1<<26 || room > uint64(b.size) || s.used+s.dead > s.lines*lineSlots {
		return nil, b.damage(b.at, "its end")
	}
	t := &table{private: true, load: load, lines: uint32(s.lines), used: int(s.used), dead: int(s.dead)}
	t.marks, t.slots = allocate(int(s.lines)*lineGroups), allocate(int(s.lines)*lineSlots)
	at := s.at
	for _, part := range [][]uint64{t.marks, t.slots} {
		err := eachChunk(at, part, func(off int64, words []uint64, room *[]byte, n *nonce) error {
			p := (*room)[:len(words)*8+overhead]
			if err := b.read(p, off); err != nil {
				return err
			}
			p, err := b.open(n, sealedTable, off, p)
			if err != nil {
				return b.damage(off, "a table")
			}
			for i := range words {
				words[i] = binary.LittleEndian.Uint64(p[8*i:])
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		at += sealedWords(len(part))
	}
	return t, nil
}

// blocks is how many blocks the records take.
func (b *base) blocks() int { return int((b.recordsEnd + blockSize - 1) / blockSize) }
