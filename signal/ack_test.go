package signal

import (
	"context"
	"encoding/json"
	"testing"
)

// full is a refusal that says more.
type full struct{ coded }

func (full) Details() map[string]any { return map[string]any{"url": "https://other.example", "n": 1} }

func TestRefusalsMaySayMore(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.Handle("x", func(context.Context, json.RawMessage) (any, error) { return nil, full{} })
		return nil
	}}))
	c := join(t, url)
	c.write(`421["x"]`)
	c.want(`431[{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500,"n":1,"url":"https://other.example"}]`)
}

func TestTheEmptyNameHandlesTheRest(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.Handle("known", func(context.Context, json.RawMessage) (any, error) { return 1, nil })
		s.Handle("", func(context.Context, json.RawMessage) (any, error) { return 2, nil })
		return nil
	}}))
	c := join(t, url)
	for in, want := range map[string]string{`421["known"]`: `431[1]`, `422["unknown"]`: `432[2]`, `423[""]`: `433[2]`} {
		c.write(in)
		c.want(want)
	}
}

func TestAfterAckComesAfterTheAcknowledgement(t *testing.T) {
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.Handle("x", func(context.Context, json.RawMessage) (any, error) {
			s.AfterAck(func() { _ = s.Emit("after", 1) })
			s.AfterAck(func() { _ = s.Emit("after", 2) })
			return "ack", s.Emit("before", 0)
		})
		s.Handle("refused", func(context.Context, json.RawMessage) (any, error) {
			s.AfterAck(func() { _ = s.Emit("after", 3) })
			return nil, coded{}
		})
		return nil
	}}))
	c := join(t, url)
	c.write(`421["x"]`)
	for _, want := range []string{`42["before",0]`, `431["ack"]`, `42["after",1]`, `42["after",2]`} {
		c.want(want)
	}
	c.write(`42["x"]`) // wants no acknowledgement
	for _, want := range []string{`42["before",0]`, `42["after",1]`, `42["after",2]`} {
		c.want(want)
	}
	c.write(`422["refused"]`)
	c.want(`432[{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500}]`)
	c.want(`42["after",3]`)
}
