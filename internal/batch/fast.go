package batch

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"sync"
	"time"

	"gongxin/identity"
)

// A Filter knows who is certainly not listed, such as a *gate.Beside. Those are clear;
// everybody else is asked about at the gate. Once Fresh says false, it is not used any
// more. Its methods run from several goroutines.
type Filter interface {
	// Fresh tells whether the list counts as fresh at now, its sequence and its time.
	Fresh(now time.Time) (sequence uint64, asOf time.Time, fresh bool)
	// Maybe tells for each of numbers whether it may be listed; false is certain.
	Maybe(numbers []identity.Number, out []bool)
	// Candidates is Maybe for citizen numbers in canonical form.
	Candidates(numbers [][]byte, out []bool)
}

// Most files have neither a quote nor a number in another writing than the canonical
// one. Their text is read in blocks that end with a line, the lines are looked at on all
// cores where they lie, and only rows that may be listed, or whose number is not
// certainly in order, become rows that are cut with care. What comes of it is the same.

const (
	blockSize = 1 << 20
	wholePart = blockSize / 8 // is read at once where all rows are wanted, which take more memory
	maxPause  = 64            // chunks
)

// A block has room for a word beyond its text.
type block [blockSize + 8]byte

var blocks = sync.Pool{New: func() any { return new(block) }}

// readBlock fills c with the lines that follow, up to the first that holds a quote; ok
// is false if they have to be split with care. A file full of quotes is seldom tried.
func (t *text) readBlock(c *chunk) (ok bool, err error) {
	if t.pause > 0 {
		t.pause--
		return false, nil
	}
	room := blocks.Get().(*block)
	n, err := t.file.ReadAt(room[:t.inBlocks], t.offset)
	if err != nil && err != io.EOF {
		return false, err
	}
	if n == 0 {
		return false, io.EOF
	}
	b := room[:n]
	if quote := bytes.IndexByte(b, '"'); quote >= 0 {
		b = b[:bytes.LastIndexByte(b[:quote], t.eol)+1]
	} else if err != io.EOF {
		b = b[:bytes.LastIndexByte(b, t.eol)+1]
	}
	if len(b) == 0 {
		t.pauses = min(max(1, 2*t.pauses), maxPause)
		t.pause = t.pauses
		blocks.Put(room)
		return false, t.splitFrom(t.offset, t.line-1)
	}
	t.pauses, t.resplit = 0, true
	t.offset += int64(len(b))
	t.line += bytes.Count(b, []byte{t.eol})
	c.arena, c.block = b, room
	c.to = position{Offset: t.offset, Lines: t.line - 1}
	return true, nil
}

// A sieve is what scan holds rows against.
type sieve struct {
	Filter
	fresh bool // else nobody is certainly clear
	all   bool // rows that are clear are rows too
}

// looked is how many numbers are looked for at once.
const looked = 64

// scan makes rows of the lines of a block: of all that may be listed or need care, and
// of the others too if all are wanted; else it counts those.
func (t *text) scan(c *chunk, s sieve) {
	var numbers [looked][]byte
	var lines [looked][]byte
	var at [looked]uint64 // which row of the chunk it is, or its place in c.rows
	var may [looked]bool
	n := 0
	flush := func() {
		s.Candidates(numbers[:n], may[:n])
		for i := range n {
			switch {
			case s.all:
				c.rows[at[i]].sure = !may[i]
			case may[i]:
				c.rows = append(c.rows, row{n: at[i], raw: lines[i]})
			default:
				c.clear++
			}
		}
		n = 0
	}
	if s.all {
		c.rows = make([]row, 0, bytes.Count(c.arena, []byte{t.eol})+1)
	}
	count := uint64(0)
	for p := 0; p < len(c.arena); {
		end, at18 := t.line18(c.block[:], p, len(c.arena))
		line := c.arena[p:end]
		p = end
		if at18 < 0 || !s.fresh {
			if !s.all && n > 0 {
				flush() // rows stand in their order
			}
			r := row{raw: line, blank: blankRecord(line, t.delim)}
			if !r.blank {
				count++
			}
			r.n = count
			c.rows = append(c.rows, r)
			continue
		}
		number := c.arena[at18 : at18+long18]
		count++
		numbers[n], lines[n], at[n] = number, line, count
		if s.all {
			at[n] = uint64(len(c.rows))
			c.rows = append(c.rows, row{n: count, raw: line})
		}
		if n++; n == looked {
			flush()
		}
	}
	if n > 0 {
		flush()
	}
	c.total = count
	var all [][]byte
	for i := range c.rows {
		if r := &c.rows[i]; !r.blank && !r.sure {
			all = t.cutRow(r, all)
		}
	}
}

// long18 is the length of a citizen number.
const long18 = 18

// line18 returns the end of the line at p of a block of n bytes, and where in it a
// citizen number in canonical form is alone in the cell for the number; -1 if there is
// none, or the line has more cells than the header. No quote is in the block.
func (t *text) line18(b []byte, p, n int) (end, number int) {
	delim, eol := uint64(t.delim)*ones, uint64(t.eol)*ones
	number = -1
	cell := 0
	if t.layout.number == 0 {
		if number = t.number18(b, p, n); number < 0 {
			return t.lineFrom(b, p, n), -1
		}
		p += long18
	}
next:
	for p < n { // behind n there are always eight bytes more
		x := binary.LittleEndian.Uint64(b[p:])
		for found := same(x^delim) | same(x^eol); found != 0; found &= found - 1 {
			i := p + bits.TrailingZeros64(found)/8
			if i >= n {
				break next
			}
			if b[i] == t.eol {
				return t.judged(i+1, number, cell)
			}
			if cell++; cell == t.layout.number {
				if number = t.number18(b, i+1, n); number < 0 {
					return t.lineFrom(b, i+1, n), -1
				}
				p = number + long18
				continue next
			}
		}
		p += 8
	}
	return t.judged(n, number, cell)
}

// judged is the answer of line18 about a line that ends at end and has so many delimiters.
func (t *text) judged(end, number, delimiters int) (int, int) {
	if delimiters >= t.width {
		return end, -1
	}
	return end, number
}

// lineFrom finds the end of a line that is not plain.
func (t *text) lineFrom(b []byte, p, n int) int {
	if i := bytes.IndexByte(b[p:n], t.eol); i >= 0 {
		return p + i + 1
	}
	return n
}

// number18 returns p if a citizen number alone is the cell that begins there, else -1.
func (t *text) number18(b []byte, p, n int) int {
	end := p + long18
	if end > n || !citizen((*[long18]byte)(b[p:])) {
		return -1
	}
	if end < n && b[end] != t.delim && b[end] != t.eol && (b[end] != '\r' || end+1 < n && b[end+1] != t.eol) {
		return -1
	}
	return p
}

const ones = 0x0101010101010101

// same has the high bit of each byte of x that is zero.
func same(x uint64) uint64 {
	const low = 0x7F * ones
	return ^((x&low + low) | x | low)
}

// citizen tells whether b is a citizen number in canonical form, as identity.Parse
// judges it. Of what is one it may say no, and Parse is asked.
func citizen(b *[18]byte) bool {
	x, y := binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:16])
	const nines, zeros = 0x0606060606060606, 0x3030303030303030
	const high = 0xF0F0F0F0F0F0F0F0
	if ((x&high)^zeros)|((y&high)^zeros)|(((x+nines)&high)^zeros)|(((y+nines)&high)^zeros) != 0 {
		return false
	}
	d := b[16] - '0'
	if d > 9 || b[0] < '1' || b[0] > '8' || b[0] == '8' && b[1] <= '3' {
		return false // 81, 82 and 83 begin residence permits
	}
	x ^= zeros
	y ^= zeros
	// GB 11643-1999: the sum of weights 2^(18-i) mod 11. Four digits at a time are multiplied
	// with their weights, and their sum stands in the upper 16 bits.
	const even = 0x00FF00FF00FF00FF
	sum := (x&even*weights(7, 10, 8, 2))>>48 + (x>>8&even*weights(9, 5, 4, 1))>>48 +
		(y&even*weights(6, 7, 10, 8))>>48 + (y>>8&even*weights(3, 9, 5, 4))>>48 + uint64(d)*2
	if "10X98765432"[sum%11] != b[17] {
		return false
	}
	year := int(b[6]&15)*1000 + int(b[7]&15)*100 + int(b[8]&15)*10 + int(b[9]&15)
	month, day := int(b[10]&15)*10+int(b[11]&15), int(b[12]&15)*10+int(b[13]&15)
	if year < 1850 || year > 2100 || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= 28 || month != 2 && (day <= 30 || day == 31 && 1<<month&longMonths != 0) // 29 February is left to Parse
}

// longMonths are those of 31 days, a bit each.
const longMonths = 1<<1 | 1<<3 | 1<<5 | 1<<7 | 1<<8 | 1<<10 | 1<<12

// weights puts four weights so that multiplying with digits in 16-bit lanes, the first
// lowest, leaves the sum in the upper lane.
func weights(a, b, c, d uint64) uint64 { return d | c<<16 | b<<32 | a<<48 }
