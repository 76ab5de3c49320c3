package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"
)

// webSocket carries one packet per WebSocket message.
type webSocket struct {
	ws   *websocket.Conn
	conn io.Closer // below ws
}

// openWebSocket connects a WebSocket. Nothing of it depends on ctx afterwards.
func openWebSocket(ctx context.Context, at string, opts Options) (*webSocket, error) {
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
	return &webSocket{ws: ws, conn: upgrade.conn}, nil
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

func (t *webSocket) read(ctx context.Context) (message, error) {
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

// write hands on the first message of a batch.
func (t *webSocket) write(batch []message) (int, error) {
	m, typ := batch[0], websocket.MessageText
	if m.binary {
		typ = websocket.MessageBinary
	}
	if err := t.ws.Write(context.Background(), typ, m.data); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return 1, nil
}

// close tells the server why the connection ends, and waits for its goodbye.
func (t *webSocket) close(reason error) {
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
func (t *webSocket) abort() {
	t.conn.Close()
	t.ws.CloseNow()
}
