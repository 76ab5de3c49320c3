package micro

import (
	"os"
	"syscall"
	"testing"
)

// mailbox is a socket that receives from all of loopback. It is none of the
// runtime's: the poller would be woken by each datagram, at the sender's cost.
type mailbox struct {
	descriptor int
	buf        [1]byte // datagrams are cut off to it
}

// openMailbox opens a mailbox until the end of the benchmark, and returns its
// port.
func openMailbox(b *testing.B) (m *mailbox, port uint16) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		b.Fatal(os.NewSyscallError("socket", err))
	}
	b.Cleanup(func() { syscall.Close(fd) })
	if syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 4<<20) != nil {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<20) // what the system allows is enough
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{}); err != nil {
		b.Fatal(os.NewSyscallError("bind", err))
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		b.Fatal(os.NewSyscallError("getsockname", err))
	}
	return &mailbox{descriptor: fd}, uint16(name.(*syscall.SockaddrInet4).Port)
}

// empty throws away what is there.
func (m *mailbox) empty() {
	for {
		if _, err := syscall.Read(m.descriptor, m.buf[:]); err != nil && err != syscall.EINTR {
			return
		}
	}
}
