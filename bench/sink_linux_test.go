//go:build linux && long

package bench

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNamespace runs f on a thread in a network namespace of its own, which ends
// with it.
func inNamespace(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		defer close(done)
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		f()
	}()
	if err := <-done; err != nil {
		t.Fatalf("new network namespace (needs root): %v", err)
	}
}

// Everything that is sent arrives at the device, which gets whole trains where
// it cuts them itself, and packets where it does not.
func TestLimitOfSinks(t *testing.T) {
	for _, mode := range []SinkMode{SinkOffloaded, SinkSoftware} {
		inNamespace(t, func() {
			s, err := OpenSink(mode)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			r, err := Limit(t.Context(), LimitOptions{Duration: 15 * time.Millisecond, Sink: s})
			if err != nil {
				t.Error(err)
				return
			}
			var sent uint64
			for _, m := range r.Modes {
				if m.CPU <= 0 || m.Packets < limitRounds*limitChunk || m.Lost != 0 {
					t.Errorf("%s: mode %+v", mode, m)
				}
				if m.Train > 0 {
					sent += m.Packets / s.packets(m.Train)
				}
			}
			if got, err := s.seen(); got != sent || err != nil || r.Sink != mode {
				t.Errorf("%s: %d messages arrived, %d were sent; %v", r.Sink, got, sent, err)
			}
		})
	}
}

func TestOpenSinkRefusesModes(t *testing.T) {
	inNamespace(t, func() {
		if s, err := OpenSink("magic"); err == nil {
			s.Close()
			t.Error("an unknown mode is accepted")
		}
	})
}
