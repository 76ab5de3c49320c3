package rewrite

import (
	"encoding/binary"
	"testing"
)

// traced is a packet that was mapped.
type traced struct {
	source uint32
	in     uint16
	x      int64 // its place in the source, unwrapped by the test itself
	index  uint64
}

// line plays a sequence against what must hold, whatever the sources do.
type line struct {
	t      *testing.T
	s      *Sequence
	source uint32
	begin  int    // first packet of the present source
	top    int64  // newest place in the present source
	first  uint64 // index that the present source began with
	sent   []traced
	used   map[uint64]bool
}

func (l *line) start(in uint16) {
	l.source++
	l.begin, l.top, l.first = len(l.sent), int64(in)-1, l.s.Next()
	l.s.Start(l.source, in)
}

func (l *line) place(in uint16) int64 { return l.top + int64(int16(in-uint16(l.top))) }

func (l *line) leave(in uint16) {
	l.s.Leave(in)
	l.top = max(l.top, l.place(in))
}

func (l *line) send(in uint16) {
	x, next := l.place(in), l.s.Next()
	index, ok := l.s.Map(in)
	if !ok {
		if x > l.top {
			l.t.Fatalf("the newest packet, %d, is refused", in)
		}
		if l.s.Next() != next {
			l.t.Fatalf("refused, but Next went from %d to %d", next, l.s.Next())
		}
		return
	}
	l.top = max(l.top, x)
	if l.used[index] {
		l.t.Fatalf("index %d is used twice", index)
	}
	l.used[index] = true
	if l.s.Next() != max(next, index+1) {
		l.t.Fatalf("Next was %d, %d is mapped, now Next is %d", next, index, l.s.Next())
	}
	if index > next+2*largestGap+1 || index+sentWindow < next {
		l.t.Fatalf("index %d is too far from the next one, %d", index, next)
	}
	p := traced{l.source, in, x, index}
	for _, q := range l.sent[l.begin:] {
		if a, b := x-q.x, int64(index)-int64(q.index); (a < 0) != (b < 0) || max(b, -b) > max(a, -a) {
			l.t.Fatalf("%+v and %+v: another order or further apart", q, p)
		}
	}
	if index < l.first {
		l.t.Fatalf("%+v is among the packets of another source", p)
	}
	l.sent = append(l.sent, p)
}

// back asks for everything that was sent. It must be right, or forgotten
// because of the many pieces or half a round since.
func (l *line) back() {
	for _, p := range l.sent {
		source, in, ok := l.s.Back(uint16(p.index))
		far := l.s.Next()-1-p.index >= 1<<15
		if !ok && (far || l.s.made > runsKept) {
			continue
		}
		if !far && (!ok || source != p.source || in != p.in) {
			l.t.Fatalf("Back(%d): got %d/%d, %t, want %+v", uint16(p.index), source, in, ok, p)
		}
	}
}

func FuzzSequence(f *testing.F) {
	// Three bytes a step: what to do, and how far to go in the source.
	step := func(b ...byte) []byte { return b }
	f.Add(uint16(7), step(0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1))
	f.Add(uint16(65530), step(0, 0, 9, 0, 255, 254, 1, 0, 1, 2, 0, 100, 0, 0, 1, 0, 0, 1))
	f.Add(uint16(0), step(1, 0, 3, 0, 19, 136, 0, 236, 120, 0, 19, 136))
	f.Add(uint16(9), step(0, 3, 232, 1, 3, 232, 1, 3, 232, 1, 3, 232, 0, 0, 1, 0, 252, 24))
	f.Fuzz(func(t *testing.T, first uint16, steps []byte) {
		l := &line{t: t, s: NewSequence(uint64(first)), used: map[uint64]bool{}}
		l.start(first)
		l.send(first)
		for n := 0; len(steps) >= 3 && n < 600; n++ {
			in := uint16(l.top) + binary.BigEndian.Uint16(steps[1:])
			switch steps[0] % 8 {
			case 0, 1, 2, 3, 4:
				l.send(in)
			case 5, 6:
				l.leave(in)
			case 7:
				l.start(in)
			}
			steps = steps[3:]
		}
		l.back()
	})
}
