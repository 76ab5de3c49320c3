package room

import "time"

// What a [Notice] tells.
const (
	RoomStarted  = "room_started"
	RoomEnded    = "room_ended" // Reason is "ended" or "empty"
	MemberJoined = "member_joined"
	MemberLeft   = "member_left" // Reason is one of [Hooks].OnLeave
	Published    = "published"
	Unpublished  = "unpublished"
)

// NoticeNames returns what a [Notice] may tell.
func NoticeNames() []string {
	return []string{RoomStarted, RoomEnded, MemberJoined, MemberLeft, Published, Unpublished}
}

// Notice tells those outside of a room what happened in it.
type Notice struct {
	Event   string    `json:"event"`
	Time    time.Time `json:"time"`
	Room    string    `json:"room"`
	Started time.Time `json:"started"` // when the room was opened: it tells apart two of one name
	// Member is who joined, left or publishes; nil for notices about the room.
	Member *NoticeMember `json:"member,omitempty"`
	// Publication is what was published or is no more; nil for other notices.
	Publication *NoticePublication `json:"publication,omitempty"`
	Reason      string             `json:"reason,omitempty"`
}

// NoticeMember is the member that a [Notice] is about.
type NoticeMember struct {
	ID       string `json:"id"`
	Identity string `json:"identity,omitempty"`
	Name     string `json:"name"`
	Hidden   bool   `json:"hidden,omitempty"` // nobody else in the room learns of it
}

// NoticePublication is the publication that a [Notice] is about.
type NoticePublication struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"` // "audio" or "video"
	Source Source `json:"source"`
}

// Notices returns hooks that tell f what happens. It is called one at a time per
// room, in order, and must not wait for the room.
func Notices(f func(Notice)) Hooks {
	about := func(event string, r *Room) Notice {
		return Notice{Event: event, Time: time.Now(), Room: r.name, Started: r.created}
	}
	member := func(event string, m *Member) Notice {
		n := about(event, m.room)
		n.Member = &NoticeMember{ID: m.id, Identity: m.identity, Name: m.Name(), Hidden: m.unseen()}
		return n
	}
	publication := func(event string, p *Publication) Notice {
		n := member(event, p.member)
		n.Publication = &NoticePublication{ID: p.id, Kind: p.kind(), Source: p.source}
		return n
	}
	return Hooks{
		OnOpen: func(r *Room) { f(about(RoomStarted, r)) },
		OnJoin: func(m *Member) { f(member(MemberJoined, m)) },
		OnLeave: func(m *Member, why string) {
			n := member(MemberLeft, m)
			n.Reason = why
			f(n)
		},
		OnPublish:   func(p *Publication) { f(publication(Published, p)) },
		OnUnpublish: func(p *Publication) { f(publication(Unpublished, p)) },
		OnEnd: func(r *Room, why string) {
			n := about(RoomEnded, r)
			n.Reason = why
			f(n)
		},
	}
}
