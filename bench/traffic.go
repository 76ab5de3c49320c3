package bench

import (
	"math"
	"math/rand/v2"
	"time"
)

// A frame is what an encoder hands to the network at once.
type frame struct {
	due  time.Duration // since the start of the source
	size int           // bytes of payload, all packets together
	key  bool
	ts   uint32 // RTP timestamp, relative to the first frame
}

// source is what a track sends, one frame after the other. It has no clock: the
// caller waits until a frame is due.
type source interface {
	// next returns the next frame; key asks for a key frame, if there is such a
	// thing.
	next(key bool) frame
}

const (
	keyFactor   = 6    // a key frame is so many times as large as the others
	frameSpread = 0.35 // standard deviation of the logarithm of frame sizes
)

// video is shaped like an encoder at a constant bit rate: key frames at the
// start, on request and every keyEvery frames if that is not 0, and other frames whose sizes vary as
// those of a talking head do (log-normal).
type video struct {
	random   *rand.Rand
	interval time.Duration
	mean     float64 // bytes of a frame that is no key frame
	keyEvery int     // frames
	n        int
}

// newVideo returns a source of bitrate bit/s, payload only, at fps frames a
// second, with a key frame every so often; without one every so often for 0.
func newVideo(seed uint64, bitrate, fps int, keys time.Duration) *video {
	v := &video{
		random:   rand.New(rand.NewPCG(seed, 0x766964656f)),
		interval: time.Second / time.Duration(fps),
		keyEvery: int(keys.Seconds() * float64(fps)),
	}
	v.mean = float64(bitrate) / 8 / float64(fps)
	if v.keyEvery > 0 {
		v.mean *= float64(v.keyEvery) / float64(v.keyEvery-1+keyFactor)
	}
	return v
}

func (v *video) next(key bool) frame {
	f := frame{
		due: time.Duration(v.n) * v.interval,
		key: key || v.n == 0 || v.keyEvery > 0 && v.n%v.keyEvery == 0,
		ts:  uint32(uint64(v.n) * 90000 * uint64(v.interval) / uint64(time.Second)),
	}
	size := v.mean
	if f.key {
		size *= keyFactor
	}
	// The mean of exp(N(−σ²/2, σ²)) is 1.
	size *= math.Exp(v.random.NormFloat64()*frameSpread - frameSpread*frameSpread/2)
	f.size = max(int(size), minPayload)
	v.n++
	return f
}

const (
	audioInterval = 20 * time.Millisecond
	comfortEvery  = 20 // frames: while nobody speaks one in 400 ms (Opus DTX)
)

// voice is shaped like Opus with discontinuous transmission: spurts of speech
// with a frame each 20 ms, and silence with one in 400 ms.
type voice struct {
	random  *rand.Rand
	n       int // of the next 20 ms
	speaks  bool
	changes int // n at which it starts or stops to speak
	size    float64
}

// newVoice returns a source that sends about bitrate bit/s of payload while it
// speaks, which it does half of the time.
func newVoice(seed uint64, bitrate int) *voice {
	return &voice{
		random: rand.New(rand.NewPCG(seed, 0x766f696365)),
		size:   float64(bitrate) / 8 * audioInterval.Seconds(),
	}
}

func (v *voice) next(bool) frame {
	for {
		n := v.n
		v.n++
		if n >= v.changes {
			v.speaks = !v.speaks
			v.changes = n + 25 + v.random.IntN(100) // 0.5 s to 2.5 s
		}
		f := frame{due: time.Duration(n) * audioInterval, ts: uint32(n) * 960}
		if v.speaks {
			f.size = max(minPayload, int(v.size*(0.7+0.6*v.random.Float64())))
			return f
		}
		if n%comfortEvery == 0 {
			f.size = minPayload
			return f
		}
	}
}

// split divides a frame into packets of at most limit bytes of payload, as even
// as encoders do, and appends their sizes to out.
func split(size, limit int, out []int) []int {
	n := (size + limit - 1) / limit
	for i := range n {
		out = append(out, max(minPayload, size*(i+1)/n-size*i/n))
	}
	return out
}
