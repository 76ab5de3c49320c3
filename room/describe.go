package room

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Description is a room at one moment.
type Description struct {
	Name         string
	Created      time.Time
	Options      Options
	Members      []MemberDescription // in the order of joining
	Seats        int                 // of members that are lost and may come back
	Publications []PublicationInfo   // oldest first
	Waiting      int                 // in the lobby
	Locked       bool                // nobody enters who does not moderate; see [Room.Lock]
	Lobby        bool                // who comes waits to be let in; see [Room.Lobby]
	Listed       bool                // see [Room.List]
	Tickets      []ticket            // of who waits in the lobby, longest first
}

// ticket lets somebody in the lobby be admitted or denied; see [Room.Admit].
type ticket struct {
	Ticket   string // a secret of who moderates
	Name     string
	Since    time.Time
	Admitted bool // and did not come in yet
}

// MemberDescription is a member at one moment.
type MemberDescription struct {
	MemberInfo
	Joined time.Time
	Hidden bool       // nobody else in the room learns of it; see [Grant.Hidden]
	Remote string     // address of its signalling; empty without
	Slots  []SlotInfo // what each of its slots shows, and why it is paused
	// Waiting lists what it wants and no slot shows, and why: "no_slot", or
	// "no_common_codec" while a codec that it decodes is waited for.
	Waiting []Waiting
}

// Waiting is a publication that a member is not sent although it wants it.
type Waiting struct {
	Publication string
	Why         string
}

// Summary is the size of a room at one moment.
type Summary struct {
	Name                         string
	Created                      time.Time
	Options                      Options
	Members, Seats, Publications int // see [Description]
	Hidden                       int // of the members; nobody else in the room learns of them
	Waiting                      int // in the lobby
	Locked, Lobby, Listed        bool
}

// Summary tells how much is in the room; false if the room has ended. It waits
// for the room.
func (r *Room) Summary() (Summary, bool) {
	s := read(r, func() Summary {
		return Summary{
			Name: r.name, Created: r.created, Options: r.options, Members: len(r.members), Seats: len(r.seats),
			Publications: len(r.publications), Waiting: len(r.waiting), Locked: r.locked, Lobby: r.lobby,
			Listed: r.listed.Load(), Hidden: len(r.members) - visible(r.members),
		}
	})
	return s, s.Name != ""
}

// Describe tells what is in the room; false if the room has ended. It waits for
// the room.
func (r *Room) Describe() (Description, bool) {
	d := read(r, func() *Description {
		d := &Description{
			Name: r.name, Created: r.created, Options: r.options, Seats: len(r.seats),
			Waiting: len(r.waiting), Locked: r.locked, Lobby: r.lobby, Listed: r.listed.Load(),
			Members: make([]MemberDescription, 0, len(r.members)), Publications: make([]PublicationInfo, 0, len(r.publications)),
		}
		for _, m := range r.members {
			d.Members = append(d.Members, m.describe())
		}
		for _, p := range r.publications {
			d.Publications = append(d.Publications, p.info())
		}
		for _, w := range r.waiting {
			d.Tickets = append(d.Tickets, ticket{w.ticket, w.name, w.since, w.let})
		}
		return d
	})
	if d == nil {
		return Description{}, false
	}
	return *d, true
}

// Summary tells how much that is.
func (d Description) Summary() Summary {
	s := Summary{
		Name: d.Name, Created: d.Created, Options: d.Options, Members: len(d.Members), Seats: d.Seats, Publications: len(d.Publications),
		Waiting: d.Waiting, Locked: d.Locked, Lobby: d.Lobby, Listed: d.Listed,
	}
	for _, m := range d.Members {
		if m.Hidden {
			s.Hidden++
		}
	}
	return s
}

// Created returns when the room was opened.
func (r *Room) Created() time.Time { return r.created }

// Member returns the member with an id, if it is there. It waits for the room.
func (r *Room) Member(id string) (*Member, bool) {
	m := read(r, func() *Member { return r.member(id) })
	return m, m != nil
}

// Publication returns the publication with an id, if it is there. It waits for
// the room.
func (r *Room) Publication(id string) (*Publication, bool) {
	p := read(r, func() *Publication { return r.publication(id) })
	return p, p != nil
}

func (m *Member) describe() MemberDescription {
	d := MemberDescription{MemberInfo: m.info(), Joined: m.joined, Hidden: m.unseen(), Remote: m.remote, Slots: m.slots()}
	for _, p := range m.desired() {
		switch {
		case m.subs[p.id] != nil:
		case m.lacks[p.id]:
			d.Waiting = append(d.Waiting, Waiting{p.id, ErrNoCodec.code})
		default:
			d.Waiting = append(d.Waiting, Waiting{p.id, "no_slot"})
		}
	}
	return d
}

// Identity is who the grant said that the member is when it joined; it may be
// empty.
func (m *Member) Identity() string { return m.identity }

// Describe tells what the member is and what it is shown; false if it is not in
// the room. It waits for the room.
func (m *Member) Describe() (MemberDescription, bool) {
	d := read(m.room, func() *MemberDescription {
		if !slices.Contains(m.room.members, m) {
			return nil
		}
		d := m.describe()
		return &d
	})
	if d == nil {
		return MemberDescription{}, false
	}
	return *d, true
}

// Stats returns the counters of the member's media; the zero value without any.
// It waits for the room and for a worker.
func (m *Member) Stats() sfu.PeerStats {
	if p := read(m.room, func() *sfu.Peer { return m.peer }); p != nil {
		return p.Stats()
	}
	return sfu.PeerStats{}
}
