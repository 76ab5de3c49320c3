package nack

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const (
	// leastApart is how far requests are apart at the least. Browsers drop a
	// request that comes within 300 ms of the last, and the way may bring two of
	// them closer together.
	leastApart = 320 * time.Millisecond
	// bucketSize and refillEvery protect the encoder, to which a key frame costs
	// as much as some ten others.
	bucketSize  = 2
	refillEvery = time.Second
	mostDebt    = 2 // urgent requests that the bucket may lend
	mostStreams = 32
)

// KeyFrames decides when to ask a publisher for a key frame (RFC 4585, section
// 6.3.1). All who wait share a request, and a key frame that comes unasked is
// their answer. One is about up to 32 streams, the encodings of a publication,
// which share one encoder: what is wanted of several is asked for at once, out
// of one bucket of two requests that refills at one a second.
//
// The zero value is ready.
type KeyFrames struct {
	wanted  uint32    // a bit for each stream
	urgent  uint32    // of them, those that need not wait for the bucket
	started bool      // something was asked for
	asked   mono.Time // when
	full    mono.Time // when the bucket is full again
}

// Want says that somebody waits for a key frame of a stream.
func (k *KeyFrames) Want(stream int) {
	if uint(stream) < mostStreams {
		k.wanted |= 1 << stream
	}
}

// WantNow is Want for somebody who sends too much to too slow a link until the
// key frame comes: the request does not wait for a round trip, only as long as
// encoders are deaf, and the bucket lends it up to two requests.
func (k *KeyFrames) WantNow(stream int) {
	k.Want(stream)
	if uint(stream) < mostStreams {
		k.urgent |= 1 << stream
	}
}

// Wanted tells whether somebody waits for a key frame of any stream.
func (k *KeyFrames) Wanted() bool { return k.wanted != 0 }

// Wants tells whether somebody waits for a key frame of a stream.
func (k *KeyFrames) Wants(stream int) bool { return k.wanted>>stream&1 != 0 }

// Came says that a key frame of a stream came: nobody waits for one any more.
func (k *KeyFrames) Came(stream int) {
	k.wanted &^= 1 << stream
	k.urgent &= k.wanted
}

// Forget says that nobody waits any more.
func (k *KeyFrames) Forget() { k.wanted, k.urgent = 0, 0 }

// Deadline returns when Poll has something to ask for. Requests are a round trip
// apart, since the answer to the last may be on its way.
func (k *KeyFrames) Deadline(rtt time.Duration) mono.Time {
	switch {
	case k.wanted == 0:
		return mono.Never
	case !k.started:
		return 0
	case k.urgent != 0:
		return max(k.asked.Add(leastApart), k.full.Add(-(bucketSize+mostDebt-1)*refillEvery))
	}
	return max(k.asked.Add(max(leastApart, rtt)), k.full.Add(-(bucketSize-1)*refillEvery))
}

// Poll tells of which streams to ask for a key frame now, a bit for each. They
// stay wanted until one comes, but are urgent once.
func (k *KeyFrames) Poll(now mono.Time, rtt time.Duration) (streams uint32) {
	if k.Deadline(rtt) > now {
		return 0
	}
	k.full = max(k.full, now).Add(refillEvery)
	k.started, k.asked, k.urgent = true, now, 0
	return k.wanted
}
