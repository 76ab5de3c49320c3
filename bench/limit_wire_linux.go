package bench

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wire is a sending and a receiving socket on loopback, or a sending one and a
// sink, with the memory of the system calls that send from one buffer. They are raw, so that neither the
// runtime's poller nor sfu/udp is part of the limit.
type wire struct {
	from, to int // descriptors; 0 = not open
	sink     *Sink
	remote   unix.RawSockaddrInet4
	packets  []byte // what is sent, limitPacket bytes each
	headers  [limitBatch]message
	vectors  [limitBatch]unix.Iovec
	controls [limitBatch][segmentSpace]byte
	inbox    [limitBatch]message
}

// message is a mmsghdr, see sendmmsg(2). Go pads it as C does.
type message struct {
	header unix.Msghdr
	size   uint32
}

const (
	segmentSize  = 2  // a UDP_SEGMENT message carries a uint16
	segmentSpace = 24 // what it takes with its header, aligned

	discardPort = 9 // RFC 863
)

func (w *wire) open(packets []byte, sink *Sink) error {
	w.packets, w.sink = packets, sink
	var err error
	if w.from, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("socket", err)
	}
	enlarge(w.from, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	if sink != nil {
		to, err := netip.ParseAddr(SinkAddress)
		if err == nil {
			w.address(to, discardPort)
		}
		return err
	}
	if w.to, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(w.to, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	enlarge(w.to, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	name, err := unix.Getsockname(w.to)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	w.address(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
	return nil
}

// enlarge gives a socket a buffer of 4 MiB. A packet takes about 2.3 kB of it;
// the usual default of 208 KiB, which the kernel doubles, just holds limitChunk
// of them.
func enlarge(fd, force, ordinary int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, 4<<20) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, ordinary, 4<<20)
	}
}

// address sets where packets go.
func (w *wire) address(to netip.Addr, port uint16) {
	w.remote = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&w.remote.Port))[:], port)
}

func (w *wire) close() error {
	var errs []error
	for _, fd := range []int{w.from, w.to} {
		if fd != 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	return errors.Join(errs...)
}

// sendOne sends the first packet with a system call of its own.
func (w *wire) sendOne() error {
	_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(w.from), uintptr(unsafe.Pointer(&w.packets[0])), limitPacket,
		unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&w.remote)), unix.SizeofSockaddrInet4)
	if errno != 0 {
		return os.NewSyscallError("sendto", errno)
	}
	return nil
}

// sendMany sends all packets with one system call, in messages of train packets.
func (w *wire) sendMany(train int) error {
	count := limitBatch / train
	for i := range count {
		w.point(i, train)
	}
	for done := 0; done < count; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(w.from), uintptr(unsafe.Pointer(&w.headers[done])),
			uintptr(count-done), unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			done += int(n)
		case unix.EINTR:
		default:
			return os.NewSyscallError("sendmmsg", errno)
		}
	}
	return nil
}

// point makes message i carry its train of packets. It is done anew each time,
// as a sender with changing packets has to.
func (w *wire) point(i, train int) {
	size := train * limitPacket
	v := &w.vectors[i]
	v.Base = &w.packets[i*size]
	v.SetLen(size)
	h := &w.headers[i].header
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&w.remote)), unix.SizeofSockaddrInet4
	h.Iov = v
	h.SetIovlen(1)
	if train == 1 {
		h.Control = nil
		h.SetControllen(0)
		return
	}
	c := &w.controls[i]
	ch := (*unix.Cmsghdr)(unsafe.Pointer(c))
	ch.Level, ch.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	ch.SetLen(unix.CmsgLen(segmentSize))
	binary.NativeEndian.PutUint16(c[unix.CmsgLen(0):], limitPacket)
	h.Control = &c[0]
	h.SetControllen(unix.CmsgSpace(segmentSize))
}

// drain empties the receiving socket and returns how many datagrams were in it.
// Nothing of them is copied: the messages have no room.
func (w *wire) drain() (n int) {
	for {
		got, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(w.to), uintptr(unsafe.Pointer(&w.inbox[0])),
			uintptr(len(w.inbox)), unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 || got == 0 {
			return n
		}
		n += int(got)
	}
}
