package signal

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// rawClient is a WebSocket client that may break every rule.
type rawClient struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// dialRaw upgrades with extra headers, and fails unless that works.
func dialRaw(t *testing.T, at string, extra http.Header) *rawClient {
	t.Helper()
	c, res := upgradeRaw(t, at, extra)
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %s", res.Status)
	}
	return c
}

// upgradeRaw asks for a WebSocket.
func upgradeRaw(t *testing.T, at string, extra http.Header) (*rawClient, *http.Response) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	u.Scheme = "http"
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}}
	for k, v := range extra {
		r.Header[k] = v
	}
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	c := &rawClient{t: t, conn: conn, r: bufio.NewReader(conn)}
	res, err := http.ReadResponse(c.r, r)
	if err != nil {
		t.Fatal(err)
	}
	return c, res
}

// frame writes a masked frame whose mask is zero: first is the first byte, with
// FIN, reserved bits and opcode; announced is the length that it claims.
func (c *rawClient) frame(first byte, announced int, payload string) {
	c.t.Helper()
	if _, err := c.conn.Write(append(frameHeader(first, announced), payload...)); err != nil {
		c.t.Logf("write: %v", err) // the server may have closed
	}
}

func frameHeader(first byte, announced int) []byte {
	b := []byte{first, 0x80}
	switch {
	case announced < 126:
		b[1] |= byte(announced)
	case announced < 1<<16:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(announced))
	default:
		b[1] |= 127
		b = binary.BigEndian.AppendUint64(b, uint64(announced))
	}
	return append(b, 0, 0, 0, 0)
}

// text writes a whole text message.
func (c *rawClient) text(s string) {
	c.t.Helper()
	c.frame(0x81, len(s), s)
}

// gone reads until the server closes the connection.
func (c *rawClient) gone() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.r); err != nil && strings.Contains(err.Error(), "timeout") {
		c.t.Errorf("the server keeps the connection: %v", err)
	}
}

// newcomer fails unless the server serves somebody new.
func newcomer(t *testing.T, at string) {
	t.Helper()
	c := join(t, at)
	c.write(`421["nobody knows"]`)
	c.want(`431[{"ok":false,"code":"unknown_event","message":"there is no such event"}]`)
	c.ws.CloseNow()
}
