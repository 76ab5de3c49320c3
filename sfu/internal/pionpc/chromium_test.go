package pionpc

// chromium is an offer in the form that Chromium gives it: a microphone, a
// camera with three encodings, two slots and a data channel.
const chromium = chromiumSession + chromiumAudio + chromiumVideo + chromiumSlots + chromiumData

const chromiumSession = `v=0
o=- 2890117309241871245 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2 3 4
a=extmap-allow-mixed
a=msid-semantic: WMS 0c1e6f1e-63a5-4a0e-9a6b-6f8a5e1d2b77
`

const chromiumTransport = `c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 6f2b7c1e-8a0d-4f6e-9d51-7c7b3b0a3f10.local 51837 typ host generation 0 network-id 1
a=candidate:435653019 1 tcp 1518280447 6f2b7c1e-8a0d-4f6e-9d51-7c7b3b0a3f10.local 9 typ host tcptype active generation 0 network-id 1
a=ice-ufrag:Ju7T
a=ice-pwd:0bFqRlTg3m7ArFT2xW3Zb7aZ
a=ice-options:trickle
a=fingerprint:` + fingerprint + `
a=setup:actpass
`

const chromiumAudio = `m=audio 51837 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
` + chromiumTransport + `a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:0c1e6f1e-63a5-4a0e-9a6b-6f8a5e1d2b77 5a2fd2a8-1f6c-4d27-8f4f-b27e2f4cf25f
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:2387126701 cname:U1aJ7eDmYw8kq0Zs
a=ssrc:2387126701 msid:0c1e6f1e-63a5-4a0e-9a6b-6f8a5e1d2b77 5a2fd2a8-1f6c-4d27-8f4f-b27e2f4cf25f
`

const chromiumFormats = `a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 goog-remb
a=rtcp-fb:103 transport-cc
a=rtcp-fb:103 ccm fir
a=rtcp-fb:103 nack
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:45 AV1/90000
a=rtcp-fb:45 transport-cc
a=rtcp-fb:45 nack
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:116 red/90000
a=rtpmap:117 rtx/90000
a=fmtp:117 apt=116
a=rtpmap:118 ulpfec/90000
`

const chromiumExtensions = `a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
`

const chromiumVideo = `m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 45 46 116 117 118
` + chromiumTransport + `a=mid:1
` + chromiumExtensions + `a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00
a=sendonly
a=msid:0c1e6f1e-63a5-4a0e-9a6b-6f8a5e1d2b77 9b9f4f0e-60a4-4d4f-a4a8-4ad2ee3b9f50
` + chromiumFormats + `a=rid:f send
a=rid:h send
a=rid:q send
a=simulcast:send f;h;q
`

const chromiumSlots = `m=audio 9 UDP/TLS/RTP/SAVPF 111
` + chromiumTransport + `a=mid:2
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 45 46 116 117 118
` + chromiumTransport + `a=mid:3
` + chromiumExtensions + `a=recvonly
` + chromiumFormats

const chromiumData = `m=application 9 UDP/DTLS/SCTP webrtc-datachannel
` + chromiumTransport + `a=mid:4
a=sctp-port:5000
a=max-message-size:262144
`
