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
	member *Member
	began  time.Time
	diary  []string // owned by the room's goroutine
}

// stage is called in a bubble.
func stage(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, began: time.Now()}
	note := func(what string, m *Member) {
		if m == s.member && what != "ended" {
			s.diary = append(s.diary, fmt.Sprintf("%v %s", time.Since(s.began).Round(time.Millisecond), what))
		}
	}
	server, err := NewServer(Config{Media: new(sfu.Server), Logger: slog.New(slog.DiscardHandler), Hooks: Hooks{
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
		s.member = m
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
