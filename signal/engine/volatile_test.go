package engine

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// Volatile messages are dropped beyond 64 KiB, and go before anything else does
// when the queue is full; what belongs together goes together.
func TestVolatileGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(0) // takes nothing by itself
		_, conn, _, done := serve(t, p)
		must := func(messages ...Message) {
			t.Helper()
			if err := conn.Send(messages...); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		volatile := func(s string) Message { return Message{Data: []byte(s), Volatile: true} }
		must(Message{Data: []byte("first")}) // at the mouth of the pipe
		must(volatile("a1"), volatile("a2"))
		must(Message{Data: make([]byte, volatileBytes)})
		must(volatile("b")) // more than 64 KiB wait
		if conn.volatile != 2 || conn.packets != 4 {
			t.Errorf("%d packets wait, %d of them volatile", conn.packets, conn.volatile)
		}
		for conn.packets < queuePackets {
			must(Message{Data: []byte("x")})
		}
		must(Message{Data: []byte("fits")}) // when a1 and a2 are gone
		if conn.volatile != 0 || conn.packets != queuePackets-1 {
			t.Errorf("%d packets wait, %d of them volatile", conn.packets, conn.volatile)
		}
		must(Message{Data: []byte("last")})
		must(volatile("c"))
		if err := conn.Send(Message{Data: []byte("too much")}); !errors.Is(err, ErrSlowConsumer) {
			t.Errorf("got %v", err)
		}
		<-done
		if conn.bytes < volatileBytes {
			t.Error("the queue was forgotten")
		}
	})
}

// The sums come out even when all is sent.
func TestQueueIsCountedRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(0)
		_, conn, _, done := serve(t, p)
		for i := range 100 {
			_ = conn.Send(Message{Data: make([]byte, 10*i), Volatile: i%3 == 0})
		}
		for range 100 {
			<-p.out
		}
		synctest.Wait()
		if conn.bytes != 0 || conn.packets != 0 || conn.volatile != 0 || conn.writing {
			t.Errorf("%d bytes in %d packets are left, %d volatile, writing %v", conn.bytes, conn.packets, conn.volatile, conn.writing)
		}
		conn.Close()
		<-done
	})
}

// A client that is behind is told of until it has caught up, once each.
func TestBehindUntilCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name      string
			size      int // of each message
			fits      int // messages that make nobody behind
			caughtUp  int // messages that are left then
			waitsWith int // one message more than fits
		}{
			{"packets", 1, behindPackets, behindPackets / 4, behindPackets + 1},
			{"bytes", 1 << 10, behindBytes >> 10, behindBytes >> 12, behindBytes>>10 + 1},
		} {
			p := newPipe(0)
			_, conn, _, done := serve(t, p)
			<-p.out // the opening
			synctest.Wait()
			send := func() {
				t.Helper()
				if err := conn.Send(Message{Data: make([]byte, tt.size)}); err != nil {
					t.Fatal(err)
				}
			}
			calls := 0
			caughtUp := func() { calls++ }
			for range tt.fits {
				send()
			}
			if conn.Behind(caughtUp) {
				t.Errorf("%s: behind with %d messages", tt.name, tt.fits)
			}
			send()
			for range 2 {
				if !conn.Behind(caughtUp) {
					t.Errorf("%s: not behind with %d messages", tt.name, tt.waitsWith)
				}
			}
			for left := tt.waitsWith; left > tt.caughtUp; left-- {
				if synctest.Wait(); calls > 0 {
					t.Fatalf("%s: called with %d messages left", tt.name, left)
				}
				<-p.out
			}
			if synctest.Wait(); calls != 2 {
				t.Errorf("%s: called %d times", tt.name, calls)
			}
			conn.cut(ErrClosed)
			<-done
		}
	})
}

// Who reads too slowly gets last words in place of what waits, and has as long as
// a heartbeat for them.
func TestLastWords(t *testing.T) {
	for name, reads := range map[string]bool{"reads on": true, "reads nothing": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipe(0)
				_, conn, _, done := serve(t, p)
				last := []Message{{Data: []byte("bye")}, {Data: []byte("now")}}
				var err error
				for i := 0; err == nil; i++ {
					err = conn.SendOr(last, Message{Data: []byte("x")})
					if i > queuePackets {
						t.Fatal("there is no end")
					}
				}
				if !errors.Is(err, ErrSlowConsumer) || !errors.Is(conn.Send(Message{Data: []byte("late")}), ErrSlowConsumer) {
					t.Errorf("got %v", err)
				}
				synctest.Wait()
				select {
				case <-conn.Done():
					t.Error("it was cut off")
				default:
				}
				var got []string
				for reads && !slices.Contains(got, "now") {
					got = append(got, string((<-p.out).Data))
				}
				<-done
				if n := len(got); reads && (got[n-2] != "bye" || got[n-1] != "now") {
					t.Errorf("was told %q", got)
				}
				if !errors.Is(conn.Err(), ErrSlowConsumer) || conn.bytes < 0 || conn.packets < 0 {
					t.Errorf("ended with %v, %d bytes in %d packets", conn.Err(), conn.bytes, conn.packets)
				}
			})
		})
	}
}
