package adaptertest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
)

// RunCluster checks adapters that spread rooms over servers: open returns those
// of so many servers of one new cluster. It runs [Run] as well.
func RunCluster(t *testing.T, open func(t *testing.T, servers int) []signal.Adapter) {
	Run(t, func() signal.Adapter { return open(t, 1)[0] })
	for name, check := range map[string]func(*testing.T, []signal.Adapter){
		"rooms": clusterRooms, "broadcast": clusterBroadcast, "packets": clusterPackets, "order": clusterOrder,
		"close": clusterClose, "concurrent": clusterConcurrent,
		"acknowledgements": clusterAcknowledgements, "orders": clusterOrders, "descriptions": clusterDescriptions,
	} {
		t.Run("cluster "+name, func(t *testing.T) { check(t, open(t, 3)) })
	}
}

// clusterRooms checks that all servers see the same.
func clusterRooms(t *testing.T, adapters []signal.Adapter) {
	var all []*server
	for i, a := range adapters {
		s := connect(t, a, "/")
		id := strconv.Itoa(i)
		s.Join(id, id, "room", "room of "+id)
		all = append(all, s)
	}
	for i, s := range all {
		sees(t, "sockets", s.in(), "0", "1", "2")
		sees(t, "in the room", s.in("room"), "0", "1", "2")
		sees(t, "in a room of one server", s.in("room of 1"), "1")
		sees(t, "all rooms", s.All, "0", "1", "2", "room", "room of 0", "room of 1", "room of 2")
		equal(t, "rooms of its own socket", s.Of(strconv.Itoa(i)), strconv.Itoa(i), "room", fmt.Sprint("room of ", i))
	}
	all[1].Leave("1", "room")
	all[2].LeaveAll("2")
	for _, s := range all {
		sees(t, "in the room later", s.in("room"), "0")
		sees(t, "sockets later", s.in(), "0", "1")
		sees(t, "all rooms later", s.All, "0", "1", "room", "room of 0", "room of 1")
	}
}

// clusterBroadcast checks who gets what, wherever it is.
func clusterBroadcast(t *testing.T, adapters []signal.Adapter) {
	one, two, three := connect(t, adapters[0], "/"), connect(t, adapters[1], "/"), connect(t, adapters[2], "/")
	chat := connect(t, adapters[1], "/chat")
	chat.Join("e", "e", "red")
	spread(one, two)
	reach(t, one, two)
	three.Broadcast(signal.Target{Rooms: []string{"red"}}, text("from afar"))
	equal(t, "a", three.got(one, "a"), "from afar")
	equal(t, "b", three.got(two, "b"), "from afar")
	equal(t, "c", three.got(one, "c"))
	equal(t, "another namespace", chat.got(chat, "e"))
}

func clusterPackets(t *testing.T, adapters []signal.Adapter) {
	from, to := connect(t, adapters[0], "/"), connect(t, adapters[1], "/")
	to.Join("a", "a")
	sees(t, "a", from.in("a"), "a")
	carry(t, from, to)
}

func clusterOrder(t *testing.T, adapters []signal.Adapter) {
	from, to := connect(t, adapters[0], "/"), connect(t, adapters[1], "/")
	to.Join("a", "a", "room")
	sees(t, "a", from.in("a"), "a")
	follow(t, from, to)
}

// clusterClose checks that a server which leaves is missed by nobody.
func clusterClose(t *testing.T, adapters []signal.Adapter) {
	stays, goes := connect(t, adapters[0], "/"), connect(t, adapters[1], "/")
	stays.Join("a", "a", "room")
	goes.Join("b", "b", "room")
	sees(t, "both", stays.in("room"), "a", "b")
	goes.LeaveAll("b") // as a server does whose sockets have ended
	goes.Close()
	sees(t, "who stays", stays.in("room"), "a")
	stays.Broadcast(signal.Target{Rooms: []string{"room"}}, text("x"))
	equal(t, "who stays", stays.got(stays, "a"), "x")
	back := connect(t, adapters[1], "/") // it may open again
	back.Join("c", "c", "room")
	sees(t, "who came", stays.in("room"), "a", "c")
}

// clusterConcurrent has all servers send at once: each socket gets everything of
// everybody, once, and in the order of each sender.
func clusterConcurrent(t *testing.T, adapters []signal.Adapter) {
	const n = 200
	var all []*server
	for i, a := range adapters {
		s := connect(t, a, "/")
		s.Join(strconv.Itoa(i), strconv.Itoa(i), "room")
		all = append(all, s)
	}
	for _, s := range all {
		sees(t, "the room", s.in("room"), "0", "1", "2")
	}
	var sending sync.WaitGroup
	for i, s := range all {
		sending.Go(func() {
			for j := range n {
				s.Broadcast(signal.Target{Rooms: []string{"room"}}, text(fmt.Sprintf("%d %03d", i, j)))
			}
			s.Broadcast(signal.Target{Rooms: []string{"room"}}, text(fence))
		})
	}
	sending.Wait()
	for i, s := range all {
		var got []string
		for range all { // each of which says when it is done
			got = append(got, s.until(strconv.Itoa(i))...)
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(got))); len(got) != 3*n || len(sorted) != 3*n {
			t.Errorf("socket %d got %d packets, %d of them different, want %d", i, len(got), len(sorted), 3*n)
		}
		last := map[byte]string{}
		for _, g := range got {
			if g <= last[g[0]] {
				t.Fatalf("socket %d got %q after %q", i, g, last[g[0]])
			}
			last[g[0]] = g
		}
	}
}
