//go:build !portable

package vaes

import "golang.org/x/sys/cpu"

// supported: bits 9 and 10 of ECX of leaf 7 are VAES and VPCLMULQDQ; AVX2 stands
// for a system that keeps the registers.
var supported = cpu.X86.HasAVX2 && cpu.X86.HasAES && leaf7()>>9&3 == 3

// wide tells whether registers of 512 bits are there as well, kept by the system,
// with masks for bytes.
var wide = supported && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasBMI1 && cpu.X86.HasBMI2

// leaf7 returns ECX of the processor's leaf 7.
func leaf7() uint32

// substitute puts the four bytes through the S-box (FIPS 197, section 5.1.1).
//
//go:noescape
func substitute(word uint32) uint32

// sealChunks encrypts n chunks to dst, one at first and those that begin at rest,
// with counters from high and low on, and hashes the result. dst does not overlap
// them.
//
//go:noescape
func sealChunks(a *AEAD, s *sum, dst, first, rest *byte, n int, high, low uint64)

// finish encrypts what is less than a chunk, hashes it and the lengths, and makes
// the tag.
//
//go:noescape
func finish(a *AEAD, s *sum, e *end)

// hash hashes n blocks, of at most a chunk. What follows them up to a multiple of
// two is zero.
//
//go:noescape
func hash(a *AEAD, s *sum, b *blocks, n int)

// sealWide is all of Seal for a prefix of before bytes and clear bytes of aad, of
// which neither has more than 64. size counts the prefix as well.
//
//go:noescape
func sealWide(a *AEAD, dst, prefix *byte, before int, plain *byte, size int, aad *byte, clear int, high, low uint64)
