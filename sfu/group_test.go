package sfu_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// voice is a peer that publishes a microphone in a group. Its packets carry no
// levels, so that it is heard while it sends.
type voice struct {
	*client
	track *webrtc.TrackLocalStaticRTP
	n     uint16
}

func newVoice(t testing.TB, s *sfu.Server, g *sfu.Group) *voice {
	t.Helper()
	v := &voice{client: newClient(t, s, clientOptions{})}
	v.track = v.publish(webrtc.MimeTypeOpus)
	v.negotiate()
	if err := g.Add(v.publication(audio), sfu.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	return v
}

// say sends one packet.
func (v *voice) say(t testing.TB) {
	v.n++
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: v.n, Timestamp: 960 * uint32(v.n)},
		Payload: []byte("something that is said"),
	}
	if err := v.track.WriteRTP(p); err != nil {
		t.Error(err)
	}
}

// speakUntil lets voices speak until something is so.
func speakUntil(t testing.TB, so func() bool, voices ...*voice) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(10 * time.Second); !so(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("not so after 10 s")
		}
		for _, v := range voices {
			v.say(t)
		}
	}
}

// Slots follow who speaks, on whatever worker, and tell it; so does the group.
func TestFollow(t *testing.T) {
	s := listenWith(t, sfu.Config{Workers: 2})
	var mu sync.Mutex
	var heard []sfu.Speaker
	g := s.NewGroup(sfu.GroupOptions{OnSpeakers: func(list []sfu.Speaker) {
		mu.Lock()
		defer mu.Unlock()
		heard = list
	}})
	var voices []*voice
	for range 6 {
		voices = append(voices, newVoice(t, s, g))
	}
	shown := make(chan *sfu.Subscription, 64)
	c := newClient(t, s, clientOptions{handlers: sfu.PeerHandlers{OnShow: func(sub *sfu.Subscription) { shown <- sub }}})
	c.slots(audio, 3)
	c.negotiate()
	var subs [3]*sfu.Subscription
	for i := range subs {
		sub, err := c.peer.Follow(g, sfu.Rule{Rank: i}, sfu.SubscribeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		subs[i] = sub
	}
	shows := func(v *voice) bool {
		for _, sub := range subs {
			if sub.Publication() == v.publication(audio) {
				return true
			}
		}
		return false
	}
	<-shown
	for _, turn := range [][]int{{5}, {3, 4}, {0, 1, 2}} {
		speakUntil(t, func() bool {
			mu.Lock()
			n := len(heard)
			mu.Unlock()
			for _, i := range turn {
				if !shows(voices[i]) {
					return false
				}
			}
			return n == len(turn)
		}, pick(voices, turn)...)
	}
	// Packets of all of them came.
	names := make(map[uint32]bool)
	for range subs {
		for _, p := range c.sink().wait(t, 1) {
			names[p.CSRC[0]] = true
		}
	}
	for _, v := range voices {
		if !names[v.publication(audio).Number()] {
			t.Errorf("nothing came of publication %d", v.publication(audio).Number())
		}
	}
	last := voices[2].publication(audio)
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	speakUntil(t, func() bool {
		for _, sub := range subs {
			if p := sub.Publication(); p == nil || p == last {
				return false
			}
		}
		return true
	}, voices[0], voices[1])
	if st := s.Stats(); st.Subscriptions != 3 {
		t.Errorf("%d subscriptions, want 3", st.Subscriptions)
	}
}

func pick(voices []*voice, which []int) (list []*voice) {
	for _, i := range which {
		list = append(list, voices[i])
	}
	return list
}

// A slot may follow, show one publication and follow again; each takes over from
// the other.
func TestFollowAndSubscribe(t *testing.T) {
	s := listen(t)
	g := s.NewGroup(sfu.GroupOptions{})
	a, b := newVoice(t, s, g), newVoice(t, s, g)
	c := newClient(t, s, clientOptions{})
	c.slots(audio, 1)
	c.slots(video, 1)
	c.negotiate()
	follow := func(r sfu.Rule, o sfu.SubscribeOptions) error { _, err := c.peer.Follow(g, r, o); return err }
	sub := subscribe(t, c, a.publication(audio))
	if err := follow(sfu.Rule{}, sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrNoSlot) {
		t.Errorf("without a free slot: %v", err)
	}
	if err := follow(sfu.Rule{Kind: sfu.RuleSpeaker}, sfu.SubscribeOptions{MID: sub.MID()}); !errors.Is(err, sfu.ErrUnknownSlot) {
		t.Errorf("a picture in an audio slot: %v", err)
	}
	for _, r := range []sfu.Rule{{Kind: 3}, {Rank: -1}, {Rank: 15}, {Kind: sfu.RuleScreen, Rank: 7}} {
		if err := follow(r, sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrNoRule) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	rule, err := c.peer.Follow(g, sfu.Rule{}, sfu.SubscribeOptions{MID: sub.MID()})
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.Update(sfu.SubscribeOptions{}); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("the subscription whose slot was taken: %v", err)
	}
	speakUntil(t, func() bool { return rule.Publication() == b.publication(audio) }, b)
	if err := rule.Replace(a.publication(audio)); err != nil {
		t.Fatal(err)
	}
	if p := rule.Publication(); p != a.publication(audio) {
		t.Errorf("after Replace: %v", p)
	}
	if err := rule.Close(); err != nil {
		t.Fatal(err)
	}
	if err := follow(sfu.Rule{}, sfu.SubscribeOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.peer.Subscribe(b.publication(audio), sfu.SubscribeOptions{MID: rule.MID()}); err != nil {
		t.Error(err)
	}
}

// Groups have their publications to themselves, and let them go.
func TestGroupErrors(t *testing.T) {
	s := listen(t)
	one, two := s.NewGroup(sfu.GroupOptions{}), s.NewGroup(sfu.GroupOptions{})
	v := newVoice(t, s, one)
	pub := v.publication(audio)
	if err := one.Add(pub, sfu.AddOptions{}); err != nil {
		t.Errorf("added twice: %v", err)
	}
	if err := two.Add(pub, sfu.AddOptions{}); !errors.Is(err, sfu.ErrInGroup) {
		t.Errorf("added to another: %v", err)
	}
	if err := errors.Join(one.Remove(pub), two.Remove(pub), two.Add(pub, sfu.AddOptions{})); err != nil {
		t.Error(err)
	}
	v.peer.Close()
	if err := two.Add(pub, sfu.AddOptions{}); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
	if err := two.Remove(pub); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
}

// Members come, follow, move between workers and go, all at once.
func TestGroupUnderLoad(t *testing.T) {
	s := listenWith(t, sfu.Config{Workers: 3})
	g := s.NewGroup(sfu.GroupOptions{OnSpeakers: func([]sfu.Speaker) {}})
	steady := newVoice(t, s, g)
	var run sync.WaitGroup
	for i := range 6 {
		v := newVoice(t, s, g)
		v.slots(audio, 2)
		v.negotiate()
		run.Go(func() {
			for k := range 40 {
				v.say(t)
				steadily := steady.publication(audio)
				switch k % 5 {
				case 0, 1:
					v.peer.Follow(g, sfu.Rule{Rank: k % 2}, sfu.SubscribeOptions{MID: fmt.Sprint(1 + k%2)})
				case 2:
					s.Move(v.peer, (i+k)%s.Workers())
				case 3:
					v.peer.Subscribe(steadily, sfu.SubscribeOptions{MID: "1"})
				case 4:
					g.Remove(v.publication(audio))
					g.Add(v.publication(audio), sfu.AddOptions{Screen: k%2 == 0})
				}
			}
			v.peer.Close()
		})
	}
	run.Wait()
	c := newClient(t, s, clientOptions{})
	c.slots(audio, 1)
	c.negotiate()
	sub, err := c.peer.Follow(g, sfu.Rule{}, sfu.SubscribeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	speakUntil(t, func() bool { return sub.Publication() == steady.publication(audio) }, steady)
	c.sink().wait(t, 1)
}
