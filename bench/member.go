package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/selfsign"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// run is what the members of one measurement share.
type run struct {
	target   Target
	network  *network
	sinks    *network // of those whose media goes to the sink
	meter    *meter
	sender   *sender
	identity *tls.Certificate
	profile  srtp.Profile
	tracks   []*track // by number
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
	sink         bool // its media goes to the sink
}

type plannedTrack struct {
	audio  bool
	source source
	spread time.Duration // see track
}

// member is one client of a run.
type member struct {
	run       *run
	plan      memberPlan
	transport *transport
	joined    Joined
	inbox     *inbox
	publisher *publisher
	tracks    []*track
	names     []string      // of its tracks, as the server calls them
	began     time.Time     // of the join
	connected time.Duration // from there until the keys were there
	asked     time.Time     // of the subscription
}

// receive implements receiver: media for the meter, feedback for the publisher.
func (m *member) receive(b []byte, arrived int64) {
	if len(b) > 1 && isRTCP(b) {
		if m.publisher != nil {
			m.publisher.feedback(b)
		}
		return
	}
	m.inbox.receive(b, arrived)
}

// join brings a client into its room, with keys, and starts its tracks.
func (r *run) join(ctx context.Context, name string, plan memberPlan) (*member, error) {
	e, err := r.networkOf(plan).open()
	if err != nil {
		return nil, err
	}
	m := &member{run: r, plan: plan}
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
	m.names = m.joined.Published()
	return m.start(a, sections)
}

// sections lays the offer out: what is sent, then the slots.
func (m *member) sections() []section {
	var list []section
	mid := func() string { return strconv.Itoa(len(list)) }
	for _, t := range m.plan.sources {
		s := section{mid: mid(), audio: t.audio, send: true, ssrc: randomSSRC()}
		if !t.audio {
			s.rtx = randomSSRC()
		}
		list = append(list, s)
	}
	for range m.plan.audio {
		list = append(list, section{mid: mid(), audio: true})
	}
	for range m.plan.video {
		list = append(list, section{mid: mid()})
	}
	return list
}

func randomSSRC() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:]) | 1
}

// start opens the way of the media.
func (m *member) start(a *answer, sections []section) error {
	var err error
	if m.inbox, err = newInbox(m.run.meter, m.transport.keys); err != nil {
		return err
	}
	if len(m.plan.sources) > 0 {
		if m.publisher, err = newPublisher(m.transport, a); err != nil {
			return err
		}
	}
	for i, planned := range m.plan.sources {
		t := &track{
			number: uint32(len(m.run.tracks)), ssrc: sections[i].ssrc, audio: planned.audio,
			source: planned.source, from: m.publisher, spread: planned.spread,
		}
		m.run.tracks = append(m.run.tracks, t)
		m.tracks = append(m.tracks, t)
	}
	if m.publisher != nil {
		m.publisher.tracks = m.tracks
	}
	var r receiver = m
	m.transport.endpoint.media.Store(&r)
	for _, t := range m.tracks {
		m.run.sender.add(t)
	}
	return nil
}

// subscribe asks for tracks of other members.
func (m *member) subscribe(ctx context.Context, names []string) error {
	m.asked = time.Now()
	return m.joined.Subscribe(ctx, names)
}

// joinTime is how long it took from the start of signalling to the first media,
// without the time between joining and asking; 0 if nothing came.
func (m *member) joinTime() time.Duration {
	first := m.inbox.first.Load()
	if first == 0 || m.asked.IsZero() {
		return 0
	}
	return m.connected + max(0, time.Unix(0, first).Sub(m.asked))
}

func (m *member) close() {
	if m.joined != nil {
		m.joined.Close()
	}
	m.transport.close()
}
