package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

// keepScratch is the largest buffer, in bytes, that an idle connection holds.
const keepScratch = 4 << 10

// webSocket carries one packet per WebSocket message: text frames begin with
// the packet's type, binary frames are messages without any.
type webSocket struct {
	ws *websocket.Conn
	// Owned by the writer.
	scratch []byte
}

func (t *webSocket) read(ctx context.Context) (packet, error) {
	typ, b, err := t.ws.Read(ctx)
	if err != nil {
		return packet{}, readError(err)
	}
	if typ == websocket.MessageBinary {
		return packet{kind: kindMessage, Message: Message{Data: b, Binary: true}}, nil
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

func (t *webSocket) write(packets []packet) error {
	for _, p := range packets {
		if err := t.writeOne(p); err != nil {
			return fmt.Errorf("%w: %w", ErrTransport, err)
		}
	}
	return nil
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
	case errors.Is(reason, ErrParse):
		return websocket.StatusProtocolError
	case errors.Is(reason, ErrShutdown):
		return websocket.StatusGoingAway
	}
	return websocket.StatusNormalClosure
}

func (t *webSocket) abort() { t.ws.CloseNow() }
