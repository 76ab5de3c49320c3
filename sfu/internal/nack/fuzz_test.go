package nack

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// oracle says what a Generator has to do, with numbers that do not wrap, no
// bit masks and no memory to save.
type oracle struct {
	cfg     Config
	newest  int64
	floor   int64 // what is below counts as seen
	seen    map[int64]bool
	missing []*request // oldest first
	lost    int
}

type request struct {
	number int64
	tries  int
	first  mono.Time // when it was asked for
	due    mono.Time
}

func (o *oracle) push(now mono.Time, number uint16) bool {
	x := o.newest + int64(int16(number-uint16(o.newest)))
	switch {
	case o.seen == nil || x > o.newest+largestGap:
		o.newest, o.floor, o.missing = x, x, nil
		o.seen = map[int64]bool{x: true}
		return true
	case x <= o.newest-window || x < o.floor || o.seen[x]:
		return false
	}
	o.seen[x] = true
	o.drop(func(r *request) bool { return r.number == x })
	for n := o.newest + 1; n < x; n++ {
		if len(o.missing) == mostMissing {
			o.missing = o.missing[1:]
			o.lost++
		}
		o.missing = append(o.missing, &request{number: n, due: now.Add(o.cfg.Wait)})
	}
	o.newest = max(o.newest, x)
	o.lost += o.drop(func(r *request) bool { return r.number <= o.newest-window })
	return true
}

func (o *oracle) drop(f func(*request) bool) int {
	n := len(o.missing)
	o.missing = slices.DeleteFunc(o.missing, f)
	return n - len(o.missing)
}

func (o *oracle) poll(now mono.Time, rtt time.Duration) (out []uint16) {
	o.lost += o.drop(func(r *request) bool { return r.due <= now && r.tries == o.cfg.Tries })
	for _, r := range o.missing {
		if r.due <= now {
			if r.tries++; r.tries == 1 {
				r.first = now
			}
			if r.due = now.Add(max(rtt, o.cfg.Wait)); r.due > r.first.Add(o.cfg.Keep) {
				r.tries = o.cfg.Tries // senders will have forgotten it
			}
			out = append(out, uint16(r.number))
		}
	}
	return out
}

func (o *oracle) deadline() mono.Time {
	due := mono.Never
	for _, r := range o.missing {
		due = min(due, r.due)
	}
	return due
}

// FuzzGenerator plays steps of three bytes: a push whose number is given by its
// distance from the one before, or a poll with a round trip.
func FuzzGenerator(f *testing.F) {
	f.Add(uint16(10), []byte("\x01\x00\x01\x01\x00\x03\x0a\x80\x28\x01\xff\xff\x28\x80\x28"))
	f.Add(uint16(65533), []byte("\x00\x00\x00\x00\x00\x05\x14\x80\x00\x00\xff\xfd"))
	f.Add(uint16(0), []byte("\x00\x03\xe8\x00\x03\xe8\x0a\x80\x00\x00\x03\xe9\x0a\x80\x00"))
	f.Add(uint16(7), []byte("\x00\x00\x02\x00\x03\xff\x0a\x80\x00\x00\x00\x01\x0a\x80\x00\x0a\x80\x00"))
	f.Fuzz(func(t *testing.T, number uint16, steps []byte) {
		cfg := Config{Wait: 10 * time.Millisecond, Tries: 3, Keep: time.Second}
		g, o := New(cfg), oracle{cfg: cfg}
		now := mono.Time(0)
		for ; len(steps) >= 3; steps = steps[3:] {
			now = now.Add(time.Duration(steps[0]) * time.Millisecond)
			if steps[1]&0xc0 == 0x80 {
				rtt := time.Duration(steps[2]) * time.Millisecond
				got, want := g.Poll(now, rtt, nil), o.poll(now, rtt)
				if !slices.Equal(got, want) {
					t.Fatalf("poll at %v: got %v, want %v", now, got, want)
				}
				if g.Deadline() != o.deadline() {
					t.Fatalf("deadline after a poll: got %v, want %v", g.Deadline(), o.deadline())
				}
				if got, want := g.Lost(), o.lost; got != want {
					t.Fatalf("lost: got %d, want %d", got, want)
				}
				o.lost = 0
				continue
			}
			number += uint16(steps[1])<<8 | uint16(steps[2])
			if got, want := g.Push(now, number), o.push(now, number); got != want {
				t.Fatalf("push of %d: got %t, want %t", number, got, want)
			}
			if g.Deadline() > o.deadline() {
				t.Fatalf("deadline after a push: got %v, want at most %v", g.Deadline(), o.deadline())
			}
		}
	})
}

// FuzzHistory plays steps of three bytes: number, size and time of an insert.
// After each, all numbers are looked up: what is there has to be what was
// inserted, and what must not have made room has to be there.
func FuzzHistory(f *testing.F) {
	f.Add([]byte("\x01\x0a\x00\x02\x0a\x00\x03\x0a\x00\x01\x0a\x00\x11\x0a\x00"))
	f.Add([]byte("\x01\x3c\x00\x02\x3c\x00\x03\x64\x01\x04\x65\x00\x05\x00\x00"))
	f.Add([]byte("\x01\x14\xff\x01\x14\xff\x01\x14\xff"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		const packets, size, keep = 16, 100, 50 * time.Millisecond
		type kept struct {
			b       []byte
			arrived mono.Time
			room    int // bytes inserted since its first one
			skipped int // at most so many were left out at the end of the ring
		}
		h := NewHistory(packets, size, keep)
		model := map[uint16]*kept{} // without what was displaced by number
		now := mono.Time(0)
		for i := 0; i+3 <= len(steps); i += 3 {
			number, b := uint16(steps[i]&0x3f), body(uint16(i), int(steps[i+1]))
			now = now.Add(time.Duration(steps[i+2]>>3) * time.Millisecond)
			e, _ := h.Lookup(now, number)
			want := e == nil && len(b) > 0 && len(b) <= size
			if got := h.Insert(Entry{Sequence: number, Arrived: now}, b); got != want {
				t.Fatalf("insert of %d with %d bytes: got %t, want %t", number, len(b), got, want)
			}
			if want {
				for n, k := range model {
					if n%packets == number%packets {
						delete(model, n)
						continue
					}
					k.room += len(b)
					k.skipped = max(k.skipped, len(b)-1)
				}
				model[number] = &kept{b: b, arrived: now, room: len(b)}
			}
			for n := range uint16(64) {
				e, got := h.Lookup(now, n)
				k := model[n]
				fresh := k != nil && now.Sub(k.arrived) <= keep
				if e != nil && (!fresh || e.Sequence != n || e.Arrived != k.arrived || !bytes.Equal(got, k.b)) {
					t.Fatalf("lookup of %d: got %+v with %x, want %+v", n, e, got, k)
				}
				if e == nil && fresh && k.room+k.skipped <= size {
					t.Fatalf("lookup of %d: gone after %d bytes of %d", n, k.room, size)
				}
			}
		}
	})
}
