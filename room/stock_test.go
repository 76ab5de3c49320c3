//go:build long

package room_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/signal"
)

// The stock client, which nobody here wrote, drives a room through all events.
func TestStockClient(t *testing.T) {
	h := open(t, room.Config{Grace: time.Second})
	url := h.serve(signal.Handlers{})
	ana, _ := h.publishes("Ana", nil)
	c := h.caller("Bo")
	c.slots(webrtc.RTPCodecTypeAudio, 2)
	c.slots(webrtc.RTPCodecTypeVideo, 2)
	offer := filepath.Join(t.TempDir(), "offer.sdp")
	if err := os.WriteFile(offer, []byte(c.describe()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "node", "testdata/stock.mjs", url, offer).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "ok: "); n != 11 {
		t.Errorf("%d steps were carried out:\n%s", n, out)
	}
	ana.must("leave", o{})
	h.nothingLeft()
}
