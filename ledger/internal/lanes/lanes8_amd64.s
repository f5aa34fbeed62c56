#include "textflag.h"

// SHA-256 of eight messages side by side, for processors that have AVX2 and not
// AVX-512: as lanes_amd64.s, but a register has eight lanes, there are sixteen of
// them, and no instruction rotates. The working variables a … h stand in Y0 … Y7, the
// sixteen words of the schedule in memory at DX, 32 bytes each.

// LOAD brings half of the next block of one lane, whose offset is the i-th.
#define LOAD(i, half, row) \
	MOVQ    (8*i)(BX), R8         \
	VMOVDQU half(SI)(R8*1), row   \
	VPSHUFB Y15, row, row

// PAIRS and QUADS turn four rows (lanes) into four columns (words) within each half
// of a register.
#define PAIRS(r0, r1, r2, r3, t0, t1, t2, t3) \
	VPUNPCKLDQ r1, r0, t0 \
	VPUNPCKHDQ r1, r0, t1 \
	VPUNPCKLDQ r3, r2, t2 \
	VPUNPCKHDQ r3, r2, t3

#define QUADS(t0, t1, t2, t3, u0, u1, u2, u3) \
	VPUNPCKLQDQ t2, t0, u0 \
	VPUNPCKHQDQ t2, t0, u1 \
	VPUNPCKLQDQ t3, t1, u2 \
	VPUNPCKHQDQ t3, t1, u3

// WORDS brings together the halves of two registers, word i and word 4+i of all eight
// lanes, and keeps them.
#define WORDS(i, low, high) \
	VPERM2I128 $0x20, high, low, Y14 \ // the low halves
	VMOVDQU    Y14, (32*(i))(DX)     \
	VPERM2I128 $0x31, high, low, Y14 \ // the high ones
	VMOVDQU    Y14, (32*(i)+128)(DX)

// EIGHT makes eight words of the schedule, from the i-th, of half of each block. It
// uses all registers but the last.
#define EIGHT(half, i) \
	LOAD(0, half, Y0)                                \
	LOAD(1, half, Y1)                                \
	LOAD(2, half, Y2)                                \
	LOAD(3, half, Y3)                                \
	LOAD(4, half, Y4)                                \
	LOAD(5, half, Y5)                                \
	LOAD(6, half, Y6)                                \
	LOAD(7, half, Y7)                                \
	PAIRS(Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)          \
	QUADS(Y8, Y9, Y10, Y11, Y0, Y1, Y2, Y3)          \
	PAIRS(Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11)          \
	QUADS(Y8, Y9, Y10, Y11, Y4, Y5, Y6, Y7)          \
	WORDS(i+0, Y0, Y4)                               \
	WORDS(i+1, Y1, Y5)                               \
	WORDS(i+2, Y2, Y6)                               \
	WORDS(i+3, Y3, Y7)

// ROTATE sets to to from, rotated right by n of 32 bits; left is 32−n.
#define ROTATE(n, left, from, to, other) \
	VPSRLD $n, from, to       \
	VPSLLD $left, from, other \
	VPXOR  other, to, to

// THREE sets Y8 to what three rotations of from are, exclusive-or-ed.
#define THREE(n1, l1, n2, l2, n3, l3, from) \
	ROTATE(n1, l1, from, Y8, Y9)   \
	ROTATE(n2, l2, from, Y10, Y11) \
	ROTATE(n3, l3, from, Y12, Y13) \
	VPXOR Y10, Y8, Y8              \
	VPXOR Y12, Y8, Y8

// ROUND is one round with the i-th word of the schedule; k is the offset of its
// constant from AX. What was h becomes a, what was d becomes e.
#define ROUND(a, b, c, d, e, f, g, h, i, k) \
	VPBROADCASTD k(AX), Y8             \
	VPADDD       (32*i)(DX), Y8, Y8    \
	VPADDD       Y8, h, h              \ // h + K + W
	THREE(6, 26, 11, 21, 25, 7, e)     \
	VPADDD       Y8, h, h              \ // + Σ1(e)
	VPANDN       g, e, Y9              \
	VPAND        f, e, Y10             \
	VPXOR        Y9, Y10, Y10          \
	VPADDD       Y10, h, h             \ // + Ch(e, f, g): T1
	VPADDD       h, d, d               \ // e of the next round
	THREE(2, 30, 13, 19, 22, 10, a)    \
	VPADDD       Y8, h, h              \ // + Σ0(a)
	VPOR         b, a, Y9              \
	VPAND        c, Y9, Y9             \
	VPAND        b, a, Y10             \
	VPOR         Y9, Y10, Y10          \
	VPADDD       Y10, h, h                // + Maj(a, b, c): a of the next round

// SCHEDULE replaces the i-th word by the one sixteen rounds later: i1, i9 and i14 are
// those 1, 9 and 14 after it.
#define SCHEDULE(i, i1, i9, i14) \
	VMOVDQU (32*i1)(DX), Y12          \
	ROTATE(7, 25, Y12, Y8, Y9)        \
	ROTATE(18, 14, Y12, Y10, Y11)     \
	VPSRLD  $3, Y12, Y12              \
	VPXOR   Y10, Y8, Y8               \
	VPXOR   Y12, Y8, Y8               \ // σ0
	VPADDD  (32*i)(DX), Y8, Y14       \
	VPADDD  (32*i9)(DX), Y14, Y14     \
	VMOVDQU (32*i14)(DX), Y12         \
	ROTATE(17, 15, Y12, Y8, Y9)       \
	ROTATE(19, 13, Y12, Y10, Y11)     \
	VPSRLD  $10, Y12, Y12             \
	VPXOR   Y10, Y8, Y8               \
	VPXOR   Y12, Y8, Y8               \ // σ1
	VPADDD  Y8, Y14, Y14              \
	VMOVDQU Y14, (32*i)(DX)

// NEXT is a round and the schedule for the one sixteen later.
#define NEXT(a, b, c, d, e, f, g, h, i, i1, i9, i14, k) \
	ROUND(a, b, c, d, e, f, g, h, i, k) \
	SCHEDULE(i, i1, i9, i14)

// ADD adds what a block did to one word of the state, whose rows are sixteen lanes long.
#define ADD(i, y) \
	VPADDD  (64*i)(DI), y, y \
	VMOVDQU y, (64*i)(DI)

// func blocks8(state *uint32, data *byte, offset *uint64, n int, words *[16][8]uint32)
TEXT ·blocks8(SB), NOSPLIT, $0-40
	MOVQ state+0(FP), DI
	MOVQ data+8(FP), SI
	MOVQ offset+16(FP), BX
	MOVQ n+24(FP), CX
	MOVQ words+32(FP), DX
	VBROADCASTI128 ·turn(SB), Y15

block:
	EIGHT(0, 0)
	EIGHT(32, 8)
	VMOVDQU 0(DI), Y0
	VMOVDQU 64(DI), Y1
	VMOVDQU 128(DI), Y2
	VMOVDQU 192(DI), Y3
	VMOVDQU 256(DI), Y4
	VMOVDQU 320(DI), Y5
	VMOVDQU 384(DI), Y6
	VMOVDQU 448(DI), Y7
	LEAQ    ·constants(SB), AX
	MOVQ    $3, R9

rounds:
	NEXT(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, 0, 1, 9, 14, 0)
	NEXT(Y7, Y0, Y1, Y2, Y3, Y4, Y5, Y6, 1, 2, 10, 15, 4)
	NEXT(Y6, Y7, Y0, Y1, Y2, Y3, Y4, Y5, 2, 3, 11, 0, 8)
	NEXT(Y5, Y6, Y7, Y0, Y1, Y2, Y3, Y4, 3, 4, 12, 1, 12)
	NEXT(Y4, Y5, Y6, Y7, Y0, Y1, Y2, Y3, 4, 5, 13, 2, 16)
	NEXT(Y3, Y4, Y5, Y6, Y7, Y0, Y1, Y2, 5, 6, 14, 3, 20)
	NEXT(Y2, Y3, Y4, Y5, Y6, Y7, Y0, Y1, 6, 7, 15, 4, 24)
	NEXT(Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y0, 7, 8, 0, 5, 28)
	NEXT(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, 8, 9, 1, 6, 32)
	NEXT(Y7, Y0, Y1, Y2, Y3, Y4, Y5, Y6, 9, 10, 2, 7, 36)
	NEXT(Y6, Y7, Y0, Y1, Y2, Y3, Y4, Y5, 10, 11, 3, 8, 40)
	NEXT(Y5, Y6, Y7, Y0, Y1, Y2, Y3, Y4, 11, 12, 4, 9, 44)
	NEXT(Y4, Y5, Y6, Y7, Y0, Y1, Y2, Y3, 12, 13, 5, 10, 48)
	NEXT(Y3, Y4, Y5, Y6, Y7, Y0, Y1, Y2, 13, 14, 6, 11, 52)
	NEXT(Y2, Y3, Y4, Y5, Y6, Y7, Y0, Y1, 14, 15, 7, 12, 56)
	NEXT(Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y0, 15, 0, 8, 13, 60)
	ADDQ $64, AX
	DECQ R9
	JNZ  rounds

	ROUND(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, 0, 0)
	ROUND(Y7, Y0, Y1, Y2, Y3, Y4, Y5, Y6, 1, 4)
	ROUND(Y6, Y7, Y0, Y1, Y2, Y3, Y4, Y5, 2, 8)
	ROUND(Y5, Y6, Y7, Y0, Y1, Y2, Y3, Y4, 3, 12)
	ROUND(Y4, Y5, Y6, Y7, Y0, Y1, Y2, Y3, 4, 16)
	ROUND(Y3, Y4, Y5, Y6, Y7, Y0, Y1, Y2, 5, 20)
	ROUND(Y2, Y3, Y4, Y5, Y6, Y7, Y0, Y1, 6, 24)
	ROUND(Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y0, 7, 28)
	ROUND(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, 8, 32)
	ROUND(Y7, Y0, Y1, Y2, Y3, Y4, Y5, Y6, 9, 36)
	ROUND(Y6, Y7, Y0, Y1, Y2, Y3, Y4, Y5, 10, 40)
	ROUND(Y5, Y6, Y7, Y0, Y1, Y2, Y3, Y4, 11, 44)
	ROUND(Y4, Y5, Y6, Y7, Y0, Y1, Y2, Y3, 12, 48)
	ROUND(Y3, Y4, Y5, Y6, Y7, Y0, Y1, Y2, 13, 52)
	ROUND(Y2, Y3, Y4, Y5, Y6, Y7, Y0, Y1, 14, 56)
	ROUND(Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y0, 15, 60)

	ADD(0, Y0)
	ADD(1, Y1)
	ADD(2, Y2)
	ADD(3, Y3)
	ADD(4, Y4)
	ADD(5, Y5)
	ADD(6, Y6)
	ADD(7, Y7)
	ADDQ $64, SI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
