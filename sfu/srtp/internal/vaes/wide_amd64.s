//go:build !portable

#include "go_asm.h"
#include "textflag.h"

// Added to four copies of a counter: 1, 2, 3, 4, and four to each. The first is
// also what makes the tag's counter.
DATA upwards<>+0(SB)/8, $1
DATA upwards<>+8(SB)/8, $0
DATA upwards<>+16(SB)/8, $2
DATA upwards<>+24(SB)/8, $0
DATA upwards<>+32(SB)/8, $3
DATA upwards<>+40(SB)/8, $0
DATA upwards<>+48(SB)/8, $4
DATA upwards<>+56(SB)/8, $0
GLOBL upwards<>(SB), RODATA|NOPTR, $64
DATA four<>+0(SB)/8, $4
DATA four<>+8(SB)/8, $0
GLOBL four<>(SB), RODATA|NOPTR, $16

// Throughout: AX is the AEAD, BX 16 bytes for each of its rounds but the last. SI
// is the text to come, DI where it goes, CX how much is left. Z0 to Z3 are sixteen
// blocks to encrypt, Z4 to Z7 sixteen that were, to hash, their bytes reversed; or
// Z4 the text of the first four. Z8 to Z10 are products, see MULTIPLY, and X8 the
// sum between hashes, Z11 to Z13 free. Z14 are the counters of the next four blocks,
// Z15 is reverse, Z16 to Z29 round keys, X30 the block that the tag is encrypted with,
// Z31 the last round key.

// COUNT makes Z0 to Z3 the counters of the next sixteen blocks. Z11 is four.
#define COUNT \
	VPSHUFB Z15, Z14, Z0 \
	VPADDD  Z11, Z14, Z14 \
	VPSHUFB Z15, Z14, Z1 \
	VPADDD  Z11, Z14, Z14 \
	VPSHUFB Z15, Z14, Z2 \
	VPADDD  Z11, Z14, Z14 \
	VPSHUFB Z15, Z14, Z3 \
	VPADDD  Z11, Z14, Z14 \
	VPXORQ  Z16, Z0, Z0 \
	VPXORQ  Z16, Z1, Z1 \
	VPXORQ  Z16, Z2, Z2 \
	VPXORQ  Z16, Z3, Z3

// ROUND is a round of sixteen blocks, ROUNDTAG one of those and the tag's.
#define ROUND(key) \
	VAESENC key, Z0, Z0 \
	VAESENC key, Z1, Z1 \
	VAESENC key, Z2, Z2 \
	VAESENC key, Z3, Z3
#define ROUNDTAG(key, keyX) \
	ROUND(key) \
	VAESENC keyX, X30, X30

// LAST is the last round of sixteen blocks.
#define LAST \
	VAESENCLAST Z31, Z0, Z0 \
	VAESENCLAST Z31, Z1, Z1 \
	VAESENCLAST Z31, Z2, Z2 \
	VAESENCLAST Z31, Z3, Z3

// MULTIPLY multiplies four blocks by the powers at an address, in four products
// each: Z8 sums up those of the lower halves, Z10 those of the upper ones, Z9 the
// others. MULTIPLYFIRST forgets what was there; both take registers of one width,
// those of smaller ones make the rest zero.
#define MULTIPLYFIRST(x, powers, r8, r9, r10, r11, r12) \
	VMOVDQU64  powers, r12 \
	VPCLMULQDQ $0x00, r12, x, r8 \
	VPCLMULQDQ $0x01, r12, x, r9 \
	VPCLMULQDQ $0x10, r12, x, r11 \
	VPCLMULQDQ $0x11, r12, x, r10 \
	VPXORQ     r11, r9, r9
#define MULTIPLY(x, powers, r11, r12, r13) \
	VMOVDQU64  powers, r12 \
	VPCLMULQDQ $0x00, r12, x, r11 \
	VPCLMULQDQ $0x11, r12, x, r13 \
	VPXORQ     Z11, Z8, Z8 \
	VPXORQ     Z13, Z10, Z10 \
	VPCLMULQDQ $0x01, r12, x, r11 \
	VPCLMULQDQ $0x10, r12, x, r13 \
	VPTERNLOGQ $0x96, Z11, Z13, Z9

// REDUCE makes X8 the sum of the products: 64 bits at the lower end are folded
// into the upper ones, twice, and then the four sums become one.
#define REDUCE \
	VPBROADCASTQ  ·fold(SB), Z13 \
	VPSLLDQ       $8, Z9, Z11 \
	VPSRLDQ       $8, Z9, Z12 \
	VPXORQ        Z11, Z8, Z8 \
	VPCLMULQDQ    $0x00, Z13, Z8, Z11 \
	VPSHUFD       $0x4e, Z8, Z8 \
	VPXORQ        Z11, Z8, Z8 \
	VPCLMULQDQ    $0x00, Z13, Z8, Z11 \
	VPXORQ        Z12, Z10, Z10 \
	VPSHUFD       $0x4e, Z8, Z8 \
	VPTERNLOGQ    $0x96, Z11, Z10, Z8 \
	VEXTRACTI64X4 $1, Z8, Y11 \
	VPXOR         Y11, Y8, Y8 \
	VEXTRACTI128  $1, Y8, X11 \
	VPXOR         X11, X8, X8

// WITHFIRST and WITHNEXT hash sixteen blocks between rounds.
#define WITHFIRST \
	VPXORQ Z8, Z4, Z4 \
	MULTIPLYFIRST(Z4, (AEAD_powers)(AX), Z8, Z9, Z10, Z11, Z12)
#define WITHNEXT(x, offset) \
	MULTIPLY(x, (AEAD_powers+offset)(AX), Z11, Z12, Z13)

// MASK makes a mask of how many of CX bytes are in four blocks from an offset on.
#define MASK(offset, mask) \
	LEAQ    -offset(CX), R8 \
	TESTQ   R8, R8 \
	CMOVQLT R10, R8 \
	BZHIQ   R8, R11, R8 \
	KMOVQ   R8, mask

// PUTBLOCKS seals what is left of four blocks from an offset on, whose key stream is
// in x and text in another register, and hashes that; LASTBLOCKS loads the text.
#define PUTBLOCKS(offset, mask, x, text) \
	VPXORQ     text, x, x \
	VMOVDQU8   x, mask, (offset)(DI) \
	VMOVDQU8.Z x, mask, x \
	VPSHUFB    Z15, x, x \
	MULTIPLY(x, (AEAD_seventeenth+offset)(R12), Z11, Z12, Z13)
#define LASTBLOCKS(offset, mask, x) \
	VMOVDQU8.Z (offset)(SI), mask, Z4 \
	PUTBLOCKS(offset, mask, x, Z4)

// func sealWide(a *AEAD, dst, prefix *byte, before int, plain *byte, size int, aad *byte, clear int, high, low uint64)
TEXT ·sealWide(SB), NOSPLIT, $0-80
	MOVQ a+0(FP), AX
	MOVQ dst+8(FP), DI
	MOVQ plain+32(FP), SI
	MOVQ size+40(FP), CX
	MOVQ aad+48(FP), DX
	MOVQ clear+56(FP), R9
	XORL R10, R10
	MOVQ $-1, R11

	// The round keys.
	MOVQ            AEAD_last(AX), BX
	VBROADCASTI32X4 (AEAD_rounds+0)(AX), Z16
	VBROADCASTI32X4 (AEAD_rounds+16)(AX), Z17
	VBROADCASTI32X4 (AEAD_rounds+32)(AX), Z18
	VBROADCASTI32X4 (AEAD_rounds+48)(AX), Z19
	VBROADCASTI32X4 (AEAD_rounds+64)(AX), Z20
	VBROADCASTI32X4 (AEAD_rounds+80)(AX), Z21
	VBROADCASTI32X4 (AEAD_rounds+96)(AX), Z22
	VBROADCASTI32X4 (AEAD_rounds+112)(AX), Z23
	VBROADCASTI32X4 (AEAD_rounds+128)(AX), Z24
	VBROADCASTI32X4 (AEAD_rounds+144)(AX), Z25
	VBROADCASTI32X4 AEAD_rounds(AX)(BX*1), Z31
	CMPQ            BX, $160
	JEQ             counters
	VBROADCASTI32X4 (AEAD_rounds+160)(AX), Z26
	VBROADCASTI32X4 (AEAD_rounds+176)(AX), Z27
	VBROADCASTI32X4 (AEAD_rounds+192)(AX), Z28
	VBROADCASTI32X4 (AEAD_rounds+208)(AX), Z29

counters:
	VBROADCASTI32X4 ·reverse(SB), Z15
	VMOVQ           low+72(FP), X14
	VPINSRQ         $1, high+64(FP), X14, X14
	VPADDD          upwards<>(SB), X14, X30
	VPSHUFB         X15, X30, X30
	VPXORQ          X16, X30, X30
	VPADDD          upwards<>(SB), X14, X14
	VSHUFI64X2      $0, Z14, Z14, Z14
	VPADDD          upwards<>(SB), Z14, Z14

	// What stays in the clear.
	VPXOR   X8, X8, X8
	TESTQ   R9, R9
	JEQ     first
	BZHIQ   R9, R11, R8
	KMOVQ   R8, K1
	VMOVDQU8.Z (DX), K1, Z4
	VPSHUFB Z15, Z4, Z4
	LEAQ    15(R9), R8
	ANDQ    $-16, R8
	LEAQ    256(AX), R12
	SUBQ    R8, R12
	MULTIPLYFIRST(Z4, (AEAD_powers)(R12), Z8, Z9, Z10, Z11, Z12)
	REDUCE

	// The first 64 bytes of the text: the prefix, and what follows it.
first:
	MOVQ    before+24(FP), BX
	MOVQ    CX, R8
	MOVQ    $64, R13
	CMPQ    R8, R13
	CMOVQGT R13, R8
	BZHIQ   R8, R11, R8
	TESTQ   BX, BX
	JEQ     alone
	MOVQ    prefix+16(FP), R13
	BZHIQ   BX, R11, R12
	KMOVQ   R12, K2
	ANDNQ   R8, R12, R8
	KMOVQ   R8, K1
	SUBQ    BX, SI
	VMOVDQU8.Z (R13), K2, Z4
	VMOVDQU8.Z (SI), K1, Z5
	VPORQ   Z5, Z4, Z4
	JMP     begin

alone:
	KMOVQ      R8, K1
	VMOVDQU8.Z (SI), K1, Z4

begin:
	MOVQ            AEAD_last(AX), BX
	VBROADCASTI32X4 four<>(SB), Z11
	COUNT
	CMPQ CX, $256
	JLT  only
	ROUND(Z17)
	ROUND(Z18)
	ROUND(Z19)
	ROUND(Z20)
	ROUND(Z21)
	ROUND(Z22)
	ROUND(Z23)
	ROUND(Z24)
	ROUND(Z25)
	CMPQ BX, $160
	JEQ  sealed
	ROUND(Z26)
	ROUND(Z27)
	ROUND(Z28)
	ROUND(Z29)

sealed:
	LAST
	VPXORQ    Z4, Z0, Z0
	VPXORQ    64(SI), Z1, Z1
	VPXORQ    128(SI), Z2, Z2
	VPXORQ    192(SI), Z3, Z3
	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VPSHUFB   Z15, Z0, Z4
	VPSHUFB   Z15, Z1, Z5
	VPSHUFB   Z15, Z2, Z6
	VPSHUFB   Z15, Z3, Z7
	ADDQ      $256, SI
	ADDQ      $256, DI
	SUBQ      $256, CX
	VBROADCASTI32X4 four<>(SB), Z11
	COUNT
	CMPQ      CX, $256
	JLT       end
	ROUND(Z17)
	WITHFIRST
	ROUND(Z18)
	ROUND(Z19)
	WITHNEXT(Z5, 64)
	ROUND(Z20)
	ROUND(Z21)
	WITHNEXT(Z6, 128)
	ROUND(Z22)
	ROUND(Z23)
	WITHNEXT(Z7, 192)
	ROUND(Z24)
	REDUCE
	ROUND(Z25)
	VMOVDQU64 (SI), Z4
	CMPQ BX, $160
	JEQ  sealed
	ROUND(Z26)
	ROUND(Z27)
	ROUND(Z28)
	ROUND(Z29)
	JMP  sealed

	// The end, of a text that had more, or not.
end:
	MASK(0, K1)
	ROUNDTAG(Z17, X17)
	WITHFIRST
	ROUNDTAG(Z18, X18)
	ROUNDTAG(Z19, X19)
	WITHNEXT(Z5, 64)
	ROUNDTAG(Z20, X20)
	ROUNDTAG(Z21, X21)
	WITHNEXT(Z6, 128)
	ROUNDTAG(Z22, X22)
	ROUNDTAG(Z23, X23)
	WITHNEXT(Z7, 192)
	ROUNDTAG(Z24, X24)
	REDUCE
	ROUNDTAG(Z25, X25)
	VMOVDQU8.Z (SI), K1, Z4
	JMP  ended

only:
	MASK(0, K1)
	ROUNDTAG(Z17, X17)
	ROUNDTAG(Z18, X18)
	ROUNDTAG(Z19, X19)
	ROUNDTAG(Z20, X20)
	ROUNDTAG(Z21, X21)
	ROUNDTAG(Z22, X22)
	ROUNDTAG(Z23, X23)
	ROUNDTAG(Z24, X24)
	ROUNDTAG(Z25, X25)

ended:
	MASK(64, K2)
	MASK(128, K3)
	MASK(192, K4)
	CMPQ BX, $160
	JEQ  store
	ROUNDTAG(Z26, X26)
	ROUNDTAG(Z27, X27)
	ROUNDTAG(Z28, X28)
	ROUNDTAG(Z29, X29)

store:
	LAST
	VAESENCLAST X31, X30, X30

	// The sum, multiplied by one power more than there are blocks.
	LEAQ 15(CX), R8
	ANDQ $-16, R8
	LEAQ 256(AX), R12
	SUBQ R8, R12
	MULTIPLYFIRST(X8, (AEAD_seventeenth)(R12), X11, X9, X10, X13, X12)
	VMOVDQA64 Z11, Z8
	PUTBLOCKS(0, K1, Z0, Z4)
	CMPQ CX, $64
	JLE  lengths
	LASTBLOCKS(64, K2, Z1)
	CMPQ CX, $128
	JLE  lengths
	LASTBLOCKS(128, K3, Z2)
	CMPQ CX, $192
	JLE  lengths
	LASTBLOCKS(192, K4, Z3)

lengths:
	MOVQ    size+40(FP), R8
	SHLQ    $3, R8
	SHLQ    $3, R9
	VMOVQ   R8, X4
	VPINSRQ $1, R9, X4, X4
	MULTIPLY(X4, (AEAD_powers+240)(AX), X11, X12, X13)
	REDUCE
	VPSHUFB X15, X8, X8
	VPXORQ  X30, X8, X8
	VMOVDQU X8, (DI)(CX*1)
	VZEROUPPER
	RET
