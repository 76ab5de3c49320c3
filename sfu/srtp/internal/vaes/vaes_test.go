package vaes

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// made returns an AEAD, or nil where the processor has not got what it takes;
// then there is none to be had, and nothing of this package is ever used.
func made(t testing.TB, key []byte) *AEAD {
	t.Helper()
	a := &AEAD{}
	if ok := a.Set(key); ok != Available() {
		t.Fatalf("available: %v, took a key: %v", Available(), ok)
	} else if !ok {
		return nil
	}
	return a
}

// widths returns the AEAD with each size of registers that there is.
func widths(a *AEAD) []*AEAD {
	if a == nil {
		return nil
	}
	if !a.wide {
		return []*AEAD{a}
	}
	narrow := *a
	narrow.wide = false
	return []*AEAD{a, &narrow}
}

func oracle(t testing.TB, key []byte) cipher.AEAD {
	t.Helper()
	c, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	g, err := cipher.NewGCM(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func nonce(b []byte) Nonce {
	return Nonce{High: binary.BigEndian.Uint64(b), Low: binary.BigEndian.Uint32(b[8:])}
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Every length of a packet, with and without a prefix, is sealed as the standard
// library seals it.
func TestEveryLength(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{16, 32} {
		key := random(r, size)
		all, want := widths(made(t, key)), oracle(t, key)
		if len(all) == 0 {
			return
		}
		for n := range 1500 {
			plain, number := random(r, n), random(r, 12)
			for _, aad := range [][]byte{nil, random(r, 12), random(r, 16), random(r, n%140+1), random(r, 300)} {
				for _, prefix := range []int{0, 1, 4, 16, 63, quad, 65, MaxPrefix} {
					if prefix > n {
						continue
					}
					expected := want.Seal([]byte("kept"), number, plain, aad)
					for _, a := range all {
						got := a.Seal([]byte("kept"), nonce(number), plain[:prefix], plain[prefix:], aad)
						if !bytes.Equal(got, expected) {
							t.Fatalf("key of %d, %d bytes after a prefix of %d, %d in the clear, wide %v: sealed otherwise", size, n-prefix, prefix, len(aad), a.wide)
						}
					}
				}
			}
		}
	}
}

// What stays in the clear may be where the result goes, and room that is there
// is used.
func TestSealInPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	key, number, header, plain := random(r, 16), random(r, 12), random(r, 20), random(r, 1000)
	a := made(t, key)
	if a == nil {
		return
	}
	room := make([]byte, 0, 1500)
	dst := append(room, header...)
	got := a.Seal(dst, nonce(number), plain[:3], plain[3:], dst)
	if want := oracle(t, key).Seal(bytes.Clone(header), number, plain, header); !bytes.Equal(got, want) {
		t.Error("sealed otherwise than apart from the header")
	}
	if &got[0] != &room[:1][0] {
		t.Error("the room was not used")
	}
	if n := testing.AllocsPerRun(100, func() { a.Seal(dst, nonce(number), plain[:3], plain[3:], dst) }); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func TestSetRefuses(t *testing.T) {
	for _, n := range []int{0, 15, 17, 24, 33} {
		if new(AEAD).Set(make([]byte, n)) {
			t.Errorf("a key of %d bytes was taken", n)
		}
	}
}

func FuzzSeal(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("nonce of 12."), []byte("pre"), []byte("plain"), []byte("clear"))
	f.Fuzz(func(t *testing.T, key, number, prefix, plain, aad []byte) {
		a := &AEAD{}
		if !a.Set(key) || len(number) != 12 || len(prefix) > MaxPrefix {
			return
		}
		want := oracle(t, key).Seal(nil, number, append(bytes.Clone(prefix), plain...), aad)
		for _, a := range widths(a) {
			if got := a.Seal(nil, nonce(number), prefix, plain, aad); !bytes.Equal(got, want) {
				t.Fatalf("sealed otherwise: got %x, want %x, wide %v", got, want, a.wide)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	key, number, dst := make([]byte, 16), make([]byte, 12), make([]byte, 0, 1500)
	plain, aad := make([]byte, 1180), make([]byte, 20)
	a, g := made(b, key), oracle(b, key)
	if a == nil {
		b.Fatal("this processor has no VAES")
	}
	type sealer struct {
		name string
		seal func(n int)
	}
	sealers := []sealer{{"standard", func(n int) { g.Seal(dst, number, plain[:n], aad) }}}
	for _, a := range widths(a) {
		name := map[bool]string{true: "512", false: "256"}[a.wide]
		sealers = append(sealers, sealer{name, func(n int) { a.Seal(dst, nonce(number), nil, plain[:n], aad) }})
	}
	for _, tt := range sealers {
		for _, n := range []int{80, 1180} {
			b.Run(tt.name+map[int]string{80: "/audio", 1180: "/video"}[n], func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(n))
				for b.Loop() {
					tt.seal(n)
				}
			})
		}
	}
}
