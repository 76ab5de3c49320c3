package packet

import "strings"

// Codec is a media format that the server can look into.
type Codec uint8

// Codecs.
const (
	CodecUnknown Codec = iota
	Opus               // RFC 7587
	VP8                // RFC 7741
	VP9                // RFC 9628
	H264               // RFC 6184
	H265               // RFC 7798
	AV1                // AV1 RTP
	RED                // RFC 2198
)

var codecNames = map[string]Codec{
	"audio/opus": Opus, "video/vp8": VP8, "video/vp9": VP9, "video/h264": H264,
	"video/h265": H265, "video/av1": AV1, "audio/red": RED,
}

// CodecOf returns the codec of a MIME type such as "video/VP8", in any case.
func CodecOf(mimeType string) Codec { return codecNames[strings.ToLower(mimeType)] }

// Frame is what the codec's headers told about one packet. The zero value is
// the middle of a frame that nothing is known of. The packet path passes it by
// address: a copy of its size is read back before it has left the store buffer,
// for which the core waits.
type Frame struct {
	Key         bool // of a key frame; always true for audio
	Start, End  bool // first or last packet of a frame
	Discardable bool // no other frame needs it
	// SwitchUp says that a receiver of all lower temporal layers may enter the
	// frame's own one here. One who skipped some of them enters those first.
	SwitchUp bool
	Spatial  uint8
	Temporal uint8

	// Of VP9 and of what a dependency descriptor describes; false for the rest.
	// A layer frame is the part of a picture that belongs to one spatial layer;
	// the marker bit of the packet ends the picture.
	Enter      bool // needs nothing but lower spatial layers of its own picture
	InterLayer bool // needs the next lower spatial layer of its own picture
	NotUpper   bool // no higher spatial layer of its own picture needs it
	Described  bool // by a dependency descriptor, which gave Number
	Number     uint16
	Structure  uint8 // which one describes the frame (codec.Structure); 0: unknown

	PictureIDBits  uint8 // 0, 7 or 15: VP8 and VP9
	PictureID      uint16
	HasTL0         bool // VP8 and VP9
	TL0            uint8
	DescriptorSize uint8 // bytes before the VP8 payload; 0 for other codecs

	// Width and Height are those of the layer, in pixels, where a decoder can
	// enter it and the headers tell; else 0.
	Width, Height uint16
}
