package client

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// message is one Engine.IO packet: text with its type in front, or an
// attachment.
type message struct {
	data   []byte
	binary bool
}

// transport carries messages. One goroutine reads and another one writes; abort
// may be called by any, at any time.
type transport interface {
	// read waits for the next message.
	read(ctx context.Context) (message, error)
	// write sends messages from the front of a batch that is not empty, and
	// returns how many.
	write(batch []message) (n int, err error)
	// close tells the server why the connection ends, and waits for its goodbye.
	close(reason error)
	// abort frees everything at once and unblocks the others.
	abort()
}

// open connects, and returns what the server says first. Nothing of it depends
// on ctx afterwards.
func open(ctx context.Context, url string, opts Options) (transport, hello, error) {
	name := "websocket"
	if opts.Polling {
		name = "polling"
	}
	at, err := address(url, name)
	if err != nil {
		return nil, hello{}, fmt.Errorf("client: %w", err)
	}
	var t transport
	if opts.Polling {
		t = newPolling(at, opts)
	} else if t, err = openWebSocket(ctx, at.String(), opts); err != nil {
		return nil, hello{}, fmt.Errorf("client: dial %s: %w", at.Host, err)
	}
	h, err := greet(ctx, t)
	if err != nil {
		return nil, hello{}, fmt.Errorf("client: dial %s: %w", at.Host, err)
	}
	if p, ok := t.(*polling); ok {
		p.opened(h)
	}
	return t, h, nil
}

// address completes the URL of a server for a transport.
func address(raw, transport string) (*url.URL, error) {
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
	q.Set("transport", transport)
	u.RawQuery = q.Encode()
	u.Fragment = ""
	return u, nil
}
