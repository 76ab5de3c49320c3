package feedback

import "math/bits"

// Arrivals counts what transport-wide feedback tells: of how many numbers, and
// how many of those came. b is the Raw of an [Item]; the arrival times behind the
// statuses are not looked at. It returns false if the statuses are cut off.
func Arrivals(b []byte) (told, came int, ok bool) {
	const fixed = 8 // base number, count, reference time, count of messages
	if len(b) < fixed {
		return 0, 0, false
	}
	told = int(order.Uint16(b[2:]))
	left := told
	for b = b[fixed:]; left > 0; b = b[2:] {
		if len(b) < 2 {
			return 0, 0, false
		}
		size, n := chunk(order.Uint16(b), left)
		left -= size
		came += n
	}
	return told, came, true
}

// chunk returns how many packets a chunk is about, at most left, and how many of
// them came: a run of one status of two bits, or a vector of 14 of one bit or 7
// of two.
func chunk(c uint16, left int) (size, came int) {
	const vector, pairs = 1 << 15, 1 << 14
	switch {
	case c&vector == 0:
		size = min(left, int(c&0x1fff))
		if c>>13 == 0 {
			return size, 0
		}
		return size, size
	case c&pairs == 0:
		size = min(left, 14)
		return size, bits.OnesCount16(c & 0x3fff >> (14 - size) << (14 - size))
	}
	size = min(left, 7)
	either := (c | c>>1) & 0x1555 // one bit of each pair
	return size, bits.OnesCount16(either >> (14 - 2*size))
}
