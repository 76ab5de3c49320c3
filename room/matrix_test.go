package room_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

var matrixSecret = strings.Repeat("s", token.MinSecret)

// person comes with a token.
type person struct {
	name, token string
	refused     string     // with which code, by whatever asks for a token
	grant       room.Grant // of who is not refused
}

// people are everybody whom the documents speak of.
func people(t *testing.T, keys *token.Keys) []person {
	t.Helper()
	sign := func(k *token.Keys, c token.Claims) string {
		text, err := k.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	moderator, _ := room.RoleModerator.Grant()
	all := *token.CanOf(moderator)
	others, err := token.NewKeys([][2]string{{"k", strings.Repeat("o", token.MinSecret)}})
	if err != nil {
		t.Fatal(err)
	}
	none := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"room": "r", "exp": soon.Unix(), "can": all})
	none.Header["kid"] = "k"
	unsigned, err := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	list := []person{
		{"nobody", "", "unauthorized", room.Grant{}},
		{"forger", sign(others, token.Claims{Room: "r", Expires: soon, Can: &all}), "unauthorized", room.Grant{}},
		{"alg none", unsigned, "unauthorized", room.Grant{}},
		{"late", sign(keys, token.Claims{Room: "r", Expires: past, Can: &all}), "token_expired", room.Grant{}},
		{"moderator elsewhere", sign(keys, token.Claims{Room: "s", Expires: soon, Can: &all}), "forbidden", room.Grant{}},
		{"admin", sign(keys, token.Claims{Room: "*", Expires: soon, Can: &token.Can{Admin: true}}), "forbidden", room.Grant{}},
	}
	add := func(name string, can token.Can) {
		c := token.Claims{Room: "r", Expires: soon, Can: &can}
		g, err := c.Grant()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, person{name, sign(keys, c), "", g})
	}
	for _, role := range []room.Role{room.RoleViewer, room.RoleGuest, room.RoleModerator} {
		g, _ := role.Grant()
		add(string(role), *token.CanOf(g))
	}
	add("hidden", token.Can{Join: true, Subscribe: true, Hidden: true})
	add("publisher", token.Can{Join: true, Publish: []room.Source{room.Camera, room.Microphone}})
	add("nothing but join", token.Can{Join: true})
	return list
}

// doors is a server with keys, behind all of its requests.
func doors(t *testing.T) (*house, http.Handler, *token.Keys) {
	t.Helper()
	keys, err := token.NewKeys([][2]string{{"k", matrixSecret}})
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, room.Config{Authorize: keys.Authorize(time.Now)})
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	rows := room.Permissions.HTTP
	routes := &room.Routes{}
	routes.Handle(answer, rows.Signalling)
	routes.Handle(h.WHIP(), rows.WHIP, rows.PatchWHIP, rows.EndWHIP)
	routes.Handle(h.WHEP(), rows.WHEP, rows.PatchWHEP, rows.EndWHEP)
	routes.Handle(h.Files(), rows.Upload, rows.Download)
	routes.Handle(h.Listing(), rows.Rooms, rows.Lobby)
	routes.Handle(h.Check(), rows.Check)
	routes.Handle(room.NewVisitors(nil).Page(answer), rows.Page, rows.Files, rows.Visitor)
	return h, routes, keys
}

// request is what is sent for a row, and what answers who may. It is refused, if
// at all, for other reasons than rights.
type request struct {
	method, path, body, kind string
	status                   int
	code                     string
}

var requests = map[string]request{
	"GET /{$}":                            {"GET", "/", "", "", 200, ""},
	"GET /":                               {"GET", "/style.css", "", "", 200, ""},
	"POST /visitor":                       {"POST", "/visitor", `{"name":"Ana"}`, "application/json", 200, ""},
	"/socket.io/":                         {"GET", "/socket.io/", "", "", 200, ""},
	"OPTIONS /whip/":                      {"OPTIONS", "/whip/r", "", "", 200, ""},
	"GET /whip/":                          {"GET", "/whip/r", "", "", 204, ""},
	"POST /whip/{room}":                   {"POST", "/whip/r", "v=0", typeSDP, 400, "bad_sdp"},
	"PATCH /whip/{room}/{session}":        {"PATCH", "/whip/r/guessed", "a=mid:0\r\n", typeFragment, 404, "session_unknown"},
	"DELETE /whip/{room}/{session}":       {"DELETE", "/whip/r/guessed", "", "", 404, "session_unknown"},
	"OPTIONS /whep/":                      {"OPTIONS", "/whep/r", "", "", 200, ""},
	"GET /whep/":                          {"GET", "/whep/r", "", "", 204, ""},
	"POST /whep/{room}":                   {"POST", "/whep/r", "v=0", typeSDP, 400, "bad_sdp"},
	"POST /whep/{room}/{member}":          {"POST", "/whep/r/nobody", "v=0", typeSDP, 400, "bad_sdp"},
	"POST /whep/{room}/{member}/{source}": {"POST", "/whep/r/nobody/camera", "v=0", typeSDP, 400, "bad_sdp"},
	"POST /files/{room}":                  {"POST", "/files/r?name=a", "text", "text/plain", 201, ""},
	"GET /files/{room}/{id}":              {"GET", "/files/r/guessed", "", "", 404, "not_found"},
	"GET /rooms":                          {"GET", "/rooms", "", "", 200, ""},
	"GET /rooms/{room}":                   {"GET", "/rooms/r", "", "", 200, ""},
	"POST /check":                         {"POST", "/check", "v=0", typeSDP, 400, "bad_sdp"},
	"PATCH /whep/{room}/{session}":        {"PATCH", "/whep/r/guessed", "a=mid:0\r\n", typeFragment, 404, "session_unknown"},
	"DELETE /whep/{room}/{session}":       {"DELETE", "/whep/r/guessed", "", "", 404, "session_unknown"},
}

// knock sends a request from an address of its own, so that none comes too often.
func (q request) knock(h http.Handler, token, remote string) reply {
	r := httptest.NewRequest(q.method, q.path, strings.NewReader(q.body))
	r.RemoteAddr = remote
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// Everybody asks for everything: what the table says is what the server does, for
// every event and every request.
func TestEverybodyAtEveryDoor(t *testing.T) {
	h, routes, keys := doors(t)
	for i, p := range people(t, keys) {
		t.Run(p.name, func(t *testing.T) {
			h.t = t
			for j, row := range room.AllPermissions() {
				remote := fmt.Sprintf("192.0.%d.%d:5", i, j)
				switch at := strings.Index(row.Name(), "/"); {
				case at < 0:
					p.sends(h, row, remote)
				case !strings.Contains(row.Name(), "/api/v1/") && row != room.Permissions.Admin.Health && row != room.Permissions.Admin.Debug:
					p.asks(h, routes, row, remote)
				}
			}
		})
	}
}

// sends tries an event.
func (p person) sends(h *house, row room.Permission, remote string) {
	h.t.Helper()
	arg := tries[row.Name()]
	if arg == nil {
		h.t.Fatalf("the test does not know how to send %s", row.Name())
	}
	c := newConn(h.t, row.Name())
	c.request.RemoteAddr = remote
	if err := h.Bind(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	defer c.drop()
	joins := c.ask("join", o{"v": 1, "room": "r", "name": p.name, "token": p.token})
	want := p.refused
	switch {
	case joins.Code != want:
		h.t.Errorf("join: %q, want %q", joins.Code, want)
	case row == room.Permissions.Join:
		return
	case want != "":
		want = "not_joined"
	case !row.Allows(p.grant):
		want = "forbidden"
	}
	if got := c.ask(row.Name(), arg).Code; got != want && (want != "" || got == "forbidden" || got == "not_joined") {
		h.t.Errorf("%s: %q, want %q", row.Name(), got, want)
	}
}

// seat joins, if it may, and returns the session and the key.
func (p person) seat(h *house, remote string) string {
	h.t.Helper()
	c := newConn(h.t, "seat")
	c.request.RemoteAddr = remote
	if err := h.Bind(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.drop)
	if a := c.ask("join", o{"v": 1, "room": "r", "name": p.name, "token": p.token}); a.Code == "" {
		return a.Session + "." + a.Key
	}
	return ""
}

// asks tries a request.
func (p person) asks(h *house, routes http.Handler, row room.Permission, remote string) {
	t := h.t
	t.Helper()
	q, ok := requests[row.Name()]
	if !ok {
		t.Fatalf("the test does not know how to ask for %s", row.Name())
	}
	status, code := q.status, q.code
	switch {
	case row.Needs() == room.NeedNothing, row.Needs().String() == "session":
	case p.refused == "unauthorized", p.refused == "token_expired":
		status, code = http.StatusUnauthorized, p.refused
	case p.refused != "", !row.Allows(p.grant):
		status, code = http.StatusForbidden, "forbidden"
	}
	bearer := p.token
	if row == room.Permissions.HTTP.Upload {
		if bearer = p.seat(h, remote); bearer == "" {
			status, code = http.StatusUnauthorized, "unauthorized"
		}
	}
	got := q.knock(routes, bearer, remote)
	if got.status != status || got.code() != code || (status == http.StatusUnauthorized) != (got.header.Get("WWW-Authenticate") == "Bearer") {
		t.Errorf("%s: %d %s, want %d %s", row.Name(), got.status, got.body, status, code)
	}
	if p.token != "" && strings.Contains(got.body, p.token) || strings.Contains(got.body, matrixSecret) {
		t.Errorf("%s: the answer has a secret: %s", row.Name(), got.body)
	}
}

// What has no row cannot be handled.
func TestRoutesTakeRows(t *testing.T) {
	for name, row := range map[string]room.Permission{"nothing": {}, "an event": room.Permissions.Join} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", name)
				}
			}()
			(&room.Routes{}).Handle(http.NotFoundHandler(), row)
		}()
	}
}

// Every row is there once.
func TestRowsAreDistinct(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range room.AllPermissions() {
		if p.Name() == "" || p.Says() == "" || seen[p.Name()] {
			t.Errorf("%q, %q is there twice, or says nothing", p.Name(), p.Says())
		}
		seen[p.Name()] = true
	}
}
