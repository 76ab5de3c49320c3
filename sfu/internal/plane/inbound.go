package plane

import (
	"encoding/binary"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

// Sizes of a history: 1 s of 8 Mbit/s video, 2.5 s of 20 ms audio.
const (
	videoPackets, videoBytes = 1024, 1 << 20
	audioPackets, audioBytes = 128, 64 << 10
)

// Inbound is one received RTP stream: an encoding of a publication, or the
// retransmissions of one (RFC 4588). Owned by the plane.
type Inbound struct {
	fan      *Fanout
	ssrc     uint32
	serial   uint32   // unique in the plane
	encoding int      // index in fan.encodings
	media    *Inbound // set in a retransmission stream: what it repairs
	rtx      *Inbound // its retransmission stream, nil until known
	receiver *report.Receiver
	repair   *nack.Generator // nil without NACK, and in retransmission streams
	history  *nack.History   // nil before the first packet, after the end and in retransmission streams
	stream   *codec.Stream   // of video, as long as the history
	newest   uint16          // number in the history
	heard    mono.Time       // when the last packet came
	tally    tally           // since the last survey
	stats    InboundStats
	account  account
}

// InboundStats counts what one received stream brought.
type InboundStats struct {
	MID, RID        string
	SSRC            uint32
	PacketsReceived uint64
	BytesReceived   uint64 // of payload
	Retransmitted   uint64 // packets that came by RTX
	KeyFrames       uint64
	NACKs, PLIs     uint32
	Lost            int32
	Jitter          uint32 // RTP ticks
	ClockRate       uint32
	Cost            Cost
}

// receive handles one authenticated packet of the stream, in the clear. From
// here on its bytes do not change.
func (in *Inbound) receive(now mono.Time, v packet.View, b []byte) {
	in.receiver.Push(now, v.Sequence, v.Timestamp)
	if in.media != nil {
		in.unwrap(now, v, b)
		return
	}
	in.accept(now, v, b)
}

// accept handles a packet that came directly or was repaired.
func (in *Inbound) accept(now mono.Time, v packet.View, b []byte) {
	kind := in.fan.kinds[v.PayloadType&0x7f]
	if kind == packet.CodecUnknown {
		in.fan.drop(DropCodec)
		return
	}
	if in.history == nil {
		in.open()
	}
	if !in.fresh(now, v.Sequence) {
		in.fan.drop(DropDuplicate)
		return
	}
	e := nack.Entry{View: v, Arrived: now, Sequence: v.Sequence, Captured: in.captured(now, v.Timestamp)}
	if v.PayloadSize > 0 {
		e.Frame = in.describe(kind, v, b)
	}
	switch {
	case kind == packet.RED && !in.fan.speaks(v.Payload(b)):
		in.fan.drop(DropMalformed)
	case !in.history.Insert(e, b):
		in.fan.drop(DropDuplicate)
	default:
		in.pass(now, &e, b)
	}
}

// fresh tells whether a number was not there before, as far as that is known.
func (in *Inbound) fresh(now mono.Time, number uint16) bool {
	if in.repair == nil {
		return true
	}
	if !in.repair.Push(now, number) {
		return false
	}
	in.fan.plane.timers.hasten(in.fan.transport, in.repair.Deadline())
	return true
}

// pass learns from a packet that was kept, and passes it on.
func (in *Inbound) pass(now mono.Time, e *nack.Entry, b []byte) {
	in.note(e.Sequence)
	in.heard = now
	in.count(e)
	if !in.fan.spec.Audio {
		in.fan.allocate(e.View, b)
		in.fan.observe(now, in, e)
	}
	in.fan.take(now, in, e, b)
}

// open takes the memory, which is a megabyte for video: at the first packet,
// since a description may name many streams that never come.
func (in *Inbound) open() {
	if in.fan.spec.Audio {
		in.history = nack.NewHistory(audioPackets, audioBytes, in.fan.plane.history)
		return
	}
	in.history = nack.NewHistory(videoPackets, videoBytes, in.fan.plane.history)
	if in.stream == nil {
		in.stream = &codec.Stream{}
	}
}

// describe tells what the headers of a packet say.
func (in *Inbound) describe(kind packet.Codec, v packet.View, b []byte) packet.Frame {
	if in.stream == nil {
		return codec.Describe(kind, v.Payload(b), v.Marker)
	}
	return in.stream.Describe(&codec.Packet{
		Codec: kind, Payload: v.Payload(b), Marker: v.Marker, Timestamp: v.Timestamp,
		Descriptor: v.Extension(b, in.fan.spec.Extensions[packet.ExtDependencyDescriptor]),
	})
}

// learn takes over the structure that a packet of another core brings: frames
// there were described by it.
func (in *Inbound) learn(e *nack.Entry, b []byte) {
	if in.stream == nil || e.Frame.Structure == 0 {
		return
	}
	if s := in.stream.Structure(); s.Serial() != e.Frame.Structure {
		id := in.fan.spec.Extensions[packet.ExtDependencyDescriptor]
		s.Learn(e.View.Extension(b, id), e.Frame.Structure)
	}
}

// note follows the newest number.
func (in *Inbound) note(number uint16) {
	if int16(number-in.newest) > 0 || in.stats.PacketsReceived == 0 {
		in.newest = number
	}
}

func (in *Inbound) count(e *nack.Entry) {
	in.stats.PacketsReceived++
	in.stats.BytesReceived += uint64(e.View.PayloadSize)
	if e.Frame.Key && e.Frame.Start {
		in.stats.KeyFrames++
	}
}

// captured returns when a packet was captured, on this server's clock; before
// the first sender report that is when it arrived.
func (in *Inbound) captured(now mono.Time, ts uint32) mono.Time {
	if at, ok := in.receiver.Captured(ts, &in.fan.transport.clock); ok {
		return at
	}
	return now
}

// unwrap turns a retransmission into the packet that it repeats (RFC 4588,
// section 4) and handles that. Padding, with which senders probe, ends here.
func (in *Inbound) unwrap(now mono.Time, v packet.View, b []byte) {
	original := in.fan.repairs[v.PayloadType&0x7f]
	if v.PayloadSize < 2 || original == 0 {
		return
	}
	at := int(v.PayloadOffset)
	number := binary.BigEndian.Uint16(b[at:])
	copy(b[2:at+2], b[:at]) // the header moves over the original number
	b = b[2:]
	b[1] = b[1]&0x80 | original
	binary.BigEndian.PutUint16(b[2:], number)
	binary.BigEndian.PutUint32(b[8:], in.media.ssrc)
	v, err := packet.Parse(b)
	if err != nil {
		in.fan.plane.drop(DropMalformed)
		return
	}
	in.media.stats.Retransmitted++
	if r := in.media.repair; r != nil {
		if asked, ok := r.Asked(number); ok {
			in.fan.transport.roundTrip(now.Sub(asked))
		}
	}
	in.media.accept(now, v, b)
}
