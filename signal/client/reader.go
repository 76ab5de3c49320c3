package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// Types of Engine.IO packets: the first character of a text.
const (
	opening = '0'
	closing = '1'
	ping    = '2'
	pong    = '3'
	payload = '4'
	noop    = '6'
)

// hello is what the server says first.
type hello struct {
	SID          string `json:"sid"`
	PingInterval int64  `json:"pingInterval"` // ms
	PingTimeout  int64  `json:"pingTimeout"`  // ms
	MaxPayload   int64  `json:"maxPayload"`   // bytes; zero if it does not say
}

// beat is the longest time from one ping to the next.
func (h hello) beat() time.Duration {
	return time.Duration(h.PingInterval+h.PingTimeout) * time.Millisecond
}

// parseHello reads the first message of a connection.
func parseHello(m message) (hello, error) {
	const longest = int64(24 * time.Hour / time.Millisecond)
	var h hello
	if m.binary || len(m.data) == 0 || m.data[0] != opening || json.Unmarshal(m.data[1:], &h) != nil {
		return h, fmt.Errorf("%w: no Engine.IO handshake but %.40q", ErrParse, m.data)
	}
	if h.SID == "" || h.PingInterval <= 0 || h.PingInterval > longest || h.PingTimeout < 0 || h.PingTimeout > longest {
		return h, fmt.Errorf("%w: Engine.IO handshake of another version", ErrParse)
	}
	return h, nil
}

// partial is a packet whose attachments are still coming.
type partial struct {
	packet   sio.Packet
	attached [][]byte
	size     int64 // of what has come
}

// read takes in messages until the connection ends.
func (c *Client) read() {
	for {
		m, err := c.transport.read(context.Background()) // ended by abort
		if err != nil {
			c.end(err, !errors.Is(err, ErrTooLarge))
			return
		}
		if err := c.message(m); err != nil {
			c.end(err, false)
			return
		}
	}
}

// message takes in one message. It never waits.
func (c *Client) message(m message) error {
	if m.binary {
		return c.attachment(m.data)
	}
	if len(m.data) == 0 || !utf8.Valid(m.data) {
		return fmt.Errorf("%w: text is empty or not UTF-8", ErrParse)
	}
	switch m.data[0] {
	case ping:
		notify(c.pinged)
		c.out.pong()
		return nil
	case payload:
		return c.text(m.data[1:])
	case closing:
		return ErrServerClosed
	case noop:
		return nil
	}
	return fmt.Errorf("%w: Engine.IO type %q", ErrParse, m.data[0])
}

// text takes in a packet, if it is whole.
func (c *Client) text(b []byte) error {
	if c.partial != nil {
		return fmt.Errorf("%w: text instead of attachment", ErrParse)
	}
	p, err := sio.Decode(b)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrParse, err)
	}
	if p.Attachments > 0 {
		c.partial = &partial{packet: p, size: int64(len(b))}
		return nil
	}
	return c.packet(p, nil, len(b))
}

// attachment takes in one of the attachments of the last text.
func (c *Client) attachment(b []byte) error {
	w := c.partial
	if w == nil {
		return fmt.Errorf("%w: attachment of nothing", ErrParse)
	}
	w.size += int64(len(b))
	if w.size > c.opts.MaxPayload {
		return ErrTooLarge
	}
	w.attached = append(w.attached, b)
	if len(w.attached) < w.packet.Attachments {
		return nil
	}
	c.partial = nil
	return c.packet(w.packet, w.attached, int(w.size))
}

// packet takes in one whole packet.
func (c *Client) packet(p sio.Packet, attached [][]byte, size int) error {
	if p.Namespace != c.opts.Namespace {
		return nil // not for us; stock clients do the same
	}
	if !c.joined {
		return c.answer(p)
	}
	switch p.Type {
	case sio.Disconnect:
		return ErrDisconnected
	case sio.Event, sio.BinaryEvent:
		return c.event(p, attached, size)
	case sio.Ack, sio.BinaryAck:
		return c.acked(p, attached)
	}
	return fmt.Errorf("%w: CONNECT answered twice", ErrParse)
}

// answer takes in what the server says to CONNECT.
func (c *Client) answer(p sio.Packet) error {
	switch p.Type {
	case sio.ConnectError:
		return refusal(p.Data)
	case sio.Disconnect:
		return ErrDisconnected
	case sio.Connect:
	default:
		return fmt.Errorf("%w: type %q before CONNECT was answered", ErrParse, byte(p.Type))
	}
	var session struct {
		SID string `json:"sid"`
		PID string `json:"pid"`
	}
	if json.Unmarshal(p.Data, &session) != nil || session.SID == "" {
		return fmt.Errorf("%w: CONNECT of another version", ErrParse)
	}
	c.joined, c.sid, c.pid = true, session.SID, session.PID
	close(c.accepted)
	return nil
}

// event queues an event for its handler.
func (c *Client) event(p sio.Packet, attached [][]byte, size int) error {
	name, raw, err := sio.Split(p.Data)
	if err != nil {
		return fmt.Errorf("%w: event: %w", ErrParse, err)
	}
	args, err := sio.NewArgs(raw, attached)
	if err != nil {
		return fmt.Errorf("%w: event: %w", ErrParse, err)
	}
	c.follow(raw)
	return c.in.push(event{name: name, args: args, asked: p.HasID, id: p.ID, size: size})
}

// follow notes the offset of an event, which is its last argument where the
// server recovers connections.
func (c *Client) follow(raw []json.RawMessage) {
	if c.pid == "" || len(raw) == 0 {
		return
	}
	var offset string
	if json.Unmarshal(raw[len(raw)-1], &offset) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
}

// acked hands an acknowledgement to the call that waits for it. Nobody waits
// for one that comes late or twice.
func (c *Client) acked(p sio.Packet, attached [][]byte) error {
	args, err := sio.AckArgs(p.Data, attached)
	if err != nil {
		return fmt.Errorf("%w: acknowledgement: %w", ErrParse, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer := c.calls[p.ID]; answer != nil {
		delete(c.calls, p.ID)
		answer <- args
	}
	return nil
}
