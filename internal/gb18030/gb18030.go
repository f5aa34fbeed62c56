// Package gb18030 reads and writes texts in GB 18030, which has GBK and GB 2312 in it,
// by a table built from golang.org/x/text, completed by the user-defined areas, which
// that package does not map. Names with characters that a police system keeps in these
// areas must come through unharmed. Everything in it is safe for use at once.
package gb18030

import (
	"errors"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Errors of Decode.
var (
	ErrShort   = errors.New("more bytes are needed")
	ErrInvalid = errors.New("not valid in GB 18030")
)

const (
	leads  = 0x7E // 81–FE
	trails = 190  // 40–7E, 80–FE
)

// private lists what GB 18030-2000 maps to private use outside the three
// user-defined areas: first position, how many, first code point.
var private = [...]struct {
	at, n int
	r     rune
}{
	{0xA2AB, 6, 0xE766}, {0xA2E4, 1, 0xE76D}, {0xA2EF, 2, 0xE76E}, {0xA2FD, 2, 0xE770}, {0xA4F4, 11, 0xE772},
	{0xA5F7, 8, 0xE77D}, {0xA6B9, 8, 0xE785}, {0xA6D9, 7, 0xE78D}, {0xA6EC, 2, 0xE794}, {0xA6F3, 1, 0xE796},
	{0xA6F6, 9, 0xE797}, {0xA7C2, 15, 0xE7A0}, {0xA7F2, 13, 0xE7AF}, {0xA896, 11, 0xE7BC}, {0xA8BC, 1, 0xE7C7},
	{0xA8C1, 4, 0xE7C9}, {0xA8EA, 21, 0xE7CD}, {0xA958, 1, 0xE7E2}, {0xA95B, 1, 0xE7E3}, {0xA95D, 3, 0xE7E4},
	{0xA997, 13, 0xE7F4}, {0xA9F0, 15, 0xE801}, {0xD7FA, 5, 0xE810}, {0xFE51, 3, 0xE816}, {0xFE59, 1, 0xE81E},
	{0xFE61, 1, 0xE826}, {0xFE66, 2, 0xE82B}, {0xFE6C, 2, 0xE831}, {0xFE76, 1, 0xE83B}, {0xFE7E, 1, 0xE843},
	{0xFE90, 2, 0xE854}, {0xFEA0, 1, 0xE864},
}

// index is the position of a two-byte code in the table, -1 if there is none.
func index(lead, trail byte) int {
	if lead < 0x81 || lead > 0xFE || trail < 0x40 || trail == 0x7F || trail > 0xFE {
		return -1
	}
	t := int(trail) - 0x40
	if trail > 0x7F {
		t--
	}
	return int(lead-0x81)*trails + t
}

// A Table maps codes of two bytes.
type Table [leads * trails]rune

// Pair returns the character of two bytes, 0 if they are none.
func (t *Table) Pair(lead, trail byte) rune {
	if i := index(lead, trail); i >= 0 {
		return t[i]
	}
	return 0
}

// Pairs returns the table of two-byte codes; it is built once, in about a millisecond.
var Pairs = sync.OnceValue(func() *Table {
	var t Table
	d := simplifiedchinese.GB18030.NewDecoder()
	dst := make([]byte, 16)
	each := func(leads, trails [2]byte, use func(i int)) {
		for l := int(leads[0]); l <= int(leads[1]); l++ {
			for c := int(trails[0]); c <= int(trails[1]); c++ {
				if i := index(byte(l), byte(c)); i >= 0 {
					use(i)
				}
			}
		}
	}
	for l := 0x81; l <= 0xFE; l++ {
		for c := 0x40; c <= 0xFE; c++ {
			i := index(byte(l), byte(c))
			if i < 0 {
				continue
			}
			d.Reset()
			if n, _, err := d.Transform(dst, []byte{byte(l), byte(c)}, true); err == nil {
				if r := []rune(string(dst[:n])); len(r) == 1 && r[0] != 0xFFFD {
					t[i] = r[0]
				}
			}
		}
	}
	next := rune(0xE000)
	for _, area := range [...][2][2]byte{{{0xAA, 0xAF}, {0xA1, 0xFE}}, {{0xF8, 0xFE}, {0xA1, 0xFE}}, {{0xA1, 0xA7}, {0x40, 0xA0}}} {
		each(area[0], area[1], func(i int) {
			if t[i] == 0 {
				t[i] = next
			}
			next++
		})
	}
	for _, p := range private {
		i := index(byte(p.at>>8), byte(p.at))
		for k := range p.n {
			if t[i+k] == 0 {
				t[i+k] = p.r + rune(k)
			}
		}
	}
	return &t
})

// Decode decodes the character at the front of b, which is not empty, and returns how
// many bytes it has. A zero byte is none. Errors: ErrShort, ErrInvalid.
func Decode(b []byte) (rune, int, error) {
	c := b[0]
	switch {
	case c == 0:
		return 0, 0, ErrInvalid
	case c < 0x80:
		return rune(c), 1, nil
	case c == 0x80 || c == 0xFF:
		return 0, 0, ErrInvalid
	case len(b) < 2:
		return 0, 0, ErrShort
	}
	if i := index(c, b[1]); i >= 0 {
		if r := Pairs()[i]; r != 0 {
			return r, 2, nil
		}
		return 0, 0, ErrInvalid
	}
	if b[1] < 0x30 || b[1] > 0x39 {
		return 0, 0, ErrInvalid
	}
	if len(b) < 4 {
		return 0, 0, ErrShort
	}
	return four(b[:4])
}

func four(b []byte) (rune, int, error) {
	if b[2] < 0x81 || b[2] > 0xFE || b[3] < 0x30 || b[3] > 0x39 {
		return 0, 0, ErrInvalid
	}
	linear := ((int(b[0]-0x81)*10+int(b[1]-0x30))*126+int(b[2]-0x81))*10 + int(b[3]-0x30)
	if linear >= 189000 {
		if r := rune(linear - 189000 + 0x10000); r <= 0x10FFFF {
			return r, 4, nil
		}
		return 0, 0, ErrInvalid
	}
	var dst [8]byte
	n, _, err := simplifiedchinese.GB18030.NewDecoder().Transform(dst[:], b, true)
	r := []rune(string(dst[:n]))
	if err != nil || len(r) != 1 || r[0] == 0xFFFD && string(b) != "\x84\x31\xA4\x37" {
		return 0, 0, ErrInvalid
	}
	return r[0], 4, nil
}

// reverse maps the private-use characters of two-byte codes back to them.
var reverse = sync.OnceValue(func() map[rune][2]byte {
	back := map[rune][2]byte{}
	for l := 0x81; l <= 0xFE; l++ {
		for c := 0x40; c <= 0xFE; c++ {
			if i := index(byte(l), byte(c)); i >= 0 {
				if r := Pairs()[i]; 0xE000 <= r && r <= 0xF8FF {
					back[r] = [2]byte{byte(l), byte(c)}
				}
			}
		}
	}
	return back
})

// Text decodes b. at is where it is not GB 18030, or cut at the end; -1 if all of it is.
func Text(b []byte) (s string, at int) {
	out, table := make([]byte, 0, len(b)+len(b)/2), Pairs()
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf && c != 0 {
			out = append(out, c)
			i++
			continue
		}
		if i+1 < len(b) {
			if r := table.Pair(b[i], b[i+1]); r != 0 {
				out = utf8.AppendRune(out, r)
				i += 2
				continue
			}
		}
		r, size, err := Decode(b[i:])
		if err != nil {
			return string(out), i
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	return string(out), -1
}

// Append appends s in GB 18030; a question mark stands for what no text in it can hold:
// characters for private use that have no place in its areas.
func Append(b []byte, s string) []byte {
	e := simplifiedchinese.GB18030.NewEncoder()
	var dst [8]byte
	for _, r := range s {
		if r < 0x80 {
			b = append(b, byte(r))
			continue
		}
		if two, ok := reverse()[r]; ok && 0xE000 <= r && r <= 0xF8FF {
			b = append(b, two[0], two[1])
			continue
		}
		if r >= 0x10000 {
			n := int(r) - 0x10000 + 189000
			b = append(b, byte(0x81+n/12600), byte(0x30+n/1260%10), byte(0x81+n/10%126), byte(0x30+n%10))
			continue
		}
		e.Reset()
		n, _, err := e.Transform(dst[:], []byte(string(r)), true)
		if err != nil || n == 0 || !decodesTo(dst[:n], r) {
			b = append(b, '?')
			continue
		}
		b = append(b, dst[:n]...)
	}
	return b
}

func decodesTo(b []byte, r rune) bool {
	back, size, err := Decode(b)
	return err == nil && back == r && size == len(b)
}
