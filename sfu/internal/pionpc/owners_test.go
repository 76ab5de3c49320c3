package pionpc

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

const password = "0bFqRlTg3m7ArFT2xW3Zb7aZ"

var (
	here  = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	there = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 7}), 4000)
)

func noHeard(netip.Addr, netip.AddrPort) {}

// asleep and awake are what the data plane says of every address.
func asleep(netip.Addr, netip.AddrPort, time.Duration) bool { return false }
func awake(netip.Addr, netip.AddrPort, time.Duration) bool  { return true }

// binding makes a connectivity check for an agent.
func binding(t testing.TB, ufrag, password string, transaction uint32) []byte {
	t.Helper()
	var id [stun.TransactionIDSize]byte
	binary.BigEndian.PutUint32(id[:], transaction)
	m, err := stun.Build(
		stun.NewTransactionIDSetter(id), stun.BindingRequest, stun.NewUsername(ufrag+":theirs"),
		stun.NewShortTermIntegrity(password), stun.Fingerprint,
	)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// ownersConn is a conn that knows the agents a and b, and what happens to it.
type ownersConn struct {
	*conn
	t        *testing.T
	heard    []netip.AddrPort
	asked    []netip.AddrPort
	released []string
	awake    bool
	next     uint32
}

func newOwnersConn(t *testing.T) *ownersConn {
	o := &ownersConn{t: t}
	o.conn = newConn(MuxConfig{
		Write: func([]byte, netip.Addr, netip.AddrPort) error { return nil },
		Heard: func(_ netip.Addr, remote netip.AddrPort) { o.heard = append(o.heard, remote) },
		Authenticated: func(_ netip.Addr, remote netip.AddrPort, within time.Duration) bool {
			if within != 2*time.Second {
				t.Errorf("asked for %v, want 2 s", within)
			}
			o.asked = append(o.asked, remote)
			return o.awake
		},
	})
	o.conn.release = func(ufrag string) { o.released = append(o.released, ufrag) }
	o.owners.expect("a", password+"a")
	o.owners.expect("b", password+"b")
	return o
}

// check sends a check and tells whether pion is given it.
func (o *ownersConn) check(ufrag, password string, remote netip.AddrPort) bool {
	o.next++
	o.deliver(binding(o.t, ufrag, password, o.next), here, remote)
	select {
	case d := <-o.queue:
		return o.settle(d.b[:d.n], d.local, d.remote)
	default:
		return false
	}
}

func (o *ownersConn) owner(remote netip.AddrPort) string {
	if r := o.owners.routes[remote]; r != nil {
		return r.owner
	}
	return ""
}

func TestOwnership(t *testing.T) {
	forged := "a password of the right size"
	for _, tt := range []struct {
		name  string
		owned bool // there belongs to a, by a check before
		awake bool // something authenticated came from there lately
		ufrag string
		pass  string
		let   bool   // the check reaches pion
		owner string // afterwards
	}{
		{"first check", false, false, "a", password + "a", true, "a"},
		{"forged first check", false, false, "a", forged, false, ""},
		{"check with the password of another", false, false, "a", password + "b", false, ""},
		{"check for nobody", false, false, "c", password + "a", false, ""},
		{"owner again", true, true, "a", password + "a", true, "a"},
		{"owner again after silence", true, false, "a", password + "a", true, "a"},
		{"another agent, owner awake", true, true, "b", password + "b", false, "a"},
		{"another agent, owner silent", true, false, "b", password + "b", true, "b"},
		{"forged check for another, owner awake", true, true, "b", forged, false, "a"},
		{"forged check for another, owner silent", true, false, "b", forged, false, "a"},
		{"forged check for the owner", true, true, "a", forged, false, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOwnersConn(t)
			if tt.owned && !o.check("a", password+"a", there) {
				t.Fatal("the owner's first check was refused")
			}
			o.awake = tt.awake
			heard, before := len(o.heard), o.stats().Strangers
			let := o.check(tt.ufrag, tt.pass, there)
			if let != tt.let || o.owner(there) != tt.owner {
				t.Errorf("let through %v, owner %q; want %v, %q", let, o.owner(there), tt.let, tt.owner)
			}
			if got, want := o.stats().Strangers-before, uint64(1); tt.let == (got == want) {
				t.Errorf("counted %d strangers, let through %v", got, tt.let)
			}
			if got := len(o.heard) - heard; (got == 1) != tt.let {
				t.Errorf("%d checks heard, let through %v", got, tt.let)
			}
			evicted := tt.owned && tt.owner == "b"
			if got := slices.Equal(o.released, []string{"a"}); got != evicted || o.owners.exists("a") == evicted {
				t.Errorf("released %v, a is known: %v; want a evicted: %v", o.released, o.owners.exists("a"), evicted)
			}
		})
	}
}

// A check for another agent between an owner's check and pion's response takes
// nothing: it is the check that decides, not who asked last.
func TestSpoofBetweenCheckAndResponse(t *testing.T) {
	o := newOwnersConn(t)
	o.awake = true
	spoof := binding(t, "b", "whatever it is", 99)
	o.deliver(binding(t, "a", password+"a", 1), here, there)
	o.deliver(spoof, netip.IPv6Unspecified(), there)
	for range 2 {
		d := <-o.queue
		o.settle(d.b[:d.n], d.local, d.remote)
	}
	response := binding(t, "a", password+"a", 1)
	response[0] = 1 // success
	if _, err := o.WriteToAddrPort(response, there); err != nil {
		t.Fatal(err)
	}
	if local, _ := o.owners.local(there); o.owner(there) != "a" || local != here {
		t.Errorf("owner %q, answered from %v; want a, %v", o.owner(there), local, here)
	}
	if !o.check("a", password+"a", there) {
		t.Error("the owner's next check was refused")
	}
}

// The data plane is asked about an address at most twice a second, and what it
// said of an owner is not held against the next one.
func TestVerdictIsForOneOwner(t *testing.T) {
	o := newOwnersConn(t)
	o.awake = true
	o.check("a", password+"a", there)
	for range 3 {
		if o.check("b", password+"b", there) {
			t.Fatal("the owner is awake, and lost its address")
		}
	}
	if len(o.asked) != 1 {
		t.Errorf("asked %d times at once, want 1", len(o.asked))
	}
	o.owners.routes[there].refused = time.Now().Add(-askEvery)
	o.awake = false
	if !o.check("b", password+"b", there) {
		t.Fatal("the owner is silent, and kept its address")
	}
	o.awake = true
	o.owners.expect("c", password+"c")
	if o.check("c", password+"c", there) || o.owner(there) != "b" {
		t.Errorf("owner %q, want b, which took the address a moment ago", o.owner(there))
	}
}

// An agent that was evicted is nobody: it cannot take its address back by
// falling silent in turn, only by an ICE restart.
func TestEvictedAgentIsUnknown(t *testing.T) {
	o := newOwnersConn(t)
	elsewhere := netip.AddrPortFrom(there.Addr(), 4001)
	o.check("a", password+"a", there)
	o.check("a", password+"a", elsewhere)
	o.check("b", password+"b", there)
	if o.check("a", password+"a", there) || o.owner(there) != "b" {
		t.Errorf("owner %q, want b", o.owner(there))
	}
	if o.check("a", password+"a", elsewhere) || o.owner(elsewhere) != "" {
		t.Errorf("owner of the other address %q, want none", o.owner(elsewhere))
	}
	o.owners.expect("a2", password+"a")
	if !o.check("a2", password+"a", elsewhere) {
		t.Error("a restarted agent was refused")
	}
}

// One agent holds a bounded number of addresses, those it checked last.
func TestAddressesOfOneAgentAreBounded(t *testing.T) {
	o := newOwnersConn(t)
	at := func(port int) netip.AddrPort { return netip.AddrPortFrom(there.Addr(), uint16(port)) }
	for port := range 3 * routeLimit {
		o.check("a", password+"a", at(1))
		if !o.check("a", password+"a", at(1000+port)) {
			t.Fatalf("check from port %d was refused", 1000+port)
		}
	}
	if n := len(o.owners.routes); n != routeLimit {
		t.Errorf("%d addresses, want %d", n, routeLimit)
	}
	if o.owner(at(1)) != "a" || o.owner(at(1000+3*routeLimit-1)) != "a" || o.owner(at(1000)) != "" {
		t.Error("the addresses kept are not those that were checked last")
	}
	o.owners.forget("a")
	if len(o.owners.routes) != 0 {
		t.Errorf("left after the end of the agent: %v", o.owners.routes)
	}
}

// Only checks open an address: DTLS and responses from elsewhere are dropped.
func TestUnownedAddress(t *testing.T) {
	o := newOwnersConn(t)
	hello := []byte{22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	o.deliver(hello, here, there)
	if len(o.queue) != 0 || o.stats().Strangers != 1 {
		t.Errorf("%d queued, %+v; want none, one stranger", len(o.queue), o.stats())
	}
	if _, err := o.WriteToAddrPort(hello, there); err != errUnknown {
		t.Errorf("write to an address that never asked: %v, want errUnknown", err)
	}
	o.check("a", password+"a", there)
	o.deliver(hello, here, there)
	if len(o.queue) != 1 {
		t.Error("DTLS from an owned address was dropped")
	}
}
