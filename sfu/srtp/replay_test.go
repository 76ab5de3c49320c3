package srtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// What was forged moves neither the window nor the rollover counter, although it
// claims a number that would: what is authentic is opened as if nothing had come.
func TestForgedPacketsMoveNothing(t *testing.T) {
	for _, p := range profiles {
		for _, number := range []uint16{1001, 1500, 20_000, 34_000, 60_000, 999, 1000} {
			s, o := pair(t, p)
			sealed := func(index uint64) []byte {
				b, err := s.SealRTP(nil, header(1, uint16(index)), nil, []byte("x"), index, 1)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			if _, err := o.OpenRTP(sealed(1000), 1, 1000, 12); err != nil {
				t.Fatal(err)
			}
			before := *o.streams[1]
			forged := bytes.Clone(sealed(uint64(number)))
			forged[len(forged)-1] ^= 1
			if _, err := o.OpenRTP(forged, 1, number, 12); err == nil {
				t.Fatalf("%v: a forged packet was opened", p)
			}
			if *o.streams[1] != before {
				t.Errorf("%v: a forged packet with number %d moved the window", p, number)
			}
			for _, index := range []uint64{1001, 900, 66_000} {
				if index == 66_000 { // closer than half of the numbers to the newest
					if _, err := o.OpenRTP(sealed(33_500), 1, 33_500, 12); err != nil {
						t.Errorf("%v: 33,500: %v", p, err)
					}
				}
				if _, err := o.OpenRTP(sealed(index), 1, uint16(index), 12); err != nil {
					t.Errorf("%v: after a forged packet with number %d: index %d: %v", p, number, index, err)
				}
			}
		}
	}
}

func TestRTCPReplay(t *testing.T) {
	for _, p := range profiles {
		for _, tt := range []struct {
			name    string
			indices []uint32
			want    []error
		}{
			{"in order", []uint32{5, 6, 7}, []error{nil, nil, nil}},
			{"replayed", []uint32{5, 6, 5}, []error{nil, nil, ErrReplay}},
			{"last of the window", []uint32{2000, 2000 - 127, 2000 - 127}, []error{nil, nil, ErrReplay}},
			{"older than the window", []uint32{2000, 2000 - 128}, []error{nil, ErrReplay}},
			{"far ahead", []uint32{1, 1 << 30, 1<<30 - 1, 1<<30 - 1}, []error{nil, nil, nil, ErrReplay}},
		} {
			t.Run(p.String()+"/"+tt.name, func(t *testing.T) {
				s, o := pair(t, p)
				plain := []byte{0x80, 201, 0, 1, 0, 0, 0, 9}
				for i, index := range tt.indices {
					b, err := s.SealRTCP(nil, plain, index)
					if err != nil {
						t.Fatal(err)
					}
					forged := bytes.Clone(b)
					forged[8] ^= 1
					if w := o.rtcp[binary.BigEndian.Uint32(plain[4:])]; w != nil {
						before := *w
						if _, err := o.OpenRTCP(forged); err == nil || *w != before {
							t.Errorf("forged packet with index %d: %v, moved the window: %v", index, err, *w != before)
						}
					}
					if _, err := o.OpenRTCP(b); !errors.Is(err, tt.want[i]) {
						t.Errorf("packet %d with index %d: %v, want %v", i, index, err, tt.want[i])
					}
				}
			})
		}
	}
}
