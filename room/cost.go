package room

import "github.com/switchyard-rtc/switchyard/sfu"

// Cost is what a room has cost the media plane so far: the sum over its present
// members. Who has left takes along what it cost, so that it may fall.
type Cost struct {
	Total   sfu.Cost
	Members []MemberCost // in the order of joining
}

// MemberCost is what a member's present peer has cost. What a member sends is
// paid by itself up to the point where it is kept for everybody, and from there
// on by those who receive it.
type MemberCost struct {
	Member        string // ID
	Total         sfu.Cost
	Publications  sfu.Cost // what it sends now
	Subscriptions sfu.Cost // what its slots were sent
}

// Cost asks the media plane, member by member, what the room has cost. It waits
// for the room and for the workers.
func (r *Room) Cost() Cost {
	type present struct {
		id   string
		peer *sfu.Peer
	}
	var c Cost
	for _, p := range read(r, func() (list []present) {
		for _, m := range r.members {
			list = append(list, present{m.id, m.peer})
		}
		return list
	}) {
		m := MemberCost{Member: p.id}
		if p.peer != nil {
			m.take(p.peer.Stats())
		}
		c.Members = append(c.Members, m)
		c.Total = c.Total.Add(m.Total)
	}
	return c
}

func (m *MemberCost) take(s sfu.PeerStats) {
	m.Total = s.Cost
	for _, in := range s.Inbound {
		m.Publications = m.Publications.Add(in.Cost)
	}
	for _, out := range s.Outbound {
		m.Subscriptions = m.Subscriptions.Add(out.Cost)
	}
}
