package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// polling carries packets in the bodies of HTTP requests.
type polling struct {
	at     *url.URL
	http   http.Client
	header http.Header
	limit  int64           // of an answer's body
	most   int             // bytes of a request's body; zero if the server does not say
	ctx    context.Context // ends with abort
	cancel context.CancelFunc

	// Owned by the reader.
	came [][]byte // of the last answer
}

func newPolling(at *url.URL, opts Options) *polling {
	p := &polling{at: at, http: *opts.HTTPClient, header: opts.Header, limit: opts.MaxPayload*2 + 1024} // base64
	p.http.Timeout = 0                                                                                  // a poll lasts until there is something to say
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// opened notes what the server said first. Nobody else has the transport yet.
func (p *polling) opened(h hello) {
	q := p.at.Query()
	q.Set("sid", h.SID)
	p.at.RawQuery = q.Encode()
	p.most = int(h.MaxPayload)
}

// separator stands between the packets of a body.
const separator = 0x1e

// encodedLength is how long a message is in a body.
func encodedLength(m message) int {
	if m.binary {
		return 1 + base64.StdEncoding.EncodedLen(len(m.data))
	}
	return len(m.data)
}

func (p *polling) read(ctx context.Context) (message, error) {
	for len(p.came) == 0 {
		body, err := p.do(ctx, http.MethodGet, nil)
		if err != nil {
			return message{}, err
		}
		p.came = bytes.Split(body, []byte{separator})
	}
	one := p.came[0]
	p.came = p.came[1:]
	encoded, binary := bytes.CutPrefix(one, []byte{'b'})
	if !binary {
		return message{data: one}, nil
	}
	data, err := base64.StdEncoding.AppendDecode(nil, encoded)
	if err != nil {
		return message{}, fmt.Errorf("%w: %w", ErrParse, err)
	}
	return message{data: data, binary: true}, nil
}

// write sends as much as fits into a body.
func (p *polling) write(batch []message) (int, error) {
	var body []byte
	n := 0
	for _, m := range batch {
		if n > 0 && p.most > 0 && len(body)+1+encodedLength(m) > p.most {
			break
		}
		if n > 0 {
			body = append(body, separator)
		}
		if m.binary {
			body = base64.StdEncoding.AppendEncode(append(body, 'b'), m.data)
		} else {
			body = append(body, m.data...)
		}
		n++
	}
	if _, err := p.do(p.ctx, http.MethodPost, body); err != nil {
		return 0, err
	}
	return n, nil
}

// do makes a request, which ends with ctx and with the transport.
func (p *polling) do(ctx context.Context, method string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	r, err := http.NewRequestWithContext(ctx, method, p.at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = p.header.Clone()
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	}
	res, err := p.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: server answered %s%s", ErrTransport, res.Status, explanation(res.Body))
	}
	got, err := io.ReadAll(io.LimitReader(res.Body, p.limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	if int64(len(got)) > p.limit {
		return nil, ErrTooLarge
	}
	return got, nil
}

// close says goodbye, unless the server has.
func (p *polling) close(reason error) {
	if !errors.Is(reason, ErrServerClosed) {
		_, _ = p.write([]message{{data: []byte{closing}}})
	}
}

func (p *polling) abort() { p.cancel() }
