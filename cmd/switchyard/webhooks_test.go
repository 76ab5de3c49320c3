package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/client"
)

// A service that the file names is told of a room from its start to its end.
func TestServeTellsWebhooks(t *testing.T) {
	told := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n struct {
			Type string
			Data struct{ Reason string }
		}
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		told <- n.Type + n.Data.Reason
	}))
	defer receiver.Close()
	text := fmt.Sprintf("webhooks:\n- url: %s/hook\n  secret: %s\n  allow_private: true\n", receiver.URL, goodSecret)
	data := filepath.Join(t.TempDir(), "new")
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "off", "--data", data, "--config", file(t, text))
	c, err := client.Dial(t.Context(), s.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Call(t.Context(), "join", map[string]any{"v": 1, "room": "lounge"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	next := func() {
		select {
		case one := <-told:
			got = append(got, one)
		case <-time.After(patience):
			t.Fatalf("told only %q; stderr %s", got, s.stderr)
		}
	}
	next()
	next()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	next()
	next()
	if code := s.exit(t); code != 0 {
		t.Errorf("code %d, stderr %s", code, s.stderr)
	}
	if want := []string{"room_started", "member_joined", "member_leftended", "room_endedended"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(data, "webhooks.jsonl")); err != nil {
		t.Error(err)
	}
}

func TestDataDir(t *testing.T) {
	for _, tt := range []struct{ chosen, state, xdg, home, want string }{
		{"/a", "/b", "/c", "/d", "/a"},
		{"", "/b", "/c", "/d", "/b"},
		{"", "", "/c", "/d", "/c/switchyard"},
		{"", "b", "c", "/d", "/d/.local/state/switchyard"},
		{"", "", "", "", ""},
	} {
		t.Setenv("STATE_DIRECTORY", tt.state)
		t.Setenv("XDG_STATE_HOME", tt.xdg)
		t.Setenv("HOME", tt.home)
		if got := dataDir(tt.chosen); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
