package speaker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// part is what one member does for a while: speak, cough or make noise.
type part struct {
	who      uint32
	from, to time.Duration
	loud     uint8 // -dBov of the peaks
	kind     string
}

// talk is a conversation of members 1 to n. Everybody sends a packet each 20 ms,
// with background noise around -70 dBov.
type talk struct {
	members int
	parts   []part
	noise   map[uint32]uint8 // -dBov, where it is another
	blind   map[uint32]bool  // whose sender does not tell voice from noise
	muted   map[uint32]bool  // sends digital silence
	dtx     map[uint32]bool  // sends nothing in pauses
}

// level is what the packet of a member says at a moment.
func (c *talk) level(who uint32, at time.Duration) (dbov uint8, voice, sent bool) {
	if c.muted[who] {
		return 127, false, true
	}
	dbov = 70
	if n := c.noise[who]; n > 0 {
		dbov = n
	}
	dbov += uint8((uint64(who)*7919 + uint64(at/frame)*104729) >> 3 % 4)
	spoke := false
	for _, p := range c.parts {
		if p.who != who || at < p.from || at >= p.to {
			continue
		}
		since := at - p.from
		switch p.kind {
		case "": // syllables of 180 ms, 60 ms between them
			if since%(240*ms) < 180*ms {
				return p.loud + uint8(since/frame%3), !c.blind[who], true
			}
		case "noise":
			return p.loud, false, true
		default: // one burst
			return p.loud, !c.blind[who], true
		}
		spoke = true
	}
	return dbov, false, spoke || !c.dtx[who]
}

// run plays the conversation and calls step each 100 ms.
func (c *talk) run(length time.Duration, step func(now mono.Time, heard []Report)) {
	voices := make([]Voice, c.members+1)
	var heard []Report
	for at := time.Duration(0); at < length; at += frame {
		now := mono.Time(time.Hour + at)
		for who := 1; who <= c.members; who++ {
			if dbov, voice, sent := c.level(uint32(who), at); sent {
				voices[who].Push(now, dbov, voice)
			}
		}
		if at%(100*ms) != 0 {
			continue
		}
		heard = heard[:0]
		for who := 1; who <= c.members; who++ {
			if r := voices[who].Report(now, uint32(who)); r.Heard() {
				heard = append(heard, r)
			}
		}
		step(now, heard)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func says(who uint32, from, to float64, loud uint8) part {
	return part{who: who, from: seconds(from), to: seconds(to), loud: loud}
}

func burst(who uint32, from, to float64, loud uint8) part {
	return part{who: who, from: seconds(from), to: seconds(to), loud: loud, kind: "cough"}
}

func hum(who uint32, from, to float64, loud uint8) part {
	return part{who: who, from: seconds(from), to: seconds(to), loud: loud, kind: "noise"}
}

// Who is dominant, with the second from which on, rounded up.
func TestDominant(t *testing.T) {
	for _, tt := range []struct {
		name string
		talk talk
		want string
	}{
		{"nobody says anything", talk{members: 3}, ""},
		{"one speaks", talk{members: 3, parts: []part{says(2, 1, 9, 30)}}, "2@2"},
		{"two take turns", talk{members: 3, parts: []part{says(1, 0, 4, 30), says(2, 4, 8, 30), says(1, 8, 12, 30)}}, "1@1 2@5 1@9"},
		{"the louder does not interrupt", talk{members: 3, parts: []part{says(1, 0, 10, 40), says(2, 3, 10, 20)}}, "1@1"},
		{"whoever goes on after double talk", talk{members: 3, parts: []part{says(1, 0, 6, 30), says(2, 4, 12, 30)}}, "1@1 2@7"},
		{"a cough in a pause", talk{members: 3, parts: []part{says(1, 0, 4, 30), burst(2, 4.2, 4.5, 15), says(1, 4.8, 9, 30)}}, "1@1"},
		{"a cough in silence", talk{members: 3, parts: []part{says(1, 0, 3, 30), burst(2, 8, 8.3, 15)}}, "1@1"},
		{"three coughs", talk{members: 3, parts: []part{says(1, 0, 3, 30), burst(2, 8, 8.2, 15), burst(2, 10, 10.2, 15), burst(2, 12, 12.2, 15)}}, "1@1"},
		{"a short answer is no turn", talk{members: 3, parts: []part{says(1, 0, 10, 30), burst(2, 5, 5.25, 30)}}, "1@1"},
		{"noise that its sender knows", talk{members: 3, parts: []part{says(1, 0, 3, 30), says(2, 3, 4, 30), hum(2, 4, 12, 25), says(1, 8, 12, 40)}}, "1@1 2@4 1@9"},
		{"a fan that no sender knows", talk{members: 3, noise: map[uint32]uint8{2: 45}, blind: map[uint32]bool{2: true}, parts: []part{says(1, 7, 12, 30)}}, "1@8"},
		{"over a fan", talk{members: 2, noise: map[uint32]uint8{2: 45}, blind: map[uint32]bool{2: true}, parts: []part{says(2, 2, 6, 20)}}, "2@3"},
		{"quietly, at a low gain", talk{members: 2, noise: map[uint32]uint8{1: 90}, parts: []part{says(1, 2, 6, 52)}}, "1@3"},
		{"muted while speaking", talk{members: 2, parts: []part{says(1, 0, 6, 30), says(2, 0, 6, 30)}, muted: map[uint32]bool{1: true}}, "2@1"},
		{"with DTX", talk{members: 2, parts: []part{says(1, 0, 4, 30), says(2, 4, 8, 30)}, dtx: map[uint32]bool{1: true, 2: true}}, "1@1 2@5"},
		{"without the voice bit", talk{members: 2, parts: []part{says(1, 0, 4, 30), says(2, 4, 8, 30)}, blind: map[uint32]bool{1: true, 2: true}}, "1@1 2@5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d Dominant
			var got []string
			tt.talk.run(15*time.Second, func(now mono.Time, heard []Report) {
				if d.Push(heard) {
					got = append(got, fmt.Sprintf("%d@%d", d.ID(), (now.Sub(mono.Time(time.Hour))+time.Second-1)/time.Second))
				}
			})
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("dominant: got %q, want %q", s, tt.want)
			}
		})
	}
}

// Without the long window a cough would take over: it is what the three windows
// are for.
func TestCoughNeedsTheLongWindow(t *testing.T) {
	c := talk{members: 2, parts: []part{says(1, 0, 4, 30), burst(2, 4.2, 4.5, 15), says(1, 4.8, 9, 30)}}
	var d Dominant
	taken := false
	c.run(10*time.Second, func(_ mono.Time, heard []Report) {
		for i := range heard {
			heard[i].Long = min(heard[i].Long, 1) * blocks
		}
		d.Push(heard)
		taken = taken || d.ID() == 2
	})
	if !taken {
		t.Error("the cough did not take over even without the long window, so the test with it says nothing")
	}
}

// The dominant speaker leaves, and who speaks next is it.
func TestDominantLeaves(t *testing.T) {
	var d Dominant
	loud := func(id uint32) Report { return Report{ID: id, Loud: 90, Immediate: 9, Medium: 5, Long: 8} }
	d.Push([]Report{loud(1)})
	d.Remove(2)
	if d.ID() != 1 {
		t.Fatalf("dominant %d after another left, want 1", d.ID())
	}
	d.Remove(1)
	if d.ID() != 0 {
		t.Fatalf("dominant %d after it left, want none", d.ID())
	}
	if d.Push([]Report{loud(3)}); d.ID() != 3 {
		t.Errorf("dominant %d, want 3", d.ID())
	}
}

// The scores are those of the paper: they rise with the count up to where
// speech is sure.
func TestScoresRise(t *testing.T) {
	for _, s := range [][]float64{immediateScores[:10], mediumScores, longScores} {
		for i := 1; i < len(s); i++ {
			if s[i] < s[i-1] {
				t.Errorf("score %d of %v is less than the one before", i, s)
			}
		}
	}
}

// Packets of 10, 20, 60 and 120 ms fill the windows alike.
func TestActivityOfPacketSizes(t *testing.T) {
	for _, size := range []time.Duration{10 * ms, 20 * ms, 40 * ms, 60 * ms, 120 * ms} {
		var a Activity
		now := mono.Time(time.Hour)
		for end := now.Add(2 * time.Second); now < end; now = now.Add(size) {
			a.Push(now, 30, true)
		}
		_, medium, long := a.Windows(now.Add(-size))
		if medium < block-1 || long != blocks {
			t.Errorf("packets of %v: medium %d, long %d, want %d and %d", size, medium, long, block, blocks)
		}
		if i, m, l := a.Windows(now.Add(5 * time.Second)); i+m+l != 0 {
			t.Errorf("packets of %v: %d, %d, %d after 5 s of silence", size, i, m, l)
		}
	}
}

func TestVoiceDoesNotAllocate(t *testing.T) {
	var v Voice
	now := mono.Time(0)
	if got := testing.AllocsPerRun(1000, func() {
		now = now.Add(20 * ms)
		v.Push(now, 30, true)
		v.Report(now, 1)
	}); got != 0 {
		t.Errorf("%v allocations per packet, want 0", got)
	}
}

// Who never says that it is voice is heard all the same while it stands out of
// its own noise, and not in between.
func TestVoiceWithoutTheVoiceBit(t *testing.T) {
	c := talk{members: 1, noise: map[uint32]uint8{1: 50}, blind: map[uint32]bool{1: true}, parts: []part{says(1, 3, 6, 25)}}
	heard := 0
	c.run(10*time.Second, func(now mono.Time, list []Report) {
		at := now.Sub(mono.Time(time.Hour))
		loud := len(list) > 0 && list[0].Loud > 0
		if loud {
			heard++
		}
		if during := at > seconds(3.3) && at < seconds(6); loud != during && (at < seconds(3) || at > seconds(7.5) || during) {
			t.Errorf("at %v: heard %t", at, loud)
		}
	})
	if heard < 25 {
		t.Errorf("heard %d times in 3 s, want 27 at the least", heard)
	}
}

// Who sends no levels is heard while it sends, behind all who speak.
func TestVoiceWithoutLevels(t *testing.T) {
	var v, quiet Voice
	v.PushUnknown(0)
	quiet.Push(0, 59, true)
	got, want := v.Report(100, 1), quiet.Report(100, 2)
	if got.Loud != want.Loud || got.Long != 0 {
		t.Errorf("loudness %d, long %d, want %d and 0", got.Loud, got.Long, want.Loud)
	}
	if r := v.Report(mono.Time(time.Second), 1); r.Heard() {
		t.Errorf("heard after a second without packets: %+v", r)
	}
}
