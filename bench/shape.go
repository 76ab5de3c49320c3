package bench

import (
	"cmp"
	"fmt"
	"strings"
)

// Shape is who sends and receives what in a [Forward] run.
type Shape struct{ Name, About string }

// Shapes lists what [ForwardOptions.Shape] can be.
func Shapes() []Shape {
	return []Shape{
		{"webinar", "publishers send video, subscribers receive it all"},
		{"meeting", "members each send audio and simulcast video, and receive all others"},
		{"audio", "10 publishers speak, subscribers hear them all"},
		{"star", "33 members each send video and receive all others"},
		{"rooms", "several meetings of 8, without simulcast"},
	}
}

const audioBitrate = 32_000 // bit/s of payload while somebody speaks

// planShape lists the clients of a run.
func planShape(o ForwardOptions) ([]memberPlan, error) {
	switch o.Shape {
	case "webinar":
		return broadcast(o, cmp.Or(o.Publishers, 1), cmp.Or(o.Subscribers, 50), false), nil
	case "audio":
		return broadcast(o, cmp.Or(o.Publishers, 10), cmp.Or(o.Subscribers, 100), true), nil
	case "meeting":
		return meetings(o, cmp.Or(o.Rooms, 1), cmp.Or(o.Members, 8), true)
	case "rooms":
		return meetings(o, cmp.Or(o.Rooms, 4), cmp.Or(o.Members, 8), true)
	case "star":
		return meetings(o, cmp.Or(o.Rooms, 1), cmp.Or(o.Members, 33), false)
	}
	var names []string
	for _, s := range Shapes() {
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("bench: unknown shape %q, there are %s", o.Shape, strings.Join(names, ", "))
}

// broadcast has publishers who do not receive and subscribers who do not send,
// in each room.
func broadcast(o ForwardOptions, publishers, subscribers int, audio bool) []memberPlan {
	var plans []memberPlan
	for room := range cmp.Or(o.Rooms, 1) {
		name := o.room(room)
		for i := range publishers {
			seed := uint64(room*publishers + i + 1)
			plans = append(plans, memberPlan{room: name, sources: []plannedTrack{o.source(seed, audio)}})
		}
		for range subscribers {
			p := memberPlan{room: name}
			if audio {
				p.audio = publishers
			} else {
				p.video = publishers
			}
			plans = append(plans, p)
		}
	}
	return plans
}

// meetings has rooms in which everybody sends and receives.
func meetings(o ForwardOptions, rooms, members int, audio bool) ([]memberPlan, error) {
	sections := members
	if audio {
		sections *= 2
	}
	if sections > 64 {
		return nil, fmt.Errorf("bench: %d members need %d media sections each, a client has at most 64", members, sections)
	}
	var plans []memberPlan
	for room := range rooms {
		for i := range members {
			seed := uint64(2 * (room*members + i))
			p := memberPlan{room: o.room(room), video: members - 1}
			if audio {
				p.audio = members - 1
				p.sources = append(p.sources, o.source(seed+1, true))
			}
			p.sources = append(p.sources, o.source(seed+2, false))
			plans = append(plans, p)
		}
	}
	return plans, nil
}

func (o ForwardOptions) room(n int) string { return fmt.Sprint(cmp.Or(o.Room, "bench"), "-", n) }

func (o ForwardOptions) source(seed uint64, audio bool) plannedTrack {
	if audio {
		return plannedTrack{audio: true, encodings: []plannedEncoding{{source: func() source { return newVoice(seed, audioBitrate) }}}}
	}
	return o.video(seed)
}
