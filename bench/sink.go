package bench

import "errors"

// SinkMode is what the device of a [Sink] does itself. Checksums it computes in
// both modes, as network cards do.
type SinkMode string

// Modes, in the order in which to run them.
const (
	// SinkOffloaded cuts trains into packets, so the kernel hands whole trains to
	// it.
	SinkOffloaded SinkMode = "offloaded"
	// SinkSoftware does not: the kernel cuts trains first.
	SinkSoftware SinkMode = "software"
)

// describe says what the device does, behind the address of the sink.
func (m SinkMode) describe() string {
	if m == SinkOffloaded {
		return "a tun device that drops it (segmentation offloaded)"
	}
	return "a tun device that drops it (segmentation in software)"
}

// Addresses of a [Sink], in the network for benchmarks (RFC 2544, appendix
// C.2.2).
const (
	// SinkAddress is behind the device: what is sent there is dropped.
	SinkAddress = "198.18.0.2"
	// SinkHost is this side's address of the device, which a server that sends
	// to the sink has to listen on.
	SinkHost = "198.18.0.1"
)

// ErrSinkUnsupported is returned for sinks on other systems than Linux.
var ErrSinkUnsupported = errors.New("bench: a sink needs Linux")
