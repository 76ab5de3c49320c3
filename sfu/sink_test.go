package sfu_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Media can be sent elsewhere only where benchmarks belong.
func TestListenRefusesSinks(t *testing.T) {
	for _, tt := range []struct {
		addr string
		ok   bool
	}{
		{"198.18.0.0", true}, {"198.19.255.255", true},
		{"198.17.255.255", false}, {"198.20.0.0", false}, {"127.0.0.1", false}, {"::1", false}, {"::ffff:198.18.0.2", false},
	} {
		s, err := sfu.Listen(sfu.Config{Listen: loopback(0), BenchSink: netip.MustParseAddr(tt.addr)})
		if err == nil {
			s.Close()
		}
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, sfu.ErrBenchSink) {
			t.Errorf("%s: %v", tt.addr, err)
		}
	}
}
