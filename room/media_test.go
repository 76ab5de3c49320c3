package room_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

func TestJoinWithAnOfferInside(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	b, second := h.receives("Bo", 2, 2)
	if shown(second.Slots) != "0:- 1:- 2:- 3:-" || len(second.Published) != 0 {
		t.Errorf("slots %s, published %v", shown(second.Slots), second.Published)
	}
	a, first := h.publishes("Ana", nil)
	if len(first.Published) != 2 || first.Published[0].MID != "0" || first.Published[1].MID != "1" || len(first.Slots) != 0 {
		t.Fatalf("published %+v, slots %s", first.Published, shown(first.Slots))
	}
	s := next(b.conn, "state", func(s state) bool { return len(s.Publications.Add) == 2 })
	audio, video := s.Publications.Add[0], s.Publications.Add[1]
	for _, tt := range []struct {
		p                   room.PublicationInfo
		kind, source, codec string
	}{{audio, "audio", "microphone", "opus"}, {video, "video", "camera", "VP8"}} {
		if tt.p.Kind != tt.kind || string(tt.p.Source) != tt.source || tt.p.Codec != tt.codec || tt.p.Member != first.Self.ID || tt.p.Muted || tt.p.N == 0 {
			t.Errorf("published %+v", tt.p)
		}
	}
	if len(s.Members.Add) != 1 || !reflect.DeepEqual(s.Members.Add[0], first.Self) || s.Rev != second.Rev+1 || first.Rev != s.Rev {
		t.Errorf("state %+v after revision %d; the newcomer knows %d", s, second.Rev, first.Rev)
	}
	told := next(b.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return true })
	if got := shown(told.Slots); got != "0:"+audio.ID {
		t.Errorf("audio by itself: %s", got)
	}
	b.hear("0", audio)
	got := b.must("subscribe", o{"publications": []o{{"id": video.ID, "on": true}}})
	if want := "0:" + audio.ID + " 1:- 2:" + video.ID + " 3:-"; shown(got.Slots) != want || got.Refused != nil {
		t.Errorf("slots %s, want %s", shown(got.Slots), want)
	}
	b.hear("2", video)
	if got := a.ask("join", o{"v": 1, "room": "r"}); got.Code != "already_joined" {
		t.Errorf("second join: %q", got.Code)
	}
	a.must("leave", o{})
	if why := gone(b.conn, first.Self.ID); why != "left" {
		t.Errorf("gone because %q", why)
	}
	b.must("leave", o{})
	h.nothingLeft()
}

// Who unsubscribes one publication stops receiving exactly that one.
func TestUnsubscribingStopsExactlyOne(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	_, first := h.publishes("Ana", nil)
	_, second := h.publishes("Bo", nil)
	c, third := h.receives("Cy", 2, 2)
	var pubs [4]room.PublicationInfo // in slots 0 to 3
	pubs[0] = publication(t, third.Publications, first.Self.ID, "audio")
	pubs[1] = publication(t, third.Publications, second.Self.ID, "audio")
	pubs[2] = publication(t, third.Publications, first.Self.ID, "video")
	pubs[3] = publication(t, third.Publications, second.Self.ID, "video")
	c.must("subscribe", o{"publications": []o{{"id": pubs[2].ID}, {"id": pubs[3].ID}}})
	for i, p := range pubs {
		c.hear(midOf(i), p)
	}
	for off := range pubs {
		got := c.must("subscribe", o{"publications": []o{{"id": pubs[off].ID, "on": false}}})
		want := ""
		for i, p := range pubs {
			if i > 0 {
				want += " "
			}
			if want += midOf(i) + ":"; i == off {
				want += "-"
			} else {
				want += p.ID
			}
		}
		if shown(got.Slots) != want {
			t.Errorf("slots %s, want %s", shown(got.Slots), want)
		}
		for i, p := range pubs {
			if i != off {
				c.hear(midOf(i), p) // what was on its way has come
			}
		}
		before := c.packets(midOf(off), pubs[off].N)
		c.hearMore(midOf((off+1)%4), pubs[(off+1)%4].N, 20)
		for i, p := range pubs {
			if i != off {
				c.hear(midOf(i), p)
			}
		}
		if after := c.packets(midOf(off), pubs[off].N); after != before {
			t.Errorf("slot %d got %d more packets", off, after-before)
		}
		c.must("subscribe", o{"publications": []o{{"id": pubs[off].ID}}})
		c.hear(midOf(off), pubs[off])
	}
}

func TestMuteAndUnpublish(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	a, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 1)
	audio := publication(t, second.Publications, first.Self.ID, "audio")
	video := publication(t, second.Publications, first.Self.ID, "video")
	b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	for _, muted := range []bool{true, false} {
		a.must("mute", o{"publication": audio.ID, "muted": muted})
		s := next(b.conn, "state", func(s state) bool { return len(s.Publications.Set) > 0 })
		if s.Publications.Set[0].ID != audio.ID || s.Publications.Set[0].Muted != muted {
			t.Errorf("set %+v", s.Publications.Set)
		}
		e := next(b.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return true })
		want := "0:" + audio.ID
		if muted {
			want += "/muted"
		}
		if got := shown(e.Slots); got != want {
			t.Errorf("slots %s, want %s", got, want)
		}
	}
	for arg, code := range map[string]string{
		`{"publication":"` + audio.ID + `"}`:              "bad_request",
		`{"publication":"` + audio.ID + `","muted":null}`: "bad_request",
		`{"publication":"` + audio.ID + `","muted":1}`:    "bad_request",
	} {
		if got := a.raw("mute", arg); got.Code != code {
			t.Errorf("mute %s: %q, want %q", arg, got.Code, code)
		}
	}
	for _, event := range []string{"mute", "unpublish"} {
		if got := b.ask(event, o{"publication": audio.ID, "muted": true}); got.Code != "forbidden" {
			t.Errorf("%s of another's: %q", event, got.Code)
		}
	}
	a.must("unpublish", o{"publication": video.ID})
	s := next(b.conn, "state", func(s state) bool { return len(s.Publications.Del) > 0 })
	if s.Publications.Del[0].ID != video.ID {
		t.Errorf("del %+v", s.Publications.Del)
	}
	e := next(b.conn, "slots", func(e struct{ Slots []room.SlotInfo }) bool { return true })
	if got := shown(e.Slots); got != "1:-" {
		t.Errorf("slots %s", got)
	}
	b.hear("0", audio)
	// An offer for something else does not bring it back, unless it says so.
	a.slots(webrtc.RTPCodecTypeAudio, 1)
	if got := a.negotiate(); len(got.Published) != 0 || len(got.Slots) != 1 {
		t.Errorf("published %+v, slots %s", got.Published, shown(got.Slots))
	}
	back := a.negotiate(o{"mid": "1", "kind": "video", "source": "screen", "muted": true})
	if len(back.Published) != 1 || back.Published[0].MID != "1" {
		t.Fatalf("published %+v", back.Published)
	}
	s = next(b.conn, "state", func(s state) bool { return len(s.Publications.Add) > 0 })
	if p := s.Publications.Add[0]; p.Source != room.Screen || !p.Muted || p.ID != back.Published[0].Publication {
		t.Errorf("add %+v", p)
	}
}

// A second offer adds and removes sections; what stays is not disturbed.
func TestOffersAddAndRemoveSections(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	a, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 2)
	audio := publication(t, second.Publications, first.Self.ID, "audio")
	video := publication(t, second.Publications, first.Self.ID, "video")
	b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	b.hear("1", video)

	screen := a.send(webrtc.MimeTypeVP8)
	added := a.negotiate(o{"mid": "2", "kind": "video", "source": "screen", "name": "\u202eslides\x00"})
	if len(added.Published) != 1 || added.Published[0].MID != "2" {
		t.Fatalf("published %+v", added.Published)
	}
	s := next(b.conn, "state", func(s state) bool { return len(s.Publications.Add) > 0 })
	p := s.Publications.Add[0]
	if p.ID != added.Published[0].Publication || p.Source != room.Screen || p.Name != "slides" {
		t.Errorf("added %+v", p)
	}
	b.must("subscribe", o{"publications": []o{{"id": p.ID}}})
	b.hear("2", p)
	b.hear("1", video)

	// The screen stops and the camera is offered anew in one offer: each has
	// its name, whoever is faster.
	if err := screen.tr.Stop(); err != nil {
		t.Fatal(err)
	}
	a.send(webrtc.MimeTypeVP8)
	swapped := a.negotiate(o{"mid": "3", "kind": "video", "source": "camera"})
	if len(swapped.Published) != 1 || swapped.Published[0].MID != "3" {
		t.Fatalf("published %+v", swapped.Published)
	}
	snapshot := b.must("sync", o{})
	if len(snapshot.Publications) != 3 {
		t.Fatalf("publications: %+v", snapshot.Publications)
	}
	if p := snapshot.Publications[2]; p.Source != room.Camera || p.ID != swapped.Published[0].Publication {
		t.Errorf("the second camera is %+v", p)
	}
	if got, want := shown(snapshot.Slots), "0:"+audio.ID+" 1:"+video.ID+" 2:-"; got != want {
		t.Errorf("slots %s, want %s", got, want)
	}
	b.hear("0", audio)
	b.hear("1", video)

	// The receiver removes the slot that shows something and has another.
	for _, tr := range b.pc.GetTransceivers() {
		if tr.Mid() == "1" {
			if err := tr.Stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := shown(b.negotiate().Slots), "0:"+audio.ID+" 2:"+video.ID; got != want {
		t.Errorf("slots %s, want %s", got, want)
	}
	b.hear("2", video)
	if got := a.ask("offer", o{"id": a.offer - 1, "sdp": "v=0"}); got.Code != "stale_offer" {
		t.Errorf("an old offer: %q", got.Code)
	}
	if got := a.ask("offer", o{"id": 0, "sdp": "v=0"}); got.Code != "bad_request" {
		t.Errorf("an offer without id: %q", got.Code)
	}
	if got := a.ask("offer", o{"id": a.offer + 1, "sdp": "v=0"}); got.Code != "bad_sdp" {
		t.Errorf("a bad offer: %q", got.Code)
	}
	b.hear("2", video)
	a.must("leave", o{})
	a.connect()
	a.offer = 0
	a.slots(webrtc.RTPCodecTypeAudio, 1)
	a.join(nil)
	a.negotiate() // ids begin anew
}

func TestWhatIsNotGrantedIsClosed(t *testing.T) {
	h := open(t, room.Config{Authorize: authorize(room.Grant{
		Publish: []room.Source{room.Microphone, room.Other}, CanSubscribe: true,
	})})
	a, first := h.publishes("Ana", nil)
	if len(first.Published) != 1 || first.Published[0].MID != "0" || len(first.Publications) != 1 {
		t.Errorf("published %+v", first.Published)
	}
	// It stays closed with the next offer, which says nothing about it.
	if got := a.negotiate(); len(got.Published) != 0 {
		t.Errorf("published %+v", got.Published)
	}
	if got := a.negotiate(o{"mid": "1", "source": "microphone"}); len(got.Published) != 0 {
		t.Errorf("a camera that is called a microphone: %+v", got.Published)
	}
	if got := a.ask("offer", o{"id": 9, "sdp": "", "publish": []o{{"mid": "1", "kind": "video", "source": "microphone"}}}); got.Code != "bad_request" {
		t.Errorf("a microphone of kind video: %q", got.Code)
	}
	if st := h.media.Stats(); st.Publications != 1 {
		t.Errorf("%d publications on the media plane", st.Publications)
	}
}

func TestVanishing(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{Grace: 100 * time.Millisecond})
	a, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 1)
	audio := publication(t, second.Publications, first.Self.ID, "audio")
	b.hear("0", audio)
	a.drop() // the socket only: media goes on
	s := next(b.conn, "state", func(s state) bool { return len(s.Members.Set) > 0 })
	if s.Members.Set[0].ID != first.Self.ID || s.Members.Set[0].State != "reconnecting" {
		t.Errorf("set %+v", s.Members.Set)
	}
	b.hear("0", audio)
	a.hang()
	began := time.Now()
	if why := gone(b.conn, first.Self.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("gone after %v", took)
	}
	b.must("leave", o{})
	h.nothingLeft()
}

// A peer may die while the socket lives: the client offers again.
func TestPeerDiesAndAnotherComes(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	a, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 1)
	audio := publication(t, second.Publications, first.Self.ID, "audio")
	b.hear("0", audio)
	if err := a.pc.Close(); err != nil {
		t.Fatal(err)
	}
	next(a.conn, "need", func(n struct{ Restart bool }) bool { return n.Restart })
	s := next(b.conn, "state", func(s state) bool { return len(s.Publications.Del) > 0 })
	if len(s.Publications.Del) != 2 || len(s.Members.Del) != 0 {
		t.Errorf("state %+v", s)
	}
	a.connect()
	a.send(webrtc.MimeTypeOpus)
	got := a.negotiate() // what section 0 is was said before
	if len(got.Published) != 1 {
		t.Fatalf("published %+v", got.Published)
	}
	s = next(b.conn, "state", func(s state) bool { return len(s.Publications.Add) > 0 })
	if p := s.Publications.Add[0]; p.Source != room.Microphone {
		t.Errorf("added %+v", p)
	}
	b.hear("0", s.Publications.Add[0])
	if err := b.pc.Close(); err != nil {
		t.Fatal(err)
	}
	next(b.conn, "need", func(n struct{ Restart bool }) bool { return n.Restart })
	if got := b.must("subscribe", o{}); len(got.Slots) != 0 {
		t.Errorf("slots without a peer: %s", shown(got.Slots))
	}
	b.connect()
	b.slots(webrtc.RTPCodecTypeAudio, 1)
	b.negotiate()
	b.hear("0", s.Publications.Add[0])
}

func TestReplacingTakesOver(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{MaxMembers: 2})
	a, first := h.publishes("Ana", nil)
	b, _ := h.receives("Bo", 1, 1)
	sent := a.must("new_message", o{"cid": "c1", "text": "hello"})
	again, second := h.publishes("Ana", o{"replaces": first.Session})
	if second.Self.Role != "moderator" || second.Self.ID == first.Self.ID || len(second.Members) != 2 {
		t.Errorf("back as %+v among %d", second.Self, len(second.Members))
	}
	s := next(b.conn, "state", func(s state) bool { return len(s.Members.Del) > 0 })
	if s.Members.Del[0].Why != "replaced" || len(s.Members.Add) != 1 || len(s.Publications.Add) != 2 || len(s.Publications.Del) != 2 {
		t.Errorf("state %+v", s)
	}
	if resent := again.must("new_message", o{"cid": "c1", "text": "hello"}); string(resent.ID) != string(sent.ID) {
		t.Errorf("a message that was sent again became %s, was %s", resent.ID, sent.ID)
	}
	next(a.conn, "bye", func(e struct{ Code, Reconnect string }) bool {
		return e.Code == "duplicate_identity" && e.Reconnect == "no"
	})
	<-a.done
	b.hear("0", publication(t, second.Publications, second.Self.ID, "audio"))
	if got := h.bind("Cy").ask("join", o{"v": 1, "room": "r", "replaces": first.Session}); got.Code != "room_full" {
		t.Errorf("a session that is over was replaced: %q", got.Code)
	}
}
