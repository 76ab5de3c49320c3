//go:build linux && !portable && long

package udp

import (
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inNamespace runs f on a thread in a network namespace of its own, which ends
// with it. Commands started by f run there too.
func inNamespace(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		defer close(done)
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		f()
	}()
	if err := <-done; err != nil {
		t.Fatalf("new network namespace (needs root): %v", err)
	}
}

func ip(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
		t.Errorf("ip %s: %v: %s", command, err, out)
	}
}

// noChecksums switches the checksum offload of a device off (ethtool(8)).
func noChecksums(t *testing.T, device string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer unix.Close(fd)
	value := struct{ cmd, data uint32 }{0x17, 0} // ETHTOOL_STXCSUM
	var request struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(request.name[:], device)
	request.data = unsafe.Pointer(&value)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
		t.Errorf("switch checksums of %s off: %v", device, errno)
	}
}

// Trains reach a peer behind a device that computes no checksums, and one behind
// a small MTU: of a device, they are sent one by one.
func TestTrainsThroughBadDevices(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T)
		split   bool // whatever the kernel can do
	}{
		{"no checksums", func(t *testing.T) { noChecksums(t, "tx0") }, false},
		{"small route", func(t *testing.T) { ip(t, "route replace 192.0.2.2/32 dev tx0 mtu lock 1000") }, false},
		{"small device", func(t *testing.T) { ip(t, "link set tx0 mtu 1000") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inNamespace(t, func() {
				ip(t, "link set lo up")
				ip(t, "link add tx0 type veth peer name rx0")
				ip(t, "netns add switchyard-test")
				defer ip(t, "netns del switchyard-test")
				ip(t, "link set rx0 netns switchyard-test")
				ip(t, "addr add 192.0.2.1/24 dev tx0")
				ip(t, "link set tx0 up")
				ip(t, "-n switchyard-test addr add 192.0.2.2/24 dev rx0")
				ip(t, "-n switchyard-test link set rx0 up")
				tt.prepare(t)
				if t.Failed() {
					return
				}
				through(t, tt.split)
			})
		})
	}
}

// through sends trains from here to the other end and reads them there.
func through(t *testing.T, split bool) {
	a := open(t, "192.0.2.1:0")
	there, err := listenIn("switchyard-test", "192.0.2.2:0")
	if err != nil {
		t.Error(err)
		return
	}
	defer there.Close()
	const trains = 5
	for range trains {
		d := train(10, 1200, there.LocalAddr())
		if n, err := a.WriteBatch([]Datagram{d}); n != 1 || err != nil {
			t.Errorf("WriteBatch: %d, %v", n, err)
			return
		}
		got, _ := readAll(t, there, 10)
		check(t, got, 1200)
	}
	st := a.Stats()
	if st.Refused != 0 || st.Sent != 10*trains || split != (st.SplitTrains == trains) {
		t.Errorf("stats: %+v, split %v", st, split)
	}
}

// listenIn opens a socket in a named network namespace.
func listenIn(namespace, addr string) (s *Socket, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		var fd int
		if fd, err = unix.Open("/run/netns/"+namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(fd)
		if err = unix.Setns(fd, unix.CLONE_NEWNET); err == nil {
			s, err = Listen(netip.MustParseAddrPort(addr), Options{ReadBuffer: 1 << 20})
		}
	}()
	<-done
	return s, err
}
