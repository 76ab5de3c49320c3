package bench

import (
	"sync/atomic"
	"time"
)

// track is one stream that a client publishes: a source, and what protects its
// packets.
type track struct {
	number      uint32
	publication *publication
	encoding    int    // index in the publication
	rid         string // empty without simulcast
	mid         string
	ssrc        uint32
	rtx         uint32 // SSRC of retransmissions; 0 for none
	audio       bool
	source      source
	from        *publisher
	size        [2]uint16     // width and height of video
	spread      time.Duration // over which a frame's packets are sent; 0 = at once

	// Owned by the sender.
	start       time.Time
	frame       frame // being sent, or the next one
	sizes       []int // of its packets
	part        int   // how many of them are sent
	due         time.Time
	index       uint64 // of SRTP, of the next packet
	repairIndex uint64 // of SRTP, of the next retransmission
	serial      uint32
	base        uint32 // of timestamps
	picture     uint16
	octets      uint64   // of payload
	history     *history // nil without retransmissions

	// Of the window; owned by the sender until it ended.
	counted, bytes uint64

	bounds          bounds
	wantKey         atomic.Bool // somebody asked for a key frame
	known, rtxKnown atomic.Bool // the server has reported about the SSRC
}

// rate is the RTP clock, in Hz.
func (t *track) rate() uint32 {
	if t.audio {
		return 48000
	}
	return 90000
}

// timestamp is the RTP timestamp of a moment.
func (t *track) timestamp(now time.Time) uint32 {
	since := now.Sub(t.start)
	s, ns := int64(since/time.Second), int64(since%time.Second)
	return t.base + uint32(s*int64(t.rate())+ns*int64(t.rate())/int64(time.Second))
}

// queue orders tracks by when their next frame is due.
type queue []*track

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements [heap.Interface].
func (q *queue) Push(x any) { *q = append(*q, x.(*track)) }

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}
