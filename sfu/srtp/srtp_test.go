package srtp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	pion "github.com/pion/srtp/v3"
)

var profiles = []Profile{AES128CMHMACSHA180, AEADAES128GCM, AEADAES256GCM}

func material(p Profile) (key, salt []byte) {
	key, salt = make([]byte, p.KeyLen()), make([]byte, p.SaltLen())
	for i := range key {
		key[i] = byte(3*i + 1)
	}
	for i := range salt {
		salt[i] = byte(7*i + 5)
	}
	return key, salt
}

func pair(t testing.TB, p Profile) (*Sealer, *Opener) {
	t.Helper()
	key, salt := material(p)
	s, err := NewSealer(p, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOpener(p, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

func header(ssrc uint32, number uint16) []byte {
	h := []byte{0x80, 96, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[2:], number)
	binary.BigEndian.PutUint32(h[8:], ssrc)
	return h
}

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 3711 appendix B.3: key derivation.
func TestDeriveVectors(t *testing.T) {
	key := fromHex(t, "E1F97A0D3E018BE0D64FA32C06DE4139")
	salt := fromHex(t, "0EC675AD498AFEEBB6960B3AABE6")
	s, err := newSuite(AES128CMHMACSHA180, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.(*cm).rtpSalt[:14], fromHex(t, "30CBBC08863D8C85D49DB34A9AE1"); !bytes.Equal(got, want) {
		t.Errorf("session salt %x, want %x", got, want)
	}
}

// Both ways against pion/srtp, over three rollovers, with a prefix and without.
func TestAgainstPion(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.String(), func(t *testing.T) {
			key, salt := material(p)
			theirs, err := pion.CreateContext(key, salt, pion.ProtectionProfile(p))
			if err != nil {
				t.Fatal(err)
			}
			theirOpener, err := pion.CreateContext(key, salt, pion.ProtectionProfile(p))
			if err != nil {
				t.Fatal(err)
			}
			s, o := pair(t, p)
			for index := uint64(0); index < 3<<16; index += 997 {
				h, payload := header(77, uint16(index)), []byte(fmt.Sprintf("payload %d", index))
				sealed, err := s.SealRTP(nil, h, payload[:2], payload[2:], index, 77)
				if err != nil {
					t.Fatal(err)
				}
				plain, err := theirOpener.DecryptRTP(nil, sealed, nil)
				if err != nil || !bytes.Equal(plain[12:], payload) {
					t.Fatalf("index %d: pion opens %q, %v", index, plain, err)
				}
				one, err := s.SealRTP(nil, h, nil, payload, index, 77)
				if err != nil || !bytes.Equal(one, sealed) {
					t.Fatalf("index %d: with and without prefix differ", index)
				}
				sealed, err = theirs.EncryptRTP(nil, append(h, payload...), nil)
				if err != nil {
					t.Fatal(err)
				}
				n, err := o.OpenRTP(sealed, 77, uint16(index), 12)
				if err != nil || !bytes.Equal(sealed[12:n], payload) {
					t.Fatalf("index %d: opened %q, %v", index, sealed[:n], err)
				}
			}
		})
	}
}

func TestRTCPAgainstPion(t *testing.T) {
	rr := []byte{0x80, 201, 0, 1, 0, 0, 0, 9, 0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 5}
	for _, p := range profiles {
		key, salt := material(p)
		theirs, err := pion.CreateContext(key, salt, pion.ProtectionProfile(p))
		if err != nil {
			t.Fatal(err)
		}
		s, o := pair(t, p)
		for i := range uint32(5) {
			sealed, err := s.SealRTCP(nil, rr, i)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := theirs.DecryptRTCP(nil, sealed, nil); err != nil || !bytes.Equal(plain, rr) {
				t.Fatalf("%v: pion opens %x, %v", p, plain, err)
			}
			if sealed, err = theirs.EncryptRTCP(nil, rr, nil); err != nil {
				t.Fatal(err)
			}
			again := bytes.Clone(sealed)
			n, err := o.OpenRTCP(sealed)
			if err != nil || !bytes.Equal(sealed[:n], rr) {
				t.Fatalf("%v: opened %x, %v", p, sealed[:n], err)
			}
			if _, err := o.OpenRTCP(again); !errors.Is(err, ErrReplay) {
				t.Errorf("%v: replayed RTCP: %v, want ErrReplay", p, err)
			}
		}
	}
}

// Numbers in order of arrival; what a window and a rollover estimate make of
// them. Indices may exceed 2^16.
func TestReplayAndRollover(t *testing.T) {
	for _, tt := range []struct {
		name    string
		indices []uint64
		want    []error
	}{
		{"in order", []uint64{5, 6, 7}, []error{nil, nil, nil}},
		{"replayed", []uint64{5, 6, 5}, []error{nil, nil, ErrReplay}},
		{"reordered", []uint64{5, 7, 6, 6}, []error{nil, nil, nil, ErrReplay}},
		{"last of the window", []uint64{2000, 2000 - 1023}, []error{nil, nil}},
		{"older than the window", []uint64{2000, 2000 - 1024}, []error{nil, ErrReplay}},
		{"wrap", []uint64{65534, 65535, 65536, 65537}, []error{nil, nil, nil, nil}},
		{"reordered around the wrap", []uint64{65534, 65537, 65535, 65536, 65535}, []error{nil, nil, nil, nil, ErrReplay}},
		{"wrap behind 5,000 lost", []uint64{62000, 67000, 67001}, []error{nil, nil, nil}},
		{"three wraps", []uint64{30000, 60000, 90000, 120000, 150000, 180000, 210000}, make([]error, 7)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, o := pair(t, AEADAES128GCM)
			for i, index := range tt.indices {
				b, err := s.SealRTP(nil, header(1, uint16(index)), nil, []byte("x"), index, 1)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := o.OpenRTP(b, 1, uint16(index), 12); !errors.Is(err, tt.want[i]) {
					t.Errorf("packet %d with index %d: %v, want %v", i, index, err, tt.want[i])
				}
			}
		})
	}
}

// Nothing a stranger sends leaves a trace.
func FuzzOpener(f *testing.F) {
	f.Add(append(header(1, 2), make([]byte, 40)...), true)
	f.Add([]byte{0x80, 201, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 0x80, 0, 0, 1}, false)
	f.Fuzz(func(t *testing.T, b []byte, rtp bool) {
		for _, p := range profiles {
			_, o := pair(t, p)
			b := bytes.Clone(b)
			if !rtp {
				if _, err := o.OpenRTCP(b); err == nil {
					t.Fatal("opened a packet of nobody")
				}
				continue
			}
			if len(b) < 12 {
				continue
			}
			if _, err := o.OpenRTP(b, 1, 2, 12); err == nil {
				t.Fatal("opened a packet of nobody")
			}
			if o.Streams() != 0 {
				t.Fatal("state before authentication")
			}
		}
	})
}

func TestStreamLimit(t *testing.T) {
	s, o := pair(t, AEADAES128GCM)
	for ssrc := range uint32(streamLimit + 1) {
		b, _ := s.SealRTP(nil, header(ssrc, 1), nil, []byte("x"), 1, ssrc)
		_, err := o.OpenRTP(b, ssrc, 1, 12)
		if full := ssrc == streamLimit; full != errors.Is(err, ErrTooManyStreams) {
			t.Fatalf("stream %d: %v", ssrc, err)
		}
	}
}

func TestBadMaterial(t *testing.T) {
	for _, tt := range []struct {
		p         Profile
		key, salt int
	}{{AEADAES128GCM, 15, 12}, {AEADAES256GCM, 16, 12}, {AES128CMHMACSHA180, 16, 12}, {Profile(2), 16, 14}} {
		if _, err := NewSealer(tt.p, make([]byte, tt.key), make([]byte, tt.salt)); err == nil {
			t.Errorf("%v with a key of %d and a salt of %d bytes was taken", tt.p, tt.key, tt.salt)
		}
	}
}

func TestGCMAllocatesNothing(t *testing.T) {
	s, o := pair(t, AEADAES128GCM)
	h, payload, dst := header(1, 0), make([]byte, 1100), make([]byte, 0, 1500)
	index := uint64(0)
	if n := testing.AllocsPerRun(500, func() {
		binary.BigEndian.PutUint16(h[2:], uint16(index))
		b, _ := s.SealRTP(dst, h, payload[:4], payload, index, 1)
		if _, err := o.OpenRTP(b, 1, uint16(index), 12); err != nil {
			t.Fatal(err)
		}
		index++
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func BenchmarkSealRTP(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.String(), func(b *testing.B) {
			s, _ := pair(b, p)
			h, payload, dst := header(1, 0), make([]byte, 1180), make([]byte, 0, 1500)
			b.ReportAllocs()
			b.SetBytes(1192)
			for index := uint64(0); b.Loop(); index++ {
				if _, err := s.SealRTP(dst, h, nil, payload, index, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The baseline in the same run.
func BenchmarkPionEncryptRTP(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.String(), func(b *testing.B) {
			key, salt := material(p)
			c, err := pion.CreateContext(key, salt, pion.ProtectionProfile(p))
			if err != nil {
				b.Fatal(err)
			}
			pkt, dst := append(header(1, 0), make([]byte, 1180)...), make([]byte, 0, 1500)
			b.ReportAllocs()
			b.SetBytes(1192)
			for n := uint16(0); b.Loop(); n++ {
				binary.BigEndian.PutUint16(pkt[2:], n)
				if _, err := c.EncryptRTP(dst, pkt, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
