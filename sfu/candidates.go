package sfu

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// candidateLimit bounds the addresses that an answer announces.
const candidateLimit = 8

// virtual lists prefixes of the names of interfaces that lead to containers and
// virtual machines, not to peers.
var virtual = []string{"docker", "br-", "veth", "virbr", "cni", "flannel", "tun-", "podman"}

// candidates returns the addresses to announce: public ones first, then local
// ones, and loopback only to a client that came over it.
func candidates(bound netip.AddrPort, public []netip.Addr, loopback bool) []netip.AddrPort {
	var list []netip.AddrPort
	add := func(a netip.Addr) {
		if ap := netip.AddrPortFrom(a, bound.Port()); !slices.Contains(list, ap) && len(list) < candidateLimit {
			list = append(list, ap)
		}
	}
	for _, a := range public {
		add(a.Unmap())
	}
	if !bound.Addr().IsUnspecified() {
		add(bound.Addr().Unmap())
		return list
	}
	if loopback {
		add(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	for _, a := range localAddrs() {
		if !bound.Addr().Is4() || a.Is4() {
			add(a)
		}
	}
	return list
}

// localAddrs returns the addresses of the interfaces that may lead to peers.
func localAddrs() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || isVirtual(i.Name) {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
				list = append(list, p.Addr().Unmap())
			}
		}
	}
	return list
}

func isVirtual(name string) bool {
	return slices.ContainsFunc(virtual, func(p string) bool { return strings.HasPrefix(name, p) })
}
