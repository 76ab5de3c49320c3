//go:build linux && !portable

package udp

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlSize is room for an IPV6_PKTINFO or IP_PKTINFO message, a timestamp and
// the size of segments.
const controlSize = 128

// mmsghdr is what recvmmsg and sendmmsg take (recvmmsg(2)).
type mmsghdr struct {
	header unix.Msghdr
	size   uint32
	_      [4]byte
}

// messages is the memory of one system call: it never moves and is used again.
type messages struct {
	headers  []mmsghdr
	vectors  []unix.Iovec
	names    []unix.RawSockaddrInet6 // large enough for IPv4
	controls [][controlSize]byte     // aligned as a Cmsghdr wants it, by its size and the allocator
	count    int                     // offered or filled
	done     int                     // received or sent
	errno    unix.Errno
}

func (m *messages) init(n int) {
	m.headers = make([]mmsghdr, n)
	m.vectors = make([]unix.Iovec, n)
	m.names = make([]unix.RawSockaddrInet6, n)
	m.controls = make([][controlSize]byte, n)
	for i := range m.headers {
		h := &m.headers[i].header
		h.Name = (*byte)(unsafe.Pointer(&m.names[i]))
		h.Iov = &m.vectors[i]
		h.SetIovlen(1)
		h.Control = &m.controls[i][0]
	}
}

// offer makes the buffers of d ready to be filled.
func (m *messages) offer(d []Datagram) {
	m.count, m.done, m.errno = len(d), 0, 0
	for i := range d {
		m.point(i, d[i].B)
		h := &m.headers[i].header
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlSize)
	}
}

func (m *messages) point(i int, b []byte) {
	m.vectors[i].Base = unsafe.SliceData(b)
	m.vectors[i].SetLen(len(b))
}

// receive reads what is there. It returns false if nothing is.
func (m *messages) receive(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&m.headers[0])), uintptr(m.count),
		unix.MSG_DONTWAIT, 0, 0)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return false
	}
	m.errno, m.done = errno, 0
	if errno == 0 {
		m.done = int(n)
	}
	return true
}

// take writes into d what receive read.
func (m *messages) take(d []Datagram) int {
	for i := range m.done {
		d[i].B = d[i].B[:m.headers[i].size]
		d[i].Remote = m.remote(i)
		m.control(i, &d[i])
	}
	return m.done
}

func (m *messages) remote(i int) netip.AddrPort {
	n := &m.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&n.Port))[:])
	if n.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(n)).Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(n.Addr).Unmap(), port)
}

// control reads what the kernel says of a datagram: where it was sent to (ip(7),
// ipv6(7)) and when it came (socket(7)).
func (m *messages) control(i int, d *Datagram) {
	d.Local, d.Arrived, d.Segment = netip.Addr{}, 0, 0
	rest := m.controls[i][:min(int(m.headers[i].header.Controllen), controlSize)]
	for len(rest) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&rest[0]))
		size := int(h.Len)
		if size < unix.SizeofCmsghdr || size > len(rest) {
			return
		}
		body := rest[unix.CmsgLen(0):size]
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO:
			d.Local = netip.AddrFrom4([4]byte(body[8:12])) // ipi_addr
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO:
			d.Local = netip.AddrFrom16([16]byte(body[:16])).Unmap()
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS:
			ts := (*unix.Timespec)(unsafe.Pointer(&body[0]))
			d.Arrived = ts.Nano()
		case h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO:
			if n := int(*(*int32)(unsafe.Pointer(&body[0]))); n < len(d.B) {
				d.Segment = n
			}
		}
		rest = rest[min(unix.CmsgSpace(len(body)), len(rest)):]
	}
}

// fill makes d ready to be sent.
func (m *messages) fill(d []Datagram, ipv6 bool) {
	m.count, m.done, m.errno = len(d), 0, 0
	for i := range d {
		m.point(i, d[i].B)
		m.address(i, d[i].Remote, ipv6)
		size := m.source(i, d[i].Local, ipv6)
		if d[i].count() > 1 {
			size += m.segment(i, size, d[i].Segment)
		}
		m.headers[i].header.SetControllen(size)
	}
}

func (m *messages) address(i int, to netip.AddrPort, ipv6 bool) {
	n := &m.names[i]
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&n.Port))[:], to.Port())
	h := &m.headers[i].header
	if !ipv6 {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(n))
		v4.Family, v4.Addr = unix.AF_INET, to.Addr().Unmap().As4()
		h.Namelen = unix.SizeofSockaddrInet4
		return
	}
	n.Family, n.Addr, n.Flowinfo, n.Scope_id = unix.AF_INET6, to.Addr().As16(), 0, 0
	h.Namelen = unix.SizeofSockaddrInet6
}

// source writes the packet-information message that names the source address,
// and returns its size.
func (m *messages) source(i int, from netip.Addr, ipv6 bool) int {
	if !from.IsValid() {
		return 0
	}
	ch := (*unix.Cmsghdr)(unsafe.Pointer(&m.controls[i]))
	if from.Is4() && !ipv6 {
		ch.Level, ch.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		ch.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&m.controls[i][unix.CmsgLen(0)]))
		*info = unix.Inet4Pktinfo{Spec_dst: from.As4()}
		return unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	}
	ch.Level, ch.Type = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
	ch.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
	info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&m.controls[i][unix.CmsgLen(0)]))
	*info = unix.Inet6Pktinfo{Addr: from.As16()}
	return unix.CmsgSpace(unix.SizeofInet6Pktinfo)
}

// segment writes the message that makes a train of a payload, behind the first
// at bytes, and returns its size.
func (m *messages) segment(i, at, size int) int {
	ch := (*unix.Cmsghdr)(unsafe.Pointer(&m.controls[i][at]))
	ch.Level, ch.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	ch.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&m.controls[i][at+unix.CmsgLen(0)])) = uint16(size)
	return unix.CmsgSpace(2)
}

// send writes as much as the kernel takes at once. The system call never waits,
// so the scheduler is not told of it: it would give the processor to another
// thread amid a long one, which costs a fifth of all that a packet costs.
func (m *messages) send(fd uintptr) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&m.headers[0])), uintptr(m.count),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	m.errno, m.done = errno, 0
	if errno == 0 {
		m.done = int(n)
	}
	runtime.KeepAlive(m)
}
