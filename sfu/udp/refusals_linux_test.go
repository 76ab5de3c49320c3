//go:build linux && !portable

package udp

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A refused train is sent one by one at once, and the next ones too; where it
// was refused decides to whom.
func TestRefusedTrains(t *testing.T) {
	for _, tt := range []struct {
		errno      unix.Errno
		elsewhere  bool // trains to another peer are split too
		splits     uint64
		remembered bool
	}{
		{unix.EIO, true, 3, true},
		{unix.EINVAL, false, 2, true},
		{unix.EMSGSIZE, false, 2, true},
		{unix.ENETUNREACH, false, 0, false},
	} {
		t.Run(tt.errno.Error(), func(t *testing.T) {
			var log strings.Builder
			a, b, c := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
			a.logger = slog.New(slog.NewTextHandler(&log, nil))
			d := train(10, 1000, b.LocalAddr())
			done, err := a.refuse(&d, tt.errno)
			if !done || err != nil {
				t.Fatalf("refuse: %v, %v", done, err)
			}
			if !tt.remembered {
				if _, err := drained(b); !errors.Is(err, errNone) || a.Stats().Refused != 10 {
					t.Errorf("after %v: %v, %+v", tt.errno, err, a.Stats())
				}
				return
			}
			got, _ := readAll(t, b, 10)
			check(t, got, 1000)
			if n, err := a.WriteBatch([]Datagram{train(10, 1000, b.LocalAddr()), train(10, 1000, c.LocalAddr())}); n != 2 || err != nil {
				t.Fatalf("WriteBatch: %d, %v", n, err)
			}
			got, _ = readAll(t, b, 10)
			check(t, got, 1000)
			got, _ = readAll(t, c, 10)
			check(t, got, 1000)
			if st := a.Stats(); st.SplitTrains != tt.splits || st.Sent != 30 || st.Refused != 0 {
				t.Errorf("stats: %+v, want %d split", st, tt.splits)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d lines logged:\n%s", n, log.String())
			}
		})
	}
}

func TestRefusalIsForgotten(t *testing.T) {
	a, b := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	d := train(2, 100, b.LocalAddr())
	a.refusals.add(&d, unix.EINVAL)
	if !a.refusals.has(&d) {
		t.Fatal("not remembered")
	}
	a.refusals.remotes[d.Remote] = a.refusals.remotes[d.Remote].Add(-refusalKept - 1)
	if a.refusals.has(&d) || len(a.refusals.remotes) != 0 {
		t.Error("remembered for more than a minute")
	}
}
