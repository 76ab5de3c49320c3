package udp

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// train is n datagrams of one size, the last of them shorter, each filled with
// its place.
func train(n, size int, to netip.AddrPort) Datagram {
	d := Datagram{Segment: size, Remote: to}
	for i := range n {
		k := size
		if i == n-1 {
			k = size / 2
		}
		d.B = append(d.B, bytes.Repeat([]byte{byte(i)}, k)...)
	}
	return d
}

// readAll returns the datagrams that come until there are n, trains taken apart.
func readAll(t *testing.T, s *Socket, n int) (all [][]byte, messages int) {
	t.Helper()
	in := make([]Datagram, 8)
	for len(all) < n {
		for i := range in {
			in[i].B = make([]byte, MaxTrain)
		}
		k, err := s.ReadBatch(in, soon())
		if err != nil || k == 0 {
			t.Fatalf("ReadBatch: %d, %v after %d of %d datagrams", k, err, len(all), n)
		}
		messages += k
		for _, d := range in[:k] {
			all = slices.AppendSeq(all, d.Datagrams())
		}
	}
	return all, messages
}

func check(t *testing.T, got [][]byte, size int) {
	t.Helper()
	for i, b := range got {
		want := size
		if i == len(got)-1 {
			want = size / 2
		}
		if len(b) != want || b[0] != byte(i) || b[len(b)-1] != byte(i) {
			t.Fatalf("datagram %d: %d bytes of %d, want %d bytes", i, len(b), b[0], want)
		}
	}
}

// A train arrives as its datagrams, whether the reader takes trains or not.
func TestTrain(t *testing.T) {
	for _, trains := range []bool{false, true} {
		for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
			a := open(t, host)
			b, err := Listen(netip.MustParseAddrPort(host), Options{ReadBuffer: 1 << 20, Trains: trains})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			d := train(20, 1000, b.LocalAddr())
			d.Local = a.LocalAddr().Addr()
			if n, err := a.WriteBatch([]Datagram{d}); n != 1 || err != nil {
				t.Fatalf("WriteBatch: %d, %v", n, err)
			}
			got, messages := readAll(t, b, 20)
			check(t, got, 1000)
			if o := b.Offloads(); o.ReceiveTrains && messages != 1 || !trains && messages != 20 {
				t.Errorf("%+v: read in %d pieces", o, messages)
			}
			if st := a.Stats(); st.Sent != 20 || a.Offloads().SendTrains && (st.Messages != 1 || st.SplitTrains != 0) {
				t.Errorf("stats: %+v", st)
			}
		}
	}
}

// A full send buffer refuses a train as a whole, and nothing of it is lost or
// sent twice when the rest is offered again.
func TestTrainsAndFullBuffer(t *testing.T) {
	a, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), Options{WriteBuffer: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	b := open(t, "127.0.0.1:0")
	const trains = 30
	sent := 0
	for sent < trains {
		d := train(10, 1000, b.LocalAddr())
		for out := []Datagram{d}; ; {
			n, err := a.WriteBatch(out)
			if err != nil {
				t.Fatal(err)
			}
			if n == 1 {
				break
			}
		}
		sent++
		got, _ := readAll(t, b, 10)
		check(t, got, 1000)
	}
	if st := a.Stats(); st.Sent != 10*trains {
		t.Errorf("stats: %+v", st)
	}
}

// Trains that are not allowed are the datagrams that they hold.
func TestCount(t *testing.T) {
	for _, tt := range []struct{ size, segment, want int }{
		{0, 0, 1}, {10, 0, 1}, {10, 10, 1}, {10, 11, 1}, {11, 10, 2}, {20, 10, 2}, {21, 10, 3},
	} {
		d := Datagram{B: make([]byte, tt.size), Segment: tt.segment}
		if got := d.count(); got != tt.want {
			t.Errorf("%d bytes in segments of %d: %d, want %d", tt.size, tt.segment, got, tt.want)
		}
	}
}

var errNone = errors.New("nothing came")

// drained returns what still comes within a moment.
func drained(s *Socket) (n int, err error) {
	n, err = s.ReadBatch(room(64), time.Now().Add(20*time.Millisecond))
	if n == 0 && err == nil {
		err = errNone
	}
	return n, err
}
