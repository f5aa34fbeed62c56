package screen

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"sync"
	"sync/atomic"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

// ErrPast says that a newer view was published while this one was read: what was found
// may lack listings. Take the newer view and ask again.
var ErrPast = errors.New("screen: the view has been superseded")

// A View is the list at one instant. It does not change; once a newer one has been
// published it is past and answers nothing any more. All methods may run at once from
// any number of goroutines.
type View struct {
	*secrets
	tables
	base   *base
	log    File
	epochs []epoch
	frames []span
	logEnd int64
	limit  uint32              // references from here on are of later views
	gone   map[uint32]struct{} // references that are still in the tables and were taken out
	count  int
	sum    sum
	past   atomic.Bool
}

// Len returns how many listings there are.
func (v *View) Len() int { return v.count }

// Sum returns the sum of the elements of all rows, as ledger.Digest adds them.
func (v *View) Sum() [32]byte { return v.sum.bytes() }

// Past tells whether a newer view has been published.
func (v *View) Past() bool { return v.past.Load() }

// Mark returns what stands for number in this list. The zero Number has the zero Mark.
func (v *View) Mark(number identity.Number) Mark { return v.mark(number) }

// Entry returns what this list keeps of a listing with content n.
func (v *View) Entry(n gongxin.Entry) Entry { return v.entry(n) }

// has tells whether a reference found in a table belongs to v.
func (v *View) has(ref uint32) bool {
	if ref >= v.limit {
		return false
	}
	_, gone := v.gone[ref]
	return !gone
}

// checked makes ErrPast of whatever was found or went wrong in a view that is past.
func (v *View) checked(err error) error {
	if v.past.Load() {
		return ErrPast
	}
	return err
}

// Lookup appends to dst the listings whose subject has number and returns it. It
// allocates nothing when there is none. An organisation is found by its credit code
// and by its organisation code alike. The zero Number finds nothing. Errors: ErrPast;
// *Damage, when dst is not to be used.
func (v *View) Lookup(number identity.Number, dst []Hit) ([]Hit, error) {
	if number.IsZero() {
		return dst, nil
	}
	c := canonical(number)
	var hash uint64
	if len(c) == 18 {
		hash = v.numbers.hash18(word(c, 0), word(c, 8), word(c, 10))
	} else {
		hash = v.numbers.hashOther(c)
	}
	first, second := v.number.marksAt(hash)
	if !maybe(hash, first, second) || !v.candidate(hash, first, second) {
		return dst, v.checked(nil)
	}
	dst, err := v.lookup(hash, c, dst)
	return dst, v.checked(err)
}

func (v *View) lookup(hash uint64, number string, dst []Hit) ([]Hit, error) {
	s := v.number.search(hash)
	slot, ok := s.next()
	if !ok {
		return dst, nil
	}
	want := Mark{Hash: hash, Tag: sipHash128(v.tag, number)}
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	for ; ok; slot, ok = s.next() {
		if !v.has(refOf(slot)) {
			continue
		}
		plain, err := v.read(refOf(slot), room)
		if err != nil {
			return dst, err
		}
		if binary.LittleEndian.Uint64(plain[hashAt:]) != want.Hash || [16]byte(plain[tagAt:]) != want.Tag {
			continue
		}
		r, ok := parseRow(plain)
		if !ok {
			return dst, v.damaged(refOf(slot))
		}
		dst = append(dst, Hit{r.Listing, r.Sequence, r.Entry})
	}
	return dst, nil
}

// ByName appends to dst the listings whose name has the key of name (match.Key), at
// most limit, and returns it. Such hits tell nobody apart: the caller compares, and
// they are for a person to look at. Errors as of Lookup.
func (v *View) ByName(name string, limit int, dst []Hit) ([]Hit, error) {
	return v.ByKey(match.Key(name), limit, dst)
}

// ByKey is ByName for a key, such as match.Near yields.
func (v *View) ByKey(key string, limit int, dst []Hit) ([]Hit, error) {
	if key == "" || limit <= 0 {
		return dst, nil
	}
	hash := v.nameHash(key)
	if !v.name.may(hash) {
		return dst, v.checked(nil)
	}
	dst, err := v.byKey(hash, key, limit, dst)
	return dst, v.checked(err)
}

func (v *View) byKey(hash uint64, key string, limit int, dst []Hit) ([]Hit, error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	for s := v.name.search(hash); limit > 0; {
		slot, ok := s.next()
		if !ok {
			break
		}
		if !v.has(refOf(slot)) {
			continue
		}
		r, err := v.row(refOf(slot), room)
		if err != nil {
			return dst, err
		}
		if match.Key(r.Name) == key && v.list.refers(v.listHash(r.Listing), refOf(slot)) { // else it was taken out: tables.remove
			dst = append(dst, Hit{r.Listing, r.Sequence, r.Entry})
			limit--
		}
	}
	return dst, nil
}

// Get returns the row of the listing id. Errors as of Lookup.
func (v *View) Get(id gongxin.ListingID) (r Row, ok bool, err error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	_, plain, err := v.find(id, room)
	if plain != nil {
		if r, ok = parseRow(plain); !ok {
			err = v.base.damage(0, "a record")
		}
	}
	return r, ok, v.checked(err)
}

// find returns reference and content of the record of id; nil if there is none.
func (v *View) find(id gongxin.ListingID, room *scratch) (ref uint32, plain []byte, err error) {
	hash := v.listHash(id)
	if !v.list.may(hash) {
		return 0, nil, nil
	}
	for s := v.list.search(hash); ; {
		slot, ok := s.next()
		if !ok {
			return 0, nil, nil
		}
		if !v.has(refOf(slot)) {
			continue
		}
		plain, err := v.read(refOf(slot), room)
		if err != nil {
			return 0, nil, err
		}
		if gongxin.ListingID(plain) == id {
			return refOf(slot), plain, nil
		}
	}
}

// All calls f for each row, in the order of the file. Errors: f's, and as of Lookup.
func (v *View) All(f func(Row) error) error {
	s := new(scanner)
	some := func(records []found) error {
		for _, found := range s.held(v.secrets, v.list, records) {
			if !v.has(found.ref) {
				continue
			}
			r, ok := parseRow(found.plain)
			if !ok {
				return v.damaged(found.ref)
			}
			if err := f(r); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range v.base.blocks() {
		records, err := v.base.scan(i, s)
		if err == nil {
			err = some(records)
		}
		if err != nil {
			return v.checked(err)
		}
	}
	for _, frame := range v.frames {
		records, err := v.scanFrame(frame, s)
		if err == nil {
			err = some(records)
		}
		if err != nil {
			return v.checked(err)
		}
	}
	return v.checked(nil)
}

// scanFrame reads the records of one frame of the log, as base.scan those of a block.
func (v *View) scanFrame(frame span, s *scanner) ([]found, error) {
	if int(frame.to-frame.from) > len(s.room) {
		s.room = make([]byte, frame.to-frame.from)
	}
	p := s.room[:frame.to-frame.from]
	if err := readAt(v.log, logName(v.base.n), p, frame.from); err != nil {
		return nil, err
	}
	s.found = s.found[:0]
	for at := 0; at < len(p); {
		off := frame.from + int64(at)
		sealed, next, ok := cutRecord(p, at)
		under, known := sealOf(v.epochs, off)
		if !ok || !known || sealed == nil {
			return nil, &Damage{logName(v.base.n), off, "a record"}
		}
		plain, err := under.open(&s.nonce, sealedRecord, off, sealed)
		if err != nil || len(plain) < numbersAt {
			return nil, &Damage{logName(v.base.n), off, "a record"}
		}
		s.found = append(s.found, found{ref: uint32((v.base.size + off) / unit), plain: plain})
		at = next
	}
	return s.found, nil
}

// candidate tells whether a record may have the number hash, whose way begins with
// groups of these marks. Most that come here are not listed either.
func (v *View) candidate(hash, first, second uint64) bool {
	t, g := v.number, v.number.home(hash)
	for k, marks := range [2]uint64{first, second} {
		for like := zeros(marks ^ markOf(hash)*lows); like != 0; like &= like - 1 {
			slot := atomic.LoadUint64(&t.slots[(g^uint32(k))*groupSlots+uint32(bits.TrailingZeros64(like))/8])
			if half(slot) == half(hash) && refOf(slot) != 0 && v.has(refOf(slot)) {
				return hash != 0
			}
		}
		if zeros(marks) != 0 {
			return false
		}
	}
	for s := (search{t: t, hash: hash, k: 2}); ; {
		slot, ok := s.next()
		if !ok || v.has(refOf(slot)) {
			return ok && hash != 0
		}
	}
}

// A scratch is room for reading a record.
type scratch struct {
	nonce nonce
	buf   []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{buf: make([]byte, usualRecord)} }}

// read reads the record ref. What it returns is valid until room is used again.
func (v *View) read(ref uint32, room *scratch) ([]byte, error) {
	at := int64(ref) * unit
	if at < v.base.size {
		return readRecord(v.base.file, v.base.name, v.base.seal, at, v.base.recordsEnd, room)
	}
	at -= v.base.size
	under, ok := sealOf(v.epochs, at)
	if !ok {
		return nil, &Damage{logName(v.base.n), at, "an epoch"}
	}
	return readRecord(v.log, logName(v.base.n), under, at, v.logEnd, room)
}

func (v *View) row(ref uint32, room *scratch) (Row, error) {
	plain, err := v.read(ref, room)
	if err != nil {
		return Row{}, err
	}
	r, ok := parseRow(plain)
	if !ok {
		return r, v.damaged(ref)
	}
	return r, nil
}

func (v *View) damaged(ref uint32) *Damage {
	at := int64(ref) * unit
	if at < v.base.size {
		return v.base.damage(at, "a record")
	}
	return &Damage{logName(v.base.n), at - v.base.size, "a record"}
}

// readRecord reads the record at off of f, before end.
func readRecord(f File, name string, under seal, off, end int64, room *scratch) ([]byte, error) {
	bad := func() error { return &Damage{name, off, "a record"} }
	p := room.buf[:min(int64(len(room.buf)), end-off)]
	if len(p) < lengthSize {
		return nil, bad()
	}
	if err := readAt(f, name, p, off); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(p))
	if size < overhead+numbersAt || size > maxRecord || int64(size) > end-off-lengthSize {
		return nil, bad()
	}
	if lengthSize+size > len(p) {
		room.buf = make([]byte, roundUp(int64(lengthSize+size)))
		p = room.buf[:lengthSize+size]
		if err := readAt(f, name, p, off); err != nil {
			return nil, err
		}
		if int(binary.LittleEndian.Uint32(p)) != size {
			return nil, bad()
		}
	}
	plain, err := under.open(&room.nonce, sealedRecord, off, p[lengthSize:lengthSize+size])
	if err != nil {
		return nil, bad()
	}
	return plain, nil
}
