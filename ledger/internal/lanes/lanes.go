// Package lanes does SHA-256 of many short messages at once, sixteen side by side
// in the lanes of AVX-512 registers or eight in those of AVX2, on processors that have
// these and no SHA instructions; elsewhere it calls crypto/sha256 for one after the
// other. The results are the same. It imports nothing of ours and keeps no state.
//
//	messages ─▶ lane 0  ▓▓▓▓▓▓░░▓▓▓   a lane whose message ends takes the next one
//	            lane 1  ▓▓░▓▓▓▓▓▓░▓
//	            …
//
// Why there is assembly of our own, and when it can go: docs/decisions/lanes.md.
package lanes

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"
)

const (
	// Lanes is how many messages are hashed side by side.
	Lanes = 16
	// few messages are faster one after the other.
	few = 4
	// long messages are, too: others would wait for them with their lanes empty.
	long = 64 << 10

	blockSize = sha256.BlockSize
	roomSize  = 16 * blockSize // of a message at a time
	// stride is a cache line more, so that the same block of all lanes is not in the same cache sets.
	stride = roomSize + blockSize
)

// A Message is what is hashed: Head and then Body, as if they were one text.
type Message struct{ Head, Body []byte }

// Sum sets each sum[i] to SHA-256 of message(i, b). message is called once for each
// i, in rising order; it may make a short Head in b, which is empty with room for 128
// bytes and is used again by the next call. A Body of up to a KiB is read at once, a longer one
// until Sum returns. Nothing is allocated.
func Sum[H ~[sha256.Size]byte](sum []H, message func(i int, b []byte) Message) {
	w := works.Get().(*work)
	if have && len(sum) >= few {
		sideBySide(w, sum, message)
	} else {
		oneByOne(w, sum, message)
	}
	works.Put(w)
}

// oneByOne is Sum without lanes.
func oneByOne[H ~[sha256.Size]byte](w *work, sum []H, message func(i int, b []byte) Message) {
	for i := range sum {
		m := message(i, w.head[:0])
		if n := len(m.Head) + len(m.Body); n <= roomSize { // in one piece it goes faster
			copy(w.room[:], m.Head)
			copy(w.room[len(m.Head):], m.Body)
			sum[i] = sha256.Sum256(w.room[:n])
		} else {
			sum[i] = alone(m)
		}
	}
}

// alone hashes m in pieces.
func alone(m Message) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(m.Head)
	h.Write(m.Body)
	h.Sum(sum[:0])
	return sum
}

// A lane is where a message stands. The bytes of its next blocks are in its room.
type lane struct {
	index  int  // of the message
	blocks int  // left in the room
	ended  bool // the message and its padding are in the room

	// Of a message that is longer than the room:
	rest   []byte // what is not in the room yet
	length int    // of all of it, in bytes
	marked bool   // the first byte of the padding was in the room
}

// A work is the memory of one call.
type work struct {
	state  [8][Lanes]uint32
	offset [Lanes]uint64
	fresh  uint16 // lanes whose message has just begun, a bit for each
	lanes  [Lanes]lane
	head   [128]byte
	wide   bool                  // sixteen lanes at once; else twice eight
	words  [16][Lanes / 2]uint32 // room for those
	room   [Lanes * stride]byte
}

var works = sync.Pool{New: func() any { return &work{wide: wide} }}

// idle is more blocks than any room holds.
const idle = math.MaxInt

// sideBySide is Sum with lanes.
func sideBySide[H ~[sha256.Size]byte](w *work, sum []H, message func(i int, b []byte) Message) {
	next, busy := 0, 0
	for i := range w.lanes {
		if next = begin(w, i, next, sum, message); w.lanes[i].blocks != idle {
			busy++
		}
	}
	for busy > 0 {
		n := idle
		for i := range w.lanes {
			n = min(n, w.lanes[i].blocks)
		}
		w.advance(n)
		w.fresh = 0
		for i := range w.lanes {
			l := &w.lanes[i]
			if l.blocks == idle {
				continue
			}
			w.offset[i] += uint64(n) * blockSize
			if l.blocks -= n; l.blocks > 0 {
				continue
			}
			if !l.ended {
				w.fill(i, nil)
				continue
			}
			done := sum[l.index][:]
			for j := range w.state {
				binary.BigEndian.PutUint32(done[4*j:], w.state[j][i])
			}
			if next = begin(w, i, next, sum, message); l.blocks == idle {
				busy--
			}
		}
	}
	for i := range w.lanes {
		w.lanes[i] = lane{} // hold on to nobody's memory
	}
}

// begin gives lane i the next message that is not long, and returns the number of
// the one after it. Without any the lane is idle.
func begin[H ~[sha256.Size]byte](w *work, i, next int, sum []H, message func(i int, b []byte) Message) int {
	l := &w.lanes[i]
	for ; next < len(sum); next++ {
		m := message(next, w.head[:0])
		length := len(m.Head) + len(m.Body)
		if length > long || len(m.Head) > roomSize {
			sum[next] = alone(m)
			continue
		}
		w.fresh |= 1 << i
		w.offset[i] = uint64(i * stride)
		l.index = next
		if length+9 <= roomSize { // nearly always: all of it is in the room
			room := w.room[i*stride : i*stride+roomSize]
			n := copy(room, m.Head)
			n += copy(room[n:], m.Body)
			l.blocks, l.ended = pad(room, n, length), true
			return next + 1
		}
		*l = lane{index: next, rest: m.Body, length: length}
		w.fill(i, m.Head)
		return next + 1
	}
	*l = lane{blocks: idle}
	w.offset[i] = 0 // it goes on with whatever stands there, and nobody looks
	return next
}

// pad ends a message of length bytes whose last ones are the first n in room: a bit,
// zeros, and the length in bits as the last eight bytes of a block. It returns how many blocks that makes.
func pad(room []byte, n, length int) (blocks int) {
	room[n] = 0x80
	blocks = (n + 9 + blockSize - 1) / blockSize
	clear(room[n+1 : blocks*blockSize-8])
	binary.BigEndian.PutUint64(room[blocks*blockSize-8:], 8*uint64(length))
	return blocks
}

// fill puts head, what follows of a longer message and, at its end, the padding into
// the room of lane i.
func (w *work) fill(i int, head []byte) {
	l := &w.lanes[i]
	room := w.room[i*stride : i*stride+roomSize]
	w.offset[i] = uint64(i * stride)
	n := copy(room, head)
	more := copy(room[n:], l.rest)
	l.rest, n = l.rest[more:], n+more
	switch {
	case n == len(room):
		l.blocks = roomSize / blockSize
	case l.marked: // the padding has begun: what is left of it is one block
		clear(room[:blockSize-8])
		binary.BigEndian.PutUint64(room[blockSize-8:], 8*uint64(l.length))
		l.blocks, l.ended, l.rest = 1, true, nil
	case n+9 > len(room): // its length does not fit
		room[n], l.marked = 0x80, true
		clear(room[n+1:])
		l.blocks = roomSize / blockSize
	default:
		l.blocks, l.ended, l.rest = pad(room, n, l.length), true, nil
	}
}

// first is the state before the first block: the fractions of the square roots of the first eight primes.
var first = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// constants are one for each round: the fractions of the cube roots of the first 64 primes.
//
//lint:ignore U1000 the assembly reads it
var constants = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
