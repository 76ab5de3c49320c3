//go:build long

package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The stock client upgrades again and again in a network that does what it
// likes; what was acknowledged came once and in order.
func TestStockClientInAStorm(t *testing.T) {
	const seconds = 20
	h := &host{up: make(map[string]*ledger), down: make(map[string]*ledger)}
	args := []string{"testdata/storm.mjs", "", fmt.Sprint(seconds)}
	for i := range 8 {
		name := fmt.Sprint("node ", i)
		h.up[name], h.down[name] = newLedger(), newLedger()
		args = append(args, name)
	}
	o := root(Handlers{OnConnect: h.connected})
	o.PingInterval, o.PingTimeout, o.ConnectTimeout = time.Second, 2*time.Second, 5*time.Second
	s, url := start(t, o)
	at, _, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	weather := storm(t, at, 8)
	args[1] = "http://" + weather.l.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), (seconds+30)*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var acked map[string][]int
	if err := json.Unmarshal(out, &acked); err != nil {
		t.Fatalf("%v in %.200q", err, out)
	}
	total := 0
	for name, l := range h.up {
		for _, n := range acked[name] {
			l.acknowledged(n)
		}
		total += l.check(t, name)
	}
	t.Logf("%d events were acknowledged, %s; the storm: %v", total, strings.TrimSpace(said.String()), weather.harm)
	if total < 300 || weather.harm["cut"] < 10 {
		t.Error("that was no storm, or nobody got through")
	}
	close(weather.calm)
	empty(t, s)
	h.work.Wait()
}
