package room

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Server holds the rooms of one process.
type Server struct {
	cfg    Config
	log    *slog.Logger
	joins  joinLimits
	bans   bans
	passes passes
	files  files
	serves atomic.Bool    // files
	ended  sync.WaitGroup // rooms and connections

	parcelDrops [parcelDrops]atomic.Uint64

	uploads, fetches, questions, trials addressLimit

	checkLasts time.Duration
	closing    chan struct{} // closed by Shutdown

	// Guarded by mu.
	mu     sync.Mutex
	rooms  map[string]*Room
	conns  map[*binding]struct{}
	checks checks
	closed bool
	// By what [sessionKey] makes of their sessions.
	sessions map[[sha256.Size]byte]*Member
}

// NewServer returns a server without rooms. It fails if cfg.Media is nil.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Media == nil {
		return nil, errors.New("room: Config.Media is nil")
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:      cfg,
		log:      cfg.Logger,
		rooms:    make(map[string]*Room),
		conns:    make(map[*binding]struct{}),
		sessions: make(map[[sha256.Size]byte]*Member),
		files:    files{parent: cfg.Files},

		uploads:   addressLimit{rate: uploadRate, burst: uploadBurst},
		fetches:   addressLimit{rate: fetchRate, burst: fetchBurst},
		questions: addressLimit{rate: questionRate, burst: questionBurst},
		trials:    addressLimit{rate: trialRate, burst: trialBurst},

		checkLasts: checkLasts,
		closing:    make(chan struct{}),
		checks:     checks{each: make(map[string]int)},
	}
	s.recall(cfg.Memory)
	return s, nil
}

var errRoomName = ErrBadRequest.because("a room's name has 1 to %d of letters, digits, '-', '_' and '.'", longestRoomName)

// errRooms is for who would open one room too many.
var errRooms = ErrBusy.because("the server has as many rooms as it may")

// Open returns the named room, creating it if needed. A room that nobody joins
// is gone after [Config.Linger]. It fails with ErrBadRequest for a name that no
// room can have, with ErrBusy when there are as many as there may be, and with
// ErrDraining when the server is closing.
func (s *Server) Open(name string) (*Room, error) {
	r, _, err := s.open(name, Options{})
	return r, err
}

// open also tells whether the room is new, and so has the options.
func (s *Server) open(name string, o Options) (r *Room, opened bool, err error) {
	if !validRoom(name) {
		return nil, false, errRoomName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, ErrDraining
	}
	r = s.rooms[name]
	switch {
	case r != nil:
		return r, false, nil
	case len(s.rooms) >= s.cfg.MaxRooms:
		return nil, false, errRooms
	}
	r = newRoom(s, name, o)
	s.rooms[name] = r
	s.ended.Go(r.run)
	return r, true, nil
}

// Room returns the named room if it exists.
func (s *Server) Room(name string) (*Room, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rooms[name]
	return r, ok
}

// Rooms ranges over a snapshot of the rooms, in no order.
func (s *Server) Rooms() iter.Seq[*Room] {
	s.mu.Lock()
	list := make([]*Room, 0, len(s.rooms))
	for _, r := range s.rooms {
		list = append(list, r)
	}
	s.mu.Unlock()
	return slices.Values(list)
}

// caps lists the optional parts of the protocol that the server knows.
func (s *Server) caps() []string {
	list := []string{"slots", "replaces", "resume", "data", "layers", "backup", "caption", "poll", "quality"}
	if s.serves.Load() {
		list = append(list, "files")
	}
	return list
}

// authorize asks who joins or shows a token.
func (s *Server) authorize(ctx context.Context, req JoinRequest) (Grant, error) {
	g, err := s.cfg.Authorize(ctx, req)
	return g.effective(), err
}

// forget removes a room that has ended.
func (s *Server) forget(r *Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rooms[r.name] == r {
		delete(s.rooms, r.name)
	}
}

// Shutdown refuses new members, tells the present ones goodbye, closes every
// room and connection, and waits until all of it is over or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		close(s.closing)
	}
	s.closed = true
	rooms := make([]*Room, 0, len(s.rooms))
	for _, r := range s.rooms {
		rooms = append(rooms, r)
	}
	conns := make([]*binding, 0, len(s.conns))
	for b := range s.conns {
		conns = append(conns, b)
	}
	s.mu.Unlock()
	for _, b := range conns {
		b.bye(ErrDraining, "later", 5*time.Second)
	}
	done := make(chan struct{})
	go func() { // ends with the rooms, which all close
		for _, r := range rooms {
			r.Close()
		}
		s.ended.Wait()
		close(done)
	}()
	var late error
	select {
	case <-done:
	case <-ctx.Done():
		late = ctx.Err()
	}
	return errors.Join(late, s.files.close())
}

// newSecret returns 128 random bits as 22 characters, of which the first is no
// dash: a command line would take that for a flag.
func newSecret() string {
	var b [16]byte
	for {
		rand.Read(b[:])
		if s := base64.RawURLEncoding.EncodeToString(b[:]); s[0] != '-' {
			return s
		}
	}
}

// newID returns 72 random bits as 12 characters, the first as of a secret.
func newID() string { return newSecret()[:12] }
