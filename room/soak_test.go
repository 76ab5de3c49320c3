//go:build long

package room_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// A thousand members come and go, in every way: nothing of them stays, and the
// one who stays through it sees them all go.
func TestThousandComeAndGo(t *testing.T) {
	h := open(t, room.Config{Grace: 100 * time.Millisecond})
	offer := h.description()
	h.enter("stayer")
	cycle := func(seed uint64, n int) {
		var all sync.WaitGroup
		for w := range 4 {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			all.Go(func() {
				for i := range n / 4 {
					come(t, h, fmt.Sprintf("w%d-%d-%d", seed, w, i), offer, random)
				}
			})
		}
		all.Wait()
		r, _ := h.Room("r")
		for m := range r.Members() {
			if m.Name() != "stayer" {
				m.Leave()
			}
		}
		h.left(1)
	}
	cycle(1, 100) // pools and caches fill
	heap, routines := measure()
	cycle(2, 1000)
	heapAfter, routinesAfter := measure()
	if routinesAfter > routines+routines/20+2 {
		t.Errorf("%d goroutines, %d before", routinesAfter, routines)
	}
	if heapAfter > heap+heap/20+4<<20 {
		t.Errorf("%d KiB of heap, %d before", heapAfter>>10, heap>>10)
	}
}

// come joins and goes again in one of several ways.
func come(t *testing.T, h *house, name, offer string, random *rand.Rand) {
	c := newConn(t, name)
	c.request.RemoteAddr = fmt.Sprintf("10.0.%d.%d:1", random.IntN(256), random.IntN(256)) // many rates
	if err := h.Bind(t.Context(), c); err != nil {
		t.Error(err)
		return
	}
	defer c.drop()
	a := c.ask("join", o{"v": 1, "room": "r", "name": name, "offer": offer, "publish": []o{{"mid": "4", "source": "microphone"}}})
	if a.Code != "" {
		t.Errorf("join: %s", a.Code)
		return
	}
	for _, p := range a.Publications {
		c.ask("subscribe", o{"publications": []o{{"id": p.ID, "on": random.IntN(2) == 0}}})
		c.ask("mute", o{"publication": p.ID, "muted": true})
	}
	resumed := func(key string, more o) (*conn, ack) {
		other := newConn(t, name)
		other.request.RemoteAddr = c.request.RemoteAddr
		if err := h.Bind(t.Context(), other); err != nil {
			t.Error(err)
		}
		arg := o{"v": 1, "room": "r", "resume": o{"session": a.Session, "key": key}}
		maps.Copy(arg, more)
		return other, other.ask("join", arg)
	}
	switch random.IntN(7) {
	case 0:
		c.ask("leave", o{})
	case 1:
		c.ask("offer", o{"id": 1, "sdp": offer})
		c.ask("unpublish", o{"publication": a.Published[0].Publication})
	case 2:
		other := newConn(t, name)
		if err := h.Bind(t.Context(), other); err != nil {
			t.Error(err)
			return
		}
		defer other.drop()
		other.ask("join", o{"v": 1, "room": "r", "replaces": a.Session})
	case 3: // half-open, then as somebody who stole the key
		other, b := resumed(a.Key, nil)
		defer other.drop()
		other.ask("mute", o{"publication": a.Published[0].Publication, "muted": false})
		if b.Self.ID != a.Self.ID {
			t.Errorf("resumed as %q, was %q", b.Self.ID, a.Self.ID)
		}
		if random.IntN(2) == 0 {
			thief, c := resumed(a.Key, nil)
			defer thief.drop()
			if c.Code != "session_expired" {
				t.Errorf("an old key: %q", c.Code)
			}
		}
	case 4: // a page that is loaded again, twice at once
		c.drop()
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				other, _ := resumed(a.Key, o{"offer": offer, "publish": []o{{"mid": "4", "source": "microphone"}}})
				other.drop()
			})
		}
		both.Wait()
	case 5: // it resumes and leaves
		c.drop()
		other, _ := resumed(a.Key, nil)
		defer other.drop()
		other.ask("leave", o{})
	}
}

func measure() (heap uint64, routines int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}
