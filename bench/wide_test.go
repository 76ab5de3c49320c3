package bench

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestElement(t *testing.T) {
	fixed := string(make([]byte, 12))
	for _, tt := range []struct {
		name, b string
		id      uint8
		want    string
	}{
		{"none", "\x80" + fixed[1:], 2, ""},
		{"one-byte", "\x90" + fixed[1:] + "\xbe\xde\x00\x02\x10m\x21ab\x00\x00\x00", 2, "ab"},
		{"behind a source", "\x91" + fixed[1:] + "src1\xbe\xde\x00\x01\x21ab\x00", 2, "ab"},
		{"after padding", "\x90" + fixed[1:] + "\xbe\xde\x00\x02\x00\x00\x10m\x00\x21ab", 2, "ab"},
		{"another id", "\x90" + fixed[1:] + "\xbe\xde\x00\x01\x21ab\x00", 3, ""},
		{"id 0", "\x90" + fixed[1:] + "\xbe\xde\x00\x01\x21ab\x00", 0, ""},
		{"two-byte", "\x90" + fixed[1:] + "\x10\x00\x00\x02\x01\x00\x02\x02ab\x00\x00", 2, "ab"},
		{"cut off", "\x90" + fixed[1:] + "\xbe\xde\x00\x01\x10m\x2fa", 2, ""},
		{"no more after 15", "\x90" + fixed[1:] + "\xbe\xde\x00\x02\xf0m\x21ab\x00\x00\x00", 2, ""},
		{"unknown form", "\x90" + fixed[1:] + "\xca\xfe\x00\x01\x21ab\x00", 2, ""},
	} {
		if got := string(element([]byte(tt.b), tt.id)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzElement(f *testing.F) {
	f.Add([]byte("\x91\x60\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03src1\xbe\xde\x00\x01\x21ab\x00"), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, id uint8) {
		if _, ok := readHeader(b); ok {
			element(b, id)
		}
	})
}

// The feedback tells which numbers came, whether or not the packets were opened,
// and how far apart.
func TestFeedbackTellsTheTruth(t *testing.T) {
	s := newWireServer(t, receiving{sample: 1000})
	w := newWide(2, &s.inbox.meter.wide)
	s.inbox.wide = w
	header := []byte{0x90, ptVP8, 0, 0, 0, 0, 0, 0, 0, 0, 0, mediaSSRC, 0xbe, 0xde, 0, 1, 0x21, 0, 0, 0}
	payload := make([]byte, 400)
	came := map[uint16]int64{}
	for n := range uint64(20) {
		s.now += 3 * ms
		if n == 7 || n == 8 {
			continue // lost
		}
		header[3], header[18] = byte(n), byte(n)
		stamp{track: s.track.number, serial: uint32(n), sent: s.now}.put(payload)
		b, err := s.sealer.SealRTP(nil, header, nil, payload, n, mediaSSRC)
		if err != nil {
			t.Fatal(err)
		}
		s.inbox.receive(b, s.now)
		came[uint16(n)] = s.now
	}
	if f := s.inbox.meter.wide; f.Packets != 18 || s.inbox.meter.received.Load() != 18 {
		t.Errorf("%+v, received %d, want 18", f, s.inbox.meter.received.Load())
	}
	told := w.recorder.BuildFeedbackPacket()
	if len(told) != 1 {
		t.Fatalf("%d messages, want 1", len(told))
	}
	f := told[0].(*rtcp.TransportLayerCC)
	if f.BaseSequenceNumber != 0 || f.PacketStatusCount != 20 || f.MediaSSRC != mediaSSRC || len(f.RecvDeltas) != 18 {
		t.Fatalf("got %+v", f)
	}
	at, next := int64(f.ReferenceTime)*64*ms, 0
	for n := range uint16(20) {
		when, ok := came[n]
		if !ok {
			continue
		}
		at += f.RecvDeltas[next].Delta * int64(time.Microsecond)
		next++
		if want := when - w.began; max(at-want, want-at) > ms/4 {
			t.Errorf("number %d: came at %v, want %v", n, time.Duration(at), time.Duration(want))
		}
	}
	if got := w.recorder.BuildFeedbackPacket(); len(got) != 0 {
		t.Errorf("nothing came since, and %v is told", got)
	}
}

func TestAnswerWantsFeedback(t *testing.T) {
	offered := []section{{mid: "0", send: true, wide: true}, {mid: "1", wide: true}}
	yes := answered{wide: true}
	for _, tt := range []struct {
		name string
		a    answer
		want bool
	}{
		{"about what it sends", answer{extensions: extensionIDs{transportCC: 2}, sections: map[string]answered{"1": yes}}, true},
		{"about what it receives", answer{extensions: extensionIDs{transportCC: 2}, sections: map[string]answered{"0": yes, "1": {}}}, false},
		{"without an id", answer{sections: map[string]answered{"1": yes}}, false},
	} {
		if got := tt.a.wide(offered); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Each client has its turn once in a period, whoever comes and goes.
func TestRota(t *testing.T) {
	var r rota
	turns := make([]int, 7)
	for range feedbackEvery / beat * 10 {
		for range r.pass(len(turns), feedbackEvery) {
			turns[r.next(len(turns))]++
		}
	}
	for i, n := range turns {
		if n < 9 || n > 11 {
			t.Errorf("client %d had %d turns, want 10", i, n)
		}
	}
	if r.pass(0, feedbackEvery) != 0 {
		t.Error("nobody has a turn")
	}
}
