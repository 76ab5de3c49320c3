package admin

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// contract checks answers against the document that the server itself serves.
type contract struct {
	document *openapi3.T
	router   routers.Router
	seen     map[string]bool // operations
}

func readContract(t *testing.T, h *house) *contract {
	t.Helper()
	resp := h.ask(http.MethodGet, "/openapi.json", "", "")
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", doc.OpenAPI)
	}
	router, err := legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater())
	if err != nil {
		t.Fatal(err)
	}
	return &contract{doc, router, make(map[string]bool)}
}

// check fails unless an answer is as the document says; it returns the body.
func (c *contract) check(t *testing.T, resp *http.Response) string {
	t.Helper()
	route, params, err := c.router.FindRoute(resp.Request)
	if err != nil {
		t.Fatalf("%s %s: %v", resp.Request.Method, resp.Request.URL, err)
	}
	c.seen[route.Operation.OperationID] = true
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return ""
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: resp.Request, PathParams: params, Route: route},
		Status:                 resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(b)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		t.Errorf("%s %s: %d %s\n%v", resp.Request.Method, resp.Request.URL.Path, resp.StatusCode, b, err)
	}
	return string(b)
}

// all lists the operations of the document.
func (c *contract) all() (ids []string) {
	for _, path := range c.document.Paths.Map() {
		for _, op := range path.Operations() {
			ids = append(ids, op.OperationID)
		}
	}
	slices.Sort(ids)
	return ids
}

// request is one of the table; R, M and P stand for the room, a member of it that
// receives and a publication.
type request struct{ method, path, body string }

func (r request) of(member, publication, input string) request {
	r.path = strings.NewReplacer("/M", "/"+member, "/P", "/"+publication, "/I", "/"+input).Replace(r.path)
	return r
}

// Every operation answers as the document says, whether it can or not.
func TestContract(t *testing.T) {
	h := open(t, nil, nil)
	c := readContract(t, h)
	h.enter("r", "ana", true)
	bob, id := h.enter("r", "bob", false)
	r, _ := h.rooms.Room("r")
	publication, input := "", ""
	for p := range r.Publications() {
		if p.Source() == "microphone" {
			publication = p.ID()
		}
	}
	for _, tt := range []struct {
		request
		status int
		want   string // in the body
	}{
		{request{"GET", "/rooms", ""}, 200, `"name":"r"`},
		{request{"GET", "/rooms?x=1", ""}, 400, `"code":"bad_request"`},
		{request{"PUT", "/rooms/new", ""}, 201, `"max_members":1000`},
		{request{"PUT", "/rooms/new", `{"max_members":5,"empty_timeout_s":60,"chat_history":0}`}, 200, `"empty_timeout_s":60,"chat_history":0`},
		{request{"PUT", "/rooms/new", `{"codecs":["vp8"]}`}, 400, "when it is opened"},
		{request{"PUT", "/rooms/other", `{"codecs":["h264","vp8"],"chat_history":7}`}, 201, `"chat_history":7`},
		{request{"PUT", "/rooms/third", `{"codecs":["mp3"]}`}, 400, "body.codecs[0]"},
		{request{"PUT", "/rooms/third", `{"max_members":-1}`}, 400, "body.max_members"},
		{request{"PUT", "/rooms/third", `{"maxmembers":1}`}, 400, "body.maxmembers"},
		{request{"PUT", "/rooms/third", `{`}, 400, `"code":"bad_request"`},
		{request{"PUT", "/rooms/third", `{"codecs":["` + strings.Repeat("x", mostBody) + `"]}`}, 413, `"code":"too_large"`},
		{request{"PUT", "/rooms/with%20space", ""}, 400, "a room's name"},
		{request{"GET", "/rooms/r", ""}, 200, `"source":"microphone"`},
		{request{"GET", "/rooms/nowhere", ""}, 404, `"code":"room_not_found"`},
		{request{"GET", "/rooms/r/members", ""}, 200, `"remote":"192.0.2.7"`},
		{request{"GET", "/rooms/nowhere/members", ""}, 404, "room_not_found"},
		{request{"GET", "/rooms/r/members/M", ""}, 200, `"name":"bob"`},
		{request{"GET", "/rooms/r/members/nobody", ""}, 404, `"type":"/errors/member_not_found"`},
		{request{"GET", "/rooms/r/members/M/subscriptions", ""}, 200, `"source":"microphone"`},
		{request{"GET", "/rooms/r/members/nobody/subscriptions", ""}, 404, "member_not_found"},
		{request{"POST", "/rooms/r/members/M/messages", `{"text":"to you","name":"Host"}`}, 204, ""},
		{request{"POST", "/rooms/r/members/nobody/messages", `{"text":"to you"}`}, 404, "member_not_found"},
		{request{"POST", "/rooms/r/messages", `{"text":"to all"}`}, 204, ""},
		{request{"POST", "/rooms/r/messages", `{"text":""}`}, 400, "body.text"},
		{request{"POST", "/rooms/r/messages", ""}, 400, "bad_request"},
		{request{"GET", "/rooms/r/publications", ""}, 200, `"kind":"video"`},
		{request{"GET", "/rooms/r/publications/P", ""}, 200, `"codec":"opus"`},
		{request{"GET", "/rooms/r/publications/p0", ""}, 404, "publication_not_found"},
		{request{"GET", "/cost?seconds=0.1", ""}, 200, `"room":"r"`},
		{request{"GET", "/cost?seconds=99", ""}, 400, "query.seconds"},
		{request{"GET", "/cost?seconds=NaN", ""}, 400, "bad_request"},
		{request{"GET", "/capacity?seconds=0.1&bitrate=1000000", ""}, 200, `"basis":"assumed"`},
		{request{"GET", "/capacity", ""}, 400, "query.bitrate"},
		{request{"GET", "/events", ""}, 200, ""},
		{request{"PUT", "/rooms/new", `{"locked":true,"lobby":true}`}, 200, `"locked":true,"lobby":true`},
		{request{"PUT", "/rooms/new", `{"listed":true}`}, 200, `"listed":true`},
		{request{"PUT", "/rooms/r/lock", `{"on":true}`}, 204, ""},
		{request{"PUT", "/rooms/r/lock", `{}`}, 400, "body"},
		{request{"PUT", "/rooms/r/lobby", `{"on":true}`}, 204, ""},
		{request{"PUT", "/rooms/nowhere/lobby", `{"on":true}`}, 404, "room_not_found"},
		{request{"GET", "/rooms/r", ""}, 200, `"locked":true,"lobby":true`},
		{request{"GET", "/rooms/r/lobby", ""}, 200, `"on":true,"waiting":[]`},
		{request{"GET", "/rooms/nowhere/lobby", ""}, 404, "room_not_found"},
		{request{"POST", "/rooms/r/lobby/none/admit", ""}, 404, "nobody waits with this ticket"},
		{request{"POST", "/rooms/r/lobby/none/deny", ""}, 404, "member_not_found"},
		{request{"POST", "/rooms/nowhere/lobby/none/deny", ""}, 404, "room_not_found"},
		{request{"PUT", "/rooms/policy", `{"lobby":true,"policy":{"publish":["microphone"],"chat":false}}`}, 201, `"codecs":[],"policy":{"publish":["microphone"],"chat":false,"data":true},"locked":false,"lobby":true`},
		{request{"PUT", "/rooms/policy", `{"policy":{"publish":[],"data":false}}`}, 200, `"policy":{"publish":[],"chat":false,"data":false}`},
		{request{"PUT", "/rooms/policy", `{"policy":{"publish":["nose"]}}`}, 400, "body.policy.publish[0]"},
		{request{"PUT", "/rooms/policy", `{"policy":{"chat":1}}`}, 400, "body.policy.chat"},
		{request{"PUT", "/rooms/policy", `{"policy":{"shout":true}}`}, 400, "body.policy.shout"},
		{request{"GET", "/rooms/other", ""}, 200, `"codecs":["h264","vp8"]`},
		{request{"POST", "/rooms/r/publications/P/mute", ""}, 204, ""},
		{request{"POST", "/rooms/r/publications/p0/mute", ""}, 404, "publication_not_found"},
		{request{"GET", "/rooms/r/publications/P", ""}, 200, `"muted":true`},
		{request{"POST", "/rooms/r/mute", ""}, 204, ""},
		{request{"PUT", "/rooms/r/members/M/role", `{"role":"moderator"}`}, 204, ""},
		{request{"PUT", "/rooms/r/members/M/role", `{"role":"king"}`}, 400, "body.role"},
		{request{"PUT", "/rooms/r/members/nobody/role", `{"role":"guest"}`}, 404, "member_not_found"},
		{request{"GET", "/rooms/r/members/M", ""}, 200, `"role":"moderator"`},
		{request{"PUT", "/rooms/r/members/M/role", `{"role":"viewer"}`}, 204, ""},
		{request{"GET", "/rooms/r/members/M", ""}, 200, `"role":"viewer"`},
		{request{"PUT", "/rooms/r/members/M/role", `{"role":"guest"}`}, 204, ""},
		{request{"POST", "/rooms/r/members/M/move", `{"room":"other"}`}, 204, ""},
		{request{"POST", "/rooms/r/members/M/move", `{"room":"r"}`}, 400, "there already"},
		{request{"POST", "/rooms/r/members/M/move", `{"room":"a b"}`}, 400, "a room's name"},
		{request{"POST", "/rooms/r/members/M/move", `{}`}, 400, "body"},
		{request{"POST", "/rooms/r/members/nobody/move", `{"room":"other"}`}, 404, "member_not_found"},
		{request{"GET", "/rooms/r/bans", ""}, 200, `"bans":[]`},
		{request{"POST", "/rooms/r/bans", `{"identity":"eve","until":"2999-01-01T00:00:00Z"}`}, 204, ""},
		{request{"POST", "/rooms/r/bans", `{"identity":"eve","until":"1999-01-01T00:00:00Z"}`}, 400, "until"},
		{request{"POST", "/rooms/r/bans", `{}`}, 400, "an identity or a member"},
		{request{"POST", "/rooms/r/bans", `{"member":"nobody"}`}, 404, "member_not_found"},
		{request{"GET", "/rooms/r/bans", ""}, 200, `"identity":"eve","until":"2999-01-01T00:00:00Z"`},
		{request{"DELETE", "/rooms/r/bans?identity=eve", ""}, 204, ""},
		{request{"DELETE", "/rooms/r/bans?identity=eve", ""}, 404, "member_not_found"},
		{request{"POST", "/rooms/r/inputs", `{"name":"Stage","streams":[{"codec":"h264","payload_type":96},{"codec":"opus","payload_type":111}]}`}, 201, `"source":"camera"`},
		{request{"POST", "/rooms/r/inputs", `{"streams":[]}`}, 400, "body.streams"},
		{request{"POST", "/rooms/r/inputs", `{"streams":[{"codec":"mp3","payload_type":96}]}`}, 400, "body.streams[0].codec"},
		{request{"POST", "/rooms/r/inputs", `{"streams":[{"codec":"vp8","payload_type":200}]}`}, 400, "body.streams[0].payload_type"},
		{request{"POST", "/rooms/r/inputs", `{"streams":[{"codec":"vp8","payload_type":72}]}`}, 400, "payload type 72"},
		{request{"POST", "/rooms/r/inputs", `{"streams":[{"codec":"vp8","payload_type":96,"source":"microphone"}]}`}, 400, "a microphone is not vp8"},
		{request{"POST", "/rooms/r/inputs", `{"listen":"localhost","streams":[{"codec":"vp8","payload_type":96}]}`}, 400, "listen is no IP address"},
		{request{"POST", "/rooms/r/inputs", `{"listen":"192.0.2.77","streams":[{"codec":"vp8","payload_type":96}]}`}, 400, "192.0.2.77"},
		{request{"POST", "/rooms/other/inputs", `{"streams":[{"codec":"av1","payload_type":96}]}`}, 422, "no_common_codec"},
		{request{"GET", "/rooms/r/inputs", ""}, 200, `"rtp":"127.0.0.1:`},
		{request{"GET", "/rooms/nowhere/inputs", ""}, 404, "room_not_found"},
		{request{"GET", "/rooms/r/inputs/nobody", ""}, 404, "input_not_found"},
		{request{"DELETE", "/rooms/r/inputs/nobody", ""}, 404, "input_not_found"},
		{request{"GET", "/rooms/r/inputs/I", ""}, 200, `m=video`},
		{request{"DELETE", "/rooms/r/inputs/I", ""}, 204, ""},
		{request{"DELETE", "/rooms/r/inputs/I", ""}, 404, "input_not_found"},
		{request{"DELETE", "/rooms/r/members/M", ""}, 204, ""},
		{request{"DELETE", "/rooms/r/members/M", ""}, 404, "member_not_found"},
		{request{"DELETE", "/rooms/r", ""}, 204, ""},
		{request{"DELETE", "/rooms/r", ""}, 404, "room_not_found"},
	} {
		q := tt.request.of(id, publication, input)
		resp := h.ask(q.method, q.path, "", q.body)
		body := c.check(t, resp)
		if resp.StatusCode == http.StatusCreated && strings.HasSuffix(q.path, "/inputs") {
			input = resp.Header.Get("Location")[len(prefix+q.path+"/"):]
		}
		if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s %.80s: %d %s, want %d and %q", q.method, q.path, q.body, resp.StatusCode, body, tt.status, tt.want)
		}
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s may be cached: %q", q.method, q.path, got)
		}
	}
	for _, id := range c.all() {
		if !c.seen[id] {
			t.Errorf("no request was for %s", id)
		}
	}
	<-bob.done // it was removed
	said := ""
	for len(bob.events) > 0 {
		said += <-bob.events + "\n"
	}
	for _, want := range []string{`"name":"Host","text":"to you"`, `"name":"Server","text":"to all"`, `bye {"code":"kicked"`} {
		if !strings.Contains(said, want) {
			t.Errorf("bob was not told %s:\n%s", want, said)
		}
	}
}

// What there is no operation for is a problem, too.
func TestUnknownAddresses(t *testing.T) {
	h := open(t, nil, nil)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"PATCH", "/rooms/r", 405, "GET,PUT,DELETE"},
		{"POST", "/rooms", 405, "GET"},
	} {
		resp := h.ask(tt.method, tt.path, "", "")
		allow := strings.Join(resp.Header.Values("Allow"), ",")
		if resp.StatusCode != tt.status || allow != tt.allow || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s, allowed %q", tt.method, tt.path, resp.StatusCode, resp.Header.Get("Content-Type"), allow)
		}
	}
}

// Every operation, asked for by everybody.
func TestPermissionMatrix(t *testing.T) {
	keys := newKeys(t)
	now := time.Now() // each request comes 4 s later, so that none comes too often
	h := open(t, keys, func() time.Time { now = now.Add(4 * time.Second); return now })
	c := readContract(t, h)
	other, err := token.NewKeys([][2]string{{"k", strings.Repeat("x", token.MinSecret)}})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := other.Sign(token.Claims{Room: "*", Can: &token.Can{Admin: true}, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	expired, err := keys.Sign(token.Claims{Room: "*", Can: &token.Can{Admin: true}, Expires: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	who := []struct {
		name, token, code string // code: of what all of them are refused with
	}{
		{"nobody", "", "unauthorized"},
		{"forged", forged, "unauthorized"},
		{"alg none", "eyJhbGciOiJub25lIiwia2lkIjoiayJ9.eyJjYW4iOnsiYWRtaW4iOnRydWV9LCJleHAiOjQxMDI0NDQ4MDB9.", "unauthorized"},
		{"expired", expired, "token_expired"},
		{"guest", h.sign("r", token.Can{Join: true, Subscribe: true}), "forbidden"},
		{"hidden", h.sign("r", token.Can{Join: true, Subscribe: true, Hidden: true}), "forbidden"},
		{"publisher", h.sign("r", token.Can{Join: true, Publish: []room.Source{room.Camera}}), "forbidden"},
		{"moderator elsewhere", h.sign("s", token.Can{Moderate: true}), ""},
		{"moderator", h.sign("r", token.Can{Moderate: true}), ""},
		{"moderator everywhere", h.sign("*", token.Can{Moderate: true}), ""},
		{"admin", h.sign("", token.Can{Admin: true}), ""},
	}
	first := slices.IndexFunc(who, func(w struct{ name, token, code string }) bool { return w.code == "" })
	tried := http.NewServeMux()
	for _, row := range room.AllPermissions() {
		if strings.Contains(row.Name(), prefix) {
			tried.Handle(row.Name(), http.NotFoundHandler())
		}
	}
	asked := make(map[string]bool) // rows
	for _, tt := range []struct {
		request
		may string // of the last four: elsewhere, moderator, everywhere, admin
	}{
		{request{"GET", "/rooms", ""}, "yyyy"},
		{request{"PUT", "/rooms/r", ""}, "nnny"},
		{request{"GET", "/rooms/r", ""}, "nyyy"},
		{request{"DELETE", "/rooms/r", ""}, "nyyy"},
		{request{"POST", "/rooms/r/messages", `{"text":"x"}`}, "nyyy"},
		{request{"GET", "/rooms/r/members", ""}, "nyyy"},
		{request{"GET", "/rooms/r/members/M", ""}, "nyyy"},
		{request{"DELETE", "/rooms/r/members/M", ""}, "nyyy"},
		{request{"POST", "/rooms/r/members/M/messages", `{"text":"x"}`}, "nyyy"},
		{request{"GET", "/rooms/r/members/M/subscriptions", ""}, "nyyy"},
		{request{"GET", "/rooms/r/publications", ""}, "nyyy"},
		{request{"GET", "/rooms/r/publications/P", ""}, "nyyy"},
		{request{"POST", "/rooms/r/publications/P/mute", ""}, "nyyy"},
		{request{"POST", "/rooms/r/mute", ""}, "nyyy"},
		{request{"PUT", "/rooms/r/lock", `{"on":false}`}, "nyyy"},
		{request{"PUT", "/rooms/r/lobby", `{"on":false}`}, "nyyy"},
		{request{"GET", "/rooms/r/lobby", ""}, "nyyy"},
		{request{"POST", "/rooms/r/lobby/none/admit", ""}, "nyyy"},
		{request{"POST", "/rooms/r/lobby/none/deny", ""}, "nyyy"},
		{request{"PUT", "/rooms/r/members/M/role", `{"role":"guest"}`}, "nyyy"},
		{request{"POST", "/rooms/r/members/M/move", `{"room":"q"}`}, "nyyy"},
		{request{"GET", "/rooms/r/bans", ""}, "nyyy"},
		{request{"POST", "/rooms/r/bans", `{"identity":"x"}`}, "nyyy"},
		{request{"DELETE", "/rooms/r/bans?identity=x", ""}, "nyyy"},
		{request{"POST", "/rooms/r/inputs", `{"streams":[{"codec":"vp8","payload_type":96}]}`}, "nnny"},
		{request{"GET", "/rooms/r/inputs", ""}, "nyyy"},
		{request{"GET", "/rooms/r/inputs/I", ""}, "nyyy"},
		{request{"DELETE", "/rooms/r/inputs/I", ""}, "nyyy"},
		{request{"GET", "/cost?seconds=0.1", ""}, "nnny"},
		{request{"GET", "/capacity?seconds=0.1&bitrate=1", ""}, "nnny"},
		{request{"GET", "/events", ""}, "yyyy"},
		{request{"GET", "/events?room=r", ""}, "nyyy"},
	} {
		for i, w := range who {
			if _, err := h.rooms.Open("r"); err != nil {
				t.Fatal(err)
			}
			resp := h.ask(tt.method, tt.path, w.token, tt.body)
			body := c.check(t, resp)
			switch refused := resp.StatusCode == 401 || resp.StatusCode == 403; {
			case w.code != "":
				if !refused || !strings.Contains(body, `"code":"`+w.code+`"`) {
					t.Errorf("%s, %s %s: %d %s, want %s", w.name, tt.method, tt.path, resp.StatusCode, body, w.code)
				}
			case refused != (tt.may[i-first] == 'n'):
				t.Errorf("%s, %s %s: %d %s, want %c", w.name, tt.method, tt.path, resp.StatusCode, body, tt.may[i-first])
			}
		}
		_, row := tried.Handler(httptest.NewRequest(tt.method, prefix+tt.path, nil))
		if may := mayAsk(row); may != tt.may && tt.path != "/events?room=r" {
			t.Errorf("%s: the table says %s, the test %s", row, may, tt.may)
		}
		asked[row] = true
	}
	for _, row := range room.AllPermissions() {
		if strings.Contains(row.Name(), prefix) && row != table.Document && !asked[row.Name()] {
			t.Errorf("nobody asked for %s", row.Name())
		}
	}
	for _, id := range c.all() {
		if !c.seen[id] {
			t.Errorf("nobody asked for %s", id)
		}
	}
}

// mayAsk tells who may do what a row is about: a moderator elsewhere, of the room,
// everywhere, and an admin.
func mayAsk(name string) string {
	for _, row := range room.AllPermissions() {
		switch {
		case row.Name() != name:
		case row.Needs() == room.NeedAdmin:
			return "nnny"
		case row.Needs() == room.NeedModerate && strings.Contains(name, "{room}"):
			return "nyyy"
		case row.Needs() == room.NeedModerate:
			return "yyyy"
		}
	}
	return "no row"
}

// The document lists the rows of the table, and no other operation.
func TestEveryOperationHasARow(t *testing.T) {
	c := readContract(t, open(t, nil, nil))
	described := map[string]bool{table.Document.Name(): true} // itself
	for path, item := range c.document.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	for _, row := range room.AllPermissions() {
		if strings.Contains(row.Name(), prefix) && !described[row.Name()] {
			t.Errorf("nobody answers %s", row.Name())
		}
		delete(described, row.Name())
	}
	for name := range described {
		t.Errorf("the table has no row for %s", name)
	}
}

// What has no row cannot be answered.
func TestHandleTakesRows(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a request without a row is taken")
		}
	}()
	NewAccess(AccessConfig{}).Handle(http.NewServeMux(), room.Permission{}, http.NotFoundHandler())
}
