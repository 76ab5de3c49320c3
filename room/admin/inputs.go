package admin

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// InputOptions say what plain RTP is to come to a room.
type InputOptions struct {
	Name    string        `json:"name,omitempty" maxLength:"64" doc:"of the member that it becomes"`
	Listen  string        `json:"listen,omitempty" maxLength:"64" doc:"address that packets come to; 127.0.0.1 if left out. Nothing proves who sends: everybody who reaches another address can"`
	From    string        `json:"from,omitempty" maxLength:"64" doc:"the only address that packets are taken from; any if left out"`
	Timeout float64       `json:"timeout_s,omitempty" minimum:"5" maximum:"2592000" doc:"how long nothing may come before the member leaves; 30 if left out"`
	Streams []InputStream `json:"streams" nullable:"false" minItems:"1" maxItems:"8"`
}

// InputStream is one stream of RTP, which becomes a publication.
type InputStream struct {
	Codec       string `json:"codec" enum:"opus,vp8,vp9,h264,av1,h265"`
	PayloadType int    `json:"payload_type" minimum:"0" maximum:"127"`
	Source      string `json:"source,omitempty" enum:"microphone,camera,screen,screen_audio,other" doc:"microphone or camera if left out"`
	ClockRate   int    `json:"clock_rate,omitempty" minimum:"1000" maximum:"1000000" doc:"in Hz; that of the codec if left out"`
	Fmtp        string `json:"fmtp,omitempty" maxLength:"512" doc:"parameters of the codec, as in a session description; the usual ones if left out"`
	Port        int    `json:"port,omitempty" minimum:"1" maximum:"65534" doc:"of RTP; RTCP comes there or to the next one. Any if left out"`
	SSRC        uint32 `json:"ssrc,omitempty" doc:"the only one that is taken; any, which may change, if left out"`
}

// Input is plain RTP that comes to a room, or is waited for.
type Input struct {
	ID      string         `json:"id" doc:"of its member, too"`
	Name    string         `json:"name"`
	State   string         `json:"state" enum:"live,reconnecting,away" doc:"reconnecting while nothing comes; away when the member has left because of that"`
	Created time.Time      `json:"created"`
	From    string         `json:"from,omitempty" doc:"the only address that packets are taken from"`
	Timeout float64        `json:"timeout_s"`
	Streams []InputReceive `json:"streams" nullable:"false"`
	SDP     string         `json:"sdp" doc:"what it expects, as a session description"`
}

// InputReceive is a stream of an input, and what came of it.
type InputReceive struct {
	InputStream
	Publication  string            `json:"publication"`
	RTP          string            `json:"rtp" doc:"where to send to, ADDRESS:PORT"`
	RTCP         string            `json:"rtcp" doc:"where RTCP may be sent to beside that"`
	Sender       string            `json:"sender,omitempty" doc:"who sends; shown to can.admin only"`
	Answers      string            `json:"answers,omitempty" doc:"where its RTCP comes from, and requests for key frames go to; shown to can.admin only"`
	Received     uint32            `json:"received_ssrc,omitempty" doc:"of what comes now"`
	Packets      uint64            `json:"packets" doc:"of what comes now, as the next six"`
	Bytes        uint64            `json:"bytes" doc:"of payload"`
	Lost         int64             `json:"lost"`
	JitterMS     float64           `json:"jitter_ms"`
	KeyFrames    uint64            `json:"key_frames"`
	KeyFrameAsks uint32            `json:"key_frame_requests"`
	Restarts     uint64            `json:"restarts" doc:"how often it began anew"`
	Drops        map[string]uint64 `json:"drops" doc:"what was not taken, by reason"`
}

// Inputs is a list of inputs.
type Inputs struct {
	Inputs []Input `json:"inputs" nullable:"false" doc:"oldest first"`
}

type inputPath struct {
	Room  string `path:"room" maxLength:"64"`
	Input string `path:"input" maxLength:"64"`
}

type addInputInput struct {
	Room string `path:"room" maxLength:"64"`
	Body InputOptions
}

type inputsOutput struct{ Body Inputs }

type inputOutput struct{ Body Input }

type newInputOutput struct {
	Location string `header:"Location"`
	Body     Input
}

func (a *api) addInputs() {
	add(a, operation{"add-input", table.AddInput, http.StatusCreated}, a.addInput)
	add(a, operation{"list-inputs", table.ListInputs, 0}, a.listInputs)
	add(a, operation{"show-input", table.ShowInput, 0}, a.showInput)
	add(a, operation{"remove-input", table.RemoveInput, http.StatusNoContent}, a.removeInput)
}

// options is what room takes.
func (o *InputOptions) options() (room.InputOptions, error) {
	r := room.InputOptions{Name: o.Name, Timeout: time.Duration(o.Timeout * float64(time.Second))}
	for _, x := range []struct {
		name, text string
		to         *netip.Addr
	}{{"listen", o.Listen, &r.Listen}, {"from", o.From, &r.From}} {
		if x.text == "" {
			continue
		}
		a, err := netip.ParseAddr(x.text)
		if err != nil {
			return r, refusal("bad_request", x.name+" is no IP address")
		}
		*x.to = a.Unmap()
	}
	for _, s := range o.Streams {
		r.Streams = append(r.Streams, room.InputStream{
			Source: room.Source(s.Source), Codec: s.Codec, PayloadType: uint8(s.PayloadType), ClockRate: uint32(s.ClockRate),
			Fmtp: s.Fmtp, Port: uint16(s.Port), SSRC: s.SSRC,
		})
	}
	return r, nil
}

func (a *api) addInput(ctx context.Context, in *addInputInput) (*newInputOutput, error) {
	options, err := in.Body.options()
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Meter.Rooms.Open(in.Room)
	if err != nil {
		return nil, err
	}
	i, err := r.AddInput(ctx, options)
	if err != nil {
		return nil, err
	}
	return &newInputOutput{prefix + "/rooms/" + in.Room + "/inputs/" + i.ID(), input(ctx, i)}, nil
}

func (a *api) listInputs(ctx context.Context, in *roomPath) (*inputsOutput, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	out := &inputsOutput{Inputs{Inputs: []Input{}}}
	for _, i := range r.Inputs() {
		out.Body.Inputs = append(out.Body.Inputs, input(ctx, i))
	}
	return out, nil
}

func (a *api) input(in *inputPath) (*room.Input, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	i, ok := r.Input(in.Input)
	if !ok {
		return nil, refusal("input_not_found", "no such input")
	}
	return i, nil
}

func (a *api) showInput(ctx context.Context, in *inputPath) (*inputOutput, error) {
	i, err := a.input(in)
	if err != nil {
		return nil, err
	}
	return &inputOutput{input(ctx, i)}, nil
}

func (a *api) removeInput(_ context.Context, in *inputPath) (*none, error) {
	i, err := a.input(in)
	if err != nil {
		return nil, err
	}
	i.Close()
	return nil, nil
}

func input(ctx context.Context, i *room.Input) Input {
	d := i.Describe()
	x := Input{
		ID: d.ID, Name: d.Options.Name, State: d.State, Created: d.Created, Timeout: d.Options.Timeout.Seconds(), SDP: d.SDP,
		Streams: []InputReceive{},
	}
	if d.Options.From.IsValid() {
		x.From = d.Options.From.String()
	}
	for k, s := range d.Streams {
		x.Streams = append(x.Streams, receive(ctx, d.Options.Streams[k], s))
	}
	return x
}

func receive(ctx context.Context, o room.InputStream, s sfu.InputStats) InputReceive {
	x := InputReceive{
		InputStream: InputStream{
			Codec: o.Codec, PayloadType: int(o.PayloadType), Source: string(o.Source), ClockRate: int(o.ClockRate),
			Fmtp: o.Fmtp, Port: int(s.RTP.Port()), SSRC: o.SSRC,
		},
		Publication: s.Publication.ID(), RTP: s.RTP.String(), RTCP: s.RTCP.String(),
		Received: s.Inbound.SSRC, Packets: s.Inbound.PacketsReceived, Bytes: s.Inbound.BytesReceived, Lost: s.Inbound.PacketsLost,
		JitterMS: float64(s.Inbound.Jitter) / float64(time.Millisecond), KeyFrames: s.Inbound.KeyFrames, KeyFrameAsks: s.Inbound.PLICount,
		Restarts: s.Restarts, Drops: make(map[string]uint64),
	}
	if rightOf(ctx).all {
		x.Sender, x.Answers = shown(s.From), shown(s.Answers)
	}
	for reason, n := range s.Drops {
		x.Drops[reason.String()] = n
	}
	return x
}

// shown is an address, or nothing.
func shown(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
