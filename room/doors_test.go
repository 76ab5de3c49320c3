package room_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// A token that may be used once opens one door, whichever that is, and no second
// one.
func TestTokensAreNotReplayed(t *testing.T) {
	h, keys := keysFor(t, room.Config{})
	rows := room.Permissions.HTTP
	routes := &room.Routes{}
	routes.Handle(h.WHIP(), rows.WHIP, rows.PatchWHIP, rows.EndWHIP)
	routes.Handle(h.WHEP(), rows.WHEP, rows.PatchWHEP, rows.EndWHEP)
	w := &web{house: h}
	publish, play := w.guest("Ana", true).describe(), w.guest("Bo", false).describe()
	n := 0
	doors := map[string]func(text string) string{
		"join": func(text string) string {
			n++
			c := newConn(t, "c")
			c.request.RemoteAddr = fmt.Sprintf("192.0.2.%d:5", n)
			if err := h.Bind(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.drop)
			return c.ask("join", o{"v": 1, "room": "r", "token": text}).Code
		},
		"WHIP": func(text string) string {
			n++
			return request{"POST", "/whip/r", publish, typeSDP, 0, ""}.knock(routes, text, fmt.Sprintf("192.0.2.%d:5", n)).code()
		},
		"WHEP": func(text string) string {
			n++
			return request{"POST", "/whep/r", play, typeSDP, 0, ""}.knock(routes, text, fmt.Sprintf("192.0.2.%d:5", n)).code()
		},
	}
	for first, enter := range doors {
		text, err := keys.Sign(token.Claims{Room: "r", ID: "once-" + first, Uses: 1, Expires: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if got := enter(text); got != "" {
			t.Errorf("%s: %q", first, got)
		}
		for second, again := range doors {
			if got := again(text); got != "unauthorized" {
				t.Errorf("%s, and then %s: %q", first, second, got)
			}
		}
	}
}

// Requests about sessions that are guessed, and about names, are limited by address.
func TestRequestsAreLimited(t *testing.T) {
	_, routes, _ := doors(t)
	for i, name := range []string{"PATCH /whip/{room}/{session}", "DELETE /whep/{room}/{session}", "POST /visitor"} {
		q := requests[name]
		var got reply
		for n := 0; n < 50_000 && got.status != http.StatusTooManyRequests; n++ { // meanwhile more are allowed
			got = q.knock(routes, "", fmt.Sprintf("198.51.100.%d:5", i))
		}
		if got.code() != "rate_limited" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
		if other := q.knock(routes, "", "203.0.113.9:5"); other.status != q.status {
			t.Errorf("%s: somebody else gets %d", name, other.status)
		}
	}
}

// Refusals say what the problem is, and nothing about who is there.
func TestRefusalsAreProblems(t *testing.T) {
	h, routes, _ := doors(t)
	if _, err := h.Open("secret"); err != nil {
		t.Fatal(err)
	}
	for _, q := range []request{
		{"POST", "/whip/secret", "v=0", typeSDP, 401, "unauthorized"},
		{"POST", "/whep/secret/nobody", "v=0", typeSDP, 401, "unauthorized"},
		{"POST", "/whep/nowhere/nobody", "v=0", typeSDP, 401, "unauthorized"},
		{"POST", "/whip/a%00b", "v=0", typeSDP, 400, "bad_request"},
		{"POST", "/whip/" + strings.Repeat("a", 65), "v=0", typeSDP, 400, "bad_request"},
		{"DELETE", "/whip/secret/x", "", "", 404, "session_unknown"},
		{"DELETE", "/whip/nowhere/x", "", "", 404, "session_unknown"},
		{"TRACE", "/whip/secret", "", "", 405, "method_not_allowed"},
		{"POST", "/visitor", `{"name":1}`, "application/json", 400, "bad_request"},
		{"POST", "/visitor", strings.Repeat(" ", 10<<10), "application/json", 413, "too_large"},
	} {
		if got := q.knock(routes, "", "192.0.2.1:5"); got.status != q.status || got.code() != q.code {
			t.Errorf("%s %.40s: %d %s, want %d %s", q.method, q.path, got.status, got.body, q.status, q.code)
		}
	}
}
