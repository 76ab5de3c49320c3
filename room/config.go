package room

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Config configures a [Server].
type Config struct {
	// Media forwards the packets. Required.
	Media *sfu.Server

	// Authorize decides on each join, before there is a room or a peer. Its error
	// is told to the client by its code if it is an [Error], else as internal. It
	// is asked again when a member resumes or shows a new token. If nil, everyone
	// may do everything that a guest may; see [Guest].
	Authorize func(ctx context.Context, req JoinRequest) (Grant, error)

	// Visitors tells who comes by a cookie, so that who opened a room moderates it
	// again after coming back, and can be banned without an identity. If nil,
	// nobody is known.
	Visitors *Visitors

	// Invite signs the token of an invitation, which Authorize understands and
	// answers with the invitation's ID as [Grant.Pass], and for a member that is moved
	// with [Invitation.Grant]. If nil, nobody can be invited, and who is moved shows
	// the token that it has.
	Invite func(Invitation) (string, error)

	// Memory is what an earlier process left of bans, withdrawn invitations and how
	// often tokens were used, and keeps what is new. If zero, they last as long as
	// the process.
	Memory Memory

	// MaxRooms limits the rooms that are open at a time, breakout rooms among them.
	// If zero, 10,000.
	MaxRooms int

	// MaxMembers limits each room. If zero, 1000.
	MaxMembers int

	// Codecs returns what the members of a room send and receive, most preferred
	// first: what a member publishes is answered in this order, so that all can
	// watch each other. It is asked once for each room; see [sfu.NamedCodecs]. If
	// nil, or if it returns nil, the codecs of Media.
	Codecs func(room string) []webrtc.RTPCodecParameters

	// Linger is how long an empty room is kept, with its chat. If zero, 30 s.
	Linger time.Duration

	// Grace is how long the seat of a member is kept whose connection and media
	// are both gone: who resumes in time is the same member. If zero, 30 s.
	Grace time.Duration

	// Files is the folder in which there is one of what members send each other; see
	// [Server.Files]. If empty, that of the system for temporary files. The folder in
	// it is made with the first file, and removed by [Server.Shutdown].
	Files string

	// JoinTimeout ends connections that never join a room. If zero, 10 s.
	JoinTimeout time.Duration

	// Hooks are called for every room. See [Hooks].
	Hooks Hooks

	// Logger receives joins, leaves and refusals. If nil, [slog.Default].
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Authorize == nil {
		c.Authorize = func(context.Context, JoinRequest) (Grant, error) { return Guest(), nil }
	}
	if c.Codecs == nil {
		c.Codecs = func(string) []webrtc.RTPCodecParameters { return nil }
	}
	if c.MaxRooms == 0 {
		c.MaxRooms = 10_000
	}
	if c.MaxMembers == 0 {
		c.MaxMembers = 1000
	}
	if c.Linger == 0 {
		c.Linger = 30 * time.Second
	}
	if c.Grace == 0 {
		c.Grace = 30 * time.Second
	}
	if c.JoinTimeout == 0 {
		c.JoinTimeout = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// JoinRequest is what a client sends to enter a room.
type JoinRequest struct {
	Room   string
	Name   string // to be shown, not unique
	Token  string // opaque to this package
	Remote string // address of the client, for rate limits, bans and logs
	// Visitor is the id in the cookie of [Config.Visitors]; empty if there is none.
	Visitor string
}

// Source tells what a track shows.
type Source string

// Sources.
const (
	Microphone  Source = "microphone"
	Camera      Source = "camera"
	Screen      Source = "screen"
	ScreenAudio Source = "screen_audio"
	Other       Source = "other"
)

// kind returns "audio" or "video", "any" for Other, and nothing for what is no
// source.
func (s Source) kind() string {
	switch s {
	case Microphone, ScreenAudio:
		return "audio"
	case Camera, Screen:
		return "video"
	case Other:
		return "any"
	}
	return ""
}

// Conn is the event channel of one member. *signal.Socket implements it. If a
// Conn also has a method AfterAck(func()), which calls a function after the
// acknowledgement of the event that is being handled was sent, then events that
// build on an acknowledgement come after it. If it has a method EmitVolatile, like
// Emit, then what ages badly is sent through that and may be dropped. If it has a
// method Behind, which tells whether much waits for the client and calls back
// when it does not any more, then what the next of its kind replaces is held back
// meanwhile and told at once. If it has a method SetFarewell, like Emit, then
// that is given what a client is to be told that reads too slowly. Values must be
// comparable, as pointers are. Arguments may be written once for many connections;
// see Shared of package signal.
type Conn interface {
	// ID is unique among all servers.
	ID() string
	// Emit sends an event with one JSON object without waiting. It fails only
	// after the connection ended.
	Emit(event string, arg any) error
	// Handle sets the handler of an event of one object, or with an empty name
	// that of all events that have none. What it returns is the acknowledgement;
	// an error becomes {ok:false, code, message}.
	Handle(event string, h func(ctx context.Context, arg json.RawMessage) (any, error))
	// Auth is the payload of CONNECT, Request the HTTP request that opened the
	// connection.
	Auth() json.RawMessage
	Request() *http.Request
	// Disconnect ends the connection after what was emitted has been sent.
	Disconnect(close bool)
	// Done is closed when the connection is over; Err then tells why.
	Done() <-chan struct{}
	Err() error
}
