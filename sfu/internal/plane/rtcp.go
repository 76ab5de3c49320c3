package plane

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
)

const (
	reportEvery = time.Second
	reportEarly = 50 * time.Millisecond // after a stream was mapped
	levelEvery  = 100 * time.Millisecond
	rtcpTarget  = 1100    // bytes of a compound packet
	nacksAtOnce = 128     // numbers in one message
	rtcpIndices = 1 << 31 // of one key (RFC 3711, section 3.4)
)

// receiveRTCP authenticates, decrypts and carries out one SRTCP packet.
func (t *Transport) receiveRTCP(now mono.Time, b []byte) {
	n, err := t.opener.OpenRTCP(b)
	if err != nil {
		t.plane.drop(openReason(err))
		return
	}
	t.hear(now)
	items, err := feedback.Parse(b[:n], t.plane.items[:0])
	if err != nil {
		t.plane.drop(DropMalformed)
	}
	t.plane.items = items[:0]
	for i := range items {
		t.handle(now, &items[i])
	}
}

// handle carries out one item of feedback.
func (t *Transport) handle(now mono.Time, it *feedback.Item) {
	switch it.Kind {
	case feedback.SenderReport:
		if in := t.inbounds[it.Sender]; in != nil && in.media == nil {
			t.clock.Push(now, report.NTP(it.NTP))
			in.receiver.SenderReport(now, report.NTP(it.NTP), it.RTP)
		}
	case feedback.ReceiverReport:
		if s := t.slotBySSRC[it.SSRC]; s != nil {
			s.report(it)
			t.measure(now, it)
		}
	case feedback.NACK:
		if s := t.slotBySSRC[it.SSRC]; s != nil {
			s.retransmit(now, it.PID, it.BLP)
		}
	case feedback.PLI, feedback.FIR:
		if s := t.slotBySSRC[it.SSRC]; s != nil && s.outbound != nil {
			s.stats.PLIs++
			s.outbound.ask(now)
		}
	case feedback.TransportCC:
		if told, came, ok := feedback.Arrivals(it.Raw); ok {
			t.plane.stats.Told += uint64(told)
			t.plane.stats.Came += uint64(came)
		} else {
			t.plane.drop(DropMalformed)
		}
	}
}

// advanceRepair asks the publisher for packets that are missing.
func (t *Transport) advanceRepair(now mono.Time) mono.Time {
	next := mono.Never
	for _, f := range t.publications {
		for _, in := range f.encodings {
			if in == nil || in.repair == nil {
				continue
			}
			if in.repair.Deadline() <= now {
				t.requestLost(now, in)
			}
			next = min(next, in.repair.Deadline())
		}
	}
	return next
}

func (t *Transport) requestLost(now mono.Time, in *Inbound) {
	lost := in.repair.Poll(now, t.rtt, t.plane.lost[:0])
	t.plane.lost = lost[:0]
	in.stats.NACKs += uint32(len(lost))
	for part := range slices.Chunk(lost, nacksAtOnce) {
		t.rtcp = report.AppendNACK(t.rtcp, t.ssrc, in.ssrc, part)
	}
	if in.repair.Lost() > 0 && !in.fan.spec.Audio {
		in.fan.ask(now, in.encoding, false)
	}
}

// advanceLevels tells how loud each audio publication is.
func (t *Transport) advanceLevels(now mono.Time) mono.Time {
	if now < t.nextLevel {
		return t.nextLevel
	}
	t.nextLevel = mono.Never
	for _, f := range t.publications {
		if f.spec.Audio {
			t.nextLevel = regular(now.Add(levelEvery))
			f.reportLevel(now)
		}
	}
	return t.nextLevel
}

// advanceReports sends sender reports about what is sent and a receiver report
// about what is received (RFC 3550, section 6.4).
func (t *Transport) advanceReports(now mono.Time) mono.Time {
	due := t.nextReport <= now
	for _, s := range t.slots {
		if due && s.outbound != nil {
			s.outbound.fan.check(now)
		}
		if s.reports(now) && (due || s.reportNow) {
			s.reportNow = false
			t.rtcp = report.AppendSenderReport(t.rtcp, s.senderReport(now))
		}
	}
	if !due {
		return t.nextReport
	}
	t.nextReport = regular(now.Add(reportEvery))
	t.starved /= 2
	for _, f := range t.publications {
		f.renew(now)
	}
	blocks := t.plane.block[:0]
	for _, f := range t.publications {
		blocks = f.blocks(now, blocks)
	}
	t.plane.block = blocks[:0]
	if len(blocks) == 0 && len(t.rtcp) == 0 {
		return t.nextReport
	}
	t.rtcp = report.AppendReceiverReport(t.rtcp, t.ssrc, blocks)
	t.rtcp = report.AppendSDES(t.rtcp, t.ssrc, t.cname)
	return t.nextReport
}

// flushRTCP sends what was collected, in compound packets of at most
// rtcpTarget bytes.
func (t *Transport) flushRTCP() {
	b := t.rtcp
	t.rtcp = t.rtcp[:0]
	for t.ready() && len(b) > 0 {
		n := compound(b)
		t.sendRTCP(b[:n])
		b = b[n:]
	}
}

// compound returns how much of b, which is whole RTCP packets, goes into the
// next compound packet.
func compound(b []byte) (n int) {
	for n < len(b) {
		size := 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
		if n > 0 && n+size > rtcpTarget {
			break
		}
		n += size
	}
	return n
}

// sendRTCP seals a compound packet and puts it into the outbox. Its index is
// used once, whatever becomes of the packet.
func (t *Transport) sendRTCP(b []byte) {
	room := t.plane.outbox.slot()
	if room == nil || t.rtcpIndex >= rtcpIndices {
		t.plane.drop(DropOverload)
		return
	}
	sealed, err := t.sealer.SealRTCP(room, b, t.rtcpIndex)
	t.rtcpIndex++
	if err != nil {
		t.plane.drop(DropMalformed)
		return
	}
	to := &t.out
	if t.sink.IsValid() && len(t.publications) > 0 {
		to = &t.path // a publisher has to hear requests for key frames
	}
	began := t.plane.outbox.commit(to, Urgent, sealed)
	t.plane.spendSeal(&t.account, t.weights, len(sealed), began)
}

// eachLost calls f for every number of a NACK pair (RFC 4585, section 6.2.1).
func eachLost(pid, blp uint16, f func(number uint16)) {
	f(pid)
	for ; blp != 0; blp &= blp - 1 {
		f(pid + 1 + uint16(bits.TrailingZeros16(blp)))
	}
}
