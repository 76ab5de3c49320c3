//go:build long

package adaptertest

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Stock clients, over polling and WebSocket and on two servers, answer one that
// asks them all, and go when they are told to.
func TestStockClientsOfServers(t *testing.T) {
	servers, urls := serveTwo(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/cluster.mjs", urls[0], urls[0], urls[1], urls[1])
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "connected\n" {
		t.Errorf("got %q, %v", line, err)
	}
	for _, s := range servers {
		acks, err := s.Of("/").To("room").Call(ctx, "question", 21)
		if err != nil || len(acks) != 4 {
			t.Errorf("%d answered, %v", len(acks), err)
		}
		seen := map[byte]bool{}
		for _, ack := range acks {
			var n int
			var who []byte
			if ack.Args.Decode(0, &n) != nil || ack.Args.Decode(1, &who) != nil || n != 42 || len(who) != 1 || seen[who[0]] {
				t.Errorf("answered %d and %x", n, who)
				continue
			}
			seen[who[0]] = true
		}
	}
	all, err := servers[1].Of("/").To().Fetch(ctx)
	if err != nil || len(all) != 4 {
		t.Errorf("fetched %d, %v", len(all), err)
	}
	servers[1].Of("/").To("room").Join("more")
	sees(t, "more", func() []string { return servers[0].Of("/").To("more").Sockets() }, servers[0].Of("/").To("room").Sockets()...)
	servers[0].Of("/").To("more").Disconnect(true)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
	sees(t, "nobody", func() []string { return servers[0].Of("/").To("room").Sockets() })
}
