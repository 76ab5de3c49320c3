package plane

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// pane is a packet as it came to a tile.
type pane struct {
	seen
	source  uint32
	picture uint16
	at      mono.Time
}

// roll keeps what a slot is sent.
func roll(s *sink) *tile {
	w := &tile{sink: s, reel: make(map[uint16]pane)}
	w.look = func(number uint16, v packet.View, b []byte) {
		p := pane{source: w.csrc, at: w.client.room.now, picture: binary.BigEndian.Uint16(b[2:]) & 0x7fff}
		p.number, p.timestamp, p.marker = number, v.Timestamp, v.Marker
		p.key, p.sync = b[6] == 0, b[5]&0x20 != 0
		p.frame, p.encoding, p.temporal, p.part = binary.BigEndian.Uint32(b[16:]), b[20], b[21], b[22]
		w.reel[number] = p
	}
	return w
}

// check tells what is wrong with what a tile was sent.
func (w *tile) check(whole bool) (wrong []string) {
	note := func(format string, arg ...any) { wrong = append(wrong, fmt.Sprintf(format, arg...)) }
	var last *pane
	count := 0
	type picture struct {
		source   uint32
		encoding uint8
		frame    uint32
	}
	shown := make(map[picture]bool)
	for n := uint16(0x7ff0); count < len(w.reel) && len(wrong) < 5; n++ {
		p, ok := w.reel[n]
		if !ok {
			if whole {
				k := n
				for ; w.reel[k].source == 0; k++ {
				}
				note("%d numbers from %d are missing after %d of %d: between %+v and %+v", k-n, n, count, len(w.reel), *last, w.reel[k])
			}
			return wrong
		}
		count++
		turned := last == nil || p.source != last.source || p.encoding != last.encoding
		at := fmt.Sprintf("%s: packet %d (%d/%d frame %d.%d layer %d)", stamp(p.at), count, p.source, p.encoding, p.frame, p.part, p.temporal)
		if last != nil {
			step := int32(p.timestamp - last.timestamp)
			same := !turned && p.frame == last.frame && p.part > 0
			ids := (p.picture - last.picture) & 0x7fff
			if !turned && p.key && ids > 0 && uint32(ids) <= p.frame-last.frame {
				ids = 1 // nothing came of the encoding for a while
			}
			switch {
			case same && (step != 0 || p.part != last.part+1 || p.picture != last.picture):
				note("%s: follows part %d, picture %d is %d, step %d", at, last.part, last.picture, p.picture, step)
			case !same && (step <= 0 || p.part != 0 || last.part != framePackets-1 && !p.key || ids != 1):
				note("%s: follows part %d of %d/%d frame %d, picture %d is %d, step %d", at, last.part, last.source, last.encoding, last.frame,
					last.picture, p.picture, step)
			}
		}
		if p.marker != (p.part == framePackets-1) {
			note("%s: marker %t", at, p.marker)
		}
		if turned && !p.key {
			note("%s: no key frame at a turn", at)
		}
		if !turned && !p.key && p.part == 0 && !shown[picture{p.source, p.encoding, p.needs()}] {
			note("%s: needs frame %d", at, p.needs())
		}
		shown[picture{p.source, p.encoding, p.frame}] = true
		last = &p
	}
	return wrong
}

// starved tells whether a tile gets less than it should.
func (x *mix) starved(w *tile, before int) string {
	got := w.packets - before
	encoding, temporal := w.shown()
	switch {
	case w.bound == nil && !w.rule:
		if got > 0 {
			return fmt.Sprintf("%d packets while idle", got)
		}
	case got < 14*framePackets:
		return fmt.Sprintf("%d packets in 2 s (rule %t)", got, w.rule)
	case w.bound != nil && w.csrc != uint32(w.bound.pub.pub):
		return fmt.Sprintf("%d is shown, want %d", w.csrc, w.bound.pub.pub)
	case w.rule && slices.ContainsFunc(x.cameras, func(m *camera) bool { return m.c == w.client && uint32(m.pub.pub) == w.csrc }):
		return "its own picture is shown"
	case encoding != tiles[w.size].encoding:
		return fmt.Sprintf("encoding %d is sent, want %d", encoding, tiles[w.size].encoding)
	case tiles[w.size].demand.FrameRate == 0 && (temporal < 2 || got < 58*framePackets):
		return fmt.Sprintf("temporal layer %d, %d packets in 2 s", temporal, got)
	case tiles[w.size].demand.FrameRate != 0 && got > 32*framePackets:
		return fmt.Sprintf("%d packets in 2 s, want at most half of 180", got)
	}
	return ""
}

// state tells how things stand around a tile.
func (x *mix) state(w *tile) (out string) {
	s := x.cores[w.client.core].slots[w.slot]
	for _, o := range []*Outbound{s.outbound, s.next} {
		if o != nil {
			out += fmt.Sprintf("publication %d, target %+v, encoding %d, paused %t, replay %t, key frame wanted %t\n", o.fan.id,
				o.selector.Target(), o.selector.Encoding(), o.paused, o.replay.in != nil, o.fan.keys.Wanted())
		}
	}
	if s.follow != nil {
		out += fmt.Sprintf("rule %+v, told %d\n", s.follow.Rule, s.follow.told)
	}
	for i, p := range x.cores {
		for _, m := range x.cameras {
			if f := p.publications[m.pub.pub]; f != nil {
				out += fmt.Sprintf("core %d, publication %d: mirror %t to %v, subscribed %t, followed %t, wants %b\n", i, f.id,
					f.transport == nil, f.mirrors, f.subscribed, f.followed != nil, f.wants.here)
			}
		}
	}
	return out
}
