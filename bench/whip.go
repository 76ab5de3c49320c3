package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// whip is a Target that speaks WHIP (RFC 9725) and WHEP: a client publishes or
// plays, and who plays receives what its resource sends.
type whip struct{ publish, play string } // URLs, %s is the room

type whipJoined struct {
	answer    string
	resource  string
	published []string
}

// Join implements Target.
func (w whip) Join(ctx context.Context, who Joiner) (Joined, error) {
	if len(who.Tracks) > 0 && who.Slots > 0 {
		return nil, fmt.Errorf("bench: a WHIP client sends or receives, not both")
	}
	target := w.play
	if len(who.Tracks) > 0 {
		target = w.publish
	}
	target = strings.Replace(target, "%s", url.PathEscape(who.Room), 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(who.Offer))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	r.Header.Set("Content-Type", "application/sdp")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("bench: POST %s: %w", target, err)
	}
	if got.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("bench: POST %s: %s: %.200s", target, got.Status, body)
	}
	j := &whipJoined{answer: string(body)}
	if at, err := got.Location(); err == nil {
		j.resource = at.String()
	}
	for i := range who.Tracks {
		j.published = append(j.published, fmt.Sprint(who.Room, "/", i))
	}
	return j, nil
}

// Answer implements Joined.
func (j *whipJoined) Answer() string { return j.answer }

// Published implements Joined.
func (j *whipJoined) Published() []string { return j.published }

// Subscribe implements Joined: who plays receives without asking.
func (j *whipJoined) Subscribe(context.Context, []string) error { return nil }

// Close implements Joined.
func (j *whipJoined) Close() {
	if j.resource == "" {
		return
	}
	r, err := http.NewRequest(http.MethodDelete, j.resource, nil)
	if err != nil {
		return
	}
	if got, err := http.DefaultClient.Do(r); err == nil {
		got.Body.Close()
	}
}
