package room

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"
)

const (
	parcelRate, parcelBurst = 100, 200 // of a member, a second
	// A room carries so many bytes a second, of all parcels to all receivers; each
	// counts parcelCost more than it has.
	carryRate, carryBurst = 8 << 20, 16 << 20
	parcelCost            = 200
)

// Limits of what may wait in a data channel towards a slow receiver, in bytes.
const (
	mostWaiting      = 1 << 20
	mostWaitingLossy = 64 << 10
)

// parcelArg is the event data of a client; parcelEvent that of the server.
type parcelArg struct {
	Topic    string   `json:"topic"`
	Payload  string   `json:"payload"` // base64
	To       []string `json:"to"`
	Reliable *bool    `json:"reliable"` // true if missing
}

type parcelEvent struct {
	ID       string `json:"id"`
	TS       int64  `json:"ts"`
	Sender   string `json:"sender"`
	Topic    string `json:"topic"`
	Payload  string `json:"payload"`
	Reliable bool   `json:"reliable"`
}

// parcel takes the event data.
func (b *binding) parcel(ctx context.Context, arg *parcelArg) (any, error) {
	if base64.StdEncoding.DecodedLen(len(arg.Payload)) > longestParcel+2 {
		return nil, errParcelSize
	}
	payload, err := base64.StdEncoding.DecodeString(arg.Payload)
	if err != nil {
		return nil, ErrBadRequest.because("payload is not base64")
	}
	p := parcel{topic: arg.Topic, ids: arg.To, payload: payload}
	if err := p.check(); err != nil {
		return nil, err
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		if err := r.carry(m, p, arg.Reliable == nil || *arg.Reliable); err != nil {
			return nil, err
		}
		return okAck{OK: true}, nil
	})
}

// carry passes a parcel on: to those it names who are there, or to everybody
// else. Over the limits it fails with ErrRateLimited and how long to wait.
func (r *Room) carry(from *Member, p parcel, reliable bool) error {
	if !Permissions.Data.Allows(from.grant) { // of data channels nobody has asked before
		return ErrDenied
	}
	to := r.recipients(from, p.ids)
	if len(to) == 0 && len(p.ids) > 0 {
		return ErrNoMember
	}
	now := time.Now()
	cost := min(carryBurst, float64(len(to)*(len(p.payload)+parcelCost)))
	if wait := max(from.parcels.ready(now), r.carried.lacks(now, cost)); wait > 0 {
		return limited(wait)
	}
	from.parcels.take(now)
	r.carried.tokens -= cost
	r.parcels++
	out := outgoing{
		from: from, parcel: p, reliable: reliable,
		frame: appendParcel(nil, parcel{topic: p.topic, ids: []string{from.id}, payload: p.payload}),
		id:    "d" + strconv.Itoa(r.parcels), ts: now.UnixMilli(),
	}
	for _, m := range to {
		m.hand(&out)
	}
	return nil
}

// recipients returns the present members with these ids, without ids everybody;
// never the sender, and nobody twice.
func (r *Room) recipients(from *Member, ids []string) []*Member {
	named := make(map[string]bool, len(ids))
	for _, id := range ids {
		named[id] = true
	}
	var list []*Member
	for _, m := range r.members {
		if m != from && (len(ids) == 0 || named[m.id] && !m.unseen()) {
			list = append(list, m)
		}
	}
	return list
}

// outgoing is a parcel under way to one or more members.
type outgoing struct {
	parcel
	from     *Member
	reliable bool
	frame    []byte // for data channels
	id       string
	ts       int64
	encoded  string // payload for the event; made when it is needed
}

func (o *outgoing) event() parcelEvent {
	if o.encoded == "" && len(o.payload) > 0 {
		o.encoded = base64.StdEncoding.EncodeToString(o.payload)
	}
	return parcelEvent{ID: o.id, TS: o.ts, Sender: o.from.id, Topic: o.topic, Payload: o.encoded, Reliable: o.reliable}
}

// hand gives a member a parcel: over its data channel if it has one, else by the
// event. A reliable channel in which too much waits is closed, and the member
// told that it reads too slowly; what does not fit into a lossy one is dropped.
func (m *Member) hand(o *outgoing) {
	c, most := m.channels[lossy], mostWaitingLossy
	if o.reliable {
		c, most = m.channels[ordered], mostWaiting
	}
	drop := func() { m.room.server.parcelDrops[ParcelSlow].Add(1) }
	switch {
	case c == nil && (m.conn == nil || m.socketGone):
		m.room.server.parcelDrops[ParcelNobody].Add(1)
	case c == nil && o.reliable:
		m.emit("data", o.event())
	case c == nil:
		m.emitVolatile("data", o.event())
	case c.waiting()+len(o.frame) <= most && c.send(o.frame) == nil:
	case !o.reliable:
		drop()
	default:
		drop()
		m.closeChannel(c)
		if m.conn != nil && !m.socketGone {
			m.bye(errSlow, "now")
		}
	}
}
