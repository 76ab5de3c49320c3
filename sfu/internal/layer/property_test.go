package layer

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/rewrite"
)

// frameID names a layer frame of the model.
type frameID struct {
	encoding int8
	picture  uint32
	spatial  uint8
}

// modelFrame is one with its packets and the frames that it is predicted from.
type modelFrame struct {
	id      frameID
	facts   packet.Frame
	packets int
	needs   []frameID
}

// model makes the pictures of one encoding, as encoders of the scalability mode
// do: T0 needs the T0 before, T1 that T0, T2 the newest of both; S needs the S
// below and its own past.
type model struct {
	encoding          int8
	spatial, temporal int
	keyOnly           bool // upper layers need lower ones in key pictures alone
	rng               *rand.Rand
	picture           uint32
	number            uint16 // of the newest packet
	phase             int
	newest            [4][4]uint32 // picture by spatial and temporal layer
}

func (m *model) next(key bool) []modelFrame {
	m.picture++
	if key {
		m.phase = 0
	}
	t := 0
	if m.temporal == 3 {
		t = [4]int{0, 2, 1, 2}[m.phase%4]
	}
	m.phase++
	var list []modelFrame
	for s := range m.spatial {
		f := modelFrame{id: frameID{m.encoding, m.picture, uint8(s)}, packets: 1 + m.rng.IntN(3)}
		f.facts = packet.Frame{
			Key: key && s == 0, Enter: key, Spatial: uint8(s), Temporal: uint8(t),
			InterLayer: s > 0 && (key || !m.keyOnly), NotUpper: s == m.spatial-1 || m.keyOnly && !key,
			SwitchUp: t > 0 && m.phase%4 != 0, Discardable: t == 2 && (s == m.spatial-1 || m.keyOnly) && m.phase%4 == 0,
		}
		if f.facts.InterLayer {
			f.needs = append(f.needs, frameID{m.encoding, m.picture, uint8(s - 1)})
		}
		if !key {
			f.needs = append(f.needs, frameID{m.encoding, m.reference(s, t), uint8(s)})
		}
		list = append(list, f)
	}
	for s := range m.spatial {
		for i := range 4 {
			if key || i == t {
				m.newest[s][i] = m.picture
			}
		}
	}
	return list
}

// reference returns the picture that one is predicted from.
func (m *model) reference(s, t int) uint32 {
	switch {
	case t == 1:
		return m.newest[s][0]
	case t == 2 && m.phase%4 == 0: // the one after T1
		return max(m.newest[s][0], m.newest[s][1])
	}
	return m.newest[s][0]
}

// modelPacket is one packet of a frame.
type modelPacket struct {
	Packet
	number uint16 // of its encoding
	frame  *modelFrame
}

// packets returns the packets of a picture, the next ones of the encoding.
func (m *model) packets(list []modelFrame) (out []modelPacket) {
	for i := range list {
		f := &list[i]
		for n := range f.packets {
			facts := f.facts
			facts.Start, facts.End = n == 0, n == f.packets-1
			m.number++
			out = append(out, modelPacket{frame: f, number: m.number, Packet: Packet{
				Encoding: f.id.encoding, Timestamp: 1<<32 - 90_000 + f.id.picture*3000, Frame: &facts,
				Marker: i == len(list)-1 && n == f.packets-1,
			}})
		}
	}
	return out
}

// policy is a Selector, or what a test compares it with.
type policy interface {
	Aim(Target)
	Select(Packet) Verdict
}

// rash does at once what it is told, as if there were no rules.
type rash struct {
	target   Target
	encoding int8
}

func (r *rash) Aim(t Target) { r.target = t }

func (r *rash) Select(p Packet) Verdict {
	f := p.Frame
	switch {
	case p.Encoding != r.target.Encoding:
		return 0
	case f.Spatial > r.target.Spatial || f.Temporal > r.target.Temporal:
		return Leave
	case p.Encoding != r.encoding:
		r.encoding = p.Encoding
		return Send | Turn
	}
	return Send
}

// viewer is a subscriber behind a selector: it has its numbers, and asks again
// for those that are missing.
type viewer struct {
	policy   policy
	sequence *rewrite.Sequence
	tags     []int8 // encoding of each source of the sequence
	history  map[source]*modelPacket
	got      map[uint64]bool
	parts    map[frameID]int
	chosen   map[frameID]bool
	frames   []*modelFrame // of which something was chosen
	turns    int
	asked    bool
}

// source names a packet.
type source struct {
	encoding int8
	number   uint16
}

func newViewer(p policy) *viewer {
	return &viewer{
		policy: p, sequence: rewrite.NewSequence(1), history: make(map[source]*modelPacket),
		got: make(map[uint64]bool), parts: make(map[frameID]int), chosen: make(map[frameID]bool),
	}
}

// push is what an outbound does with a packet.
func (w *viewer) push(x *modelPacket) {
	w.history[source{x.Encoding, x.number}] = x
	// A late packet has left a gap already, which is asked for whatever the
	// policy says of it.
	late := len(w.tags) > 0 && x.Encoding == w.tags[len(w.tags)-1] && !packet.Newer(x.number, w.sequence.Newest())
	v := w.policy.Select(x.Packet)
	w.asked = w.asked || v&Ask != 0
	if v&Turn != 0 {
		w.turns++
		w.tags = append(w.tags, x.Encoding)
		w.sequence.Start(uint32(len(w.tags)-1), x.number)
	}
	switch {
	case v&Send != 0:
		if index, ok := w.sequence.Map(x.number); ok {
			if !late && !w.chosen[x.frame.id] {
				w.chosen[x.frame.id] = true
				w.frames = append(w.frames, x.frame)
			}
			w.take(index, x)
		}
	case v&Leave != 0:
		w.sequence.Leave(x.number)
	}
}

func (w *viewer) take(index uint64, x *modelPacket) {
	w.got[index] = true
	w.parts[x.frame.id]++
}

// repair gets what is missing among the newest numbers from the history. It
// returns how many numbers are of packets that have not come.
func (w *viewer) repair() (left int) {
	next := w.sequence.Next()
	for i := max(1, next-min(next, 64)); i < next; i++ {
		tag, number, ok := w.sequence.Back(uint16(i))
		if w.got[i] || !ok {
			continue
		}
		if x := w.history[source{w.tags[tag], number}]; x != nil {
			w.take(i, x)
			continue
		}
		left++
	}
	return left
}

// broken lets a publisher of the given models send to a subscriber whose target
// changes at random, over a network that may reorder packets. It returns how many
// of the frames that came through cannot be decoded, because something that they
// need was not sent.
func broken(w *viewer, seed uint64, disorder int, models ...*model) (undecodable int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	var flying []modelPacket
	w.asked = true
	deliver := func(keep int) {
		for len(flying) > keep {
			i := rng.IntN(min(disorder+1, len(flying)))
			x := flying[i]
			flying = slices.Delete(flying, i, i+1)
			w.push(&x)
		}
		w.repair()
	}
	for range 600 {
		if rng.IntN(12) == 0 {
			w.policy.Aim(Target{
				Encoding: int8(rng.IntN(len(models))), Spatial: uint8(rng.IntN(4)), Temporal: uint8(rng.IntN(3)),
				Down: rng.IntN(2) == 0,
			})
		}
		key := w.asked && rng.IntN(4) == 0 || rng.IntN(100) == 0
		for _, m := range models {
			flying = append(flying, m.packets(m.next(key))...)
		}
		w.asked = w.asked && !key
		deliver(disorder)
	}
	deliver(0)
	for _, f := range w.frames {
		if w.parts[f.id] != f.packets {
			continue // the last one of an encoding
		}
		for _, need := range f.needs {
			if w.parts[need] == 0 {
				undecodable++
			}
		}
	}
	return undecodable
}

func modes(rng *rand.Rand) map[string][]*model {
	return map[string][]*model{
		"L1T3":            {{spatial: 1, temporal: 3, rng: rng}},
		"L3T1":            {{spatial: 3, temporal: 1, rng: rng}},
		"L3T3":            {{spatial: 3, temporal: 3, rng: rng}},
		"L3T3_KEY":        {{spatial: 3, temporal: 3, keyOnly: true, rng: rng}},
		"simulcast L1T3":  {{spatial: 1, temporal: 3, rng: rng}, {encoding: 1, spatial: 1, temporal: 3, rng: rng}, {encoding: 2, spatial: 1, temporal: 3, rng: rng}},
		"simulcast mixed": {{spatial: 1, temporal: 1, rng: rng}, {encoding: 1, spatial: 2, temporal: 3, keyOnly: true, rng: rng}},
	}
}

func TestEverySentFrameCanBeDecoded(t *testing.T) {
	for seed := range uint64(6) {
		for name := range modes(nil) {
			for _, disorder := range []int{0, 3, 12} {
				models := modes(rand.New(rand.NewPCG(seed, 2)))[name]
				s := New(Target{})
				w := newViewer(&s)
				bad := broken(w, seed, disorder, models...)
				if bad > 0 || len(w.frames) < 100 {
					t.Errorf("%s, seed %d, disorder %d: %d frames sent, %d of them cannot be decoded, %d switches",
						name, seed, disorder, len(w.frames), bad, w.turns)
				}
				if len(models) > 1 && w.turns < 5 {
					t.Errorf("%s, seed %d: %d switches of the encoding", name, seed, w.turns)
				}
			}
		}
	}
}

// What is left out leaves no gap, whatever is left out.
func TestNumbersSentHaveNoGap(t *testing.T) {
	for seed := range uint64(4) {
		for name := range modes(nil) {
			s := New(Target{})
			w := newViewer(&s)
			broken(w, seed, 0, modes(rand.New(rand.NewPCG(seed, 2)))[name]...)
			for i := uint64(1); i < w.sequence.Next(); i++ {
				if !w.got[i] {
					t.Errorf("%s, seed %d: number %d of %d was not sent", name, seed, i, w.sequence.Next()-1)
					break
				}
			}
		}
	}
}

// The rules are what keeps frames decodable.
func TestWithoutRulesFramesCannotBeDecoded(t *testing.T) {
	for name := range modes(nil) {
		models := modes(rand.New(rand.NewPCG(1, 2)))[name]
		w := newViewer(&rash{encoding: None})
		if bad := broken(w, 1, 0, models...); bad == 0 {
			t.Errorf("%s: all of %d frames can be decoded", name, len(w.frames))
		}
	}
}

// A selector follows its target: what is sent in the end is what is wanted.
func TestSelectorArrives(t *testing.T) {
	for name := range modes(nil) {
		for seed := range uint64(4) {
			rng := rand.New(rand.NewPCG(seed, 3))
			models := modes(rng)[name]
			s := New(Target{})
			w := newViewer(&s)
			broken(w, seed, 3, models...)
			want := Target{Encoding: int8(rng.IntN(len(models))), Spatial: uint8(rng.IntN(3)), Temporal: uint8(rng.IntN(3))}
			s.Aim(want)
			for i := range 600 {
				key := w.asked && i%10 == 0
				w.asked = w.asked && !key
				for _, m := range models {
					for _, p := range m.packets(m.next(key)) {
						w.push(&p)
					}
				}
			}
			spatial, temporal := s.Layer()
			if models[want.Encoding].temporal == 1 {
				temporal = want.Temporal
			}
			want.Spatial = min(want.Spatial, uint8(models[want.Encoding].spatial-1))
			if got := (Target{Encoding: s.Encoding(), Spatial: spatial, Temporal: temporal}); got != want {
				t.Errorf("%s, seed %d: sends %+v, want %+v", name, seed, got, want)
			}
		}
	}
}
