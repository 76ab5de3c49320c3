package signal

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestAttachmentsTravelBothWays(t *testing.T) {
	got := make(chan []byte, 1)
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("upload", func(_ context.Context, a Args) ([]any, error) {
			var file struct {
				Name string `json:"name"`
				Body []byte `json:"body"`
			}
			err := a.Decode(0, &file)
			got <- file.Body
			return a.Values(), err
		})
		return s.EmitArgs("hello", []byte{1, 2}, map[string]any{"b": []byte{3}})
	}}))
	c := join(t, url)
	c.want(`452-["hello",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]`)
	c.want("\x01\x02")
	c.want("\x03")
	c.write(`451-7["upload",{"name":"n","body":{"_placeholder":true,"num":0}}]`)
	c.send(websocket.MessageBinary, "contents")
	if b := wait(t, got); !bytes.Equal(b, []byte("contents")) {
		t.Errorf("got %q", b)
	}
	c.want(`461-7[{"body":{"_placeholder":true,"num":0},"name":"n"}]`)
	c.want("contents")
}

// An event may name many attachments and never send them, or huge ones: neither
// may cost memory.
func TestCVE_2020_36049_AttachmentsAreBounded(t *testing.T) {
	o := root(Handlers{})
	o.MaxPayload = 1000
	_, url := start(t, o)
	c := join(t, url)
	c.write(`4511-["x"]`)
	c.wantClosed()
	c = join(t, url)
	c.write(`452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	c.send(websocket.MessageBinary, strings.Repeat("x", 900))
	c.send(websocket.MessageBinary, strings.Repeat("x", 900))
	c.wantClosed()
}

// A placeholder that names no attachment ends the connection, and nothing else.
func TestCVE_2022_2421_PlaceholdersAreChecked(t *testing.T) {
	called := make(chan struct{}, 1)
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("x", func(context.Context, Args) ([]any, error) { called <- struct{}{}; return nil, nil })
		return nil
	}}))
	c := join(t, url)
	c.write(`451-["x",{"_placeholder":true,"num":"splice"}]`)
	c.send(websocket.MessageBinary, "x")
	c.wantClosed()
	if len(called) != 0 {
		t.Error("the handler was called")
	}
}
