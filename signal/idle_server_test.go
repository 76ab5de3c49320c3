package signal

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
)

// idleChild is the variable that makes a process of the tests' own program run
// serveIdle.
const idleChild = "SWITCHYARD_IDLE_SERVER"

// serveIdle is a server in a process of its own, so that its memory is its own.
// It says where it listens, and for each line that it reads how many sockets it
// has, when it has collected its garbage.
func serveIdle() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := NewServer(Options{Namespaces: map[string]Handlers{"/": {OnConnect: func(_ context.Context, s *Socket) error {
		s.Join("room")
		return nil
	}}}})
	fmt.Println(l.Addr())
	go func() { panic(http.Serve(l, s)) }()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		runtime.GC()
		debug.FreeOSMemory()
		fmt.Println("collected", len(s.Of("/").Sockets()))
	}
}
