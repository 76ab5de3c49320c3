package srtp

import "encoding/binary"

const (
	rtpWindow  = 1024 // packets
	rtcpWindow = 128
	// streamLimit bounds the SSRCs of one Opener, which never forgets one: a
	// window of 136 bytes is what keeps old packets from being replayed. Who
	// turns a camera of three encodings on and off brings six SSRCs each time.
	streamLimit = 1024
)

// Opener authenticates and decrypts what one side receives. It keeps a rollover
// counter and a replay window for each SSRC; they are made and moved only by
// packets whose tag is right. One goroutine at a time.
type Opener struct {
	suite   suite
	streams map[uint32]*window
	rtcp    map[uint32]*window
}

// window is a replay window (RFC 3711 section 3.3.2): a bit for each of the
// newest indices.
type window struct {
	newest uint64
	bits   [rtpWindow / 64]uint64
}

// NewOpener returns an opener for a master key and salt. It fails if their
// lengths do not fit the profile.
func NewOpener(p Profile, key, salt []byte) (*Opener, error) {
	s, err := newSuite(p, key, salt)
	if err != nil {
		return nil, err
	}
	return &Opener{suite: s, streams: make(map[uint32]*window), rtcp: make(map[uint32]*window)}, nil
}

// Streams returns how many SSRCs sent authentic RTP packets so far.
func (o *Opener) Streams() int { return len(o.streams) }

// OpenRTP decrypts a protected RTP packet in place and returns its length in
// the clear. ssrc and number are those of the header, header its length with
// the extension. It fails with [ErrShort], [ErrReplay], [ErrAuth] or
// [ErrTooManyStreams]; then b is undefined behind the header.
func (o *Opener) OpenRTP(b []byte, ssrc uint32, number uint16, header int) (n int, err error) {
	if header < 12 || len(b) < header+o.suite.minRTP() {
		return 0, ErrShort
	}
	s := o.streams[ssrc]
	if s == nil {
		return o.first(b, ssrc, number, header)
	}
	index := estimate(s.newest, number)
	if s.seen(index, rtpWindow) {
		return 0, ErrReplay
	}
	n, ok := o.suite.openRTP(b, header, ssrc, index)
	if !ok {
		return 0, ErrAuth
	}
	s.mark(index)
	return n, nil
}

// first opens a packet of an SSRC that was not heard before: its rollover
// counter is zero.
func (o *Opener) first(b []byte, ssrc uint32, number uint16, header int) (int, error) {
	if len(o.streams) >= streamLimit {
		return 0, ErrTooManyStreams
	}
	n, ok := o.suite.openRTP(b, header, ssrc, uint64(number))
	if !ok {
		return 0, ErrAuth
	}
	s := &window{newest: uint64(number)}
	s.mark(s.newest)
	o.streams[ssrc] = s
	return n, nil
}

// OpenRTCP decrypts a protected compound RTCP packet in place and returns its
// length in the clear. It fails like OpenRTP.
func (o *Opener) OpenRTCP(b []byte) (n int, err error) {
	if len(b) < o.suite.minRTCP() {
		return 0, ErrShort
	}
	ssrc := binary.BigEndian.Uint32(b[4:])
	n, index, ok := o.suite.openRTCP(b, ssrc)
	if !ok {
		return 0, ErrAuth
	}
	w := o.rtcp[ssrc]
	if w == nil {
		if len(o.rtcp) >= streamLimit {
			return 0, ErrTooManyStreams
		}
		w = &window{newest: uint64(index)}
		o.rtcp[ssrc] = w
	} else if w.seen(uint64(index), rtcpWindow) {
		return 0, ErrReplay
	}
	w.mark(uint64(index))
	return n, nil
}

// estimate returns the index of a number, given the newest index (RFC 3711
// section 3.3.1 and appendix A): the one closest to it that is not negative.
func estimate(newest uint64, number uint16) uint64 {
	ahead := int64(int16(number - uint16(newest)))
	if ahead < 0 && uint64(-ahead) > newest {
		return newest + uint64(ahead+1<<16)
	}
	return newest + uint64(ahead)
}

// seen tells whether an index was marked or is older than size.
func (w *window) seen(index uint64, size uint64) bool {
	if index > w.newest {
		return false
	}
	return w.newest-index >= size || w.bits[index/64%uint64(len(w.bits))]&(1<<(index%64)) != 0
}

func (w *window) mark(index uint64) {
	if index >= w.newest+rtpWindow {
		clear(w.bits[:])
		w.newest = index
	}
	for w.newest < index {
		w.newest++
		w.bits[w.newest/64%uint64(len(w.bits))] &^= 1 << (w.newest % 64)
	}
	w.bits[index/64%uint64(len(w.bits))] |= 1 << (index % 64)
}
