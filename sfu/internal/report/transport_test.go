package report

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// message is what one feedback message says, as pion/rtcp reads it.
type message struct {
	base, count uint16
	number      uint8
	arrivals    map[uint16]time.Duration // modulo 2^24 units of 64 ms
}

const era = 1 << 24 * referenceUnit

func readFeedback(t *testing.T, b []byte) (out []message) {
	t.Helper()
	if len(b) == 0 {
		return nil
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatalf("pion/rtcp cannot read %x: %v", b, err)
	}
	for _, p := range packets {
		cc, ok := p.(*rtcp.TransportLayerCC)
		if !ok || cc.SenderSSRC != 0x80000001 || cc.MediaSSRC != 0x90000002 {
			t.Fatalf("got %v, want transport-wide feedback of 0x80000001 about 0x90000002", p)
		}
		if n := 4 * (int(cc.Header.Length) + 1); n > 1100 {
			t.Fatalf("message of %d bytes", n)
		}
		m := message{base: cc.BaseSequenceNumber, count: cc.PacketStatusCount, number: cc.FbPktCount, arrivals: map[uint16]time.Duration{}}
		at := time.Duration(cc.ReferenceTime) * referenceUnit
		deltas := cc.RecvDeltas
		for i, s := range symbols(cc.PacketChunks)[:m.count] {
			if s == rtcp.TypeTCCPacketNotReceived {
				continue
			}
			at += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
			m.arrivals[m.base+uint16(i)] = at
		}
		out = append(out, m)
	}
	return out
}

func symbols(chunks []rtcp.PacketStatusChunk) (out []uint16) {
	for _, c := range chunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			out = append(out, slices.Repeat([]uint16{c.PacketStatusSymbol}, int(c.RunLength))...)
		case *rtcp.StatusVectorChunk:
			out = append(out, c.SymbolList...)
		}
	}
	return out
}

// off tells by how much an arrival that was read differs from the true one.
func off(got time.Duration, want mono.Time) time.Duration {
	d := (got - time.Duration(want)) % era
	switch {
	case d > era/2:
		d -= era
	case d < -era/2:
		d += era
	}
	return d.Abs()
}

type pushed struct {
	number uint16
	at     time.Duration
}

func TestTransportFeedback(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		in   []pushed
		want string // numbers of each message in order, - for what did not arrive
	}{
		{"nothing", nil, "[]"},
		{"one", []pushed{{7, 100 * ms}}, "[[7]]"},
		{"at the start of time", []pushed{{7, 0}, {8, 0}}, "[[7 8]]"},
		{"a loss", []pushed{{7, 100 * ms}, {9, 101 * ms}}, "[[7 - 9]]"},
		{"late", []pushed{{7, 100 * ms}, {9, 101 * ms}, {8, 102 * ms}}, "[[7 8 9]]"},
		{"before the first", []pushed{{7, 100 * ms}, {5, 101 * ms}}, "[[5 - 7]]"},
		{"duplicate", []pushed{{7, 100 * ms}, {7, 300 * ms}}, "[[7]]"},
		{"over the wrap", []pushed{{65534, 100 * ms}, {0, 101 * ms}, {1, 110 * ms}}, "[[65534 - 0 1]]"},
		{"large deltas", []pushed{{7, 100 * ms}, {8, 164 * ms}, {9, 8000 * ms}, {10, 8000 * ms}}, "[[7 8 9 10]]"},
		{"a pause of ten seconds", []pushed{{7, 100 * ms}, {8, 10100 * ms}}, "[[7] [8]]"},
		{"a pause with a loss", []pushed{{7, 100 * ms}, {9, 10100 * ms}}, "[[7 -] [9]]"},
		{"ten seconds out of order", []pushed{{8, 100 * ms}, {7, 10100 * ms}}, "[[7] [8]]"},
		{"eight runs and vectors", []pushed{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {8, 100 * ms}, {9, 100 * ms}}, "[[0 1 2 3 4 5 6 - 8 9]]"},
		{"a full vector", []pushed{{0, 1}, {2, 2}, {4, 3}, {6, 100 * ms}, {7, 4}, {9, 5}}, "[[0 - 2 - 4 - 6 7 - 9]]"},
		{"beyond 12 days", []pushed{{7, era + 100*ms}, {8, era + 101*ms}}, "[[7 8]]"},
		{"a long gap in front", []pushed{{7, 100 * ms}, {2007, 101 * ms}}, "[[7 -*999] [-*999 2007]]"},
		{"a jump beyond what is kept", []pushed{{7, 100 * ms}, {8007, 101 * ms}}, "[[-*999 8007]]"},
		{"older than what is kept", []pushed{{7000, 100 * ms}, {7000 - 2049, 101 * ms}}, "[[7000]]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := NewTransportFeedback(0x80000001)
			at := map[uint16]time.Duration{}
			for _, p := range tt.in {
				f.Push(mono.Time(p.at), p.number)
				if _, ok := at[p.number]; !ok {
					at[p.number] = p.at
				}
			}
			var got [][]string
			for _, m := range readFeedback(t, f.Append(0, 0x90000002, nil)) {
				got = append(got, spell(t, m, at))
			}
			if s := fmt.Sprint(got); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

// spell returns what a message says, with long gaps counted, and checks times.
func spell(t *testing.T, m message, at map[uint16]time.Duration) (out []string) {
	gap := 0
	for i := range m.count {
		n := m.base + i
		got, ok := m.arrivals[n]
		if !ok {
			gap++
			continue
		}
		out = append(out, dashes(gap)...)
		gap = 0
		out = append(out, fmt.Sprint(n))
		if d := off(got, mono.Time(at[n])); d >= feedbackUnit {
			t.Errorf("%d arrived at %v, but %v was said", n, at[n], got)
		}
	}
	return append(out, dashes(gap)...)
}

func dashes(n int) []string {
	if n > 5 {
		return []string{fmt.Sprintf("-*%d", n)}
	}
	return slices.Repeat([]string{"-"}, n)
}

func TestTransportFeedbackGoesOutAfterAWhile(t *testing.T) {
	f := NewTransportFeedback(1)
	if got := f.Deadline(); got != mono.Never {
		t.Errorf("new: deadline %v, want Never", got)
	}
	f.Push(1000, 7)
	f.Push(2000, 8)
	if got, want := f.Deadline(), mono.Time(1000).Add(feedbackEvery); got != want {
		t.Errorf("deadline %v, want %v", got, want)
	}
	if b := f.Append(f.Deadline(), 2, nil); len(b) == 0 || f.Deadline() != mono.Never {
		t.Errorf("appended %x, deadline %v, want something and Never", b, f.Deadline())
	}
	if b := f.Append(0, 2, []byte{1}); len(b) != 1 {
		t.Errorf("appended %x when all was said", b)
	}
	f.Push(3000, 8)
	if got := f.Deadline(); got != mono.Never {
		t.Errorf("duplicate: deadline %v, want Never", got)
	}
}

// The messages are numbered, say on where the one before ended, and say what
// follows a late packet again.
func TestTransportFeedbackGoesOn(t *testing.T) {
	f := NewTransportFeedback(0x80000001)
	for i, tt := range []struct {
		push        []uint16
		base, count uint16
	}{
		{[]uint16{10, 11}, 10, 2},
		{[]uint16{12}, 12, 1},
		{[]uint16{15}, 13, 3},
		{[]uint16{14}, 14, 2},
		{[]uint16{13, 16}, 13, 4},
	} {
		for _, n := range tt.push {
			f.Push(mono.Time(i+1)*1e6, n)
		}
		got := readFeedback(t, f.Append(0, 0x90000002, nil))
		if len(got) != 1 || got[0].base != tt.base || got[0].count != tt.count || got[0].number != uint8(i) {
			t.Errorf("after %v: got %+v, want %d numbers from %d in message %d", tt.push, got, tt.count, tt.base, i)
		}
	}
}

// A message ends before it is too large, and the next one goes on.
func TestTransportFeedbackSplits(t *testing.T) {
	for _, tt := range []struct {
		name string
		gap  time.Duration
		step int
	}{
		{"small deltas", time.Millisecond, 1},
		{"large deltas", 70 * time.Millisecond, 1},
		{"small deltas with loss", time.Millisecond, 2},
		{"large deltas with loss", 70 * time.Millisecond, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := NewTransportFeedback(0x80000001)
			const n = 1900
			for i := range n {
				f.Push(mono.Time(i)*mono.Time(tt.gap), uint16(i*tt.step))
			}
			named := 0
			next := uint16(0)
			for _, m := range readFeedback(t, f.Append(0, 0x90000002, nil)) {
				if m.base != next {
					t.Fatalf("message starts at %d, want %d", m.base, next)
				}
				next += m.count
				for number, got := range m.arrivals {
					if want := mono.Time(int(number)/tt.step) * mono.Time(tt.gap); off(got, want) >= feedbackUnit {
						t.Fatalf("%d arrived at %v, but %v was said", number, time.Duration(want), got)
					}
				}
				named += len(m.arrivals)
			}
			if named != n {
				t.Errorf("%d numbers named, want %d", named, n)
			}
		})
	}
}

func TestTransportFeedbackDoesNotAllocate(t *testing.T) {
	f := NewTransportFeedback(1)
	b, n := make([]byte, 0, 4000), uint16(0)
	if got := testing.AllocsPerRun(1000, func() {
		for range 50 {
			n += 1 + n%3
			f.Push(mono.Time(n)*1e6, n)
		}
		b = f.Append(0, 2, b[:0])
	}); got != 0 {
		t.Errorf("%v allocations per message, want 0", got)
	}
}
