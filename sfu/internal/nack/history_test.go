package nack

import (
	"bytes"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// body returns size bytes that tell the number.
func body(number uint16, size int) []byte {
	b := bytes.Repeat([]byte{byte(number)}, size)
	if size > 1 {
		b[0] = byte(number >> 8)
	}
	return b
}

func insert(h *History, now mono.Time, number uint16, size int) bool {
	return h.Insert(Entry{Arrived: now, Sequence: number}, body(number, size))
}

// check looks numbers up and expects all of them, or none.
func check(t *testing.T, h *History, now mono.Time, size int, there bool, numbers ...uint16) {
	t.Helper()
	for _, n := range numbers {
		e, b := h.Lookup(now, n)
		if (e != nil) != there || (b != nil) != there {
			t.Errorf("lookup of %d at %v: found %t, want %t", n, time.Duration(now), e != nil, there)
			continue
		}
		if there && (e.Sequence != n || !bytes.Equal(b, body(n, size))) {
			t.Errorf("lookup of %d: got %d with bytes %x, want %x", n, e.Sequence, b, body(n, size))
		}
	}
}

func TestHistoryFindsWhatWasInserted(t *testing.T) {
	h := NewHistory(16, 1000, time.Second)
	check(t, h, 0, 0, false, 0, 1, 65535)
	for _, n := range []uint16{65534, 0, 65535, 1} { // over the wrap, one late
		if !insert(h, 5, n, 20) {
			t.Fatalf("insert of %d refused", n)
		}
	}
	check(t, h, 5, 20, true, 65534, 65535, 0, 1)
	check(t, h, 5, 20, false, 65533, 2, 14, 15, 16, 17) // the last four have a place that is taken
}

func TestHistoryCopies(t *testing.T) {
	h := NewHistory(4, 100, time.Second)
	b := body(7, 10)
	e := Entry{Sequence: 7, Captured: 3}
	e.View.Timestamp = 90
	h.Insert(e, b)
	b[3] ^= 0xff
	check(t, h, 0, 10, true, 7)
	got, _ := h.Lookup(0, 7)
	if *got != e {
		t.Errorf("entry: got %+v, want %+v", *got, e)
	}
}

func TestHistoryRefuses(t *testing.T) {
	h := NewHistory(4, 100, time.Second)
	for _, tt := range []struct {
		name   string
		now    time.Duration
		number uint16
		size   int
		want   bool
	}{
		{"empty", 0, 1, 0, false},
		{"larger than all", 0, 1, 101, false},
		{"as large as all", 0, 1, 100, true},
		{"duplicate", 0, 1, 100, false},
		{"duplicate of another size", time.Second, 1, 1, false},
		{"the same number later", time.Second + 1, 1, 1, true},
		{"the same place, next round", time.Second + 1, 5, 1, true},
		{"one round back", time.Second + 1, 1, 1, true},
	} {
		if got := insert(h, mono.Time(tt.now), tt.number, tt.size); got != tt.want {
			t.Errorf("%s: insert of %d with %d bytes: got %t, want %t", tt.name, tt.number, tt.size, got, tt.want)
		}
	}
}

func TestHistoryForgetsWithTime(t *testing.T) {
	h := NewHistory(4, 100, 200*time.Millisecond)
	insert(h, 1000, 9, 10)
	edge := mono.Time(1000).Add(200 * time.Millisecond)
	check(t, h, edge, 10, true, 9)
	check(t, h, edge+1, 10, false, 9)
}

func TestHistoryMakesRoomInTheRingOfEntries(t *testing.T) {
	h := NewHistory(4, 1000, time.Second)
	for n := uint16(65530); n != 3; n++ { // 9 packets over the wrap
		insert(h, 0, n, 10)
	}
	check(t, h, 0, 10, true, 65535, 0, 1, 2)
	check(t, h, 0, 10, false, 65530, 65531, 65532, 65533, 65534)
}

func TestHistoryMakesRoomInTheRingOfBytes(t *testing.T) {
	h := NewHistory(64, 100, time.Second)
	insert(h, 0, 1, 30)
	insert(h, 0, 2, 30)
	insert(h, 0, 3, 30)
	check(t, h, 0, 30, true, 1, 2, 3)

	insert(h, 0, 4, 30) // 10 bytes are left at the end, so it takes the place of 1
	check(t, h, 0, 30, false, 1)
	check(t, h, 0, 30, true, 2, 3, 4)

	insert(h, 0, 5, 30)
	insert(h, 0, 6, 40) // from 60 to the very end
	check(t, h, 0, 30, false, 2, 3)
	check(t, h, 0, 30, true, 4, 5)
	check(t, h, 0, 40, true, 6)

	insert(h, 0, 7, 31) // one byte of 5 is gone
	check(t, h, 0, 30, false, 4, 5)
	check(t, h, 0, 40, true, 6)
	check(t, h, 0, 31, true, 7)

	insert(h, 0, 8, 100)
	check(t, h, 0, 0, false, 1, 2, 3, 4, 5, 6, 7)
	check(t, h, 0, 100, true, 8)
}

func TestHistoryDoesNotAllocate(t *testing.T) {
	h := NewHistory(256, 100_000, time.Second)
	b := body(1, 1200)
	n := uint16(0)
	if got := testing.AllocsPerRun(1000, func() {
		h.Insert(Entry{Sequence: n, Arrived: mono.Time(n)}, b)
		if e, _ := h.Lookup(mono.Time(n), n); e == nil {
			t.Fatal("not there")
		}
		n++
	}); got != 0 {
		t.Errorf("%v allocations per packet, want 0", got)
	}
}

func BenchmarkHistoryInsert(b *testing.B) {
	h := NewHistory(1024, 1<<20, time.Second)
	pkt, n := body(1, 1180), uint16(0)
	b.ReportAllocs()
	b.SetBytes(int64(len(pkt)))
	for b.Loop() {
		n++
		if !h.Insert(Entry{Sequence: n}, pkt) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkHistoryLookup(b *testing.B) {
	h := NewHistory(1024, 2<<20, time.Second)
	for n := range uint16(1024) {
		insert(h, 0, n, 1180)
	}
	n := uint16(0)
	b.ReportAllocs()
	for b.Loop() {
		n = (n + 1) % 1024
		if e, _ := h.Lookup(0, n); e == nil {
			b.Fatalf("%d is not there", n)
		}
	}
}

func TestHistoryFind(t *testing.T) {
	h := NewHistory(8, 1000, time.Second)
	put := func(n uint16, size int) {
		h.Insert(Entry{Sequence: n, Arrived: mono.Time(n) * mono.Time(time.Millisecond)}, make([]byte, size))
	}
	for _, n := range []uint16{1, 2, 4, 5} {
		put(n, 100)
	}
	for _, tt := range []struct {
		name        string
		number      uint16
		found, gone bool
	}{
		{"there, however old", 1, true, false},
		{"lost", 3, false, false},
		{"not there yet", 6, false, false},
		{"before the first", 0, false, false},
	} {
		if e, _ := h.Find(tt.number); (e != nil) != tt.found || h.Gone(tt.number) != tt.gone {
			t.Errorf("%s: found %v, gone %v", tt.name, e != nil, h.Gone(tt.number))
		}
	}
	put(9, 100) // in the place of 1
	if e, _ := h.Find(1); e != nil || !h.Gone(1) {
		t.Errorf("replaced: found %v, gone %v, want gone", e != nil, h.Gone(1))
	}
	put(10, 900) // over the bytes of all others
	if e, _ := h.Find(4); e != nil || !h.Gone(4) {
		t.Errorf("overwritten: found %v, gone %v, want gone", e != nil, h.Gone(4))
	}
	if h.Gone(3) {
		t.Error("what was lost is said to be gone")
	}
}
