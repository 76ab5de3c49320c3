package bench

import "github.com/pion/rtcp"

// flow is one RTP stream that a client receives, of media or of retransmissions.
type flow struct {
	ssrc    uint32
	repairs *flow  // the media that it retransmits; nil for media
	nack    bool   // who sends it repairs it on request
	highest uint32 // number, extended by how often it wrapped
	start   uint32 // first number
	count   uint32 // packets that came
	sealed  int    // packets until one is opened again
	gaps    gaps

	// Of media, and of its newest packet: where it belongs. Known if sealed > 0.
	track    *track
	arrivals *arrivals
	serial   uint32
	source   uint32 // CSRC
	since    uint64 // packets of the window that were not opened since one was

	// For reports (RFC 3550, appendix A).
	priorCount, priorExpected uint32
	transit                   uint32  // of the last packet opened
	jitter                    float64 // in ticks, of the packets opened
	report                    uint32  // middle of the NTP time of the last sender report
	reported                  int64   // when it came
}

// extend returns a number as the continuation of those before it.
func (f *flow) extend(number uint16) uint32 {
	if f.count == 0 {
		return uint32(number) | 1<<16 // so that earlier ones are not negative
	}
	return f.highest + uint32(int32(int16(number-uint16(f.highest))))
}

// largestJump is how far numbers go ahead at the most without being a restart.
const largestJump = 3000

// note takes in the number of a packet and returns whether it is the one after
// the newest.
func (f *flow) note(now int64, extended uint32, repair bool) (next bool) {
	ahead := int32(extended - f.highest)
	switch {
	case f.count == 0 || ahead > largestJump || ahead < -largestJump:
		f.start, f.highest, f.count = extended, extended, 0
		f.priorCount, f.priorExpected = 0, 0
		f.gaps.missing = f.gaps.missing[:0]
	case ahead > 0:
		if repair && ahead > 1 {
			f.gaps.jump(now, uint16(f.highest+1), uint16(extended))
		}
		f.highest = extended
	case repair:
		f.gaps.found(now, uint16(extended), false)
	}
	f.count++
	return ahead == 1
}

// measure follows the jitter.
func (f *flow) measure(w rtpHeader, arrived int64, rate uint32) {
	transit := uint32(arrived/1e9*int64(rate)+arrived%1e9*int64(rate)/1e9) - w.ts
	d := float64(int32(transit - f.transit))
	if f.transit != 0 {
		f.jitter += (max(d, -d) - f.jitter) / 16
	}
	f.transit = transit
}

// block is what a receiver report says about the stream (RFC 3550, section
// 6.4.1).
func (f *flow) block(now int64) rtcp.ReceptionReport {
	expected := f.highest - f.start + 1
	lost := int64(expected) - int64(f.count)
	r := rtcp.ReceptionReport{
		SSRC: f.ssrc, LastSequenceNumber: f.highest - 1<<16, Jitter: uint32(f.jitter),
		TotalLost: uint32(min(max(lost, 0), 1<<23-1)),
	}
	interval := expected - f.priorExpected
	missed := int64(interval) - int64(f.count-f.priorCount)
	if interval > 0 && missed > 0 {
		r.FractionLost = uint8(min(missed<<8/int64(interval), 255))
	}
	f.priorExpected, f.priorCount = expected, f.count
	if f.report != 0 {
		r.LastSenderReport = f.report
		r.Delay = uint32((now - f.reported) << 16 / 1e9)
	}
	return r
}
