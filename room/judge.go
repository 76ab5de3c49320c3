package room

import (
	"time"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// judgement is what is known of a member's media.
type judgement struct {
	member *Member
	peer   *sfu.Peer
	stats  sfu.PeerStats
}

// judge has the connections of the members graded. The counters are read by a
// goroutine of its own, because that waits for workers.
func (r *Room) judge(now time.Time) {
	r.judgeAt = time.Time{}
	if len(r.members) == 0 {
		return
	}
	r.judgeAt = now.Add(judgeEvery)
	if r.judging {
		return
	}
	var list []judgement
	for _, m := range r.members {
		if m.peer != nil && m.connected {
			list = append(list, judgement{member: m, peer: m.peer})
		}
	}
	if len(list) == 0 {
		r.judged(nil, now)
		return
	}
	r.judging = true
	r.server.ended.Go(func() {
		for i := range list {
			list[i].stats = list[i].peer.Stats()
		}
		r.post(func() {
			r.judging = false
			r.judged(list, time.Now())
		})
	})
}

// judgeSoon has the connections graded earlier than usual, but so that many who go
// at once are one event.
func (r *Room) judgeSoon(now time.Time) {
	if at := now.Add(judgeSoonest); r.judgeAt.IsZero() || at.Before(r.judgeAt) {
		r.judgeAt = at
	}
}

// judged tells everybody whose grade is another now.
func (r *Room) judged(list []judgement, now time.Time) {
	known := make(map[*Member]*judgement, len(list))
	for i := range list {
		known[list[i].member] = &list[i]
	}
	var changed []quality
	for _, m := range r.members {
		j := known[m]
		if j != nil && j.peer != m.peer {
			continue // it has another one meanwhile
		}
		if m.grade.step(m.health(j, now)) && !m.unseen() {
			changed = append(changed, m.quality())
		}
	}
	if len(changed) > 0 {
		r.emitVolatile("quality", qualityEvent{List: changed}, nil)
	}
}

// health sums up what is known; j is nil for who has no media.
func (m *Member) health(j *judgement, now time.Time) health {
	h := health{away: m.socketGone && m.resource == nil, deaf: j == nil}
	if j == nil {
		return h
	}
	if m.mediaGone {
		h.silent = poorSilence + now.Sub(m.silentAt)
	}
	if m.tallied != j.peer {
		m.tallied, m.tally = j.peer, tally{}
	}
	var received uint64
	var lost int64
	for _, in := range j.stats.Inbound {
		received += in.PacketsReceived
		lost += in.PacketsLost
	}
	streams := make([]heard, 0, len(j.stats.Outbound))
	for i := range j.stats.Outbound {
		out := &j.stats.Outbound[i]
		streams = append(streams, heard{ssrc: out.SSRC, packets: out.PacketsSent, fraction: out.FractionLost})
	}
	h.uplink, h.downlink = m.tally.uplink(received, lost), m.tally.downlink(streams)
	h.delay = j.stats.RoundTripTime
	return h
}

func (m *Member) quality() quality {
	return quality{Member: m.id, Q: m.grade.q(), Why: m.grade.why}
}

// tellQuality tells a new member of those whose connection is not good.
func (m *Member) tellQuality() {
	var list []quality
	for _, o := range m.room.members {
		if o.grade.q() < gradeGood && !o.unseen() {
			list = append(list, o.quality())
		}
	}
	if len(list) > 0 {
		m.emit("quality", qualityEvent{List: list})
	}
}
