package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// ErrAway is returned by methods of a [Link] that has no connection at present.
var ErrAway = errors.New("client: not connected")

// Reconnect says how a [Link] comes back. The zero value does so as stock
// clients do: after 1 s, then 2 s and 4 s, then every 5 s, each more or less by
// up to a half, for ever.
type Reconnect struct {
	// Delay is the first one, MaxDelay the longest. If zero, 1 s and 5 s.
	Delay, MaxDelay time.Duration
	// Factor is how much a delay is longer than the last. If zero, 2.
	Factor float64
	// Jitter is how much of a delay is left to chance, from 0 to 1, so that the
	// clients of a server that was away do not all come at once. If zero, 0.5;
	// negative is none.
	Jitter float64
	// Attempts is how many may fail in a row, before the Link gives up. If zero,
	// there is no limit.
	Attempts int
	// Timeout limits one attempt. If zero, 20 s.
	Timeout time.Duration
	// Buffer is how many events are kept while there is no connection, and sent
	// when there is. If zero, Emit fails with [ErrAway] instead: what was true
	// before may be stale after.
	Buffer int
	// OnConnect is called for each connection, also the first, before what was
	// kept is sent and before the Link's methods use it: here is the place to
	// build up again what the server has forgotten. An error ends the
	// connection, as if it had been lost. It may be nil.
	OnConnect func(ctx context.Context, c *Client) error
	// OnDisconnect is called when a connection has ended or an attempt failed,
	// with the reason and the time until the next. It may be nil.
	OnDisconnect func(why error, retry time.Duration)
}

func (r Reconnect) withDefaults() Reconnect {
	if r.Delay <= 0 {
		r.Delay = time.Second
	}
	if r.MaxDelay <= 0 {
		r.MaxDelay = 5 * time.Second
	}
	if r.Factor <= 0 {
		r.Factor = 2
	}
	if r.Jitter == 0 {
		r.Jitter = 0.5
	}
	r.Jitter = max(0, min(r.Jitter, 1))
	if r.Timeout <= 0 {
		r.Timeout = 20 * time.Second
	}
	if r.OnConnect == nil {
		r.OnConnect = func(context.Context, *Client) error { return nil }
	}
	if r.OnDisconnect == nil {
		r.OnDisconnect = func(error, time.Duration) {}
	}
	return r
}

// delay is how long to wait after so many attempts that failed. chance is from
// -1 to 1.
func (r Reconnect) delay(failed int, chance float64) time.Duration {
	d := float64(r.Delay)
	for range failed {
		if d *= r.Factor; d >= float64(r.MaxDelay) {
			break
		}
	}
	d += d * r.Jitter * chance
	return min(time.Duration(d), r.MaxDelay)
}

// chance draws from -1 to 1.
func chance() float64 { return 2*rand.Float64() - 1 }

// final tells whether a server has sent the client away for good, as stock
// clients see it.
func final(err error) bool {
	var refused *ConnectError
	return errors.As(err, &refused) || errors.Is(err, ErrDisconnected)
}
