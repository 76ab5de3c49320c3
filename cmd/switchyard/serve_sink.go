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
// servers: the address for [sfu.Config.BenchSink], and who gets an id that makes
// use of it. Without the flag both are zero.
func benchSink(flag string) (netip.Addr, func(context.Context, room.JoinRequest) (room.Grant, error), error) {
	if flag == "" {
		return netip.Addr{}, nil, nil
	}
	addr, err := netip.ParseAddr(flag)
	if err != nil {
		return netip.Addr{}, nil, usageError{fmt.Errorf("--bench-sink %q is not an address", flag)}
	}
	return addr, func(_ context.Context, req room.JoinRequest) (room.Grant, error) {
		g := room.Guest()
		if strings.HasPrefix(req.Name, sfu.BenchSinkPrefix) {
			g.IDPrefix = sfu.BenchSinkPrefix
		}
		return g, nil
	}, nil
}
