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

// sealChunks encrypts n chunks from src to dst, with counters from high and low
// on, and hashes the result. dst is src or does not overlap it.
//
//go:noescape
func sealChunks(a *AEAD, s *sum, dst, src *byte, n int, high, low uint64)

// stream makes seven blocks of key stream, of the counters from high and low on,
// and an eighth, which hides the tag: its counter is 1.
//
//go:noescape
func stream(a *AEAD, key *blocks, high, low uint64)

// hashChunk hashes the blocks from an offset on, which is a multiple of a
// block's size; those before are zero.
//
//go:noescape
func hashChunk(a *AEAD, s *sum, b *blocks, at int)
