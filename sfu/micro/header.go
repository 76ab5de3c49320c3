package micro

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
)

// many is the batch of stages that take a few nanoseconds a packet.
const many = 4096

// plainPacket is an RTP packet in the clear with one header extension.
func plainPacket(number uint16) []byte {
	b := make([]byte, PacketBytes-16)
	b[0], b[1] = 0x90, 96
	binary.BigEndian.PutUint16(b[2:], number)
	binary.BigEndian.PutUint32(b[8:], mediaSSRC)
	copy(b[12:], []byte{0xbe, 0xde, 0, 1, 0x30, 0x81, 0, 0}) // audio level, id 3
	return b
}

// parse tells what datagrams are and reads their RTP headers.
func parse(b *testing.B) {
	var packets [64][]byte // written before: what was written just now is slow to read
	for i := range packets {
		packets[i] = plainPacket(uint16(i))
	}
	var sum, wrong uint32
	measure(b, work{packets: many, step: func() {
		for i := range many {
			p := packets[i%len(packets)]
			if packet.Classify(p) != packet.RTP {
				wrong++
			}
			v, err := packet.Parse(p)
			if err != nil {
				wrong++
			}
			sum += uint32(v.Sequence)
		}
	}})
	if wrong > 0 || sum == 0 {
		b.Fatalf("%d packets were not parsed", wrong)
	}
}

// rewriteHeader maps number and timestamp and writes the header with one
// extension, as each subscriber's copy of a packet needs it.
func rewriteHeader(b *testing.B) {
	sequence := rewrite.NewSequence(1)
	timestamp := rewrite.NewTimestamp(1, 0)
	var header rewrite.Header
	var in uint16
	var ts, wrong uint32
	level := []byte{0x81}
	sequence.Start(1, in)
	timestamp.Bind(ts, 90000, mono.Time(time.Second))
	size := 0
	measure(b, work{packets: many, step: func() {
		for range many {
			index, ok := sequence.Map(in)
			if !ok {
				wrong++
			}
			header.Begin(&rewrite.Fields{
				SSRC: mediaSSRC, Timestamp: timestamp.Map(ts), CSRC: 7, Sequence: uint16(index), PayloadType: 96,
			})
			header.Extend(10, level)
			size += len(header.Bytes())
			in++
			ts += 300
		}
	}})
	if wrong > 0 || size == 0 {
		b.Fatalf("%d numbers were not mapped", wrong)
	}
}

// historyPackets and historyBytes are those of a video stream in the plane.
const historyPackets, historyBytes = 1024, 1 << 20

// historyInsert keeps packets so that they can be sent again.
func historyInsert(b *testing.B) {
	h := nack.NewHistory(historyPackets, historyBytes, time.Second)
	p := plainPacket(0)
	v, err := packet.Parse(p)
	if err != nil {
		b.Fatal(err)
	}
	var number uint16
	wrong := 0
	measure(b, work{packets: many, size: len(p), step: func() {
		for range many {
			if !h.Insert(nack.Entry{View: v, Sequence: number}, p) {
				wrong++
			}
			number++
		}
	}})
	if wrong > 0 {
		b.Fatalf("%d packets were not kept", wrong)
	}
}

// historyLookup finds packets that are up to 512 numbers old.
func historyLookup(b *testing.B) {
	const kept = 512
	h := nack.NewHistory(historyPackets, historyBytes, time.Second)
	for i := range kept {
		h.Insert(nack.Entry{Sequence: uint16(i)}, plainPacket(uint16(i)))
	}
	wrong := 0
	measure(b, work{packets: many, step: func() {
		for i := range many {
			number := uint16(i*31) % kept
			if e, p := h.Lookup(0, number); e == nil || p[3] != byte(number) {
				wrong++
			}
		}
	}})
	if wrong > 0 {
		b.Fatalf("%d packets were not found", wrong)
	}
}
