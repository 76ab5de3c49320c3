package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	countClients = 50
	countTrain   = 8
	countSample  = 16
	countAhead   = 2048 // packets that may be under way
	countRoom    = 4096 // bytes of the kernel's buffer for each of them
	countGiveUp  = time.Second
)

// CountResult is what receiving costs the clients of [Forward] on this machine:
// how much one core of theirs can count before it is the bottleneck.
type CountResult struct {
	Clients int `json:"clients"`
	Train   int `json:"train"`  // packets that come as one message
	Sample  int `json:"sample"` // one in so many is opened
	// CPU is µs of the reading thread's CPU time per packet of 1,200 bytes.
	CPU     float64 `json:"cpu_us"`
	Packets uint64  `json:"packets"` // counted
	Lost    uint64  `json:"lost"`
	// PerSecond is how many were counted in a second of wall time, beside the
	// sender, which needs a core of its own.
	PerSecond float64 `json:"packets_per_second"`
}

// Count measures what receiving costs the clients of [Forward]: a bare sender
// seals packets of 1,200 bytes for 50 of them and sends them over loopback in
// trains of 8, as fast as they are counted. It takes d and wants two cores.
func Count(ctx context.Context, d time.Duration) (*CountResult, error) {
	if d <= 0 {
		return nil, fmt.Errorf("bench: count: duration %v is not positive", d)
	}
	c, err := newCounting()
	if err != nil {
		return nil, fmt.Errorf("bench: count: %w", err)
	}
	began := time.Now()
	err = c.run(ctx, began.Add(d))
	took := time.Since(began)
	c.from.Close()
	c.network.close()
	if err != nil {
		return nil, fmt.Errorf("bench: count: %w", err)
	}
	m := c.meter
	r := &CountResult{Clients: countClients, Train: countTrain, Sample: countSample, Packets: m.received.Load()}
	if m.refused+m.duplicate+m.foreign > 0 || r.Packets == 0 {
		return nil, fmt.Errorf("bench: count: %d counted, %d refused, %d duplicate, %d foreign", r.Packets, m.refused, m.duplicate, m.foreign)
	}
	r.Lost = c.sent - r.Packets
	r.CPU = float64(c.network.used) / 1e3 / float64(r.Packets)
	r.PerSecond = float64(r.Packets) / took.Seconds()
	return r, nil
}

// counting is a sender and the network of clients that it sends to.
type counting struct {
	network *network
	meter   *meter
	from    *udp.Socket
	streams []*countStream
	out     []udp.Datagram // a train for each stream
	payload []byte
	ahead   int64 // packets that may be under way
	sent    uint64
	missed  int64 // of them, that nobody waits for any more
}

// countStream is what one client receives.
type countStream struct {
	sealer *srtp.Sealer
	track  *track
	header [limitHeader]byte
	index  uint64 // of SRTP, of the next packet, and its serial
	memory []byte // of a train
}

func newCounting() (*counting, error) {
	n, err := newNetwork(2)
	if err != nil {
		return nil, err
	}
	c := &counting{network: n, meter: newMeter(), payload: make([]byte, limitPayload)}
	if c.from, err = listen(netip.AddrFrom4([4]byte{127, 0, 0, 1}), networkBuffer, false); err == nil {
		err = c.prepare()
	}
	if err != nil {
		n.close()
		return nil, err
	}
	return c, nil
}

// prepare opens the clients.
func (c *counting) prepare() error {
	read, _, err := c.network.shared.Buffers()
	if err != nil {
		return err
	}
	c.ahead = int64(min(countAhead, max(countClients*countTrain, read/countRoom)))
	r := &run{meter: c.meter, receiving: receiving{sample: countSample}}
	for range countClients {
		if err := c.add(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *counting) add(r *run) error {
	keys := srtp.Keys{Profile: srtp.AEADAES128GCM, RemoteKey: make([]byte, 16), RemoteSalt: make([]byte, 12)}
	s := &countStream{track: &track{}, memory: make([]byte, 0, countTrain*limitPacket)}
	s.track.publication = &publication{tracks: []*track{s.track}}
	s.track.bounds.opens.Store(1) // every serial counts
	r.tracks.add(s.track)
	s.header[0], s.header[1] = 0x80, ptVP8
	binary.BigEndian.PutUint32(s.header[8:], limitSSRC)
	var err error
	if s.sealer, err = srtp.NewSealer(keys.Profile, keys.RemoteKey, keys.RemoteSalt); err != nil {
		return err
	}
	in, err := newInbox(r, memberPlan{}, keys, map[string]answered{"0": {ssrc: limitSSRC, rtx: limitSSRC + 1}})
	if err != nil {
		return err
	}
	e, err := c.network.open(nil)
	if err != nil {
		return err
	}
	var to receiver = in
	e.media.Store(&to)
	c.streams = append(c.streams, s)
	c.out = append(c.out, udp.Datagram{Segment: limitPacket, Remote: netip.AddrPortFrom(e.addr, c.network.shared.LocalAddr().Port())})
	return nil
}

// run sends until end, never more ahead than there is room for, and waits for
// what is under way.
func (c *counting) run(ctx context.Context, end time.Time) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for time.Now().Before(end) {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i, s := range c.streams {
			if err := s.seal(c.payload); err != nil {
				return err
			}
			c.out[i].B = s.memory
		}
		if err := c.write(); err != nil {
			return err
		}
		c.wait(c.ahead - countClients*countTrain)
	}
	c.wait(0)
	return nil
}

// write sends a train to each client.
func (c *counting) write() error {
	for rest := c.out; len(rest) > 0; {
		n, err := c.from.WriteBatch(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	c.sent += uint64(len(c.out)) * countTrain
	return nil
}

// wait lets the clients count until so many packets are under way. Those that do
// not come for long are given up.
func (c *counting) wait(ahead int64) {
	since, last := time.Now(), c.meter.received.Load()
	for int64(c.sent-last)-c.missed > ahead {
		runtime.Gosched()
		switch now := c.meter.received.Load(); {
		case now != last:
			since, last = time.Now(), now
		case time.Since(since) > countGiveUp:
			c.missed = int64(c.sent - last)
		}
	}
}

// seal makes the next train.
func (s *countStream) seal(payload []byte) error {
	s.memory = s.memory[:0]
	for range countTrain {
		binary.BigEndian.PutUint16(s.header[2:], uint16(s.index))
		stamp{track: s.track.number, serial: uint32(s.index), sent: time.Now().UnixNano()}.put(payload)
		b, err := s.sealer.SealRTP(s.memory, s.header[:], nil, payload, s.index, limitSSRC)
		if err != nil {
			return err
		}
		s.memory = b
		s.index++
	}
	return nil
}
