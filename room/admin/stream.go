package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/switchyard-rtc/switchyard/room"
)

const (
	// streamPing is how often a stream without events shows that it is there.
	streamPing = 15 * time.Second
	// streamWrite is how long a listener may take to read what it is sent.
	streamWrite = 10 * time.Second
)

type streamInput struct {
	Room string `query:"room" maxLength:"64" doc:"only what happens in it"`
	Last string `header:"Last-Event-ID" maxLength:"64" doc:"go on after this one"`
}

func (a *api) addEvents() {
	op := a.describe(operation{"events", table.Events, 0})
	op.Description += " The names of events are those of Notice, their data is a Notice; missed says that some were forgotten."
	a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[room.Notice](), true, "Notice")
	op.Responses["200"] = &huma.Response{
		Description: "OK",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}
	huma.Register(a, op, func(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
		granted := rightOf(ctx)
		if in.Room != "" && !granted.over(in.Room) {
			return nil, refusal("forbidden", "the token lacks can.moderate for the room")
		}
		wants := func(name string) bool { return granted.over(name) && (in.Room == "" || in.Room == name) }
		return &huma.StreamResponse{Body: func(c huma.Context) {
			_, w := humago.Unwrap(c)
			ctx := c.Context()
			if !granted.until.IsZero() {
				left, cancel := context.WithTimeout(ctx, granted.until.Sub(a.cfg.Access.cfg.Now()))
				defer cancel()
				ctx = left
			}
			a.stream(ctx, w, wants, in.Last)
		}}, nil
	})
}

// stream tells a listener what happens until ctx ends, or it is too slow.
func (a *api) stream(ctx context.Context, w http.ResponseWriter, wants func(string) bool, last string) {
	l, before, missed := a.cfg.Events.listen(wants, last)
	defer a.cfg.Events.leave(l)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	s := sender{w, http.NewResponseController(w)}
	if missed {
		s.send("event: missed\ndata: {}\n\n")
	}
	s.send(": listening\n\n")
	for _, e := range before {
		s.tell(e)
	}
	ping := time.NewTicker(streamPing)
	defer ping.Stop()
	for {
		ok := true
		select {
		case e, more := <-l.events:
			ok = more && s.tell(e)
		case <-ping.C:
			ok = s.send(": ping\n\n")
		case <-ctx.Done():
			return
		}
		if !ok {
			return
		}
	}
}

// sender writes server-sent events.
type sender struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (s sender) tell(e event) bool {
	b, err := json.Marshal(e.notice)
	return err == nil && s.send(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", e.id, e.notice.Event, b))
}

// send returns false if the listener is gone.
func (s sender) send(text string) bool {
	_ = s.c.SetWriteDeadline(time.Now().Add(streamWrite)) // or there are none, in tests
	_, err := s.w.Write([]byte(text))
	return err == nil && s.c.Flush() == nil
}
