package udp

// waits tells somebody when ReadBatch waits. Owned by its caller.
type waits struct {
	tell    func(waiting bool)
	waiting bool
}

// OnWait has f called by ReadBatch, in its goroutine: with true when it is about
// to wait, and with false when it goes on. It must be set before the first
// ReadBatch, and f must not block.
func (w *waits) OnWait(f func(waiting bool)) { w.tell = f }

// wait notes whether ReadBatch waits.
func (w *waits) wait(waiting bool) {
	if w.waiting != waiting && w.tell != nil {
		w.waiting = waiting
		w.tell(waiting)
	}
}
