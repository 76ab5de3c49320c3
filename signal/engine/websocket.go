package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// keepScratch is the largest buffer, in bytes, that an idle connection holds.
const keepScratch = 4 << 10

// webSocket carries one packet per WebSocket message: text frames begin with
// the packet's type, binary frames are messages without any.
type webSocket struct {
	ws   *websocket.Conn
	conn net.Conn // below ws
	// Owned by the writer.
	scratch []byte
}

// errNotUTF8 is an ErrParse with a close code of its own. Browsers fail a
// connection that brings them such text, so it must not be passed on to others.
var errNotUTF8 = fmt.Errorf("%w: text is not UTF-8", ErrParse)

// accept upgrades a request whose origin has been checked.
func accept(w http.ResponseWriter, r *http.Request, limit int) (*webSocket, error) {
	h := &hijacked{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(int64(limit))
	return &webSocket{ws: ws, conn: h.conn}, nil
}

// hijacked keeps the connection that is taken out of a ResponseWriter.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements [http.Hijacker].
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

func (t *webSocket) read(ctx context.Context) (packet, error) {
	typ, b, err := t.ws.Read(ctx)
	if err != nil {
		return packet{}, readError(err)
	}
	if typ == websocket.MessageBinary {
		return packet{kind: kindMessage, Message: Message{Data: b, Binary: true}}, nil
	}
	if !utf8.Valid(b) {
		return packet{}, errNotUTF8
	}
	return parseText(b)
}

// readError says in this package's words why a read ended.
func readError(err error) error {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return ErrTooLarge
	}
	if websocket.CloseStatus(err) != -1 {
		return ErrTransportClose
	}
	return fmt.Errorf("%w: %w", ErrTransport, err)
}

// write hands on the first packet of a batch, so that what is left of a large
// one can be counted.
func (t *webSocket) write(batch []packet) (int, error) {
	if err := t.writeOne(batch[0]); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return 1, nil
}

func (t *webSocket) writeOne(p packet) error {
	if p.Binary {
		return t.ws.Write(context.Background(), websocket.MessageBinary, p.Data)
	}
	t.scratch = appendText(t.scratch[:0], p)
	err := t.ws.Write(context.Background(), websocket.MessageText, t.scratch)
	if cap(t.scratch) > keepScratch {
		t.scratch = nil
	}
	return err
}

// close sends a close frame and reads on until the client's, for 5 s at most,
// so that unread bytes do not make the kernel reset the connection before the
// client has seen why it ended (RFC 6455, section 7.1.1).
func (t *webSocket) close(reason error) {
	t.ws.Close(closeCode(reason), "")
}

// closeCode is the status that tells the client of the end (RFC 6455, section
// 7.4.1).
func closeCode(reason error) websocket.StatusCode {
	switch {
	case errors.Is(reason, ErrTooLarge):
		return websocket.StatusMessageTooBig
	case errors.Is(reason, errNotUTF8):
		return websocket.StatusInvalidFramePayloadData
	case errors.Is(reason, ErrParse):
		return websocket.StatusProtocolError
	case errors.Is(reason, ErrShutdown):
		return websocket.StatusGoingAway
	}
	return websocket.StatusNormalClosure
}

// abort takes the connection away from below: CloseNow alone would wait for a
// goodbye under way, in which the client can announce a frame that never comes.
func (t *webSocket) abort(error) {
	t.conn.Close()
	t.ws.CloseNow()
}
