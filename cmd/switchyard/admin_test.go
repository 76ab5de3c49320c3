package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// What the admin listener answers about costs, and whom it does not answer.
func TestAdminTellsCosts(t *testing.T) {
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	for _, tt := range []struct {
		path, header, value string
		status              int
		want                string // in the answer without white space
	}{
		{"debug/cost?seconds=0.1", "", "", http.StatusOK, `"rooms":[]`},
		{"debug/cost?seconds=0.1", "", "", http.StatusOK, `"cpu_seconds":{"workers":[`},
		{"debug/cost?seconds=0.01", "", "", http.StatusBadRequest, "from0.1to30"},
		{"debug/cost?seconds=NaN", "", "", http.StatusBadRequest, "from0.1to30"},
		{"api/v1/capacity?bitrate=2500000&seconds=0.1", "", "", http.StatusOK, `"basis":"assumed"`},
		{"api/v1/capacity", "", "", http.StatusBadRequest, "bitrate"},
		{"api/v1/capacity?bitrate=-1", "", "", http.StatusBadRequest, "bitrate"},
		{"api/v1/capacity?bitrate=9e9", "", "", http.StatusBadRequest, "bitrate"},
		{"nowhere", "", "", http.StatusNotFound, `"code":"not_found"`},
		{"debug/nowhere", "", "", http.StatusNotFound, `"code":"not_found"`},
		{"healthz", "Origin", strings.TrimSuffix(s.admin, "/"), http.StatusOK, "ok"},
		{"healthz", "Origin", s.url, http.StatusForbidden, ""},
		{"healthz", "Origin", "https://evil.example", http.StatusForbidden, ""},
		{"healthz", "Origin", "null", http.StatusForbidden, ""},
		{"healthz", "Sec-Fetch-Site", "none", http.StatusOK, "ok"},
		{"healthz", "Sec-Fetch-Site", "same-site", http.StatusForbidden, ""},
		{"healthz", "Sec-Fetch-Site", "cross-site", http.StatusForbidden, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.header != "" {
			r.Header.Set(tt.header, tt.value)
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || got.StatusCode != tt.status || !strings.Contains(strings.Join(strings.Fields(string(body)), ""), tt.want) {
			t.Errorf("GET %s, %s %q: %d %.200s, want %d and %q", tt.path, tt.header, tt.value, got.StatusCode, body, tt.status, tt.want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != 0 {
		t.Errorf("code %d", code)
	}
}

// Two servers start on one machine: if the port is taken and nobody chose it,
// there is no admin listener, and a line says so. Who chose it is told.
func TestAdminPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := l.Addr().String()
	for _, tt := range []struct {
		options adminOptions
		want    string // in the log
	}{
		{adminOptions{address: address}, `msg="admin listener is off: its port is taken; choose another with --admin" admin=` + address},
		{adminOptions{address: "off", given: true}, ""},
		{adminOptions{given: true}, ""},
	} {
		var out, log bytes.Buffer
		got, err := listenAdmin(tt.options, false)
		if got != nil || err != nil {
			t.Fatalf("%+v: %v, %v; want neither", tt.options, got, err)
		}
		serveAdmin(&out, slog.New(slog.NewTextHandler(&log, nil)), tt.options, nil, nil)()
		if out.Len() > 0 || !strings.Contains(log.String(), tt.want) || tt.want == "" && log.Len() > 0 {
			t.Errorf("%+v: printed %q, logged %q; want %q", tt.options, out.String(), log.String(), tt.want)
		}
	}
	_, port, _ := net.SplitHostPort(address)
	for _, tt := range []struct {
		address string
		code    int
		want    string
	}{
		{address, exitFailed, "port " + port + " is taken; choose another with --admin"},
		{"0.0.0.0:0", exitUsage, "is no loopback address"},
		{"[::]:0", exitUsage, "is no loopback address"},
	} {
		code, stdout, stderr := runCommand(t, "serve", "--http", "127.0.0.1:0", "--udp", "0", "--admin", tt.address)
		if code != tt.code || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("--admin %s: code %d, stdout %q, stderr %q; want %d and %q", tt.address, code, stdout, stderr, tt.code, tt.want)
		}
	}
}

// get reads what the admin listener answers.
func get(t *testing.T, url string, v any) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(v); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %s, %v", url, r.Status, err)
	}
}
