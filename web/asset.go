package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// asset is one file that is served.
type asset struct {
	file   string                 // its URL path
	source func() ([]byte, error) // what it is made of

	once sync.Once // guards the making of what follows
	kind string    // Content-Type
	// plain is what is sent to those who accept no gzip, packed to the others.
	// packed is empty where gzip saves nothing.
	plain, packed body
}

// body is what is sent of a file in one encoding.
type body struct {
	bytes []byte
	etag  string
}

func newBody(b []byte) body {
	sum := sha256.Sum256(b)
	return body{b, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// make prepares what is sent. A failure can only be a mistake in this package,
// found by its tests, so the file is then sent as it is.
func (a *asset) make() {
	a.kind = contentType(a.file)
	source, err := a.source()
	if err != nil {
		return
	}
	if path.Ext(a.file) == ".json" {
		var b bytes.Buffer
		if json.Compact(&b, source) == nil {
			source = b.Bytes()
		}
	}
	a.plain = newBody(source)
	if b := packed(source); len(b) < len(source)*9/10 {
		a.packed = newBody(b)
	}
}

// serve answers a GET or HEAD.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	a.once.Do(a.make)
	h, b := w.Header(), a.plain
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-cache")
	if len(a.packed.bytes) > 0 {
		h.Add("Vary", "Accept-Encoding")
		if r.Header.Get("Range") == "" && acceptsGzip(r.Header) {
			b = a.packed
			h.Set("Content-Encoding", "gzip")
			// ServeContent leaves it to us with an encoding, and also when
			// If-Match ends in a response without a body.
			if r.Header.Get("If-Match") == "" {
				h.Set("Content-Length", strconv.Itoa(len(b.bytes)))
			}
		}
	}
	h.Set("ETag", b.etag)
	http.ServeContent(w, r, path.Base(a.file), time.Time{}, bytes.NewReader(b.bytes))
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3), of which only
// a weight of zero matters here.
func acceptsGzip(h http.Header) bool {
	others := false
	for _, line := range h.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(one, ";")
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				return !zero(weight)
			case "*":
				others = !zero(weight)
			}
		}
	}
	return others
}

// zero tells whether a weight such as "q=0.000" is none.
func zero(weight string) bool {
	_, value, found := strings.Cut(weight, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return found && err == nil && q == 0
}

func packed(source []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil // the level is one of those that exist
	}
	// A buffer takes everything.
	_, _ = w.Write(source)
	_ = w.Close()
	return b.Bytes()
}
