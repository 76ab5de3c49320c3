package plane

import "github.com/switchyard-rtc/switchyard/sfu/internal/feedback"

// reported is what the last reception report about a slot said.
type reported struct {
	next uint64 // index after the highest that was received
	lost int32  // packets since the slot began to send
}

// report takes a reception report (RFC 3550, section 6.4.1). What the publisher's
// way here lost is missing in the slot's numbers, so that it can be repaired, and
// the peer counts it as lost. It is no loss of the peer's downlink, so the
// fraction is that of what was sent.
func (s *Slot) report(it *feedback.Item) {
	if s.line == nil {
		return
	}
	next := s.line.sequence.Next()
	behind := uint64(uint16(next) - 1 - uint16(it.Highest))
	if behind > 0x7fff || next < s.first+behind || next-behind <= s.reported.next {
		return // of a packet that was never sent, or says nothing new
	}
	last := s.reported
	s.reported = reported{next: next - behind, lost: it.Lost}
	unsent := s.line.sequence.Unsent(last.next, s.reported.next)
	sent, lost := int64(s.reported.next-last.next)-int64(unsent), int64(it.Lost-last.lost)-int64(unsent)
	s.stats.FractionLost = 0
	if lost > 0 && sent > 0 {
		s.stats.FractionLost = uint8(min(lost*256/sent, 255))
	}
}
