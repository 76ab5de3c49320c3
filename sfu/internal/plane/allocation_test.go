package plane

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

// offers returns the newest EventOffer of a publication and how many there were.
func offers(p *Plane, pub ID, last *Event) (n int) {
	for _, e := range p.Events(nil) {
		if e.Kind == EventOffer && e.Publication == pub {
			*last = e
			n++
		}
	}
	return n
}

func offered(e *Event) string {
	var out []string
	for x := range e.Ladder.Pictures {
		out = append(out, fmt.Sprintf("%d %dx%d T%d %d", x.Place, x.Width, x.Height, x.Temporal, x.Target/1000))
	}
	return strings.Join(out, ", ")
}

// What a publisher sends is told once a second at the most, with its own sizes
// and bit rates, and those measured.
func TestOffer(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{})
	p := scalable(a)
	list := readRecorded(t, "av1-l3t3key")
	var last Event
	n, began := 0, r.now
	for i := range list {
		p.send(&list[i])
		r.run(30 * time.Millisecond)
		n += offers(r.plane, p.pub.pub, &last)
	}
	seconds := int(r.now.Sub(began)/time.Second) + 1
	if n < 2 || n > seconds {
		t.Errorf("%d offers in %d s", n, seconds)
	}
	if got, want := offered(&last), "0 320x180 T2 142, 1 640x360 T2 560, 2 1280x720 T2 1500"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for x := range last.Ladder.Pictures {
		if x.Bitrate <= 0 || x.FrameRate == 0 || !x.Live {
			t.Errorf("layer %d: %+v", x.Place, x)
		}
	}
}

// Of a codec whose packets tell no size, the publisher's allocation does.
func TestAllocationTellsSizes(t *testing.T) {
	r := newRoom(t)
	a := r.join(0, netem.Config{})
	p := scalable(a)
	for i := range 3 {
		x := recorded{timestamp: uint32(3000 * i), marker: true, payload: []byte{0x10, 0x30, 1}}
		if i == 1 {
			x.allocation = []byte{0x01, 0x00, 0x97, 0x02, 0x01, 0x3f, 0x00, 0xef, 0x0f}
		}
		if i == 2 {
			x.allocation = []byte{0x01, 0x00, 0xff} // cut off
		}
		p.send(&x)
		r.run(time.Second)
	}
	var last Event
	if offers(r.plane, p.pub.pub, &last) == 0 || offered(&last) != "0 320x240 T0 279" {
		t.Errorf("got %s", offered(&last))
	}
}
