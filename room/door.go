package room

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
	// bodyWithin is how long a request may take to come.
	bodyWithin = 10 * time.Second
)

// door lets members in that have no signalling: by WHIP those who publish, by
// WHEP those who watch. Each is an HTTP resource of its own, which takes trickled
// candidates, ICE restarts and the end.
type door struct {
	server *Server
	kind   string           // of its members: "whip" or "whep"
	routes map[string]route // by the names of their rows
}

// route is a row and what is done about it.
type route struct {
	row Permission
	do  func(d *door, w http.ResponseWriter, r *http.Request, v visit) error
}

// visit is a request whose address was read, and the row that it is about.
type visit struct {
	address
	row Permission
}

// newDoor returns a door that answers what it has routes for.
func newDoor(s *Server, kind string, routes ...route) *door {
	d := &door{server: s, kind: kind, routes: make(map[string]route)}
	for _, x := range routes {
		d.routes[x.row.name] = x
	}
	return d
}

// address is what the path of a request names. Of a WHEP URL with two parts only
// the method tells whether the second one is a member to watch or a session.
type address struct {
	room    string
	member  string // to be watched
	source  Source // of it; empty for voice and picture
	session string
}

// find reads a path.
func (d *door) find(path string) (address, error) {
	rest, ok := strings.CutPrefix(path, "/"+d.kind+"/")
	parts := strings.Split(rest, "/")
	a := address{room: parts[0]}
	switch {
	case !ok || len(parts) > 3 || len(parts) > 2 && d.kind == "whip":
		return a, errNowhere
	case !validRoom(a.room):
		return a, errRoomName
	case len(parts) == 1:
		return a, nil
	}
	a.session, a.member = parts[1], parts[1]
	if d.kind == "whip" {
		a.member = ""
	}
	if !validID(parts[1]) {
		return a, errNowhere
	}
	if len(parts) == 3 {
		a.session, a.source = "", Source(parts[2])
		if a.source.kind() == "" {
			return a, errNowhere
		}
	}
	return a, nil
}

// route finds what a method does at an address.
func (d *door) route(method string, a address) (route, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	at := "/" + d.kind + "/"
	if x, ok := d.routes[method+" "+at]; ok { // the same everywhere
		return x, true
	}
	switch {
	case a.source != "":
		at += "{room}/{member}/{source}"
	case a.session == "":
		at += "{room}"
	case method == http.MethodPost:
		at += "{room}/{member}"
	default:
		at += "{room}/{session}"
	}
	x, ok := d.routes[method+" "+at]
	return x, ok
}

// methods lists what an address takes.
func (d *door) methods(a address) string {
	var list []string
	for _, m := range []string{"OPTIONS", "GET", "HEAD", "POST", "PATCH", "DELETE"} {
		if _, ok := d.route(m, a); ok {
			list = append(list, m)
		}
	}
	return strings.Join(list, ", ")
}

// ServeHTTP implements [http.Handler].
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // what a browser adds by itself, such as cookies, lets nobody in
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate")
	// A request that comes slowly holds nothing else up, but not for ever.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin))
	a, err := d.find(r.URL.Path)
	if err == nil {
		err = d.serve(w, r, a)
	}
	if err == nil {
		return
	}
	e := asError(err)
	switch e.code {
	case errMethod.code:
		h.Set("Allow", d.methods(a))
	case errMediaType.code:
		accept(h, a)
	case errInternal.code:
		d.server.log.Warn("request failed", "method", r.Method, "kind", d.kind, "err", err)
	}
	refuseHTTP(w, e)
}

// accept says which bodies an address takes.
func accept(h http.Header, a address) {
	if a.session == "" || a.member != "" {
		h.Set("Accept-Post", typeSDP)
	}
	if a.session != "" {
		h.Set("Accept-Patch", typeFragment)
	}
}

func (d *door) serve(w http.ResponseWriter, r *http.Request, a address) error {
	x, ok := d.route(r.Method, a)
	if !ok {
		return errMethod
	}
	if x.row.needs == needSession {
		if err := d.server.joins.ask(remoteOf(r), time.Now()); err != nil {
			return err
		}
	}
	return x.do(d, w, r, visit{a, x.row})
}

// describe answers OPTIONS.
func (d *door) describe(w http.ResponseWriter, _ *http.Request, v visit) error {
	h := w.Header()
	h.Set("Allow", d.methods(v.address))
	h.Set("Access-Control-Allow-Methods", d.methods(v.address))
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
	h.Set("Access-Control-Max-Age", "86400")
	accept(h, v.address)
	return nil
}

// show answers GET: there is nothing to show (RFC 9725 section 4.1).
func (d *door) show(w http.ResponseWriter, _ *http.Request, _ visit) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readBody returns the body of a request, which has to be of a type.
func readBody(w http.ResponseWriter, r *http.Request, want string) (string, error) {
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != want {
		return "", errMediaType.because("the body has to be %s", want)
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestOffer))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return "", ErrTooLarge.because("a body has at most %d bytes", longestOffer)
	case err != nil:
		return "", ErrBadRequest.because("the body did not come")
	}
	return string(b), nil
}

// bearer returns the token of a request (RFC 6750 section 2.1).
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// post lets a member in.
func (d *door) post(w http.ResponseWriter, r *http.Request, v visit) error {
	m, answer, err := d.enter(w, r, v)
	if err != nil {
		if e := asError(err); blames(e) && e.code != errNotLive.code {
			d.server.joins.failed(remoteOf(r), time.Now())
		}
		return err
	}
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Cache-Control", "no-store")
	h.Set("Location", "/"+d.kind+"/"+v.room+"/"+m.session)
	h.Set("ETag", m.resource.tag)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // whose client went away is not heard, and goes
	return nil
}

func (d *door) enter(w http.ResponseWriter, r *http.Request, v visit) (*Member, string, error) {
	req := JoinRequest{Room: v.room, Name: r.URL.Query().Get("name"), Token: bearer(r), Remote: remoteOf(r)}
	grant, err := d.server.admit(r.Context(), v.row, req)
	if err != nil {
		return nil, "", err
	}
	shown, err := d.look(r, v.address)
	if err != nil {
		return nil, "", err
	}
	body, err := readBody(w, r, typeSDP)
	if err != nil {
		return nil, "", err
	}
	offer, err := readOneWay(body, d.kind == "whip")
	if err != nil {
		return nil, "", err
	}
	if !d.allows(grant, offer) {
		return nil, "", ErrDenied
	}
	grant.Candidate, grant.CanModerate = false, false // it could not moderate
	for try := 1; ; try++ {
		room, err := d.open(v.address)
		if err != nil {
			return nil, "", err
		}
		b := &binding{server: d.server, remote: req.Remote}
		m := newMember(room, req, grant, b)
		m.become(d, shown, offer)
		answer, err := m.enterBy(r.Context(), b, offer)
		if errors.Is(err, ErrClosed) && try < 3 {
			continue // it ended a moment ago; open it anew
		}
		return m, answer, err
	}
}

// allows tells whether a grant that allows to publish allows anything of an offer.
func (d *door) allows(g Grant, o oneWay) bool {
	return d.kind == "whep" || o.audio != "" && g.MayPublish(Microphone) || o.video != "" && g.MayPublish(Camera)
}

// open returns the room of an address. Who wants to watch one of its members does
// not create it.
func (d *door) open(a address) (*Room, error) {
	if a.member == "" {
		return d.server.Open(a.room)
	}
	r, ok := d.server.Room(a.room)
	if !ok {
		return nil, ErrNoMember
	}
	return r, nil
}

// enterBy negotiates, and puts m into the room with what it publishes.
func (m *Member) enterBy(ctx context.Context, b *binding, o oneWay) (string, error) {
	r := m.room
	peer, err := m.newPeer()
	if err != nil {
		return "", err
	}
	answer, err := b.answer(ctx, peer, o.sdp)
	if err != nil {
		peer.Close()
		return "", err
	}
	declared := []pub{{MID: o.audio, Source: Microphone}, {MID: o.video, Source: Camera}}
	_, err = call(ctx, r, func() (struct{}, error) {
		if err := m.resource.view.check(r); err != nil {
			return struct{}{}, err
		}
		if !m.resource.door.allows(r.options.Limit(m.grant), o) {
			return struct{}{}, ErrDenied
		}
		if err := r.add(m, "", ""); err != nil {
			return struct{}{}, err
		}
		m.attach(peer)
		r.adopt(m, declared)
		r.hurry()
		m.checkAlive()
		return struct{}{}, nil
	})
	if err != nil {
		peer.Close()
		r.post(func() { r.remove(m, "left") }) // it may have been added all the same
		return "", err
	}
	return withMuxOnly(answer), nil
}
