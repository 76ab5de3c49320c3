package adaptertest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/switchyard-rtc/switchyard/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) { Run(t, signal.Memory) }

// The checks of a cluster hold for servers that share a process, and deliver to
// each other later, as those do that share a network.
func TestBus(t *testing.T) {
	RunCluster(t, func(_ *testing.T, servers int) []signal.Adapter {
		b := &bus{nodes: make(map[string]map[*node]bool)}
		var all []signal.Adapter
		for range servers {
			all = append(all, b)
		}
		return all
	})
}

// bus connects servers in one process.
type bus struct {
	// Guarded by mu.
	mu    sync.Mutex
	nodes map[string]map[*node]bool // by namespace
}

// node is a namespace of one server.
type node struct {
	signal.Rooms // of the server alone
	bus          *bus
	namespace    string
	inbox        chan func()
	work         sync.WaitGroup
	asking       sync.WaitGroup
}

func (b *bus) Open(namespace string, local signal.Local) signal.Rooms {
	n := &node{Rooms: signal.Memory().Open(namespace, local), bus: b, namespace: namespace, inbox: make(chan func(), 10_000)}
	n.work.Go(func() {
		for do := range n.inbox {
			do()
		}
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.nodes[namespace] == nil {
		b.nodes[namespace] = make(map[*node]bool)
	}
	b.nodes[namespace][n] = true
	return n
}

// tell has all servers do something, each in its own time, and returns how many
// there are.
func (n *node) tell(do func(signal.Rooms)) int {
	n.bus.mu.Lock()
	defer n.bus.mu.Unlock()
	for other := range n.bus.nodes[n.namespace] {
		other.inbox <- func() { do(other.Rooms) }
	}
	return len(n.bus.nodes[n.namespace])
}

func (n *node) Broadcast(to signal.Target, p signal.Packet) {
	n.tell(func(r signal.Rooms) { r.Broadcast(to, p) })
}

func (n *node) Order(to signal.Target, o signal.Order) {
	n.tell(func(r signal.Rooms) { r.Order(to, o) })
}

func (n *node) Ask(ctx context.Context, to signal.Target, p signal.Packet, ack func(string, signal.Packet)) error {
	type answer struct {
		id  string
		ack signal.Packet
		end bool // all of a server
		err error
	}
	answers := make(chan answer, 1000)
	servers := n.tell(func(r signal.Rooms) {
		n.asking.Go(func() {
			err := r.Ask(ctx, to, p, func(id string, p signal.Packet) { answers <- answer{id: id, ack: p} })
			answers <- answer{end: true, err: err}
		})
	})
	var err error
	for servers > 0 {
		a := <-answers
		if !a.end {
			ack(a.id, a.ack)
			continue
		}
		servers--
		err = errors.Join(err, a.err)
	}
	return err
}

func (n *node) Fetch(ctx context.Context, to signal.Target) ([]signal.Remote, error) {
	answers := make(chan []signal.Remote, 10)
	servers := n.tell(func(r signal.Rooms) {
		part, _ := r.Fetch(ctx, to)
		answers <- part
	})
	var all []signal.Remote
	for range servers {
		all = append(all, <-answers...)
	}
	return all, nil
}

func (n *node) All() []string { return n.union(signal.Rooms.All) }

func (n *node) Sockets(to signal.Target) []string {
	return n.union(func(r signal.Rooms) []string { return r.Sockets(to) })
}

// union asks all servers.
func (n *node) union(list func(signal.Rooms) []string) (all []string) {
	n.bus.mu.Lock()
	defer n.bus.mu.Unlock()
	seen := make(map[string]bool)
	for other := range n.bus.nodes[n.namespace] {
		for _, s := range list(other.Rooms) {
			if !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	return all
}

func (n *node) Close() {
	n.bus.mu.Lock()
	delete(n.bus.nodes[n.namespace], n)
	close(n.inbox)
	n.bus.mu.Unlock()
	n.work.Wait()
	n.asking.Wait()
}
