package room

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	// checkLasts is how long a check may take until its transport is closed.
	checkLasts = 10 * time.Second
	// mostChecks and mostChecksEach are how many run at once, of all and of one
	// network.
	mostChecks, mostChecksEach = 64, 16
)

// checks are those that run, by network. They are guarded by Server.mu.
type checks struct {
	total int
	each  map[string]int
}

// Check returns the handler of POST /check, by which a client finds out before it
// joins whether its network lets media through. It offers data channels and no
// media, and is answered as one who joins is. When the transport connects, it
// knows. The transport carries nothing, and is closed after 10 s.
func (s *Server) Check() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(Permissions.HTTP.Check.name, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin))
		answer, err := s.check(w, r)
		if err != nil {
			e := asError(err)
			if e == errInternal && r.Context().Err() == nil {
				s.log.Warn("request failed", "method", r.Method, "kind", "check", "err", err)
			}
			refuseHTTP(w, e)
			return
		}
		h.Set("Content-Type", typeSDP)
		h.Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, answer) // whose client went away ends by itself
	})
	mux.HandleFunc("/check", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		refuseHTTP(w, errMethod)
	})
	return mux
}

// check answers the offer of a request with a transport of its own.
func (s *Server) check(w http.ResponseWriter, r *http.Request) (string, error) {
	remote := remoteOf(r)
	if err := s.trials.take(remote, time.Now()); err != nil {
		return "", err
	}
	offer, err := readBody(w, r, typeSDP)
	if err != nil {
		return "", err
	}
	if err := dataAlone(offer); err != nil {
		return "", err
	}
	if err := s.beginCheck(remote); err != nil {
		return "", err
	}
	peer, err := s.cfg.Media.NewPeer(sfu.PeerOptions{Handlers: sfu.PeerHandlers{
		OnDataChannel: func(dc *webrtc.DataChannel) {
			s.ended.Go(func() { _ = dc.Close() }) // or it is closed already
		},
	}})
	if err != nil {
		s.endCheck(remote)
		return "", err
	}
	go s.watchCheck(peer, remote) // ends with the peer; Shutdown waits for it
	answer, err := (&binding{server: s, remote: remote}).answer(r.Context(), peer, offer)
	if err != nil {
		peer.Close()
	}
	return answer, err
}

// watchCheck closes a peer when its time is over, or when the server ends.
func (s *Server) watchCheck(p *sfu.Peer, remote string) {
	defer s.endCheck(remote)
	t := time.NewTimer(s.checkLasts)
	defer t.Stop()
	select {
	case <-p.Done():
	case <-t.C:
	case <-s.closing:
	}
	p.Close()
	<-p.Done()
}

// beginCheck counts a check, unless there are too many. Who began one ends it.
func (s *Server) beginCheck(remote string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.checks
	switch {
	case s.closed:
		return ErrDraining
	case c.total >= mostChecks, c.each[network(remote)] >= mostChecksEach:
		return ErrBusy.because("too many connections are being checked")
	}
	c.total++
	c.each[network(remote)]++
	s.ended.Add(1)
	return nil
}

func (s *Server) endCheck(remote string) {
	defer s.ended.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	c, n := &s.checks, network(remote)
	c.total--
	if c.each[n]--; c.each[n] == 0 {
		delete(c.each, n)
	}
}

// dataAlone refuses an offer that has sections of media.
func dataAlone(offer string) error {
	blocks := sdpBlocks(offer)
	for _, block := range blocks[1:] {
		if !strings.HasPrefix(block[0], "m=application ") {
			return ErrBadSDP.because("a check offers data channels alone")
		}
	}
	if len(blocks) != 2 {
		return ErrBadSDP.because("a check offers one section, of data channels")
	}
	return nil
}
