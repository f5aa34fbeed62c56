package lanes

import "golang.org/x/sys/cpu"

// have tells whether sixteen lanes pay: the instructions are there, and none that
// do SHA-256 by themselves, which crypto/sha256 would use.
var have = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && !hasSHA()

// turn makes words of four bytes from big-endian ones.
var turn = [16]byte{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12}

// blocks takes n blocks, n > 0, into the state of each lane, which stands by word
// and then by lane. Those of lane i begin at data + offset[i] and follow one another.
// A lane whose bit in fresh is set begins with the first state.
//
//go:noescape
func blocks(state *[8][Lanes]uint32, data *byte, offset *[Lanes]uint64, n int, fresh uint16)

// hasSHA asks the processor for its SHA instructions (leaf 7, EBX bit 29).
func hasSHA() bool
