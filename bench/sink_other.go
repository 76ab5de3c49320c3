//go:build !linux

package bench

// Sink is a device that drops whatever is sent to it. It needs Linux.
type Sink struct{}

// OpenSink fails with [ErrSinkUnsupported].
func OpenSink(SinkMode) (*Sink, error) { return nil, ErrSinkUnsupported }

// EnterNamespace fails with [ErrSinkUnsupported].
func EnterNamespace() error { return ErrSinkUnsupported }

// Close does nothing.
func (s *Sink) Close() error { return nil }

// Mode is empty.
func (s *Sink) Mode() SinkMode { return "" }

func (s *Sink) seen() (uint64, error) { return 0, ErrSinkUnsupported }
