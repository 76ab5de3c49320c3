package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// benchSink reads --bench-sink, with which `bench forward --sink` starts its
// servers: the address for [sfu.Config.BenchSink]. Without the flag it is none.
func benchSink(flag string) (netip.Addr, error) {
	if flag == "" {
		return netip.Addr{}, nil
	}
	addr, err := netip.ParseAddr(flag)
	if err != nil {
		return netip.Addr{}, usageError{fmt.Errorf("--bench-sink %q is not an address", flag)}
	}
	return addr, nil
}

// withSink gives those who may join, and are named so, an id that makes use of the
// sink, if there is one.
func withSink(sink netip.Addr, may authorizer) authorizer {
	if !sink.IsValid() {
		return may
	}
	return func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		g, err := may(ctx, req)
		if strings.HasPrefix(req.Name, sfu.BenchSinkPrefix) {
			g.IDPrefix = sfu.BenchSinkPrefix
		}
		return g, err
	}
}
