package client

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/signal/sio"
)

// plain writes a packet that has no array of values.
func plain(t sio.Type, namespace string, data []byte) message {
	return message{data: sio.Append([]byte{payload}, sio.Packet{Type: t, Namespace: namespace, Data: data})}
}

// encodeEvent writes an event. id asks for an acknowledgement.
func (c *Client) encodeEvent(name string, id *uint64, args []any) ([]message, error) {
	if sio.Reserved(name) {
		return nil, ErrReserved
	}
	p := sio.Packet{Type: sio.Event, Namespace: c.opts.Namespace}
	if id != nil {
		p.HasID, p.ID = true, *id
	}
	return c.encode(p, append([]any{name}, args...))
}

// encode writes a packet whose data are values. What the server would end the
// connection for is refused.
func (c *Client) encode(p sio.Packet, values []any) ([]message, error) {
	data, attached, err := sio.Marshal(values...)
	if err != nil {
		return nil, err
	}
	if len(attached) > sio.MaxAttachments {
		return nil, ErrTooLarge
	}
	p.Data, p.Attachments = data, len(attached)
	if len(attached) > 0 && p.Type == sio.Event {
		p.Type = sio.BinaryEvent
	} else if len(attached) > 0 {
		p.Type = sio.BinaryAck
	}
	out := make([]message, 0, 1+len(attached))
	out = append(out, message{data: sio.Append([]byte{payload}, p)})
	for _, b := range attached {
		out = append(out, message{data: slices.Clone(b), binary: true})
	}
	for _, m := range out {
		if most := c.hello.MaxPayload; most > 0 && int64(c.length(m)) > most {
			return nil, ErrTooLarge
		}
	}
	return out, nil
}

// length is how long a message is on the wire.
func (c *Client) length(m message) int {
	if c.opts.Polling {
		return encodedLength(m)
	}
	return len(m.data)
}
