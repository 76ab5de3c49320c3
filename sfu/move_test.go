package sfu_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Peers that move from worker to worker under load, the publisher too, while
// others come and go: everybody gets every packet once.
func TestMoveUnderLoad(t *testing.T) {
	s := listenWith(t, sfu.Config{Workers: 4})
	if s.Workers() == 1 {
		t.Log("the system shares no ports: there is nowhere to move to")
	}
	pub := newClient(t, s, clientOptions{})
	cam := &camera{track: pub.publish("video/VP8")}
	pub.negotiate()
	peers := []*sfu.Peer{pub.peer}
	var clients []*client
	for range 6 {
		c := newClient(t, s, clientOptions{})
		c.slots(video, 1)
		c.negotiate()
		subscribe(t, c, pub.publication(video))
		clients, peers = append(clients, c), append(peers, c.peer)
	}
	stop := make(chan struct{})
	moved := make(chan int)
	go func() {
		random := rand.New(rand.NewPCG(3, 3))
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		n := 0
		for {
			select {
			case <-tick.C:
				if s.Move(peers[random.IntN(len(peers))], random.IntN(s.Workers())) {
					n++
				}
			case <-stop:
				moved <- n
				return
			}
		}
	}()
	const packets = 600
	for range 3 {
		guest := newClient(t, s, clientOptions{})
		guest.slots(video, 1)
		guest.negotiate()
		subscribe(t, guest, pub.publication(video))
		pace(t, cam, packets/3)
		guest.sink()
		guest.peer.Close()
	}
	close(stop)
	if n := <-moved; n < 50 && s.Workers() > 1 {
		t.Errorf("%d moves", n)
	}
	for i, c := range clients {
		seen := make(map[uint32]int)
		for _, p := range c.sink().wait(t, packets) {
			seen[count(p)]++
		}
		for n := range uint32(packets) {
			if seen[n] != 1 {
				t.Errorf("subscriber %d got packet %d %d times", i, n, seen[n])
			}
		}
	}
}
