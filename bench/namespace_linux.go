package bench

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespaceEnv names the network namespace that a program has entered, so that
// it does so once.
const namespaceEnv = "SWITCHYARD_BENCH_NAMESPACE"

// EnterNamespace restarts this program, with its arguments, in a network
// namespace of its own, where nothing is but loopback, and returns there; it
// returns an error where it cannot, which leaves the program fit only to end.
// Call it first thing. It needs root. The namespace ends with the program and
// those that it started.
func EnterNamespace() error {
	runtime.LockOSThread() // the program that follows has the namespace of this thread
	const link = "/proc/thread-self/ns/net"
	here, err := os.Readlink(link)
	if err != nil {
		return fmt.Errorf("bench: namespace: %w", err)
	}
	if os.Getenv(namespaceEnv) == here {
		runtime.UnlockOSThread()
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("bench: a new network namespace, which needs root: %w", err)
	}
	if here, err = os.Readlink(link); err != nil {
		return fmt.Errorf("bench: namespace: %w", err)
	}
	if err := addressDevice("lo", netip.Prefix{}); err != nil {
		return fmt.Errorf("bench: namespace: %w", err)
	}
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, append(os.Environ(), namespaceEnv+"="+here))
	}
	return fmt.Errorf("bench: namespace: restart: %w", err)
}

// addressDevice brings a device up, with an address if there is one
// (netdevice(7)).
func addressDevice(name string, p netip.Prefix) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	set := func(request uint, fill func(*unix.Ifreq)) error {
		r, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		fill(r)
		return unix.IoctlIfreq(fd, request, r)
	}
	if p.IsValid() {
		err := set(unix.SIOCSIFADDR, func(r *unix.Ifreq) { _ = r.SetInet4Addr(p.Addr().AsSlice()) })
		if err != nil {
			return fmt.Errorf("give %s an address: %w", name, err)
		}
		mask := uint32(0xffffffff) << (32 - p.Bits())
		err = set(unix.SIOCSIFNETMASK, func(r *unix.Ifreq) {
			_ = r.SetInet4Addr([]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)})
		})
		if err != nil {
			return fmt.Errorf("give %s a network: %w", name, err)
		}
	}
	err = set(unix.SIOCSIFFLAGS, func(r *unix.Ifreq) { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING) })
	if err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	return nil
}
