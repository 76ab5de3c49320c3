package codec

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

func TestMatch(t *testing.T) {
	const cb, asym = "packetization-mode=1;profile-level-id=42e01f", ";level-asymmetry-allowed=1"
	for _, tt := range []struct {
		name          string
		codec         packet.Codec
		sent, offered string
		want          bool
	}{
		{"H.264: the same", packet.H264, cb, cb, true},
		{"H.264: names in any case, spaces", packet.H264, cb, "Profile-Level-ID=42E01F; Packetization-Mode = 1", true},
		{"H.264: modes differ", packet.H264, cb, "profile-level-id=42e01f", false},
		{"H.264: mode 0 is what is missing", packet.H264, "packetization-mode=0;profile-level-id=42e01f", "profile-level-id=42e01f", true},
		{"H.264: constrained baseline to high", packet.H264, cb, "packetization-mode=1;profile-level-id=64001f", true},
		{"H.264: constrained baseline to baseline", packet.H264, cb, "packetization-mode=1;profile-level-id=42001f", true},
		{"H.264: constrained baseline whatever the level", packet.H264, "packetization-mode=1;profile-level-id=42e034", cb, true},
		{"H.264: constrained baseline in another way", packet.H264, "packetization-mode=1;profile-level-id=4d801f", cb, true},
		{"H.264: 42c0 is constrained baseline, too", packet.H264, "packetization-mode=1;profile-level-id=42c015", cb, true},
		{"H.264: nobody named a profile", packet.H264, "", "", true},
		{"H.264: constrained baseline to who named none", packet.H264, "profile-level-id=42e01f", "", true},
		{"H.264: no profile is baseline", packet.H264, "packetization-mode=1", cb, false},
		{"H.264: baseline to constrained baseline", packet.H264, "packetization-mode=1;profile-level-id=42001f", cb + asym, false},
		{"H.264: high to constrained baseline", packet.H264, "packetization-mode=1;profile-level-id=64001f", cb + asym, false},
		{"H.264: high to main", packet.H264, "profile-level-id=64001f", "profile-level-id=4d001f" + asym, false},
		{"H.264: high to constrained high", packet.H264, "profile-level-id=64001f", "profile-level-id=640c1f" + asym, false},
		{"H.264: high at the same level", packet.H264, "profile-level-id=64001f", "profile-level-id=64001f", true},
		{"H.264: high at a higher level", packet.H264, "profile-level-id=64001f", "profile-level-id=640028", true},
		{"H.264: high at a lower level", packet.H264, "profile-level-id=640028", "profile-level-id=64001f", false},
		{"H.264: high at a lower level, asymmetric", packet.H264, "profile-level-id=640028", "profile-level-id=64001f" + asym, true},
		{"H.264: asymmetry of the sender does not count", packet.H264, "profile-level-id=640028" + asym, "profile-level-id=64001f", false},
		{"H.264: main at level 1b to 1.1", packet.H264, "profile-level-id=4d100b", "profile-level-id=4d000b", true},
		{"H.264: main at level 1.1 to 1b", packet.H264, "profile-level-id=4d000b", "profile-level-id=4d100b", false},
		{"H.264: main at level 1b to 1", packet.H264, "profile-level-id=4d100b", "profile-level-id=4d000a", false},
		{"H.264: high 4:4:4", packet.H264, "profile-level-id=f4001f", "profile-level-id=f4001f", true},
		{"H.264: high 4:4:4 to high 4:2:2", packet.H264, "profile-level-id=f4001f", "profile-level-id=7a001f", false},
		{"H.264: no number", packet.H264, "profile-level-id=banana", "profile-level-id=42e01f", false},
		{"H.264: too short", packet.H264, "profile-level-id=42e0", "profile-level-id=42e01f", false},
		{"H.264: offered no number", packet.H264, cb, "packetization-mode=1;profile-level-id=-2e01f", false},
		{"H.264: no such mode", packet.H264, "packetization-mode=3", "packetization-mode=3", false},

		{"VP8", packet.VP8, "", "max-fs=12288;max-fr=60", true},
		{"VP9: no profile is 0", packet.VP9, "", "profile-id=0", true},
		{"VP9: max-fs does not count", packet.VP9, "profile-id=0", "max-fs=12288;max-fr=60", true},
		{"VP9: profiles differ", packet.VP9, "profile-id=0", "profile-id=2", false},
		{"VP9: no number", packet.VP9, "profile-id=x", "profile-id=x", false},

		{"AV1: no parameters", packet.AV1, "", "level-idx=5;profile=0;tier=0", true},
		{"AV1: the level does not count", packet.AV1, "level-idx=13", "level-idx=5;profile=0;tier=0", true},
		{"AV1: profiles differ", packet.AV1, "profile=0", "profile=1", false},
		{"AV1: high tier to main", packet.AV1, "tier=1", "tier=0", false},
		{"AV1: main tier to high", packet.AV1, "", "tier=1", true},

		{"H.265: no parameters: main, main tier, 3.1", packet.H265, "", "profile-id=1;tier-flag=0;level-id=93", true},
		{"H.265: profiles differ", packet.H265, "profile-id=1", "profile-id=2", false},
		{"H.265: profile spaces differ", packet.H265, "", "profile-space=1", false},
		{"H.265: a lower level", packet.H265, "level-id=120", "", false},
		{"H.265: a higher level", packet.H265, "level-id=120", "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST", true},
		{"H.265: high tier to main", packet.H265, "tier-flag=1", "tier-flag=0", false},
		{"H.265: main tier to high", packet.H265, "", "tier-flag=1;level-id=93", true},
		{"H.265: level out of range", packet.H265, "level-id=300", "level-id=300", false},

		{"Opus", packet.Opus, "stereo=1", "minptime=10;useinbandfec=1", true},
		{"RED", packet.RED, "111/111", "96/96", true},
		{"unknown", packet.CodecUnknown, "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent, offered := Format{tt.codec, 90000, tt.sent}, Format{tt.codec, 90000, tt.offered}
			if got := Match(sent, offered); got != tt.want {
				t.Errorf("sent %q, offered %q: %v, want %v", tt.sent, tt.offered, got, tt.want)
			}
		})
	}
	if Match(Format{packet.VP8, 90000, ""}, Format{packet.VP9, 90000, ""}) {
		t.Error("VP8 matches VP9")
	}
	if Match(Format{packet.Opus, 48000, ""}, Format{packet.Opus, 16000, ""}) {
		t.Error("clock rates that differ match")
	}
}

// clients are those whose offers are kept in testdata.
var clients = []string{"chromium", "firefox", "firefox-h264", "safari", "gstreamer", "aiortc", "obs"}

// everything is a list like that of a server.
var everything = []Format{
	{packet.Opus, 48000, ""},
	{packet.VP8, 90000, ""},
	{packet.H264, 90000, "packetization-mode=1;profile-level-id=42e01f"},
	{packet.H264, 90000, "packetization-mode=0;profile-level-id=42e01f"},
	{packet.H264, 90000, "packetization-mode=1;profile-level-id=64001f"},
	{packet.VP9, 90000, "profile-id=0"},
	{packet.AV1, 90000, ""},
}

// What each client is answered when it publishes.
func TestPublishableOfClients(t *testing.T) {
	h264 := []Format{{packet.H264, 90000, "packetization-mode=1;profile-level-id=42e01f"}}
	for _, tt := range []struct {
		client string
		list   []Format
		want   string
	}{
		{"chromium", everything, "111 Opus | 96 VP8, 108 H264 42e01f/1, 98 VP9 0, 45 AV1"},
		{"firefox", everything, "109 Opus | 120 VP8, 121 VP9 0, 99 AV1"},
		{"firefox-h264", everything, " | 120 VP8, 126 H264 42e01f/1, 121 VP9 0, 99 AV1"},
		{"safari", everything, "111 Opus | 106 VP8, 98 H264 42e01f/1, 108 VP9 0"},
		{"gstreamer", everything, "97 Opus | 98 H264 42c015/1"}, // one section for each codec
		{"aiortc", everything, "96 Opus | 97 VP8, 101 H264 42e01f/1"},
		{"obs", everything, "111 Opus | 96 H264 42e01f/1"},
		{"chromium", h264, " | 108 H264 42e01f/1"},
		{"firefox", h264, " | "},
		{"safari", slices.Concat(everything[5:], h264), " | 108 VP9 0, 98 H264 42e01f/1"},
	} {
		audio, video := offered(t, tt.client, "audio", false), offered(t, tt.client, "video", false)
		got := describe(audio, Publishable(tt.list, formats(audio))) + " | " + describe(video, Publishable(tt.list, formats(video)))
		if got != tt.want {
			t.Errorf("%s with %d formats listed: %s, want %s", tt.client, len(tt.list), got, tt.want)
		}
	}
}

// What each client can show of what each client sends when all are answered the
// same list: its own first format, in which of the other's.
func TestEverybodyWatchesEverybody(t *testing.T) {
	got := make(map[string]string)
	for _, from := range clients {
		video := offered(t, from, "video", false)
		sent := video[Publishable(everything, formats(video))[0]]
		line := ""
		for _, to := range clients {
			in := offered(t, to, "video", true)
			if in == nil {
				continue // it receives nothing
			}
			if i := Best(sent.Format, formats(in)); i >= 0 {
				line += " " + to + ":" + in[i].pt
			} else {
				line += " " + to + ":-"
			}
		}
		got[from] = sent.String() + ":" + line
	}
	want := map[string]string{
		"chromium":     "96 VP8: chromium:96 firefox:120 firefox-h264:120 safari:106 aiortc:97",
		"firefox":      "120 VP8: chromium:96 firefox:120 firefox-h264:120 safari:106 aiortc:97",
		"firefox-h264": "120 VP8: chromium:96 firefox:120 firefox-h264:120 safari:106 aiortc:97",
		"safari":       "106 VP8: chromium:96 firefox:120 firefox-h264:120 safari:106 aiortc:97",
		"gstreamer":    "98 H264 42c015/1: chromium:108 firefox:- firefox-h264:126 safari:98 aiortc:101",
		"aiortc":       "97 VP8: chromium:96 firefox:120 firefox-h264:120 safari:106 aiortc:97",
		"obs":          "96 H264 42e01f/1: chromium:108 firefox:- firefox-h264:126 safari:98 aiortc:101",
	}
	for _, from := range clients {
		if got[from] != want[from] {
			t.Errorf("%s sends %s\nwant %s", from, got[from], want[from])
		}
	}
}

func TestReceivable(t *testing.T) {
	in := offered(t, "chromium", "video", true)
	for _, tt := range []struct {
		list []Format
		want string
	}{
		{[]Format{{packet.VP8, 90000, ""}, {packet.VP9, 90000, ""}}, "96 VP8, 98 VP9 0"},
		{
			[]Format{{packet.H264, 90000, "packetization-mode=1;profile-level-id=42e01f"}},
			"102 H264 42001f/1, 108 H264 42e01f/1, 116 H264 4d001f/1, 41 H264 f4001f/1",
		},
		{[]Format{{packet.H265, 90000, ""}}, ""},
	} {
		if got := describe(in, Receivable(tt.list, formats(in))); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.list, got, tt.want)
		}
	}
}

// numbered is a format and its payload type.
type numbered struct {
	Format
	pt string
}

func (n numbered) String() string {
	name := map[packet.Codec]string{
		packet.Opus: "Opus", packet.VP8: "VP8", packet.VP9: "VP9", packet.H264: "H264", packet.AV1: "AV1", packet.H265: "H265",
	}[n.Codec]
	switch n.Codec {
	case packet.H264:
		id, _ := Parameter(n.Fmtp, "profile-level-id")
		mode, ok := Parameter(n.Fmtp, "packetization-mode")
		if !ok {
			mode = "0"
		}
		name += " " + id + "/" + mode
	case packet.VP9:
		id, _ := number{"profile-id", 0}.in(n.Fmtp)
		name += " " + strconv.Itoa(id)
	}
	return n.pt + " " + name
}

func formats(list []numbered) []Format {
	out := make([]Format, len(list))
	for i, n := range list {
		out[i] = n.Format
	}
	return out
}

func describe(list []numbered, chosen []int) string {
	var out []string
	for _, i := range chosen {
		out = append(out, list[i].String())
	}
	return strings.Join(out, ", ")
}

// offered reads the formats of the first section of a kind in which a client
// sends or receives; nil if there is none.
func offered(t *testing.T, client, kind string, receives bool) []numbered {
	t.Helper()
	f, err := os.Open("testdata/" + client + ".sdp")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var sections [][]string
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "m=") {
			sections = append(sections, nil)
		}
		if n := len(sections); n > 0 {
			sections[n-1] = append(sections[n-1], s.Text())
		}
	}
	direction := "a=sendonly"
	if receives {
		direction = "a=recvonly"
	}
	for _, lines := range sections {
		if strings.HasPrefix(lines[0], "m="+kind) && (slices.Contains(lines, direction) || !receives && slices.Contains(lines, "a=sendrecv")) {
			return section(lines)
		}
	}
	return nil
}

func section(lines []string) []numbered {
	var list []numbered
	for _, pt := range strings.Fields(lines[0])[3:] {
		n := numbered{pt: pt}
		for _, l := range lines {
			if value, ok := strings.CutPrefix(l, "a=rtpmap:"+pt+" "); ok {
				name, rate, _ := strings.Cut(value, "/")
				n.Codec = packet.CodecOf(strings.TrimPrefix(strings.Fields(lines[0])[0], "m=") + "/" + name)
				fmt.Sscan(strings.Split(rate, "/")[0], &n.ClockRate)
			}
			if value, ok := strings.CutPrefix(l, "a=fmtp:"+pt+" "); ok {
				n.Fmtp = value
			}
		}
		list = append(list, n)
	}
	return list
}

func FuzzMatch(f *testing.F) {
	f.Add(uint8(packet.H264), "packetization-mode=1;profile-level-id=42e01f", "profile-level-id=64001f")
	f.Add(uint8(packet.H265), "level-id=93;tx-mode=SRST", "tier-flag=1")
	f.Add(uint8(packet.AV1), "profile=0;;=;tier", "level-idx")
	f.Fuzz(func(t *testing.T, c uint8, sent, offered string) {
		a, b := Format{packet.Codec(c), 90000, sent}, Format{packet.Codec(c), 90000, offered}
		list := []Format{a, b}
		if got := Best(a, list); (got >= 0) != (Match(a, a) || Match(a, b)) {
			t.Errorf("%+v: best of %+v is %d", a, list, got)
		}
		if got := Publishable(list, list); len(got) > 2 || a.Codec == packet.H264 && len(got) > 1 {
			t.Errorf("%+v: publishable %v", list, got)
		}
		if Match(a, a) && len(Receivable(list, list[:1])) != 1 {
			t.Errorf("%+v matches itself and is not receivable", a)
		}
	})
}
