package speaker

import (
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

const ms = time.Millisecond

// event is a packet, or a question if ask is set.
type event struct {
	at    time.Duration
	dbov  uint8
	voice bool
	ask   bool
	want  bool // speaking
}

// packet is one that its sender believes to be speech.
func packet(at time.Duration, dbov uint8) event { return event{at: at, dbov: dbov, voice: true} }

// noise is one that it does not.
func noise(at time.Duration, dbov uint8) event { return event{at: at, dbov: dbov} }

// ask expects a level and whether somebody speaks.
func ask(at time.Duration, dbov uint8, speaking bool) event {
	return event{at: at, dbov: dbov, ask: true, want: speaking}
}

func TestLevel(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []event
	}{
		{"nothing heard", []event{ask(0, 127, false), ask(time.Hour, 127, false)}},
		{"up at once", []event{packet(0, 50), ask(0, 50, true), packet(20*ms, 20), ask(20*ms, 20, true)}},
		{"down by 6 dB in 100 ms", []event{
			packet(0, 30), packet(20*ms, 80), ask(20*ms, 30, true), ask(99*ms, 30, true), ask(100*ms, 36, true), ask(299*ms, 42, true),
		}},
		{"down as far as the packets", []event{
			noise(0, 40), noise(100*ms, 50), noise(200*ms, 50), ask(200*ms, 50, false), noise(250*ms, 50), ask(250*ms, 50, false), ask(350*ms, 56, false),
		}},
		{"an equal level starts the release again", []event{
			noise(0, 40), noise(90*ms, 40), ask(180*ms, 40, false), ask(190*ms, 46, false),
		}},
		{"the release keeps its rhythm", []event{
			noise(0, 40), noise(150*ms, 90), ask(199*ms, 46, false), ask(200*ms, 52, false),
		}},
		{"not beyond silence", []event{
			noise(0, 125), noise(100*ms, 127), ask(400*ms, 127, false), noise(500*ms, 126), ask(500*ms, 126, false),
		}},
		{"a level over 127 is silence", []event{noise(0, 255), ask(0, 127, false)}},
		{"loudest", []event{packet(0, 0), ask(0, 0, true)}},

		{"speech goes on for 300 ms", []event{packet(0, 30), ask(299*ms, 42, true), ask(300*ms, 48, false)}},
		{"quiet speech is none", []event{packet(0, 60), ask(0, 60, false), packet(20*ms, 59), ask(20*ms, 59, true)}},
		{"loud noise is none", []event{noise(0, 10), ask(0, 10, false)}},
		{"a pause within a word", []event{packet(0, 30), noise(200*ms, 100), packet(400*ms, 30), ask(600*ms, 42, true)}},
		{"speech ended while packets go on", []event{
			packet(0, 30), noise(100*ms, 100), noise(200*ms, 100), noise(300*ms, 100), ask(300*ms, 48, false),
		}},

		{"no packets are silence", []event{packet(0, 10), ask(499*ms, 34, false), ask(500*ms, 127, false)}},
		{"comfort noise keeps the level", []event{packet(0, 10), noise(400*ms, 127), ask(500*ms, 40, false), ask(899*ms, 58, false), ask(900*ms, 127, false)}},
		{"speech after a long silence", []event{packet(0, 10), ask(time.Hour, 127, false), packet(time.Hour, 45), ask(time.Hour, 45, true)}},
		{"quiet after a long silence", []event{packet(0, 10), noise(time.Hour, 120), ask(time.Hour, 120, false)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var l Level
			for _, e := range tt.in {
				if !e.ask {
					l.Push(mono.Time(e.at), e.dbov, e.voice)
					continue
				}
				if dbov, speaking := l.Value(mono.Time(e.at)); dbov != e.dbov || speaking != e.want {
					t.Errorf("at %v: got -%d dBov, speaking %t, want -%d, %t", e.at, dbov, speaking, e.dbov, e.want)
				}
			}
		})
	}
}

// Asking is no event: however often somebody does, the level is the same.
func TestLevelDoesNotDependOnQuestions(t *testing.T) {
	var asked, quiet Level
	for at := mono.Time(0); at < mono.Time(2*time.Second); at = at.Add(7 * ms) {
		if at < mono.Time(time.Second) && at%3 == 0 {
			dbov := uint8(at/1e6*37) & 127
			asked.Push(at, dbov, true)
			quiet.Push(at, dbov, true)
		}
		gotLevel, gotSpeaking := asked.Value(at)
		once := quiet
		wantLevel, wantSpeaking := once.Value(at)
		if gotLevel != wantLevel || gotSpeaking != wantSpeaking {
			t.Fatalf("at %v: got %d, %t, want %d, %t", time.Duration(at), gotLevel, gotSpeaking, wantLevel, wantSpeaking)
		}
	}
}

func TestLevelDoesNotAllocate(t *testing.T) {
	var l Level
	now := mono.Time(0)
	if got := testing.AllocsPerRun(1000, func() {
		now = now.Add(20 * ms)
		l.Push(now, 30, true)
		l.Value(now)
	}); got != 0 {
		t.Errorf("%v allocations per packet, want 0", got)
	}
}
