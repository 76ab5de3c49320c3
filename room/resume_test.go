package room_test

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
)

// resumes is the argument of a join that resumes.
func resumes(a ack) o {
	return o{"v": 1, "room": "r", "resume": o{"session": a.Session, "key": a.Key, "rev": a.Rev}}
}

// back is a new connection for a client that lost its own, and resumes.
func (h *house) back(a ack) (*conn, ack) {
	h.t.Helper()
	c := h.bind("again")
	return c, c.must("join", resumes(a))
}

// isState waits until a member is told to be in a state.
func isState(c *conn, id, want string) {
	c.t.Helper()
	next(c, "state", func(s state) bool {
		for _, m := range s.Members.Set {
			if m.ID == id && m.State == want {
				return true
			}
		}
		return false
	})
}

// added waits until a member is told to be there.
func added(c *conn, id string) room.MemberInfo {
	c.t.Helper()
	var found room.MemberInfo
	next(c, "state", func(s state) bool {
		i := slices.IndexFunc(s.Members.Add, func(m room.MemberInfo) bool { return m.ID == id })
		if i >= 0 {
			found = s.Members.Add[i]
		}
		return i >= 0
	})
	return found
}

type needed struct{ Restart bool }

func restart(n needed) bool { return n.Restart }

// Whoever loses the socket and resumes is who they were, without negotiation, and
// media never stops.
func TestResumeKeepsEverything(t *testing.T) {
	h := open(t, room.Config{})
	a, first := h.publishes("Ana", nil)
	b, second := h.receives("Bo", 1, 1)
	if first.GraceMS != 30_000 {
		t.Errorf("grace is %d ms", first.GraceMS)
	}
	audio := publication(t, second.Publications, first.Self.ID, "audio")
	video := publication(t, second.Publications, first.Self.ID, "video")
	before := b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	b.hear("0", audio)
	b.hear("1", video)

	b.drop()
	isState(a.conn, second.Self.ID, "reconnecting")
	b.hear("1", video)
	again := second
	b.conn, again = h.back(second)
	isState(a.conn, second.Self.ID, "live")
	if again.Self.ID != second.Self.ID || again.Self.State != "live" || again.Session != second.Session || again.Key == second.Key {
		t.Errorf("resumed as %+v", again.Self)
	}
	if got, want := shown(again.Slots), shown(before.Slots); got != want || again.Answer != "" {
		t.Errorf("slots %s, want %s; answer %q", got, want, again.Answer)
	}
	if len(again.Members) != 2 || again.Rev == 0 || len(again.Publications) != 2 {
		t.Errorf("the room is %+v", again)
	}
	b.hear("0", audio)
	b.hear("1", video)

	a.drop()
	a.conn, again = h.back(first)
	if again.Self.ID != first.Self.ID || again.Self.Role != "moderator" || len(again.Published) != 2 ||
		again.Published[0].Publication != audio.ID || again.Published[0].MID != "0" {
		t.Errorf("resumed as %+v with %+v", again.Self, again.Published)
	}
	b.hear("1", video)
	if got := b.must("sync", o{}); len(got.Publications) != 2 || got.Publications[0].ID != audio.ID {
		t.Errorf("publications %+v", got.Publications)
	}
	a.must("mute", o{"publication": audio.ID, "muted": true})
	for range len(a.events) {
		if e := <-a.events; e.name == "need" {
			t.Errorf("was told %s %s", e.name, e.arg)
		}
	}
}

// A resume wins over a socket that still looks alive.
func TestResumeOverHalfOpenSocket(t *testing.T) {
	h := open(t, room.Config{})
	w, _ := h.enter("Watcher")
	old, first := h.enter("Ana")
	added(w, first.Self.ID)
	c, again := h.back(first)
	if again.Self.ID != first.Self.ID {
		t.Errorf("resumed as %q, was %q", again.Self.ID, first.Self.ID)
	}
	next(old, "bye", func(e struct{ Code, Reconnect string }) bool {
		return e.Code == "duplicate_identity" && e.Reconnect == "no"
	})
	<-old.done
	if got := old.ask("new_message", o{"cid": "1", "text": "from the grave"}); got.Code != "not_joined" {
		t.Errorf("the old one may speak: %q", got.Code)
	}
	c.must("new_message", o{"cid": "1", "text": "hello"})
	next(w, "new_message", func(m message) bool { return m.Text == "hello" && m.Sender == first.Self.ID })
	if got := w.must("sync", o{}); len(got.Members) != 2 {
		t.Errorf("members %+v", got.Members)
	}
}

func TestWhoMayResume(t *testing.T) {
	h := open(t, room.Config{})
	w, _ := h.enter("Watcher")
	_, first := h.enter("Ana")
	refused := func(a o, want string) {
		t.Helper()
		if got := h.bind("other").ask("join", a); got.Code != want {
			t.Errorf("%v: got %q, want %q", a, got.Code, want)
		}
	}
	refused(o{"v": 1, "room": "r", "resume": o{"session": first.Session, "key": "guessed"}}, "session_unknown")
	refused(o{"v": 1, "room": "r", "resume": o{"session": first.Session}}, "session_unknown")
	refused(o{"v": 1, "room": "r", "resume": o{"session": "other", "key": first.Key}}, "session_unknown")
	refused(o{"v": 1, "room": "other", "resume": o{"session": first.Session, "key": first.Key}}, "session_unknown")
	if got := w.must("sync", o{}); len(got.Members) != 2 {
		t.Fatalf("members %+v", got.Members)
	}

	_, second := h.back(first)
	c, third := h.back(first) // the second acknowledgement was lost
	if second.Key == third.Key {
		t.Error("a key is used twice")
	}
	c.must("sync", o{}) // the third was not
	refused(resumes(first), "session_expired")
	next(c, "bye", func(e struct{ Code, Reconnect string }) bool {
		return e.Code == "session_expired" && e.Reconnect == "now"
	})
	if why := gone(w, first.Self.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	refused(resumes(third), "session_unknown")

	d, fourth := h.enter("Di")
	d.must("leave", o{})
	refused(resumes(fourth), "session_unknown")
	_, fifth := h.enter("Ed")
	r, _ := h.Room("r")
	for m := range r.Members() {
		if m.ID() == fifth.Self.ID {
			m.Leave()
		}
	}
	gone(w, fifth.Self.ID)
	refused(resumes(fifth), "session_unknown")
}

// The token of a resume is checked as that of a join, and its grant counts.
func TestResumeChecksTheToken(t *testing.T) {
	h := open(t, room.Config{Authorize: authorizeToken})
	c := h.bind("Ana")
	first := c.must("join", o{"v": 1, "room": "r", "token": "all"})
	again := resumes(first)
	again["token"] = "forged"
	if got := h.bind("again").ask("join", again); got.Code != "forbidden" {
		t.Errorf("a forged token: %q", got.Code)
	}
	again["token"] = "mute"
	d := h.bind("again")
	d.must("join", again)
	if got := d.ask("new_message", o{"cid": "1", "text": "x"}); got.Code != "forbidden" {
		t.Errorf("what the new grant forbids: %q", got.Code)
	}
}

// Whoever has lost both socket and media leaves a seat, and takes it again with a
// new page.
func TestReloadTakesTheSeat(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	b, second := h.receives("Bo", 1, 1)
	a, first := h.publishes("Ana", nil)
	added(b.conn, first.Self.ID)
	b.must("new_message", o{"cid": "1", "text": "psst", "to": first.Self.ID})
	a.hang()
	a.drop()
	if why := gone(b.conn, first.Self.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	if got := b.must("sync", o{}); len(got.Members) != 1 || len(got.Publications) != 0 {
		t.Errorf("left behind: %+v", got)
	}
	c := h.caller("again")
	c.send(webrtc.MimeTypeOpus)
	c.send(webrtc.MimeTypeVP8)
	again := c.join(resumes(first), o{"mid": "0", "source": "microphone"}, o{"mid": "1", "source": "camera"})
	if again.Self.ID != first.Self.ID || again.Self.Name != "Ana" || len(again.Published) != 2 || len(again.Publications) != 2 {
		t.Errorf("resumed as %+v with %+v", again.Self, again.Published)
	}
	if len(again.Chat) != 1 || again.Chat[0].Text != "psst" || again.Chat[0].Sender != second.Self.ID {
		t.Errorf("history %+v", again.Chat)
	}
	added(b.conn, first.Self.ID)
	b.hear("0", publication(t, again.Publications, first.Self.ID, "audio"))
	if st := h.media.Stats(); st.Peers != 2 {
		t.Errorf("%d peers", st.Peers)
	}
	for _, m := range []*conn{b.conn, c.conn} {
		m.must("leave", o{})
	}
	h.nothingLeft()
}

// A reload that is quicker than the loss is noticed shows no gap: nobody is told
// that the member left.
func TestQuickReload(t *testing.T) {
	h := open(t, room.Config{})
	b, _ := h.receives("Bo", 1, 1)
	a, first := h.publishes("Ana", nil)
	added(b.conn, first.Self.ID)
	a.drop()
	a.pc.Close() // says goodbye
	isState(b.conn, first.Self.ID, "reconnecting")
	c := h.caller("again")
	c.send(webrtc.MimeTypeOpus)
	again := c.join(resumes(first), o{"mid": "0", "source": "microphone"})
	s := next(b.conn, "state", func(s state) bool { return len(s.Members.Del)+len(s.Members.Set) > 0 })
	if len(s.Members.Del) > 0 || s.Members.Set[0].State != "live" {
		t.Errorf("told %+v", s.Members)
	}
	b.hear("0", publication(t, again.Publications, first.Self.ID, "audio"))
}

// A parked member whose media is heard again is there again, and so are its
// publications; a resume restarts ICE on the transport that it had.
func TestParkedMediaComesBack(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	b, second := h.receives("Bo", 1, 1)
	a, first := h.publishes("Ana", nil)
	added(b.conn, first.Self.ID)
	audio := publication(t, first.Publications, first.Self.ID, "audio")
	video := publication(t, first.Publications, first.Self.ID, "video")
	b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	b.hear("1", video)
	a.drop()
	a.cut.Store(true)
	if why := gone(b.conn, first.Self.ID); why != "lost" {
		t.Errorf("gone because %q", why)
	}
	a.cut.Store(false)
	if m := added(b.conn, first.Self.ID); m.State != "reconnecting" {
		t.Errorf("back as %+v", m)
	}
	b.hear("0", audio)
	b.must("subscribe", o{"publications": []o{{"id": video.ID}}})
	b.hear("1", video)

	// Now the receiver goes, and comes back to the slots that it had.
	b.drop()
	b.cut.Store(true)
	a.conn, first = h.back(first)
	gone(a.conn, second.Self.ID)
	again := second
	b.conn, again = h.back(second)
	if got, want := shown(again.Slots), "0:"+audio.ID+" 1:"+video.ID; got != want || again.Self.ID != second.Self.ID {
		t.Errorf("slots %s, want %s", got, want)
	}
	next(b.conn, "need", restart)
	b.cut.Store(false)
	offer, err := b.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(b.pc)
	if err := b.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	arg := o{"id": 1, "sdp": b.pc.LocalDescription().SDP, "restart": true}
	b.must("offer", arg)
	answered := b.must("offer", arg) // the first acknowledgement was lost
	b.accept(answered.Answer)
	b.hear("0", audio)
	b.hear("1", video)
}

// The server may be first to notice that no media comes any more.
func TestServerAsksForARestart(t *testing.T) {
	t.Parallel()
	h := open(t, room.Config{})
	c, _ := h.receives("Cy", 1, 1) // silent, but connected
	a, first := h.publishes("Ana", nil)
	c.hear("0", publication(t, first.Publications, first.Self.ID, "audio"))
	began := time.Now()
	a.cut.Store(true)
	next(a.conn, "need", restart)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("asked after %v", took)
	}
	// From another address the client has to find a new way, too.
	e := newConn(t, "moved")
	e.request.RemoteAddr = "127.0.0.2:1"
	if err := h.Bind(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.drop)
	_, second := h.receives("Di", 1, 1)
	e.must("join", resumes(second))
	next(e, "need", restart)
}
