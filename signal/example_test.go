package signal_test

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/switchyard-rtc/switchyard/signal"
)

// A chat: who joins a room hears what is said in it, and catches up after a
// lost connection.
func Example() {
	type join struct{ Room string }
	type say struct{ Room, Text string }
	server := signal.NewServer(signal.Options{
		Namespaces: map[string]signal.Handlers{"/": {
			OnConnect: func(_ context.Context, s *signal.Socket) error {
				signal.Handle(s, "join", func(_ context.Context, j join) (bool, error) {
					s.Join(j.Room)
					return true, nil
				})
				signal.Handle(s, "say", func(_ context.Context, m say) (bool, error) {
					return true, s.To(m.Room).Emit("said", m.Text)
				})
				return nil
			},
			OnDisconnecting: func(s *signal.Socket, reason string) {
				_ = s.To(s.Rooms()...).Emit("left", s.ID())
			},
		}},
		Recovery: signal.Recovery{Window: 2 * time.Minute},
	})
	http.Handle("/socket.io/", server)
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}

// Middleware sees every event; here it tells how long handlers take.
func ExampleMiddleware() {
	timed := func(ctx context.Context, s *signal.Socket, event string, args signal.Args, next signal.Handler) ([]any, error) {
		began := time.Now()
		ack, err := next(ctx, args)
		log.Println(s.ID(), event, time.Since(began), err)
		return ack, err
	}
	signal.NewServer(signal.Options{Namespaces: map[string]signal.Handlers{
		"/": {Middleware: []signal.Middleware{timed}},
	}})
}

// A server asks a client, and waits for its answer for 5 s.
func ExampleSocket_Call() {
	confirm := func(ctx context.Context, s *signal.Socket) (yes bool, err error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		answer, err := s.Call(ctx, "confirm", "Delete everything?")
		if err != nil {
			return false, err
		}
		return yes, answer.Decode(0, &yes)
	}
	_ = confirm
}
