package engine

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// polling is HTTP long-polling: the client's packets come as the bodies of POST
// requests, the server's go as the answers to GET requests, of which the client
// always has one waiting.
type polling struct {
	in    chan packet   // from a POST to the reader
	polls chan *poll    // from a GET to the writer
	moved chan struct{} // closed when the connection has another transport
	gone  chan struct{} // closed by abort

	// Guarded by mu.
	mu      sync.Mutex
	getting bool                                  // a GET waits
	posting bool                                  // a POST is being taken in
	probed  chan struct{}                         // closed while another transport is tried
	rested  bool                                  // since then, a GET was answered for that reason
	busy    map[*http.ResponseController]deadline // requests that are read or answered
	last    kind                                  // what GETs are told at the end
	over    bool                                  // gone is closed
}

// poll is a GET that waits.
type poll struct {
	body chan []byte // of its answer; the writer sends one
	done chan error  // from the request: how that went
}

func newPolling() *polling {
	return &polling{
		in:     make(chan packet),
		polls:  make(chan *poll),
		moved:  make(chan struct{}),
		gone:   make(chan struct{}),
		probed: make(chan struct{}),
		busy:   make(map[*http.ResponseController]deadline),
	}
}

func (p *polling) read(ctx context.Context) (packet, error) {
	select {
	case m := <-p.in:
		return m, nil
	case <-p.moved:
		return packet{}, errMoved
	case <-p.gone:
		return packet{}, ErrTransport
	case <-ctx.Done():
		return packet{}, ctx.Err()
	}
}

// write waits for a GET, and answers it with the whole batch; the opening packet
// travels alone.
func (p *polling) write(batch []packet) (int, error) {
	if batch[0].kind == kindOpen {
		batch = batch[:1]
	}
	select {
	case g := <-p.polls:
		g.body <- appendPayload(nil, batch)
		if err := <-g.done; err != nil {
			return 0, err
		}
		return len(batch), nil
	case <-p.moved:
		return 0, errMoved
	case <-p.gone:
		return 0, ErrTransport
	}
}

const (
	farewell   = 5 * time.Second // how long the goodbye waits for a GET
	lastMoment = time.Second     // what a request has left when the transport is gone
)

func (p *polling) close(error) {
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case g := <-p.polls:
		g.body <- []byte{byte(kindClose)}
		<-g.done // the end does not depend on how that went
	case <-timer.C:
	case <-p.moved:
	case <-p.gone:
	}
}

// abort lets everybody go who waits for the transport or for the network below.
func (p *polling) abort(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	p.last = kindClose
	if errors.Is(reason, ErrTransportClose) {
		p.last = kindNoop // the client knows
	}
	close(p.gone)
	for rc, set := range p.busy { // such as the answer to a client that says goodbye
		_ = set(rc, time.Now().Add(lastMoment)) // not all servers can
	}
}

// move ends the transport because the connection has another one.
func (p *polling) move() { close(p.moved) }

// probe has GETs answered at once while another transport is tried, so that the
// client can come to rest; with false, they wait again.
func (p *polling) probe(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rested = false
	if on {
		close(p.probed)
		return
	}
	p.probed = make(chan struct{})
}

// enter begins a request that the client may have one of at a time.
func (p *polling) enter(one *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *one {
		return false
	}
	*one = true
	return true
}

// leave ends it. It comes before the answer does, since the client's next
// request may follow that at once.
func (p *polling) leave(one *bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*one = false
}

// deadline is SetReadDeadline for requests that are read, and SetWriteDeadline
// for those that are answered. A read deadline must be gone when a body has
// ended: from then on net/http reads in the background, and one that expires
// would cancel all requests to come on the HTTP connection.
type deadline = func(*http.ResponseController, time.Time) error

// begin notes that a request is read or answered, for as long as patience.
func (p *polling) begin(rc *http.ResponseController, set deadline, patience time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		patience = min(patience, lastMoment)
	}
	_ = set(rc, time.Now().Add(patience)) // not all servers can
	p.busy[rc] = set
}

// finish is the end of what begin began: the HTTP connection below may serve
// the next request.
func (p *polling) finish(rc *http.ResponseController) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := p.busy[rc]
	delete(p.busy, rc)
	_ = set(rc, time.Time{})
}

// ended tells whether the transport is gone.
func (p *polling) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// pace is how often a client that does not come to rest is asked to.
const pace = 100 * time.Millisecond

// rest returns what tells a GET to stop waiting for a probe's sake: the first at
// once, those that follow some time after they came.
func (p *polling) rest() (now <-chan struct{}, later <-chan time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rested {
		return nil, time.After(pace)
	}
	return p.probed, nil
}

// resting notes that a GET was told.
func (p *polling) resting() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.getting = false
	select {
	case <-p.probed:
		p.rested = true
	default: // the probe has failed meanwhile
	}
}

// lastWords is what a GET is told when the transport is gone.
func (p *polling) lastWords() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []byte{byte(p.last)}
}
