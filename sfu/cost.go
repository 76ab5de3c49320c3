package sfu

import (
	"math"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

// Cost is what something has cost the workers so far.
//
// CPU is the time of their threads: each batch's time, as the thread's clock
// says, is divided over what the batch did, weighted by what reading, opening,
// sealing and sending a packet of its size and profile takes. All costs add up
// to [CPUStats]. Where there is no clock of a thread (all but Linux), it is the
// time between two waits.
type Cost struct {
	CPU   time.Duration
	Bytes uint64 // of UDP payload, received and sent
}

// Add returns the sum of two costs.
func (c Cost) Add(d Cost) Cost { return Cost{CPU: c.CPU + d.CPU, Bytes: c.Bytes + d.Bytes} }

// Sub returns what c has beyond d.
func (c Cost) Sub(d Cost) Cost { return Cost{CPU: c.CPU - d.CPU, Bytes: c.Bytes - d.Bytes} }

// CPUStats is the time that the workers' threads have used since the server
// started. What is not theirs, such as signalling, ICE and DTLS, is not in it.
type CPUStats struct {
	Workers []time.Duration // of each
	// Who paid for it; these add up to the sum of Workers.
	Publications  time.Duration // streams of publishers: receive, open, keep
	Subscriptions time.Duration // slots of subscribers: choose, rewrite, seal, send
	Peers         time.Duration // RTCP both ways and timers
	Shared        time.Duration // nobody in particular: commands, STUN, strangers
	// Assumed is what the work of Subscriptions takes on the machine for which
	// [AssumedLoad] speaks: Subscriptions ÷ Assumed is how much slower this one
	// is at what it does now.
	Assumed time.Duration
}

// add adds what one worker counted.
func (c *CPUStats) add(s *plane.Stats) {
	var sum time.Duration
	for _, cpu := range s.CPU {
		sum += cpu
	}
	c.Workers = append(c.Workers, sum)
	c.Publications += s.CPU[plane.PayInbound]
	c.Subscriptions += s.CPU[plane.PayOutbound]
	c.Peers += s.CPU[plane.PayTransport]
	c.Shared += s.CPU[plane.PayShared]
	c.Assumed += time.Duration(s.Units[plane.PayOutbound])
}

// What is assumed of a subscription, of which only the bitrate is known.
const (
	frameRate  = 30          // of video
	packetSize = 1150        // bytes of UDP payload, of video
	audioRate  = 50          // packets in a second
	mostAudio  = 150_000     // bit/s
	longest    = time.Minute // of CPU time in a second
)

// AssumedLoad returns the CPU time that a worker takes in a second for a
// subscription of a bitrate (UDP payload), on a core of an AMD EPYC with
// AEAD_AES_128_GCM. Up to 150 kbit/s it is taken to be audio, of 50 packets in a
// second, and beyond it video of 30 frames, each sent as a train.
func AssumedLoad(b Bitrate) time.Duration {
	bytes := float64(max(b, 0)) / 8
	packets, train := float64(audioRate), 1.0
	if b > mostAudio {
		perFrame := math.Ceil(bytes / frameRate / packetSize)
		packets, train = perFrame*frameRate, perFrame
	}
	return time.Duration(min(float64(longest), plane.SendUnits(packets, bytes/packets, train)))
}
