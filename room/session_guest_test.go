package room_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/switchyard-rtc/switchyard/room"
)

// guest is a client that keeps to what it is told.
type guest struct {
	*conn
	joined  bool
	session string
	keys    []string // newest last
	offered int
	self    string
	states  []state // that are still to be taken in
	whole   int     // revision of the last whole state
	rev     int
	members map[string]room.MemberInfo
	media   map[string]room.PublicationInfo
	room    roomState
	ticket  string // of the lobby
}

// take learns a whole state.
func (g *guest) take(a ack) {
	if ticket, ok := a.Details["ticket"].(string); ok {
		g.ticket = ticket
	}
	if a.Code != "" {
		return
	}
	g.room = a.Room
	g.joined, g.session, g.self = true, a.Session, a.Self.ID
	g.keys = append(g.keys, a.Key)
	g.whole, g.rev = a.Rev, a.Rev
	g.members, g.media = make(map[string]room.MemberInfo), make(map[string]room.PublicationInfo)
	for _, m := range a.Members {
		g.members[m.ID] = m
	}
	for _, m := range a.Publications {
		g.media[m.ID] = m
	}
}

// follow takes in the events that came.
func (g *guest) follow() { g.followTo(math.MaxInt) }

// followTo is follow up to a revision.
func (g *guest) followTo(last int) {
	for len(g.events) > 0 {
		if e := <-g.events; e.name == "state" && g.joined {
			var s state
			if err := json.Unmarshal(e.arg, &s); err != nil {
				g.t.Fatal(err)
			}
			g.states = append(g.states, s)
		}
	}
	for len(g.states) > 0 && g.states[0].Rev <= last {
		g.apply(g.states[0])
		g.states = g.states[1:]
	}
}

// apply takes in one change, which has to follow the one before.
func (g *guest) apply(s state) {
	if s.Rev <= g.whole {
		return
	}
	if s.Rev != g.rev+1 {
		g.t.Fatalf("%s: revision %d came after %d", g.id, s.Rev, g.rev)
	}
	g.rev = s.Rev
	if s.Room != nil {
		g.room = *s.Room
	}
	for _, d := range s.Members.Del {
		delete(g.members, d.ID)
	}
	for _, a := range s.Members.Add {
		g.members[a.ID] = a
	}
	for _, c := range s.Members.Set {
		m := g.members[c.ID]
		if c.State != "" {
			m.State = c.State
		}
		if c.Role != "" {
			m.Role = c.Role
		}
		if c.Name != "" {
			m.Name = c.Name
		}
		if c.Hand != nil {
			m.Hand = *c.Hand
		}
		if c.Attrs != nil {
			m.Attrs = c.Attrs
		}
		if c.Can != nil {
			can, _ := json.Marshal(c.Can)
			m.Can = nil
			if err := json.Unmarshal(can, &m.Can); err != nil {
				g.t.Fatal(err)
			}
		}
		g.members[c.ID] = m
	}
	for _, d := range s.Publications.Del {
		delete(g.media, d.ID)
	}
	for _, a := range s.Publications.Add {
		g.media[a.ID] = a
	}
	for _, c := range s.Publications.Set {
		m := g.media[c.ID]
		m.Muted = c.Muted
		g.media[c.ID] = m
	}
}

// any returns the publication that a byte names.
func (g *guest) any(n byte) string {
	all := slices.Sorted(maps.Keys(g.media))
	if len(all) == 0 {
		return "none"
	}
	return all[int(n)%len(all)]
}

// over tells whether the connection has ended.
func (g *guest) over() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// show writes what a client knows of the room.
func (g *guest) show() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", g.room)
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		m := g.members[id]
		may := rights(m)
		m.Can = nil
		fmt.Fprintf(&b, "%+v %s\n", m, may)
	}
	for _, id := range slices.Sorted(maps.Keys(g.media)) {
		fmt.Fprintf(&b, "%+v\n", g.media[id])
	}
	return b.String()
}

// rights writes what a member may do: what its role says where nothing else was
// told.
func rights(m room.MemberInfo) string {
	var grant room.Grant
	if m.Can != nil {
		grant = room.Grant{
			Publish: m.Can.Publish, CanSubscribe: m.Can.Subscribe, CanData: m.Can.Data, CanChat: m.Can.Chat,
			CanModerate: m.Can.Moderate, CanRecord: m.Can.Record,
		}
	} else {
		grant, _ = room.Role(m.Role).Grant()
	}
	return fmt.Sprint(slices.Sorted(slices.Values(grant.Publish)), grant.CanSubscribe, grant.CanData, grant.CanChat,
		grant.CanModerate, grant.CanRecord)
}
