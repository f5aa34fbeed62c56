#include "textflag.h"

// SHA-256 (FIPS 180-4) of sixteen messages side by side. A Z register holds one
// 32-bit word of each: the working variables a … h stand in Z0 … Z7, the sixteen
// words of the message schedule in Z16 … Z31, Z8 … Z15 are for what is between.

// LOAD brings the next block of one lane, whose offset is the i-th, and turns its
// words from big-endian.
#define LOAD(i, row) \
	MOVQ      (8*i)(BX), R8      \ // offset of the lane
	VMOVDQU32 (SI)(R8*1), row    \ // sixteen words of its block
	VPSHUFB   Z15, row, row

// PAIRS and QUADS turn four rows (lanes) into four columns (words) within each
// quarter of a register.
#define PAIRS(r0, r1, r2, r3, t0, t1, t2, t3) \
	VPUNPCKLDQ r1, r0, t0 \ // words 0 and 1 of the first two rows
	VPUNPCKHDQ r1, r0, t1 \ // words 2 and 3
	VPUNPCKLDQ r3, r2, t2 \
	VPUNPCKHDQ r3, r2, t3

#define QUADS(t0, t1, t2, t3, u0, u1, u2, u3) \
	VPUNPCKLQDQ t2, t0, u0 \ // word 0 of all four rows
	VPUNPCKHQDQ t2, t0, u1 \ // word 1
	VPUNPCKLQDQ t3, t1, u2 \
	VPUNPCKHQDQ t3, t1, u3

// HALVES and WHOLES bring together the quarters of four registers: words j, 4+j,
// 8+j and 12+j, each of all sixteen lanes.
#define HALVES(a, b, c, d, v0, v1, v2, v3) \
	VSHUFI32X4 $0x88, b, a, v0 \ // quarters 0 and 2 of a, of b
	VSHUFI32X4 $0xDD, b, a, v1 \ // quarters 1 and 3
	VSHUFI32X4 $0x88, d, c, v2 \
	VSHUFI32X4 $0xDD, d, c, v3

#define WHOLES(v0, v1, v2, v3, w0, w4, w8, w12) \
	VSHUFI32X4 $0x88, v2, v0, w0 \
	VSHUFI32X4 $0x88, v3, v1, w4 \
	VSHUFI32X4 $0xDD, v2, v0, w8 \
	VSHUFI32X4 $0xDD, v3, v1, w12

// ROUND is one round with the schedule's word w; k is the offset of its constant
// from AX. What was h becomes a, what was d becomes e: the caller turns the names.
#define ROUND(a, b, c, d, e, f, g, h, w, k) \
	VPADDD.BCST k(AX), h, h       \ // h + K
	VPADDD      w, h, h           \ //   + W
	VPRORD      $6, e, Z8         \
	VPRORD      $11, e, Z9        \
	VPRORD      $25, e, Z10       \
	VPTERNLOGD  $0x96, Z10, Z9, Z8 \ // Σ1(e): the three exclusive-or-ed
	VMOVDQA32   e, Z11            \
	VPTERNLOGD  $0xCA, g, f, Z11  \ // Ch(e, f, g): f where e, else g
	VPADDD      Z8, h, h          \
	VPADDD      Z11, h, h         \ // T1
	VPADDD      h, d, d           \ // e of the next round
	VPRORD      $2, a, Z8         \
	VPRORD      $13, a, Z9        \
	VPRORD      $22, a, Z10       \
	VPTERNLOGD  $0x96, Z10, Z9, Z8 \ // Σ0(a)
	VMOVDQA32   a, Z11            \
	VPTERNLOGD  $0xE8, c, b, Z11  \ // Maj(a, b, c): what two of them say
	VPADDD      Z8, h, h          \
	VPADDD      Z11, h, h            // a of the next round

// SCHEDULE replaces the word w by the one sixteen rounds later: w1, w9 and w14 are
// those 1, 9 and 14 after it.
#define SCHEDULE(w, w1, w9, w14) \
	VPRORD     $7, w1, Z12          \
	VPRORD     $18, w1, Z13         \
	VPSRLD     $3, w1, Z14          \
	VPTERNLOGD $0x96, Z14, Z13, Z12 \ // σ0(w1)
	VPADDD     w9, w, w             \
	VPADDD     Z12, w, w            \
	VPRORD     $17, w14, Z12        \
	VPRORD     $19, w14, Z13        \
	VPSRLD     $10, w14, Z14        \
	VPTERNLOGD $0x96, Z14, Z13, Z12 \ // σ1(w14)
	VPADDD     Z12, w, w

// NEXT is a round and the schedule for the one sixteen later.
#define NEXT(a, b, c, d, e, f, g, h, w, w1, w9, w14, k) \
	ROUND(a, b, c, d, e, f, g, h, w, k) \
	SCHEDULE(w, w1, w9, w14)

// ADD adds what a block did to one word of the state.
#define ADD(i, z) \
	VPADDD    (64*i)(DI), z, z \
	VMOVDQU32 z, (64*i)(DI)

// BEGIN sets one word of the state of the lanes in K1 to what every message begins with.
#define BEGIN(i) \
	VPBROADCASTD (4*i)(AX), K1, Z0 \
	VMOVDQU32    Z0, K1, (64*i)(DI)

// func blocks(state *[8][Lanes]uint32, data *byte, offset *[Lanes]uint64, n int, fresh uint16)
TEXT ·blocks(SB), NOSPLIT, $0-34
	MOVQ            state+0(FP), DI
	MOVQ            data+8(FP), SI
	MOVQ            offset+16(FP), BX
	MOVQ            n+24(FP), CX
	MOVWLZX         fresh+32(FP), DX
	KMOVW           DX, K1
	LEAQ            ·first(SB), AX
	BEGIN(0)
	BEGIN(1)
	BEGIN(2)
	BEGIN(3)
	BEGIN(4)
	BEGIN(5)
	BEGIN(6)
	BEGIN(7)

block:
	VBROADCASTI32X4 ·turn(SB), Z15
	LOAD(0, Z16)
	LOAD(1, Z17)
	LOAD(2, Z18)
	LOAD(3, Z19)
	LOAD(4, Z20)
	LOAD(5, Z21)
	LOAD(6, Z22)
	LOAD(7, Z23)
	LOAD(8, Z24)
	LOAD(9, Z25)
	LOAD(10, Z26)
	LOAD(11, Z27)
	LOAD(12, Z28)
	LOAD(13, Z29)
	LOAD(14, Z30)
	LOAD(15, Z31)

	// Sixteen rows of sixteen words become sixteen columns, by way of all registers.
	PAIRS(Z16, Z17, Z18, Z19, Z0, Z1, Z2, Z3)
	PAIRS(Z20, Z21, Z22, Z23, Z4, Z5, Z6, Z7)
	PAIRS(Z24, Z25, Z26, Z27, Z8, Z9, Z10, Z11)
	PAIRS(Z28, Z29, Z30, Z31, Z12, Z13, Z14, Z15)
	QUADS(Z0, Z1, Z2, Z3, Z16, Z17, Z18, Z19)
	QUADS(Z4, Z5, Z6, Z7, Z20, Z21, Z22, Z23)
	QUADS(Z8, Z9, Z10, Z11, Z24, Z25, Z26, Z27)
	QUADS(Z12, Z13, Z14, Z15, Z28, Z29, Z30, Z31)
	HALVES(Z16, Z20, Z24, Z28, Z0, Z1, Z2, Z3)
	HALVES(Z17, Z21, Z25, Z29, Z4, Z5, Z6, Z7)
	HALVES(Z18, Z22, Z26, Z30, Z8, Z9, Z10, Z11)
	HALVES(Z19, Z23, Z27, Z31, Z12, Z13, Z14, Z15)
	WHOLES(Z0, Z1, Z2, Z3, Z16, Z20, Z24, Z28)
	WHOLES(Z4, Z5, Z6, Z7, Z17, Z21, Z25, Z29)
	WHOLES(Z8, Z9, Z10, Z11, Z18, Z22, Z26, Z30)
	WHOLES(Z12, Z13, Z14, Z15, Z19, Z23, Z27, Z31)

	VMOVDQU32 0(DI), Z0
	VMOVDQU32 64(DI), Z1
	VMOVDQU32 128(DI), Z2
	VMOVDQU32 192(DI), Z3
	VMOVDQU32 256(DI), Z4
	VMOVDQU32 320(DI), Z5
	VMOVDQU32 384(DI), Z6
	VMOVDQU32 448(DI), Z7
	LEAQ      ·constants(SB), AX
	MOVQ      $3, DX

rounds: // three times sixteen that make the words of the next sixteen
	NEXT(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, Z17, Z25, Z30, 0)
	NEXT(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z17, Z18, Z26, Z31, 4)
	NEXT(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z18, Z19, Z27, Z16, 8)
	NEXT(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z19, Z20, Z28, Z17, 12)
	NEXT(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z20, Z21, Z29, Z18, 16)
	NEXT(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z21, Z22, Z30, Z19, 20)
	NEXT(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z22, Z23, Z31, Z20, 24)
	NEXT(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z23, Z24, Z16, Z21, 28)
	NEXT(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z24, Z25, Z17, Z22, 32)
	NEXT(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z25, Z26, Z18, Z23, 36)
	NEXT(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z26, Z27, Z19, Z24, 40)
	NEXT(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z27, Z28, Z20, Z25, 44)
	NEXT(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z28, Z29, Z21, Z26, 48)
	NEXT(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z29, Z30, Z22, Z27, 52)
	NEXT(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z30, Z31, Z23, Z28, 56)
	NEXT(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z31, Z16, Z24, Z29, 60)
	ADDQ $64, AX
	DECQ DX
	JNZ  rounds

	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, 0)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z17, 4)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z18, 8)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z19, 12)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z20, 16)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z21, 20)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z22, 24)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z23, 28)
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z24, 32)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z25, 36)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z26, 40)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z27, 44)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z28, 48)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z29, 52)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z30, 56)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z31, 60)

	ADD(0, Z0)
	ADD(1, Z1)
	ADD(2, Z2)
	ADD(3, Z3)
	ADD(4, Z4)
	ADD(5, Z5)
	ADD(6, Z6)
	ADD(7, Z7)
	ADDQ $64, SI // the next block of every lane
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func hasSHA() bool
TEXT ·hasSHA(SB), NOSPLIT, $0-1
	XORL  AX, AX
	CPUID            // the highest leaf
	CMPL  AX, $7
	JLT   none
	MOVL  $7, AX
	XORL  CX, CX
	CPUID
	SHRL  $29, BX
	ANDL  $1, BX
	MOVB  BX, ret+0(FP)
	RET
none:
	MOVB  $0, ret+0(FP)
	RET
