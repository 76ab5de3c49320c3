package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/switchyard-rtc/switchyard/room/admin"
)

const (
	// tokenVariable has the token of who asks the admin API.
	tokenVariable  = "SWITCHYARD_TOKEN"
	longestAnswer  = 64 << 20 // bytes
	problemContent = "application/problem+json"
)

// adminClient asks the admin API of a server.
type adminClient struct {
	base  string // without a slash at its end
	token string // may be empty
}

// newAdminClient reads where the API is: a URL, or HOST:PORT.
func newAdminClient(at string) (*adminClient, error) {
	if !strings.Contains(at, "://") {
		at = "http://" + at
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, usageError{fmt.Errorf("--admin %q is neither a URL nor HOST:PORT", at)}
	}
	return &adminClient{strings.TrimSuffix(at, "/") + "/api/v1", os.Getenv(tokenVariable)}, nil
}

// path joins parts of a path, which may be anything.
func path(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// open asks, and returns an answer that is not a refusal.
func (c *adminClient) open(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return nil, fmt.Errorf("nobody answers at %s: %w; is the server there, and --admin right?", c.base, failed.Err)
	case err != nil:
		return nil, err
	case resp.StatusCode >= 300, strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"): // a page
		defer resp.Body.Close()
		return nil, refused(resp)
	}
	return resp, nil
}

// refused says why in one line.
func refused(resp *http.Response) error {
	var p admin.Problem
	if resp.Header.Get("Content-Type") != problemContent || json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p) != nil {
		return fmt.Errorf("the server answered %s; is --admin its admin listener?", resp.Status)
	}
	text := strings.Join(append([]string{cmp.Or(p.Detail, p.Code)}, p.Errors...), "; ")
	if p.Status == http.StatusUnauthorized {
		text += "; set " + tokenVariable
	}
	return errors.New(text)
}

// ask reads the answer into out, if that is not nil, and returns it as it came.
func (c *adminClient) ask(ctx context.Context, method, path string, body, out any) ([]byte, error) {
	resp, err := c.open(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err == nil && out != nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer of the server: %w", err)
	}
	return b, nil
}
