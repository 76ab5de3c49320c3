package rewrite

import "github.com/switchyard-rtc/switchyard/sfu/internal/packet"

// Numbers continues the frame numbers of dependency descriptors (AV1 RTP,
// appendix A) over changes of the source. Frames name others by their distance,
// so a frame that is left out leaves its gap. The zero value is ready; copies are
// independent.
type Numbers struct {
	newest, offset uint16 // newest sent; out − in
	started        bool
	open           bool // the present source has had no descriptor yet
}

// Start changes the source; f is its first packet, which follows what was sent
// last.
func (n *Numbers) Start(f *packet.Frame) {
	if n.open = !f.Described; n.open {
		return
	}
	if n.started {
		n.offset = n.newest + 1 - f.Number
	}
	n.newest, n.started = f.Number+n.offset, true
}

// Map returns the number to send for a described packet of the present source.
func (n *Numbers) Map(f *packet.Frame) uint16 {
	if n.open {
		n.Start(f)
	}
	out := f.Number + n.offset
	if packet.Newer(out, n.newest) {
		n.newest = out
	}
	return out
}
