package intake

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"gongxin"
	gb "gongxin/internal/gb18030"
)

// An encoding is how characters are written as bytes.
type encoding uint8

const (
	utf8Encoding encoding = iota
	utf16LE
	utf16BE
	utf32LE
	utf32BE
	gb18030 // and GBK and GB 2312, which it contains
)

func (e encoding) String() string {
	return [...]string{"UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE", "GB18030"}[e]
}

// A writing is how a text file is written.
type writing struct {
	encoding encoding
	bom      bool // begins with the encoding's mark
	quotes   bool // holds a double quote somewhere
}

// open returns the text of the file in UTF-8, from the beginning.
func (w writing) open(in io.Reader) io.Reader {
	if w.bom {
		in = &skipper{in, int64(len(w.encoding.bom()))}
	}
	if w.encoding == utf8Encoding {
		return in
	}
	return newDecoder(in, w.encoding)
}

// A skipper leaves out the first bytes.
type skipper struct {
	in   io.Reader
	skip int64
}

func (s *skipper) Read(p []byte) (int, error) {
	if s.skip > 0 {
		if _, err := io.CopyN(io.Discard, s.in, s.skip); err != nil {
			return 0, err
		}
		s.skip = 0
	}
	return s.in.Read(p)
}

// bom is the byte order mark of e.
func (e encoding) bom() string {
	return [...]string{"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF", "\xFF\xFE\x00\x00", "\x00\x00\xFE\xFF", ""}[e]
}

// detect finds the encoding of a text file: its mark decides, else UTF-8 if all of
// it is, else GB 18030 if all of it is. Every byte is read. Errors: NOT_TEXT,
// ENCODING_INVALID with the place of the first byte that does not fit.
func detect(r io.ReaderAt, size int64) (writing, error) {
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return writing{}, err
	}
	for _, e := range []encoding{utf32LE, utf32BE, utf8Encoding, utf16LE, utf16BE} { // the longer marks first
		if bytes.HasPrefix(head, []byte(e.bom())) {
			_, quotes, err := validate(r, size, e)
			return writing{e, true, quotes}, err
		}
	}
	if e, ok := unmarked16(head); ok {
		if _, quotes, err := validate(r, size, e); err == nil {
			return writing{e, false, quotes}, nil
		}
	}
	far, quotes, err := validate(r, size, utf8Encoding)
	if err == nil || gongxin.CodeOf(err) != "ENCODING_INVALID" {
		return writing{utf8Encoding, false, quotes}, err
	}
	farther, quotes, err2 := validate(r, size, gb18030)
	if err2 == nil {
		return writing{gb18030, false, quotes}, nil
	}
	if farther > far { // the encoding that goes on for longer is the one that was meant
		err = err2
	}
	return writing{}, err
}

// unmarked16 tells whether the file looks like UTF-16 without a mark: digits and
// delimiters leave zero bytes, nearly all on one side.
func unmarked16(head []byte) (encoding, bool) {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case zeros[1] > 4*zeros[0] && zeros[1] > len(head)/50:
		return utf16LE, true
	case zeros[0] > 4*zeros[1] && zeros[0] > len(head)/50:
		return utf16BE, true
	}
	return 0, false
}

// validate reads all of r as e and returns how far it is valid, and whether there
// is a double quote in it.
func validate(r io.ReaderAt, size int64, e encoding) (far int64, quotes bool, err error) {
	in := io.NewSectionReader(r, 0, size)
	if e == utf8Encoding {
		return validate8(in, size)
	}
	d := newDecoder(in, e)
	buf := make([]byte, 64<<10)
	for {
		n, err := d.Read(buf)
		if bytes.IndexByte(buf[:n], 0) >= 0 {
			return d.offset, quotes, gongxin.Invalid("NOT_TEXT", d.offset)
		}
		quotes = quotes || bytes.IndexByte(buf[:n], '"') >= 0
		if err == io.EOF {
			return size, quotes, nil
		}
		if err != nil {
			return d.offset, quotes, err
		}
	}
}

func validate8(in io.Reader, size int64) (far int64, quotes bool, err error) {
	buf := make([]byte, 256<<10)
	offset, kept := int64(0), 0
	for {
		n, err := io.ReadFull(in, buf[kept:])
		b := buf[:kept+n]
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return offset, quotes, gongxin.Invalid("NOT_TEXT", offset+int64(i)+1)
		}
		quotes = quotes || bytes.IndexByte(b, '"') >= 0
		end := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !end {
			return offset, quotes, fmt.Errorf("read the file: %w", err)
		}
		valid := validUTF8(b)
		at := offset + int64(valid)
		switch {
		case valid < len(b) && (end || utf8.FullRune(b[valid:])):
			return at, quotes, gongxin.Invalid("ENCODING_INVALID", utf8Encoding, at+1)
		case end:
			return size, quotes, nil
		}
		kept = copy(buf, b[valid:])
		offset = at
	}
}

// validUTF8 returns how many bytes at the front of b are valid UTF-8.
func validUTF8(b []byte) int {
	if utf8.Valid(b) {
		return len(b)
	}
	i := 0
	for i < len(b) {
		if step := min(len(b)-i, 4096); utf8.Valid(b[i : i+step]) {
			i += step
			continue
		}
		for stop := min(len(b), i+4096); i < stop; {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n <= 1 {
				return i
			}
			i += n
		}
	}
	return i
}

// A decoder turns another encoding into UTF-8. It is strict: the first sequence that
// is not valid ends it with ENCODING_INVALID and its place.
type decoder struct {
	in     io.Reader
	e      encoding
	buf    []byte // read and not yet decoded: buf[at:end]
	at     int
	end    int
	offset int64 // of buf[at] in the file
	err    error // of in
	out    []byte
}

func newDecoder(in io.Reader, e encoding) *decoder {
	return &decoder{in: in, e: e, buf: make([]byte, 64<<10), out: make([]byte, 0, 4)}
}

// What the decoders of one character say, as that of GB 18030 does.
var (
	errShort = gb.ErrShort
	errBad   = gb.ErrInvalid
)

// Read decodes into p, which should hold more than a few bytes.
func (d *decoder) Read(p []byte) (int, error) {
	n := copy(p, d.out) // of a character that did not fit
	d.out = d.out[:copy(d.out, d.out[n:])]
	if len(d.out) > 0 {
		return n, nil
	}
	for n < len(p) {
		n += d.common(p[n:])
		r, size, err := d.next()
		if err == errShort {
			if n > 0 && d.err == nil {
				return n, nil
			}
			if err := d.fill(); err != nil {
				if n > 0 && err == io.EOF {
					return n, nil
				}
				return n, err
			}
			continue
		}
		if err != nil {
			return n, err
		}
		d.at += size
		d.offset += int64(size)
		if r < utf8.RuneSelf {
			p[n] = byte(r)
			n++
			continue
		}
		if len(p)-n >= utf8.UTFMax {
			n += utf8.EncodeRune(p[n:], r)
			continue
		}
		d.out = utf8.AppendRune(d.out[:0], r)
		k := copy(p[n:], d.out)
		n += k
		d.out = d.out[:copy(d.out, d.out[k:])]
	}
	return n, nil
}

// common decodes into p what is in the buffer, as long as it is ASCII or, in the
// encodings that are met every day, a character of two bytes; next does the rest.
func (d *decoder) common(p []byte) int {
	b, at, n := d.buf[:d.end], d.at, 0
	switch d.e {
	case gb18030:
		table := gb.Pairs()
		for at < len(b) && n+utf8.UTFMax <= len(p) {
			c := b[at]
			if c < utf8.RuneSelf && c != 0 {
				p[n] = c
				n++
				at++
				continue
			}
			if at+1 >= len(b) {
				break
			}
			r := table.Pair(c, b[at+1])
			if r == 0 {
				break
			}
			n += utf8.EncodeRune(p[n:], r)
			at += 2
		}
	case utf16LE, utf16BE:
		low, high := at, at+1
		if d.e == utf16BE {
			low, high = high, low
		}
		for at+1 < len(b) && n+utf8.UTFMax <= len(p) {
			r := rune(b[high])<<8 | rune(b[low])
			if 0xD800 <= r && r <= 0xDFFF {
				break
			}
			n += utf8.EncodeRune(p[n:], r)
			at, low, high = at+2, low+2, high+2
		}
	}
	d.offset += int64(at - d.at)
	d.at = at
	return n
}

// fill reads more; at the end of the file whole characters must have been used up.
func (d *decoder) fill() error {
	if d.err == nil {
		d.end = copy(d.buf, d.buf[d.at:d.end])
		d.at = 0
		var n int
		n, d.err = d.in.Read(d.buf[d.end:])
		d.end += n
		if n > 0 || d.err == nil {
			return nil
		}
	}
	if d.err != io.EOF {
		return fmt.Errorf("read the file: %w", d.err)
	}
	if d.at < d.end {
		return d.invalid()
	}
	return io.EOF
}

func (d *decoder) invalid() error { return gongxin.Invalid("ENCODING_INVALID", d.e, d.offset+1) }

// next decodes the character at the front of the buffer.
func (d *decoder) next() (r rune, size int, err error) {
	b := d.buf[d.at:d.end]
	if len(b) == 0 {
		return 0, 0, errShort
	}
	switch d.e {
	case gb18030:
		r, size, err = gb.Decode(b)
	case utf16LE, utf16BE:
		r, size, err = decode16(b, d.e == utf16BE)
	case utf32LE, utf32BE:
		r, size, err = decode32(b, d.e == utf32BE)
	default:
		if !utf8.FullRune(b) {
			return 0, 0, errShort
		}
		if r, size = utf8.DecodeRune(b); r == utf8.RuneError && size <= 1 {
			err = errBad
		}
	}
	if err == errBad {
		err = d.invalid()
	}
	return r, size, err
}

func decode16(b []byte, big bool) (rune, int, error) {
	unit := func(i int) rune {
		if big {
			return rune(b[i])<<8 | rune(b[i+1])
		}
		return rune(b[i+1])<<8 | rune(b[i])
	}
	if len(b) < 2 {
		return 0, 0, errShort
	}
	r := unit(0)
	switch {
	case r < 0xD800 || r > 0xDFFF:
		return r, 2, nil
	case r > 0xDBFF:
		return 0, 0, errBad
	case len(b) < 4:
		return 0, 0, errShort
	}
	low := unit(2)
	if low < 0xDC00 || low > 0xDFFF {
		return 0, 0, errBad
	}
	return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), 4, nil
}

func decode32(b []byte, big bool) (rune, int, error) {
	if len(b) < 4 {
		return 0, 0, errShort
	}
	v := uint32(b[3])<<24 | uint32(b[2])<<16 | uint32(b[1])<<8 | uint32(b[0])
	if big {
		v = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	}
	if v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		return 0, 0, errBad
	}
	return rune(v), 4, nil
}
