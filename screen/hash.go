package screen

import (
	"encoding/binary"
	"math/bits"
)

// A seed keys the hash by which tables in memory are searched: 64 bits, made by
// multiplying to 128 and folding both halves together. It is fast, keyed so that
// nobody can prepare numbers that meet in one place, and no commitment: what is
// kept or compared is a Mark's Tag.
type seed [4]uint64

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hash returns the hash of s, never 0.
func (k *seed) hash(s string) uint64 {
	if len(s) == 18 { // numbers of citizens
		return k.hash18(word(s, 0), word(s, 8), word(s, 10))
	}
	return k.hashOther(s)
}

// hashBytes is hash of b.
func (k *seed) hashBytes(b []byte) uint64 {
	if len(b) == 18 {
		return k.hash18(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[10:]))
	}
	return k.hashOther(string(b))
}

// hash18 returns the hash of 18 bytes, given as the words at 0, 8 and 10.
func (k *seed) hash18(a, b, c uint64) uint64 { return k.end(fold(a^k[0], b^k[1])^c, 18) }

func (k *seed) hashOther(s string) uint64 {
	n := uint64(len(s))
	if len(s) >= 8 && len(s) <= 16 {
		return k.end(fold(word(s, 0)^k[0], word(s, len(s)-8)^k[1]), n)
	}
	h := k[0]
	for ; len(s) > 16; s = s[16:] {
		h = fold(word(s, 0)^k[1]^h, word(s, 8)^k[2]^bits.RotateLeft64(h, 32))
	}
	var last [16]byte
	copy(last[:], s)
	h = fold(binary.LittleEndian.Uint64(last[:])^k[1]^h, binary.LittleEndian.Uint64(last[8:])^k[2]^bits.RotateLeft64(h, 32))
	return k.end(h, n)
}

// hash16 returns the hash of 16 bytes, given as two words.
func (k *seed) hash16(a, b uint64) uint64 { return k.end(fold(a^k[0], b^k[1]), 16) }

func (k *seed) end(h, n uint64) uint64 { return max(fold(h^k[2], k[3]^n), 1) }

// word reads eight bytes of s from i.
func word(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// sipHash128 is SipHash-2-4 of s with 128 bits (Aumasson and Bernstein).
func sipHash128(key [2]uint64, s string) (sum [16]byte) {
	v0, v1 := key[0]^0x736f6d6570736575, key[1]^0x646f72616e646f6d^0xee
	v2, v3 := key[0]^0x6c7967656e657261, key[1]^0x7465646279746573
	last := uint64(len(s)) << 56
	for ; len(s) >= 8; s = s[8:] {
		m := word(s, 0)
		v3 ^= m
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= m
	}
	for i := range len(s) {
		last |= uint64(s[i]) << (8 * i)
	}
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xee
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	binary.LittleEndian.PutUint64(sum[:], v0^v1^v2^v3)
	v1 ^= 0xdd
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	binary.LittleEndian.PutUint64(sum[8:], v0^v1^v2^v3)
	return sum
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
