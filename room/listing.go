package room

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

const (
	mostListed = 200 // rooms
	mostNames  = 50  // of members
)

// List has the room among those of GET /rooms, or not. A new one is not.
func (r *Room) List(listed bool) error {
	return r.order(func() error { r.listed.Store(listed); return nil })
}

// census counts the members that others see.
func (r *Room) census() {
	r.seen.Store(int32(visible(r.members)))
}

type listedRoom struct {
	Name    string `json:"name"`
	Members int    `json:"members"`
}

// lobbyAnswer is what who is about to join may know of a room.
type lobbyAnswer struct {
	Name    string   `json:"name"`
	Members int      `json:"members"`
	Names   []string `json:"names,omitempty"` // in the order of joining; of those who may come in
	Locked  bool     `json:"locked"`
	Lobby   bool     `json:"lobby"`
	Caps    []string `json:"caps"`
}

// Listing returns the handler of GET /rooms, which lists the rooms that [Room.List]
// was told of, and of GET /rooms/ROOM, which tells what a client wants to know
// before it joins.
func (s *Server) Listing() http.Handler {
	rows := Permissions.HTTP
	mux := http.NewServeMux()
	mux.HandleFunc(rows.Rooms.name, s.answerAsked(func(*http.Request) (any, error) { return s.listing(), nil }))
	mux.HandleFunc(rows.Lobby.name, s.answerAsked(s.lobbyOf))
	other := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			refuseHTTP(w, errNowhere)
			return
		}
		w.Header().Set("Allow", "GET, HEAD")
		refuseHTTP(w, errMethod)
	}
	mux.HandleFunc("/rooms", other)
	mux.HandleFunc("/rooms/", other)
	return mux
}

// answerAsked answers with JSON, and not too often.
func (s *Server) answerAsked(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var v any
		err := s.questions.take(remoteOf(r), time.Now())
		if err == nil {
			v, err = f(r)
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if err != nil {
			refuseHTTP(w, asError(err))
			return
		}
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(v) // an error means that the client went away
	}
}

// listing lists the rooms with most members first.
func (s *Server) listing() any {
	list := []listedRoom{}
	for r := range s.Rooms() {
		if r.listed.Load() {
			list = append(list, listedRoom{Name: r.name, Members: int(r.seen.Load())})
		}
	}
	slices.SortFunc(list, func(a, b listedRoom) int {
		return cmp.Or(cmp.Compare(b.Members, a.Members), cmp.Compare(a.Name, b.Name))
	})
	return map[string]any{"rooms": list[:min(len(list), mostListed)]}
}

// lobbyOf tells about a room. A room that is not open is as one that is empty.
func (s *Server) lobbyOf(r *http.Request) (any, error) {
	name := r.PathValue("room")
	if !validRoom(name) {
		return nil, errRoomName
	}
	a := lobbyAnswer{Name: name, Caps: s.caps()}
	room, ok := s.Room(name)
	if !ok {
		return a, nil
	}
	a.Members = int(room.seen.Load())
	grant, may := s.opens(r, name)
	state := read(room, func() *lobbyAnswer {
		a := &lobbyAnswer{Locked: room.locked, Lobby: room.lobby}
		if may && (grant.CanModerate || !room.locked && !room.lobby) {
			a.Names = room.names()
		}
		return a
	})
	if state != nil {
		a.Names, a.Locked, a.Lobby = state.Names, state.Locked, state.Lobby
	}
	return a, nil
}

// opens tells whether a request has what opens a room: a token, where one is
// needed, and no ban.
func (s *Server) opens(r *http.Request, name string) (Grant, bool) {
	req := JoinRequest{Room: name, Token: bearer(r), Remote: remoteOf(r)}
	if v := s.cfg.Visitors; v != nil {
		who, _ := v.known(r)
		req.Visitor = who.ID
	}
	if err := s.joins.ready(req.Remote, time.Now()); err != nil {
		return Grant{}, false
	}
	grant, err := s.authorize(r.Context(), req)
	if err == nil {
		err = s.passes.check(grant)
	}
	switch {
	case err != nil && req.Token != "":
		s.joins.failed(req.Remote, time.Now())
		return Grant{}, false
	case err != nil:
		return Grant{}, false
	}
	return grant, !s.bans.hold(name, &Member{grant: grant, visitor: req.Visitor, remote: req.Remote}, time.Now())
}

// names lists the members that others see.
func (r *Room) names() (list []string) {
	for _, m := range r.members {
		if !m.unseen() && m.Name() != "" && len(list) < mostNames {
			list = append(list, m.Name())
		}
	}
	return list
}
