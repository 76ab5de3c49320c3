package signal

import (
	"context"
	"errors"
	"net/http"

	"github.com/switchyard-rtc/switchyard/signal/engine"
)

// Server is a Socket.IO server, to be mounted at /socket.io/.
type Server struct {
	opts       Options
	engine     *engine.Server
	namespaces map[string]*Namespace // does not change
}

// NewServer returns a server that accepts connections at once, and works until
// [Server.Shutdown].
func NewServer(opts Options) *Server {
	s := &Server{opts: opts.withDefaults(), namespaces: make(map[string]*Namespace)}
	for name, h := range s.opts.Namespaces {
		s.namespaces[name] = newNamespace(name, h, s.opts)
	}
	s.engine = engine.NewServer(engine.Options{
		OnConnect:    func(c *engine.Conn) { serve(s, c) },
		PingInterval: s.opts.PingInterval,
		PingTimeout:  s.opts.PingTimeout,
		MaxPayload:   s.opts.MaxPayload,
		Origins:      s.opts.Origins,
		Node:         s.opts.Node,
		Foreign:      s.opts.Foreign,
		Cookie:       s.opts.Cookie,
		PerAddress:   s.opts.PerAddress,
		Address:      s.opts.Address,
		Logger:       s.opts.Logger,
	})
	return s
}

// ServeHTTP opens a connection and serves it until it ends.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Of returns a namespace of [Options.Namespaces], or nil.
func (s *Server) Of(namespace string) *Namespace { return s.namespaces[namespace] }

// Connections returns how many there are, whether or not they have joined a
// namespace.
func (s *Server) Connections() int { return s.engine.Connections() }

// Shutdown refuses new connections, ends the present ones after what was
// emitted has been sent, and waits until their last handlers have returned.
// Clients see a closed transport, and come back to whoever serves the address
// next. When ctx ends first, connections are cut; handlers are waited for all
// the same.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.engine.Shutdown(ctx)
	for _, n := range s.namespaces {
		n.rooms.Close()
	}
	return err
}

// reasonOf gives the end of a connection its name.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, engine.ErrPingTimeout):
		return ReasonPingTimeout
	case errors.Is(err, engine.ErrTransportClose):
		return ReasonClosed
	case errors.Is(err, engine.ErrParse):
		return ReasonParse
	case errors.Is(err, engine.ErrSlowConsumer):
		return ReasonSlowConsumer
	case errors.Is(err, engine.ErrShutdown):
		return ReasonShutdown
	case errors.Is(err, engine.ErrClosed):
		return ReasonServerLeft
	}
	return ReasonTransport
}
