package bench

import (
	"runtime"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// forward makes a track the one of the room and passes its packets on until it
// ends.
func (r *baselineRoom) forward(pc *webrtc.PeerConnection, in *webrtc.TrackRemote, f Faults) {
	out, err := webrtc.NewTrackLocalStaticRTP(in.Codec().RTPCodecCapability, in.ID(), in.StreamID())
	if err != nil {
		return
	}
	r.out = out
	r.ask = func() {
		// An error means that the publisher is gone.
		_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(in.SSRC())}})
	}
	close(r.ready)
	if f != (Faults{}) {
		f.forward(in, out)
		return
	}
	for { // this loop is the baseline
		p, _, err := in.ReadRTP()
		if err != nil {
			return
		}
		// An error is one of a subscriber that is going away.
		_ = out.WriteRTP(p)
	}
}

// Faults are made on purpose, so that one can see whether a report tells them.
type Faults struct {
	// DropPercent of the packets are left out, spread evenly.
	DropPercent int
	// Delay is added to each packet.
	Delay time.Duration
	// Stall stops everything for so long, once a second.
	Stall time.Duration
}

// faultQueue is how many packets can wait for Delay and Stall.
const faultQueue = 1 << 14

// delayed is a packet and when it came.
type delayed struct {
	p  *rtp.Packet
	at time.Time
}

// forward passes packets on with the faults, in order.
func (f Faults) forward(in *webrtc.TrackRemote, out *webrtc.TrackLocalStaticRTP) {
	queue := make(chan delayed, faultQueue)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.release(queue, out)
	}()
	for n := 0; ; n++ {
		p, _, err := in.ReadRTP()
		if err != nil {
			break
		}
		if n*f.DropPercent%100 < f.DropPercent {
			continue
		}
		queue <- delayed{p, time.Now()}
	}
	close(queue)
	<-done
}

func (f Faults) release(queue <-chan delayed, out *webrtc.TrackLocalStaticRTP) {
	stalled := time.Now()
	for d := range queue {
		waitUntil(d.at.Add(f.Delay))
		if f.Stall > 0 && time.Since(stalled) >= time.Second {
			stalled = time.Now()
			time.Sleep(f.Stall)
		}
		_ = out.WriteRTP(d.p) // an error is one of a subscriber that is going away
	}
}

// waitUntil returns at t, not up to a millisecond later as sleeping does.
func waitUntil(t time.Time) {
	const oversleep = 2 * time.Millisecond
	time.Sleep(time.Until(t) - oversleep)
	for time.Now().Before(t) {
		runtime.Gosched()
	}
}
