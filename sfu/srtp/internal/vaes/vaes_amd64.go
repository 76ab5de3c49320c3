//go:build !portable

package vaes

import "golang.org/x/sys/cpu"

// supported: bits 9 and 10 of ECX of leaf 7 are VAES and VPCLMULQDQ; AVX2 stands
// for a system that keeps the registers.
var supported = cpu.X86.HasAVX2 && cpu.X86.HasAES && leaf7()>>9&3 == 3

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
