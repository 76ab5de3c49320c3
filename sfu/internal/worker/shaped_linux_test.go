//go:build linux && !portable && long

package worker

import (
	"log/slog"
	"net/netip"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

const (
	shapedPeers  = 8
	shapedFrames = 100 // at 30 a second, of ten packets: 2.4 Mb/s for each peer
	farNamespace = "switchyard-shaped"
)

// Where the network takes half of what there is to send, everybody loses about
// the same of the video, and nobody any audio.
func TestShapedNetwork(t *testing.T) {
	onThread(t, func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		for _, command := range []string{
			"ip link set lo up",
			"ip link add tx0 type veth peer name rx0",
			"ip netns add " + farNamespace,
			"ip link set rx0 netns " + farNamespace,
			"ip addr add 192.0.2.1/24 dev tx0",
			"ip link set tx0 up",
			"ip -n " + farNamespace + " addr add 192.0.2.2/24 dev rx0",
			"ip -n " + farNamespace + " link set rx0 up",
			"tc qdisc add dev tx0 root tbf rate 10mbit burst 16kb limit 16mb",
		} {
			defer func() { _ = exec.Command("ip", "netns", "del", farNamespace).Run() }()
			if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", command, err, out)
				return err
			}
		}
		shaped(t)
		return nil
	})
}

// onThread runs f on a thread that ends with it.
func onThread(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		var err error
		defer func() { done <- err }()
		err = f()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// farSocket opens a socket behind the network.
func farSocket(t *testing.T) (s *udp.Socket) {
	onThread(t, func() error {
		fd, err := unix.Open("/run/netns/"+farNamespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err = unix.Setns(fd, unix.CLONE_NEWNET); err == nil {
			s, err = udp.Listen(netip.MustParseAddrPort("192.0.2.2:0"), udp.Options{ReadBuffer: 4 << 20})
		}
		return err
	})
	return s
}

func shaped(t *testing.T) {
	socket, err := udp.Listen(netip.MustParseAddrPort("192.0.2.1:0"), udp.Options{WriteBuffer: 100 << 10, Trains: true})
	if err != nil {
		t.Error(err)
		return
	}
	local := socket.LocalAddr().Addr()
	r := &rig{Worker: Start(Config{
		Socket: socket, Start: time.Now(), Logger: slog.New(slog.DiscardHandler),
		Control: func([]byte, netip.Addr, netip.AddrPort) {}, Events: func([]plane.Event) {},
	})[0]}
	defer r.Close()
	r.transport(t, 1, speaker)
	r.publications()
	peers := make([]*udp.Socket, shapedPeers)
	for i := range peers {
		peers[i] = farSocket(t)
		defer peers[i].Close()
		id := plane.ID(100 * (i + 2))
		r.transport(t, id, speaker)
		r.Post(plane.BindPath{Transport: id, Path: plane.Path{Local: local, Remote: peers[i].LocalAddr()}})
		r.subscribe(id, id+1, id+2)
	}
	from, err := udp.Listen(netip.MustParseAddrPort("192.0.2.1:0"), udp.Options{})
	if err != nil {
		t.Error(err)
		return
	}
	defer from.Close()
	r.Post(plane.BindPath{Transport: 1, Path: plane.Path{Local: local, Remote: from.LocalAddr()}})
	r.stats() // everything is posted

	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	for range shapedFrames {
		batch := append(r.packets(t, 2), r.pictures(t, 20)...)
		for i := range batch {
			batch[i].Remote = socket.LocalAddr()
		}
		if n, err := from.WriteBatch(batch); n != len(batch) || err != nil {
			t.Errorf("publisher sent %d, %v", n, err)
			return
		}
		<-tick.C
	}
	judge(t, peers)
}

// judge counts what came.
func judge(t *testing.T, peers []*udp.Socket) {
	least, most := 1<<30, 0
	for i, s := range peers {
		var audio, video int
		for {
			d := make([]udp.Datagram, 64)
			for k := range d {
				d[k].B = make([]byte, 1500)
			}
			n, err := s.ReadBatch(d, time.Now().Add(500*time.Millisecond))
			if n == 0 || err != nil {
				break
			}
			for _, x := range d[:n] {
				switch x.B[1] & 0x7f {
				case 111:
					audio++
				case 96:
					video++
				}
			}
		}
		if audio != 2*shapedFrames {
			t.Errorf("peer %d: %d of %d audio packets", i, audio, 2*shapedFrames)
		}
		least, most = min(least, video), max(most, video)
	}
	t.Logf("between %d and %d of %d video packets came", least, most, 20*shapedFrames)
	if most == 20*shapedFrames {
		t.Error("nothing was lost: the network takes everything")
	}
	if least < most*9/10 {
		t.Errorf("one peer got %d packets of video, another %d", least, most)
	}
}
