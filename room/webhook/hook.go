package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/switchyard-rtc/switchyard/room"
)

// MinSecret is how long a secret is at the least, in bytes.
const MinSecret = 24

const secretPrefix = "whsec_" // what follows is in base64

// Hook is one receiver.
type Hook struct {
	// URL is where to POST, http or https.
	URL string
	// Secret is the key of the signatures: at least [MinSecret] bytes as they are,
	// or "whsec_" and the same in base64.
	Secret string
	// Events names what to tell; see [room.NoticeNames]. If empty, everything.
	Events []string
	// AllowPrivate lets the URL lead to this machine or a private network.
	AllowPrivate bool
}

// hook is a Hook that was checked.
type hook struct {
	Hook
	host string // for logs: a path may hold a secret
	key  []byte

	// Owned by the sender's goroutine.
	inFlight int
	waiting  int
	full     bool // too many wait
}

// Check fails as [New] does for hooks that are not usable. Its error shows no
// secret.
func Check(hooks []Hook) error {
	_, err := check(hooks)
	return err
}

// check returns them by URL.
func check(hooks []Hook) (map[string]*hook, error) {
	all := make(map[string]*hook)
	for _, h := range hooks {
		checked, err := h.check()
		if err != nil {
			return nil, err
		}
		if all[h.URL] != nil {
			return nil, fmt.Errorf("webhook: two are for one URL at %q", checked.host)
		}
		all[h.URL] = checked
	}
	return all, nil
}

func (h Hook) check() (*hook, error) {
	u, err := url.Parse(h.URL)
	switch {
	case err != nil:
		return nil, errors.New("webhook: a URL cannot be read") // the reason would quote it
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("webhook: the URL at %q is not http or https", u.Host)
	case u.User != nil:
		return nil, fmt.Errorf("webhook: the URL at %q has a password", u.Host)
	}
	key := []byte(h.Secret)
	if encoded, ok := strings.CutPrefix(h.Secret, secretPrefix); ok {
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, fmt.Errorf("webhook: the secret for %q is not base64 after %s", u.Host, secretPrefix)
		}
	}
	if len(key) < MinSecret {
		return nil, fmt.Errorf("webhook: the secret for %q has %d bytes, and needs %d", u.Host, len(key), MinSecret)
	}
	for _, e := range h.Events {
		if !slices.Contains(room.NoticeNames(), e) {
			return nil, fmt.Errorf("webhook: no event has the name %q; there are %s", e, strings.Join(room.NoticeNames(), ", "))
		}
	}
	return &hook{Hook: h, host: u.Host, key: key}, nil
}

func (h *hook) wants(event string) bool {
	return len(h.Events) == 0 || slices.Contains(h.Events, event)
}
