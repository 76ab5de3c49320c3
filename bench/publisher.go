package bench

import (
	"net/netip"
	"time"

	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// publisher is the sending half of one client.
type publisher struct {
	transport *transport
	endpoint  *endpoint
	remote    netip.AddrPort
	sender    *sender
	tracks    []*track

	// Owned by the sender.
	sealer     *srtp.Sealer
	ids        extensionIDs
	wide       uint16 // next transport-wide number
	nextReport time.Time
}

// extensionIDs are those of header extensions, 0 = not negotiated.
type extensionIDs struct{ mid, transportCC, level, rid, repairedRID uint8 }

func newPublisher(t *transport, s *sender, a *answer) (*publisher, error) {
	p := &publisher{transport: t, endpoint: t.endpoint, remote: t.remote, sender: s}
	var err error
	if p.sealer, err = srtp.NewSealer(t.keys.Profile, t.keys.LocalKey, t.keys.LocalSalt); err != nil {
		return nil, err
	}
	p.ids = a.extensions
	return p, nil
}

// feedback takes in one thing that the server says about the published tracks.
func (p *publisher) feedback(x rtcp.Packet) {
	switch x := x.(type) {
	case *rtcp.PictureLossIndication:
		p.refresh(x.MediaSSRC)
	case *rtcp.FullIntraRequest:
		for _, e := range x.FIR {
			p.refresh(e.SSRC)
		}
		p.refresh(x.MediaSSRC)
	case *rtcp.TransportLayerNack:
		p.resend(x)
	case *rtcp.ReceiverReport:
		p.heard(x.Reports)
	case *rtcp.SenderReport:
		p.heard(x.Reports)
	}
}

// refresh makes the next frame of a track a key frame, and those of its other
// encodings, as browsers do.
func (p *publisher) refresh(ssrc uint32) {
	for _, t := range p.tracks {
		if t.ssrc == ssrc {
			for _, e := range t.publication.tracks {
				e.wantKey.Store(true)
			}
		}
	}
}

// resend has the sender repeat what the server misses.
func (p *publisher) resend(n *rtcp.TransportLayerNack) {
	for _, t := range p.tracks {
		if t.ssrc != n.MediaSSRC {
			continue
		}
		var numbers []uint16
		for _, pair := range n.Nacks {
			numbers = append(numbers, pair.PacketList()...)
		}
		p.sender.ask(repairs{t, numbers})
	}
}

// heard notes which streams the server reports about: those it knows, so that
// their packets need not tell what they are any more.
func (p *publisher) heard(reports []rtcp.ReceptionReport) {
	for _, r := range reports {
		for _, t := range p.tracks {
			if t.ssrc == r.SSRC {
				t.known.Store(true)
			}
			if t.rtx == r.SSRC {
				t.rtxKnown.Store(true)
			}
		}
	}
}

// report sends sender reports about the tracks, once a second (RFC 3550, section
// 6.4.1). It is called by the sender.
func (p *publisher) report(now time.Time) {
	if now.Before(p.nextReport) {
		return
	}
	p.nextReport = now.Add(time.Second)
	for _, t := range p.tracks {
		if t.serial == 0 {
			continue
		}
		r := rtcp.SenderReport{
			SSRC: t.ssrc, NTPTime: ntp(now), RTPTime: t.timestamp(now),
			PacketCount: t.serial, OctetCount: uint32(t.octets),
		}
		if b, err := r.Marshal(); err == nil {
			p.transport.sendRTCP(p.sealer, b)
		}
	}
}

// ntp is a time in the NTP format: seconds since 1900 and their fraction.
func ntp(t time.Time) uint64 {
	const since1900 = 2_208_988_800
	ns := t.UnixNano()
	return uint64(ns/1e9+since1900)<<32 | uint64(ns%1e9)<<32/1e9
}
