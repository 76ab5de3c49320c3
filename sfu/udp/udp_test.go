package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, addr string) *Socket {
	t.Helper()
	s, err := Listen(netip.MustParseAddrPort(addr), Options{ReadBuffer: 1 << 20, WriteBuffer: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func room(n int) []Datagram {
	d := make([]Datagram, n)
	for i := range d {
		d[i].B = make([]byte, 1500)
	}
	return d
}

func soon() time.Time { return time.Now().Add(5 * time.Second) }

// read returns n datagrams, however many calls that takes.
func read(t *testing.T, s *Socket, n int) []Datagram {
	t.Helper()
	var all []Datagram
	for len(all) < n {
		d := room(64)
		k, err := s.ReadBatch(d, soon())
		if err != nil || k == 0 {
			t.Fatalf("ReadBatch: %d, %v after %d of %d datagrams", k, err, len(all), n)
		}
		all = append(all, d[:k]...)
	}
	return all
}

// A batch arrives whole and in order, and is answered to where it came from.
func TestBatch(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			a, b := open(t, host+":0"), open(t, host+":0")
			var out []Datagram
			for i := range 150 {
				out = append(out, Datagram{B: fmt.Appendf(nil, "datagram %d", i), Remote: b.LocalAddr()})
			}
			out[7].B = nil // an empty one is a datagram too
			if n, err := a.WriteBatch(out); n != len(out) || err != nil {
				t.Fatalf("WriteBatch: %d, %v", n, err)
			}
			if st := a.Stats(); st.Sent != uint64(len(out)) || st.SendCalls == 0 || st.SendCalls > st.Sent {
				t.Errorf("sent %d with %d calls, want %d", st.Sent, st.SendCalls, len(out))
			}
			for i, d := range read(t, b, len(out)) {
				if string(d.B) != string(out[i].B) || d.Remote != a.LocalAddr() {
					t.Fatalf("datagram %d: %q from %v", i, d.B, d.Remote)
				}
			}
			if err := b.WriteTo([]byte("back"), b.LocalAddr().Addr(), a.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			if d := read(t, a, 1); string(d[0].B) != "back" || d[0].Remote != b.LocalAddr() {
				t.Errorf("got %q from %v", d[0].B, d[0].Remote)
			}
		})
	}
}

// A socket on all addresses serves IPv4 and IPv6.
func TestDualStack(t *testing.T) {
	s := open(t, "[::]:0")
	for _, host := range []string{"127.0.0.1", "::1"} {
		c := open(t, net.JoinHostPort(host, "0"))
		to := netip.AddrPortFrom(netip.MustParseAddr(host), s.LocalAddr().Port())
		if err := c.WriteTo([]byte(host), netip.Addr{}, to); err != nil {
			t.Fatal(err)
		}
		d := read(t, s, 1)[0]
		if d.Remote != c.LocalAddr() {
			t.Errorf("%s: from %v, want %v", host, d.Remote, c.LocalAddr())
		}
		if n, err := s.WriteBatch([]Datagram{{B: []byte("hi"), Local: d.Local, Remote: d.Remote}}); n != 1 || err != nil {
			t.Fatalf("answer: %d, %v", n, err)
		}
		if d := read(t, c, 1)[0]; d.Remote != to {
			t.Errorf("%s: answered from %v, want %v", host, d.Remote, to)
		}
	}
}

// Wake ends the present wait or the next one; a deadline does the same.
func TestWakeAndDeadline(t *testing.T) {
	s := open(t, "127.0.0.1:0")
	s.Wake()
	if n, err := s.ReadBatch(room(1), time.Time{}); n != 0 || err != nil {
		t.Errorf("woken before: %d, %v", n, err)
	}
	if n, err := s.ReadBatch(room(1), time.Now().Add(10*time.Millisecond)); n != 0 || err != nil {
		t.Errorf("deadline: %d, %v", n, err)
	}
	done := make(chan error)
	go func() {
		_, err := s.ReadBatch(room(1), time.Time{})
		done <- err
	}()
	s.Wake()
	if err := <-done; err != nil {
		t.Errorf("woken: %v", err)
	}
}

func TestCloseEndsReadBatch(t *testing.T) {
	s := open(t, "127.0.0.1:0")
	done := make(chan error)
	go func() {
		_, err := s.ReadBatch(room(1), time.Time{})
		done <- err
	}()
	s.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadBatch of a closed socket: %v, want net.ErrClosed", err)
	}
}

// What the system refuses does not stop what is behind it.
func TestRefusedIsPassedOver(t *testing.T) {
	a, b := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	bad := netip.MustParseAddrPort("127.0.0.1:0") // no such port: EINVAL
	good := Datagram{B: []byte("x"), Remote: b.LocalAddr()}
	n, err := a.WriteBatch([]Datagram{good, {B: []byte("y"), Remote: bad}, good})
	if n != 3 || err != nil {
		t.Fatalf("WriteBatch: %d, %v", n, err)
	}
	read(t, b, 2)
	if got := a.Stats().Refused; got != 1 {
		t.Errorf("%d refused, want 1", got)
	}
}

func TestListenSaysWhichPort(t *testing.T) {
	a := open(t, "127.0.0.1:0")
	_, err := Listen(a.LocalAddr(), Options{})
	if err == nil {
		t.Fatal("listened twice on one port")
	}
}
