package plane

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

const ptRED, ptSlotRED = 108, 63

// mouth publishes audio by hand.
type mouth struct {
	c    *client
	pub  *sender
	next uint64
	ts   uint32
	said []string // payloads so far, for redundancy
}

// speaker makes the client's microphone one that the test uses.
func (c *client) speaker() *mouth {
	m := &mouth{c: c, pub: c.audio, next: 100, ts: uint32(c.id) << 20}
	c.audio.spec.Codecs = append(c.audio.spec.Codecs, Codec{Codec: packet.RED, PayloadType: ptRED, ClockRate: 48000})
	c.apply(RemovePublication{Publication: c.audio.pub})
	c.apply(AddPublication{Transport: c.id, Publication: c.audio.pub, Spec: c.audio.spec})
	c.audio.due, c.video.due = mono.Never, mono.Never
	return m
}

// say sends 20 ms of sound: as Opus, or as RED with so many older payloads.
func (m *mouth) say(sound string, generations int, voice byte) {
	h := []byte{0x90, ptOpus, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, idLevelIn << 4, voice, 0, 0}
	b := []byte(sound)
	if generations >= 0 {
		h[1] = ptRED
		var blocks []codec.REDBlock
		var bodies string
		for g := min(generations, len(m.said)); g > 0; g-- {
			old := m.said[len(m.said)-g]
			blocks = append(blocks, codec.REDBlock{PayloadType: ptOpus, Offset: uint16(960 * g), Size: uint16(len(old))})
			bodies += old
		}
		blocks = append(blocks, codec.REDBlock{PayloadType: ptOpus})
		b = nil
		for i, k := range blocks {
			b = codec.AppendREDHeader(b, k, i == len(blocks)-1)
		}
		b = append(append(b, bodies...), sound...)
	}
	m.said = append(m.said, sound)
	m.send(h, b)
	m.pass(1)
}

func (m *mouth) send(h, payload []byte) {
	binary.BigEndian.PutUint16(h[2:], uint16(m.next))
	binary.BigEndian.PutUint32(h[4:], m.ts)
	binary.BigEndian.PutUint32(h[8:], m.pub.ssrc)
	m.c.seal(m.c.room.now, h, nil, payload, m.next, m.pub.ssrc)
	m.next++
	m.c.room.run(20 * time.Millisecond)
}

// pass lets so many packets of 20 ms pass by, in which nothing is sent.
func (m *mouth) pass(packets uint32) { m.ts += 960 * packets }

// heard is what a slot got since the last call: payload type, the marker as a *,
// and the payload, of RED its blocks with their age in packets.
func (s *sink) heard() string {
	var out []string
	for _, k := range s.kept {
		text := fmt.Sprint(k.View.PayloadType)
		if k.View.Marker {
			text += "*"
		}
		if k.View.PayloadType != ptSlotRED {
			out = append(out, text+":"+string(k.payload))
			continue
		}
		for _, b := range codec.SplitRED(k.payload, nil) {
			if b.PayloadType != ptSlotOpus {
				text += fmt.Sprint("?", b.PayloadType)
			}
			text += ":"
			if b.Offset > 0 {
				text += fmt.Sprintf("-%d", b.Offset/960)
			}
			text += string(k.payload[b.At : b.At+b.Size])
		}
		out = append(out, text)
	}
	s.kept = s.kept[:0]
	return strings.Join(out, " ")
}

// routes of RED and Opus into a slot.
func soundRoute(red, prefer bool) *Route {
	r := &Route{Opus: ptSlotOpus, Extensions: []ExtensionPair{{In: idLevelIn, Out: idLevelOut}}}
	r.PayloadTypes[ptOpus], r.PayloadTypes[ptRED] = ptSlotOpus, ptSlotOpus
	if red {
		r.PayloadTypes[ptRED] = ptSlotRED
	}
	if prefer {
		r.PayloadTypes[ptOpus] = ptSlotRED
	}
	return r
}

func TestRED(t *testing.T) {
	const loud = 0x80 | 30
	talk := func(generations int) func(m *mouth) {
		return func(m *mouth) {
			for _, w := range []string{"aa", "b", "cc"} {
				m.say(w, generations, loud)
			}
		}
	}
	pause := func(generations int) func(m *mouth) {
		return func(m *mouth) {
			m.say("aa", generations, loud)
			m.pass(19)
			m.say("b", generations, loud)
			m.say("cc", generations, loud)
		}
	}
	for _, tt := range []struct {
		name        string
		red, prefer bool
		do          func(m *mouth)
		want        string
	}{
		{"Opus to a slot with Opus", false, false, talk(-1), "111*:aa 111:b 111:cc"},
		{"Opus to a slot with RED", true, false, talk(-1), "111*:aa 111:b 111:cc"},
		{"Opus to a slot that prefers RED", true, true, talk(-1), "63*:aa 63:-1aa:b 63:-1b:cc"},
		{"RED to a slot with Opus", false, false, talk(1), "111*:aa 111:b 111:cc"},
		{"RED to a slot with RED", true, false, talk(1), "63*:aa 63:-1aa:b 63:-1b:cc"},
		{"RED of two generations", true, true, talk(2), "63*:aa 63:-1aa:b 63:-2aa:-1b:cc"},
		{"RED without redundancy", true, true, talk(0), "63*:aa 63:b 63:cc"},
		{"a pause of 400 ms is too long for RED", true, true, pause(-1), "63*:aa 63:b 63:-1b:cc"},
		{"a packet is lost", true, true, func(m *mouth) {
			m.say("aa", -1, loud)
			m.next++
			m.pass(1)
			m.say("cc", -1, loud)
			m.say("d", -1, loud)
		}, "63*:aa 63:cc 63:-1cc:d"},
		{"too long to be doubled", true, true, func(m *mouth) {
			m.say(strings.Repeat("x", 600), -1, loud)
			m.say(strings.Repeat("y", 600), -1, loud)
			m.say("z", -1, loud)
		}, "63*:" + strings.Repeat("x", 600) + " 63:" + strings.Repeat("y", 600) + " 63:-1" + strings.Repeat("y", 600) + ":z"},
		{"malformed", false, false, func(m *mouth) {
			m.say("aa", 1, loud)
			m.send([]byte{0x80, ptRED, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{0xef, 0, 0, 9, 0x6f})
			m.send([]byte{0x80, ptRED, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{0x0d, 1, 2}) // comfort noise in it
			m.pass(2)
			m.say("b", 1, loud)
		}, "111*:aa 111:b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a, b := r.join(0, netem.Config{}), r.join(1, netem.Config{})
			b.video.due, b.audio.due = mono.Never, mono.Never
			m, s := a.speaker(), b.slot(true)
			s.keep = true
			r.apply(Bind{Slot: s.slot, Publication: m.pub.pub, Route: soundRoute(tt.red, tt.prefer)})
			m.said = nil
			tt.do(m)
			if got := s.heard(); got != tt.want {
				t.Errorf("got %.200q, want %.200q", got, tt.want)
			}
		})
	}
}

// A slot that changes its source is entered with a packet that has a voice, or
// after 200 ms with any; the first has the marker bit, no redundancy is older
// than it, numbers have no gap and timestamps go on.
func TestSoundChangesItsSource(t *testing.T) {
	const loud, quiet = 0x80 | 30, 90
	for _, tt := range []struct {
		name string
		do   func(m *mouth) // of the new source
		want string         // from then on
	}{
		{"somebody speaks", func(m *mouth) {
			m.say("word", 2, loud)
			m.say("w1", 2, loud)
			m.say("w2", 2, loud)
		}, "63*:word 63:-1word:w1 63:-2word:-1w1:w2"},
		{"silence before a voice", func(m *mouth) {
			m.say("noise", 2, quiet)
			m.say("n", 2, loud) // an update in a pause has three bytes at the most
			m.say("word", 2, loud)
			m.say("word2", 2, quiet)
		}, "63*:word 63:-1word:word2"},
		{"loud, but not marked as a voice", func(m *mouth) {
			m.say("noise", 0, quiet)
			m.say("word", 0, 40)
		}, "63*:word"},
		{"silence only", func(m *mouth) {
			for i := range 13 {
				m.say(fmt.Sprint("noise", i), 0, quiet)
			}
		}, "63*:noise10 63:noise11 63:noise12"},
		{"a late update in a pause", func(m *mouth) {
			m.say("noise", 0, quiet)
			m.pass(19)
			m.c.room.run(380 * time.Millisecond)
			m.say("n", 0, quiet)
		}, "63*:n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			a, b, c := r.join(0, netem.Config{}), r.join(1, netem.Config{}), r.join(2, netem.Config{})
			c.video.due, c.audio.due = mono.Never, mono.Never
			one, two, s := a.speaker(), b.speaker(), c.slot(true)
			s.keep = true
			route := soundRoute(true, true)
			r.apply(Bind{Slot: s.slot, Publication: one.pub.pub, Route: route})
			for _, w := range []string{"a1", "a2"} {
				one.say(w, 1, loud)
				two.say("before"+w, 2, loud)
			}
			s.heard()
			r.apply(Bind{Slot: s.slot, Publication: two.pub.pub, Route: route})
			tt.do(two)
			if got := s.heard(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for i := 1; i < len(s.numbers); i++ {
				if s.numbers[i] != s.numbers[i-1]+1 || int32(s.stamps[i]-s.stamps[i-1]) <= 0 {
					t.Errorf("#%d at %d follows #%d at %d", s.numbers[i], s.stamps[i], s.numbers[i-1], s.stamps[i-1])
				}
			}
		})
	}
}

// Redundancy costs no memory per packet.
func TestREDAllocatesNothing(t *testing.T) {
	p := New(Config{})
	p.Apply(0, AddMirror{Publication: 1, Spec: Publication{Audio: true, Codecs: []Codec{
		{Codec: packet.Opus, PayloadType: ptOpus, ClockRate: 48000}, {Codec: packet.RED, PayloadType: ptRED, ClockRate: 48000},
	}}})
	in := p.publications[1].mirrorOf(0, 1)
	bd := &binding{in: in, route: soundRoute(true, true)}
	payload := []byte("\xed\x0f\x00\x03\x6dabcde")
	view := packet.View{PayloadType: ptRED, Timestamp: 960, PayloadSize: uint16(len(payload))}
	red, opus := nack.Entry{View: view, Sequence: 7}, nack.Entry{View: view, Sequence: 8}
	opus.View.PayloadType, opus.View.Timestamp = ptOpus, 960
	before := opus
	before.Sequence, before.View.Timestamp = 7, 0
	in.history.Insert(before, payload)
	size := 0
	if n := testing.AllocsPerRun(100, func() {
		head, rest := bd.sound(p.prefix[:0], &red, payload)
		size = len(head) + len(rest)
		head, rest = bd.sound(p.prefix[:0], &opus, payload)
		size += len(head) + len(rest)
		if !p.publications[1].speaks(payload) {
			t.Fatal("not understood")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if want := 10 + 5 + 10 + 10; size != want {
		t.Errorf("%d bytes, want %d", size, want)
	}
	if !slices.Equal(payload, []byte("\xed\x0f\x00\x03\x6dabcde")) {
		t.Error("the payload was changed")
	}
}
