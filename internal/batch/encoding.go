package batch

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	xencoding "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"gongxin"
	gb "gongxin/internal/gb18030"
)

// An encoding is how characters are written as bytes. In UTF-8 and in GB 18030 (GBK,
// GB 2312) line ends, quotes and delimiters are bytes that stand in no other
// character, so such files are split as they are, and only the cells that are
// needed are decoded. UTF-16 is read by way of UTF-8.
type encoding uint8

const (
	utf8Encoding encoding = iota
	gb18030
	utf16LE
	utf16BE
)

func (e encoding) String() string { return [...]string{"UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"}[e] }

func (e encoding) bom() string { return [...]string{"\xEF\xBB\xBF", "", "\xFF\xFE", "\xFE\xFF"}[e] }

// wide tells whether files in e are read by way of UTF-8.
func (e encoding) wide() bool { return e >= utf16LE }

// A writing is how a text file is written.
type writing struct {
	encoding encoding
	bom      bool
}

const (
	headSize  = 1 << 20
	sureAfter = 32 // characters beyond ASCII that are enough to tell UTF-8 by
)

// detect finds the encoding of a text: its mark decides, else UTF-8 if the beginning
// is valid UTF-8, else GB 18030. What is ASCII alone is read on until enough other
// characters have been seen. Errors: BATCH_NOT_TEXT, BATCH_ENCODING.
func detect(r io.ReaderAt, size int64) (writing, error) {
	buf := make([]byte, min(size, headSize))
	seen := 0
	for from := int64(0); from < size && seen < sureAfter; {
		n, err := r.ReadAt(buf[:min(size-from, headSize)], from)
		if err != nil && err != io.EOF {
			return writing{}, err
		}
		b := buf[:n]
		if n == 0 {
			break
		}
		if from == 0 {
			for _, e := range []encoding{utf8Encoding, utf16LE, utf16BE} {
				if bytes.HasPrefix(b, []byte(e.bom())) {
					return writing{e, true}, nil
				}
			}
			if e, ok := unmarked16(b[:min(len(b), 4096)]); ok {
				return writing{encoding: e}, nil
			}
		}
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return writing{}, gongxin.Invalid("BATCH_NOT_TEXT", from+int64(i)+1)
		}
		end := from + int64(n)
		if end < size { // characters that the buffer cuts belong to the next
			b = wholeRunes(b)
		}
		if !utf8.Valid(b) {
			return writing{encoding: gb18030}, validGB18030(buf[:n], end == size)
		}
		for _, c := range b {
			if c >= 0xC0 {
				seen++
			}
		}
		from += int64(len(b))
	}
	return writing{}, nil
}

// wholeRunes is b without a character at the end that was cut.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) && len(b) > i {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// validGB18030 returns BATCH_ENCODING unless b is GB 18030; its last character may be
// cut if it is not whole.
func validGB18030(b []byte, whole bool) error {
	_, at := gb.Text(b)
	if at < 0 {
		return nil
	}
	if _, _, err := gb.Decode(b[at:]); err == gb.ErrShort && !whole {
		return nil
	}
	return gongxin.Invalid("BATCH_ENCODING", 1+bytes.Count(b[:at], []byte("\n")))
}

// unmarked16 tells whether a text looks like UTF-16 without a mark: digits and
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

// text returns the file as it is to be split, without its mark: as it is, or in UTF-8.
func (w writing) text(in io.Reader) (io.Reader, error) {
	if w.bom {
		if _, err := io.CopyN(io.Discard, in, int64(len(w.encoding.bom()))); err != nil {
			return nil, err
		}
	}
	if !w.encoding.wide() {
		return in, nil
	}
	return transform.NewReader(in, w.utf16().NewDecoder()), nil
}

func (w writing) utf16() xencoding.Encoding {
	end := unicode.LittleEndian
	if w.encoding == utf16BE {
		end = unicode.BigEndian
	}
	return unicode.UTF16(end, unicode.IgnoreBOM)
}

// decode returns a cell as text in UTF-8; ok is false if it holds bytes that the
// encoding does not have.
func (w writing) decode(cell []byte) (text string, ok bool) {
	ascii := true
	for _, c := range cell {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return string(cell), true
	}
	if w.encoding == gb18030 {
		s, at := gb.Text(cell)
		return s, at < 0
	}
	s := string(cell)
	return s, utf8.ValidString(s) && !strings.ContainsRune(s, utf8.RuneError)
}

// encode returns text in the encoding in which rows are put together: UTF-8 for
// UTF-16, which is turned around when it is written.
func (w writing) encode(text string) []byte {
	if w.encoding != gb18030 {
		return []byte(text)
	}
	return gb.Append(nil, text)
}

// out returns what was put together as it is to stand in the file.
func (w writing) out(b []byte) ([]byte, error) {
	if !w.encoding.wide() {
		return b, nil
	}
	return w.utf16().NewEncoder().Bytes(b)
}
