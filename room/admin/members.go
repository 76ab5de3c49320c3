package admin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// Member is a member of a room.
type Member struct {
	ID           string    `json:"id"`
	Identity     string    `json:"identity"`
	Name         string    `json:"name"`
	Role         string    `json:"role"`
	State        string    `json:"state" doc:"live or reconnecting"`
	Kind         string    `json:"kind"`
	Joined       time.Time `json:"joined"`
	Hidden       bool      `json:"hidden" doc:"nobody else in the room sees it: a token hides it, or it is a player"`
	Remote       string    `json:"remote,omitempty" doc:"address of its signalling; shown to can.admin only"`
	Publications int       `json:"publications"`
	Shown        int       `json:"shown" doc:"slots that show something"`
	Waiting      int       `json:"waiting" doc:"publications that it wants and is not sent"`
}

// Members is a list of members.
type Members struct {
	Members []Member `json:"members" nullable:"false" doc:"in the order of joining"`
}

// Subscriptions is what a member is sent, and why not more.
type Subscriptions struct {
	Member      string         `json:"member"`
	RoundTripMS float64        `json:"round_trip_ms"`
	Slots       []Subscription `json:"slots" nullable:"false"`
	Waiting     []Waiting      `json:"waiting" nullable:"false" doc:"what it wants and no slot shows"`
}

// Subscription is a slot and what it shows.
type Subscription struct {
	MID             string            `json:"mid"`
	Kind            string            `json:"kind,omitempty" doc:"audio or video, of what it shows"`
	State           string            `json:"state" enum:"live,paused,idle"`
	Why             string            `json:"why,omitempty" doc:"it is paused: such as muted"`
	Publication     string            `json:"publication,omitempty"`
	Publisher       string            `json:"publisher,omitempty" doc:"id of the member"`
	Source          string            `json:"source,omitempty"`
	RID             string            `json:"rid,omitempty" doc:"encoding that is sent"`
	Width           int               `json:"width,omitempty"`
	Height          int               `json:"height,omitempty"`
	Spatial         int               `json:"spatial" doc:"layer, 0 is the smallest picture"`
	Temporal        int               `json:"temporal" doc:"layer, 0 is the lowest frame rate"`
	PacketsSent     uint64            `json:"packets_sent" doc:"since the slot exists"`
	BytesSent       uint64            `json:"bytes_sent" doc:"of payload"`
	Retransmissions uint64            `json:"retransmissions"`
	FractionLost    float64           `json:"fraction_lost" doc:"by the newest report of the member"`
	KeyFrameAsks    uint32            `json:"key_frame_requests" doc:"of the member"`
	Drops           map[string]uint64 `json:"drops" doc:"packets that were not sent, by reason"`
}

// Waiting is a publication that is wanted and not sent.
type Waiting struct {
	Publication string `json:"publication"`
	Why         string `json:"why" enum:"no_slot,no_common_codec"`
}

type membersOutput struct{ Body Members }

type memberOutput struct{ Body Member }

type subscriptionsOutput struct{ Body Subscriptions }

type memberMessageInput struct {
	Room   string `path:"room" maxLength:"64"`
	Member string `path:"member" maxLength:"64"`
	Body   Message
}

func (a *api) addMembers() {
	add(a, operation{"list-members", table.ListMembers, 0}, a.listMembers)
	add(a, operation{"show-member", table.ShowMember, 0}, a.showMember)
	add(a, operation{"remove-member", table.RemoveMember, http.StatusNoContent}, a.removeMember)
	add(a, operation{"message-member", table.MessageMember, http.StatusNoContent}, a.messageMember)
	add(a, operation{"list-subscriptions", table.ListSubscriptions, 0}, a.listSubscriptions)
}

func (a *api) listMembers(ctx context.Context, in *roomPath) (*membersOutput, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	d, _ := r.Describe()
	return &membersOutput{Members{Members: members(ctx, d)}}, nil
}

func members(ctx context.Context, d room.Description) []Member {
	list := []Member{}
	for _, m := range d.Members {
		x := member(ctx, m)
		for _, p := range d.Publications {
			if p.Member == m.ID {
				x.Publications++
			}
		}
		list = append(list, x)
	}
	return list
}

func member(ctx context.Context, m room.MemberDescription) Member {
	x := Member{
		ID: m.ID, Identity: m.Identity, Name: m.Name, Role: m.Role, State: m.State, Kind: m.Kind, Joined: m.Joined, Hidden: m.Hidden,
		Waiting: len(m.Waiting),
	}
	if rightOf(ctx).all {
		x.Remote = m.Remote
	}
	for _, s := range m.Slots {
		if s.Publication != nil {
			x.Shown++
		}
	}
	return x
}

func (a *api) showMember(ctx context.Context, in *memberPath) (*memberOutput, error) {
	r, err := a.room(in.Room)
	if err != nil {
		return nil, err
	}
	d, _ := r.Describe()
	list := members(ctx, d)
	i := slices.IndexFunc(list, func(m Member) bool { return m.ID == in.Member })
	if i < 0 {
		return nil, room.ErrNoMember
	}
	return &memberOutput{list[i]}, nil
}

func (a *api) removeMember(_ context.Context, in *memberPath) (*none, error) {
	m, err := a.member(in)
	if err != nil {
		return nil, err
	}
	m.Leave()
	return nil, nil
}

func (a *api) messageMember(ctx context.Context, in *memberMessageInput) (*none, error) {
	return nil, a.announce(ctx, in.Room, in.Body, in.Member)
}

func (a *api) listSubscriptions(_ context.Context, in *memberPath) (*subscriptionsOutput, error) {
	m, err := a.member(in)
	if err != nil {
		return nil, err
	}
	d, ok := m.Describe()
	if !ok {
		return nil, room.ErrNoMember
	}
	stats := m.Stats()
	out := Subscriptions{
		Member: d.ID, RoundTripMS: float64(stats.RoundTripTime) / float64(time.Millisecond),
		Slots: []Subscription{}, Waiting: []Waiting{},
	}
	for _, slot := range d.Slots {
		out.Slots = append(out.Slots, subscription(m.Room(), slot, stats))
	}
	for _, w := range d.Waiting {
		out.Waiting = append(out.Waiting, Waiting(w))
	}
	return &subscriptionsOutput{out}, nil
}

// subscription joins what the room knows of a slot with what was sent in it.
func subscription(r *room.Room, slot room.SlotInfo, stats sfu.PeerStats) Subscription {
	s := Subscription{
		MID: slot.MID, State: slot.State, Why: slot.Why, RID: slot.RID, Width: slot.W, Height: slot.H, Drops: map[string]uint64{},
	}
	if slot.Publication != nil {
		s.Publication = *slot.Publication
		if p, ok := r.Publication(s.Publication); ok {
			s.Publisher, s.Source, s.Kind = p.Member().ID(), string(p.Source()), p.Media().Kind().String()
		}
	}
	i := slices.IndexFunc(stats.Outbound, func(o sfu.OutboundStats) bool { return o.MID == slot.MID })
	if i < 0 {
		return s
	}
	o := stats.Outbound[i]
	s.PacketsSent, s.BytesSent, s.Retransmissions = o.PacketsSent, o.BytesSent, o.RetransmittedPacketsSent
	s.FractionLost, s.KeyFrameAsks = o.FractionLost, o.PLICount
	s.Spatial, s.Temporal = int(o.Layer.Spatial), int(o.Layer.Temporal)
	for reason, n := range o.Drops {
		s.Drops[reason.String()] = n
	}
	return s
}
