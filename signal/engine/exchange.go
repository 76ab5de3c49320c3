package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// resume carries out a request of a connection.
func (s *Server) resume(w http.ResponseWriter, r *http.Request, q request) {
	if q.websocket {
		s.upgrade(w, r, q.conn)
		return
	}
	p, ok := q.conn.current().(*polling)
	switch {
	case !ok:
		s.refuse(w, errBad) // it has moved to WebSocket
	case r.Method == http.MethodGet:
		s.get(w, r, q.conn, p)
	case r.Method == http.MethodPost:
		s.post(w, r, q.conn, p)
	default:
		s.refuse(w, errBad)
	}
}

// errTwoAtOnce ends a connection whose client sends a second GET, or POST,
// while the first is under way: it has lost its way, or is not alone.
var errTwoAtOnce = fmt.Errorf("%w: two requests of a kind at once", ErrTransport)

// get waits until there is something to say.
func (s *Server) get(w http.ResponseWriter, r *http.Request, c *Conn, p *polling) {
	if !p.enter(&p.getting) {
		c.abort(errTwoAtOnce)
		s.refuse(w, errBad)
		return
	}
	// The HTTP server may have set one, which would end the wait.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	g := &poll{body: make(chan []byte, 1), done: make(chan error, 1)}
	patience := c.interval + c.timeout
	now, later := p.rest()
	var err error
	select {
	case p.polls <- g:
		body := <-g.body
		p.leave(&p.getting)
		err = p.answer(w, body, patience)
		g.done <- err
		return // the writer sees to an error
	case <-now:
		p.resting()
		err = p.answer(w, []byte{byte(kindNoop)}, patience)
	case <-later:
		p.leave(&p.getting)
		err = p.answer(w, []byte{byte(kindNoop)}, patience)
	case <-p.moved:
		err = p.answer(w, []byte{byte(kindNoop)}, patience)
	case <-p.gone:
		_ = p.answer(w, p.lastWords(), patience)
	case <-r.Context().Done():
		p.leave(&p.getting)
		err = fmt.Errorf("%w: the client gave up waiting", ErrTransport)
		s.refuseLast(w, errBad) // whom nobody hears, it should seem
	}
	if err != nil && c.current() == p {
		c.abort(err)
	}
}

// answer sends a payload.
func (p *polling) answer(w http.ResponseWriter, body []byte, patience time.Duration) error {
	rc := http.NewResponseController(w)
	p.begin(rc, (*http.ResponseController).SetWriteDeadline, patience)
	defer p.finish(rc)
	h := w.Header()
	if p.ended() {
		h.Set("Connection", "close") // it may have been hurt
	}
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-Content-Type-Options", "nosniff") // what others wrote is no page
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, err := w.Write(body)
	if err == nil {
		err = rc.Flush()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return nil
}

// post takes in the packets of a payload. It is answered when the application
// has read them, so that a client cannot send faster than that.
func (s *Server) post(w http.ResponseWriter, r *http.Request, c *Conn, p *polling) {
	if !p.enter(&p.posting) {
		c.abort(errTwoAtOnce)
		s.refuse(w, errBad)
		return
	}
	body, err := p.body(w, r, s.opts.MaxPayload, c.interval+c.timeout)
	if err == nil {
		err = p.deliver(body)
	}
	p.leave(&p.posting)
	switch {
	case err == nil:
		_ = p.answer(w, []byte("ok"), c.interval+c.timeout) // a client that is gone misses its GET, too
	case errors.Is(err, errMoved):
		s.refuse(w, errBad)
	case errors.Is(err, ErrTooLarge):
		c.abort(err)
		s.refuseLast(w, errBody)
	default:
		c.abort(err)
		s.refuseLast(w, errBad)
	}
}

// body reads a request whole.
func (p *polling) body(w http.ResponseWriter, r *http.Request, limit int, patience time.Duration) ([]byte, error) {
	rc := http.NewResponseController(w)
	p.begin(rc, (*http.ResponseController).SetReadDeadline, patience)
	defer p.finish(rc)
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	if !utf8.Valid(b) {
		return nil, errNotUTF8
	}
	return b, nil
}

// deliver hands the packets of a payload to the reader, one by one.
func (p *polling) deliver(payload []byte) error {
	for more := true; more; {
		var one []byte
		one, payload, more = bytes.Cut(payload, []byte{separator})
		m, err := parseEncoded(one)
		if err != nil {
			return err
		}
		if more && !m.Binary {
			m.Data = bytes.Clone(m.Data) // who keeps it does not keep all
		}
		select {
		case p.in <- m:
		case <-p.moved:
			return errMoved
		case <-p.gone:
			return ErrTransport
		}
		if m.kind == kindClose {
			return nil // nothing that follows counts
		}
	}
	return nil
}
