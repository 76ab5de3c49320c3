package main

import (
	"testing"

	"github.com/switchyard-rtc/switchyard/bench"
)

func TestSinkFile(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""}, {"a.json", "a-offloaded.json"}, {"/x.y/a", "/x.y/a-offloaded"}, {"a.b.html", "a.b-offloaded.html"},
	} {
		if got := sinkFile(tt.in, bench.SinkOffloaded); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}
