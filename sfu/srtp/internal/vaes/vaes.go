// Package vaes seals with AES-GCM (NIST SP 800-38D) by instructions that work on
// several blocks at once: VAES and VPCLMULQDQ, on the four of a register of 512
// bits where the processor has AVX-512 (Intel's servers since Ice Lake, AMD since
// Zen 4), else on two (AMD since Zen 3, Intel's other processors). The standard
// library uses the older ones, on one, and sealing is the largest part of what
// forwarding a packet costs. Everything here takes a time that depends on lengths
// alone. Opening, which happens once where sealing happens once per subscriber,
// stays with the standard library.
package vaes

import (
	"crypto/aes"
	"crypto/fips140"
	"encoding/binary"
	"unsafe"
)

const (
	block = 16
	chunk = 8 * block // what sealChunks works on at once
	quad  = 4 * block // a register of 512 bits

	// Overhead is what sealing adds, in bytes: the tag.
	Overhead = block
	// MaxPrefix is how long the prefix of [AEAD.Seal] may be, in bytes.
	MaxPrefix = chunk
)

// AEAD seals with one key. It holds nothing but what follows from the key, so
// any number of goroutines may use it. The zero value has no key, see [AEAD.Set].
type AEAD struct {
	rounds [15][block]byte // round keys
	last   uint64          // offset of the last one, in bytes
	wide   bool            // four blocks at once
	// powers are H^16 … H^1, the powers of the hash key, behind H^17, each with its
	// bytes reversed and multiplied by x: so the carry-less product of reversed
	// numbers, which is one bit short, comes out right.
	seventeenth [block]byte // H^17
	powers      [16][block]byte
	halves      [16][block]byte // the sum of the two halves of each power, in the lower one
	_           [block]byte     // is read, and multiplied by zero
}

// Nonce is a number of 96 bits, of which High are the first 64.
type Nonce struct {
	High uint64
	Low  uint32
}

// blocks are what the assembly hashes or makes at once.
type blocks [chunk]byte

// sum is a hash so far, its bytes reversed.
type sum [2]uint64

// Available tells whether this processor and system have the instructions, and
// nobody asked for approved cryptography only.
func Available() bool { return supported && !fips140.Enabled() }

// Blocks returns how many blocks an [AEAD] works on at once: 4, 2, or 1 where it is
// not available.
func Blocks() int {
	switch {
	case !Available():
		return 1
	case wide:
		return 4
	}
	return 2
}

// Set takes a key of 16 or 32 bytes. It returns false for any other length, or
// where the instructions are not available; then the AEAD must not be used.
func (a *AEAD) Set(key []byte) bool {
	if !Available() || len(key) != 16 && len(key) != 32 {
		return false
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return false
	}
	a.wide = wide
	a.expand(key)
	var h [block]byte
	c.Encrypt(h[:], h[:])
	a.raise(&h)
	return true
}

// Seal appends prefix and plain, encrypted as one, and the tag over them and
// aad to dst, and returns the result. The prefix has at most [MaxPrefix] bytes.
// None of the inputs may overlap what dst's array has room for, but for aad,
// which may be part of dst.
func (a *AEAD) Seal(dst []byte, n Nonce, prefix, plain, aad []byte) []byte {
	size := len(prefix) + len(plain)
	start, whole := len(dst), size/chunk*chunk
	dst = extend(dst, size+Overhead)
	out := dst[start:]
	high, low := n.High, uint64(n.Low)<<32
	if a.wide && len(prefix) <= quad && len(aad) <= quad {
		sealWide(a, &out[0], unsafe.SliceData(prefix), len(prefix), unsafe.SliceData(plain), size,
			unsafe.SliceData(aad), len(aad), high, low)
		return dst
	}
	e := end{
		size: uint64(size - whole), clear: 8 * uint64(len(aad)), bits: 8 * uint64(size),
		high: high, low: low | uint64(whole/block+2), one: low | 1,
	}

	s := a.authenticate(aad)
	if len(prefix) > 0 {
		var first blocks
		n := copy(first[:], prefix)
		plain = plain[copy(first[n:], plain):]
		if whole > 0 {
			sealChunks(a, &s, &out[0], &first[0], unsafe.SliceData(plain), whole/chunk, high, low|2)
			plain = plain[whole-chunk:]
		} else {
			plain = first[:size]
		}
	} else if whole > 0 {
		sealChunks(a, &s, &out[0], &plain[0], unsafe.SliceData(plain[chunk:]), whole/chunk, high, low|2)
		plain = plain[whole:]
	}
	copy(e.text[:], plain)
	finish(a, &s, &e)
	copy(out[copy(out[whole:], e.text[:size-whole])+whole:], e.tag[:])
	return dst
}

// end is what is less than a chunk of a message, and all that its end is made of.
type end struct {
	text        blocks // in the clear, then sealed
	tag         [block]byte
	size        uint64 // of the text, in bytes
	bits, clear uint64 // lengths of all that was sealed, and of what stays in the clear
	high, low   uint64 // counter of the text, from its upper half on
	one         uint64 // lower half of the tag's
}

// authenticate hashes what stays in the clear, padded to whole blocks.
func (a *AEAD) authenticate(aad []byte) (s sum) {
	for len(aad) > 0 {
		var b blocks
		n := copy(b[:], aad)
		hash(a, &s, &b, (n+block-1)/block)
		aad = aad[n:]
	}
	return s
}

// extend makes b longer by n bytes.
func extend(b []byte, n int) []byte {
	if len(b)+n <= cap(b) {
		return b[:len(b)+n]
	}
	return append(b, make([]byte, n)...)
}

// expand makes the round keys (FIPS 197, section 5.2).
func (a *AEAD) expand(key []byte) {
	words := len(key) / 4
	rounds := words + 6
	a.last = uint64(rounds * block)
	w := make([]uint32, 4*(rounds+1))
	for i := range words {
		w[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	power := uint32(1) // of x, in the field
	for i := words; i < len(w); i++ {
		t := w[i-1]
		switch {
		case i%words == 0:
			t = substitute(t>>8|t<<24) ^ power
			power = power<<1 ^ power>>7*0x11b
		case words == 8 && i%words == 4:
			t = substitute(t)
		}
		w[i] = w[i-words] ^ t
	}
	for i, x := range w {
		binary.LittleEndian.PutUint32(a.rounds[i/4][i%4*4:], x)
	}
}

// raise makes the powers of the hash key.
func (a *AEAD) raise(h *[block]byte) {
	hi, lo := binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])
	first := element{hi, lo}.double()
	power := first
	for i := len(a.powers) - 1; i >= 0; i-- {
		binary.LittleEndian.PutUint64(a.powers[i][:], power.lo)
		binary.LittleEndian.PutUint64(a.powers[i][8:], power.hi)
		binary.LittleEndian.PutUint64(a.halves[i][:], power.lo^power.hi)
		power = power.times(element{hi, lo})
	}
	binary.LittleEndian.PutUint64(a.seventeenth[:], power.lo)
	binary.LittleEndian.PutUint64(a.seventeenth[8:], power.hi)
}

// element is a number of GCM's field: its coefficient of x^i is bit 127-i.
type element struct{ hi, lo uint64 }

// double shifts towards lower powers of x: the number divided by x.
func (e element) double() element {
	carry := -(e.hi >> 63)
	return element{e.hi<<1 ^ e.lo>>63 ^ carry&0xc2<<56, e.lo<<1 ^ carry&1}
}

// halve multiplies by x.
func (e element) halve() element {
	carry := -(e.lo & 1)
	return element{e.hi>>1 ^ carry&0xe1<<56, e.lo>>1 ^ e.hi<<63}
}

// times multiplies, in a time that depends on neither.
func (e element) times(f element) (p element) {
	for i := range 128 {
		bit := f.hi >> (63 - i&63)
		if i >= 64 {
			bit = f.lo >> (63 - i&63)
		}
		mask := -(bit & 1)
		p.hi ^= e.hi & mask
		p.lo ^= e.lo & mask
		e = e.halve()
	}
	return p
}
