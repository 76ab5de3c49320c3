package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// Options configures a [Client]. The zero value joins the default namespace
// without authentication and lets events pass.
type Options struct {
	// Namespace is the one to join. If empty, "/".
	Namespace string
	// Auth is the payload of CONNECT; it has to be an object in JSON. If nil,
	// there is none.
	Auth any
	// Header is sent with the HTTP request that opens the connection.
	Header http.Header
	// HTTPClient opens the connection; its Timeout limits only that. If nil,
	// [http.DefaultClient].
	HTTPClient *http.Client
	// Polling uses HTTP long-polling in place of WebSocket.
	Polling bool
	// OnEvent is called for each event, one at a time and in order, from one
	// goroutine. What it returns is the acknowledgement, if the server asked
	// for one; one that cannot be written ends the connection. If nil, events
	// are acknowledged with nothing.
	//
	// It may be called before [Dial] has returned. It may call Emit and Call,
	// and Close in another goroutine: Close waits for OnEvent. While it works,
	// 4,096 events or 16 MiB can pile up; with more, the connection ends with
	// [ErrSlowHandler].
	OnEvent func(event string, args Args) (ack []any)
	// MaxPayload is the largest message to read, in bytes; an event's text and
	// attachments together may be as large. If zero, 16 MiB: what a server says
	// of a large room at once is more than the 1,000,000 bytes that clients may
	// usually send.
	MaxPayload int64

	position *position // of the connection that this one follows
}

// position is how far a connection came that may be recovered.
type position struct{ pid, offset string }

const defaultMaxPayload = 16 << 20

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = "/"
	}
	if o.HTTPClient == nil {
		o.HTTPClient = http.DefaultClient
	}
	if o.OnEvent == nil {
		o.OnEvent = func(string, Args) []any { return nil }
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = defaultMaxPayload
	}
	return o
}

// connect writes the CONNECT packet.
func (o Options) connect() (message, error) {
	n := o.Namespace
	if n[0] != '/' || len(n) > sio.MaxNamespace || strings.ContainsAny(n, ",?") {
		return message{}, fmt.Errorf("client: %q is no namespace", n)
	}
	auth, err := json.Marshal(o.Auth)
	if err != nil {
		return message{}, fmt.Errorf("client: authentication: %w", err)
	}
	if string(auth) == "null" {
		auth = nil
	}
	if len(auth) > 0 && auth[0] != '{' {
		return message{}, fmt.Errorf("client: authentication is no object but %T", o.Auth)
	}
	if o.position != nil {
		auth = o.position.join(auth)
	}
	return plain(sio.Connect, n, auth), nil
}

// join puts the position into the payload of CONNECT, which is an object or
// empty.
func (p position) join(auth []byte) []byte {
	all := make(map[string]any)
	if len(auth) > 0 {
		var given map[string]json.RawMessage
		if json.Unmarshal(auth, &given) != nil {
			return auth
		}
		for k, v := range given {
			all[k] = v
		}
	}
	all["pid"], all["offset"] = p.pid, p.offset
	out, err := json.Marshal(all)
	if err != nil {
		return auth
	}
	return out
}
