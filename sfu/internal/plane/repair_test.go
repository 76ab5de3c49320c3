package plane

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

// play plays 10 s of a's camera to b, both over links of their own, and returns
// how many frames of b are not whole.
func play(r *room, a *client, s *sink) (torn int) {
	s.show(a.video)
	r.run(10 * time.Second)
	a.video.due = mono.Never
	r.run(2 * time.Second)
	_, torn = s.first()
	return torn
}

// Loss on either way is repaired, each where it happened. Without the repair of
// that way frames are torn.
func TestLossIsRepaired(t *testing.T) {
	lossy, clean := netem.Config{Loss: 0.05, Delay: 15 * time.Millisecond}, netem.Config{Delay: 15 * time.Millisecond}
	for _, tt := range []struct {
		name     string
		up, down netem.Config
		off      func(a, b *client)
		whole    bool
	}{
		{"uplink", lossy, clean, nil, true},
		{"uplink, publishers are not asked", lossy, clean, func(a, _ *client) {
			a.room.plane.publications[a.video.pub].encodings[0].repair = nil
		}, false},
		{"uplink, publishers repeat nothing", lossy, clean, func(a, _ *client) { a.stubborn = true }, false},
		{"downlink", clean, lossy, nil, true},
		{"downlink, no history", clean, lossy, func(a, _ *client) {
			a.room.plane.history = 0 // of streams to come
			in := a.room.plane.publications[a.video.pub].encodings[0]
			in.history = nack.NewHistory(videoPackets, videoBytes, 0)
		}, false},
		{"downlink, subscribers have no RTX", clean, lossy, func(_, b *client) { b.noRTX = true }, false},
		{"both", lossy, lossy, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a, b := r.join(0, tt.up), r.join(1, tt.down)
			r.run(2 * time.Second)
			if tt.off != nil {
				tt.off(a, b)
			}
			if torn := play(r, a, b.slot(false)); (torn == 0) != tt.whole {
				t.Errorf("%d frames are not whole; want none: %v", torn, tt.whole)
			}
		})
	}
}

// A packet that comes as RTX is not asked for again, and a repair does not show
// as loss. Without the answer, requests go on.
func TestRTXClearsNACK(t *testing.T) {
	for _, tt := range []struct {
		name     string
		stubborn bool
		most     uint32 // requests for the packet
		lost     bool
	}{
		{"answered", false, 1, false},
		{"not answered", true, 20, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a, b := r.join(0, netem.Config{Delay: 20 * time.Millisecond}), r.join(1, netem.Config{})
			s := b.slot(false)
			s.show(a.video)
			r.run(time.Second)
			a.stubborn = tt.stubborn
			r.trace = &trace{loseUp: []int{1}} // the next packet of all
			a.audio.due = r.now.Add(10 * time.Second)
			b.video.due, b.audio.due = a.audio.due, a.audio.due
			r.run(3 * time.Second)
			in := r.plane.publications[a.video.pub].encodings[0]
			if n := in.stats.NACKs; n == 0 || n > tt.most || tt.lost && n < 3 {
				t.Errorf("asked %d times, want 1 to %d", n, tt.most)
			}
			if got := in.stats.Retransmitted; (got == 0) != tt.lost {
				t.Errorf("%d came as RTX", got)
			}
			if got := r.plane.transports[a.id].rtt; !tt.lost && (got < 40*time.Millisecond || got > 45*time.Millisecond) {
				t.Errorf("the repair took 40 ms, which makes a round trip of %v", got)
			}
		})
	}
}

// reportFor makes the client send a receiver report of a slot a second.
func (s *sink) reportFor(r *room, d time.Duration) (said []feedback.Item) {
	if s.receiver == nil {
		s.receiver = report.NewReceiver(s.ssrc, 90_000)
	}
	for end := r.now.Add(d); r.now < end; {
		r.run(time.Second)
		b := s.receiver.Block(r.now)
		said = append(said, feedback.Item{FractionLost: b.FractionLost, Lost: b.Lost})
		s.client.rtcp(r.now, report.AppendReceiverReport(nil, uint32(s.client.id), []report.Block{b}))
		r.run(50 * time.Millisecond)
	}
	return said
}

// What a publisher's uplink loses, the downlinks of its subscribers have not
// lost, although the numbers are missing and receivers say so; and what a
// downlink loses is not told to the publisher, nor to other subscribers.
func TestOneLossyLinkIsOneLossyLink(t *testing.T) {
	for _, tt := range []struct {
		name     string
		up, down float64
	}{
		{"lossy uplink", 0.1, 0},
		{"lossy downlink", 0, 0.1},
		{"both", 0.05, 0.1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a := r.join(0, netem.Config{Loss: tt.up, Delay: 10 * time.Millisecond})
			b, c := r.join(1, netem.Config{Loss: tt.down, Delay: 10 * time.Millisecond}), r.join(2, netem.Config{})
			a.stubborn = true // nothing is repaired on the way up
			for _, client := range r.clients[1:] {
				client.video.due, client.audio.due = mono.Never, mono.Never
			}
			near, far := b.slot(false), c.slot(false)
			near.receiver, far.receiver = report.NewReceiver(near.ssrc, 90_000), report.NewReceiver(far.ssrc, 90_000)
			near.show(a.video)
			far.show(a.video)
			var here, there, raw float64
			const rounds = 20
			for range rounds {
				raw += float64(far.reportFor(r, time.Second)[0].FractionLost) / 256 / rounds
				near.reportFor(r, 10*time.Millisecond)
				here += float64(r.plane.slots[near.slot].stats.FractionLost) / 256 / rounds
				there += float64(r.plane.slots[far.slot].stats.FractionLost) / 256 / rounds
			}
			in := r.plane.publications[a.video.pub].encodings[0]
			up := float64(in.receiver.Lost()) / float64(in.stats.PacketsReceived)
			if up < tt.up*0.7 || up > tt.up*1.4 {
				t.Errorf("the publisher was told of %.3f lost, want %.2f", up, tt.up)
			}
			if here < tt.down*0.5 || here > tt.down*1.4 {
				t.Errorf("the downlink of %.2f loss is said to lose %.3f", tt.down, here)
			}
			if there != 0 {
				t.Errorf("the clean downlink is said to lose %.3f", there)
			}
			if (raw > 0.01) != (tt.up > 0) {
				t.Errorf("the far receiver itself counts %.3f: the numbers hide the loss, or there is more", raw)
			}
		})
	}
}

// The first measurement of a round trip counts whole, and those after it by an
// eighth. Before it, who asks again is answered again soon.
func TestRoundTrip(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	s := b.slot(false)
	s.show(a.video)
	r.run(time.Second)
	to, slot := r.plane.transports[b.id], r.plane.slots[s.slot]
	number := s.numbers[len(s.numbers)-1]
	ask := func(after time.Duration, want uint64) {
		t.Helper()
		r.now = r.now.Add(after)
		slot.retransmit(r.now, number, 0)
		if got := slot.stats.Retransmitted; got != want {
			t.Errorf("asked again after %v with a round trip of %v: %d answers in all, want %d", after, to.rtt, got, want)
		}
	}
	ask(0, 1)
	ask(20*time.Millisecond, 1)
	ask(11*time.Millisecond, 2) // 31 ms: it is not known
	ask(40*time.Millisecond, 2)
	ask(21*time.Millisecond, 3) // twice as long
	to.roundTrip(20 * time.Millisecond)
	ask(21*time.Millisecond, 4)
	for _, tt := range []struct{ sample, want time.Duration }{
		{100 * time.Millisecond, 30 * time.Millisecond},
		{-1, 30 * time.Millisecond},
		{time.Minute, 30 * time.Millisecond},
	} {
		to.roundTrip(tt.sample)
		if to.rtt != tt.want {
			t.Errorf("after a sample of %v: %v, want %v", tt.sample, to.rtt, tt.want)
		}
	}
	r.plane.Outbox().Done()
	r.move(b)
	to.roundTrip(60 * time.Millisecond)
	if to.rtt != 60*time.Millisecond {
		t.Errorf("first sample of another path: %v, want 60 ms", to.rtt)
	}
}
