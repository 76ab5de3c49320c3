package sfu

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	inputBatch  = 64      // datagrams that are read at once
	inputRoom   = 2048    // bytes for each; more is too large anyway
	inputBuffer = 1 << 20 // bytes asked of the kernel, for each port
	pairTries   = 64      // at finding two free ports next to each other

	// largestInput is how large a packet may be, in bytes: protected and numbered
	// anew it has to fit into an Ethernet frame still.
	largestInput = 1420
	// A port takes so many bytes a second, with so many for each datagram on top
	// since what is done for one depends little on its size: 100 Mbit/s of video.
	inputRate      = 16 << 20
	inputBurst     = inputRate / 4
	inputOverhead  = 300
	inputRateAside = inputRate / 64 // of RTCP
)

// inputStream is a publication of an input, with its ports.
type inputStream struct {
	input       *Input
	publication *Publication
	sockets     [2]*udp.Socket // of RTP and of RTCP

	refused [plane.NumDropReasons]atomic.Uint64 // of what did not get to the worker
}

// listenPair opens two ports next to each other, the lower one even unless it is
// given.
func listenPair(at netip.AddrPort) (pair [2]*udp.Socket, err error) {
	for range pairTries {
		if pair, err = tryPair(at); err == nil || at.Port() != 0 {
			return pair, err
		}
	}
	return pair, err
}

func tryPair(at netip.AddrPort) (pair [2]*udp.Socket, err error) {
	o := udp.Options{ReadBuffer: inputBuffer}
	first, err := udp.Listen(at, o)
	if err != nil {
		return pair, err
	}
	port := first.LocalAddr().Port()
	if at.Port() == 0 && port%2 == 1 {
		first.Close()
		return pair, fmt.Errorf("listen on %v: no pair of ports is free", at)
	}
	second, err := udp.Listen(netip.AddrPortFrom(at.Addr(), port+1), o)
	if err != nil {
		first.Close()
		return pair, err
	}
	return [2]*udp.Socket{first, second}, nil
}

// start reads from the ports until they are closed.
func (s *inputStream) start() {
	for k := range s.sockets {
		s.input.readers.Go(func() { s.read(s.sockets[k], k == 1) })
	}
}

// read hands what comes to one port to the peer's worker, batch by batch.
func (s *inputStream) read(socket *udp.Socket, aside bool) {
	in := make([]udp.Datagram, inputBatch)
	room := make([]byte, inputBatch*inputRoom)
	batch := make([]plane.Handover, 0, inputBatch)
	w := s.input.peer.worker() // it does not move
	allowed := allowance{rate: inputRate, most: inputBurst}
	if aside {
		allowed = allowance{rate: inputRateAside, most: inputRateAside}
	}
	for {
		for k := range in {
			in[k].B = room[k*inputRoom : (k+1)*inputRoom]
		}
		n, err := socket.ReadBatch(in, time.Time{})
		if err != nil {
			return
		}
		allowed.refill(time.Now())
		batch = batch[:0]
		for k := range in[:n] {
			d := &in[k]
			if r, ok := s.check(d, &allowed); !ok {
				s.refuse(r, 1)
				continue
			}
			batch = append(batch, plane.Handover{
				To: w, B: d.B, Path: plane.Path{Remote: d.Remote}, Input: s.publication.key, Aside: aside,
			})
		}
		if len(batch) > 0 {
			dropped := s.input.peer.server.workers[w].Give(batch)
			s.refuse(plane.DropOverload, dropped)
		}
	}
}

// check tells whether a datagram is worth the worker's time.
func (s *inputStream) check(d *udp.Datagram, allowed *allowance) (plane.DropReason, bool) {
	kind := packet.Classify(d.B)
	switch from := s.input.from; {
	case from.IsValid() && d.Remote.Addr() != from:
		return plane.DropUnknownSource, false
	case len(d.B) > largestInput:
		return plane.DropSize, false
	case kind != packet.RTP && kind != packet.RTCP:
		return plane.DropMalformed, false
	case !allowed.take(len(d.B) + inputOverhead):
		return plane.DropRate, false
	}
	return 0, true
}

func (s *inputStream) refuse(r plane.DropReason, n int) {
	s.refused[r].Add(uint64(n))
	s.input.peer.server.refused[r].Add(uint64(n))
}

// counts returns what was refused.
func (s *inputStream) counts() (c [plane.NumDropReasons]uint64) {
	for r := range c {
		c[r] = s.refused[r].Load()
	}
	return c
}

// allowance is how many bytes may come now.
type allowance struct {
	rate, most int // bytes a second, and at once
	left       int
	at         time.Time // of left; the zero value before the first refill
}

func (a *allowance) refill(now time.Time) {
	passed := min(max(0, now.Sub(a.at)), time.Second)
	a.left = min(a.most, a.left+int(int64(a.rate)*int64(passed)/int64(time.Second)))
	a.at = now
}

func (a *allowance) take(n int) bool {
	if a.left < n {
		return false
	}
	a.left -= n
	return true
}
