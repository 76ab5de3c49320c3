package worker

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Commands are carried out in the order of Post, also when more come than the
// mailbox holds.
func TestCommandsInOrder(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		const n = 3 * mailbox
		var order []int
		for i := range n {
			if !r.Post(plane.Count{Done: func(plane.Stats) { order = append(order, i) }}) {
				t.Fatal("Post returned false")
			}
		}
		r.stats()
		if len(order) != n || !slices.IsSorted(order) {
			t.Errorf("%d commands were carried out, sorted %v; want %d in order", len(order), slices.IsSorted(order), n)
		}
	})
}

// What goes in comes out, and STUN and DTLS go to the control plane.
func TestForward(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		stun := make([]byte, 20)
		stun[4], stun[5], stun[6], stun[7] = 0x21, 0x12, 0xa4, 0x42
		r.line.in <- append(r.packets(t, 5), udp.Datagram{B: stun, Remote: hacker}, udp.Datagram{B: []byte{255}, Remote: hacker})
		r.line.in <- r.packets(t, 5)
		synctest.Wait()
		if got := r.line.numbers(); len(got) != 10 {
			t.Errorf("wrote %v, want ten packets", got)
		}
		if s := r.stats(); s.Drops[plane.DropMalformed] != 1 || r.control != 1 {
			t.Errorf("%d malformed, %d for the control plane; want 1 and 1", s.Drops[plane.DropMalformed], r.control)
		}
	})
}

// A panic in the handling of a datagram ends its transport, is told, and the
// datagrams behind it in the batch are handled.
func TestPanicEndsOneTransport(t *testing.T) {
	media := []byte{0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3}
	for _, tt := range []struct {
		name string
		keys bool // before the datagram; else it is held until they come
	}{{"in a batch", true}, {"while held media is replayed", false}} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				_, sealer := keys(t, 3)
				bad := plane.SetKeys{Transport: 3, Opener: &srtp.Opener{}, Sealer: sealer} // of no profile
				r.Post(plane.AddTransport{Transport: 3})
				r.Post(plane.BindPath{Transport: 3, Path: plane.Path{Remote: hacker}})
				if tt.keys {
					r.Post(bad)
				}
				r.line.in <- append([]udp.Datagram{{B: media, Remote: hacker}}, r.packets(t, 5)...)
				synctest.Wait()
				r.Post(bad)
				if r.exists(3) || !r.exists(1) || !r.exists(2) {
					t.Errorf("transports 1, 2, 3: %v, %v, %v; want all but the third", r.exists(1), r.exists(2), r.exists(3))
				}
				synctest.Wait()
				if got := r.line.numbers(); len(got) != 5 {
					t.Errorf("wrote %v, want the five packets behind", got)
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				if len(r.events) != 1 || r.events[0].Kind != plane.EventFailed || r.events[0].Transport != 3 {
					t.Errorf("events %+v, want that transport 3 failed", r.events)
				}
			})
		})
	}
}

// What a full send buffer refuses is kept, in order, and written when there is
// room again.
func TestFullSendBufferKeepsTheRest(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.line.allow(3)
		r.line.in <- r.packets(t, 8)
		pass(10 * time.Millisecond)
		r.line.in <- r.packets(t, 4)
		synctest.Wait()
		if got := r.line.numbers(); len(got) != 3 {
			t.Fatalf("wrote %v, want three packets", got)
		}
		r.line.allow(1 << 20)
		pass(2 * sendRetry)
		got := r.line.numbers()
		if len(got) != 12 {
			t.Fatalf("wrote %v, want twelve packets", got)
		}
		for i := range got[1:] {
			if got[i+1] != got[i]+1 {
				t.Errorf("wrote %v, want them in order", got)
			}
		}
		if s := r.stats(); s.Drops[plane.DropOverload] != 0 {
			t.Errorf("%d dropped, want none", s.Drops[plane.DropOverload])
		}
	})
}

// What has waited for 200 ms is dropped and counted, and nothing younger.
func TestFullSendBufferDropsWhatIsOld(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.line.allow(3)
		r.line.in <- r.packets(t, 8)
		pass(100 * time.Millisecond)
		r.line.in <- r.packets(t, 4)
		pass(120 * time.Millisecond)
		if s := r.stats(); s.Drops[plane.DropOverload] != 6 { // with the first sender report
			t.Errorf("after 220 ms: %d dropped, want the first batch's 6", s.Drops[plane.DropOverload])
		}
		r.line.allow(2) // the first receiver report waits too
		pass(2 * sendRetry)
		if got := r.line.numbers(); len(got) != 4 || got[3] != got[0]+8 {
			t.Errorf("wrote %v, want three packets and the first of the second batch", got)
		}
		pass(200 * time.Millisecond)
		if s := r.stats(); s.Drops[plane.DropOverload] != 9 {
			t.Errorf("after 420 ms: %d dropped, want 9", s.Drops[plane.DropOverload])
		}
		r.line.allow(1 << 20)
		r.line.in <- r.packets(t, 2)
		synctest.Wait()
		if got := r.line.numbers(); len(got) != 6 || got[5] != got[0]+13 {
			t.Errorf("wrote %v, want two more packets", got)
		}
	})
}

// Video that waits makes room for audio: what comes later goes out first, and
// after 20 ms only the video is dropped.
func TestFullSendBufferKeepsAudio(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.line.in <- append(r.packets(t, 1), r.pictures(t, 1)...)
		synctest.Wait()
		r.line.allow(0)
		r.line.in <- r.pictures(t, 6)
		pass(10 * time.Millisecond)
		r.line.in <- r.packets(t, 4)
		pass(5 * time.Millisecond)
		r.line.allow(4)
		pass(2 * sendRetry)
		if got := r.line.kinds(); !slices.Equal(got, []byte{111, 96, 111, 111, 111, 111}) {
			t.Errorf("wrote payload types %v, want those of audio before video that came earlier", got)
		}
		r.line.in <- r.packets(t, 2)
		pass(10 * time.Millisecond)
		if s := r.stats(); s.Drops[plane.DropOverload] != 6 {
			t.Errorf("%d dropped, want the 6 of video", s.Drops[plane.DropOverload])
		}
		r.line.allow(1 << 20)
		pass(2 * sendRetry)
		if got := r.line.kinds(); len(got) != 8 || got[7] != 111 {
			t.Errorf("wrote payload types %v, want all of audio", got)
		}
	})
}

// Packets of one size to one subscriber, of a batch, are one message.
func TestTrains(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.line.in <- r.pictures(t, 1)
		synctest.Wait()
		before := r.line.messages
		r.line.in <- r.pictures(t, 9)
		synctest.Wait()
		if n := r.line.messages - before; n != 1 {
			t.Errorf("nine packets went out as %d messages, want one", n)
		}
		if got := r.line.kinds(); len(got) != 10 {
			t.Errorf("wrote payload types %v, want ten of video", got)
		}
		all := r.pictures(t, 9) // as a train comes in
		one := udp.Datagram{Remote: speaker, Segment: len(all[0].B)}
		for _, d := range all {
			one.B = append(one.B, d.B...)
		}
		r.line.in <- []udp.Datagram{one}
		synctest.Wait()
		if n := r.line.messages - before; n != 2 {
			t.Errorf("a train of nine packets went out as %d messages, want one", n-1)
		}
	})
}

// Close ends everything, and a worker that has ended takes no commands.
func TestClose(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		var closing sync.WaitGroup
		for range 3 {
			closing.Go(r.Close)
		}
		closing.Wait()
		select {
		case <-r.Done():
		default:
			t.Error("Done is open after Close")
		}
		for range mailbox + 1 {
			if r.Post(plane.Count{}) {
				t.Fatal("Post returned true after the end")
			}
		}
		<-r.line.closed
	})
}

// Posting while the worker ends neither hangs nor panics.
func TestPostDuringClose(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		var posting sync.WaitGroup
		for range 4 {
			posting.Go(func() {
				for r.Post(plane.Count{Done: func(plane.Stats) {}}) {
				}
			})
		}
		r.Close()
		posting.Wait()
	})
}
