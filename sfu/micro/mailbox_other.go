//go:build !linux

package micro

import (
	"net/netip"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/udp"
)

// mailbox is a socket that nobody reads: the system drops what comes.
type mailbox struct{}

// openMailbox opens a mailbox until the end of the benchmark, and returns its
// port.
func openMailbox(b *testing.B) (m *mailbox, port uint16) {
	s := open(b, netip.AddrFrom4([4]byte{127, 0, 0, 1}), udp.Options{})
	return &mailbox{}, s.LocalAddr().Port()
}

func (m *mailbox) empty() {}
