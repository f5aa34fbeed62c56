package screen

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"gongxin/identity"
)

// marker holds what is derived from a Key once.
type marker struct {
	number, name [2]uint64 // SipHash keys, apart so that one tells nothing of the other
	tag          []byte    // HMAC key
}

func newMarker(k Key) marker {
	derive := func(use string) []byte {
		m := hmac.New(sha256.New, k[:])
		m.Write([]byte("gongxin screen " + use))
		return m.Sum(nil)
	}
	sip := func(use string) [2]uint64 {
		b := derive(use)
		return [2]uint64{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	}
	return marker{number: sip("number"), name: sip("name"), tag: derive("tag")}
}

func (m *marker) mark(number identity.Number) Mark {
	if number.IsZero() {
		return Mark{}
	}
	c := canonical(number)
	return Mark{Hash: sipHash(m.number, c), Tag: m.confirm(c)}
}

func (m *marker) confirm(number string) (tag [16]byte) {
	h := hmac.New(sha256.New, m.tag)
	h.Write([]byte(number))
	copy(tag[:], h.Sum(nil))
	return tag
}

// sipHash is SipHash-2-4 of s (Aumasson and Bernstein, 2012).
func sipHash(key [2]uint64, s string) uint64 {
	v0, v1 := key[0]^0x736f6d6570736575, key[1]^0x646f72616e646f6d
	v2, v3 := key[0]^0x6c7967656e657261, key[1]^0x7465646279746573
	last := uint64(len(s)) << 56
	for ; len(s) >= 8; s = s[8:] {
		m := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
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
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
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
