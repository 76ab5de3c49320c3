package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// mute is a connection over which nothing is said.
type mute struct{ done chan struct{} }

func (mute) ID() string                                                         { return "mute" }
func (mute) Emit(string, any) error                                             { return nil }
func (mute) Handle(string, func(context.Context, json.RawMessage) (any, error)) {}
func (mute) Auth() json.RawMessage                                              { return nil }
func (mute) Request() *http.Request                                             { return nil }
func (mute) Disconnect(bool)                                                    {}
func (m mute) Done() <-chan struct{}                                            { return m.done }
func (mute) Err() error                                                         { return errors.New("gone") }

// scene is a room whose clock jumps, with a member whose socket and media come
// and go as the test says. There is no media plane.
type scene struct {
	t      *testing.T
	room   *Room
	first  *Member // who stays
	member *Member
	began  time.Time
	empty  []string // names of rooms that were empty for long; owned by the room's goroutine
	diary  []string // owned by the room's goroutine
}

// stage is called in a bubble.
func stage(t *testing.T) *scene {
	t.Helper()
	return stageFor(t, 0)
}

// stageFor is stage for a room of at most so many.
func stageFor(t *testing.T, most int) *scene {
	t.Helper()
	s := &scene{t: t, began: time.Now()}
	note := func(what string, m *Member) {
		if m == s.member && what != "ended" {
			s.diary = append(s.diary, fmt.Sprintf("%v %s", time.Since(s.began).Round(time.Millisecond), what))
		}
	}
	server, err := NewServer(Config{Media: new(sfu.Server), MaxMembers: most, Logger: slog.New(slog.DiscardHandler), Hooks: Hooks{
		OnEmpty: func(r *Room) { s.empty = append(s.empty, fmt.Sprintf("%v %s", time.Since(s.began), r.name)) },
		OnJoin:  func(m *Member) { note("joined", m) },
		OnLeave: func(m *Member, why string) { note(why, m) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	if s.room, err = server.Open("r"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // somebody else stays
		m := newMember(s.room, JoinRequest{}, Guest(), &binding{conn: &mute{}})
		s.first, s.member = s.member, m
		s.do(func() {
			if err := s.room.add(m, "", ""); err != nil {
				t.Error(err)
			}
			m.connected = true
			m.setMedia(nil, false)
		})
	}
	s.diary = nil
	return s
}

// do has the room carry out something, and returns when nothing is left to do now.
func (s *scene) do(f func()) {
	s.room.post(f)
	synctest.Wait()
}

// at waits until so long after the beginning.
func (s *scene) at(d time.Duration) {
	<-time.After(d - time.Since(s.began))
	synctest.Wait()
}

// isState fails unless the others see the member in a state.
func (s *scene) isState(want string) {
	s.t.Helper()
	s.do(func() {
		got := "absent"
		if slices.Contains(s.room.members, s.member) {
			got = s.member.state
		}
		if got != want {
			s.t.Errorf("after %v it is %s, want %s", time.Since(s.began), got, want)
		}
	})
}

func (s *scene) socketGoes() { s.do(func() { s.member.connGone(s.member.conn) }) }

func (s *scene) mediaIs(silent bool) { s.do(func() { s.member.setMedia(nil, silent) }) }

// resumes comes back on a new connection, if there is a seat.
func (s *scene) resumes() {
	s.t.Helper()
	m := s.member
	s.do(func() {
		arg := new(joinArg)
		if err := json.Unmarshal(fmt.Appendf(nil, `{"resume":{"session":%q,"key":%q}}`, m.session, m.keys.current), arg); err != nil {
			s.t.Error(err)
		}
		if _, err := s.room.holder(arg); err != nil {
			s.diary = append(s.diary, fmt.Sprintf("%v %s", time.Since(s.began), asError(err).code))
			return
		}
		m.takeOver(&binding{conn: &mute{}}, m.keys.current, Guest())
		s.room.welcome(m, nil, nil)
	})
}

// What becomes of a member whose socket is gone, to the millisecond.
func TestHowLongMembersStay(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, tt := range []struct {
		name string
		play func(p *scene)
		want []string // joins and leaves
	}{
		{"socket gone, media alive", func(p *scene) {
			p.socketGoes()
			p.at(120*s - ms)
			p.isState("reconnecting")
			p.at(121 * s)
			p.isState("absent")
			p.resumes()
		}, []string{"2m0s lost", "2m1s session_unknown"}},
		{"back at the last moment", func(p *scene) {
			p.socketGoes()
			p.at(120*s - ms)
			p.resumes()
			p.isState("live")
			p.at(1000 * s)
			p.isState("live")
		}, nil},
		{"back, and gone again", func(p *scene) {
			p.socketGoes()
			p.at(100 * s)
			p.resumes()
			p.at(110 * s)
			p.socketGoes()
			p.at(230*s - ms)
			p.isState("reconnecting")
			p.at(231 * s)
		}, []string{"3m50s lost"}},
		{"media falls silent later", func(p *scene) {
			p.socketGoes()
			p.at(60 * s)
			p.mediaIs(true)
			p.isState("absent")
			p.at(90*s - ms)
			p.resumes()
			p.isState("live")
		}, []string{"1m0s lost", "1m29.999s joined"}},
		{"media falls silent, and nobody comes", func(p *scene) {
			p.socketGoes()
			p.at(60 * s)
			p.mediaIs(true)
			p.at(91 * s)
			p.resumes()
		}, []string{"1m0s lost", "1m31s session_unknown"}},
		{"media is heard again, which starts no second time", func(p *scene) {
			p.socketGoes()
			p.at(60 * s)
			p.mediaIs(true)
			p.at(80 * s)
			p.mediaIs(false)
			p.isState("reconnecting")
			p.at(120*s - ms)
			p.isState("reconnecting")
			p.at(121 * s)
			p.isState("absent")
		}, []string{"1m0s lost", "1m20s joined", "2m0s lost"}},
		{"media is silent, the socket stays", func(p *scene) {
			p.mediaIs(true)
			p.at(1000 * s)
			p.isState("live")
			p.socketGoes()
			p.isState("absent")
			p.at(1031 * s)
			p.resumes()
		}, []string{"16m40s lost", "17m11s session_unknown"}},
		{"media never came", func(p *scene) {
			p.do(func() { p.member.connected, p.member.mediaGone = false, true })
			p.socketGoes()
			p.at(4*s - ms)
			p.isState("reconnecting")
			p.at(5 * s)
			p.isState("absent")
			p.at(35 * s)
			p.resumes()
		}, []string{"4s lost", "35s session_unknown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := stage(t)
				tt.play(p)
				p.room.Close()
				<-p.room.Done()
				if !slices.Equal(p.diary, tt.want) {
					t.Errorf("got %q, want %q", p.diary, tt.want)
				}
			})
		})
	}
}

// A seat that nobody takes is kept from others for its time, then given up, and so
// is the room.
func TestSeatsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const s, ms = time.Second, time.Millisecond
		p := stageFor(t, 2)
		server, ana, bo := p.room.server, p.first, p.member
		ask := func(want error) {
			t.Helper()
			p.do(func() {
				if err := p.room.mayEnter(newMember(p.room, JoinRequest{}, Guest(), &binding{conn: &mute{}}), nil, ""); err != want {
					t.Errorf("after %v a newcomer is refused by %v, want %v", time.Since(p.began), err, want)
				}
			})
		}
		resume := func(m *Member, want error) {
			t.Helper()
			b := &binding{server: server, conn: &mute{}}
			arg := new(joinArg)
			if err := json.Unmarshal(fmt.Appendf(nil, `{"v":1,"room":"r","resume":{"session":%q,"key":%q}}`, m.session, m.keys.current), arg); err != nil {
				t.Fatal(err)
			}
			if _, err := b.join(t.Context(), arg); err != want {
				t.Errorf("after %v a resume is refused by %v, want %v", time.Since(p.began), err, want)
			}
		}
		ask(ErrFull)
		p.do(func() { ana.connected, ana.mediaGone = false, true; ana.connGone(ana.conn) })
		p.at(5 * s) // it has a seat since 4 s
		ask(ErrFull)
		left := func(role Role) {
			t.Helper()
			p.do(func() {
				if len(p.room.members) != 1 || bo.role() != string(role) {
					t.Errorf("after %v: %d members, and who is left is %s", time.Since(p.began), len(p.room.members), bo.role())
				}
			})
		}
		p.at(34*s - ms)
		ask(ErrFull)
		left(RoleGuest)
		p.at(34*s + ms)
		resume(ana, ErrNoSession)
		ask(nil)
		left(RoleModerator)
		p.do(func() { bo.connected, bo.mediaGone = false, true; bo.connGone(bo.conn) })
		<-p.room.Done() // 4 s, 30 s for the seat, and 30 s empty
		if want := []string{"1m38.001s r"}; !slices.Equal(p.empty, want) {
			t.Errorf("empty: %q, want %q", p.empty, want)
		}
		resume(bo, ErrNoSession)
	})
}

// told is a connection that notes why it ended.
type told struct {
	mute
	began time.Time
	bye   string
}

func (c *told) Emit(event string, arg any) error {
	if e, ok := arg.(byeEvent); ok {
		c.bye = fmt.Sprintf("%v %s", time.Since(c.began), e.Code)
	}
	return nil
}

func (c *told) Disconnect(bool) { close(c.done) }

// Who does not join in time is sent away, but not who is a member, or waits for a
// moderator.
func TestJoinTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := stage(t)
		server := p.room.server
		bind := func() (*told, *binding) {
			c := &told{mute: mute{make(chan struct{})}, began: p.began}
			if err := server.Bind(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			for b := range server.conns {
				if b.conn == c {
					return c, b
				}
			}
			t.Fatal("the connection is not bound")
			return nil, nil
		}
		idle, _ := bind()
		there, b := bind()
		b.become(p.member)
		waits, b := bind()
		p.do(func() {
			if err := p.room.wait(b, newMember(p.room, JoinRequest{}, Guest(), b), ""); asError(err).code != "waiting" {
				t.Error(err)
			}
		})
		p.at(time.Hour)
		if idle.bye != "10s not_joined" || there.bye != "" || waits.bye != "" {
			t.Errorf("told %q, %q and %q", idle.bye, there.bye, waits.bye)
		}
		p.room.Close()
		if waits.bye != "1h0m0s room_ended" {
			t.Errorf("who waits is told %q", waits.bye)
		}
		close(there.done)
	})
}
