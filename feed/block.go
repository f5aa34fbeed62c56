package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"gongxin"
)

// Both wire forms are files of blocks:
//
//	magic, 8 bytes
//	blocks: stored length, decoded length (big-endian 32 bits each), one zstd frame
//	end:    a stored length of 0, SHA-256 of every byte before, end of file
//
// The hash finds every fault at once, also where it would not change what is
// decoded; against forgery it does nothing, the ledger does. A block holds whole
// records, so a reader needs the memory of a block or two and no more.
const (
	// MaxBody is the length in bytes of the longest body that can travel.
	MaxBody = 8 << 20
	// flushAt is where a writer ends a block; a smaller one compresses worse.
	flushAt   = 256 << 10
	maxBlock  = flushAt + MaxBody + 64<<10
	maxStored = maxBlock + 64<<10 // zstd adds little to what it cannot compress
	sumSize   = sha256.Size
)

// One encoder and one decoder serve all goroutines: EncodeAll and DecodeAll keep
// no state between calls.
var (
	encoder = must(zstd.NewWriter(nil, zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecoderMaxWindow(maxBlock)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A blockWriter writes a file of blocks. Records are appended to block; end
// finishes the file and returns SHA-256 of all of it.
type blockWriter struct {
	w     io.Writer
	sum   hash.Hash
	block []byte
	frame []byte
}

func newBlockWriter(w io.Writer, magic string) (*blockWriter, error) {
	b := &blockWriter{w: w, sum: sha256.New()}
	return b, b.write([]byte(magic))
}

func (b *blockWriter) write(p []byte) error {
	b.sum.Write(p)
	_, err := b.w.Write(p)
	return err
}

// flush writes what was appended as one block if it is as long as atLeast.
func (b *blockWriter) flush(atLeast int) error {
	if len(b.block) < atLeast {
		return nil
	}
	b.frame = encoder.EncodeAll(b.block, append(b.frame[:0], make([]byte, 8)...))
	binary.BigEndian.PutUint32(b.frame, uint32(len(b.frame)-8))
	binary.BigEndian.PutUint32(b.frame[4:], uint32(len(b.block)))
	b.block = b.block[:0]
	return b.write(b.frame)
}

func (b *blockWriter) end() ([sumSize]byte, error) {
	var file [sumSize]byte
	if err := b.flush(1); err != nil {
		return file, err
	}
	if err := b.write(make([]byte, 4)); err != nil {
		return file, err
	}
	if err := b.write(b.sum.Sum(nil)); err != nil {
		return file, err
	}
	b.sum.Sum(file[:0])
	return file, nil
}

// A blockReader reads a file of blocks and refuses every other form.
type blockReader struct {
	r      io.Reader
	sum    hash.Hash
	stored []byte
}

// malformed is the error for a file that is not what it should be.
func malformed(format string, args ...any) error {
	return gongxin.Invalid("FEED_MALFORMED", fmt.Sprintf(format, args...))
}

// cut is the error for a file that ended too early; a fault of the carrier (a
// disk, a connection) stays what it is.
func cut(where string, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return malformed("%s", where)
	}
	return fmt.Errorf("read feed: %w", err)
}

func newBlockReader(r io.Reader, magic string) (*blockReader, error) {
	b := &blockReader{r: r, sum: sha256.New()}
	var head [8]byte
	if err := b.full(head[:]); err != nil {
		return nil, cut("its beginning is missing", err)
	}
	if string(head[:]) != magic {
		return nil, malformed("it begins with %q instead of %q", head[:], magic)
	}
	return b, nil
}

func (b *blockReader) full(p []byte) error {
	if _, err := io.ReadFull(b.r, p); err != nil {
		return err
	}
	b.sum.Write(p)
	return nil
}

// A frame is a block as it is stored, with the length that it claims to decode to.
type frame struct {
	stored  []byte
	decoded int
}

// next returns the next block, nil after the last. The block is the caller's.
func (b *blockReader) next() ([]byte, error) {
	f, err := b.frame(b.stored[:0])
	if err != nil || f.decoded == 0 {
		return nil, err
	}
	b.stored = f.stored
	return f.decode(nil)
}

// frame reads the next block into into, without decoding it; the zero frame after the last.
func (b *blockReader) frame(into []byte) (f frame, err error) {
	var word [4]byte
	if err := b.full(word[:]); err != nil {
		return f, cut("it ends within", err)
	}
	stored := binary.BigEndian.Uint32(word[:])
	if stored == 0 {
		return f, b.finish()
	}
	if err := b.full(word[:]); err != nil {
		return f, cut("it ends within", err)
	}
	decoded := binary.BigEndian.Uint32(word[:])
	if stored > maxStored || decoded == 0 || decoded > maxBlock {
		return f, malformed("a block is too long")
	}
	f.decoded = int(decoded)
	if f.stored, err = b.read(into, int(stored)); err != nil {
		return f, cut("it ends within a block", err)
	}
	return f, nil
}

// decode decompresses f, into into if there is enough room.
func (f frame) decode(into []byte) ([]byte, error) {
	if cap(into) < f.decoded { // the length is a claim: memory grows with what is really there
		into = make([]byte, 0, min(f.decoded, 32*len(f.stored)))
	}
	block, err := decoder.DecodeAll(f.stored, into)
	if err != nil {
		return nil, malformed("a block cannot be decompressed: %v", err)
	}
	if len(block) != f.decoded {
		return nil, malformed("a block has another length than it says")
	}
	return block, nil
}

// read fills stored with n bytes, growing as they arrive.
func (b *blockReader) read(stored []byte, n int) ([]byte, error) {
	const step = 1 << 20
	for len(stored) < n {
		have, more := len(stored), min(step, n-len(stored))
		if cap(stored) < have+more {
			stored = append(stored, make([]byte, more)...)
		}
		stored = stored[:have+more]
		if err := b.full(stored[have:]); err != nil {
			return stored, err
		}
	}
	return stored, nil
}

func (b *blockReader) finish() error {
	want := b.sum.Sum(nil)
	got := make([]byte, sumSize)
	if err := b.full(got); err != nil {
		return cut("its end is missing", err)
	}
	if !bytes.Equal(got, want) {
		return malformed("its bytes were changed on the way")
	}
	if n, err := io.ReadFull(b.r, make([]byte, 1)); n > 0 {
		return malformed("more follows after its end")
	} else if err != io.EOF {
		return fmt.Errorf("read feed: %w", err)
	}
	return nil
}

// hash returns SHA-256 of the whole file once next has returned nil.
func (b *blockReader) hash() (file [sumSize]byte) {
	b.sum.Sum(file[:0])
	return file
}

// A cursor takes fields off a block. After the first fault every field is empty
// and bad is set.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) bytes(n uint64) []byte {
	if c.bad || n > uint64(len(c.b)) {
		c.bad = true
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

// number takes an unsigned varint in its shortest form, of at most 63 bits.
func (c *cursor) number() uint64 {
	if c.bad {
		return 0
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 || n > 1 && c.b[n-1] == 0 || v>>63 != 0 {
		c.bad = true
		return 0
	}
	c.b = c.b[n:]
	return v
}

// text takes a length and as many bytes, at most limit.
func (c *cursor) text(limit uint64) []byte {
	n := c.number()
	if n > limit {
		c.bad = true
		return nil
	}
	return c.bytes(n)
}

func appendText(b, text []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
