package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

func TestEventsComeInOrder(t *testing.T) {
	const many = 500
	_, url := start(t, func(s *signal.Socket) error {
		s.On("go", func(context.Context, signal.Args) ([]any, error) {
			for i := range many {
				if err := s.EmitArgs("n", i, "x"); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		return nil
	})
	got := make(chan int, many)
	c := dial(t, url, client.Options{OnEvent: func(event string, a client.Args) []any {
		var n int
		if err := a.Decode(0, &n); err != nil || event != "n" || a.Len() != 2 {
			t.Errorf("%s with %d arguments: %v", event, a.Len(), err)
		}
		got <- n
		return nil
	}})
	if err := c.Emit("go"); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if n := wait(t, got); n != i {
			t.Fatalf("got %d, want %d", n, i)
		}
	}
}

func TestAcknowledgementsToTheServer(t *testing.T) {
	answers := make(chan string, 3)
	_, url := start(t, func(s *signal.Socket) error {
		s.On("ask", func(ctx context.Context, _ signal.Args) ([]any, error) {
			for _, question := range []string{"sum", "bytes", "nothing"} {
				a, err := s.Call(ctx, question, 1, 2)
				if err != nil {
					return nil, err
				}
				var first any
				_ = a.Decode(0, &first) // one has none
				answers <- fmt.Sprintf("%d %v", a.Len(), first)
			}
			return nil, nil
		})
		return nil
	})
	c := dial(t, url, client.Options{OnEvent: func(event string, a client.Args) []any {
		switch event {
		case "sum":
			var x, y int
			if a.Decode(0, &x) != nil || a.Decode(1, &y) != nil {
				t.Error("no numbers")
			}
			return []any{x + y}
		case "bytes":
			return []any{[]byte{7, 8}, "more"}
		}
		return nil
	}})
	if err := c.Emit("ask"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 3", "2 [7 8]", "0 <nil>"} {
		if got := wait(t, answers); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOnEventMayCall(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return s.Emit("question", 42)
	})
	var c *client.Client
	ready, got := make(chan struct{}), make(chan int, 1)
	c = dial(t, url, client.Options{OnEvent: func(_ string, a client.Args) []any {
		<-ready // Dial may not have returned
		var n int
		if err := a.Decode(0, &n); err != nil {
			t.Error(err)
		}
		back, err := c.Call(within(t), "echo", n+1)
		if err != nil || back.Decode(0, &n) != nil {
			t.Errorf("Call: %v", err)
		}
		got <- n
		return nil
	}})
	close(ready)
	if n := wait(t, got); n != 43 {
		t.Errorf("got %d", n)
	}
}

func TestAttachmentsTravelBothWays(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return s.EmitArgs("file", map[string]any{"name": "n", "body": []byte("contents")}, []byte{})
	})
	got := make(chan string, 1)
	c := dial(t, url, client.Options{OnEvent: func(_ string, a client.Args) []any {
		var file struct {
			Name string `json:"name"`
			Body []byte `json:"body"`
		}
		if err := a.Decode(0, &file); err != nil {
			t.Error(err)
		}
		got <- file.Name + " " + string(file.Body)
		return nil
	}})
	if s := wait(t, got); s != "n contents" {
		t.Errorf("got %q", s)
	}
	mine := []byte("mine")
	a, err := c.Call(within(t), "echo", mine, map[string]any{"list": []any{[]byte{1}, 2}}, 3)
	if err != nil || a.Len() != 3 {
		t.Fatalf("Call: %d, %v", a.Len(), err)
	}
	var first []byte
	if err := a.Decode(0, &first); err != nil || !bytes.Equal(first, mine) {
		t.Errorf("first is %q, %v", first, err)
	}
	var second any
	want := map[string]any{"list": []any{[]byte{1}, json.Number("2")}}
	if err := a.Decode(1, &second); err != nil || !reflect.DeepEqual(second, want) {
		t.Errorf("second is %v, %v", second, err)
	}
	if err := a.Decode(2, &first); err == nil || !strings.HasPrefix(err.Error(), "sio: argument 2: ") {
		t.Errorf("a number as bytes: %v", err)
	}
	for _, i := range []int{-1, 3} {
		if err := a.Decode(i, &second); err != client.ErrNoArgument {
			t.Errorf("argument %d: %v", i, err)
		}
	}
}

func TestThousandCallsAtOnce(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return nil
	})
	c := dial(t, url, client.Options{})
	ctx := within(t)
	var calls sync.WaitGroup
	for i := range 1000 {
		calls.Go(func() {
			var n int
			a, err := c.Call(ctx, "echo", i)
			if err != nil || a.Decode(0, &n) != nil || n != i {
				t.Errorf("call %d: got %d, %v", i, n, err)
			}
		})
	}
	calls.Wait()
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return nil
	})
	c := dial(t, url, client.Options{})
	attached := make([]any, 11)
	for i := range attached {
		attached[i] = []byte{1}
	}
	for _, tt := range []struct {
		name  string
		event string
		args  []any
		want  error
	}{
		{"reserved", "disconnect", nil, client.ErrReserved},
		{"large text", "x", []any{strings.Repeat("x", 1_000_000)}, client.ErrTooLarge},
		{"large attachment", "x", []any{make([]byte, 1_000_001)}, client.ErrTooLarge},
		{"many attachments", "x", attached, client.ErrTooLarge},
		{"no JSON", "x", []any{func() {}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := c.Emit(tt.event, tt.args...); err == nil || tt.want != nil && err != tt.want {
				t.Errorf("Emit: got %v, want %v", err, tt.want)
			}
			if _, err := c.Call(within(t), tt.event, tt.args...); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("Call: got %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := c.Call(within(t), "echo"); err != nil {
		t.Errorf("the connection suffered: %v", err)
	}
}

// Contexts of Dial and Call end these, and nothing else.
func TestContexts(t *testing.T) {
	_, url := start(t, func(s *signal.Socket) error {
		s.On("echo", echo)
		return nil
	})
	dialing, dialed := context.WithCancel(t.Context())
	c, err := client.Dial(dialing, url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dialed()
	if _, err := c.Call(within(t), "echo"); err != nil {
		t.Fatalf("the connection ended with the context of Dial: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Call(over, "echo"); !errors.Is(err, context.Canceled) {
		t.Errorf("Call: %v", err)
	}
	if _, err := client.Dial(over, url, client.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
	if _, err := c.Call(within(t), "echo"); err != nil {
		t.Errorf("the connection suffered: %v", err)
	}
}
