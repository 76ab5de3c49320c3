// Command meeting embeds whole rooms in a service of one's own: the page, the
// signalling and the media hang in its HTTP server, and the service decides who
// comes in.
//
//	go run ./examples/meeting
//
// Then open http://127.0.0.1:8090/?room=lounge. Everyone may come in but Mallory.
package main

import (
	"context"
	"log"
	"net/http"
	"net/netip"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/web"
)

func main() {
	media, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:7890")})
	if err != nil {
		log.Fatal(err)
	}
	rooms, err := room.NewServer(room.Config{
		Media:     media,
		Authorize: authorize,
		Hooks: room.Hooks{
			OnJoin:  func(m *room.Member) { log.Printf("%s joined %s", m.Name(), m.Room().Name()) },
			OnLeave: func(m *room.Member, why string) { log.Printf("%s %s", m.Name(), why) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	events := signal.NewServer(signal.Options{Namespaces: map[string]signal.Handlers{
		"/": {OnConnect: func(ctx context.Context, s *signal.Socket) error { return rooms.Bind(ctx, s) }},
	}})

	mux := http.NewServeMux()
	mux.Handle("/socket.io/", events)
	mux.Handle("/files/", rooms.Files())
	mux.Handle("/", room.NewVisitors(nil).Page(web.Handler()))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	log.Print("open http://127.0.0.1:8090/?room=lounge")
	log.Fatal(http.ListenAndServe("127.0.0.1:8090", mux))
}

// authorize is where a service asks its own database.
func authorize(_ context.Context, req room.JoinRequest) (room.Grant, error) {
	if req.Name == "Mallory" {
		return room.Grant{}, room.ErrDenied
	}
	return room.Guest(), nil
}
