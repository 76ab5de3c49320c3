package layer

// What a publication has at the most; what is above counts to the highest.
const (
	MaxEncodings = 8
	MaxSpatial   = 4
	MaxTemporal  = 4
)

// The size that the largest encoding is taken to have as long as no size is
// known.
const (
	usualWidth  = 1280
	usualHeight = 720
)

// Encoding is what is known of one.
type Encoding struct {
	Known         bool   // something of it was received
	Live          bool   // it is being received
	Width, Height uint16 // of its highest spatial layer, in pixels; 0 = not known
	Spatial       uint8  // its highest layers
	Temporal      uint8
	// Bitrates, in bit/s, and FrameRates, per second, of the layers up to each, as
	// they were measured; 0 = not known.
	Bitrates   [MaxSpatial]int64
	FrameRates [MaxTemporal]uint16
	// Targets, in bit/s, are what the publisher says that it means to spend on the
	// spatial layers up to each; 0 = not told.
	Targets [MaxSpatial]int64
}

// Ladder orders the pictures of a publication by size, from the smallest: each
// spatial layer of each encoding is one rung. It does not change once made; the
// zero value has no rung.
type Ladder struct {
	rungs   [MaxEncodings * MaxSpatial]rung
	n       int
	unknown uint8 // encodings of which nothing was received
}

type rung struct {
	encoding      int8
	spatial       uint8
	highest       bool // of its encoding
	live          bool
	guessed       bool  // the size
	top           uint8 // temporal layer
	width, height uint16
	bitrate       int64
	target        int64
	rates         [MaxTemporal]uint16
}

// NewLadder returns the ladder of at most MaxEncodings encodings. They are
// ordered by size if that is known of all, else by bit rate; of two that are
// equal the first one is the higher. Where a size is not known, an encoding has
// half of the width and height of the next larger one, and the lower spatial
// layers always have.
func NewLadder(list []Encoding) *Ladder {
	l := &Ladder{}
	var order [MaxEncodings]int8
	n := 0
	sized := true
	for i := range list {
		if !list[i].Known {
			l.unknown |= 1 << i
			continue
		}
		sized = sized && list[i].Width > 0
		order[n] = int8(i)
		n++
	}
	sort(order[:n], list, sized)
	width, height, guessed := guess(order[:n], list)
	for i, e := range order[:n] {
		x := list[e]
		if x.Width == 0 {
			x.Width, x.Height = width>>(n-1-i), height>>(n-1-i)
		}
		l.add(e, &x, guessed)
	}
	return l
}

// sort orders encodings from the lowest; there are few.
func sort(order []int8, list []Encoding, sized bool) {
	for i := range order {
		for k := i; k > 0 && list[order[k]].below(&list[order[k-1]], sized); k-- {
			order[k], order[k-1] = order[k-1], order[k]
		}
	}
}

// below tells whether e is lower than an encoding that comes before it.
func (e *Encoding) below(x *Encoding, sized bool) bool {
	if a, b := int(e.Width)*int(e.Height), int(x.Width)*int(x.Height); sized && a != b {
		return a < b
	}
	return e.Bitrates[e.Spatial%MaxSpatial] <= x.Bitrates[x.Spatial%MaxSpatial]
}

// guess returns the size of the largest encoding, from the largest whose size is
// known. It is no more than a guess if there is none.
func guess(order []int8, list []Encoding) (width, height uint16, guessed bool) {
	for i := len(order) - 1; i >= 0; i-- {
		if e := &list[order[i]]; e.Width > 0 {
			up := len(order) - 1 - i
			return uint16(min(int(e.Width)<<up, 0xffff)), uint16(min(int(e.Height)<<up, 0xffff)), false
		}
	}
	return usualWidth, usualHeight, true
}

// add puts the spatial layers of an encoding on top.
func (l *Ladder) add(index int8, e *Encoding, guessed bool) {
	top := min(e.Spatial, MaxSpatial-1)
	for s := range top + 1 {
		l.rungs[l.n] = rung{
			encoding: index, spatial: s, highest: s == top, live: e.Live, guessed: guessed, rates: e.FrameRates, top: e.Temporal,
			width: e.Width >> (top - s), height: e.Height >> (top - s), bitrate: e.Bitrates[s],
			target: e.Targets[s],
		}
		l.n++
	}
}

// Picture is one rung as others see it.
type Picture struct {
	Place         int    // 0 for the smallest
	Width, Height uint16 // in pixels; 0 if the size of no encoding is known
	Temporal      uint8  // highest layer of its encoding
	Live          bool
	Encoding      int8
	// Bitrate, in bit/s, is what came lately of the layer and the lower ones of its
	// encoding, and Target what the publisher means to send; 0 = not known.
	Bitrate, Target int64
	FrameRate       uint16 // per second, measured; 0 = not known
}

// Picture returns what a layer of an encoding looks like. It is false for an
// encoding that is not known.
func (l *Ladder) Picture(encoding int8, spatial uint8) (Picture, bool) {
	for i := range l.rungs[:l.n] {
		if r := &l.rungs[i]; r.encoding == encoding && (r.spatial == spatial || r.highest) {
			return l.at(i), true
		}
	}
	return Picture{}, false
}

// Len returns how many pictures there are to choose from.
func (l *Ladder) Len() int { return l.n }

// Pictures goes through all rungs, from the smallest.
func (l *Ladder) Pictures(yield func(Picture) bool) {
	for i := range l.n {
		if !yield(l.at(i)) {
			return
		}
	}
}

func (l *Ladder) at(i int) Picture {
	r := &l.rungs[i]
	p := Picture{
		Place: i, Width: r.width, Height: r.height, Temporal: r.top, Live: r.live, Encoding: r.encoding,
		Bitrate: r.bitrate, Target: r.target, FrameRate: r.rates[MaxTemporal-1],
	}
	if r.guessed {
		p.Width, p.Height = 0, 0
	}
	return p
}

// Empty tells whether nothing is known of the publication yet.
func (l *Ladder) Empty() bool { return l.n == 0 }
