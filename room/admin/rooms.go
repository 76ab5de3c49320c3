package admin

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// RoomSummary is a room in a list.
type RoomSummary struct {
	Name         string    `json:"name"`
	Created      time.Time `json:"created"`
	Members      int       `json:"members"`
	Hidden       int       `json:"hidden" doc:"of the members, whom nobody else in the room sees: hidden by their tokens, or players"`
	Seats        int       `json:"seats" doc:"of members that are lost and may come back"`
	Publications int       `json:"publications"`
	MaxMembers   int       `json:"max_members"`
	EmptyTimeout float64   `json:"empty_timeout_s" doc:"how long it stays open when it is empty"`
	ChatHistory  int       `json:"chat_history" doc:"messages that who comes later may read"`
	Codecs       []string  `json:"codecs" nullable:"false" doc:"of video, best first; empty for those of the server"`
	Policy       Policy    `json:"policy"`
	Locked       bool      `json:"locked" doc:"nobody enters who does not moderate"`
	Lobby        bool      `json:"lobby" doc:"who comes waits to be let in"`
	Listed       bool      `json:"listed" doc:"everybody may see that it is there, and how many members it has"`
	Waiting      int       `json:"waiting" doc:"in the lobby"`
}

// Rooms is a list of rooms.
type Rooms struct {
	Rooms []RoomSummary `json:"rooms" nullable:"false" doc:"by name"`
}

// Room is a room with all that is in it.
type Room struct {
	RoomSummary
	MemberList      []Member      `json:"member_list" nullable:"false" doc:"in the order of joining"`
	PublicationList []Publication `json:"publication_list" nullable:"false" doc:"oldest first"`
}

// Policy is what those may do whose rights no token names.
type Policy struct {
	Publish []room.Source `json:"publish" nullable:"false" enum:"microphone,camera,screen,screen_audio,other" doc:"sources that they may send"`
	Chat    bool          `json:"chat"`
	Data    bool          `json:"data"`
}

// PolicyOptions change a [Policy]. What is left out stays as it is, or is allowed.
type PolicyOptions struct {
	Publish []room.Source `json:"publish,omitzero" required:"false" nullable:"false" enum:"microphone,camera,screen,screen_audio,other" maxItems:"5" doc:"sources that they may send"`
	Chat    *bool         `json:"chat,omitempty"`
	Data    *bool         `json:"data,omitempty"`
}

// RoomOptions are what a room has otherwise than others. What is left out stays
// as it is, or becomes what the server's configuration says.
type RoomOptions struct {
	MaxMembers   int      `json:"max_members,omitempty" minimum:"1" maximum:"100000"`
	EmptyTimeout float64  `json:"empty_timeout_s,omitempty" minimum:"1" maximum:"2592000"`
	ChatHistory  *int     `json:"chat_history,omitempty" minimum:"0" maximum:"10000"`
	Locked       *bool    `json:"locked,omitempty" doc:"nobody enters who does not moderate"`
	Lobby        *bool    `json:"lobby,omitempty" doc:"who comes waits to be let in"`
	Listed       *bool    `json:"listed,omitempty" doc:"everybody may see that it is there, and how many members it has"`
	Codecs       []string `json:"codecs,omitempty" nullable:"false" enum:"vp8,vp9,h264,av1,h265" maxItems:"8" doc:"best first; only for a room that is not open yet"`

	Policy *PolicyOptions `json:"policy,omitempty" doc:"what those may do whose rights no token names; moderators are not bound by it"`
}

// options is what room takes.
func (o *RoomOptions) options() (room.Options, error) {
	if o == nil {
		return room.Options{}, nil
	}
	if math.IsNaN(o.EmptyTimeout) {
		return room.Options{}, room.ErrBadRequest
	}
	r := room.Options{
		MaxMembers: o.MaxMembers, Linger: time.Duration(o.EmptyTimeout * float64(time.Second)),
		Locked: o.Locked, Lobby: o.Lobby,
	}
	if o.Policy != nil {
		r.Publish, r.Chat, r.Data = o.Policy.Publish, o.Policy.Chat, o.Policy.Data
	}
	if o.ChatHistory != nil {
		if r.History = *o.ChatHistory; r.History == 0 {
			r.History = -1
		}
	}
	if len(o.Codecs) > 0 {
		codecs, err := sfu.NamedCodecs(o.Codecs...)
		if err != nil {
			return r, room.ErrBadRequest
		}
		r.Codecs = codecs
	}
	return r, nil
}

// list sets who may know of it.
func (o *RoomOptions) list(r *room.Room) error {
	if o == nil || o.Listed == nil {
		return nil
	}
	return r.List(*o.Listed)
}

// Message is what the server says to a room or a member.
type Message struct {
	Text string `json:"text" minLength:"1" maxLength:"4000"`
	Name string `json:"name,omitempty" maxLength:"64" doc:"shown as the sender; Server if left out"`
}

type openInput struct {
	Room string `path:"room" maxLength:"64"`
	Body *RoomOptions
}

type messageInput struct {
	Room string `path:"room" maxLength:"64"`
	Body Message
}

type roomsOutput struct{ Body Rooms }

type roomOutput struct{ Body Room }

type openOutput struct {
	Status int
	Body   RoomSummary
}

func (a *api) addRooms() {
	add(a, operation{"list-rooms", table.ListRooms, 0}, a.listRooms)
	add(a, operation{"open-room", table.OpenRoom, 0}, a.openRoom)
	responses := a.OpenAPI().Paths[prefix+"/rooms/{room}"].Put.Responses
	responses["201"] = &huma.Response{Description: "Created", Content: responses["200"].Content}
	add(a, operation{"show-room", table.ShowRoom, 0}, a.showRoom)
	add(a, operation{"end-room", table.EndRoom, http.StatusNoContent}, a.endRoom)
	add(a, operation{"message-room", table.MessageRoom, http.StatusNoContent}, a.messageRoom)
}

func (a *api) listRooms(ctx context.Context, _ *struct{}) (*roomsOutput, error) {
	out := &roomsOutput{Rooms{Rooms: []RoomSummary{}}}
	granted := rightOf(ctx)
	for r := range a.cfg.Meter.Rooms.Rooms() {
		if !granted.over(r.Name()) {
			continue
		}
		if s, ok := r.Summary(); ok {
			out.Body.Rooms = append(out.Body.Rooms, summary(s))
		}
	}
	slices.SortFunc(out.Body.Rooms, func(x, y RoomSummary) int { return cmp.Compare(x.Name, y.Name) })
	return out, nil
}

func summary(s room.Summary) RoomSummary {
	return RoomSummary{
		Name: s.Name, Created: s.Created, Members: s.Members, Hidden: s.Hidden, Seats: s.Seats, Publications: s.Publications,
		Codecs: codecNames(s.Options), Policy: policy(s.Options),
		MaxMembers: s.Options.MaxMembers, EmptyTimeout: s.Options.Linger.Seconds(), ChatHistory: max(0, s.Options.History),
		Locked: s.Locked, Lobby: s.Lobby, Listed: s.Listed, Waiting: s.Waiting,
	}
}

// codecNames lists the video codecs of a room as [sfu.NamedCodecs] knows them.
func codecNames(o room.Options) []string {
	names := []string{}
	for _, c := range o.Codecs {
		kind, name, _ := strings.Cut(strings.ToLower(c.MimeType), "/")
		if kind == "video" && name != "rtx" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// policy says all of a policy.
func policy(o room.Options) Policy {
	g := o.Limit(room.Guest())
	return Policy{Publish: append([]room.Source{}, g.Publish...), Chat: g.CanChat, Data: g.CanData}
}

func (a *api) openRoom(_ context.Context, in *openInput) (*openOutput, error) {
	options, err := in.Body.options()
	if err != nil {
		return nil, err
	}
	r, opened, err := a.cfg.Meter.Rooms.OpenWith(in.Room, options)
	if err != nil {
		return nil, err
	}
	if err := in.Body.list(r); err != nil {
		return nil, err
	}
	s, ok := r.Summary()
	if !ok {
		return nil, room.ErrClosed
	}
	out := &openOutput{Status: http.StatusOK, Body: summary(s)}
	if opened {
		out.Status = http.StatusCreated
	}
	return out, nil
}

// look returns a room that is open, and what there is to tell of it.
func (a *api) look(name string) (*room.Room, room.Description, error) {
	r, err := a.room(name)
	if err != nil {
		return nil, room.Description{}, err
	}
	d, ok := r.Describe()
	if !ok {
		return nil, d, room.ErrNoRoom
	}
	return r, d, nil
}

func (a *api) showRoom(ctx context.Context, in *roomPath) (*roomOutput, error) {
	r, d, err := a.look(in.Room)
	if err != nil {
		return nil, err
	}
	out := &roomOutput{Room{
		RoomSummary: summary(d.Summary()),
		MemberList:  members(ctx, d), PublicationList: publications(r, d),
	}}
	return out, nil
}

func (a *api) endRoom(_ context.Context, in *roomPath) (*none, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	r.Close()
	return nil, nil
}

func (a *api) messageRoom(ctx context.Context, in *messageInput) (*none, error) {
	return nil, a.announce(ctx, in.Room, in.Body, "")
}

func (a *api) announce(ctx context.Context, name string, m Message, to string) error {
	r, err := a.room(name)
	if err != nil {
		return err
	}
	if m.Name == "" {
		m.Name = "Server"
	}
	return r.Announce(ctx, m.Name, m.Text, to)
}
