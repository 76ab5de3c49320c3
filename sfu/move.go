package sfu

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
)

const (
	moveEvery = time.Second
	moveAbove = 0.8 // load of a worker that peers are moved away from
	moveGap   = 0.3 // by which another must be less loaded
)

// balance moves a peer from a loaded worker to an idle one, once a second at the
// most, until the server is closed.
func (s *Server) balance() {
	tick := time.NewTicker(moveEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if from, to, ok := s.imbalance(); ok {
				s.moveOne(from, to)
			}
		case <-s.quit:
			return
		}
	}
}

// imbalance returns the most and the least loaded worker, if they differ enough.
func (s *Server) imbalance() (from, to int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	loads := make([]float64, len(s.workers))
	for i, w := range s.workers {
		if s.population[i] > 0 { // else it may not have worked since it had peers
			loads[i] = w.Load()
		}
		if loads[i] > loads[from] {
			from = i
		}
		if loads[i] < loads[to] {
			to = i
		}
	}
	return from, to, loads[from] > moveAbove && loads[from]-loads[to] >= moveGap
}

// moveOne moves some peer that receives.
func (s *Server) moveOne(from, to int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		if p.worker() == from && p.receives() && s.move(p, to) {
			s.log.Debug("peer moved to a less loaded worker", "peer", p.id, "from", from, "to", to)
			return
		}
	}
}

// receives tells whether the peer is subscribed to something. The caller holds
// the server's mutex.
func (p *Peer) receives() bool {
	for _, slot := range p.slots {
		if slot.sub != nil {
			return true
		}
	}
	return false
}

// move moves a peer to another worker, with everything it sends and receives and
// without losing a packet. It returns false, and changes nothing, for a peer that
// is not connected. It waits for the workers, which wait for nobody, and holds
// the mutex of paths, so that no command about the peer is under way meanwhile.
// The caller holds mu.
func (s *Server) move(p *Peer, to int) bool {
	s.paths.mu.Lock()
	defer s.paths.mu.Unlock()
	from := p.worker()
	if from == to || p.closed || p.gone {
		return false
	}
	pubs := p.subscribed()
	if pubs == nil {
		return false
	}
	for _, pub := range pubs {
		pub.reach(to)
	}
	s.settle(pubs)
	moving, _ := ask(s.workers[from], func(reply func(*plane.Moving)) plane.Command {
		return plane.Detach{Transport: p.key, From: from, To: to, Done: reply}
	})
	if moving == nil {
		for _, pub := range pubs {
			pub.leave(to)
		}
		return false
	}
	p.place.Store(int32(to))
	s.population[from]--
	s.population[to]++
	for _, pub := range p.publications {
		pub.recount()
	}
	s.workers[to].Post(plane.Attach{Moving: moving})
	s.route(to, plane.RoutePath{Path: p.path, To: to})
	for _, pub := range pubs {
		pub.leave(from)
	}
	return true
}

// subscribed returns what the peer is subscribed to; nil if that includes
// something of its own, which cannot be moved before itself. The caller holds the
// server's mutex.
func (p *Peer) subscribed() []*Publication {
	list := []*Publication{}
	for _, slot := range p.slots {
		switch {
		case slot.sub == nil || slot.sub.group != nil: // what follows looks after itself
		case slot.sub.pub.peer == p:
			return nil
		default:
			list = append(list, slot.sub.pub)
		}
	}
	return list
}

// settle waits until the workers of publications have carried out what was
// posted to them.
func (s *Server) settle(pubs []*Publication) {
	waited := make([]bool, len(s.workers))
	for _, pub := range pubs {
		if w := pub.peer.worker(); !waited[w] {
			waited[w] = true
			ask(s.workers[w], func(reply func(plane.Stats)) plane.Command { return plane.Count{Done: reply} })
		}
	}
}

// recount notes where subscribers are after the publisher has moved. The caller
// holds the server's mutex.
func (p *Publication) recount() {
	p.mirrors = make([]int, len(p.peer.server.workers))
	for _, sub := range p.subs {
		if w := sub.peer.worker(); w != p.peer.worker() {
			p.mirrors[w]++
		}
	}
}
