package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"
)

// message is one WebSocket message: text with the type of its Engine.IO packet
// in front, or an attachment.
type message struct {
	data   []byte
	binary bool
}

// transport carries messages. One goroutine reads and another one writes; abort
// may be called by any, at any time.
type transport struct {
	ws   *websocket.Conn
	conn io.Closer // below ws
}

// open connects a WebSocket. Nothing of it depends on ctx afterwards.
func open(ctx context.Context, at string, opts Options) (*transport, error) {
	upgrade := &upgrade{base: opts.HTTPClient.Transport}
	if upgrade.base == nil {
		upgrade.base = http.DefaultTransport
	}
	client := *opts.HTTPClient
	client.Transport = upgrade
	ws, res, err := websocket.Dial(ctx, at, &websocket.DialOptions{HTTPClient: &client, HTTPHeader: opts.Header})
	if err != nil && res != nil && res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("server answered %s%s", res.Status, explanation(res.Body))
	}
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(opts.MaxPayload)
	return &transport{ws: ws, conn: upgrade.conn}, nil
}

// explanation is what an Engine.IO server says in the body of a refusal.
func explanation(body io.Reader) string {
	var no struct {
		Message string `json:"message"`
	}
	if body == nil || json.NewDecoder(body).Decode(&no) != nil || no.Message == "" {
		return ""
	}
	return ": " + no.Message
}

// address completes the URL of a server.
func address(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
	default:
		return nil, fmt.Errorf("%q is no URL of a server", raw)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%q names no host", raw)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/socket.io/"
	}
	q := u.Query()
	q.Set("EIO", "4")
	q.Set("transport", "websocket")
	u.RawQuery = q.Encode()
	u.Fragment = ""
	return u, nil
}

// upgrade is a transport of HTTP that keeps the connection which a response
// turns into.
type upgrade struct {
	base http.RoundTripper
	conn io.Closer
}

// RoundTrip implements [http.RoundTripper].
func (u *upgrade) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := u.base.RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusSwitchingProtocols {
		u.conn = res.Body
	}
	return res, err
}

func (t *transport) read(ctx context.Context) (message, error) {
	typ, b, err := t.ws.Read(ctx)
	if err != nil {
		return message{}, readError(err)
	}
	return message{data: b, binary: typ == websocket.MessageBinary}, nil
}

// readError says in this package's words why a read ended.
func readError(err error) error {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return ErrTooLarge
	}
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return fmt.Errorf("%w: %v %q", ErrServerClosed, closed.Code, closed.Reason)
	}
	return fmt.Errorf("%w: %w", ErrTransport, err)
}

func (t *transport) write(m message) error {
	typ := websocket.MessageText
	if m.binary {
		typ = websocket.MessageBinary
	}
	if err := t.ws.Write(context.Background(), typ, m.data); err != nil {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return nil
}

// close tells the server why the connection ends, and waits for its goodbye.
func (t *transport) close(reason error) {
	code := websocket.StatusNormalClosure
	switch {
	case errors.Is(reason, ErrTooLarge):
		code = websocket.StatusMessageTooBig
	case errors.Is(reason, ErrParse):
		code = websocket.StatusProtocolError
	}
	t.ws.Close(code, "")
}

// abort takes the connection away from below: CloseNow alone would wait for a
// goodbye under way, in which the server can announce a frame that never comes.
func (t *transport) abort() {
	t.conn.Close()
	t.ws.CloseNow()
}
