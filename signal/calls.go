package signal

import (
	"github.com/switchyard-rtc/switchyard/signal/engine"
	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// acked is what came of an event that a socket was to acknowledge.
type acked struct {
	socket   string // its id
	over     bool   // it has ended, and never will
	args     Args
	packet   sio.Packet
	attached [][]byte
}

// expect has the acknowledgement with an id sent to acks, or that the socket is
// over: one of the two, unless waive comes before. There has to be space for it.
func (s *Socket) expect(id uint64, acks chan<- acked) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != "" {
		return ended(s.reason)
	}
	s.calls[id] = acks
	return nil
}

// waive forgets an acknowledgement that nobody waits for any more.
func (s *Socket) waive(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, id)
}

// abandon tells who waits that the socket is over.
func (s *Socket) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, acks := range s.calls {
		acks <- acked{socket: s.id, over: true}
	}
	clear(s.calls)
}

// takeAck hands an acknowledgement to the call that waits for it. Nobody waits
// for one that comes late or twice, or was never asked for.
func (s *Socket) takeAck(p sio.Packet, attached [][]byte) (wanted bool, err error) {
	args, err := sio.AckArgs(p.Data, attached)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	acks := s.calls[p.ID]
	if acks == nil {
		return false, nil
	}
	delete(s.calls, p.ID)
	acks <- acked{socket: s.id, args: args, packet: p, attached: attached}
	return true, nil
}

// whole is the acknowledgement as a packet to be carried on.
func (a acked) whole() Packet {
	p := make(Packet, 0, 1+len(a.attached))
	p = append(p, engine.Message{Data: sio.Append(nil, a.packet)})
	for _, b := range a.attached {
		p = append(p, engine.Message{Data: b, Binary: true})
	}
	return p
}

// args are those of an acknowledgement that was carried, perhaps by another
// server.
func (p Packet) args() (Args, error) {
	d, attached, err := p.decode()
	if err != nil || d.Type != sio.Ack && d.Type != sio.BinaryAck {
		return Args{}, sio.ErrMalformed
	}
	return sio.AckArgs(d.Data, attached)
}

// decode is the reverse of encode.
func (p Packet) decode() (d sio.Packet, attached [][]byte, err error) {
	if len(p) == 0 {
		return d, nil, sio.ErrMalformed
	}
	if d, err = sio.Decode(p[0].Data); err != nil {
		return d, nil, err
	}
	for _, m := range p[1:] {
		attached = append(attached, m.Data)
	}
	return d, attached, nil
}

// withID is an event, which was encoded without one, with an id for its
// acknowledgements.
func (p Packet) withID(id uint64) (Packet, error) {
	d, _, err := p.decode()
	if err != nil {
		return nil, err
	}
	d.HasID, d.ID = true, id
	out := append(Packet{p[0]}, p[1:]...)
	out[0].Data = sio.Append(nil, d)
	return out, nil
}
