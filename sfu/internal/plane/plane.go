// Package plane is the whole data plane of one core as a value without IO:
// datagrams, commands and the time go in, datagrams and events come out.
//
// A [Plane] is driven by one goroutine (package worker) or by a test in virtual
// time. It owns every transport, stream and history of its core, so nothing in
// it is locked. What it does with a packet is written down in the order of the
// steps: [Plane.Receive], Transport.receiveRTP, Inbound.receive, Fanout.take; at
// the end of the batch [Plane.Deliver], Transport.deliver, Outbound.forward,
// Outbound.pass, Outbound.choose, Slot.send, Slot.seal, Outbox.commit.
package plane

import (
	"net/netip"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/report"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
)

// ID names a transport, publication or slot inside a server. The control plane
// chooses it; zero is no ID, and none is used twice.
type ID uint32

// Path is the pair of addresses that a transport's datagrams travel between.
// Local may be the zero value where the system does not tell it.
type Path struct {
	Local  netip.Addr
	Remote netip.AddrPort
}

// Config configures a [Plane].
type Config struct {
	// Epoch is the wall-clock time of moment zero; sender reports are stamped
	// with it. The zero value is a valid epoch.
	Epoch time.Time
	// Core is the index of this plane among those that hand over to each other.
	Core int
	// History is how long received packets can be sent again. If zero, 1 s.
	History time.Duration
}

// Plane is the data plane of one core. The zero value is not usable; see [New].
// One goroutine at a time may call its methods.
type Plane struct {
	core         int
	history      time.Duration
	epoch        report.NTP
	transports   map[ID]*Transport
	paths        map[Path]*Transport
	elsewhere    map[Path]int // which other core has the transport of a path
	publications map[ID]*Fanout
	slots        map[ID]*Slot
	groups       map[ID]*group
	groupList    []*group
	nextGroups   mono.Time
	letters      []Letter
	timers       timers
	pending      pending
	delivery     delivery
	handovers    []Handover
	outbox       Outbox
	events       []Event
	items        []feedback.Item
	block        []report.Block
	lost         []uint16
	scratch      []byte
	header       rewrite.Header // of the packet being sealed
	prefix       [16]byte       // of its payload
	number       [2]byte        // its transport-wide number
	descriptor   []byte         // of its extensions: the dependency descriptor
	current      *Transport     // whose datagram is being handled
	mirrored     *Fanout        // whose packet from another core is being handled
	stale        bool           // what is received has waited for too long
	serial       uint32         // of the newest inbound
	stats        Stats
	shared       account
	payer        *account   // of the datagram that is being handled
	touched      []*account // since the last Charge
}

// New returns an empty plane.
func New(cfg Config) *Plane {
	if cfg.History == 0 {
		cfg.History = time.Second
	}
	return &Plane{
		core:         cfg.Core,
		serial:       uint32(cfg.Core) << 26, // no two cores give the same
		history:      cfg.History,
		descriptor:   make([]byte, 0, 300), // an element of 255 bytes and what is put in
		epoch:        report.NTPOf(cfg.Epoch),
		transports:   make(map[ID]*Transport),
		paths:        make(map[Path]*Transport),
		elsewhere:    make(map[Path]int),
		publications: make(map[ID]*Fanout),
		slots:        make(map[ID]*Slot),
		groups:       make(map[ID]*group),
		items:        make([]feedback.Item, 0, 256),
		block:        make([]report.Block, 0, 64),
		lost:         make([]uint16, 0, 256),
		scratch:      make([]byte, 0, packet.MaxSize),
	}
}

// Receive handles one datagram that arrived at now. Media is decrypted in
// place, so b belongs to the plane until [Plane.Deliver], which forwards it. It
// reports true for STUN and DTLS, which the caller passes on to the control
// plane.
func (p *Plane) Receive(now mono.Time, path Path, b []byte) (control bool) {
	kind := packet.Classify(b)
	if len(b) > packet.MaxSize {
		kind = packet.Unknown
	}
	switch kind {
	case packet.STUN, packet.DTLS:
		p.spendStray(len(b))
		return true
	case packet.Unknown:
		p.spendStray(len(b))
		p.drop(DropMalformed)
		return false
	}
	if p.paths[path] == nil {
		if to, ok := p.elsewhere[path]; ok {
			p.spendStray(len(b))
			p.handovers = append(p.handovers, Handover{To: to, Path: path, B: b})
			return false
		}
	}
	p.admit(now, path, b)
	return false
}

// admit handles media that came to the right core.
func (p *Plane) admit(now mono.Time, path Path, b []byte) {
	t := p.paths[path]
	if t == nil || !t.ready() {
		p.hold(now, path, b)
		return
	}
	p.receive(now, t, packet.Classify(b), b)
}

// hold keeps a media datagram from an address that no transport has yet, or no
// transport with keys: after an ICE restart media arrives before the control
// plane knows the new path, and at first it may overtake the keys.
func (p *Plane) hold(now mono.Time, path Path, b []byte) {
	p.spendStray(len(b))
	if p.pending.push(now, path, b) {
		p.drop(DropUnknownSource)
	}
}

func (p *Plane) receive(now mono.Time, t *Transport, kind packet.Kind, b []byte) {
	p.current, p.payer = t, &t.account
	p.stats.PacketsReceived++
	p.stats.BytesReceived += uint64(len(b))
	if kind == packet.RTP {
		t.receiveRTP(now, b)
	} else {
		p.outbox.begin(now)
		t.receiveRTCP(now, b)
	}
	p.spendOpen(p.payer, t.weights, len(b))
	p.current = nil
}

// Deadline returns when [Plane.Advance] has something to do next.
func (p *Plane) Deadline() mono.Time {
	return min(p.timers.deadline(), p.pending.deadline(), p.groupDeadline())
}

// Advance does what is due at now: feedback, reports, key-frame requests.
func (p *Plane) Advance(now mono.Time) {
	p.outbox.begin(now)
	for range p.pending.expire(now) {
		p.drop(DropUnknownSource)
	}
	p.advanceGroups(now)
	for {
		t := p.timers.due(now)
		if t == nil {
			return
		}
		p.current = t
		p.spend(&t.account, weightTimers)
		p.timers.schedule(t, t.advance(now))
		p.current = nil
	}
}

// Apply carries out a command of the control plane. A command about something
// that is gone does nothing.
func (p *Plane) Apply(now mono.Time, c Command) {
	p.spend(&p.shared, weightCommand)
	c.apply(p, now)
}

// Outbox holds the messages to send; the caller empties it.
func (p *Plane) Outbox() *Outbox { return &p.outbox }

// Events appends what happened since the last call to out.
func (p *Plane) Events(out []Event) []Event {
	out = append(out, p.events...)
	p.events = p.events[:0]
	return out
}

// Fail removes the transport whose datagram or timer was being handled when a
// bug made it panic, or the mirror whose packet it was, and reports
// [EventFailed] for it. It returns false if nothing of the kind was being
// handled.
func (p *Plane) Fail() bool {
	t := p.current
	p.current = nil
	f := p.mirrored
	p.mirrored = nil
	switch {
	case t != nil:
		p.emit(Event{Kind: EventFailed, Transport: t.id})
		p.removeTransport(t)
	case f != nil:
		p.emit(Event{Kind: EventFailed, Publication: f.id})
		p.removePublication(f)
	default:
		return false
	}
	return true
}

// ntp returns the wall-clock time of a moment, as sender reports carry it.
func (p *Plane) ntp(t mono.Time) report.NTP { return p.epoch.Add(time.Duration(t)) }

func (p *Plane) emit(e Event)       { p.events = append(p.events, e) }
func (p *Plane) drop(r DropReason)  { p.stats.Drops[r]++ }
func (p *Plane) nextSerial() uint32 { p.serial++; return p.serial }

// Undelivered counts n handovers that another core had no room for.
func (p *Plane) Undelivered(n int) { p.stats.Drops[DropOverload] += uint64(n) }

// Expire drops the messages of a class that were made before a moment and could
// not be written. Who loses most goes first in the batches that follow.
func (p *Plane) Expire(now mono.Time, c Class, before mono.Time) {
	old, datagrams := 0, 0
	for i := range p.outbox.Waiting(c) {
		m := &p.outbox.Waiting(c)[i]
		if m.Made >= before {
			break
		}
		old++
		datagrams += m.Count
		if t := p.paths[m.Path]; t != nil {
			t.starved += uint32(m.Count)
			p.delivery.starved = now
		}
	}
	p.outbox.Release(c, old)
	p.stats.Drops[DropOverload] += uint64(datagrams)
	p.stats.PacketsSent -= min(p.stats.PacketsSent, uint64(datagrams))
}
