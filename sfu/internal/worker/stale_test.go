package worker

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// Video that has waited for half a second is not forwarded, until what is read
// is fresh again; audio is. Numbers go on without a gap.
func TestStaleVideoIsShed(t *testing.T) {
	const audio, video = 111, 96
	for _, tt := range []struct {
		name string
		ages []time.Duration // of a batch of one audio and one video packet each
		want []byte          // kinds of packets that are forwarded
	}{
		{"not told", []time.Duration{-1}, []byte{audio, video}},
		{"fresh", []time.Duration{0, 400 * time.Millisecond}, []byte{audio, video, audio, video}},
		{"stale", []time.Duration{0, 600 * time.Millisecond}, []byte{audio, video, audio}},
		{
			"until it has caught up",
			[]time.Duration{600 * time.Millisecond, 200 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond},
			[]byte{audio, audio, audio, video, audio, video},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				for _, age := range tt.ages {
					d := append(r.packets(t, 1), r.pictures(t, 1)...)
					for i := range d {
						if age >= 0 {
							d[i].Arrived = time.Now().Add(-age).UnixNano()
						}
					}
					r.line.in <- d
					synctest.Wait()
				}
				if got := r.line.kinds(); !bytes.Equal(got, tt.want) {
					t.Errorf("forwarded %v, want %v", got, tt.want)
				}
				shed := 2*len(tt.ages) - len(tt.want)
				if got := r.stats().Drops[plane.DropOverload]; got != uint64(shed) {
					t.Errorf("%d packets counted as dropped, want %d", got, shed)
				}
				r.line.mu.Lock()
				defer r.line.mu.Unlock()
				numbers := map[byte]uint16{}
				for _, b := range r.line.wrote {
					kind, number := b[1]&0x7f, uint16(b[2])<<8|uint16(b[3])
					if last, ok := numbers[kind]; ok && (kind == audio || kind == video) && number != last+1 {
						t.Errorf("kind %d: number %d follows %d", kind, number, last)
					}
					numbers[kind] = number
				}
			})
		})
	}
}

// The wall clock may be put forward or back.
func TestStaleness(t *testing.T) {
	var s staleness
	now := time.Now().UnixNano()
	for _, tt := range []struct {
		name    string
		arrived int64
		want    bool
	}{
		{"from the future", now + int64(time.Hour), false},
		{"an hour ago", now - int64(time.Hour), true},
		{"not told", 0, false},
		{"just within", now - int64(staleAfter), false},
		{"just too old", now - int64(staleAfter) - 1, true},
		{"not yet fresh", now - int64(freshAfter) - 1, true},
		{"fresh", now - int64(freshAfter), false},
	} {
		if got := s.check(&udp.Datagram{Arrived: tt.arrived}, now); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
