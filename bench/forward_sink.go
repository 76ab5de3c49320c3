package bench

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"

	"github.com/switchyard-rtc/switchyard/sfu"
)

const (
	defaultChecking = 4
	// sinkShort is the fraction that a server may have sent less than it should
	// have before it counts as loss. The window and the server's counters do not
	// begin and end with the same packet.
	sinkShort = 0.05
)

// SinkFigures is how a run with a sink was made, and what went into it.
type SinkFigures struct {
	Mode    SinkMode `json:"mode"`
	Address string   `json:"address"`
	// Checking is how many of the subscriptions were received and checked: what
	// the result says of lost, late and other packets that came is about these.
	// The media of all others went to the sink.
	Checking int `json:"checking_subscriptions"`
	// Expected is packets sent by the publishers in the window, times all who
	// subscribed. Forwarded is what the server counted meanwhile, with that for
	// checking subscribers and with retransmissions.
	Expected  uint64 `json:"expected"`
	Forwarded uint64 `json:"forwarded"`
	// Device is what arrived at the device meanwhile, RTCP too: packets in
	// [SinkSoftware], but messages, which are packets or trains of them, in
	// [SinkOffloaded].
	Device uint64 `json:"device_messages"`
}

// Short is the fraction of the expected packets that the server did not send, 0
// to 1; a few percent can be due to when it was looked.
func (s *SinkFigures) Short() float64 {
	if s.Expected <= s.Forwarded {
		return 0
	}
	return float64(s.Expected-s.Forwarded) / float64(s.Expected)
}

// sinkPlans chooses whose media goes to the sink: all who receive but for those
// who are slow, and some that are spread evenly over the plans.
func (o ForwardOptions) sinkPlans(plans []memberPlan) error {
	if o.Sink == nil {
		return nil
	}
	if o.Running != nil || o.Server.WHIP {
		return errors.New("bench: a sink needs a Switchyard that is started for it")
	}
	var receivers []*memberPlan
	for i := range plans {
		if plans[i].audio+plans[i].video > 0 && !plans[i].slow {
			receivers = append(receivers, &plans[i])
		}
	}
	checking := cmp.Or(o.Checking, defaultChecking)
	if checking < 0 || checking >= len(receivers) {
		return fmt.Errorf("bench: %d checking subscribers of %d leave none for the sink", checking, len(receivers))
	}
	for i, p := range receivers {
		p.sink = i*checking/len(receivers) == (i+1)*checking/len(receivers)
	}
	return nil
}

// newSinkNetwork opens the network of those whose media goes to the sink. Each
// has a socket, since only their ports tell them apart there: with one port the
// media of all would be one train.
func newSinkNetwork() *network { return newOwnNetwork(netip.AddrFrom4([4]byte{127, 0, 0, 1})) }

// sunk is how many packets of the window a subscription whose media goes to the
// sink should have brought there: what was sent of the largest encoding from the
// moment it was asked for. A few are not, until there is a key frame.
func (s subscription) sunk() uint64 {
	opens, closes := s.to.tracks[0].bounds.serials()
	if s.left {
		closes = min(closes, s.last)
	}
	return uint64(closes) - uint64(min(closes, max(opens, s.first)))
}

// networkOf returns where a client is.
func (r *run) networkOf(plan memberPlan) *network {
	switch {
	case plan.sink:
		return r.sinks
	case plan.slow:
		return r.slow
	}
	return r.network
}

// sinkName is that of a client whose media the server sends to the sink.
func sinkName(name string) string { return sfu.BenchSinkPrefix + name }

// drained notes what went into the sink between two moments.
func (r *ForwardResult) drained(a, b observation) {
	if r.Sink != nil {
		r.Sink.Forwarded = b.own.PacketsSent - a.own.PacketsSent
		r.Sink.Device = b.device - a.device
		r.BitsOut = float64(b.own.BytesSent-a.own.BytesSent) * 8 / r.Seconds
	}
}

// forwarded is how many packets the server sent to all subscribers in the
// window.
func (r *ForwardResult) forwarded() uint64 {
	if r.Sink != nil {
		return r.Sink.Forwarded
	}
	return r.Received
}

// toForward is how many it should have sent.
func (r *ForwardResult) toForward() uint64 {
	if r.Sink != nil {
		return r.Sink.Expected
	}
	return r.Expected
}
