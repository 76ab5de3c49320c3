package engine

import (
	"context"
	"errors"
)

// transport carries the packets of one Conn: a WebSocket, HTTP long-polling, or
// a test's pipe. One goroutine reads and another one writes; abort may be
// called by any, at any time.
type transport interface {
	// read waits for the next packet. Its errors are or wrap those of this
	// package. A transport may end when ctx does.
	read(ctx context.Context) (packet, error)
	// write hands packets on, from the front of a batch that is not empty, and
	// returns when the transport has taken those: n of them, more than none
	// unless it fails.
	write(batch []packet) (n int, err error)
	// close says goodbye with the reason of the end, and waits for the other
	// side for a bounded time.
	close(reason error)
	// abort frees everything at once and unblocks read, write and close.
	abort(reason error)
}

// errMoved is what read and write of a transport return once the connection
// has moved to another one.
var errMoved = errors.New("engine: moved to another transport")
