package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/switchyard-rtc/switchyard/signal/client"
)

// Target is a server under test: how clients make their offers known to it.
type Target interface {
	// Join carries the offer of one client into a room and returns what became
	// of it.
	Join(ctx context.Context, who Joiner) (Joined, error)
}

// Joiner is a client that joins.
type Joiner struct {
	Room, Name string
	Offer      string
	Tracks     []JoinerTrack // in the order of the offer's send sections
	Slots      int           // receive-only sections of the offer
	HTTP       *http.Client  // for signalling; nil for the usual one
}

// JoinerTrack is a track that a client publishes.
type JoinerTrack struct {
	MID   string
	Audio bool
}

// Joined is a client that is in a room.
type Joined interface {
	// Answer is the answer to the offer.
	Answer() string
	// Published names the published tracks, in the order of Joiner.Tracks.
	Published() []string
	// Subscribe asks for tracks of others by their names.
	Subscribe(ctx context.Context, tracks []string) error
	// Close leaves.
	Close()
}

// switchyard is a Target that speaks switchyard/1; see docs/protocol.md.
type switchyard struct{ url string }

type switchyardJoined struct {
	socket    *client.Client
	answer    string
	published []string
}

// Join implements Target.
func (s switchyard) Join(ctx context.Context, who Joiner) (Joined, error) {
	socket, err := client.Dial(ctx, s.url, client.Options{HTTPClient: who.HTTP})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	publish := []map[string]any{}
	for i, t := range who.Tracks {
		kind, source := "video", "camera"
		if t.Audio {
			kind, source = "audio", "microphone"
		}
		if i > 1 {
			source = "other"
		}
		publish = append(publish, map[string]any{"mid": t.MID, "kind": kind, "source": source})
	}
	var ack struct {
		refusal
		Answer    string `json:"answer"`
		Published []struct {
			MID         string `json:"mid"`
			Publication string `json:"publication"`
		} `json:"published"`
	}
	err = request(ctx, socket, "join", map[string]any{
		"v": 1, "room": who.Room, "name": who.Name, "offer": who.Offer, "publish": publish,
	}, &ack, &ack.refusal)
	if err != nil {
		socket.Close()
		return nil, err
	}
	j := &switchyardJoined{socket: socket, answer: ack.Answer}
	for _, t := range who.Tracks {
		for _, p := range ack.Published {
			if p.MID == t.MID {
				j.published = append(j.published, p.Publication)
			}
		}
	}
	if len(j.published) != len(who.Tracks) {
		j.Close()
		return nil, fmt.Errorf("bench: the server took %d of %d tracks", len(j.published), len(who.Tracks))
	}
	return j, nil
}

// refusal is the part of an acknowledgement that says no.
type refusal struct {
	OK      bool   `json:"ok"`
	Code    string `json:"code"`
	Message string `json:"message"`
	RetryMS int    `json:"retry_after_ms"`
}

// request sends an event and reads its acknowledgement. Where the server limits
// the rate it waits as long as that says.
func request(ctx context.Context, s *client.Client, event string, arg, ack any, no *refusal) error {
	for {
		*no = refusal{}
		args, err := s.Call(ctx, event, arg)
		if err == nil {
			err = args.Decode(0, ack)
		}
		switch {
		case err != nil:
			return fmt.Errorf("bench: %s: %w", event, err)
		case no.OK:
			return nil
		case no.RetryMS == 0:
			return fmt.Errorf("bench: %s was refused: %s (%s)", event, no.Message, no.Code)
		}
		if err := pause(ctx, time.Duration(no.RetryMS)*time.Millisecond); err != nil {
			return err
		}
	}
}

// Answer implements Joined.
func (j *switchyardJoined) Answer() string { return j.answer }

// Published implements Joined.
func (j *switchyardJoined) Published() []string { return j.published }

// Subscribe implements Joined.
func (j *switchyardJoined) Subscribe(ctx context.Context, tracks []string) error {
	list := make([]map[string]any, 0, len(tracks))
	for _, t := range tracks {
		list = append(list, map[string]any{"id": t, "on": true})
	}
	var ack struct {
		refusal
		Refused []struct {
			ID   string `json:"id"`
			Code string `json:"code"`
		} `json:"refused"`
	}
	err := request(ctx, j.socket, "subscribe", map[string]any{"audio": "list", "publications": list}, &ack, &ack.refusal)
	if err == nil && len(ack.Refused) > 0 {
		err = fmt.Errorf("bench: %d of %d subscriptions were refused, the first with %s",
			len(ack.Refused), len(tracks), ack.Refused[0].Code)
	}
	return err
}

// leave says goodbye, so that the server does not keep the member's place.
func (j *switchyardJoined) leave(ctx context.Context) error {
	var ack refusal
	return request(ctx, j.socket, "leave", struct{}{}, &ack, &ack)
}

// gone tells whether the connection is over.
func (j *switchyardJoined) gone() bool {
	select {
	case <-j.socket.Done():
		return true
	default:
		return false
	}
}

// Close implements Joined.
func (j *switchyardJoined) Close() { j.socket.Close() }
