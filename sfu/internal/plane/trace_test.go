package plane

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/netem"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

var update = flag.Bool("update", false, "rewrite the golden traces")

// trace is a call as text: a line for each command, and for each packet when a
// client sends it (>) or gets it (<), in the clear. A nil trace keeps nothing.
type trace struct {
	bytes.Buffer
	up, down int   // RTP packets so far, of all clients
	loseUp   []int // which of them are lost
	loseDown []int
	start    mono.Time
}

func (tr *trace) line(now mono.Time, format string, args ...any) {
	fmt.Fprintf(tr, "%7.1f  %s\n", float64(now.Sub(tr.start))/1e6, fmt.Sprintf(format, args...))
}

// section begins a part of the call.
func (tr *trace) section(title string) { fmt.Fprintf(tr, "\n# %s\n", title) }

func (tr *trace) command(now mono.Time, c Command) {
	if tr == nil {
		return
	}
	text := strings.TrimPrefix(fmt.Sprintf("%T", c), "plane.")
	switch c := c.(type) {
	case AddPublication:
		text += fmt.Sprintf(" %d of %d", c.Publication, c.Transport)
	case AddSlot:
		text += fmt.Sprintf(" %d of %d: ssrc %d, rtx %d, from #%d and #%d", c.Slot, c.Transport, c.Spec.SSRC, c.Spec.RTX, c.Sequence, c.Repair)
	case Bind:
		text += fmt.Sprintf(" %d to slot %d", c.Publication, c.Slot)
	case Pause:
		text += fmt.Sprintf(" slot %d: %v", c.Slot, c.Paused)
	case BindPath:
		text += fmt.Sprintf(" %d to %v", c.Transport, c.Path.Remote)
	case AddTransport:
		text += fmt.Sprintf(" %d", c.Transport)
	case SetKeys:
		text += fmt.Sprintf(" %d", c.Transport)
	case RemoveTransport:
		text += fmt.Sprintf(" %d", c.Transport)
	}
	tr.line(now, "  - %s", text)
}

// sends notes an RTP packet that a client sends; false says that it is lost.
func (tr *trace) sends(now mono.Time, c *client, header, prefix, payload []byte) bool {
	if tr == nil {
		return true
	}
	tr.rtp(now, c, '>', slices.Concat(header, prefix, payload))
	tr.up++
	if slices.Contains(tr.loseUp, tr.up) {
		tr.line(now, "%s x lost", c.name())
		return false
	}
	return true
}

// loses tells whether a datagram is lost on the way down.
func (tr *trace) loses(c *client, b []byte) bool {
	if tr == nil || packet.Classify(b) != packet.RTP {
		return false
	}
	tr.down++
	if !slices.Contains(tr.loseDown, tr.down) {
		return false
	}
	tr.line(c.room.now, "%s x lost ssrc %d #%d", c.name(), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]))
	return true
}

func (c *client) name() string { return string(rune('A' + c.id/1000 - 1)) }

func (tr *trace) rtp(now mono.Time, c *client, way rune, b []byte) {
	if tr == nil {
		return
	}
	v, err := packet.Parse(b)
	c.room.must(err)
	text := fmt.Sprintf("%s %c pt %d ssrc %d #%d ts %d", c.name(), way, v.PayloadType, v.SSRC, v.Sequence, v.Timestamp)
	if v.CSRCs > 0 {
		text += fmt.Sprintf(" csrc %d", binary.BigEndian.Uint32(b[12:]))
	}
	payload := v.Payload(b)
	if v.PayloadType == ptVP8RTX || v.PayloadType == ptSlotRTX {
		text += fmt.Sprintf(" again #%d", binary.BigEndian.Uint16(payload))
		payload = payload[2:]
	}
	if len(payload) < 100 {
		text += fmt.Sprintf(" opus %d", binary.BigEndian.Uint32(payload))
	} else {
		kind := "frame"
		if payload[6] == 0 {
			kind = "key frame"
		}
		text += fmt.Sprintf(" vp8 picture %d %s %d part %d/%d", binary.BigEndian.Uint16(payload[2:])&0x7fff,
			kind, binary.BigEndian.Uint32(payload[16:]), payload[20]+1, payload[21])
	}
	if v.Marker {
		text += " end"
	}
	tr.line(now, "%s", text)
}

func (tr *trace) rtcp(now mono.Time, c *client, way rune, b []byte) {
	if tr == nil {
		return
	}
	items, err := feedback.Parse(b, nil)
	c.room.must(err)
	for _, it := range items {
		text := ""
		switch it.Kind {
		case feedback.SenderReport:
			text = fmt.Sprintf("sender report ssrc %d: ts %d, %d packets", it.Sender, it.RTP, it.Packets)
		case feedback.ReceiverReport:
			text = fmt.Sprintf("receiver report ssrc %d: up to #%d, lost %d", it.SSRC, it.Highest&0xffff, it.Lost)
		case feedback.NACK:
			text = fmt.Sprintf("nack ssrc %d: #%d and %016b", it.SSRC, it.PID, it.BLP)
		case feedback.PLI:
			text = fmt.Sprintf("picture loss ssrc %d", it.SSRC)
		case feedback.TransportCC:
			told, came, _ := feedback.Arrivals(it.Raw)
			text = fmt.Sprintf("transport-wide: %d of %d arrived", came, told)
		}
		tr.line(now, "%s %c %s", c.name(), way, text)
	}
}

// slow makes a client publish so little that a human can read all of it.
func (c *client) slow() {
	c.video.interval, c.audio.interval = 60*time.Millisecond, 120*time.Millisecond
}

// A short call, packet by packet: testdata/call.txt is to be read.
func TestGoldenTrace(t *testing.T) {
	r := newRoom(t)
	tr := &trace{start: r.now}
	r.trace = tr
	network := netem.Config{Delay: 5 * time.Millisecond}
	tr.WriteString(`A call in virtual time: milliseconds, then what the control plane commands (-), what
a client sends (>), what it gets (<) and what is lost on the way (x). Every link takes
5 ms. Clients publish VP8 as payload type 120 (RTX 121) and Opus as 109, one frame every
60 and 120 ms; slots have 96, 97 and 111. TestGoldenTrace -update rewrites this file.
`)
	tr.section("A and B publish, C watches. The first packets come before anybody watches.")
	a, b, c := r.join(0, network), r.join(1, network), r.join(2, network)
	a.slow()
	b.slow()
	c.video.due, c.audio.due = mono.Never, mono.Never
	b.video.due, b.audio.due = b.video.due.Add(20*time.Millisecond), b.audio.due.Add(20*time.Millisecond)
	r.run(30 * time.Millisecond)
	tr.section("C shows A's camera and microphone: sound at once, the picture from the newest key frame on, which is replayed.")
	video, audio := c.slot(false), c.slot(true)
	video.show(a.video)
	audio.show(a.audio)
	r.run(200 * time.Millisecond)
	tr.section("A packet to C is lost: C asks, and gets it as RTX under a number of its own.")
	tr.loseDown = []int{tr.down + 2}
	r.run(200 * time.Millisecond)
	tr.section("A packet from A is lost: the server asks, A repeats it, C sees it late.")
	tr.loseUp = []int{tr.up + 3}
	r.run(200 * time.Millisecond)
	tr.section("The slots change to B: numbers, timestamps and picture ids go on.")
	video.show(b.video)
	audio.show(b.audio)
	r.run(250 * time.Millisecond)
	tr.section("C pauses the picture for a while, and sees it from the newest key frame on again.")
	r.apply(Pause{Slot: video.slot, Paused: true})
	r.run(130 * time.Millisecond)
	r.apply(Pause{Slot: video.slot})
	r.run(150 * time.Millisecond)
	tr.section("B leaves.")
	r.apply(RemoveTransport{Transport: b.id})
	b.mute = true
	r.run(70 * time.Millisecond)

	file := filepath.Join("testdata", "call.txt")
	if *update {
		check(t, os.WriteFile(file, tr.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	check(t, err)
	if bytes.Equal(tr.Bytes(), want) {
		return
	}
	got, old := strings.Split(tr.String(), "\n"), strings.Split(string(want), "\n")
	for i := range got {
		if i >= len(old) || got[i] != old[i] {
			t.Fatalf("line %d of the trace is\n%s\nin %s it is\n%s", i+1, got[i], file, append(old, "")[min(i, len(old))])
		}
	}
	t.Fatalf("the trace ends at line %d, %s goes on", len(got), file)
}
