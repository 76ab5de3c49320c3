package report

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// FuzzTransportFeedback plays steps of four bytes: the time since the last one
// in two scales, the distance of the number from the last one, and whether a
// message goes out. pion/rtcp has to read each, and the messages have to name
// exactly the numbers that were pushed, at the times at which they were.
func FuzzTransportFeedback(f *testing.F) {
	f.Add(uint16(7), []byte("\x03\x00\x00\x01\x03\x01\x00\x03\xff\x00\xff\xff\x01\x80\x00\x01"))
	f.Add(uint16(65530), []byte("\xff\x01\x00\x01\xff\x01\x00\x01\xff\x01\x00\x01\xff\x01\x00\x01\xff\x81\xff\xf0\x03\x80\x07\xd0"))
	f.Add(uint16(0), []byte("\x00\x00\x03\xe8\x00\x00\x10\x00\x00\x00\xf8\x00\x00\x80\x00\x00"))
	f.Fuzz(func(t *testing.T, number uint16, steps []byte) {
		f := NewTransportFeedback(0x80000001)
		m := model{arrivals: map[int64]mono.Time{}}
		now := mono.Time(0)
		for ; len(steps) >= 4; steps = steps[4:] {
			unit := 150 * time.Microsecond
			if steps[1]&1 != 0 {
				unit = 40 * time.Millisecond
			}
			now = now.Add(time.Duration(steps[0]) * unit)
			number += uint16(steps[2])<<8 | uint16(steps[3])
			f.Push(now, number)
			m.push(now, number)
			if steps[1]&0x80 != 0 {
				m.check(t, readFeedback(t, f.Append(now, 0x90000002, nil)))
			}
		}
		m.check(t, readFeedback(t, f.Append(now, 0x90000002, nil)))
	})
}

// model knows all arrivals by numbers that do not wrap.
type model struct {
	newest   int64
	arrivals map[int64]mono.Time
	pending  []int64
	messages uint8
}

func (m *model) push(now mono.Time, number uint16) {
	x := m.newest + int64(int16(number-uint16(m.newest)))
	if len(m.arrivals) == 0 {
		x, m.newest = int64(number), int64(number)
	}
	if _, ok := m.arrivals[x]; ok || x < m.newest-arrivalsKept/2 {
		return
	}
	m.arrivals[x] = now
	m.pending = append(m.pending, x)
	m.newest = max(m.newest, x)
}

func (m *model) check(t *testing.T, messages []message) {
	t.Helper()
	next := m.newest + 1 // where the next message starts
	said := map[int64]bool{}
	for i, g := range messages {
		if g.number != m.messages {
			t.Fatalf("message %d, want %d", g.number, m.messages)
		}
		m.messages++
		first := m.newest + int64(int16(g.base-uint16(m.newest)))
		if i > 0 && first < next {
			t.Fatalf("message starts at %d, the one before ended at %d", first, next)
		}
		next = first + int64(g.count)
		for x := first; x < next; x++ {
			got, ok := g.arrivals[uint16(x)]
			at, want := m.arrivals[x]
			if ok != want {
				t.Fatalf("%d: said %t, pushed %t", x, ok, want)
			}
			if ok && off(got, at) >= feedbackUnit {
				t.Fatalf("%d arrived at %v, but %v was said", x, time.Duration(at), got)
			}
			said[x] = true
		}
	}
	if next != m.newest+1 {
		t.Fatalf("messages end at %d, want %d", next-1, m.newest)
	}
	for _, x := range m.pending {
		if !said[x] && x > m.newest-arrivalsKept {
			t.Fatalf("%d arrived, but no message speaks of it", x)
		}
	}
	m.pending = m.pending[:0]
}
