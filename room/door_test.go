package room_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
)

func TestWHIPRefuses(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{})
	a := h.guest("Ana", true).post("/whip/r")
	offer := h.guest("Bo", true).describe()
	play := h.guest("Cy", false).describe()
	id := strings.TrimPrefix(a.session, "/whip/r/")
	member := ""
	for r := range h.Rooms() {
		for m := range r.Members() {
			member = m.ID()
		}
	}
	const sdp, fragment = "Content-Type: " + typeSDP, "Content-Type: " + typeFragment
	two := strings.ReplaceAll(offer, "m=video", "m=audio")
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"no type", "POST", "/whip/r", offer, nil, 415, "unsupported_media_type"},
		{"wrong type", "POST", "/whep/r", play, []string{"Content-Type: application/json"}, 415, "unsupported_media_type"},
		{"large", "POST", "/whip/r", strings.Repeat("a", 10<<20), []string{sdp}, 413, "too_large"},
		{"nothing", "POST", "/whip/r", "", []string{sdp}, 400, "bad_sdp"},
		{"no SDP", "POST", "/whip/r", "hello", []string{sdp}, 400, "bad_sdp"},
		{"half an SDP", "POST", "/whip/r", offer[len(offer)/2:], []string{sdp}, 400, "bad_sdp"},
		{"no codec", "POST", "/whip/r", strings.NewReplacer("opus", "opas", "VP8", "XP8", "VP9", "XP9", "H264", "X264", "AV1", "XV1", "H265", "X265").Replace(offer), []string{sdp}, 422, "no_common_codec"},
		{"plays at WHIP", "POST", "/whip/r", play, []string{sdp}, 422, "limit_exceeded"},
		{"publishes at WHEP", "POST", "/whep/r", offer, []string{sdp}, 422, "limit_exceeded"},
		{"two of a kind", "POST", "/whip/r", two, []string{sdp}, 422, "limit_exceeded"},
		{"bad room", "POST", "/whip/a%20b", offer, []string{sdp}, 400, "bad_request"},
		{"no room", "POST", "/whip/", offer, []string{sdp}, 400, "bad_request"},
		{"too deep", "POST", "/whip/r/a/b", offer, []string{sdp}, 404, "not_found"},
		{"no source", "POST", "/whep/r/m/window", play, []string{sdp}, 404, "not_found"},
		{"no member", "POST", "/whep/r/nobody", play, []string{sdp}, 404, "member_not_found"},
		{"no member's room", "POST", "/whep/empty/nobody", play, []string{sdp}, 404, "member_not_found"},
		{"not shared", "POST", "/whep/r/" + member + "/screen", play, []string{sdp}, 409, "not_live"},
		{"max", "POST", "/whep/r?max=0", play, []string{sdp}, 400, "bad_request"},
		{"follow", "POST", "/whep/r?follow=me", play, []string{sdp}, 400, "bad_request"},
		{"follow a member", "POST", "/whep/r/" + member + "?follow=speaker", play, []string{sdp}, 400, "bad_request"},
		{"PUT", "PUT", "/whip/r", offer, []string{sdp}, 405, "method_not_allowed"},
		{"PATCH the endpoint", "PATCH", "/whip/r", "", []string{fragment}, 405, "method_not_allowed"},
		{"POST the session", "POST", a.session, offer, []string{sdp}, 405, "method_not_allowed"},
		{"PUT the session", "PUT", a.session, offer, []string{sdp}, 405, "method_not_allowed"},
		{"unknown session", "PATCH", "/whip/r/" + id[1:] + "x", "a=mid:0\r\n", []string{fragment, "If-Match: *"}, 404, "session_unknown"},
		{"session of another room", "DELETE", "/whip/q/" + id, "", nil, 404, "session_unknown"},
		{"WHIP session at WHEP", "DELETE", "/whep/r/" + id, "", nil, 404, "session_unknown"},
		{"member as session", "DELETE", "/whip/r/" + member, "", nil, 404, "session_unknown"},
		{"PATCH of a type", "PATCH", a.session, "a=mid:0\r\n", []string{sdp, "If-Match: *"}, 415, "unsupported_media_type"},
		{"PATCH without tag", "PATCH", a.session, "a=mid:0\r\n", []string{fragment}, 428, "precondition_required"},
		{"stale tag", "PATCH", a.session, "a=mid:0\r\n", []string{fragment, `If-Match: "stale"`}, 412, "precondition_failed"},
		{"large PATCH", "PATCH", a.session, strings.Repeat("a", 10<<20), []string{fragment, "If-Match: *"}, 413, "too_large"},
		{"no fragment", "PATCH", a.session, "{}", []string{fragment, "If-Match: *"}, 400, "bad_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := h.ask(tt.method, tt.path, tt.body, tt.headers...)
			if got.status != tt.status || got.code() != tt.code {
				t.Fatalf("%d %s, want %d %s", got.status, got.body, tt.status, tt.code)
			}
			if (got.status == 405) != (got.header.Get("Allow") != "") || (got.status == 415) != (got.header.Get("Accept-Post")+got.header.Get("Accept-Patch") != "") ||
				(got.status == 409) != (got.header.Get("Retry-After") != "") || got.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", got.header)
			}
		})
	}
	a.leave()
	h.nothingLeft()
}

func TestWHIPAnswersPreflights(t *testing.T) {
	h := openWeb(t, room.Config{})
	for path, want := range map[string][3]string{
		"/whip/r":          {"OPTIONS, GET, HEAD, POST", typeSDP, ""},
		"/whip/r/id":       {"OPTIONS, GET, HEAD, PATCH, DELETE", "", typeFragment},
		"/whep/r":          {"OPTIONS, GET, HEAD, POST", typeSDP, ""},
		"/whep/r/id":       {"OPTIONS, GET, HEAD, POST, PATCH, DELETE", typeSDP, typeFragment},
		"/whep/r/m/camera": {"OPTIONS, GET, HEAD, POST", typeSDP, ""},
	} {
		got := h.ask(http.MethodOptions, path, "", "Origin: https://studio.example", "Access-Control-Request-Method: POST")
		is := [3]string{got.header.Get("Access-Control-Allow-Methods"), got.header.Get("Accept-Post"), got.header.Get("Accept-Patch")}
		if got.status != http.StatusOK || is != want || got.header.Get("Allow") != want[0] || got.header.Get("Access-Control-Allow-Headers") == "" {
			t.Errorf("OPTIONS %s: %d %q, want %q", path, got.status, is, want)
		}
		if got := h.ask(http.MethodGet, path, ""); got.status != http.StatusNoContent || got.body != "" {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
}

func TestWHIPAuthorizes(t *testing.T) {
	t.Parallel()
	h := openWeb(t, room.Config{Authorize: func(_ context.Context, r room.JoinRequest) (room.Grant, error) {
		switch r.Token {
		case "publish":
			return room.Grant{Publish: []room.Source{room.Microphone}, Name: "Studio", IDPrefix: "s-"}, nil
		case "play":
			return room.Grant{CanSubscribe: true}, nil
		case "forged":
			return room.Grant{}, room.ErrUnauthorized
		}
		return room.Grant{}, fmt.Errorf("no: %w", room.ErrDenied)
	}})
	play := h.guest("Bo", false).describe()
	for _, tt := range []struct {
		path, auth string
		status     int
	}{
		{"/whep/r", "", 403}, {"/whep/r", "Bearer publish", 403}, {"/whep/r", "Basic play", 403}, {"/whep/r", "Bearer wrong", 403},
		{"/whep/r", "Bearer forged", 401}, {"/whep/r", "bearer play", 201},
	} {
		got := h.ask(http.MethodPost, tt.path, play, "Content-Type: "+typeSDP, "Authorization: "+tt.auth)
		if got.status != tt.status || (got.status == 401) != (got.header.Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("POST %s with %q: %d %s, want %d", tt.path, tt.auth, got.status, got.body, tt.status)
		}
	}
	a := h.guest("Ana", true)
	if got := h.ask(http.MethodPost, "/whip/r", a.describe(), "Content-Type: "+typeSDP, "Authorization: Bearer play"); got.status != 403 || got.code() != "forbidden" {
		t.Errorf("POST: %d %s", got.status, got.body)
	}
	h.guest("Cy", true).post("/whip/r?name=Cy", "Authorization: Bearer publish")
	r, _ := h.Room("r")
	names, sources := "", ""
	for m := range r.Members() {
		names += m.Name() + " "
	}
	for p := range r.Publications() {
		sources += string(p.Source()) + " " + p.Member().ID()[:2]
	}
	if !strings.HasSuffix(names, "Studio ") || sources != "microphone s-" {
		t.Errorf("members %q publish %q", names, sources)
	}
}

func TestWHIPIsLimited(t *testing.T) {
	h := openWeb(t, room.Config{})
	for range 100 {
		got := h.ask(http.MethodPost, "/whip/r", "v=0", "Content-Type: "+typeSDP)
		if got.status == http.StatusTooManyRequests {
			if got.code() != "rate_limited" || got.header.Get("Retry-After") == "" {
				t.Errorf("%v %s", got.header, got.body)
			}
			return
		}
	}
	t.Error("a hundred bad requests are welcome")
}
