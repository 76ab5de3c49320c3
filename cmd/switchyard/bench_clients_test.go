//go:build linux

package main

import (
	"math"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/bench"
)

// What subscribers throw away is lost, and repaired if they ask for it.
func TestForwardLossOfSubscribers(t *testing.T) {
	r := forward(t, "--subscribers 4 --duration 1s --drop 0.2")
	if got := r.LossFraction(); math.Abs(got-0.2) > 0.06 || r.Dropped == 0 || r.Repair != nil {
		t.Errorf("lost %.3f, want 0.2; dropped %d, repair %+v", got, r.Dropped, r.Repair)
	}
	r = forward(t, "--subscribers 4 --duration 1s --drop 0.05 --nack")
	if r.Dropped == 0 || r.Repair == nil || r.Repair.Repaired == 0 || r.Repair.Requested < r.Repair.Repaired || r.Repair.Resent != 0 {
		t.Errorf("dropped %d, repair %+v", r.Dropped, r.Repair)
	}
	if r.Lost != 0 && r.Client.Bottleneck == "" {
		t.Errorf("lost %d of %d although all could be repaired", r.Lost, r.Expected)
	}
}

// What publishers do not send the server asks for.
func TestForwardLossOfPublishers(t *testing.T) {
	r := forward(t, "--subscribers 2 --duration 1s --drop-sent 0.05")
	if r.Withheld == 0 || r.Repair == nil || r.Repair.Resent == 0 || r.Repair.Requested != 0 {
		t.Errorf("withheld %d, repair %+v", r.Withheld, r.Repair)
	}
	if r.Lost != 0 && r.Client.Bottleneck == "" {
		t.Errorf("lost %d of %d although all could be repaired", r.Lost, r.Expected)
	}
}

func TestForwardReports(t *testing.T) {
	if r := forward(t, "--subscribers 3 --duration 1s"); r.Reports == 0 || r.Samples == 0 || r.Samples >= r.Received {
		t.Errorf("%d reports, %d of %d were opened", r.Reports, r.Samples, r.Received)
	}
	r := forward(t, "--subscribers 3 --duration 1s --reports=false --verify-all")
	if r.Reports != 0 || r.Samples != r.Received {
		t.Errorf("%d reports, %d of %d were opened", r.Reports, r.Samples, r.Received)
	}
}

// Each member sends three encodings, and the sums over them are those of the
// run.
func TestForwardSimulcast(t *testing.T) {
	r := forward(t, "--shape meeting --members 3 --simulcast --bitrate 1000000 --duration 2s")
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
