package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	sinkDevice = "sink0"
	sinkMask   = 15 // bits of the network
)

// Sink is a tun device that drops whatever is sent to [SinkAddress]: what a
// sender pays for a packet ends where a network card would take it. It lives in
// the network namespace of the thread that opened it.
type Sink struct {
	mode SinkMode
	fd   int
}

// OpenSink makes the device. It needs root and a network namespace without
// another one; see [EnterNamespace].
func OpenSink(mode SinkMode) (*Sink, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("bench: sink: open /dev/net/tun: %w", err)
	}
	s := &Sink{mode: mode, fd: fd}
	if err := s.prepare(); err != nil {
		s.Close()
		return nil, fmt.Errorf("bench: sink: %w", err)
	}
	return s, nil
}

// Close ends the device.
func (s *Sink) Close() error { return unix.Close(s.fd) }

// Mode is what the device does itself.
func (s *Sink) Mode() SinkMode { return s.mode }

// packets returns how many packets one message is that arrives, when trains of a
// length are sent.
func (s *Sink) packets(train int) uint64 {
	if s.mode == SinkOffloaded {
		return uint64(train)
	}
	return 1
}

// prepare makes the device, tells the kernel what it can do and that it drops
// everything, and brings it up with its address.
func (s *Sink) prepare() error {
	r, err := unix.NewIfreq(sinkDevice)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(s.fd, unix.TUNSETIFF, r); err != nil {
		return os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	offloads := unix.TUN_F_CSUM
	switch s.mode {
	case SinkOffloaded:
		offloads |= unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_USO4 | unix.TUN_F_USO6
	case SinkSoftware:
	default:
		return fmt.Errorf("unknown mode %q", s.mode)
	}
	if err := unix.IoctlSetInt(s.fd, unix.TUNSETOFFLOAD, offloads); err != nil {
		return fmt.Errorf("offload segmentation of UDP, which Linux can since 6.2: %w", err)
	}
	if err := s.dropAll(); err != nil {
		return err
	}
	quiet := "/proc/sys/net/ipv6/conf/" + sinkDevice + "/disable_ipv6" // or the kernel itself sends there
	if err := os.WriteFile(quiet, []byte("1"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	host, err := netip.ParseAddr(SinkHost)
	if err != nil {
		return err
	}
	return addressDevice(sinkDevice, netip.PrefixFrom(host, sinkMask))
}

// dropAll gives the device a filter that lets nothing pass (bpf(2)). Without a
// reader a tun device would drop too, but only while its queue is full.
func (s *Sink) dropAll() error {
	program := [][8]byte{
		{0xb7}, // r0 = 0
		{0x95}, // return r0
	}
	license := []byte("GPL\x00")
	load := struct {
		kind, count   uint32
		instructions  unsafe.Pointer
		license       unsafe.Pointer
		level, length uint32
		log           uint64
	}{
		kind: unix.BPF_PROG_TYPE_SOCKET_FILTER, count: uint32(len(program)),
		instructions: unsafe.Pointer(&program[0]), license: unsafe.Pointer(&license[0]),
	}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&load)), unsafe.Sizeof(load))
	if errno != 0 {
		return os.NewSyscallError("bpf BPF_PROG_LOAD", errno)
	}
	defer unix.Close(int(fd))
	if err := unix.IoctlSetPointerInt(s.fd, unix.TUNSETFILTEREBPF, int(fd)); err != nil {
		return os.NewSyscallError("ioctl TUNSETFILTEREBPF", err)
	}
	return nil
}

// seen returns how many messages arrived at the device since it was made: one
// for a train that it cuts itself.
func (s *Sink) seen() (uint64, error) {
	b, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return 0, fmt.Errorf("bench: sink: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		name, counts, ok := strings.Cut(strings.TrimSpace(line), ":")
		f := strings.Fields(counts)
		if !ok || name != sinkDevice || len(f) < 16 {
			continue
		}
		// Receiving has eight fields, then come bytes, packets, errors, drops.
		passed, err := strconv.ParseUint(f[9], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("bench: sink: %q: %w", line, err)
		}
		dropped, err := strconv.ParseUint(f[11], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("bench: sink: %q: %w", line, err)
		}
		if passed > 0 {
			return 0, fmt.Errorf("bench: sink: the device let %d messages pass", passed)
		}
		return dropped, nil
	}
	return 0, fmt.Errorf("bench: sink: the device %s is not in this network namespace", sinkDevice)
}
