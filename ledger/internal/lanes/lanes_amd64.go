package lanes

import "golang.org/x/sys/cpu"

// wide tells whether the processor has sixteen lanes, narrow whether it has eight at
// least; neither pays beside instructions that do SHA-256 by themselves, which
// crypto/sha256 uses.
var (
	wide   = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW
	narrow = cpu.X86.HasAVX2
	have   = (wide || narrow) && !hasSHA()
)

// turn makes words of four bytes from big-endian ones.
//
//lint:ignore U1000 the assembly reads it
var turn = [16]byte{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12}

// advance takes the next n blocks of each lane into its state; a lane whose bit in
// fresh is set begins with the first one.
func (w *work) advance(n int) {
	if w.wide {
		blocks(&w.state, &w.room[0], &w.offset, n, w.fresh)
		return
	}
	for i := range w.lanes {
		if w.fresh>>i&1 == 1 {
			for j := range w.state {
				w.state[j][i] = first[j]
			}
		}
	}
	for half := 0; half < Lanes; half += Lanes / 2 {
		blocks8(&w.state[0][half], &w.room[0], &w.offset[half], n, &w.words)
	}
}

// blocks takes n blocks, n > 0, into the state of each lane, which stands by word
// and then by lane. Those of lane i begin at data + offset[i] and follow one another.
// A lane whose bit in fresh is set begins with the first state.
//
//go:noescape
func blocks(state *[8][Lanes]uint32, data *byte, offset *[Lanes]uint64, n int, fresh uint16)

// blocks8 does the same for eight lanes, whose state and offsets begin at state and
// offset, and for whom words is room. None begins here.
//
//go:noescape
func blocks8(state *uint32, data *byte, offset *uint64, n int, words *[16][Lanes / 2]uint32)

// hasSHA asks the processor for its SHA instructions (leaf 7, EBX bit 29).
func hasSHA() bool
