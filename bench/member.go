package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// run is what the members of one measurement share.
type run struct {
	target  Target
	network *network
	sinks   *network // of those whose media goes to the sink
	slow    *network // of those who read slowly
	meter   *meter
	slowly  *meter // of those
	sender  *sender
	receiving
	identity *tls.Certificate
	profile  srtp.Profile
	tracks   trackTable
	churns   atomic.Bool // members come and go
}

// newIdentity makes the certificate that all clients show: making one for each
// would be most of what joining costs them.
func newIdentity() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("bench: key: %w", err)
	}
	c, err := selfsign.SelfSign(key)
	if err != nil {
		return nil, fmt.Errorf("bench: certificate: %w", err)
	}
	return &c, nil
}

// memberPlan says what one client sends and how much it can receive.
type memberPlan struct {
	room         string
	sources      []plannedTrack
	audio, video int  // slots
	slow         bool // reads slowly
	sink         bool // its media goes to the sink
}

type plannedTrack struct {
	audio     bool
	encodings []plannedEncoding // one without a RID, or several
	spread    time.Duration     // see track
}

type plannedEncoding struct {
	rid    string
	size   [2]uint16     // width and height
	source func() source // a new one for each member
}

// member is one client of a run.
type member struct {
	run       *run
	plan      memberPlan
	transport *transport
	joined    Joined
	inbox     *inbox
	publisher *publisher
	published []*publication
	began     time.Time     // of the join
	connected time.Duration // from there until the keys were there
	asked     time.Time     // of the first subscription
	pace      *slowness     // nil for members that are not slow
	closed    sync.Once

	// Guarded by the mu of the run's forward.
	subscribed []subscription
	left       time.Time // zero while it is there
}

// subscription is one that was asked for.
type subscription struct {
	to *publication
	at time.Time

	// Serials of the first track of the publication that were next when it was
	// asked for, and when the subscriber left.
	first, last uint32
	left        bool
}

// receive implements receiver: media and reports about it, and feedback to what
// is published.
func (m *member) receive(b []byte, arrived int64) {
	if len(b) < 2 || !isRTCP(b) {
		m.inbox.receive(b, arrived)
		return
	}
	n, err := m.inbox.opener.OpenRTCP(b)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(b[:n])
	if err != nil {
		return
	}
	for _, p := range packets {
		if r, ok := p.(*rtcp.SenderReport); ok {
			m.inbox.reported(r, arrived)
		}
		if m.publisher != nil {
			m.publisher.feedback(p)
		}
	}
}

// join brings a client into its room, with keys, and starts its tracks.
func (r *run) join(ctx context.Context, name string, plan memberPlan) (*member, error) {
	m := &member{run: r, plan: plan}
	if plan.slow {
		m.pace = newSlowness()
	}
	e, err := r.networkOf(plan).open(m.pace)
	if err != nil {
		return nil, err
	}
	if m.transport, err = newTransport(e); err != nil {
		return nil, err
	}
	if err := m.negotiate(ctx, name); err != nil {
		m.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func (m *member) negotiate(ctx context.Context, name string) error {
	ufrag, pwd, err := m.transport.credentials()
	if err != nil {
		return fmt.Errorf("bench: credentials: %w", err)
	}
	if m.plan.sink {
		name = sinkName(name)
	}
	sections := m.sections()
	who := Joiner{Room: m.plan.room, Name: name, Slots: m.plan.audio + m.plan.video}
	if m.pace != nil {
		who.HTTP = m.pace.client()
	}
	for _, s := range sections {
		if s.send {
			who.Tracks = append(who.Tracks, JoinerTrack{MID: s.mid, Audio: s.audio})
		}
	}
	who.Offer = offer(local{ufrag, pwd, fingerprintOf(m.run.identity.Certificate[0])}, sections)
	m.began = time.Now()
	if m.joined, err = m.run.target.Join(ctx, who); err != nil {
		return err
	}
	a, err := readAnswer(m.joined.Answer())
	if err != nil {
		return err
	}
	if err := m.transport.connect(ctx, m.run.identity, m.run.profile, a); err != nil {
		return err
	}
	m.connected = time.Since(m.began)
	return m.start(a, sections, m.joined.Published())
}

// sections lays the offer out: what is sent, then the slots.
func (m *member) sections() []section {
	var list []section
	mid := func() string { return strconv.Itoa(len(list)) }
	for _, t := range m.plan.sources {
		s := section{mid: mid(), audio: t.audio, send: true, wide: true}
		switch {
		case len(t.encodings) > 1:
			for _, e := range t.encodings {
				s.rids = append(s.rids, e.rid)
			}
		case t.audio:
			s.ssrc = randomSSRC()
		default:
			s.ssrc, s.rtx = randomSSRC(), randomSSRC()
		}
		list = append(list, s)
	}
	for range m.plan.audio {
		list = append(list, section{mid: mid(), audio: true, wide: m.run.wide})
	}
	for range m.plan.video {
		list = append(list, section{mid: mid(), wide: m.run.wide})
	}
	return list
}

func randomSSRC() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:]) | 1
}

// start opens the way of the media.
func (m *member) start(a *answer, sections []section, names []string) error {
	var err error
	if m.inbox, err = newInbox(m.run, m.plan, m.transport.keys, a.sections); err != nil {
		return err
	}
	if a.wide(sections) {
		m.inbox.wide = newWide(a.extensions.transportCC, &m.inbox.meter.wide)
	}
	var all []*track
	if len(m.plan.sources) > 0 {
		if m.publisher, err = newPublisher(m.transport, m.run.sender, a); err != nil {
			return err
		}
		for i, planned := range m.plan.sources {
			s := sections[i]
			if len(s.rids) > 0 && !a.sections[s.mid].simulcast {
				return errors.New("bench: the server takes no simulcast")
			}
			p := m.publish(planned, s, names[i])
			m.published = append(m.published, p)
			all = append(all, p.tracks...)
		}
		m.publisher.tracks = all
	}
	if err := m.run.networkOf(m.plan).report(m.inbox, m.transport); err != nil {
		return err
	}
	var r receiver = m
	m.transport.endpoint.media.Store(&r)
	if len(all) > 0 {
		m.run.sender.add(all)
	}
	return nil
}

// publish makes the tracks of a publication.
func (m *member) publish(planned plannedTrack, s section, name string) *publication {
	p := &publication{name: name, from: m, began: time.Now()}
	for i, e := range planned.encodings {
		t := &track{
			publication: p, encoding: i, rid: e.rid, mid: s.mid, ssrc: s.ssrc, rtx: s.rtx, audio: planned.audio,
			source: e.source(), size: e.size, from: m.publisher, spread: planned.spread,
		}
		if len(s.rids) > 0 {
			t.ssrc, t.rtx = randomSSRC(), randomSSRC()
		}
		p.tracks = append(p.tracks, t)
	}
	for _, t := range p.tracks {
		m.run.tracks.add(t) // complete, since who receives finds it from now on
	}
	return p
}

// note remembers that the member asks for publications.
func (m *member) note(to []*publication) {
	now := time.Now()
	for _, p := range to {
		m.subscribed = append(m.subscribed, subscription{to: p, at: now, first: p.tracks[0].bounds.next.Load()})
	}
	if m.asked.IsZero() {
		m.asked = now
	}
}

// request asks for publications of other members.
func (m *member) request(ctx context.Context, to []*publication) error {
	names := make([]string, 0, len(to))
	for _, p := range to {
		names = append(names, p.name)
	}
	return m.joined.Subscribe(ctx, names)
}

// joinTime is how long it took from the start of signalling to the first media,
// without the time between joining and asking, or to being connected if media was
// held back; 0 if nothing came.
func (m *member) joinTime(held bool) time.Duration {
	first := m.inbox.first.Load()
	if first == 0 || m.asked.IsZero() {
		return 0
	}
	if held {
		return m.connected
	}
	return m.connected + max(0, time.Unix(0, first).Sub(m.asked))
}

// close ends the client, once.
func (m *member) close() { m.closed.Do(m.end) }

func (m *member) end() {
	m.pace.end()
	if m.inbox != nil {
		m.run.networkOf(m.plan).unreport(m.inbox)
	}
	if m.joined != nil {
		m.joined.Close()
	}
	m.transport.close()
}
