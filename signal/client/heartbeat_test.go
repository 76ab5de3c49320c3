package client_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/client"
)

// piped is an HTTP transport whose every response is an upgrade to one end of
// a pipe, so that a connection has no network and its time can be faked.
type piped struct{ end net.Conn }

func (p piped) RoundTrip(r *http.Request) (*http.Response, error) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return &http.Response{
		StatusCode: http.StatusSwitchingProtocols,
		Header: http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
		},
		Body: p.end,
	}, nil
}

// say writes a text of less than 126 bytes in a frame.
func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write(append([]byte{0x81, byte(len(text))}, text...)); err != nil {
		t.Errorf("say %q: %v", text, err)
	}
}

// Each ping gives the server another interval and timeout; other messages do
// not.
func TestHeartbeatWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, bufio.NewReader(ours)) }()
		began := time.Now()
		go func() {
			say(t, ours, `0{"sid":"x","pingInterval":10000,"pingTimeout":5000}`)
			say(t, ours, joined)
			for range 2 {
				<-time.After(10 * time.Second)
				say(t, ours, "2")
			}
			<-time.After(10 * time.Second) // at 30 s
			say(t, ours, `42["still here"]`)
		}()
		c, err := client.Dial(t.Context(), "http://pipe", client.Options{HTTPClient: &http.Client{Transport: piped{theirs}}})
		if err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		if at := time.Since(began); at != 35*time.Second {
			t.Errorf("ended after %v, want 35 s", at)
		}
		if err := c.Close(); err != client.ErrPingTimeout {
			t.Errorf("ended with %v", err)
		}
		ours.Close()
	})
}
