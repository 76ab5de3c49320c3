package plane

import (
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Media for a transport with a sink goes to that and its own port, wherever it
// moves; nobody else's does. RTCP goes there too once it publishes nothing.
func TestSink(t *testing.T) {
	r := newRoom(t)
	from, other := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	r.sink = netip.MustParseAddr("198.18.0.2")
	c := r.join(2, netem.Config{})
	shown := other.slot(false)
	shown.show(from.video)
	c.slot(false).show(from.video)

	at := func(port uint16, kind packet.Kind) int {
		return r.strays[stray{netip.AddrPortFrom(r.sink, port), kind}]
	}
	r.run(3 * time.Second)
	if n := at(5000, packet.RTP); n < 80 || at(5000, packet.RTCP) != 0 || c.told == 0 {
		t.Errorf("a publisher: %d messages of media at the sink, %d of RTCP; %d packets reported to it", n, at(5000, packet.RTCP), c.told)
	}
	r.move(c)
	r.apply(RemovePublication{Publication: c.video.pub})
	r.apply(RemovePublication{Publication: c.audio.pub})
	c.mute, c.told = true, 0
	before := at(5000, packet.RTP)
	r.run(3 * time.Second)
	if n := at(5001, packet.RTP); n < 80 || at(5001, packet.RTCP) == 0 || c.told != 0 || at(5000, packet.RTP) != before {
		t.Errorf("a subscriber that moved: %d messages of media at the sink, %d of RTCP; %d at the old port, %d packets reported to it",
			n, at(5001, packet.RTCP), at(5000, packet.RTP)-before, c.told)
	}
	if n := c.sinks[0].packets; n != 0 {
		t.Errorf("it got %d packets itself", n)
	}
	shown.checkFrames(t, 150)
}
