package plane

import (
	"fmt"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
)

// Requests for the same encoding are one, those for others go along, and a
// switch down waits for nobody. It is the same from another core.
func TestKeyFramesOfEncodings(t *testing.T) {
	for _, cores := range []int{1, 2} {
		t.Run(fmt.Sprint(cores, " cores"), func(t *testing.T) {
			r := newRoomOn(t, cores)
			a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
			pub, f, h, q := simulcast(a)
			pub.spec = r.plane.publications[pub.pub].spec
			s := b.slot(false)
			s.show(pub)
			play := func(frames int) (asked string) {
				before := len(a.asked)
				for range frames {
					for _, e := range []*encoding{f, h, q} {
						e.send(r.now, a.video.wantKey)
					}
					a.video.wantKey = false
					r.run(33 * time.Millisecond)
				}
				for i, at := range a.asked[before:] {
					if i > 0 && at != a.asked[before+i-1] {
						asked += "| "
					}
					asked += fmt.Sprint(a.askedOf[before+i], " ")
				}
				return asked
			}
			play(100)
			fan := r.cores[b.core].publications[pub.pub]
			for i, encoding := range []int{2, 1, 2, 1, 1} {
				if i == 2 {
					r.apply(AskKeyFrame{Publication: pub.pub, Encoding: encoding})
				} else {
					fan.ask(r.now, encoding, false)
				}
			}
			r.relay(pub)
			if got := play(3); got != "902 903 " {
				t.Errorf("asked %q, want a key frame of h and of q at once", got)
			}
			r.run(330 * time.Millisecond)
			fan.ask(r.now, 0, false)
			r.relay(pub)
			if got := play(3); got != "901 " {
				t.Errorf("asked %q, want a key frame of f", got)
			}
			r.run(330 * time.Millisecond)
			fan.ask(r.now, 2, true)
			r.relay(pub)
			if got := play(3); got != "903 " {
				t.Errorf("asked %q, want one of q although there were two within a second", got)
			}
			r.apply(AskKeyFrame{Publication: pub.pub, Encoding: 3})
			r.apply(AskKeyFrame{Publication: pub.pub, Encoding: -1})
			if got := play(40); got != "" {
				t.Errorf("asked %q for encodings that are not there", got)
			}
		})
	}
}

// relay carries what the second core asks for to the first, as a server does.
func (r *room) relay(pub *sender) {
	for _, p := range r.cores[1:] {
		for _, e := range p.Events(nil) {
			if e.Kind == EventKeyFrame && e.Publication == pub.pub {
				r.apply(AskKeyFrame{Publication: pub.pub, Encoding: e.Encoding, Urgent: e.Urgent})
			}
		}
	}
}

// An encoding that stopped is not asked for a key frame for ever.
func TestStoppedEncodingIsNotAsked(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
	b.slot(false).show(a.video)
	r.run(time.Second)
	a.deaf = true
	a.video.due = r.now.Add(time.Hour)
	r.apply(AskKeyFrame{Publication: a.video.pub})
	r.run(10 * time.Second)
	n := len(a.asked)
	if n < 3 || n > 8 {
		t.Errorf("%d requests to a camera that stopped, want those of 5 s", n)
	}
	r.run(10 * time.Second)
	if len(a.asked) != n {
		t.Errorf("%d more requests", len(a.asked)-n)
	}
}
