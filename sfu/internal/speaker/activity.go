package speaker

import (
	"math/bits"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	frame    = 20 * time.Millisecond
	block    = 5 // frames: the medium window
	blocks   = 10
	longest  = 6   // frames that one packet may stand for: 120 ms (RFC 7587)
	steps    = 13  // of loudness that are told apart in one frame
	stepSize = 3   // dB
	audible  = 4   // steps of an active frame
	active   = 3   // active frames of an active block
	fresh    = 100 // ms after which the newest frame is over

	lowestFloor, highestFloor = 57, 87 // loudness that may be taken for noise: −70 to −40 dBov
	floorEvery                = 5 * time.Second
)

// Activity follows how much one stream speaks, in the three windows of Volfin
// and Cohen, "Dominant speaker identification for multipoint videoconferencing"
// (2013): the newest frame of 20 ms, 100 ms and 1 s. The paper counts active
// bands of the spectrum; RFC 6464 leaves the loudness, so what is counted is how
// many steps of 3 dB a frame stands above the noise: above -70 dBov with senders
// that tell voice from noise, else above the quietest that the stream was in the
// last 5 to 10 s.
//
// It is a few words without pointers, and forgets by itself: one for each
// publication costs nothing. The zero value has heard nothing.
type Activity struct {
	mask    uint64 // of active frames, the newest in bit 0
	newest  int64  // number of the newest frame
	last    mono.Time
	heard   bool
	flagged bool // the sender tells voice from noise
	was     bool // the packet before was active
	step    uint8
	floors  [2]uint8  // quietest of the present interval and of the one before
	floorAt mono.Time // start of the present interval
}

// Push takes the level of one packet, in -dBov where 0 is loudest and 127 is
// silence, and whether its sender believes it to be speech. The belief counts
// only with senders that say so at times: some leave the bit out.
func (a *Activity) Push(now mono.Time, dbov uint8, voice bool) {
	loud := silence - min(dbov, silence)
	a.flagged = a.flagged || voice
	a.listen(now, loud)
	a.step = 0
	switch floor := a.floor(); {
	case voice:
		a.step = min(steps, (max(loud, lowestFloor)-lowestFloor)/stepSize)
	case !a.flagged:
		a.step = min(steps, (max(loud, floor)-floor)/stepSize)
	}
	before, gap := a.was, a.shift(now)
	a.was = a.step >= audible
	if !a.was {
		return
	}
	a.mask |= 1
	if before && gap <= longest {
		a.mask |= 1<<gap - 1
	}
}

// shift makes the frame of now the newest one, and returns how many frames ago
// the one before was.
func (a *Activity) shift(now mono.Time) (gap int64) {
	n := int64(now) / int64(frame)
	if a.heard {
		gap = max(0, n-a.newest)
	}
	a.mask <<= uint64(min(gap, 64))
	a.newest = max(a.newest, n)
	a.last, a.heard = now, true
	return gap
}

// listen follows the noise floor. Digital silence is not noise: it comes from
// streams that are muted.
func (a *Activity) listen(now mono.Time, loud uint8) {
	if loud == 0 {
		return
	}
	if a.floors == [2]uint8{} || now.Sub(a.floorAt) >= 2*floorEvery {
		a.floors, a.floorAt = [2]uint8{loud, silence}, now
	}
	if now.Sub(a.floorAt) >= floorEvery {
		a.floors, a.floorAt = [2]uint8{loud, a.floors[0]}, now
	}
	a.floors[0] = min(a.floors[0], loud)
}

func (a *Activity) floor() uint8 {
	return min(max(min(a.floors[0], a.floors[1]), lowestFloor), highestFloor)
}

// Windows returns what the three windows hold at now: steps of the newest frame
// (0 to 13), active frames of the last five, and how many of the last ten
// blocks of five are active.
func (a *Activity) Windows(now mono.Time) (immediate, medium, long uint8) {
	if !a.heard {
		return 0, 0, 0
	}
	mask := a.mask << uint64(min(max(0, int64(now)/int64(frame)-a.newest), 64))
	if now.Sub(a.last) < fresh*time.Millisecond {
		immediate = a.step
	}
	for i := range blocks {
		n := uint8(bits.OnesCount64(mask >> (i * block) & (1<<block - 1)))
		if i == 0 {
			medium = n
		}
		if n >= active {
			long++
		}
	}
	return immediate, medium, long
}
