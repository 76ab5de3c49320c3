package sfu

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/internal/worker"
)

const (
	// fullLoad is the part of its time that a worker may be busy before peers
	// are placed elsewhere.
	fullLoad = 0.7
	// nearPeers is how many peers more than the emptiest worker has, one may
	// have and still get those that ask for it: many join before the first of
	// them is sent anything.
	nearPeers = 64
)

// configs returns what each worker is started with.
func (s *Server) configs(start time.Time) []worker.Config {
	list := make([]worker.Config, len(s.sockets))
	for i, socket := range s.sockets {
		list[i] = worker.Config{
			Socket:  socket,
			Start:   start,
			History: s.cfg.HistoryDuration,
			Control: s.mux.Deliver,
			Events:  s.onEvents,
			Logger:  s.log,
		}
	}
	return list
}

// describe says what the system does for the sockets.
func (s *Server) describe() {
	o := s.sockets[0].Offloads()
	read, write, _ := s.sockets[0].Buffers()
	s.log.Info("media socket open", "addr", s.Addr().String(), "workers", len(s.workers),
		"batches", o.Batches, "send_trains", o.SendTrains, "receive_trains", o.ReceiveTrains,
		"read_buffer", read, "write_buffer", write)
}

// place chooses the worker of a new peer: that of a peer to be near to, unless
// it is loaded or crowded. The caller holds mu.
func (s *Server) place(near *Peer) int {
	full := func(i int) int {
		if s.population[i] > 0 && s.workers[i].Load() >= fullLoad {
			return 1
		}
		return 0
	}
	best := 0
	for i := range s.workers {
		if cmp.Or(cmp.Compare(full(i), full(best)), cmp.Compare(s.population[i], s.population[best])) < 0 {
			best = i
		}
	}
	if near != nil && near.server == s && !near.closed && full(near.worker()) == 0 &&
		s.population[near.worker()] < s.population[best]+nearPeers {
		return near.worker()
	}
	return best
}

// post gives a command to the peer's worker.
func (p *Peer) post(c plane.Command) bool { return p.server.workers[p.worker()].Post(c) }

// worker is the index of the peer's worker.
func (p *Peer) worker() int { return int(p.place.Load()) }

// reach makes the packets of a publication come to a worker. The caller holds
// the server's mutex, and calls leave when they are not needed any more.
func (p *Publication) reach(place int) {
	if place == p.peer.worker() {
		return
	}
	if p.mirrors == nil {
		p.mirrors = make([]int, len(p.peer.server.workers))
	}
	if p.mirrors[place]++; p.mirrors[place] == 1 {
		p.peer.post(plane.Mirror{Publication: p.key, To: place, On: true})
		p.peer.server.workers[place].Post(plane.AddMirror{Publication: p.key, Spec: p.spec, From: p.peer.worker()})
	}
}

func (p *Publication) leave(place int) {
	if place == p.peer.worker() {
		return
	}
	if p.mirrors[place]--; p.mirrors[place] == 0 {
		p.peer.post(plane.Mirror{Publication: p.key, To: place})
		p.peer.server.workers[place].Post(plane.RemovePublication{Publication: p.key})
	}
}

// paths knows which peer has which path. Commands about paths are posted under
// its mutex, so that all workers see them in one order; no worker takes it.
type paths struct {
	mu     sync.Mutex
	owners map[plane.Path]*Peer
}

// bind makes a path the one of a peer, in place of the peer's old one.
func (s *Server) bind(p *Peer, path plane.Path) {
	s.paths.mu.Lock()
	defer s.paths.mu.Unlock()
	if p.gone {
		return
	}
	if p.path != path {
		s.unroute(p)
	}
	p.path = path
	s.paths.owners[path] = p
	p.post(plane.BindPath{Transport: p.key, Path: path})
	s.route(p.worker(), plane.RoutePath{Path: path, To: p.worker()})
}

// unbind forgets the path of a peer that has ended.
func (s *Server) unbind(p *Peer) {
	s.paths.mu.Lock()
	defer s.paths.mu.Unlock()
	p.gone = true
	s.unroute(p)
}

// unroute forgets the path of a peer. The caller holds the mutex of paths.
func (s *Server) unroute(p *Peer) {
	if s.paths.owners[p.path] == p {
		delete(s.paths.owners, p.path)
		s.route(p.worker(), plane.RoutePath{Path: p.path, To: -1})
	}
}

// route tells all workers but the one of the path.
func (s *Server) route(place int, c plane.RoutePath) {
	for i, w := range s.workers {
		if i != place {
			w.Post(c)
		}
	}
}

func (s *Server) owner(path plane.Path) *Peer {
	s.paths.mu.Lock()
	defer s.paths.mu.Unlock()
	return s.paths.owners[path]
}

// onHeard is called when a check of an address was authenticated.
func (s *Server) onHeard(local netip.Addr, remote netip.AddrPort) {
	path := plane.Path{Local: local, Remote: remote}
	if p := s.owner(path); p != nil {
		p.post(plane.Heard{Path: path})
	}
}

// authenticated tells whether something authenticated came from an address
// lately. It waits for the worker.
func (s *Server) authenticated(local netip.Addr, remote netip.AddrPort, within time.Duration) bool {
	path := plane.Path{Local: local, Remote: remote}
	p := s.owner(path)
	if p == nil {
		return false
	}
	for {
		w := p.worker()
		heard, _ := ask(s.workers[w], func(reply func(bool)) plane.Command {
			return plane.AskHeard{Path: path, Within: within, Done: reply}
		})
		if heard || w == p.worker() {
			return heard
		}
	} // it moved in between
}

// ask posts a command and waits for its reply; ok is false if the worker ended.
func ask[T any](w *worker.Worker, command func(reply func(T)) plane.Command) (reply T, ok bool) {
	answers := make(chan T, 1)
	if !w.Post(command(func(v T) { answers <- v })) {
		return reply, false
	}
	select {
	case reply = <-answers:
		return reply, true
	case <-w.Done():
		return reply, false
	}
}

// onEvents is called by the workers: it takes no lock and does not wait.
func (s *Server) onEvents(events []plane.Event) {
	for _, e := range events {
		v, _ := s.live.Load(about(e))
		switch owner := v.(type) {
		case *gathering:
			owner.onEvent(e)
		case *Subscription:
			owner.onEvent(e)
		case *Peer:
			owner.onEvent(e)
		case *Publication:
			owner.onEvent(e)
		}
	}
}

// about is the key of whom an event concerns.
func about(e plane.Event) plane.ID {
	switch {
	case e.Kind == plane.EventShown:
		return e.Slot
	case e.Kind == plane.EventSpeakers:
		return e.Group
	case e.Publication != 0 && e.Kind != plane.EventLayer:
		return e.Publication
	}
	return e.Transport
}

// sum adds the counters of all workers up.
func (s *Server) sum() (total plane.Stats, cpu CPUStats) {
	for _, w := range s.workers {
		c, _ := ask(w, func(reply func(plane.Stats)) plane.Command { return plane.Count{Done: reply} })
		total.PacketsReceived += c.PacketsReceived
		total.BytesReceived += c.BytesReceived
		total.PacketsSent += c.PacketsSent
		total.BytesSent += c.BytesSent
		total.Told += c.Told
		total.Came += c.Came
		for i, n := range c.Drops {
			total.Drops[i] += n
		}
		cpu.add(&c)
	}
	return total, cpu
}

func without(list []*Subscription, s *Subscription) []*Subscription {
	return slices.DeleteFunc(list, func(x *Subscription) bool { return x == s })
}
