package sfu

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// ServerStats counts since the server started.
type ServerStats struct {
	Peers, Publications, Subscriptions int // now
	PacketsReceived, PacketsSent       uint64
	BytesReceived, BytesSent           uint64 // of UDP payload
	// SendCalls counts the system calls that sent packets; PacketsSent ÷
	// SendCalls is how well they were batched.
	SendCalls uint64
	// SendMessages counts what those were given: single packets, and trains of
	// packets to one peer (UDP_SEGMENT).
	SendMessages uint64
	// FeedbackPackets is of how many packets peers told by transport-wide feedback,
	// FeedbackLost how many of those did not come; see [Config.BenchTransportCC].
	FeedbackPackets, FeedbackLost uint64
	// CPU is what the workers' threads used, by who paid for it.
	CPU CPUStats
	// Drops counts packets that were not forwarded, and STUN and DTLS datagrams
	// that were not handled, by reason; reasons that never occurred are absent.
	Drops map[DropReason]uint64
}

// PeerStats follows the names of the W3C WebRTC statistics identifiers.
type PeerStats struct {
	// RoundTripTime is smoothed over the reports of the peer; 100 ms before the
	// first.
	RoundTripTime time.Duration
	// Cost is that of the whole peer, streams that have ended too; Own is the
	// part that belongs to no stream in the lists: RTCP, timers, former streams.
	Cost, Own Cost
	Inbound   []InboundStats
	Outbound  []OutboundStats
}

// InboundStats describes one received RTP stream (W3C inbound-rtp).
type InboundStats struct {
	MID                  string // of the media section
	RID                  string // of the encoding; empty without simulcast
	SSRC                 uint32
	PacketsReceived      uint64
	BytesReceived        uint64 // of payload
	PacketsLost          int64  // before repair
	PacketsRetransmitted uint64 // received as RTX (RFC 4588)
	Jitter               time.Duration
	NACKCount, PLICount  uint32 // sent to the peer
	KeyFrames            uint64
	Cost                 Cost // with that of its retransmissions
}

// OutboundStats describes one sent RTP stream (W3C outbound-rtp), that is what
// one slot was sent since it exists.
type OutboundStats struct {
	MID                      string // of the media section
	SSRC                     uint32
	PacketsSent              uint64
	BytesSent                uint64 // of payload
	RetransmittedPacketsSent uint64
	NACKCount                uint32  // numbers that the peer asked for again
	PLICount                 uint32  // received from the peer
	FractionLost             float64 // of what was sent, by the peer's last report, 0 to 1
	Layer                    Layer   // being sent, of video; see [Subscription.Layer]
	Drops                    map[DropReason]uint64
	Cost                     Cost
	// Subscription is the part of Cost since the present publication was bound
	// to the slot; zero while it is free.
	Subscription Cost
}

// Stats returns the counters of all workers.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	st := ServerStats{Peers: len(s.peers)}
	for p := range s.peers {
		st.Publications += len(p.publications)
		for _, slot := range p.slots {
			if slot.sub != nil {
				st.Subscriptions++
			}
		}
	}
	s.mu.Unlock()
	c, cpu := s.sum()
	m := s.mux.Stats()
	st.CPU = cpu
	st.PacketsReceived, st.PacketsSent = c.PacketsReceived, c.PacketsSent
	st.BytesReceived, st.BytesSent = c.BytesReceived, c.BytesSent
	st.FeedbackPackets, st.FeedbackLost = c.Told, c.Told-c.Came
	for _, socket := range s.sockets {
		u := socket.Stats()
		st.SendCalls += u.SendCalls
		st.SendMessages += u.Messages
		c.Drops[plane.DropOverload] += u.Refused
	}
	for r := range s.refused {
		c.Drops[r] += s.refused[r].Load()
	}
	c.Drops[plane.DropUnknownSource] += m.Strangers
	c.Drops[plane.DropOverload] += m.Overflow
	st.Drops = drops(&c.Drops)
	return st
}

// Stats returns the counters of the peer and its streams, or the zero value if
// the peer is closed.
func (p *Peer) Stats() PeerStats {
	for {
		var there bool
		w := p.worker()
		s, _ := ask(p.server.workers[w], func(reply func(plane.TransportStats)) plane.Command {
			return plane.Observe{Transport: p.key, Done: func(s plane.TransportStats, ok bool) { there = ok; reply(s) }}
		})
		if there || w == p.worker() {
			return peerStats(s)
		}
	} // it moved in between
}

func peerStats(s plane.TransportStats) PeerStats {
	st := PeerStats{RoundTripTime: time.Duration(s.RTT), Cost: Cost(s.Cost), Own: Cost(s.Own)}
	for _, in := range s.Inbound {
		st.Inbound = append(st.Inbound, InboundStats{
			MID: in.MID, RID: in.RID, SSRC: in.SSRC,
			PacketsReceived:      in.PacketsReceived,
			BytesReceived:        in.BytesReceived,
			PacketsLost:          int64(in.Lost),
			PacketsRetransmitted: in.Retransmitted,
			Jitter:               time.Duration(in.Jitter) * time.Second / time.Duration(max(1, in.ClockRate)),
			NACKCount:            in.NACKs,
			PLICount:             in.PLIs,
			KeyFrames:            in.KeyFrames,
			Cost:                 Cost(in.Cost),
		})
	}
	for i := range s.Outbound {
		out := &s.Outbound[i]
		st.Outbound = append(st.Outbound, OutboundStats{
			MID: out.MID, SSRC: out.SSRC,
			PacketsSent:              out.PacketsSent,
			BytesSent:                out.BytesSent,
			RetransmittedPacketsSent: out.Retransmitted,
			NACKCount:                out.NACKs,
			PLICount:                 out.PLIs,
			FractionLost:             float64(out.FractionLost) / 256,
			Layer:                    Layer{Spatial: out.Shown.Place, Temporal: out.Shown.Temporal},
			Drops:                    drops(&out.Drops),
			Cost:                     Cost(out.Cost),
			Subscription:             Cost(out.Bound),
		})
	}
	return st
}

func drops(counts *[plane.NumDropReasons]uint64) map[DropReason]uint64 {
	m := make(map[DropReason]uint64)
	for r, n := range counts {
		if n > 0 {
			m[DropReason(r)] = n
		}
	}
	return m
}
