package codec

// MaxAllocated is how many streams an allocation has at the most, how many
// spatial layers each of them, and how many temporal layers those.
const MaxAllocated = 4

// Allocation is what an encoder means to send of one source: the element of the
// header extension video-layers-allocation00. The zero value sends nothing.
type Allocation struct {
	// Stream is the index of the stream that told it, among those of the source.
	Stream uint8
	// Streams is how many there are, of which some may have no layer.
	Streams uint8
	Layers  [MaxAllocated][MaxAllocated]Allocated // by stream and spatial layer
}

// Allocated is a spatial layer of a stream; the zero value is not sent.
type Allocated struct {
	// Temporal is how many temporal layers it has, 1 to 4; 0 if it is not sent.
	Temporal uint8
	// FrameRate is the most frames per second; 0 with the size if not told.
	FrameRate     uint8
	Width, Height uint16
	// Bitrates, in kbit/s, are those up to each temporal layer, without those of
	// other spatial layers.
	Bitrates [MaxAllocated]uint32
}

// ReadAllocation reads the element; false means that it is cut off.
func ReadAllocation(b []byte) (a Allocation, ok bool) {
	if len(b) == 0 {
		return a, false
	}
	a.Stream, a.Streams = b[0]>>6, b[0]>>4&0x03+1
	if len(b) == 1 && b[0] == 0 {
		return Allocation{}, true // nothing is sent
	}
	r := bitReader{b: b, at: 8}
	layers := a.active(&r, b[0]&0x0f)
	for _, l := range layers[:a.count()] {
		l.Temporal = uint8(r.bits(2)) + 1
	}
	r.align()
	for _, l := range layers[:a.count()] {
		for t := range l.Temporal {
			l.Bitrates[t] = r.leb128()
		}
	}
	if r.short {
		return Allocation{}, false
	}
	if len(b)-r.at/8 >= 5*a.count() {
		for _, l := range layers[:a.count()] {
			l.Width, l.Height = uint16(r.bits(16)+1), uint16(r.bits(16)+1)
			l.FrameRate = uint8(r.bits(8))
		}
	}
	return a, true
}

// active reads which spatial layers are sent: the same ones of all streams if
// common is not zero, else each stream has four bits. They are marked and listed
// in the order of everything that follows.
func (a *Allocation) active(r *bitReader, common byte) (list [MaxAllocated * MaxAllocated]*Allocated) {
	n := 0
	for s := range a.Streams {
		mask := uint32(common)
		if common == 0 {
			mask = r.bits(4)
		}
		for i := range a.Layers[s] {
			if mask>>i&1 != 0 {
				list[n] = &a.Layers[s][i]
				list[n].Temporal = 1
				n++
			}
		}
	}
	r.align()
	return list
}

// count returns how many spatial layers are sent.
func (a *Allocation) count() (n int) {
	for s := range a.Layers {
		for i := range a.Layers[s] {
			if a.Layers[s][i].Temporal > 0 {
				n++
			}
		}
	}
	return n
}

// Top returns the highest spatial layer of a stream that is sent, and which one
// it is; nil if none is.
func (a *Allocation) Top(stream int) (l *Allocated, spatial uint8) {
	if stream < 0 || stream >= MaxAllocated {
		return nil, 0
	}
	for i := range a.Layers[stream] {
		if x := &a.Layers[stream][i]; x.Temporal > 0 {
			l, spatial = x, uint8(i)
		}
	}
	return l, spatial
}
