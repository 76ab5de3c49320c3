package pionpc

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

const (
	ownership  = 2 * time.Second // without authenticated packets an address can be taken over
	askEvery   = 500 * time.Millisecond
	routeLimit = 32 // addresses of one agent; a new one then replaces the oldest
)

// owners knows the ICE agents and which remote address belongs to which of
// them. An address belongs to one agent at a time. Only a check that carries
// the integrity of the agent it names changes anything here, so that somebody
// who knows a ufrag and can fake an address takes nothing.
type owners struct {
	// authenticated is MuxConfig.Authenticated. It is asked without the lock.
	authenticated func(netip.Addr, netip.AddrPort, time.Duration) bool

	// Guarded by mu.
	mu     sync.Mutex
	agents map[string]*agent // by ufrag
	routes map[netip.AddrPort]*route
}

// agent is one generation of a peer's ICE credentials on this side.
type agent struct {
	password  stun.MessageIntegrity
	addresses []netip.AddrPort // that it owns; the one checked last is at the end
}

// route is how a remote address is answered, and whose it is.
type route struct {
	local   netip.Addr
	owner   string    // ufrag
	refused time.Time // when another agent was last told that the owner is alive
}

func newOwners(authenticated func(netip.Addr, netip.AddrPort, time.Duration) bool) *owners {
	return &owners{
		authenticated: authenticated,
		agents:        make(map[string]*agent),
		routes:        make(map[netip.AddrPort]*route),
	}
}

// expect makes an agent known.
func (o *owners) expect(ufrag, password string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.agents[ufrag] == nil {
		o.agents[ufrag] = &agent{password: stun.NewShortTermIntegrity(password)}
	}
}

// forget ends an agent and its addresses.
func (o *owners) forget(ufrag string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a := o.agents[ufrag]; a != nil {
		delete(o.agents, ufrag)
		for _, remote := range a.addresses {
			delete(o.routes, remote)
		}
	}
}

func (o *owners) exists(ufrag string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.agents[ufrag] != nil
}

// local returns where an address is answered from; ok is false if nobody owns
// the address.
func (o *owners) local(remote netip.AddrPort) (local netip.Addr, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.routes[remote]
	if r == nil {
		return netip.Addr{}, false
	}
	return r.local, true
}

// check decides on a check from an address. It is for the agent it names if it
// carries that agent's integrity and the address is free, the agent's own, or
// that of an owner from which nothing authenticated came for 2 s. Such an owner
// is returned as evicted: it is forgotten with all its addresses and needs an
// ICE restart. check may wait for the data plane.
func (o *owners) check(c check, local netip.Addr, remote netip.AddrPort) (evicted string, ok bool) {
	o.mu.Lock()
	a := o.agents[c.ufrag]
	o.mu.Unlock()
	if a == nil || a.password.Check(&c.message) != nil {
		return "", false
	}
	owner, ask, ok := o.claim(c.ufrag, local, remote)
	if ask {
		if !o.abandoned(local, remote) {
			return "", false
		}
		o.forget(owner)
		_, _, ok = o.claim(c.ufrag, local, remote)
		return owner, ok
	}
	return "", ok
}

// claim gives an address to an agent if it is free or the agent's own. Else it
// returns the owner and whether to ask if that fell silent, which is worth it
// twice a second.
func (o *owners) claim(ufrag string, local netip.Addr, remote netip.AddrPort) (owner string, ask, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a, r := o.agents[ufrag], o.routes[remote]
	switch {
	case a == nil:
		return "", false, false // it ended meanwhile
	case r == nil:
		r = &route{owner: ufrag}
		o.routes[remote] = r
	case r.owner != ufrag:
		return r.owner, time.Since(r.refused) >= askEvery, false
	}
	r.local = local
	if i := slices.Index(a.addresses, remote); i >= 0 {
		a.addresses = slices.Delete(a.addresses, i, i+1)
	} else if len(a.addresses) >= routeLimit {
		delete(o.routes, a.addresses[0])
		a.addresses = slices.Delete(a.addresses, 0, 1)
	}
	a.addresses = append(a.addresses, remote)
	return ufrag, false, true
}

// abandoned asks the data plane whether the owner of an address fell silent.
func (o *owners) abandoned(local netip.Addr, remote netip.AddrPort) bool {
	if r, ok := o.local(remote); ok {
		local = r
	}
	if !o.authenticated(local, remote, ownership) {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.routes[remote]; r != nil {
		r.refused = time.Now()
	}
	return false
}
