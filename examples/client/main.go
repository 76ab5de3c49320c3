// Command client serves a meeting page of one's own, index.html beside this file,
// which is made with the client library in 30 lines.
//
//	go run ./examples/client
//
// Then open http://127.0.0.1:8091/?room=lounge&name=Ana in two tabs.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
	"github.com/switchyard-rtc/switchyard/signal"
	"github.com/switchyard-rtc/switchyard/web"
)

//go:embed index.html
var page []byte

func main() {
	addr := flag.String("http", "127.0.0.1:8091", "where to serve the page")
	flag.Parse()
	media, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		log.Fatal(err)
	}
	rooms, err := room.NewServer(room.Config{Media: media})
	if err != nil {
		log.Fatal(err)
	}
	events := signal.NewServer(signal.Options{Namespaces: map[string]signal.Handlers{
		"/": {OnConnect: func(ctx context.Context, s *signal.Socket) error { return rooms.Bind(ctx, s) }},
	}})

	mux := http.NewServeMux()
	mux.Handle("/socket.io/", events)
	mux.Handle("/lib/", web.Handler()) // the library, as it is in the binary
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // an error means that the browser went away
	})
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("open http://%v/?room=lounge\n", l.Addr())
	log.Fatal(http.Serve(l, mux))
}
