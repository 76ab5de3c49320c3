package pionpc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Whatever an offer says, readOffer refuses it as a bad description or leaves
// something that readSection makes sense of, whatever part pion would answer.
func FuzzReadOffer(f *testing.F) {
	f.Add(crlf(chromium))
	f.Add(offer(camera, microphone, channel))
	f.Add(offer(with(camera, "a=sendonly", "a=recvonly\n")))
	f.Add(offer(with(camera, "a=ssrc-group:FID 1001 1002", "a=ssrc-group:FID 1002 1001\na=ssrc-group:FID 1001 1001\n")))
	f.Add(strings.Replace(offer(camera), "a=rtcp-mux", "a=x:\ra=candidate:1 1 udp 1 10.0.0.1 9 typ host", 1))
	f.Add("v=0\r\no=- 0 0 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=audio 0 X 0\r\na=mid:0\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := readOffer(text)
		if err != nil {
			if !errors.Is(err, ErrBadDescription) {
				t.Errorf("error %v, want ErrBadDescription", err)
			}
			return
		}
		checkNoCandidates(t, d)
		mids, ssrcs := make(map[string]bool), make(map[uint32]bool)
		for _, m := range d.MediaDescriptions {
			s := readSection(m, m)
			checkConsistent(t, s)
			if mids[s.MID] {
				t.Errorf("mid %q twice", s.MID)
			}
			mids[s.MID] = true
			for _, st := range s.Streams {
				if st.SSRC == 0 || ssrcs[st.SSRC] || st.RTX != 0 && ssrcs[st.RTX] || st.SSRC == st.RTX {
					t.Errorf("section %q: stream %+v is zero or not the only one", s.MID, st)
				}
				ssrcs[st.SSRC], ssrcs[st.RTX] = true, true
			}
		}
	})
}

// checkNoCandidates reads a description as pion will, from its text.
func checkNoCandidates(t *testing.T, d *sdp.SessionDescription) {
	t.Helper()
	left, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again := sdp.SessionDescription{}
	if again.Unmarshal(left) != nil {
		return // refused
	}
	lists := [][]sdp.Attribute{again.Attributes}
	for _, m := range again.MediaDescriptions {
		lists = append(lists, m.Attributes)
	}
	for _, a := range slices.Concat(lists...) {
		if a.Key == "candidate" || a.Key == "remote-candidates" {
			t.Errorf("candidate %q is left", a.Value)
		}
	}
}

// checkConsistent checks what the rest of the server takes for granted.
func checkConsistent(t *testing.T, s Section) {
	t.Helper()
	if s.MID == "" || len(s.MID) > 16 || strings.ContainsAny(s.MID, " \r\n") {
		t.Errorf("mid %q", s.MID)
	}
	if (s.Role == RoleNone || s.Role == RoleData) && (len(s.Codecs) > 0 || len(s.Streams) > 0 || len(s.RIDs) > 0) {
		t.Errorf("section %+v has media, want none", s)
	}
	if s.Role == RoleSlot && len(s.Streams)+len(s.RIDs) > 0 {
		t.Errorf("slot %+v has streams of a publication", s)
	}
	roles := make(map[uint8]string)
	for _, c := range s.Codecs {
		if c.PayloadType > 127 || c.RTX > 127 || c.ClockRate == 0 || c.Codec == packet.CodecUnknown {
			t.Errorf("section %q: codec %+v", s.MID, c)
		}
		if roles[c.PayloadType] != "" || c.RTX != 0 && roles[c.RTX] == "codec" {
			t.Errorf("section %q: a payload type of %+v is used twice", s.MID, c)
		}
		roles[c.PayloadType] = "codec"
		if c.RTX != 0 {
			roles[c.RTX] = "rtx"
		}
	}
	for e, id := range s.Extensions {
		if id == 15 {
			t.Errorf("section %q: extension %d has id 15", s.MID, e)
		}
	}
	if len(s.RIDs) > 0 && len(s.Streams) > 0 || len(s.RIDs) > mostRIDs || len(s.Streams) > mostSSRCs {
		t.Errorf("section %q: RIDs %q, streams %v", s.MID, s.RIDs, s.Streams)
	}
}

// A datagram that a stranger sends neither panics nor leaves anything behind.
func FuzzDeliver(f *testing.F) {
	f.Add([]byte{})
	f.Add(binding(f, "known", "a wrong password, 22+ chars", 1))
	f.Add(binding(f, "known", password, 2))
	f.Add(binding(f, "unknown", password, 3))
	f.Add([]byte{22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > datagramSize {
			return
		}
		c := newConn(MuxConfig{Heard: noHeard, Authenticated: asleep})
		c.owners.expect("known", password)
		c.deliver(b, here, there)
		if len(c.queue) > 0 {
			d := <-c.queue
			c.settle(d.b[:d.n], d.local, d.remote)
		}
		k, ok := readCheck(b)
		genuine := ok && k.ufrag == "known" && c.owners.agents["known"].password.Check(&k.message) == nil
		if st := c.stats(); !genuine && (len(c.owners.routes) > 0 || st.Strangers+st.MediaRead == 0) {
			t.Errorf("% x: routes %v, stats %+v; want none, and it counted", b, c.owners.routes, st)
		}
	})
}
