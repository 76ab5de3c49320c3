package codec

import "math/bits"

// bitReader reads unsigned numbers of some bits each, the highest bit first.
// What is behind the end reads as zero and sets short.
type bitReader struct {
	b     []byte
	at    int // the next bit
	short bool
}

// bits reads n of them, at most 32.
func (r *bitReader) bits(n int) uint32 {
	if r.at+n > 8*len(r.b) {
		r.at, r.short = 8*len(r.b), true
		return 0
	}
	var v uint64
	at := r.at
	r.at += n
	for i := at / 8; 8*i < r.at; i++ {
		v = v<<8 | uint64(r.b[i])
	}
	v >>= uint(-r.at) & 7
	return uint32(v & (1<<n - 1))
}

func (r *bitReader) flag() bool { return r.bits(1) != 0 }

// below reads a number that is less than n, in as few bits as that takes
// (AV1 section 4.10.7, ns).
func (r *bitReader) below(n uint32) uint32 {
	w := bits.Len32(n)
	short := uint32(1)<<w - n // so many numbers need a bit less
	v := r.bits(w - 1)
	if v < short {
		return v
	}
	return v<<1 - short + r.bits(1)
}

// align goes on with the next whole byte.
func (r *bitReader) align() { r.at = (r.at + 7) &^ 7 }

// leb128 reads a number of whole bytes; one above 32 bits counts as cut off.
func (r *bitReader) leb128() uint32 {
	v, size := leb128(r.b[min(r.at/8, len(r.b)):])
	if size == 0 || v > 1<<32-1 {
		r.short = true
		return 0
	}
	r.at += 8 * size
	return uint32(v)
}

// bitWriter appends numbers of some bits each; the last byte is filled up with
// zeros.
type bitWriter struct {
	b    []byte
	free int // bits of the last byte
}

// bits writes the lower n bits of v, at most 32.
func (w *bitWriter) bits(v uint32, n int) {
	for n > 0 {
		if w.free == 0 {
			w.b, w.free = append(w.b, 0), 8
		}
		k := min(n, w.free)
		n -= k
		w.free -= k
		w.b[len(w.b)-1] |= byte(v>>n&(1<<k-1)) << w.free
	}
}
