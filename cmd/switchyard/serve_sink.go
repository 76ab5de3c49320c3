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
// use of it, of those who may join. Without the flag it is no address.
func benchSink(flag string, may authorizer) (netip.Addr, authorizer, error) {
	if flag == "" {
		return netip.Addr{}, may, nil
	}
	addr, err := netip.ParseAddr(flag)
	if err != nil {
		return netip.Addr{}, nil, usageError{fmt.Errorf("--bench-sink %q is not an address", flag)}
	}
	return addr, func(ctx context.Context, req room.JoinRequest) (room.Grant, error) {
		g, err := may(ctx, req)
		if strings.HasPrefix(req.Name, sfu.BenchSinkPrefix) {
			g.IDPrefix = sfu.BenchSinkPrefix
		}
		return g, err
	}, nil
}
