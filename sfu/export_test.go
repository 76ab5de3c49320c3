package sfu

import "github.com/switchyard-rtc/switchyard/sfu/internal/pionpc"

// MuxStats lets tests see that pion handles no media.
func (s *Server) MuxStats() pionpc.MuxStats { return s.mux.Stats() }

// Entries returns how many peers and publications the server still knows.
func (s *Server) Entries() (n int) {
	s.live.Range(func(any, any) bool { n++; return true })
	s.mu.Lock()
	defer s.mu.Unlock()
	return n + len(s.peers)
}

// Move moves a peer to another worker.
func (s *Server) Move(p *Peer, to int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.move(p, to)
}

// Workers returns the number of workers.
func (s *Server) Workers() int { return len(s.workers) }
