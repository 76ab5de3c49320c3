package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ownHosts keeps other sites' names away from a server on loopback (DNS
// rebinding): it answers only loopback names with its own port. A server on
// another address answers every name.
func ownHosts(bound netip.AddrPort, next http.Handler) http.Handler {
	if !bound.Addr().IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(r.Host) {
			http.Error(w, "this server answers only loopback names", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
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
