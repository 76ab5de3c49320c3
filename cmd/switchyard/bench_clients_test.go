//go:build linux

package main

import (
	"math"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/bench"
)

// What subscribers throw away is lost.
func TestForwardDrop(t *testing.T) {
	t.Parallel()
	r := forward(t, "--subscribers 4 --duration 1s --drop 0.2 --reports=false --verify-all")
	if got := r.LossFraction(); math.Abs(got-0.2) > 0.06 || r.Dropped == 0 || r.Repair != nil {
		t.Errorf("lost %.3f, want 0.2; dropped %d, repair %+v", got, r.Dropped, r.Repair)
	}
	if r.Reports != 0 || r.Samples != r.Received {
		t.Errorf("%d reports, %d of %d were opened", r.Reports, r.Samples, r.Received)
	}
}

// It comes all the same if they ask for it, as does what publishers do not send.
func TestForwardRepair(t *testing.T) {
	t.Parallel()
	r := forward(t, "--subscribers 4 --duration 1s --drop 0.05 --nack --drop-sent 0.05")
	p := r.Repair
	if p == nil || p.Repaired == 0 || p.Requested < p.Repaired || p.Resent == 0 || r.Dropped == 0 || r.Withheld == 0 {
		t.Errorf("dropped %d, withheld %d, repair %+v", r.Dropped, r.Withheld, p)
	}
	if r.Lost != 0 && r.Client.Bottleneck == "" {
		t.Errorf("lost %d of %d although all could be repaired", r.Lost, r.Expected)
	}
}

// Subscribers tell what came if they are to and the server agrees.
func TestForwardFeedback(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"switchyard", "pion", "pion-bare"} {
		r := forward(t, "--subscribers 3 --duration 1s --twcc --server "+server)
		if f := r.Feedback; f == nil || f.Members != 3 || f.Messages < 3*10 || f.Packets < r.Received {
			t.Errorf("%s: feedback %+v about %d packets", server, f, r.Received)
		}
	}
	if r := forward(t, "--subscribers 1 --duration 500ms --server pion"); r.Feedback != nil {
		t.Errorf("feedback %+v, but none was to be sent", r.Feedback)
	}
}

// Each member of a meeting sends three encodings, and the sums over them are those of the
// run.
func TestForwardSimulcast(t *testing.T) {
	t.Parallel()
	r := forward(t, "--shape meeting --members 3 --bitrate 1000000 --duration 1s")
	if r.Clients != 3 || r.Subscriptions != 12 || r.Samples != r.Received {
		t.Errorf("%d clients, %d subscriptions, %d of %d were opened", r.Clients, r.Subscriptions, r.Samples, r.Received)
	}
	var names []string
	var all bench.EncodingFigures
	for i, e := range r.Encodings {
		names = append(names, e.RID+" "+e.Size)
		all.Expected += e.Expected
		all.Received += e.Received
		all.ReceivedBytes += e.ReceivedBytes
		if e.Sent == 0 || i > 0 && e.SentBytes >= r.Encodings[i-1].SentBytes {
			t.Errorf("sent of %s: %d packets, %d bytes", e.RID, e.Sent, e.SentBytes)
		}
	}
	if got := strings.Join(names, ", "); got != "f 1280x720, h 640x360, q 320x180" {
		t.Errorf("encodings %s", got)
	}
	if all.Received == 0 || all.Received > r.Received || all.Expected-all.Received > r.Lost || all.ReceivedBytes == 0 {
		t.Errorf("encodings %+v in %+v", all, r)
	}
	if r.Lost != 0 && r.Client.Bottleneck == "" {
		t.Errorf("lost %d of %d", r.Lost, r.Expected)
	}
}

// Members come and go, and everything that came to those who were there is
// accounted for.
func TestForwardChurn(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--subscribers 5 --churn 4", "--shape meeting --members 3 --bitrate 300000 --churn 2"} {
		r := forward(t, args+" --duration 1500ms")
		if c := r.Churn; c == nil || c.Left == 0 || c.Joined != c.Left || c.Failed != 0 {
			t.Errorf("%s: churn %+v", args, c)
		}
		if r.Lost != 0 && r.Client.Bottleneck == "" {
			t.Errorf("%s: lost %d of %d", args, r.Lost, r.Expected)
		}
	}
}

// Who reads slowly loses packets, and nobody else does.
func TestForwardSlow(t *testing.T) {
	t.Parallel()
	r := forward(t, "--subscribers 5 --slow 2 --duration 1s --bitrate 4000000")
	s := r.Slow
	if s == nil || s.Members != 2 || s.Received == 0 || s.Received > s.Expected*9/10 || r.Expected*2 != s.Expected*3 {
		t.Errorf("slow %+v, of the others %d were expected", s, r.Expected)
	}
	if r.Lost != 0 && r.Client.Bottleneck == "" {
		t.Errorf("lost %d of %d", r.Lost, r.Expected)
	}
}

// Media that is held back flows when all have joined, and costs no packet.
func TestForwardHoldMedia(t *testing.T) {
	t.Parallel()
	r := forward(t, "--shape meeting --members 3 --bitrate 300000 --hold-media --duration 1s")
	if r.Clients != 3 || r.JoinMS.P50 <= 0 || r.Lost != 0 && r.Client.Bottleneck == "" {
		t.Errorf("%d clients, joined in %v ms, %d of %d lost", r.Clients, r.JoinMS.P50, r.Lost, r.Expected)
	}
}
