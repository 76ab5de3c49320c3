package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/switchyard-rtc/switchyard/room/admin"
)

// ownHosts keeps other sites' names away from a server on loopback (DNS
// rebinding), and their pages, for which WHIP and WHEP would be open: it answers
// only loopback names, and only pages of this machine. A server on another address
// answers all.
func ownHosts(bound netip.AddrPort, next http.Handler) http.Handler {
	if !bound.Addr().IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(r.Host) {
			admin.Refuse(w, "misdirected", "this server answers only loopback names")
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !isLoopbackOrigin(origin) {
			admin.Refuse(w, "forbidden", "this server answers no pages of other machines")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopbackOrigin tells whether a page is of this machine.
func isLoopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && isLoopbackHost(u.Host)
}

func isLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
