//go:build !portable

#include "go_asm.h"
#include "textflag.h"

// Reverses the bytes of each block.
DATA reverse<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse<>+8(SB)/8, $0x0001020304050607
GLOBL reverse<>(SB), RODATA|NOPTR, $16

// Added to a pair of counters: one to the second, or two to both.
DATA second<>+0(SB)/8, $0
DATA second<>+8(SB)/8, $0
DATA second<>+16(SB)/8, $1
DATA second<>+24(SB)/8, $0
GLOBL second<>(SB), RODATA|NOPTR, $32
DATA two<>+0(SB)/8, $2
DATA two<>+8(SB)/8, $0
GLOBL two<>(SB), RODATA|NOPTR, $16

// What the field's polynomial reduces 64 bits by.
DATA fold<>+0(SB)/8, $0xc200000000000000
DATA fold<>+8(SB)/8, $0xc200000000000000
GLOBL fold<>(SB), RODATA|NOPTR, $16

// Throughout: AX is the AEAD, BX the sum, R8 the offset of the last round key.
// Y0 to Y3 are eight blocks to encrypt, Y4 a round key. Y5 to Y7 are products,
// see MULTIPLY, Y8 blocks to hash, Y9 and Y10 free, Y11 (its lower half) the sum
// so far, Y12 fold, Y13 two, Y14 the counters of the next two blocks, Y15
// reverse.

// BEGIN loads what does not change.
#define BEGIN \
	MOVQ           AEAD_last(AX), R8 \
	VBROADCASTI128 reverse<>(SB), Y15 \
	VBROADCASTI128 fold<>(SB), Y12 \
	VBROADCASTI128 two<>(SB), Y13

// COUNT makes Y14 the counters of the next two blocks, of which the first is R9,
// R10.
#define COUNT \
	VMOVQ       R10, X14 \
	VPINSRQ     $1, R9, X14, X14 \
	VINSERTI128 $1, X14, Y14, Y14 \
	VPADDD      second<>(SB), Y14, Y14

// NEXT makes Y0 to Y3 the counters of the next eight blocks, bytes reversed.
#define NEXT \
	VMOVDQA Y14, Y0 \
	VPADDD  Y13, Y0, Y1 \
	VPADDD  Y13, Y1, Y2 \
	VPADDD  Y13, Y2, Y3 \
	VPADDD  Y13, Y3, Y14

// REVERSE reverses the bytes of Y0 to Y3.
#define REVERSE \
	VPSHUFB Y15, Y0, Y0 \
	VPSHUFB Y15, Y1, Y1 \
	VPSHUFB Y15, Y2, Y2 \
	VPSHUFB Y15, Y3, Y3

// ROUND is one round of AES on Y0 to Y3.
#define ROUND(n) \
	VBROADCASTI128 (AEAD_rounds+16*n)(AX), Y4 \
	VAESENC        Y4, Y0, Y0 \
	VAESENC        Y4, Y1, Y1 \
	VAESENC        Y4, Y2, Y2 \
	VAESENC        Y4, Y3, Y3

// WHITEN is what comes before the first round.
#define WHITEN \
	VBROADCASTI128 AEAD_rounds(AX), Y4 \
	VPXOR          Y4, Y0, Y0 \
	VPXOR          Y4, Y1, Y1 \
	VPXOR          Y4, Y2, Y2 \
	VPXOR          Y4, Y3, Y3

// START is WHITEN and the nine rounds that all keys have.
#define START \
	WHITEN \
	ROUND(1) \
	ROUND(2) \
	ROUND(3) \
	ROUND(4) \
	ROUND(5) \
	ROUND(6) \
	ROUND(7) \
	ROUND(8) \
	ROUND(9)

// MORE are the rounds of a long key.
#define MORE \
	ROUND(10) \
	ROUND(11) \
	ROUND(12) \
	ROUND(13)

// FINISH is the last round, with the plain text at SI, and stores at DI.
#define FINISH \
	VBROADCASTI128 AEAD_rounds(AX)(R8*1), Y4 \
	VPXOR          (SI), Y4, Y8 \
	VAESENCLAST    Y8, Y0, Y0 \
	VPXOR          32(SI), Y4, Y9 \
	VAESENCLAST    Y9, Y1, Y1 \
	VPXOR          64(SI), Y4, Y10 \
	VAESENCLAST    Y10, Y2, Y2 \
	VPXOR          96(SI), Y4, Y4 \
	VAESENCLAST    Y4, Y3, Y3 \
	VMOVDQU        Y0, (DI) \
	VMOVDQU        Y1, 32(DI) \
	VMOVDQU        Y2, 64(DI) \
	VMOVDQU        Y3, 96(DI) \
	ADDQ           $128, SI \
	ADDQ           $128, DI

// TAKE makes Y8 two blocks of a sealed chunk, bytes reversed.
#define TAKE(offset, base) \
	VMOVDQU (offset)(base), Y8 \
	VPSHUFB Y15, Y8, Y8

// OUTER and INNER multiply Y8 by two powers, in three products instead of four,
// as Karatsuba did: Y5 sums up those of the lower halves, Y6 those of the upper
// ones, Y7 those of the sums of both.
#define OUTER(n) \
	VPCLMULQDQ $0x00, (AEAD_powers+32*n)(AX), Y8, Y9 \
	VPXOR      Y9, Y5, Y5 \
	VPCLMULQDQ $0x11, (AEAD_powers+32*n)(AX), Y8, Y10 \
	VPXOR      Y10, Y6, Y6
#define INNER(n) \
	VPSHUFD    $0x4e, Y8, Y9 \
	VPXOR      Y9, Y8, Y8 \
	VPCLMULQDQ $0x00, (AEAD_halves+32*n)(AX), Y8, Y9 \
	VPXOR      Y9, Y7, Y7

// CLEAR forgets earlier products.
#define CLEAR \
	VPXOR Y5, Y5, Y5 \
	VPXOR Y6, Y6, Y6 \
	VPXOR Y7, Y7, Y7

// REDUCE makes Y11 the sum of the products: 64 bits at the lower end are folded
// into the upper ones, twice.
#define REDUCE \
	VPXOR        Y5, Y7, Y7 \
	VPXOR        Y6, Y7, Y7 \
	VPSLLDQ      $8, Y7, Y9 \
	VPXOR        Y9, Y5, Y5 \
	VPSRLDQ      $8, Y7, Y10 \
	VPXOR        Y10, Y6, Y6 \
	VPCLMULQDQ   $0x00, Y12, Y5, Y9 \
	VPSHUFD      $0x4e, Y5, Y5 \
	VPXOR        Y9, Y5, Y5 \
	VPCLMULQDQ   $0x00, Y12, Y5, Y9 \
	VPSHUFD      $0x4e, Y5, Y5 \
	VPXOR        Y9, Y5, Y5 \
	VPXOR        Y5, Y6, Y6 \
	VEXTRACTI128 $1, Y6, X5 \
	VPXOR        X5, X6, X11

// func sealChunks(a *AEAD, s *sum, dst, src *byte, n int, high, low uint64)
//
// A chunk is hashed between the rounds of the next one: neither waits then for
// what the other is at.
TEXT ·sealChunks(SB), NOSPLIT, $0-56
	MOVQ    a+0(FP), AX
	MOVQ    s+8(FP), BX
	MOVQ    dst+16(FP), DI
	MOVQ    src+24(FP), SI
	MOVQ    n+32(FP), CX
	MOVQ    high+40(FP), R9
	MOVQ    low+48(FP), R10
	BEGIN
	COUNT
	VMOVDQU (BX), X11
	NEXT
	REVERSE
	START
	CMPQ    R8, $160
	JEQ     first
	MORE

first:
	FINISH
	DECQ CX
	JZ   hash

chunk:
	NEXT
	REVERSE
	WHITEN
	CLEAR
	ROUND(1)
	TAKE(96-128, DI)
	OUTER(3)
	ROUND(2)
	INNER(3)
	ROUND(3)
	TAKE(64-128, DI)
	OUTER(2)
	ROUND(4)
	INNER(2)
	ROUND(5)
	TAKE(32-128, DI)
	OUTER(1)
	ROUND(6)
	INNER(1)
	ROUND(7)
	TAKE(0-128, DI)
	VPXOR Y11, Y8, Y8
	OUTER(0)
	ROUND(8)
	INNER(0)
	ROUND(9)
	REDUCE
	CMPQ  R8, $160
	JEQ   last
	MORE

last:
	FINISH
	DECQ CX
	JNZ  chunk

hash:
	CLEAR
	TAKE(96-128, DI)
	OUTER(3)
	INNER(3)
	TAKE(64-128, DI)
	OUTER(2)
	INNER(2)
	TAKE(32-128, DI)
	OUTER(1)
	INNER(1)
	TAKE(0-128, DI)
	VPXOR   Y11, Y8, Y8
	OUTER(0)
	INNER(0)
	REDUCE
	VMOVDQU X11, (BX)
	VZEROUPPER
	RET

// func stream(a *AEAD, key *blocks, high, low uint64)
TEXT ·stream(SB), NOSPLIT, $0-32
	MOVQ     a+0(FP), AX
	MOVQ     key+8(FP), DI
	MOVQ     high+16(FP), R9
	MOVQ     low+24(FP), R10
	BEGIN
	COUNT
	NEXT
	VPBLENDD $0x10, second<>(SB), Y3, Y3 // the counter of the tag
	REVERSE
	START
	CMPQ     R8, $160
	JEQ      last
	MORE

last:
	VBROADCASTI128 AEAD_rounds(AX)(R8*1), Y4
	VAESENCLAST    Y4, Y0, Y0
	VAESENCLAST    Y4, Y1, Y1
	VAESENCLAST    Y4, Y2, Y2
	VAESENCLAST    Y4, Y3, Y3
	VMOVDQU        Y0, (DI)
	VMOVDQU        Y1, 32(DI)
	VMOVDQU        Y2, 64(DI)
	VMOVDQU        Y3, 96(DI)
	VZEROUPPER
	RET

// func hashChunk(a *AEAD, s *sum, b *blocks, at int)
TEXT ·hashChunk(SB), NOSPLIT, $0-32
	MOVQ       a+0(FP), AX
	MOVQ       s+8(FP), BX
	MOVQ       b+16(FP), SI
	MOVQ       at+24(FP), CX
	BEGIN
	VMOVDQU    (BX), X11 // takes part in the first block that counts
	VPCLMULQDQ $0x00, AEAD_powers(AX)(CX*1), X11, X5
	VPCLMULQDQ $0x11, AEAD_powers(AX)(CX*1), X11, X6
	VPSHUFD    $0x4e, X11, X9
	VPXOR      X11, X9, X9
	VPCLMULQDQ $0x00, AEAD_halves(AX)(CX*1), X9, X7
	TAKE(96, SI)
	OUTER(3)
	INNER(3)
	TAKE(64, SI)
	OUTER(2)
	INNER(2)
	TAKE(32, SI)
	OUTER(1)
	INNER(1)
	TAKE(0, SI)
	OUTER(0)
	INNER(0)
	REDUCE
	VMOVDQU    X11, (BX)
	VZEROUPPER
	RET

// func substitute(word uint32) uint32
TEXT ·substitute(SB), NOSPLIT, $0-12
	MOVL         word+0(FP), AX
	VMOVD        AX, X0
	VPSHUFD      $0, X0, X0 // all columns are alike, so shifting rows does nothing
	VPXOR        X1, X1, X1
	VAESENCLAST  X1, X0, X0
	VMOVD        X0, AX
	MOVL         AX, ret+8(FP)
	RET

// func leaf7() uint32
TEXT ·leaf7(SB), NOSPLIT, $0-4
	MOVL  $7, AX
	XORL  CX, CX
	CPUID
	MOVL  CX, ret+0(FP)
	RET
