package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	connectWithin = 5 * time.Second
	redirects     = 3 // that are followed
)

// errAddress is for a URL that leads to where only those in the house may go.
var errAddress = errors.New("its address is not public, and the webhook does not say allow_private")

// inside lists what is not public beside what netip knows: addresses of machines
// inside a network, of the services of clouds, and IPv6 forms that hold an IPv4
// address.
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),    // of carriers, and metadata of Alibaba
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's own services
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo and other special ones
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// public tells whether an address belongs to the internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() { // loopback, link-local, multicast and unspecified are no global unicast
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// newClient returns what sends to addresses that permit allows. They are checked
// when the connection is made: after the name was resolved, for every redirect.
func newClient(permit func(netip.Addr) bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: connectWithin,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || !permit(ap.Addr()) {
				return errAddress
			}
			return nil
		},
	}
	return &http.Client{
		Transport: &http.Transport{ // without a proxy, which would resolve names itself
			DialContext: dialer.DialContext, TLSHandshakeTimeout: connectWithin, MaxIdleConnsPerHost: mostInFlight,
			IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: redirect,
	}
}

// redirect follows a few of those that keep method and body, and none that leaves
// TLS.
func redirect(r *http.Request, before []*http.Request) error {
	switch {
	case r.Method != http.MethodPost:
		return http.ErrUseLastResponse
	case len(before) > redirects:
		return fmt.Errorf("it redirects more than %d times", redirects)
	case before[0].URL.Scheme == "https" && r.URL.Scheme != "https":
		return errors.New("it redirects from https to http")
	}
	return nil
}
