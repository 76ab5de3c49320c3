package engine

import "context"

// transport carries the packets of one Conn. WebSocket is one; a test's pipe
// is another. One goroutine reads and another one writes; abort may be called
// by any, at any time.
type transport interface {
	// read waits for the next packet. Its errors are or wrap those of this
	// package. A transport may end when ctx does.
	read(ctx context.Context) (packet, error)
	// write hands the packets on, and returns when the transport has taken
	// them all.
	write(packets []packet) error
	// close says goodbye with the reason of the end, and waits for the other
	// side for a bounded time.
	close(reason error)
	// abort frees everything at once and unblocks read, write and close.
	abort()
}
