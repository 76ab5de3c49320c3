package adaptertest

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

// serveTwo runs two servers that share rooms.
func serveTwo(t *testing.T) (servers []*signal.Server, urls []string) {
	b := &bus{nodes: make(map[string]map[*node]bool)}
	for range 2 {
		s := signal.NewServer(signal.Options{
			Adapter: b,
			Namespaces: map[string]signal.Handlers{"/": {OnConnect: func(_ context.Context, s *signal.Socket) error {
				s.Join("room")
				return s.SetData(s.Auth())
			}}},
			Logger: slog.New(slog.DiscardHandler),
		})
		h := httptest.NewServer(s)
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := s.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			h.Close()
		})
		servers, urls = append(servers, s), append(urls, h.URL)
	}
	return servers, urls
}

// What one server asks, orders and fetches comes to the clients of both.
func TestServersShareSockets(t *testing.T) {
	servers, urls := serveTwo(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var clients []*client.Client
	for i, url := range urls {
		name := []string{"a", "b"}[i]
		c, err := client.Dial(ctx, url, client.Options{
			Auth: map[string]any{"name": name},
			OnEvent: func(_ string, a client.Args) []any {
				var n int
				err := a.Decode(0, &n)
				return []any{name, n, []byte{1}, err == nil}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clients = append(clients, c)
	}
	room := servers[0].Of("/").To("room")
	acks, err := room.Call(ctx, "question", 7)
	if err != nil || len(acks) != 2 {
		t.Fatalf("got %d answers, %v", len(acks), err)
	}
	for _, ack := range acks {
		var (
			name  string
			n     int
			bytes []byte
		)
		if err := errors.Join(ack.Args.Decode(0, &name), ack.Args.Decode(1, &n), ack.Args.Decode(2, &bytes)); err != nil || n != 7 || len(bytes) != 1 {
			t.Errorf("%s answered %q, %d, %x, %v", ack.Socket, name, n, bytes, err)
		}
	}
	room.Join("more")
	sees(t, "more", servers[1].Of("/").To("more").Sockets, room.Sockets()...)
	all, err := room.Fetch(ctx)
	if err != nil || len(all) != 2 {
		t.Errorf("fetched %d, %v", len(all), err)
	}
	for _, r := range all {
		if len(r.Rooms) != 3 || !slices.Contains([]string{`{"name":"a"}`, `{"name":"b"}`}, string(r.Data)) {
			t.Errorf("fetched %+v", r)
		}
	}
	room.Leave("more")
	sees(t, "nobody", servers[1].Of("/").To("more").Sockets)
	room.Disconnect(true)
	for _, c := range clients {
		<-c.Done()
	}
	sees(t, "nobody", room.Sockets)
}
