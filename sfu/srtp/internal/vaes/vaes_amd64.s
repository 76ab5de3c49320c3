//go:build !portable

#include "go_asm.h"
#include "textflag.h"

// Reverses the bytes of each block. What has no <> is used by wide_amd64.s too.
DATA ·reverse+0(SB)/8, $0x08090a0b0c0d0e0f
DATA ·reverse+8(SB)/8, $0x0001020304050607
GLOBL ·reverse(SB), RODATA|NOPTR, $16

// Added to a pair of counters: one to the second, or two to both.
DATA second<>+0(SB)/8, $0
DATA second<>+8(SB)/8, $0
DATA second<>+16(SB)/8, $1
DATA second<>+24(SB)/8, $0
GLOBL second<>(SB), RODATA|NOPTR, $32
DATA two<>+0(SB)/8, $2
DATA two<>+8(SB)/8, $0
DATA two<>+16(SB)/8, $2
DATA two<>+24(SB)/8, $0
GLOBL two<>(SB), RODATA|NOPTR, $32

// What the field's polynomial reduces 64 bits by.
DATA ·fold+0(SB)/8, $0xc200000000000000
DATA ·fold+8(SB)/8, $0xc200000000000000
DATA ·fold+16(SB)/8, $0xc200000000000000
DATA ·fold+24(SB)/8, $0xc200000000000000
GLOBL ·fold(SB), RODATA|NOPTR, $32

// The numbers from 0 to 127.
DATA places<>+0(SB)/8, $0x0706050403020100
DATA places<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA places<>+16(SB)/8, $0x1716151413121110
DATA places<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA places<>+32(SB)/8, $0x2726252423222120
DATA places<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA places<>+48(SB)/8, $0x3736353433323130
DATA places<>+56(SB)/8, $0x3f3e3d3c3b3a3938
DATA places<>+64(SB)/8, $0x4746454443424140
DATA places<>+72(SB)/8, $0x4f4e4d4c4b4a4948
DATA places<>+80(SB)/8, $0x5756555453525150
DATA places<>+88(SB)/8, $0x5f5e5d5c5b5a5958
DATA places<>+96(SB)/8, $0x6766656463626160
DATA places<>+104(SB)/8, $0x6f6e6d6c6b6a6968
DATA places<>+112(SB)/8, $0x7776757473727170
DATA places<>+120(SB)/8, $0x7f7e7d7c7b7a7978
GLOBL places<>(SB), RODATA|NOPTR, $128

// Throughout: AX is the AEAD, BX the sum, R8 the offset of the last round key.
// Y0 to Y7 are blocks to encrypt, Y8 a round key. Y9 to Y11 are products, see
// FIRST, and Y9 (its lower half) the sum between hashes; Y12 blocks to hash, Y13
// free, Y14 the counters of the next two blocks, Y15 reverse.

// BEGIN loads what does not change, and makes Y14 the counters of the next two
// blocks, of which the first is R9, R10.
#define BEGIN \
	MOVQ           AEAD_last(AX), R8 \
	VBROADCASTI128 ·reverse(SB), Y15 \
	VMOVQ          R10, X14 \
	VPINSRQ        $1, R9, X14, X14 \
	VINSERTI128    $1, X14, Y14, Y14 \
	VPADDD         second<>(SB), Y14, Y14

// COUNT makes four registers the counters of the next eight blocks.
#define COUNT(a, b, c, d) \
	VMOVDQA Y14, a \
	VPADDD  two<>(SB), a, b \
	VPADDD  two<>(SB), b, c \
	VPADDD  two<>(SB), c, d \
	VPADDD  two<>(SB), d, Y14

// REVERSE reverses the bytes of the blocks in four registers.
#define REVERSE(a, b, c, d) \
	VPSHUFB Y15, a, a \
	VPSHUFB Y15, b, b \
	VPSHUFB Y15, c, c \
	VPSHUFB Y15, d, d

// KEY loads a round key.
#define KEY(n) \
	VBROADCASTI128 (AEAD_rounds+16*n)(AX), Y8

// WHITEN is what comes before the first round, for four registers.
#define WHITEN(a, b, c, d) \
	VPXOR Y8, a, a \
	VPXOR Y8, b, b \
	VPXOR Y8, c, c \
	VPXOR Y8, d, d

// ENCRYPT is one round of AES on four registers.
#define ENCRYPT(a, b, c, d) \
	VAESENC Y8, a, a \
	VAESENC Y8, b, b \
	VAESENC Y8, c, c \
	VAESENC Y8, d, d

// ROUND is a round of eight blocks, BOTH one of sixteen.
#define ROUND(n) \
	KEY(n) \
	ENCRYPT(Y0, Y1, Y2, Y3)
#define BOTH(n) \
	ROUND(n) \
	ENCRYPT(Y4, Y5, Y6, Y7)

// FIVE is a round of eight blocks and that in X4.
#define FIVE(n) \
	ROUND(n) \
	VAESENC X8, X4, X4

// FINISH is the last round of four registers, with the plain text at an address,
// and stores from an offset of DI on.
#define FINISH(a, b, c, d, plain, offset) \
	VPXOR       (plain), Y8, Y12 \
	VAESENCLAST Y12, a, a \
	VPXOR       32(plain), Y8, Y13 \
	VAESENCLAST Y13, b, b \
	VPXOR       64(plain), Y8, Y12 \
	VAESENCLAST Y12, c, c \
	VPXOR       96(plain), Y8, Y13 \
	VAESENCLAST Y13, d, d \
	VMOVDQU     a, (offset)(DI) \
	VMOVDQU     b, (offset+32)(DI) \
	VMOVDQU     c, (offset+64)(DI) \
	VMOVDQU     d, (offset+96)(DI)

// TAKE makes Y12 two blocks of what was sealed, bytes reversed.
#define TAKE(offset, base) \
	VMOVDQU (offset)(base), Y12 \
	VPSHUFB Y15, Y12, Y12

// FIRST and NEXT multiply Y12 by two powers, in three products instead of four,
// as Karatsuba did: Y9 sums up those of the lower halves, Y10 those of the upper
// ones, Y11 those of the sums of both. FIRST forgets what was there. ADD does it
// with registers of the caller's width, and an AEAD that may begin elsewhere, so
// that other powers are meant.
#define FIRST(n) \
	VPCLMULQDQ $0x00, (AEAD_powers+32*n)(AX), Y12, Y9 \
	VPCLMULQDQ $0x11, (AEAD_powers+32*n)(AX), Y12, Y10 \
	VPSHUFD    $0x4e, Y12, Y13 \
	VPXOR      Y13, Y12, Y12 \
	VPCLMULQDQ $0x00, (AEAD_halves+32*n)(AX), Y12, Y11
#define NEXT(n) \
	ADD(32*n, AX, Y12, Y13)
#define ADD(offset, base, x, free) \
	VPCLMULQDQ $0x00, (AEAD_powers+offset)(base), x, free \
	VPXOR      Y13, Y9, Y9 \
	VPCLMULQDQ $0x11, (AEAD_powers+offset)(base), x, free \
	VPXOR      Y13, Y10, Y10 \
	VPSHUFD    $0x4e, x, free \
	VPXOR      free, x, x \
	VPCLMULQDQ $0x00, (AEAD_halves+offset)(base), x, free \
	VPXOR      Y13, Y11, Y11

// SHIFT makes R12 an AEAD whose first power is that of the first of CX blocks, so
// many before the last, and multiplies the sum (X12) by that: it takes part in the
// first block. CX is used up.
#define SHIFT(before) \
	SHLQ       $4, CX \
	LEAQ       (256-16*before)(AX), R12 \
	SUBQ       CX, R12 \
	VPCLMULQDQ $0x00, AEAD_powers(R12), X12, X9 \
	VPCLMULQDQ $0x11, AEAD_powers(R12), X12, X10 \
	VPSHUFD    $0x4e, X12, X13 \
	VPXOR      X12, X13, X13 \
	VPCLMULQDQ $0x00, AEAD_halves(R12), X13, X11

// HASH hashes CX/16 blocks at an address.
#define HASH(base, none) \
	CMPQ CX, $0 \
	JEQ  none \
	TAKE(0, base) \
	ADD(0, R12, Y12, Y13) \
	CMPQ CX, $32 \
	JLE  none \
	TAKE(32, base) \
	ADD(32, R12, Y12, Y13) \
	CMPQ CX, $64 \
	JLE  none \
	TAKE(64, base) \
	ADD(64, R12, Y12, Y13) \
	CMPQ CX, $96 \
	JLE  none \
	TAKE(96, base) \
	ADD(96, R12, Y12, Y13)

// REDUCE makes Y9 the sum of the products: 64 bits at the lower end are folded
// into the upper ones, twice.
#define REDUCE \
	VPXOR        Y9, Y11, Y11 \
	VPXOR        Y10, Y11, Y11 \
	VPSLLDQ      $8, Y11, Y12 \
	VPXOR        Y12, Y9, Y9 \
	VPSRLDQ      $8, Y11, Y13 \
	VPXOR        Y13, Y10, Y10 \
	VPCLMULQDQ   $0x00, ·fold(SB), Y9, Y12 \
	VPSHUFD      $0x4e, Y9, Y9 \
	VPXOR        Y12, Y9, Y9 \
	VPCLMULQDQ   $0x00, ·fold(SB), Y9, Y12 \
	VPSHUFD      $0x4e, Y9, Y9 \
	VPXOR        Y12, Y9, Y9 \
	VPXOR        Y9, Y10, Y10 \
	VEXTRACTI128 $1, Y10, X9 \
	VPXOR        X9, X10, X9

// HASHPAIR hashes the sixteen blocks before DI, HASHCHUNK the eight, LASTSIX what
// both end with.
#define HASHPAIR \
	TAKE(0-256, DI) \
	VPXOR Y9, Y12, Y12 \
	FIRST(0) \
	TAKE(32-256, DI) \
	NEXT(1) \
	TAKE(64-256, DI) \
	NEXT(2) \
	TAKE(96-256, DI) \
	NEXT(3) \
	TAKE(128-256, DI) \
	NEXT(4) \
	LASTSIX
#define HASHCHUNK \
	TAKE(0-128, DI) \
	VPXOR Y9, Y12, Y12 \
	FIRST(4) \
	LASTSIX
#define LASTSIX \
	TAKE(32-128, DI) \
	NEXT(5) \
	TAKE(64-128, DI) \
	NEXT(6) \
	TAKE(96-128, DI) \
	NEXT(7) \
	REDUCE

// func sealChunks(a *AEAD, s *sum, dst, first, rest *byte, n int, high, low uint64)
//
// Chunks go in pairs, but for the last of an odd number. A pair is hashed between
// the rounds of the next: neither waits then for what the other is at.
TEXT ·sealChunks(SB), NOSPLIT, $0-64
	MOVQ    a+0(FP), AX
	MOVQ    s+8(FP), BX
	MOVQ    dst+16(FP), DI
	MOVQ    first+24(FP), SI
	MOVQ    rest+32(FP), DX
	MOVQ    n+40(FP), CX
	MOVQ    high+48(FP), R9
	MOVQ    low+56(FP), R10
	BEGIN
	VMOVDQU (BX), X9
	SUBQ    $2, CX
	JLT     single
	COUNT(Y0, Y1, Y2, Y3)
	COUNT(Y4, Y5, Y6, Y7)
	REVERSE(Y0, Y1, Y2, Y3)
	REVERSE(Y4, Y5, Y6, Y7)
	KEY(0)
	WHITEN(Y0, Y1, Y2, Y3)
	WHITEN(Y4, Y5, Y6, Y7)
	BOTH(1)
	BOTH(2)
	BOTH(3)
	BOTH(4)
	BOTH(5)
	BOTH(6)
	BOTH(7)
	BOTH(8)
	BOTH(9)
	CMPQ    R8, $160
	JEQ     store
	BOTH(10)
	BOTH(11)
	BOTH(12)
	BOTH(13)

store:
	VBROADCASTI128 AEAD_rounds(AX)(R8*1), Y8
	FINISH(Y0, Y1, Y2, Y3, SI, 0)
	FINISH(Y4, Y5, Y6, Y7, DX, 128)
	LEAQ 128(DX), SI
	LEAQ 256(DX), DX
	ADDQ $256, DI
	SUBQ $2, CX
	JLT  odd

pair:
	COUNT(Y0, Y1, Y2, Y3)
	COUNT(Y4, Y5, Y6, Y7)
	REVERSE(Y0, Y1, Y2, Y3)
	REVERSE(Y4, Y5, Y6, Y7)
	KEY(0)
	WHITEN(Y0, Y1, Y2, Y3)
	WHITEN(Y4, Y5, Y6, Y7)
	BOTH(1)
	TAKE(0-256, DI)
	VPXOR Y9, Y12, Y12
	FIRST(0)
	BOTH(2)
	TAKE(32-256, DI)
	NEXT(1)
	BOTH(3)
	TAKE(64-256, DI)
	NEXT(2)
	BOTH(4)
	TAKE(96-256, DI)
	NEXT(3)
	BOTH(5)
	TAKE(128-256, DI)
	NEXT(4)
	BOTH(6)
	TAKE(160-256, DI)
	NEXT(5)
	BOTH(7)
	TAKE(192-256, DI)
	NEXT(6)
	BOTH(8)
	TAKE(224-256, DI)
	NEXT(7)
	BOTH(9)
	REDUCE
	CMPQ R8, $160
	JEQ  store
	BOTH(10)
	BOTH(11)
	BOTH(12)
	BOTH(13)
	JMP  store

odd:
	CMPQ CX, $-1
	JEQ  oneMore
	HASHPAIR
	JMP  done

oneMore:
	HASHPAIR

single:
	COUNT(Y0, Y1, Y2, Y3)
	REVERSE(Y0, Y1, Y2, Y3)
	KEY(0)
	WHITEN(Y0, Y1, Y2, Y3)
	ROUND(1)
	ROUND(2)
	ROUND(3)
	ROUND(4)
	ROUND(5)
	ROUND(6)
	ROUND(7)
	ROUND(8)
	ROUND(9)
	CMPQ R8, $160
	JEQ  last
	ROUND(10)
	ROUND(11)
	ROUND(12)
	ROUND(13)

last:
	VBROADCASTI128 AEAD_rounds(AX)(R8*1), Y8
	FINISH(Y0, Y1, Y2, Y3, SI, 0)
	ADDQ $128, DI
	HASHCHUNK

done:
	VMOVDQU X9, (BX)
	VZEROUPPER
	RET

// KEEP makes bytes from an offset on zero that are not among the first ones, as
// many as Y12 has in each byte.
#define KEEP(offset, x) \
	VPCMPGTB places<>+offset(SB), Y12, Y13 \
	VPAND    Y13, x, x

// func finish(a *AEAD, s *sum, e *end)
TEXT ·finish(SB), NOSPLIT, $0-24
	MOVQ   a+0(FP), AX
	MOVQ   s+8(FP), BX
	MOVQ   e+16(FP), DI
	MOVQ   end_high(DI), R9
	MOVQ   end_low(DI), R10
	BEGIN
	COUNT(Y0, Y1, Y2, Y3)
	REVERSE(Y0, Y1, Y2, Y3)
	MOVQ   end_one(DI), R10
	VMOVQ  R10, X4
	VPINSRQ $1, R9, X4, X4
	VPSHUFB X15, X4, X4
	KEY(0)
	WHITEN(Y0, Y1, Y2, Y3)
	VPXOR  X8, X4, X4
	FIVE(1)
	FIVE(2)
	FIVE(3)
	FIVE(4)
	FIVE(5)
	FIVE(6)
	FIVE(7)
	FIVE(8)
	FIVE(9)
	CMPQ   R8, $160
	JEQ    last
	FIVE(10)
	FIVE(11)
	FIVE(12)
	FIVE(13)

last:
	VBROADCASTI128 AEAD_rounds(AX)(R8*1), Y8
	VAESENCLAST    X8, X4, X4
	FINISH(Y0, Y1, Y2, Y3, DI, 0)
	VPBROADCASTB end_size(DI), Y12
	KEEP(0, Y0)
	KEEP(32, Y1)
	KEEP(64, Y2)
	KEEP(96, Y3)
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	MOVQ    end_size(DI), CX
	ADDQ    $15, CX
	SHRQ    $4, CX
	VMOVDQU (BX), X12
	SHIFT(1)
	HASH(DI, lengths)

lengths:
	VMOVQ   end_bits(DI), X12
	VPINSRQ $1, end_clear(DI), X12, X12
	ADD(240, AX, X12, X13)
	REDUCE
	VPSHUFB X15, X9, X9
	VPXOR   X4, X9, X9
	VMOVDQU X9, end_tag(DI)
	VZEROUPPER
	RET

// func hash(a *AEAD, s *sum, b *blocks, n int)
TEXT ·hash(SB), NOSPLIT, $0-32
	MOVQ           a+0(FP), AX
	MOVQ           s+8(FP), BX
	MOVQ           b+16(FP), SI
	MOVQ           n+24(FP), CX
	VBROADCASTI128 ·reverse(SB), Y15
	VMOVDQU        (BX), X12
	SHIFT(0)
	HASH(SI, done)

done:
	REDUCE
	VMOVDQU X9, (BX)
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
