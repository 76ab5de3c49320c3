package room

import (
	"errors"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Kinds of data channels, and how clients name them.
const (
	ordered = iota // every message arrives, in order
	lossy          // neither
	channelKinds
)

var channelLabels = [channelKinds]string{"sw", "sw-lossy"}

// patienceStep is how often a sender that has to wait looks whether its channel
// is still there.
const patienceStep = 20 * time.Millisecond

// channel is a data channel of a member.
type channel struct {
	room *Room
	peer *sfu.Peer
	kind int
	dc   *webrtc.DataChannel

	// Owned by the goroutine that reads the channel.
	quiet time.Time // a lossy sender was too fast; what comes before is dropped
}

// openChannel takes a data channel that a member's client opened. It is called
// before the first message is read. Channels of other names, and a second one of
// a kind, are closed.
func (m *Member) openChannel(p *sfu.Peer, dc *webrtc.DataChannel) {
	kind := -1
	for k, label := range channelLabels {
		if dc.Label() == label {
			kind = k
		}
	}
	if kind < 0 {
		m.room.refuseChannel(dc)
		return
	}
	c := &channel{room: m.room, peer: p, kind: kind, dc: dc}
	dc.OnMessage(func(msg webrtc.DataChannelMessage) { c.receive(m, msg) })
	dc.OnOpen(func() { m.room.post(func() { m.addChannel(c) }) })
	dc.OnError(func(error) { m.room.server.ended.Go(func() { p.Close() }) }) // nothing is read any more, and its client does not know
	dc.OnClose(func() { m.room.post(func() { m.forgetChannel(c) }) })
}

func (r *Room) refuseChannel(dc *webrtc.DataChannel) {
	r.server.parcelDrops[ParcelStranger].Add(1)
	r.server.ended.Go(func() { _ = dc.Close() }) // or it is closed already
}

func (m *Member) addChannel(c *channel) {
	switch {
	case m.ended || m.peer != c.peer || c.dc.ReadyState() != webrtc.DataChannelStateOpen:
	case m.channels[c.kind] != nil:
		m.room.refuseChannel(c.dc)
	default:
		m.channels[c.kind] = c
	}
}

func (m *Member) forgetChannel(c *channel) {
	if m.channels[c.kind] == c {
		m.channels[c.kind] = nil
	}
}

// closeChannel ends a channel in which too much waits.
func (m *Member) closeChannel(c *channel) {
	m.forgetChannel(c)
	m.room.server.ended.Go(func() { _ = c.dc.Close() })
}

// waiting returns how many bytes were sent and not yet acknowledged.
func (c *channel) waiting() int { return int(c.dc.BufferedAmount()) }

func (c *channel) send(frame []byte) error { return c.dc.Send(frame) }

func (c *channel) isOpen() bool { return c.dc.ReadyState() == webrtc.DataChannelStateOpen }

// receive carries what came over the channel. While a reliable sender is over a
// limit, nothing more is read from its channel, so that SCTP slows it down; a
// lossy one loses what it sends until then.
func (c *channel) receive(m *Member, msg webrtc.DataChannelMessage) {
	p, err := parseParcel(msg.Data)
	if msg.IsString {
		err = errParcel
	}
	if err != nil {
		c.room.server.countDrop(err)
		return
	}
	if now := time.Now(); c.kind == lossy && now.Before(c.quiet) {
		c.room.server.parcelDrops[ParcelRate].Add(1)
		return
	}
	for c.isOpen() {
		err := c.ask(m, p)
		var limit *Error
		switch {
		case err == nil || errors.Is(err, ErrClosed):
			return
		case !errors.As(err, &limit) || limit.retry == 0 || c.kind == lossy:
			if limit != nil {
				c.quiet = time.Now().Add(limit.retry)
			}
			c.room.server.countDrop(err)
			return
		}
		c.pause(limit.retry)
	}
}

// pause waits, as long as the channel is open.
func (c *channel) pause(d time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for end := time.Now().Add(d); c.isOpen() && time.Now().Before(end); {
		timer.Reset(min(patienceStep, time.Until(end)))
		<-timer.C
	}
}

// ask has the room carry a parcel, and waits for it as long as the channel is
// open. It fails with ErrClosed when there is nobody left to ask.
func (c *channel) ask(m *Member, p parcel) error {
	reply := make(chan error, 1)
	command := func() {
		switch {
		case m.ended || m.peer != c.peer:
			reply <- ErrClosed
		case m.parked: // until its media is heard again
			reply <- limited(patienceStep)
		default:
			reply <- c.room.carry(m, p, c.kind == ordered)
		}
	}
	timer := time.NewTicker(patienceStep)
	defer timer.Stop()
	inbox := c.room.inbox
	for {
		select {
		case inbox <- command:
			inbox = nil // once
		case err := <-reply:
			return err
		case <-c.room.done:
			return ErrClosed
		case <-timer.C:
			if !c.isOpen() {
				return ErrClosed
			}
		}
	}
}
