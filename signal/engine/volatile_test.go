package engine

import (
	"errors"
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
