//go:build linux && !portable

package udp

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// refusalKept is how long a peer is sent no trains after one was refused: a path
// with a smaller MTU may be gone by then.
const refusalKept = time.Minute

// refusals remembers where trains cannot be sent. Owned by the caller of
// WriteBatch.
type refusals struct {
	locals  map[netip.Addr]bool          // whose device cannot compute checksums (EIO)
	remotes map[netip.AddrPort]time.Time // refused until (EINVAL, EMSGSIZE)
}

// has tells whether a train from here to there would be refused.
func (r *refusals) has(d *Datagram) bool {
	if len(r.locals) > 0 && r.locals[d.Local] {
		return true
	}
	if len(r.remotes) == 0 {
		return false
	}
	until, ok := r.remotes[d.Remote]
	if ok && time.Now().After(until) {
		delete(r.remotes, d.Remote)
		return false
	}
	return ok
}

// add notes a refused train. It returns false for an error that has nothing to
// do with trains.
func (r *refusals) add(d *Datagram, errno unix.Errno) bool {
	switch errno {
	case unix.EIO:
		if r.locals == nil {
			r.locals = make(map[netip.Addr]bool)
		}
		r.locals[d.Local] = true
	case unix.EINVAL, unix.EMSGSIZE:
		if r.remotes == nil {
			r.remotes = make(map[netip.AddrPort]time.Time)
		}
		r.forget()
		r.remotes[d.Remote] = time.Now().Add(refusalKept)
	default:
		return false
	}
	return true
}

// forget bounds the memory: what is over is removed when something is added.
func (r *refusals) forget() {
	now := time.Now()
	for remote, until := range r.remotes {
		if now.After(until) {
			delete(r.remotes, remote)
		}
	}
}

// refuse handles the datagram that the system refused: a train is sent one by
// one, anything else is passed over. It returns false if the send buffer became
// full; then d is left with what was not sent.
func (s *Socket) refuse(fd *Datagram, errno unix.Errno) (done bool, err error) {
	if fd.count() > 1 && s.refusals.add(fd, errno) {
		s.log("trains refused, sending one by one", fd, errno)
		return s.split(fd)
	}
	s.refused.Add(uint64(fd.count()))
	return true, nil
}

// split sends the datagrams of a train one by one. It returns false if the send
// buffer became full; then d is left with what was not sent.
func (s *Socket) split(d *Datagram) (done bool, err error) {
	s.splits.Add(1)
	whole := d.B
	for len(d.B) > 0 {
		part := s.parts[:0]
		rest := *d
		for len(rest.B) > 0 && len(part) < cap(part) {
			one := rest.first()
			part = append(part, one)
			rest.B = rest.B[len(one.B):]
		}
		n, err := s.write(part)
		for i := range n {
			d.B = d.B[len(part[i].B):]
		}
		if n < len(part) || err != nil {
			return false, err
		}
	}
	d.B = whole
	return true, nil
}

func (s *Socket) log(message string, d *Datagram, errno unix.Errno) {
	if s.logger != nil {
		s.logger.Warn(message, "local", d.Local, "remote", d.Remote, "err", errno)
	}
}

// probe asks the system what it does for a socket.
func probe(fd int, trains bool) Offloads {
	o := Offloads{Batches: true}
	_, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT)
	o.SendTrains = err == nil
	if trains {
		o.ReceiveTrains = unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1) == nil
	}
	return o
}
