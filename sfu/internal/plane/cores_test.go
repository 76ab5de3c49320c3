package plane

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// deliver moves what the cores have for each other, and their outboxes onto the
// links.
func (r *room) deliver() {
	for _, p := range r.cores[1:] {
		r.handOver(p)
	}
	r.handOver(r.plane)
	for _, p := range r.cores {
		r.empty(p)
	}
}

// handOver does what workers do for each other.
func (r *room) handOver(p *Plane) {
	if len(r.cores) == 1 && !r.meets {
		return
	}
	for list := p.Handovers(nil); len(list) > 0; list = p.Handovers(nil) {
		for _, h := range list {
			if r.full != nil && r.full(&h) {
				continue
			}
			h.B = append(make([]byte, 0, len(h.B)+HandoverRoom), h.B...)
			r.cores[h.To].Accept(r.now, &h)
			r.handOver(r.cores[h.To])
		}
	}
	for list := p.Letters(nil); len(list) > 0; list = p.Letters(nil) {
		r.letters += len(list)
		for _, l := range list {
			if r.losesLetters {
				continue
			}
			r.cores[l.To].Apply(r.now, l.Command)
			r.handOver(r.cores[l.To])
		}
	}
	for _, e := range p.Events(nil) {
		r.events = append(r.events, e)
		r.note(e)
		if e.Kind == EventKeyFrame {
			for _, c := range r.clients {
				if e.Publication == c.video.pub {
					c.apply(AskKeyFrame{Publication: e.Publication, Encoding: e.Encoding, Urgent: e.Urgent})
				}
			}
		}
	}
}

func (r *room) empty(p *Plane) {
	for more := true; more; {
		more = p.Deliver(r.now)
		box := p.Outbox()
		for class := range NumClasses {
			for _, m := range box.Waiting(class) {
				r.send(m)
			}
		}
		box.Done()
	}
}

// send moves a message onto its link, datagram by datagram.
func (r *room) send(m Message) {
	c := r.byAddr[m.Path.Remote]
	if c == nil {
		r.strays[stray{m.Path.Remote, packet.Classify(m.B)}]++
		return
	}
	for d := range slices.Chunk(m.B, m.Segment) {
		if wrong := c.nonces.check(d); wrong != "" {
			r.t.Fatalf("%s: client %d: %s", stamp(r.now), c.id, wrong)
		}
		if r.sent != nil {
			r.sent(d)
		}
		if r.trace.loses(c, d) {
			continue
		}
		c.down.Send(r.now, d)
		c.due = min(c.due, c.down.Deadline())
	}
}

// bind tells all cores where the client is.
func (c *client) bind() {
	path := Path{Remote: c.addr}
	c.apply(BindPath{Transport: c.id, Path: path})
	for i := range c.room.cores {
		if i != c.core {
			c.room.applyTo(i, RoutePath{Path: path, To: c.core})
		}
	}
}

// reach makes the packets of a track come to the core of the slot.
func (s *sink) reach(pub *sender) { s.client.room.reach(pub, s.client.core) }

func (r *room) reach(pub *sender, core int) {
	if core != pub.core {
		r.applyTo(pub.core, Mirror{Publication: pub.pub, To: core, On: true})
		r.applyTo(core, AddMirror{Publication: pub.pub, Spec: pub.spec, From: pub.core})
	}
}
