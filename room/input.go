package room

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	mostInputs   = 16               // of a room
	inputTimeout = 30 * time.Second // unless it says otherwise
	silentAfter  = 4 * time.Second  // as the media server tells
	longestFmtp  = 512              // bytes
)

// InputOptions configures an [Input].
type InputOptions struct {
	Name string // of its member; if empty, made from its ID
	// Listen is the address that packets come to. If it is the zero value,
	// 127.0.0.1: nothing proves who sends, so that everybody who reaches another
	// address can.
	Listen netip.Addr
	From   netip.Addr // the only address that packets are taken from; the zero value is any
	// Timeout is how long nothing may come before the member leaves. If zero, 30 s.
	Timeout time.Duration
	Streams []InputStream // 1 to 8
}

// InputStream is one stream of RTP, and what it becomes.
type InputStream struct {
	Source      Source // what it shows; Microphone or Camera, if empty
	Codec       string // such as "opus", "vp8", "vp9", "h264", "av1" or "h265"
	PayloadType uint8
	ClockRate   uint32 // in Hz; 0 is that of the codec
	Fmtp        string // parameters of the codec; if empty, the usual ones
	Port        uint16 // of RTP, with RTCP there or one above; 0 for any
	SSRC        uint32 // the only one that is taken; 0 is any, which may change
}

// Input makes plain RTP a member of a room: a source that cannot negotiate, such
// as ffmpeg or GStreamer, sends to ports, and what comes is published. Its member
// is there from the beginning, and while something comes; after
// [InputOptions].Timeout of silence it leaves, and it comes back with the next
// packet. The ports stay until the input is closed, its member is removed or the
// room ends. While its member is there, the room is not empty.
type Input struct {
	member  *Member
	options InputOptions
	media   *sfu.Input

	heard bool // something came at some time; owned by the room's goroutine
}

// InputDescription is an input at one moment.
type InputDescription struct {
	ID      string // of its member, too
	Options InputOptions
	State   string // of its member: "live", "reconnecting" while nothing comes, or "away"
	Created time.Time
	Streams []sfu.InputStats // in the order of the options
	SDP     string           // of what it expects (RFC 8866)
}

// AddInput opens an input. It fails with ErrBadRequest, ErrNoCodec, ErrLimit,
// ErrFull or ErrClosed, but not because the room is locked or has a lobby.
func (r *Room) AddInput(ctx context.Context, o InputOptions) (*Input, error) {
	o.Timeout = cmp.Or(o.Timeout, inputTimeout)
	o.Streams = slices.Clone(o.Streams)
	media, err := r.inputStreams(o)
	if err != nil {
		return nil, err
	}
	m := newMember(r, JoinRequest{Room: r.name, Name: o.Name}, o.grant(), &binding{server: r.server})
	m.kind, m.audio, m.state = "bot", "none", "reconnecting"
	m.rename(cmp.Or(m.Name(), "input-"+m.id))
	o.Name = m.Name()
	in := &Input{member: m, options: o}
	m.input = in
	if err := in.open(media); err != nil {
		return nil, err
	}
	_, err = call(ctx, r, func() (struct{}, error) { return struct{}{}, r.addInput(in) })
	if err != nil {
		in.media.Close()
		r.post(func() { r.remove(m, "left") }) // it may have been added all the same
		return nil, err
	}
	return in, nil
}

// inputStreams says what the media server is to expect.
func (r *Room) inputStreams(o InputOptions) (list []sfu.InputStream, err error) {
	switch {
	case len(o.Streams) == 0 || len(o.Streams) > mostPublications:
		return nil, ErrBadRequest.because("an input has 1 to %d streams", mostPublications)
	case o.Timeout < 0:
		return nil, ErrBadRequest.because("the timeout is below zero")
	}
	for k := range o.Streams {
		s := &o.Streams[k]
		c, err := codecNamed(s.Codec)
		if err != nil {
			return nil, ErrBadRequest.because("streams[%d]: unknown codec %q", k, s.Codec)
		}
		kind, _, _ := strings.Cut(c.MimeType, "/")
		s.Source = cmp.Or(s.Source, map[string]Source{"audio": Microphone, "video": Camera}[kind])
		same := func(x webrtc.RTPCodecParameters) bool { return x.MimeType == c.MimeType }
		switch want := s.Source.kind(); {
		case want != kind && want != "any":
			return nil, ErrBadRequest.because("streams[%d]: a %s is not %s", k, s.Source, s.Codec)
		case r.codecs != nil && !slices.ContainsFunc(r.codecs, same):
			return nil, ErrNoCodec.because("streams[%d]: the room does not take %s", k, s.Codec)
		case !validFmtp(s.Fmtp):
			return nil, ErrBadRequest.because("streams[%d]: the fmtp is too long, or no line of text", k)
		}
		c.PayloadType = webrtc.PayloadType(s.PayloadType)
		c.ClockRate = cmp.Or(s.ClockRate, c.ClockRate)
		c.SDPFmtpLine = cmp.Or(s.Fmtp, c.SDPFmtpLine)
		s.ClockRate, s.Fmtp = c.ClockRate, c.SDPFmtpLine
		list = append(list, sfu.InputStream{Codec: c, Port: s.Port, SSRC: s.SSRC})
	}
	return list, nil
}

// codecNamed returns the usual form of a codec.
func codecNamed(name string) (webrtc.RTPCodecParameters, error) {
	list, err := sfu.NamedCodecs(name)
	if err != nil {
		return webrtc.RTPCodecParameters{}, err
	}
	for _, c := range list {
		if _, short, _ := strings.Cut(c.MimeType, "/"); strings.EqualFold(short, name) && !strings.EqualFold(short, "red") {
			return c, nil
		}
	}
	return webrtc.RTPCodecParameters{}, sfu.ErrUnknownCodec
}

func validFmtp(s string) bool {
	return len(s) <= longestFmtp && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// grant is what the member may do: publish what the input has.
func (o *InputOptions) grant() (g Grant) {
	for _, s := range o.Streams {
		g.Publish = append(g.Publish, s.Source)
	}
	return g
}

// open opens the ports.
func (in *Input) open(streams []sfu.InputStream) error {
	m, r := in.member, in.member.room
	var p *sfu.Peer
	made := make(chan struct{})
	var err error
	near := r.near.Load()
	in.media, err = r.server.cfg.Media.NewInput(sfu.InputOptions{
		ID: m.id, Near: near, Listen: in.options.Listen, From: in.options.From, Streams: streams,
		Handlers: sfu.PeerHandlers{
			OnUnpublish: func(*sfu.Publication) { r.post(func() { m.mediaChanged() }) },
			OnSilence: func(silent bool) {
				<-made
				r.post(func() { m.setMedia(p, silent) })
			},
			OnClosed: func(error) {
				<-made
				r.post(func() { m.peerClosed(p) })
			},
		},
	})
	if err == nil {
		p = in.media.Peer()
		if near == nil || ended(near) {
			r.near.CompareAndSwap(near, p)
		}
	}
	close(made)
	switch {
	case err == nil || errors.Is(err, sfu.ErrClosed) || errors.Is(err, sfu.ErrFull):
		return err
	}
	return ErrBadRequest.because("%v", err)
}

// addInput makes the member of an input one of the room.
func (r *Room) addInput(in *Input) error {
	switch {
	case r.ending:
		return ErrClosed
	case len(r.inputs()) >= mostInputs:
		return ErrLimit.because("a room has at most %d inputs", mostInputs)
	case len(r.members)+len(r.seats) >= r.options.MaxMembers:
		return ErrFull
	}
	m := in.member
	r.enter(m)
	m.attach(in.media.Peer())
	m.connected, m.mediaGone = true, m.peer.Silent()
	var declared []pub
	for k, s := range in.options.Streams {
		declared = append(declared, pub{MID: strconv.Itoa(k), Source: s.Source})
	}
	r.adopt(m, declared)
	r.hurry()
	m.checkAlive()
	r.log.Info("input opened", "member", m.id)
	return nil
}

// checkInput does what follows from something coming, or not any more.
func (m *Member) checkInput() {
	r := m.room
	switch {
	case m.peer == nil:
		r.remove(m, "lost")
	case !m.mediaGone:
		m.input.heard = true
		m.stopTimer()
		m.setState("live")
		r.unpark(m)
	case m.parked:
	default:
		m.setState("reconnecting")
		if m.timer == nil {
			m.after(m.input.patience(), func() { r.park(m) })
		}
	}
}

// patience is how long the member stays from now on, when nothing comes any more.
func (in *Input) patience() time.Duration {
	if in.heard {
		return max(0, in.options.Timeout-silentAfter)
	}
	return in.options.Timeout
}

// inputs lists the members that come as plain RTP, or may again.
func (r *Room) inputs() (list []*Member) {
	for _, m := range r.everybody() {
		if m.input != nil {
			list = append(list, m)
		}
	}
	return list
}

// unattended tells whether nobody is there that others may learn of, but inputs.
func (r *Room) unattended() bool {
	return !slices.ContainsFunc(r.everybody(), func(m *Member) bool { return m.input == nil && !m.unseen() })
}

// Inputs returns the inputs of the room, oldest first. It waits for the room.
func (r *Room) Inputs() []*Input {
	list := read(r, func() (list []*Input) {
		for _, m := range r.inputs() {
			list = append(list, m.input)
		}
		return list
	})
	slices.SortFunc(list, func(a, b *Input) int { return a.member.joined.Compare(b.member.joined) })
	return list
}

// Input returns the input with an ID, if it is there. It waits for the room.
func (r *Room) Input(id string) (*Input, bool) {
	list := r.Inputs()
	i := slices.IndexFunc(list, func(in *Input) bool { return in.member.id == id })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

// ID is that of the input's member.
func (in *Input) ID() string { return in.member.id }

// Describe tells what comes. It waits for the room and for a worker.
func (in *Input) Describe() InputDescription {
	m := in.member
	d := InputDescription{ID: m.id, Options: in.options, Created: m.joined, Streams: in.media.Stats()}
	d.State = read(m.room, func() string {
		if m.parked {
			return "away"
		}
		return m.state
	})
	d.SDP = in.describe(d.Streams)
	return d
}

// Close removes the input and its member.
func (in *Input) Close() {
	m := in.member
	read(m.room, func() struct{} { m.room.remove(m, "left"); return struct{}{} })
}
