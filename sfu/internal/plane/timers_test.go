package plane

import (
	"net/netip"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// A thousand peers who say nothing wake their core a hundred times a second.
func TestIdleTransportsShareWakeUps(t *testing.T) {
	p := New(Config{})
	now := mono.Time(time.Second)
	for i := range 1000 {
		id, key, salt := ID(i), make([]byte, 16), make([]byte, 12)
		sealer, err := srtp.NewSealer(srtp.AEADAES128GCM, key, salt)
		check(t, err)
		opener, err := srtp.NewOpener(srtp.AEADAES128GCM, key, salt)
		check(t, err)
		p.Apply(now, AddTransport{Transport: id, SSRC: uint32(i), CNAME: "switchyard"})
		p.Apply(now, SetKeys{Transport: id, Opener: opener, Sealer: sealer})
		p.Apply(now, BindPath{Transport: id, Path: Path{Remote: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(i))}})
		p.Advance(now)
		now = now.Add(1370 * time.Microsecond)
	}
	wakes := 0
	steady := now.Add(1100 * time.Millisecond) // all have reported once
	for end := steady.Add(time.Second); p.Deadline() < end; {
		due := p.Deadline()
		if due >= steady {
			wakes++
		}
		p.Advance(due.Add(30 * time.Microsecond)) // a core wakes up late
	}
	if wakes < 50 || wakes > 101 {
		t.Errorf("%d wake-ups in a second, want one for each 10 ms", wakes)
	}
}
