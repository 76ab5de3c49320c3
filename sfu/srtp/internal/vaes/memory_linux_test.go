package vaes

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// page returns memory of one page between two that must not be touched.
func page(t *testing.T) []byte {
	t.Helper()
	size := unix.Getpagesize()
	b, err := unix.Mmap(-1, 0, 3*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(b); err != nil {
			t.Error(err)
		}
	})
	for _, outside := range [][]byte{b[:size], b[2*size:]} {
		if err := unix.Mprotect(outside, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return b[size : 2*size]
}

// Nothing is read or written beside the inputs and the room, wherever they begin
// and end.
func TestSealKeepsToItsMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	key, number := random(r, 16), random(r, 12)
	want := oracle(t, key)
	prefixes, plains, clears, rooms := page(t), page(t), page(t), page(t)
	ends := func(page []byte, n int) [][]byte { return [][]byte{page[:n:n], page[len(page)-n:]} }
	for _, a := range widths(made(t, key)) {
		for n := range 700 {
			for _, before := range []int{0, 1, quad, MaxPrefix} {
				prefix, plain, aad := random(r, before), random(r, n), random(r, 12+n%60)
				expected := want.Seal(nil, number, append(bytes.Clone(prefix), plain...), aad)
				for i := range 2 {
					p, q, c := ends(prefixes, before)[i], ends(plains, n)[i], ends(clears, len(aad))[i]
					copy(p, prefix)
					copy(q, plain)
					copy(c, aad)
					room := ends(rooms, len(expected))[i]
					if got := a.Seal(room[:0], nonce(number), p, q, c); !bytes.Equal(got, expected) || &got[0] != &room[0] {
						t.Fatalf("%d bytes after a prefix of %d, wide %v: sealed otherwise", n, before, a.wide)
					}
				}
			}
		}
	}
}
