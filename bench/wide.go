package bench

import (
	"encoding/binary"

	"github.com/pion/interceptor/pkg/twcc"
)

// FeedbackFigures is about transport-wide feedback of subscribers in the whole
// run (draft-holmer-rmcat-transport-wide-cc-extensions-01).
type FeedbackFigures struct {
	// Members is with how many of them the server agreed on it, of those who
	// were there when the window began, and are neither slow nor sent to a sink.
	Members  int    `json:"members"`
	Messages uint64 `json:"messages"` // sent
	// Packets is how many came that had a transport-wide number.
	Packets uint64 `json:"packets"`
}

// wide notes the transport-wide numbers of what comes to one client, and when it
// came. Guarded by the network's media.
type wide struct {
	id       uint8 // of the header extension
	recorder *twcc.Recorder
	began    int64 // time 0 of the feedback; 0 before the first packet
	figures  *FeedbackFigures
}

func newWide(id uint8, f *FeedbackFigures) *wide {
	return &wide{id: id, recorder: twcc.NewRecorder(randomSSRC()), figures: f}
}

// note takes in a packet, whose header is in the clear.
func (w *wide) note(b []byte, ssrc uint32, arrived int64) {
	v := element(b, w.id)
	if len(v) != 2 {
		return
	}
	if w.began == 0 {
		w.began = arrived - 1e9 // stamps of the kernel may be out of order
	}
	w.recorder.Record(ssrc, binary.BigEndian.Uint16(v), (arrived-w.began)/1000)
	w.figures.Packets++
}

// feedback sends what is to be told. Nothing came, nothing is told.
func (w *wide) feedback(c *reporting) {
	for _, p := range w.recorder.BuildFeedbackPacket() {
		c.send(p)
		w.figures.Messages++
	}
}

// element returns a header extension of an RTP packet with a whole header, in
// either form of RFC 8285; nil if it has none of that id.
func element(b []byte, id uint8) []byte {
	at := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 == 0 || id == 0 {
		return nil
	}
	profile := binary.BigEndian.Uint16(b[at:])
	x := b[at+4:][:4*int(binary.BigEndian.Uint16(b[at+2:]))]
	short := profile == 0xbede
	if !short && profile>>4 != 0x100 {
		return nil
	}
	for len(x) > 1 {
		found, size, head := x[0], int(x[1]), 2
		if short {
			found, size, head = x[0]>>4, int(x[0]&0x0f)+1, 1
		}
		switch {
		case x[0] == 0: // padding
			x = x[1:]
			continue
		case short && found == 15, head+size > len(x):
			return nil
		case found == id:
			return x[head : head+size]
		}
		x = x[head+size:]
	}
	return nil
}
