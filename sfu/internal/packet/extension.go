package packet

// Extension names a header extension that the server knows, whatever id it was
// negotiated with.
type Extension uint8

// Header extensions, with the document that defines each.
const (
	ExtMID                  Extension = iota // RFC 9143
	ExtRID                                   // RFC 8852
	ExtRepairedRID                           // RFC 8852
	ExtAudioLevel                            // RFC 6464
	ExtTransportCC                           // draft-holmer-rmcat-transport-wide-cc-extensions-01
	ExtAbsSendTime                           // webrtc.org abs-send-time
	ExtAbsCaptureTime                        // webrtc.org abs-capture-time
	ExtDependencyDescriptor                  // AV1 RTP, appendix A
	ExtVideoOrientation                      // 3GPP TS 26.114
	ExtPlayoutDelay                          // webrtc.org playout-delay
	ExtColorSpace                            // webrtc.org color-space
	ExtContentType                           // webrtc.org video-content-type
	ExtVLA                                   // webrtc.org video-layers-allocation00
	ExtVideoTiming                           // webrtc.org video-timing
	NumExtensions
)

var extensionURIs = [NumExtensions]string{
	ExtMID:                  "urn:ietf:params:rtp-hdrext:sdes:mid",
	ExtRID:                  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
	ExtRepairedRID:          "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
	ExtAudioLevel:           "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
	ExtTransportCC:          "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
	ExtAbsSendTime:          "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
	ExtAbsCaptureTime:       "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
	ExtDependencyDescriptor: "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
	ExtVideoOrientation:     "urn:3gpp:video-orientation",
	ExtPlayoutDelay:         "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
	ExtColorSpace:           "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
	ExtContentType:          "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
	ExtVLA:                  "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
	ExtVideoTiming:          "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
}

// URI returns the name that session descriptions use, or "" for no extension.
func (e Extension) URI() string {
	if e >= NumExtensions {
		return ""
	}
	return extensionURIs[e]
}

// ExtensionOf returns the extension that a session description names.
func ExtensionOf(uri string) (Extension, bool) {
	for e, u := range extensionURIs {
		if u == uri {
			return Extension(e), true
		}
	}
	return 0, false
}

// ExtensionIDs holds the id that each extension was negotiated with in a media
// section; 0 means that it was not.
type ExtensionIDs [NumExtensions]uint8

// VoiceLevel reads an audio-level element (RFC 6464): the level in -dBov, where
// 0 is loudest and 127 is silence, and whether the sender believes it to be
// speech. ok is false if the element is empty.
func VoiceLevel(element []byte) (dbov uint8, voice, ok bool) {
	if len(element) == 0 {
		return 0, false, false
	}
	return element[0] & 0x7f, element[0]&0x80 != 0, true
}
