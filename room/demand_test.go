package room

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// slowpoke is a connection whose client is behind when the test says so. The
// room's goroutine owns it.
type slowpoke struct {
	mute
	said     []string
	behind   bool
	caughtUp func()
}

// Emit notes what is said of demand.
func (s *slowpoke) Emit(event string, arg any) error {
	if e, ok := arg.(layersEvent); ok {
		s.said = append(s.said, fmt.Sprint(event, " ", e.Publication, " ", e.Active))
	}
	return nil
}

// Behind tells what the test said.
func (s *slowpoke) Behind(caughtUp func()) bool {
	s.caughtUp = caughtUp
	return s.behind
}

// A publisher that is behind is told the newest demand for each publication, once.
func TestNewestDemandIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := stage(t)
		m, conn := p.member, new(slowpoke)
		var pubs []*Publication
		p.do(func() {
			m.conn, m.layers = conn, true
			for i := range 3 {
				pubs = append(pubs, &Publication{id: fmt.Sprint("p", i), member: m, media: new(sfu.Publication)})
			}
			p.room.publications = pubs
		})
		demand := func(i int, rids ...string) {
			p.do(func() {
				m.demand[pubs[i].media] = rids
				m.tellDemand(pubs[i])
			})
		}
		wants := func(want ...string) {
			t.Helper()
			p.do(func() {
				if !slices.Equal(conn.said, want) {
					t.Errorf("was told %q, want %q", conn.said, want)
				}
				conn.said = nil
			})
		}
		demand(0, "q")
		wants("layers p0 [q]")
		p.do(func() { conn.behind = true })
		demand(0, "q", "h")
		demand(1, "f")
		demand(2, "f")
		demand(0)
		demand(1, "h")
		wants()
		p.do(func() { // one of them ends meanwhile
			p.room.publications = pubs[:2]
			m.forgetDemand([]*sfu.Publication{pubs[0].media, pubs[1].media})
		})
		p.do(func() { conn.behind = false })
		conn.caughtUp()
		wants("layers p0 []", "layers p1 [h]")
		demand(1, "f")
		wants("layers p1 [f]")
		p.do(func() { p.room.publications = nil })
		p.room.Close()
	})
}
