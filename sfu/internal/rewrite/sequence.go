// Package rewrite makes packets of changing sources look like one continuous
// stream: numbers, timestamps, VP8 picture ids and the RTP header.
package rewrite

const (
	runsKept   = 128  // pieces of the line whose numbers can be traced back
	sentWindow = 1024 // indices up to the newest that may still be sent
	largestGap = 1000 // a longer jump of a source is a restart, not a loss
)

// Sequence maps the numbers of a source to the numbers sent, across changes of
// the source. What is left out leaves no gap, what was lost stays one, so that
// it can be repaired later.
//
// Numbers sent are SRTP indices: roc<<16 | sequence number, 48 bits (RFC 3711
// section 3.3.1). Since the index makes the nonce of the cipher, Map never
// returns one twice, whatever the source does.
//
// What Map needs for a packet in order is in the first 72 bytes and one word of
// sent: two cache lines.
type Sequence struct {
	top   uint64 // newest number of the source, unwrapped
	next  uint64 // index after the newest one mapped
	last  run    // the newest
	made  int    // runs made so far
	begin int    // first run of the present source
	sent  [sentWindow / 64]uint64
	older [runsKept]run
}

// run is a piece in which out − in is constant.
type run struct {
	source   uint32
	firstIn  uint64 // unwrapped
	firstOut uint64
}

// NewSequence returns a sequence whose first index is first. It maps nothing
// before Start.
func NewSequence(first uint64) *Sequence { return &Sequence{next: first} }

// Next returns the index that the next packet in order gets.
func (s *Sequence) Next() uint64 { return s.next }

// Start changes the source: its packet `in` gets the next index, and older
// packets of it are refused. The name of the source is what Back returns.
func (s *Sequence) Start(source uint32, in uint16) {
	s.begin = s.made
	first := 1<<32 | uint64(in) // far from zero, so that late numbers do not wrap
	s.add(run{source: source, firstIn: first, firstOut: s.next})
	s.top = first - 1
}

// Map returns the index for a packet of the present source. It is false for
// what was left out, was mapped before, came before the source started, or is
// 1,024 numbers late or more.
func (s *Sequence) Map(in uint16) (index uint64, ok bool) {
	if s.made == 0 {
		return 0, false
	}
	x := s.unwrap(in)
	if x > s.top+largestGap {
		s.add(run{source: s.at(s.made - 1).source, firstIn: x, firstOut: s.next})
	}
	_, index, ok = s.find(x)
	if !ok || index+sentWindow < s.next {
		return 0, false
	}
	s.top = max(s.top, x)
	return index, s.mark(index)
}

// Newest returns the newest number of the present source that was mapped or
// left out.
func (s *Sequence) Newest() uint16 { return uint16(s.top) }

// Wants tells whether Map would return an index for a packet of the present
// source, without using it up.
func (s *Sequence) Wants(in uint16) bool {
	if s.made == 0 {
		return false
	}
	_, index, ok := s.find(s.unwrap(in))
	if !ok || index+sentWindow < s.next {
		return false
	}
	return index >= s.next || s.sent[index/64%uint64(len(s.sent))]>>(index%64)&1 == 0
}

// Unsent returns how many indices from first up to, but not including, end were
// not returned by Map: gaps that a source left. What is older than 1,024 indices
// counts as sent.
func (s *Sequence) Unsent(first, end uint64) (n int) {
	if s.next > sentWindow {
		first = max(first, s.next-sentWindow)
	}
	for i := first; i < min(end, s.next); i++ {
		if s.sent[i/64%uint64(len(s.sent))]>>(i%64)&1 == 0 {
			n++
		}
	}
	return n
}

// Leave says that a packet of the present source is not sent: the numbers after
// it move up. A packet that came later than a mapped one leaves its gap.
//
// Loss stays a gap here too, up to 999 packets since the last one mapped; more
// are forgotten. A receiver guesses the rollover of an index from the packet
// before (RFC 3711 section 3.3.1) and is lost for good after a jump of 32,768.
func (s *Sequence) Leave(in uint16) {
	if s.made == 0 {
		return
	}
	x := s.unwrap(in)
	if x <= s.top {
		return
	}
	r, index, _ := s.find(x)
	s.top = x
	if x == r.firstIn {
		r.firstIn++
		return
	}
	if index >= s.next+largestGap {
		index = s.next
	}
	s.add(run{source: r.source, firstIn: x + 1, firstOut: index})
}

// Back returns which packet of which source was sent under a number. It is
// false if the number is not of the last 128 pieces of the line, or not of the
// 32,768 numbers up to the newest.
func (s *Sequence) Back(out uint16) (source uint32, in uint16, ok bool) {
	if s.made == 0 || s.next == 0 {
		return 0, 0, false
	}
	newest := s.next - 1
	behind := uint64(uint16(newest) - out)
	if behind > newest || behind > 0x7fff {
		return 0, 0, false
	}
	index := newest - behind
	for i := s.made - 1; i >= max(0, s.made-runsKept); i-- {
		if r := s.at(i); index >= r.firstOut {
			return r.source, uint16(r.firstIn + index - r.firstOut), true
		}
	}
	return 0, 0, false
}

func (s *Sequence) at(i int) *run {
	if i == s.made-1 {
		return &s.last
	}
	return &s.older[i%runsKept]
}

func (s *Sequence) add(r run) {
	if s.made > 0 {
		s.older[(s.made-1)%runsKept] = s.last
	}
	s.last = r
	s.made++
}

func (s *Sequence) unwrap(in uint16) uint64 {
	return s.top + uint64(int64(int16(in-uint16(s.top))))
}

// find returns the run of a number of the present source and its index; false
// if the number was left out or is older than the source.
func (s *Sequence) find(x uint64) (r *run, index uint64, ok bool) {
	limit := ^uint64(0)
	for i := s.made - 1; i >= max(s.begin, s.made-runsKept); i-- {
		r = s.at(i)
		if x >= r.firstIn {
			index = r.firstOut + x - r.firstIn
			return r, index, index < limit
		}
		limit = min(limit, r.firstOut) // a restart goes back over what was left out
	}
	return nil, 0, false
}

// mark notes that an index is used; false if it was used before.
func (s *Sequence) mark(index uint64) bool {
	if index >= s.next+sentWindow {
		clear(s.sent[:])
	} else {
		for i := s.next; i <= index; i++ {
			s.sent[i/64%uint64(len(s.sent))] &^= 1 << (i % 64)
		}
	}
	s.next = max(s.next, index+1)
	word, bit := &s.sent[index/64%uint64(len(s.sent))], uint64(1)<<(index%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
