package screen

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"sync"

	"gongxin/match"
)

// A log holds what has changed since its base was written, a frame a step:
//
//	frame  sealed head (lengths) ‖ records … ‖ sealed tail (what went, count and sum after it, stamp)
//	epoch  magic ‖ salt ‖ sealed (which list, where it begins): frames from here on are sealed under a key of this salt
//
// A writer begins with an epoch, also after a failure, so that no nonce is used again
// for bytes that are written in the place of others. A frame that a kill or a loss of
// power tore, which can only be the last, is cut off; anything else is damage.
const (
	epochMagic = "gongxin epoch 1\n"
	epochSize  = len(epochMagic) + saltSize + 16 + overhead
	headSize   = 16 + overhead
	goneSize   = 4 + 2*8 + 32
	tailFixed  = 4 + 4 + 8 + 32
	maxFrame   = 1 << 30
	sector     = 512
)

func logName(n uint64) string { return fmt.Sprintf("list-%d.log", n) }

// A span is where the records of one frame stand in the log.
type span struct{ from, to int64 }

// An epoch is from where on in the log what is sealed.
type epoch struct {
	from int64
	seal seal
}

// A wal is the log of a list, as its one writer or a reader sees it.
type wal struct {
	key    Key
	name   string
	use    string // of keys
	n      uint64
	file   File
	base   int64   // address at which it begins
	epochs []epoch // and records: grow only; views keep their beginning
	frames []span
	end    int64 // of what counts
	fresh  bool  // the last epoch may go on
	dirty  bool  // something may stand behind end
	buf    []byte
}

func newWAL(key Key, b *base, file File) *wal {
	return &wal{key: key, name: logName(b.n), n: b.n, use: fmt.Sprintf("log %d %x", b.n, b.salt), file: file, base: b.size, dirty: true}
}

func (w *wal) damage(off int64, what string) *Damage { return &Damage{w.name, off, what} }

// A departure is a row that is taken out of the tables.
type departure struct {
	ref          uint32
	number, list uint64 // hashes by which it is found
	element      sum
}

// A step is what a frame says.
type step struct {
	rows  []Row    // with refs, in the order of the frame
	refs  []uint32 // of rows
	gone  []departure
	count uint64 // after it
	sum   sum
	stamp []byte
}

// append writes s at the end and makes it durable. The refs of s.rows are filled in.
// If it fails, nothing was appended.
func (w *wal) append(s *step) (err error) {
	if w.dirty {
		if err := w.file.Truncate(w.end); err != nil {
			return fmt.Errorf("cut %s: %w", w.name, err)
		}
		w.dirty = false
	}
	at, b := w.end, w.buf[:0]
	epochs := w.epochs
	if !w.fresh {
		var e epoch
		if b, e, err = w.newEpoch(b, at); err != nil {
			return err
		}
		epochs = append(epochs, e)
	}
	frame := len(b)
	b, records := w.encode(b, frame, epochs[len(epochs)-1].seal, s)
	if len(b) > maxFrame || w.base+at+int64(len(b)) >= maxAddressed {
		return errors.New("the list is too long: it has to be compacted")
	}
	w.dirty, w.fresh = true, false
	if _, err := w.file.WriteAt(b, at); err != nil {
		return fmt.Errorf("write %s: %w", w.name, err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", w.name, err)
	}
	w.dirty, w.fresh, w.epochs, w.end = false, true, epochs, at+int64(len(b))
	w.frames = append(w.frames, records)
	if w.buf = b; cap(b) > 4<<20 {
		w.buf = nil
	}
	return nil
}

func (w *wal) newEpoch(b []byte, at int64) ([]byte, epoch, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return b, epoch{}, err
	}
	e := epoch{at, newSeal(w.key, salt, w.use)}
	plain := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, w.n), uint64(w.base))
	b = append(append(b, epochMagic...), salt...)
	return e.seal.seal(new(nonce), sealedEpoch, at, b, plain), e, nil
}

// encode appends the frame of s to b, which will stand at w.end.
func (w *wal) encode(b []byte, frame int, under seal, s *step) ([]byte, span) {
	sealer := sealer{seal: under}
	off := func() int64 { return w.end + int64(len(b)) }
	head := off()
	b = append(b, make([]byte, headSize)...)
	records := span{from: off()}
	var row []byte
	s.refs = s.refs[:0]
	for i := range s.rows {
		s.refs = append(s.refs, uint32((w.base+off())/unit))
		row = appendRow(row[:0], &s.rows[i])
		b = sealer.appendSealed(b, off(), row)
	}
	records.to = off()
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(s.gone)))
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(s.stamp)))
	tail = binary.LittleEndian.AppendUint64(tail, s.count)
	total := s.sum.bytes()
	tail = append(tail, total[:]...)
	for _, g := range s.gone {
		tail = binary.LittleEndian.AppendUint32(tail, g.ref)
		tail = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(tail, g.number), g.list)
		e := g.element.bytes()
		tail = append(tail, e[:]...)
	}
	tail = pad(append(tail, s.stamp...), 0) // so that a frame ends with a seal, and zeros at its end were never written
	b = under.seal(&sealer.nonce, sealedTail, off(), b, tail)
	var lengths [16]byte
	binary.LittleEndian.PutUint32(lengths[:], uint32(len(b)-frame))
	binary.LittleEndian.PutUint32(lengths[4:], uint32(records.to-records.from))
	binary.LittleEndian.PutUint32(lengths[8:], uint32(len(tail)))
	binary.LittleEndian.PutUint32(lengths[12:], uint32(len(s.rows)))
	under.seal(&sealer.nonce, sealedFrame, head, b[frame:frame], lengths[:])
	return b, records
}

// errTorn says that what stands at the end was never finished.
var errTorn = errors.New("torn")

// replay reads the log from w.end on and calls f for each step, whose content is valid
// until f returns. It ends in front of a torn frame.
func (w *wal) replay(f func(*step) error) error {
	size, err := w.file.Size()
	if err != nil {
		return fmt.Errorf("read %s: %w", w.name, err)
	}
	var s step
	for w.end < size {
		err := w.readOne(size, &s, f)
		if err == errTorn {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readOne reads the epoch or frame at w.end.
func (w *wal) readOne(size int64, s *step, f func(*step) error) error {
	left := size - w.end
	p := make([]byte, min(left, int64(epochSize)))
	if err := readAt(w.file, w.name, p, w.end); err != nil {
		return err
	}
	if bytes.HasPrefix(p, []byte(epochMagic)) || len(w.epochs) == 0 {
		if len(p) < epochSize {
			return w.torn(size, w.end+int64(epochSize), "an epoch")
		}
		e := epoch{w.end, newSeal(w.key, p[len(epochMagic):len(epochMagic)+saltSize], w.use)}
		plain, err := e.seal.open(new(nonce), sealedEpoch, w.end, p[len(epochMagic)+saltSize:])
		if err != nil || !bytes.HasPrefix(p, []byte(epochMagic)) || binary.LittleEndian.Uint64(plain) != w.n || binary.LittleEndian.Uint64(plain[8:]) != uint64(w.base) {
			return w.torn(size, w.end+int64(epochSize), "an epoch")
		}
		w.epochs = append(w.epochs, e)
		w.end += int64(epochSize)
		return nil
	}
	if len(p) < headSize {
		return w.torn(size, w.end+int64(headSize), "a frame")
	}
	under := w.epochs[len(w.epochs)-1].seal
	var n nonce
	lengths, err := under.open(&n, sealedFrame, w.end, p[:headSize])
	if err != nil {
		return w.torn(size, w.end+int64(headSize), "a frame")
	}
	total, records := int64(binary.LittleEndian.Uint32(lengths)), int64(binary.LittleEndian.Uint32(lengths[4:]))
	tail, rows := int64(binary.LittleEndian.Uint32(lengths[8:])), int(binary.LittleEndian.Uint32(lengths[12:]))
	if total > left {
		return w.torn(size, w.end+total, "a frame")
	}
	b := make([]byte, total)
	if err := readAt(w.file, w.name, b, w.end); err != nil {
		return err
	}
	if !w.decode(b, under, &n, records, tail, rows, s) {
		return w.torn(size, w.end+total, "a frame")
	}
	if err := f(s); err != nil {
		return err
	}
	w.frames = append(w.frames, span{w.end + headSize, w.end + headSize + records})
	w.end += total
	return nil
}

func (w *wal) decode(b []byte, under seal, n *nonce, records, tail int64, rows int, s *step) bool {
	s.rows, s.refs, s.gone = s.rows[:0], s.refs[:0], s.gone[:0]
	tailAt := headSize + records
	if tail < tailFixed || tailAt+tail+overhead != int64(len(b)) {
		return false
	}
	for at := headSize; at < int(tailAt); {
		sealed, next, ok := cutRecord(b[:tailAt], at)
		if !ok || sealed == nil {
			return false
		}
		off := w.end + int64(at)
		plain, err := under.open(n, sealedRecord, off, sealed)
		if err != nil {
			return false
		}
		r, ok := parseRow(plain)
		if !ok {
			return false
		}
		s.rows, s.refs = append(s.rows, r), append(s.refs, uint32((w.base+off)/unit))
		at = next
	}
	t, err := under.open(n, sealedTail, w.end+tailAt, b[tailAt:tailAt+tail+overhead])
	if err != nil || len(s.rows) != rows {
		return false
	}
	gone, stamp := int(binary.LittleEndian.Uint32(t)), int(binary.LittleEndian.Uint32(t[4:]))
	s.count, s.sum = binary.LittleEndian.Uint64(t[8:]), sumOf(t[16:])
	if int64(len(t)) != roundUp(int64(tailFixed+gone*goneSize+stamp)) {
		return false
	}
	t = t[tailFixed:]
	for ; gone > 0; gone-- {
		d := departure{ref: binary.LittleEndian.Uint32(t), element: sumOf(t[20:])}
		d.number, d.list = binary.LittleEndian.Uint64(t[4:]), binary.LittleEndian.Uint64(t[12:])
		s.gone, t = append(s.gone, d), t[goneSize:]
	}
	s.stamp = t[:stamp]
	return true
}

// torn tells whether what stands from w.end on, and should end at end, can be the
// rest of a write that was cut off: the file ends before, or a piece of the disk
// between is still empty. What is whole and wrong is damage.
func (w *wal) torn(size, end int64, what string) error {
	if end > size {
		return errTorn
	}
	p := make([]byte, size-w.end)
	if err := readAt(w.file, w.name, p, w.end); err != nil {
		return err
	}
	for at := int64(0); at < int64(len(p)); {
		next := (w.end+at)/sector*sector + sector - w.end
		if piece := p[at:min(next, int64(len(p)))]; zero(piece) {
			return errTorn
		}
		at = next
	}
	return w.damage(w.end, what)
}

// sealOf returns what the record at off in the log is sealed with.
func sealOf(epochs []epoch, off int64) (seal, bool) {
	i := sort.Search(len(epochs), func(i int) bool { return epochs[i].from > off })
	if i == 0 {
		return seal{}, false
	}
	return epochs[i-1].seal, true
}

// namesNow stands for the way in which match.Key folds names: the table of names is
// made anew when a file was written by one that folds otherwise.
var namesNow = sync.OnceValue(foldingOfNames)

func foldingOfNames() uint64 {
	k := seed{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9, 0xd6e8feb86659fd93}
	h := uint64(0)
	for _, s := range []string{"王小明", "阿依努尔•吐尔逊", "阿依努尔.吐尔逊", "ＡＢＣ〔集团〕有限公司", "JOHN  Smith", "Ⅷ㈱ﬃ", "a.b", "王\u200b明", "\ue863立"} {
		h = fold(h^k[0], k.hash(match.Key(s)))
	}
	for r := rune(0x2e80); r <= 0x9fff; r++ {
		if r < 0x3400 || r >= 0x4e00 {
			h = fold(h^k[0], k.hash(match.Key(string(r))))
		}
	}
	return h
}
