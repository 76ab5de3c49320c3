package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/token"
)

// Every request of the table is answered by somebody, on the listener where it
// should be, and to whom the table says.
func TestEveryRowIsServed(t *testing.T) {
	t.Setenv(keysVariable, "k:"+goodSecret)
	keys, err := token.NewKeys([][2]string{{"k", goodSecret}})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(can token.Can) string {
		text, err := keys.Sign(token.Claims{Room: "r", Can: &can, Expires: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	admin, moderator := sign(token.Can{Admin: true}), sign(token.Can{Moderate: true})
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
	defer client.CloseIdleConnections()
	ask := func(base, method, path, token string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(base, "/")+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		got, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		defer got.Body.Close()
		if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
			_, _ = io.Copy(io.Discard, got.Body)
		}
		return got.StatusCode
	}
	fill := strings.NewReplacer("{$}", "", "{room}", "r", "{member}", "m", "{session}", "s", "{source}", "camera", "{publication}", "p", "{input}", "i", "{ticket}", "t", "{id}", "f", "/debug/", "/debug/stats")
	for _, row := range room.AllPermissions() {
		method, path, ok := strings.Cut(row.Name(), " ")
		switch {
		case !strings.Contains(row.Name(), "/"):
			continue
		case !ok:
			method, path = http.MethodGet, row.Name()
		}
		path = fill.Replace(path)
		if row.Needs() != room.NeedAdmin && !strings.HasPrefix(path, "/api/") && path != "/healthz" {
			// What nobody answers leads to the page.
			if got := ask(s.url, method, path, ""); got == http.StatusFound || got == http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", row.Name(), got)
			}
			continue
		}
		nobody, some, all := ask(s.admin, method, path, ""), ask(s.admin, method, path, moderator), ask(s.admin, method, path, admin)
		free := row.Needs() == room.NeedNothing
		if (nobody == 401) == free || (some == 403) != (row.Needs() == room.NeedAdmin) || all == 401 || all == 403 || all == 405 {
			t.Errorf("%s: %d to nobody, %d to a moderator, %d to an admin", row.Name(), nobody, some, all)
		}
		if got := ask(s.url, method, path, admin); method == http.MethodGet && got != http.StatusFound || got < 300 {
			t.Errorf("%s is answered on the public listener: %d", row.Name(), got)
		}
	}
}
