package signal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// One client that reads nothing is cut off, and delays nobody: everything comes
// to the others at once, before and after.
func TestOneSlowMemberDelaysNobody(t *testing.T) {
	joined, ends := make(chan bool, 6), make(chan string, 6)
	s, at := start(t, root(Handlers{
		OnConnect:    func(_ context.Context, s *Socket) error { s.Join("room"); joined <- true; return nil },
		OnDisconnect: func(_ *Socket, reason string) { ends <- reason },
	}))
	slow := dialRaw(t, at, nil)
	slow.text("40") // and reads nothing
	var others []*client
	for range 5 {
		others = append(others, join(t, at))
	}
	for range 6 {
		wait(t, joined)
	}
	big := strings.Repeat("x", 100<<10)
	longest, cut := time.Duration(0), false
	for i := 0; i < 500 && !cut; i++ {
		began := time.Now()
		if err := s.Of("/").To("room").EmitArgs("n", i, big); err != nil {
			t.Fatal(err)
		}
		if emitted := time.Since(began); emitted > 100*time.Millisecond {
			t.Errorf("Emit took %v", emitted)
		}
		for _, c := range others {
			if m := c.read(); !strings.HasPrefix(m, fmt.Sprintf(`42["n",%d,`, i)) {
				t.Fatalf("got %.20q", m)
			}
		}
		longest = max(longest, time.Since(began))
		cut = len(ends) > 0
	}
	if reason := wait(t, ends); reason != ReasonSlowConsumer {
		t.Errorf("somebody ended by %q", reason)
	}
	if n := len(s.Of("/").To("room").Sockets()); n != 5 {
		t.Errorf("%d are left, want 5", n)
	}
	if longest > time.Second {
		t.Errorf("an event took up to %v to come to the others", longest)
	}
}

// Who is too slow and has a farewell reads that, behind what was on its way, and
// then the end. Its handlers are told at once.
func TestFarewellOfASlowMember(t *testing.T) {
	sockets, ends := make(chan *Socket, 1), make(chan string, 1)
	s, at := start(t, root(Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			sockets <- s
			if err := s.SetFarewell("connect", 1); !errors.Is(err, ErrReserved) {
				t.Errorf("got %v", err)
			}
			return s.SetFarewell("bye", map[string]string{"code": "slow_consumer"})
		},
		OnDisconnect: func(_ *Socket, reason string) { ends <- reason },
	}))
	c := join(t, at)
	socket := wait(t, sockets)
	big, sent := strings.Repeat("x", 100<<10), 0
	var err error
	for ; err == nil && sent < 1000; sent++ {
		err = s.Of("/").To(socket.ID()).EmitArgs("n", sent, big)
		if socket.Err() != nil {
			break
		}
	}
	if reason := wait(t, ends); reason != ReasonSlowConsumer {
		t.Errorf("ended by %q", reason)
	}
	if err := socket.Emit("late", 1); !errors.Is(err, ErrDisconnected) {
		t.Errorf("got %v", err)
	}
	read := 0
	for m := c.read(); m != `42["bye",{"code":"slow_consumer"}]`; m = c.read() {
		if !strings.HasPrefix(m, fmt.Sprintf(`42["n",%d,`, read)) {
			t.Fatalf("got %.30q after %d", m, read)
		}
		read++
	}
	c.wantClosed()
	if read >= sent {
		t.Errorf("all %d came", sent)
	}
}
