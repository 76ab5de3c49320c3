// Package codec reads the payload headers of media formats: where a frame
// begins and ends, whether a decoder can start with it, and to which layer it
// belongs. It never fails: what is cut off or not understood is the middle of
// an ordinary frame.
package codec

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

// Describe tells what the headers in an RTP payload say. Key and Start together
// mark the packet with which a decoder can start. The marker bit ends a frame
// of every video format; in VP9 it ends the picture, and the descriptor tells
// where the frames of the lower spatial layers end.
func Describe(c packet.Codec, payload []byte, marker bool) packet.Frame {
	var f packet.Frame
	switch c {
	case packet.Opus, packet.RED:
		return packet.Frame{Key: true, Start: true, End: true}
	case packet.VP8:
		f = describeVP8(payload)
	case packet.VP9:
		f = describeVP9(payload)
	case packet.H264:
		f = describeH264(payload)
	case packet.H265:
		f = describeH265(payload)
	case packet.AV1:
		f = describeAV1(payload)
	}
	f.End = f.End || marker
	return f
}
