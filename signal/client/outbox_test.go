package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// Emit is refused while the outbox is full; Call waits for space, its context
// or the end.
func TestFullOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(nil, hello{}, Options{}.withDefaults()) // nobody sends
		for range outboxMessages {
			if err := c.Emit("x"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Emit("x"); err != ErrSlow {
			t.Fatalf("Emit: %v", err)
		}
		c.out.pong()
		c.out.pong()
		if n := len(c.out.queue); n != outboxMessages+1 {
			t.Errorf("%d messages wait, two pongs included", n-outboxMessages)
		}

		failed := make(chan error, 2)
		call := func(ctx context.Context) {
			_, err := c.Call(ctx, "x")
			failed <- err
		}
		ctx, cancel := context.WithCancel(t.Context())
		go call(ctx)
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("Call: %v", err)
		}

		go call(t.Context())
		go call(t.Context())
		synctest.Wait()
		batch, _ := c.out.take()
		c.out.wrote(batch[0]) // the pong took one place
		c.out.wrote(batch[1])
		synctest.Wait()
		if n := len(c.out.queue); n != 1 {
			t.Errorf("%d calls found the only place", n)
		}
		c.end(ErrClosed, false)
		for range 2 {
			if err := <-failed; !errors.Is(err, ErrClosed) {
				t.Errorf("Call: %v", err)
			}
		}
		if len(c.calls) != 0 {
			t.Errorf("%d calls are remembered", len(c.calls))
		}
	})
}

// One message or event that is larger than the limits passes when nothing else
// waits.
func TestLargePassesWhenEmpty(t *testing.T) {
	o := newOutbox()
	if full, err := o.put([]message{{data: make([]byte, 2*outboxBytes)}}); full != nil || err != nil {
		t.Errorf("put: %v, %v", full, err)
	}
	i := newInbox()
	for n, want := range []error{nil, ErrSlowHandler} {
		if err := i.push(event{size: 2 * inboxBytes}); err != want {
			t.Errorf("push %d: got %v, want %v", n, err, want)
		}
	}
}
