package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks of reverse proxies that say the truth about who is behind
// them.
type proxies []netip.Prefix

// parseProxies reads networks and single addresses.
func parseProxies(list []string) (proxies, error) {
	var p proxies
	for _, s := range list {
		s = strings.TrimSpace(s)
		one, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is neither a network such as 10.0.0.0/8 nor an address", s)
			}
			one = netip.PrefixFrom(a, a.BitLen())
		}
		if one.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: write it as IPv4", s)
		}
		p = append(p, one.Masked())
	}
	return p, nil
}

// trusts tells whether an address is that of a proxy.
func (p proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// handler has next see requests as if there were no proxies: RemoteAddr is the
// client's, with port 0, and TLS is not nil if the client spoke it. It is the one
// place in which the X-Forwarded headers are read; from others than the proxies
// nothing in them is believed.
func (p proxies) handler(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !p.trusts(plain(peer.Addr())) {
			next.ServeHTTP(w, r)
			return
		}
		seen := *r // its headers and body are those of r
		if client := p.client(plain(peer.Addr()), r.Header.Values("X-Forwarded-For")); client != plain(peer.Addr()) {
			seen.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		if seen.TLS == nil && strings.EqualFold(lastOf(r.Header.Values("X-Forwarded-Proto")), "https") {
			seen.TLS = new(tls.ConnectionState)
		}
		next.ServeHTTP(w, &seen)
	})
}

// client is the last address of the headers that is no proxy's: each proxy adds
// behind what it was told the address that it was told it by. If all are proxies, or
// one makes no sense, it is the proxy that is farthest away as far as is known.
func (p proxies) client(peer netip.Addr, headers []string) netip.Addr {
	rest := strings.Join(headers, ",")
	for more := true; more; {
		var hop string
		if i := strings.LastIndexByte(rest, ','); i >= 0 {
			rest, hop = rest[:i], rest[i+1:]
		} else {
			rest, hop, more = "", rest, false
		}
		a, ok := hopAddr(strings.TrimSpace(hop))
		switch {
		case !ok:
			return peer
		case !p.trusts(a):
			return a
		}
		peer = a
	}
	return peer
}

// hopAddr reads an address, which may have a port, and brackets if it is IPv6.
func hopAddr(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), true
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(s)
	return plain(a), err == nil
}

// plain is an address as it is compared: without a zone, and IPv4 as such.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// lastOf is the last element of the last header of a kind.
func lastOf(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	last := headers[len(headers)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
