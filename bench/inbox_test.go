package bench

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// wireServer seals what a server would send to an inbox.
type wireServer struct {
	t      testing.TB
	sealer *srtp.Sealer
	inbox  *inbox
	track  *track
	now    int64
}

const (
	mediaSSRC, repairSSRC = 7, 8

	ms = 1_000_000
)

func newWireServer(t testing.TB, rule receiving) *wireServer {
	t.Helper()
	keys := srtp.Keys{Profile: srtp.AEADAES128GCM, RemoteKey: make([]byte, 16), RemoteSalt: make([]byte, 12)}
	s := &wireServer{t: t, track: &track{}, now: 1000 * ms}
	s.track.publication = &publication{tracks: []*track{s.track}}
	r := &run{meter: newMeter(), receiving: rule}
	r.tracks.add(s.track)
	var err error
	if s.sealer, err = srtp.NewSealer(keys.Profile, keys.RemoteKey, keys.RemoteSalt); err != nil {
		t.Fatal(err)
	}
	if s.inbox, err = newInbox(r, memberPlan{}, keys, map[string]answered{"0": {ssrc: mediaSSRC, rtx: repairSSRC}}); err != nil {
		t.Fatal(err)
	}
	s.track.bounds.opens.Store(1) // the window is open from the first serial on
	return s
}

// seal makes the packet of a serial with an index, of which the number is a part.
func (s *wireServer) seal(index uint64, source uint32, track, serial uint32) []byte {
	return s.sealSize(index, source, track, serial, 400)
}

func (s *wireServer) sealSize(index uint64, source uint32, track, serial uint32, size int) []byte {
	h := []byte{0x81, ptVP8, byte(index >> 8), byte(index), 0, 0, 0, 0, 0, 0, 0, mediaSSRC}
	h = binary.BigEndian.AppendUint32(h, source)
	payload := make([]byte, size)
	stamp{track: track, serial: serial, sent: s.now - 5*ms}.put(payload)
	b, err := s.sealer.SealRTP(nil, h, nil, payload, index, mediaSSRC)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s *wireServer) send(index uint64, serial uint32) {
	s.now += ms
	s.inbox.receive(s.seal(index, 1, s.track.number, serial), s.now)
}

// repair sends a packet again as RTX.
func (s *wireServer) repair(index uint64, number uint16, serial uint32) {
	s.now += ms
	h := []byte{0x80, ptRTX, byte(index >> 8), byte(index), 0, 0, 0, 0, 0, 0, 0, repairSSRC}
	payload := make([]byte, 400)
	binary.BigEndian.PutUint16(payload, number)
	stamp{track: s.track.number, serial: serial, sent: s.now - 30*ms}.put(payload)
	b, err := s.sealer.SealRTP(nil, h, nil, payload, index, repairSSRC)
	if err != nil {
		s.t.Fatal(err)
	}
	s.inbox.receive(b, s.now)
}

// What the numbers say of packets that are not opened is what their stamps say.
func TestInboxCountsWhatItDoesNotOpen(t *testing.T) {
	for _, sample := range []int{1, 4, 1000} {
		s := newWireServer(t, receiving{sample: sample})
		for n := range uint64(40) {
			switch n {
			case 10: // lost
			case 20: // overtakes 19
				s.send(20, 120)
				s.send(19, 119)
			case 19:
			case 30: // comes again
				s.send(30, 130)
				s.send(30, 130)
			default:
				s.send(n, 100+uint32(n))
			}
		}
		m, a := s.inbox.meter, s.inbox.came[s.track.publication].encodings[0]
		if m.received.Load() != 39 || a.received != 39 || m.duplicate != 1 || m.reordered != 1 || m.refused != 0 || m.foreign != 0 {
			t.Errorf("sample %d: received %d, %d, duplicate %d, reordered %d, refused %d, foreign %d", sample,
				m.received.Load(), a.received, m.duplicate, m.reordered, m.refused, m.foreign)
		}
		if got := uint64(m.delay.TotalCount()); got > 39 || got < 39-uint64(sample) && sample < 39 {
			t.Errorf("sample %d: the delay is one of %d packets", sample, got)
		}
		if all := m.samples == 39; all != (sample == 1) || m.samples < 4 {
			t.Errorf("sample %d: %d were opened", sample, m.samples)
		}
		if m.delay.Max()/ms != 5 {
			t.Errorf("sample %d: a delay of %d ms, want 5", sample, m.delay.Max()/ms)
		}
	}
}

// A slot that gets another publication goes on with its numbers: the source
// tells.
func TestInboxSeesAnotherSource(t *testing.T) {
	s := newWireServer(t, receiving{sample: 1000})
	other := &track{}
	other.publication = &publication{tracks: []*track{other}}
	s.inbox.tracks.add(other)
	s.send(0, 100)
	s.send(1, 101)
	s.inbox.receive(s.seal(2, 2, other.number, 55), s.now)
	s.inbox.receive(s.seal(3, 2, other.number, 56), s.now)
	if a := s.inbox.came[s.track.publication].encodings[0]; a.next != 102 {
		t.Errorf("the first goes up to %d, want 102", a.next)
	}
	if a := s.inbox.came[other.publication].encodings[0]; a.next != 57 {
		t.Errorf("the other goes up to %d, want 57", a.next)
	}
}

// A wrong tag is found if the packet is opened.
func TestInboxRefuses(t *testing.T) {
	for sample, want := range map[int]uint64{1: 8, 4: 2} {
		s := newWireServer(t, receiving{sample: sample})
		s.send(0, 0)
		for n := uint64(1); n <= 8; n++ {
			b := s.seal(n, 1, 0, uint32(n))
			b[len(b)-1] ^= 1
			s.inbox.receive(b, s.now)
			if s.inbox.meter.refused > 0 && sample > 1 { // go on behind it
				s.send(n, uint32(n))
			}
		}
		if got := s.inbox.meter.refused; got != want {
			t.Errorf("sample %d: %d refused, want %d", sample, got, want)
		}
	}
}

func TestInboxRepairs(t *testing.T) {
	s := newWireServer(t, receiving{sample: 16, nack: true})
	s.send(65534, 0)
	s.send(65537, 3) // 65535 and 0 are missing
	f := s.inbox.flow(mediaSSRC)
	if got := f.gaps.poll(s.now+20*ms, nil); len(got) != 2 || got[0] != 65535 || got[1] != 0 {
		t.Fatalf("asked for %v, want 65535 and 0", got)
	}
	s.repair(5, 65535, 1)
	s.repair(6, 65535, 1)
	s.send(65535, 1) // it was only late
	s.send(65538, 4)
	m := s.inbox.meter
	if m.repair.Repaired != 1 || m.repair.Redundant != 2 || m.received.Load() != 4 || len(f.gaps.missing) != 1 {
		t.Errorf("got %+v, %d received, %v missing", m.repair, m.received.Load(), f.gaps.missing)
	}
	if s.inbox.meter.duplicate != 0 || m.delay.Max()/ms != 30 {
		t.Errorf("%d duplicates, longest delay %d ms, want 0 and 30", m.duplicate, m.delay.Max()/ms)
	}
}

// Dropping takes the share that it says, of retransmissions too.
func TestLoss(t *testing.T) {
	for _, fraction := range []float64{0, 0.05, 0.5, 1} {
		l, n := newLoss(fraction), 0
		const all = 100_000
		for range all {
			if l.strikes() {
				n++
			}
		}
		if got := float64(n) / all; got < fraction-0.01 || got > fraction+0.01 {
			t.Errorf("%v of the packets were thrown away, want %v", got, fraction)
		}
	}
}

func TestReceptionReport(t *testing.T) {
	f := &flow{ssrc: 9}
	for _, n := range []uint16{65530, 65531, 65533, 65535, 2} { // of 9
		f.note(0, f.extend(n), false)
	}
	f.report, f.reported = 0x12345678, 1000*ms
	got := f.block(1500 * ms)
	want := rtcp.ReceptionReport{
		SSRC: 9, FractionLost: 4 * 256 / 9, TotalLost: 4, LastSequenceNumber: 1<<16 | 2,
		LastSenderReport: 0x12345678, Delay: 1 << 15,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	f.note(0, f.extend(3), false)
	if got = f.block(0); got.FractionLost != 0 || got.TotalLost != 4 {
		t.Errorf("nothing was lost since: %+v", got)
	}
}

// Streams that take turns are told apart.
func TestInboxTellsStreamsApart(t *testing.T) {
	s := newWireServer(t, receiving{sample: 16, nack: true})
	s.send(100, 0)
	f := s.inbox.flow(mediaSSRC)
	for n := range uint64(10) {
		s.repair(5000+n, 99, 1)
		s.send(101+n, 2+uint32(n))
	}
	if len(f.gaps.missing) != 0 || f.count != 11 || s.inbox.flow(repairSSRC).count != 10 || len(s.inbox.flows) != 3 {
		t.Errorf("%d of media, %d of repair, %v missing", f.count, s.inbox.flow(repairSSRC).count, f.gaps.missing)
	}
	s.inbox.flow(1234)
	if s.inbox.flows[0].ssrc != 1234 {
		t.Error("a new stream is not the first")
	}
}

// What one packet of 1,200 bytes costs a client that has it, by how many are
// opened.
func BenchmarkInbox(b *testing.B) {
	for _, sample := range []int{1, 16} {
		b.Run(fmt.Sprint("sample=", sample), func(b *testing.B) {
			s := newWireServer(b, receiving{sample: sample, report: true})
			batch := make([][]byte, 1024)
			index := uint64(0)
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				if n%len(batch) == 0 {
					b.StopTimer()
					for i := range batch {
						batch[i] = s.sealSize(index, 1, 0, uint32(index), 1172)
						index++
					}
					b.StartTimer()
				}
				s.inbox.receive(batch[n%len(batch)], s.now)
			}
			if s.inbox.meter.received.Load() != uint64(b.N) {
				b.Fatalf("received %d of %d", s.inbox.meter.received.Load(), b.N)
			}
		})
	}
}

// What a newcomer missed takes long because it was sent before it came; that is
// counted apart from what the server delays.
func TestInboxSettles(t *testing.T) {
	s := newWireServer(t, receiving{sample: 1})
	s.inbox.settled = s.now + 10*ms
	for i := range 20 {
		s.send(uint64(1+i), uint32(1+i)) // at s.now + 1 ms … 20 ms, sent 5 ms before
	}
	m := s.inbox.meter
	if got := m.received.Load(); got != 20 {
		t.Fatalf("%d of 20 packets were counted", got)
	}
	if early, settled := m.early.TotalCount(), m.delay.TotalCount(); early != 14 || settled != 6 {
		t.Errorf("the delay of %d packets is counted apart and of %d not, want 14 and 6", early, settled)
	}
}
