package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// mostInputStreams is how many streams an input may have.
const mostInputStreams = 16

// InputOptions configures an [Input].
type InputOptions struct {
	// ID names the input's peer in logs and stats. If empty, one is made up.
	ID string
	// Near is as in [PeerOptions].
	Near *Peer
	// Listen is the address that packets come to. If it is the zero value, it is
	// 127.0.0.1: what comes is not authenticated, so that everybody who reaches
	// another address can send.
	Listen netip.Addr
	// From, if valid, is the only address that packets are taken from.
	From netip.Addr
	// Streams are what is sent, one publication each. At least one is needed.
	Streams []InputStream
	// Handlers are those of the input's peer. OnPublish is called for each
	// stream, at once; OnSilence with false when the first packet has come.
	Handlers PeerHandlers
}

// InputStream is one stream of RTP.
type InputStream struct {
	// Codec says what is sent: MimeType, PayloadType and ClockRate are needed,
	// and SDPFmtpLine if subscribers have to know the profile.
	Codec webrtc.RTPCodecParameters
	// Port is where RTP is sent to; RTCP may come there, too, or to the next
	// higher port. If zero, an even one that is free.
	Port uint16
	// SSRC, if not zero, is the only one that is taken. Else any is, and may
	// change when who sends is started anew.
	SSRC uint32
}

// Input takes plain RTP (RFC 3550), without negotiation and protection, such as
// ffmpeg and GStreamer send it. Its streams are publications of a peer that has
// nothing else.
//
// Who sends the first packet of a stream is who is listened to until nothing has
// come from there for a second, or for 200 ms if only the port is another. Requests
// for key frames (RFC 4585) and receiver reports go where its RTCP comes from, and
// nowhere before that.
//
// A sender that is started anew goes on where the old one ended, whatever SSRC,
// numbers and timestamps it begins with.
type Input struct {
	peer    *Peer
	from    netip.Addr
	streams []*inputStream
	closed  sync.Once
	readers sync.WaitGroup
}

// NewInput opens the ports of an input. It fails with [ErrInput], [ErrClosed] or
// [ErrFull], or if a port cannot be had.
func (s *Server) NewInput(opts InputOptions) (*Input, error) {
	sections, err := opts.sections()
	if err != nil {
		return nil, err
	}
	if opts.ID == "" {
		opts.ID = newID()
	}
	if !opts.Listen.IsValid() {
		opts.Listen = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	p := newPeer(s, PeerOptions{ID: opts.ID, Near: opts.Near, Handlers: opts.Handlers})
	i := &Input{peer: p, from: opts.From.Unmap()}
	p.input = i
	p.gone = true // it has no path, and so cannot move
	p.silent.Store(true)
	for _, o := range opts.Streams {
		ports, err := listenPair(netip.AddrPortFrom(opts.Listen.Unmap(), o.Port))
		if err != nil {
			i.close()
			return nil, fmt.Errorf("sfu: new input %s: %w", opts.ID, err)
		}
		i.streams = append(i.streams, &inputStream{input: i, sockets: ports})
	}
	if err := s.admit(p); err != nil {
		i.close()
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closed { // the server is closing
		return nil, ErrClosed
	}
	for k, stream := range i.streams {
		stream.publication = p.publish(&sections[k], &plane.Input{SSRC: opts.Streams[k].SSRC})
	}
	for _, stream := range i.streams { // now that all can be answered
		stream.start()
	}
	return i, nil
}

// sections describes the streams as if they had been negotiated.
func (o *InputOptions) sections() (list []pionpc.Section, err error) {
	if len(o.Streams) == 0 || len(o.Streams) > mostInputStreams {
		return nil, fmt.Errorf("%w: %d streams, want 1 to %d", ErrInput, len(o.Streams), mostInputStreams)
	}
	for k, s := range o.Streams {
		c := s.Codec
		kind := packet.CodecOf(c.MimeType)
		audio := strings.HasPrefix(strings.ToLower(c.MimeType), "audio/")
		switch {
		case kind == packet.CodecUnknown || kind == packet.RED:
			return nil, fmt.Errorf("%w: codec %q", ErrInput, c.MimeType)
		case c.PayloadType > 127 || c.PayloadType >= 64 && c.PayloadType < 96: // RTCP has some of these (RFC 5761 section 4)
			return nil, fmt.Errorf("%w: payload type %d, want 0 to 63 or 96 to 127", ErrInput, c.PayloadType)
		case c.ClockRate < 1000 || c.ClockRate > 1_000_000:
			return nil, fmt.Errorf("%w: clock rate %d", ErrInput, c.ClockRate)
		case s.Port == 65535:
			return nil, fmt.Errorf("%w: port %d has none above for RTCP", ErrInput, s.Port)
		}
		list = append(list, pionpc.Section{
			MID: strconv.Itoa(k), Audio: audio, Role: pionpc.RolePublication,
			Codecs: []pionpc.Codec{{
				Codec: kind, MimeType: c.MimeType, Fmtp: c.SDPFmtpLine, PayloadType: uint8(c.PayloadType),
				ClockRate: c.ClockRate, Channels: c.Channels,
			}},
		})
	}
	return list, nil
}

// Peer returns what publishes the streams. It has no slots and takes no offer; to
// close it closes the input.
func (i *Input) Peer() *Peer { return i.peer }

// Close ends the input, its publications and its ports, like [Peer.Close].
func (i *Input) Close() error { return i.peer.Close() }

// close closes the ports and waits for their readers.
func (i *Input) close() {
	i.closed.Do(func() {
		for _, s := range i.streams {
			for _, socket := range s.sockets {
				if err := socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
					i.peer.log.Debug("close the port of an input", "err", err)
				}
			}
		}
	})
	i.readers.Wait()
}

// answer sends RTCP to who sends a publication. It is called by the worker.
func (i *Input) answer(publication plane.ID, f *plane.Feedback) {
	for _, s := range i.streams {
		if s.publication.key == publication {
			socket := s.sockets[0]
			if f.Aside {
				socket = s.sockets[1]
			}
			_ = socket.WriteTo(f.B, netip.Addr{}, f.To) // or it comes with the next
		}
	}
}

// InputStats counts what came to the ports of one stream.
type InputStats struct {
	Publication *Publication
	// RTP and RTCP are the addresses of the ports. RTCP may come to either.
	RTP, RTCP netip.AddrPort
	// From is who sends RTP, and Answers where its RTCP comes from and goes to; the
	// zero value before the first packet.
	From, Answers netip.AddrPort
	// Restarts counts how often the stream began anew.
	Restarts uint64
	Inbound  InboundStats // of the present stream
	// Drops counts what was not taken, by reason. DropUnknownSource is what came
	// from elsewhere than the sender, DropLate what did not continue the stream.
	Drops map[DropReason]uint64
}

// Stats returns the counters of the streams, in the order of the options. It
// waits for a worker.
func (i *Input) Stats() []InputStats {
	p := i.peer
	st, _ := ask(p.server.workers[p.worker()], func(reply func(plane.TransportStats)) plane.Command {
		return plane.Observe{Transport: p.key, Done: func(s plane.TransportStats, _ bool) { reply(s) }}
	})
	inbound := peerStats(st).Inbound
	list := make([]InputStats, len(i.streams))
	for k, s := range i.streams {
		one := InputStats{Publication: s.publication, RTP: s.sockets[0].LocalAddr(), RTCP: s.sockets[1].LocalAddr()}
		counts := s.counts()
		for _, x := range st.Inputs {
			if x.Publication == s.publication.key {
				one.From, one.Answers, one.Restarts = x.From, x.RTCP, x.Restarts
				for r, n := range x.Drops {
					counts[r] += n
				}
			}
		}
		for _, in := range inbound {
			if in.MID == s.publication.MID() {
				one.Inbound = in
			}
		}
		one.Drops = drops(&counts)
		list[k] = one
	}
	return list
}
