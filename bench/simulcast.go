package bench

import (
	"fmt"
	"time"
)

// encodingShapes are the encodings of a simulcast publication, the largest
// first: their size, and the part of the bitrate of the largest that they have,
// about that of browsers.
var encodingShapes = []struct {
	rid  string
	size [2]uint16 // width and height
	part float64
}{
	{"f", [2]uint16{1280, 720}, 1},
	{"h", [2]uint16{640, 360}, 0.3},
	{"q", [2]uint16{320, 180}, 0.09},
}

// EncodingFigures is what became of one encoding of all simulcast publications,
// in the window.
type EncodingFigures struct {
	RID  string `json:"rid"`
	Size string `json:"size"` // width and height, such as 1280x720
	// Sent is packets by the publishers, SentBytes those of their UDP payload.
	Sent      uint64 `json:"sent"`
	SentBytes uint64 `json:"sent_bytes"`
	// Expected is how many packets should have come to those who were sent this
	// encoding, Received how many came.
	Expected      uint64 `json:"expected"`
	Received      uint64 `json:"received"`
	ReceivedBytes uint64 `json:"received_bytes"`
}

// video plans a track of video, in several encodings with simulcast.
func (o ForwardOptions) video(seed uint64) plannedTrack {
	p := plannedTrack{spread: time.Duration(o.Spread * float64(time.Second) / float64(o.FPS))}
	if !*o.Simulcast {
		p.encodings = []plannedEncoding{{
			size: [2]uint16{640, 360}, source: func() source { return newVideo(seed, o.Bitrate, o.FPS, o.KeyInterval) },
		}}
		return p
	}
	for i, e := range encodingShapes {
		bitrate := int(float64(o.Bitrate) * e.part)
		p.encodings = append(p.encodings, plannedEncoding{
			rid: e.rid, size: e.size,
			source: func() source { return newVideo(seed+uint64(i)<<32, bitrate, o.FPS, o.KeyInterval) },
		})
	}
	return p
}

// encoding returns the figures of a track's encoding; nil without simulcast.
func (r *ForwardResult) encoding(t *track) *EncodingFigures {
	if t.rid == "" {
		return nil
	}
	for i := range r.Encodings {
		if r.Encodings[i].RID == t.rid {
			return &r.Encodings[i]
		}
	}
	r.Encodings = append(r.Encodings, EncodingFigures{RID: t.rid, Size: fmt.Sprintf("%dx%d", t.size[0], t.size[1])})
	return &r.Encodings[len(r.Encodings)-1]
}
