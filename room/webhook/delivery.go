package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	tries       = 8
	firstWait   = 5 * time.Second
	longestWait = time.Hour
	waitFactor  = 4
	answerIn    = 15 * time.Second // of a receiver
	mostAnswer  = 64 << 10         // bytes of an answer that are read
)

// delivery is one notice on its way to one hook.
type delivery struct {
	id, url, room string
	body          []byte
	tries         int       // so far
	due           time.Time // of the next one; zero is at once
	over          bool
}

// payload is the body of a request.
type payload struct {
	Type      string      `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Data      room.Notice `json:"data"`
}

func bodyOf(n room.Notice) []byte {
	b, err := json.Marshal(payload{n.Event, n.Time, n})
	if err != nil {
		panic("webhook: a notice is no JSON: " + err.Error())
	}
	return b
}

// backOff is how long to wait after so many tries: 5 s, 20 s, 80 s, about 5 and 21
// minutes, then an hour. Spread, of 0 to 255, adds up to a quarter, so that not
// everything comes at once; but it never is more than an hour.
func backOff(tries int, spread byte) time.Duration {
	wait := firstWait
	for range tries - 1 {
		wait = min(longestWait, wait*waitFactor)
	}
	return min(longestWait, wait+wait*time.Duration(spread)/1024)
}

// errGone is for a receiver that wants no more of this.
var errGone = errors.New("it answered 410")

// post tries once. It fails with errGone if there is no use in trying again.
func post(ctx context.Context, client *http.Client, h *hook, d *delivery, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(d.body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "switchyard")
	r.Header["webhook-id"] = []string{d.id}
	r.Header["webhook-timestamp"] = []string{strconv.FormatInt(now.Unix(), 10)}
	r.Header["webhook-signature"] = []string{sign(h.key, d.id, now, d.body)}
	resp, err := client.Do(r)
	if err != nil {
		return cause(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, mostAnswer) // what comes then is of no interest
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return nil
	case resp.StatusCode == http.StatusGone:
		return errGone
	}
	return fmt.Errorf("it answered %d", resp.StatusCode)
}

// cause is an error without the URL, which may hold a secret.
func cause(err error) error {
	if errors.Is(err, errAddress) {
		return errAddress
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
