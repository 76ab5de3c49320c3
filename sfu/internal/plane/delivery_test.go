package plane

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// A stream that is replaced amid a batch takes its arrivals along, and the
// publication is delivered once nevertheless: twice, it would be padded twice,
// and the second time says less padding than there is.
func TestReplacedAmidABatch(t *testing.T) {
	p := New(Config{})
	spec := Publication{Codecs: []Codec{{Codec: packet.VP8, PayloadType: ptVP8, ClockRate: 90_000}}}
	p.Apply(0, AddMirror{Publication: 1, Spec: spec})
	to := &Transport{plane: p}
	f := p.publications[1]
	f.outbounds = append(f.outbounds, &Outbound{slot: &Slot{transport: to}, fan: f})
	accept := func(serial uint32, number, size uint16) {
		v := packet.View{Sequence: number, PayloadType: ptVP8, PayloadOffset: 12, PayloadSize: size}
		b := make([]byte, 12+size, 12+size+16) // a tag was there
		p.Accept(0, &Handover{Publication: 1, Serial: serial, Entry: nack.Entry{View: v, Sequence: number}, B: b})
	}
	accept(1, 7, 100)
	for i, size := range []uint16{100, 104, 106} {
		accept(2, uint16(50+i), size)
	}
	p.delivery.gather(0)
	if len(to.work) != 1 {
		t.Errorf("delivered %d times, want once", len(to.work))
	}
	for i, want := range []uint8{4, 0, 0} {
		a := &f.arrivals[i]
		if last := a.b[len(a.b)-1]; a.pad != want || last != want {
			t.Errorf("packet %d: %d bytes of padding, the last says %d, want %d", i, a.pad, last, want)
		}
	}
}
