package bench

import "testing"

// What a subscription should have brought, by what came and when it was there.
// The window is from serial 10 to 19.
func TestExpected(t *testing.T) {
	span := func(from, to uint32) (list []uint32) {
		for n := from; n <= to; n++ {
			list = append(list, n)
		}
		return list
	}
	for _, tt := range []struct {
		name               string
		came               []uint32
		fromStart, toEnd   bool
		expected, received uint64
	}{
		{"all", span(0, 25), true, true, 10, 10},
		{"some", append(span(0, 12), 15, 18), true, true, 10, 5},
		{"nothing", nil, true, true, 10, 0},
		{"nothing, and was not there", nil, false, false, 0, 0},
		{"from 13 on", append(span(13, 17), 21), false, true, 7, 5},
		{"until 16", append(span(5, 14), 16), true, false, 7, 6},
		{"from 12 until 16", []uint32{12, 14, 16}, false, false, 5, 3},
		{"before the window alone", span(0, 9), true, false, 0, 0},
	} {
		tr := &track{counted: 10}
		tr.bounds.opens.Store(11)
		tr.bounds.closes.Store(21)
		p := &publication{tracks: []*track{tr}}
		tr.publication = p
		r := &reception{encodings: make([]*arrivals, 1)}
		arrive(r, tr, tt.came)
		got := r.expected(p, tt.fromStart, tt.toEnd)[0]
		if received := r.sum(); got != tt.expected || received != tt.received {
			t.Errorf("%s: %d of %d, want %d of %d", tt.name, received, got, tt.received, tt.expected)
		}
	}
}

// arrive lets serials of a track arrive.
func arrive(r *reception, t *track, serials []uint32) {
	for _, n := range serials {
		a, at := r.of(t), t.bounds.place(n)
		r.turn(t)
		a.push(n)
		a.note(n, at)
		if at == inside {
			a.received++
		}
	}
}

func (r *reception) sum() (n uint64) {
	for _, a := range r.encodings {
		if a != nil {
			n += a.received
		}
	}
	return n
}

// Where the server changes the encoding, each is expected for as long as it was
// sent.
func TestExpectedOfEncodings(t *testing.T) {
	p := &publication{}
	for i := range 2 {
		tr := &track{publication: p, encoding: i, counted: 100}
		tr.bounds.opens.Store(101)
		tr.bounds.closes.Store(201)
		p.tracks = append(p.tracks, tr)
	}
	r := &reception{encodings: make([]*arrivals, 2)}
	arrive(r, p.tracks[0], []uint32{98, 99, 102}) // since before the window: 100 to 102
	arrive(r, p.tracks[1], []uint32{150, 152})    // 3
	arrive(r, p.tracks[0], []uint32{160, 170})    // to the end: 160 to 199
	if got := r.expected(p, true, true); got[0] != 3+40 || got[1] != 3 {
		t.Errorf("expected %v, want 43 and 3", got)
	}
	if got := r.expected(p, true, false); got[0] != 3+11 {
		t.Errorf("who left expects %v, want 14", got)
	}
}

func TestBounds(t *testing.T) {
	var b bounds
	w := &window{}
	if b.sent(0, 5, w) || b.place(0) != before {
		t.Error("counted without a window")
	}
	w.end.Store(20)
	w.start.Store(10)
	for serial, at := range []int64{9, 10, 19, 20, 21} {
		counts := b.sent(uint32(serial), at, w)
		if want := at >= 10 && at < 20; counts != want || (b.place(uint32(serial)) == inside) != want {
			t.Errorf("at %d: counts %v, place %v", at, counts, b.place(uint32(serial)))
		}
	}
	if first, end := b.serials(); first != 1 || end != 3 || b.place(0) != before || b.place(4) != after {
		t.Errorf("from %d to %d", first, end)
	}
	b.end(9)
	if _, end := b.serials(); end != 3 {
		t.Errorf("the end moved to %d", end)
	}
}
