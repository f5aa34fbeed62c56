#include "textflag.h"

// func prefetch(p *uint64)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	RET

// func lookWide(marks *uint64, groups uint64, asked, ahead *[lookStep]uint64) (may uint64)
//
// DI marks, SI groups, R8 asked, R9 ahead, CX index, R13 the answer, X15 zero.
TEXT ·lookWide(SB), NOSPLIT, $0-40
	MOVQ marks+0(FP), DI
	MOVQ groups+8(FP), SI
	MOVQ asked+16(FP), R8
	MOVQ ahead+24(FP), R9
	XORQ R13, R13
	VPXOR X15, X15, X15
	MOVQ $15, CX

next:
	// the group where the search for ahead[CX] begins: upper half × groups, upper half
	MOVQ (R9)(CX*8), AX
	SHRQ $32, AX
	IMULQ SI, AX
	SHRQ $32, AX
	PREFETCHT0 (DI)(AX*8)

	// that of asked[CX]: BX; the pair of groups of which it is one: DX
	MOVQ (R8)(CX*8), AX
	MOVQ AX, BX
	SHRQ $32, BX
	IMULQ SI, BX
	SHRQ $32, BX
	MOVQ BX, DX
	ANDQ $-2, DX
	VMOVDQU (DI)(DX*8), X0

	// the mark: the low byte, 2 or 3 where that is 0 or 1, in all bytes of X1
	MOVBQZX AX, AX
	LEAQ -2(AX), DX
	SHRQ $63, DX
	LEAQ (AX)(DX*2), AX
	VMOVD AX, X1
	VPBROADCASTB X1, X1

	// slots with that mark: R10; free ones: R11; those of the first group in the low byte
	VPCMPEQB X0, X1, X1
	VPCMPEQB X0, X15, X2
	VPMOVMSKB X1, R10
	VPMOVMSKB X2, R11
	ANDQ $1, BX
	SHLQ $3, BX
	MOVQ R10, R12
	SHLQ $16, R12
	ORQ R12, R10
	SHRXQ BX, R10, R10
	ANDQ $0xffff, R10
	MOVQ R11, R12
	SHLQ $16, R12
	ORQ R12, R11
	SHRXQ BX, R11, R11
	ANDQ $0xffff, R11

	// the second group counts only if nothing is free in the first
	MOVBQZX R11, DX
	NEGQ DX
	SBBQ DX, DX
	ANDQ $0xff00, DX
	XORQ $0xffff, DX
	ANDQ DX, R10

	// may: such a mark was seen, or nothing is free in either
	NEGQ R10
	SBBQ R10, R10
	SUBQ $1, R11
	SBBQ R11, R11
	ORQ R10, R11
	ADDQ R13, R13
	SUBQ R11, R13

	DECQ CX
	JGE next

	MOVQ R13, may+32(FP)
	RET
