package bench

import "time"

// RepairFigures is about loss and its repair in the whole run.
type RepairFigures struct {
	// Requested is packets that subscribers asked for, again ones too.
	Requested uint64 `json:"requested"`
	// Repaired came as a retransmission. Redundant is what came again because of
	// that: as another retransmission, or by itself since it was only late.
	Repaired  uint64 `json:"repaired"`
	Redundant uint64 `json:"redundant"`
	// Resent is packets that publishers sent again because the server asked.
	Resent uint64 `json:"resent"`
}

// expect counts what was sent and what should have come of it. The run is
// closed.
func (f *forward) expect() {
	r := &f.result
	for _, m := range f.members {
		for _, p := range m.published {
			f.sent(p)
		}
		for _, s := range m.subscribed {
			f.account(m, s)
		}
	}
	r.Lost = r.Expected - min(r.Expected, r.Received)
	if r.Slow != nil {
		r.Slow.Received = f.run.slowly.received.Load()
	}
}

// sent counts the packets of a publication.
func (f *forward) sent(p *publication) {
	for _, t := range p.tracks {
		f.result.Sent += t.counted
		if e := f.result.encoding(t); e != nil {
			e.Sent += t.counted
			e.SentBytes += t.bytes
		}
	}
}

// account adds up one subscription.
func (f *forward) account(m *member, s subscription) {
	r := &f.result
	if m.plan.sink {
		r.Sink.Expected += s.sunk()
		return
	}
	start := time.Unix(0, f.window.start.Load())
	fromStart := s.at.Before(start) && s.to.began.Before(start)
	toEnd := m.left.IsZero() && s.to.from.left.IsZero()
	came := m.inbox.came[s.to]
	each := came.expected(s.to, fromStart, toEnd)
	for i, t := range s.to.tracks {
		if r.Sink != nil {
			r.Sink.Expected += each[i]
		}
		if m.plan.slow {
			r.Slow.Expected += each[i]
			continue
		}
		var a arrivals
		if came != nil && came.encodings[i] != nil {
			a = *came.encodings[i]
		}
		r.Expected += each[i]
		if e := r.encoding(t); e != nil {
			e.Expected += each[i]
			e.Received += a.received
			e.ReceivedBytes += a.bytes
		}
	}
}
