//go:build !race

package micro

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/cputime"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
	"github.com/switchyard-rtc/switchyard/sfu/internal/plane"
	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// stage is a plane with a publisher of audio and of video, whose work is
// measured by the thread's clock.
type stage struct {
	t     *testing.T
	plane *plane.Plane
	now   mono.Time
	out   *srtp.Sealer
	next  [2]uint16 // of audio and of video
	peers plane.ID
}

// The two tracks: packets of 100 and of 1,200 bytes.
const (
	audioID, audioSSRC, audioType = 11, 0x41, 111
	filmID, filmSSRC              = 12, 0x56
	publisher                     = 1
)

var publisherPath = plane.Path{Remote: netip.MustParseAddrPort("127.0.0.2:5000")}

func newStage(t *testing.T, profile srtp.Profile) *stage {
	s := &stage{t: t, plane: plane.New(plane.Config{}), now: mono.Time(time.Second)}
	s.out = s.keys(publisher, profile, publisherPath)
	s.apply(plane.AddPublication{Transport: publisher, Publication: audioID, Spec: plane.Publication{
		MID: "0", Audio: true, Streams: []plane.Stream{{SSRC: audioSSRC}},
		Codecs: []plane.Codec{{Codec: packet.Opus, PayloadType: audioType, ClockRate: 48000}},
	}})
	s.apply(plane.AddPublication{Transport: publisher, Publication: filmID, Spec: plane.Publication{
		MID: "1", NACK: true, Streams: []plane.Stream{{SSRC: filmSSRC}},
		Codecs: []plane.Codec{{Codec: packet.VP8, PayloadType: videoType, ClockRate: 90000}},
	}})
	return s
}

func (s *stage) apply(c plane.Command) { s.plane.Apply(s.now, c) }

// keys adds a transport and returns a sealer of what it sends.
func (s *stage) keys(id plane.ID, profile srtp.Profile, path plane.Path) *srtp.Sealer {
	s.t.Helper()
	key, salt := make([]byte, profile.KeyLen()), make([]byte, profile.SaltLen())
	opener, err := srtp.NewOpener(profile, key, salt)
	if err != nil {
		s.t.Fatal(err)
	}
	theirs, err := srtp.NewSealer(profile, key, salt)
	if err != nil {
		s.t.Fatal(err)
	}
	binary.BigEndian.PutUint32(key, uint32(id))
	ours, err := srtp.NewSealer(profile, key, salt)
	if err != nil {
		s.t.Fatal(err)
	}
	s.apply(plane.AddTransport{Transport: id, SSRC: uint32(id), CNAME: "switchyard"})
	s.apply(plane.SetKeys{Transport: id, Opener: opener, Sealer: ours})
	s.apply(plane.BindPath{Transport: id, Path: path})
	return theirs
}

// subscribe adds a peer that is shown the publications, in slots of that order.
func (s *stage) subscribe(profile srtp.Profile, publications ...plane.ID) plane.ID {
	s.peers++
	id := firstPeerID + s.peers
	s.keys(id, profile, plane.Path{Remote: netip.AddrPortFrom(peerAddr(int(s.peers)), 5000)})
	r := &plane.Route{}
	r.PayloadTypes[videoType], r.PayloadTypes[audioType] = videoType, audioType
	for i, pub := range publications {
		slot := firstSlotID + 10*s.peers + plane.ID(i)
		s.apply(plane.AddSlot{Transport: id, Slot: slot, Spec: plane.SlotSpec{Audio: pub == audioID, SSRC: uint32(slot)}})
		s.apply(plane.Bind{Slot: slot, Publication: pub, Route: r})
	}
	return id
}

// batch seals n packets of a track as the publisher sends them.
func (s *stage) batch(pub plane.ID, n int) (list [][]byte) {
	header := [12]byte{0: 0x80, 1: audioType}
	size, ssrc, next := 100, uint32(audioSSRC), &s.next[0]
	if pub == filmID {
		header[1], size, ssrc, next = videoType, PacketBytes, filmSSRC, &s.next[1]
	}
	payload := make([]byte, size-len(header)-s.out.Profile().Overhead())
	binary.BigEndian.PutUint32(header[8:], ssrc)
	for range n {
		vp8(payload, uint32(*next), true, *next == 0)
		binary.BigEndian.PutUint16(header[2:], *next)
		b, err := s.out.SealRTP(make([]byte, 0, packet.MaxSize), header[:], nil, payload, uint64(*next), ssrc)
		if err != nil {
			s.t.Fatal(err)
		}
		*next++
		list = append(list, b)
	}
	return list
}

// play hands a batch to the plane and returns how long that took.
func (s *stage) play(batch [][]byte) time.Duration {
	s.now = s.now.Add(time.Millisecond)
	start := cputime.Thread()
	for _, b := range batch {
		s.plane.Receive(s.now, publisherPath, b)
	}
	for s.plane.Deliver(s.now) {
		s.plane.Outbox().Done()
	}
	took := cputime.Thread() - start
	s.plane.Outbox().Done()
	return took
}

// factor is how far from the truth a share may be: machines differ in what AES
// and HMAC take.
const factor = 1.6

var profiles = []srtp.Profile{srtp.AES128CMHMACSHA180, srtp.AEADAES128GCM, srtp.AEADAES256GCM}

// Cost follows work: of subscribers with equal numbers of packets, who has CM
// pays more than who has GCM, and for video more than for audio, each in the
// ratio that these have when they are measured alone.
func TestCostFollowsWork(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const each, rounds = 4, 200
	s := newStage(t, srtp.AEADAES128GCM)
	audience := make(map[srtp.Profile][]plane.ID)
	for range each {
		for _, p := range profiles {
			audience[p] = append(audience[p], s.subscribe(p, audioID, filmID))
		}
	}
	s.plane.Charge(plane.Spent{})
	var total time.Duration
	for range rounds {
		took := s.play(slices.Concat(s.batch(audioID, 8), s.batch(filmID, 8)))
		s.plane.Charge(plane.Spent{Work: took})
		total += took
	}
	var charged []time.Duration // audio and video of each profile
	var names []string
	var sum time.Duration
	for _, p := range profiles {
		var audio, video time.Duration
		for _, id := range audience[p] {
			out := s.observe(id).Outbound
			if out[0].PacketsSent != 8*rounds || out[1].PacketsSent != 8*rounds {
				t.Fatalf("%d and %d packets were sent, want %d", out[0].PacketsSent, out[1].PacketsSent, 8*rounds)
			}
			audio += out[0].Cost.CPU
			video += out[1].Cost.CPU
			sum += s.observe(id).Cost.CPU
		}
		charged = append(charged, audio/each, video/each)
		names = append(names, p.String()+" audio", p.String()+" video")
	}
	in := s.observe(publisher)
	charged = append(charged, in.Inbound[0].Cost.CPU, in.Inbound[1].Cost.CPU)
	names = append(names, "publishing audio", "publishing video")
	s.apply(plane.Count{Done: func(st plane.Stats) { sum += st.CPU[plane.PayShared] }})
	if sum += in.Cost.CPU; sum != total {
		t.Errorf("%v were charged of %v", sum, total)
	}
	measured := measureAlone(t)
	unit := float64(charged[3]) / measured[3] // of GCM-128 video
	for i, name := range names {
		if got := float64(charged[i]) / unit; got > measured[i]*factor || got < measured[i]/factor {
			t.Errorf("%s is charged like %.0f ns, alone it takes %.0f ns", name, got, measured[i])
		}
	}
	if charged[0] < charged[2] || charged[1] < charged[3] || charged[3] < charged[2] {
		t.Errorf("charged %v for %v", charged, names)
	}
}

// measureAlone returns what the work takes for a packet in a plane where there is
// no other, in ns: sealing of audio and of video for each profile, then opening
// of both with GCM-128. All take turns, so that a slow moment of the machine
// meets all of them, and the fastest tenth counts.
func measureAlone(t *testing.T) (ns []float64) {
	const many, size, rounds = 16, 16, 300
	type plan struct {
		*stage
		pub  plane.ID
		took []time.Duration
	}
	var plans []*plan // without and with subscribers
	for _, p := range profiles {
		for _, pub := range []plane.ID{audioID, filmID} {
			plans = append(plans, &plan{stage: newStage(t, p), pub: pub}, &plan{stage: newStage(t, p), pub: pub})
			for range many {
				plans[len(plans)-1].subscribe(p, pub)
			}
		}
	}
	for range rounds {
		for _, p := range plans {
			p.took = append(p.took, p.play(p.batch(p.pub, size)))
		}
	}
	perPacket := func(i int) float64 {
		slices.Sort(plans[i].took)
		return float64(plans[i].took[rounds/10].Nanoseconds()) / size
	}
	for i := 0; i < len(plans); i += 2 {
		ns = append(ns, (perPacket(i+1)-perPacket(i))/many)
	}
	return append(ns, perPacket(4), perPacket(6))
}

func (s *stage) observe(id plane.ID) (st plane.TransportStats) {
	s.apply(plane.Observe{Transport: id, Done: func(got plane.TransportStats, _ bool) { st = got }})
	return st
}
