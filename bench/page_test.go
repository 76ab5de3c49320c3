package bench

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostile would end a script, an attribute or a comment if it could.
const hostile = `</script><script>alert(1)</script><!--<script> "'> <img src=https://x.test/ onerror=alert(2)> {{.}} \u003c \\u003c & é ` + "`${x}`\u2028"

// sampleRun is a run with every figure that a page shows.
func sampleRun() *ForwardResult {
	return &ForwardResult{
		Shape: "webinar", Profile: "SRTP_AEAD_AES_128_GCM", Bitrate: 2_500_000, Clients: 51, Publishers: 1, Subscriptions: 50,
		Seconds: 2, Sent: 40, Expected: 2000, Received: 1990, Lost: 10, PacketsIn: 20, PacketsOut: 995, BitsOut: 1e7,
		DelayMS: Quantiles{1, 2, 3.25, 4, 5}, JoinMS: Quantiles{10, 20, 30, 40, 50},
		DelayCDF: [][2]float64{{0.5, 0}, {1, 0.5}, {3.25, 0.99}, {5, 1}},
		Timeline: []TimelinePoint{{1, 1000, 0.5, 0.25, 30e6}, {2, 990, 0.75, 0.25, 31e6}},
		Server:   ServerFigures{CPU: 0.6, CPUPerPacket: 6.5, IdleBytes: 16e6, LoadedBytes: 31e6, BytesPerClient: 3e5, Drops: map[string]uint64{hostile: 3}},
	}
}

// everyPage is a report of each kind that has a page.
func everyPage() map[string]any {
	late := sampleRun()
	late.Client.Bottleneck = "the client's socket had no room for 7 datagrams " + hostile
	old := sampleRun() // as written before there were charts
	old.DelayCDF, old.Timeline, old.Server = nil, nil, ServerFigures{}
	sunk := sampleRun()
	sunk.Sink = &SinkFigures{Mode: SinkSoftware, Address: SinkAddress, Checking: 4, Expected: 25_000, Forwarded: 24_999, Device: 23_040}
	return map[string]any{
		"one":    sampleRun(),
		"sink":   sunk,
		"late":   late,
		"old":    old,
		"empty":  &ForwardResult{},
		"runs":   ForwardRuns{[]*ForwardResult{sampleRun(), late, old}},
		"max":    &MaximumResult{Raise: "bitrate", Best: 0, MaxLoss: 0.005, MaxDelayMS: 20, Steps: []MaximumStep{{Value: 2_500_000, Result: sampleRun()}, {Value: 3_750_000, Why: hostile, Result: late}}},
		"no max": &MaximumResult{Raise: "subscribers", Best: -1, Steps: []MaximumStep{{Value: 50, Why: "0.50 % were lost", Result: sampleRun()}}},
	}
}

func pageReport(result any) Report {
	kind := KindForward
	switch result.(type) {
	case ForwardRuns:
		kind = KindForwardRuns
	case *MaximumResult:
		kind = KindMaximum
	}
	r := NewReport(kind, "switchyard bench load --url http://127.0.0.1:1 "+hostile, result)
	r.Machine.CPU, r.Machine.Kernel, r.Commit = hostile, hostile, hostile
	r.Limit = TrainCosts{1: 2.5, 16: 0.9}
	return r
}

// The page is what a browser makes of it, so a parser of HTML looks for what it
// must and must not have.
func TestPage(t *testing.T) {
	for name, result := range everyPage() {
		made := pageReport(result)
		var text, file bytes.Buffer
		if err := WriteHTML(&text, made); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := WriteJSON(&file, made); err != nil {
			t.Fatal(err)
		}
		checkPage(t, name, text.String(), file.Bytes())
		read, err := ReadReport(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := WriteHTML(&again, read); err != nil || !bytes.Equal(again.Bytes(), text.Bytes()) {
			t.Errorf("%s: the report that was read has another page than the one just made, %v", name, err)
		}
	}
}

func checkPage(t *testing.T, name, text string, file []byte) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	scripts, tables := []string{}, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			checkAttribute(t, name, n.Data, a)
		}
		switch n.Data {
		case "img", "iframe", "object", "embed", "a", "base", "form":
			t.Errorf("%s: an element %s", name, n.Data)
		case "table":
			tables++
		case "script":
			scripts = append(scripts, n.FirstChild.Data)
		}
	}
	if len(scripts) != 3 || tables < 2 {
		t.Fatalf("%s: %d scripts and %d tables, want 3 and at least 2", name, len(scripts), tables)
	}
	inside, err := ReadReport(strings.NewReader(scripts[0]))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var back bytes.Buffer
	if err := WriteJSON(&back, inside); err != nil || !bytes.Equal(unescaped(back.Bytes()), file) {
		t.Errorf("%s: the page holds %s, want %s (%v)", name, back.String(), file, err)
	}
	for i, want := range []string{"static/uPlot.iife.min.js", "static/page.js"} {
		b, err := os.ReadFile(want)
		if err != nil || !strings.Contains(scripts[i+1], strings.TrimSpace(string(b))) {
			t.Errorf("%s: script %d is not %s (%v)", name, i+1, want, err)
		}
	}
}

// unescaped turns the escapes that the page needs, and only those, back into
// `<`: what has an even number of backslashes before it.
func unescaped(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		switch {
		case bytes.HasPrefix(b, []byte(`\u003c`)):
			out, b = append(out, '<'), b[6:]
		case b[0] == '\\':
			out, b = append(out, b[:2]...), b[2:]
		default:
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

func checkAttribute(t *testing.T, name, element string, a html.Attribute) {
	t.Helper()
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "style":
		t.Errorf("%s: %s has %s=%q", name, element, a.Key, a.Val)
	case slices.Contains([]string{"src", "href", "srcset", "action", "data", "poster"}, a.Key) && !strings.HasPrefix(a.Val, "data:"):
		t.Errorf("%s: %s has %s=%q", name, element, a.Key, a.Val)
	}
}

// What the page says is what the report has.
func TestPageText(t *testing.T) {
	for name, want := range map[string][]string{
		"one":    {"Webinar: 51 clients, 50 subscriptions", "995", "3.25", "10 of 2,000", "0.500", "6.50", "2.60 × a bare loop", "2.0 990 0.250 0.750 31"},
		"sink":   {"all but 4 subscriptions went to 198.18.0.2, a tun device that drops it (segmentation in software)", "10 of 2,000 that are checked", "sends them to 198.18.0.2, a tun", "Media sink 198.18.0.2, software", "Packets forwarded, sink too 24,999", "to forward, sink too 25,000", "at the sink 23,040"},
		"late":   {"about the client, not the server", "no room for 7 datagrams", hostile},
		"runs":   {"3 runs", "Some of these figures", "bottleneck (Run 2)", "Run 3", "in each of 3 runs"},
		"max":    {"Highest load carried: 2.5 Mb/s", "maximum may be the client’s", "bottleneck (3.75 Mb/s)", "carried", hostile},
		"no max": {"No load was carried", "50 subscribers", "0.50 % were lost"},
	} {
		var text bytes.Buffer
		if err := WriteHTML(&text, pageReport(everyPage()[name])); err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(&text)
		if err != nil {
			t.Fatal(err)
		}
		got := visible(root)
		for _, w := range want {
			if !strings.Contains(got, strings.Join(strings.Fields(w), " ")) {
				t.Errorf("%s: no %q in %s", name, w, got)
			}
		}
		if warned := strings.Contains(got, "bottleneck"); warned != (name != "one" && name != "sink" && name != "no max") {
			t.Errorf("%s: warned: %v", name, warned)
		}
	}
}

// visible is the text of a page without its scripts and styles, words apart.
func visible(root *html.Node) string {
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

func TestPageRefuses(t *testing.T) {
	for _, bad := range []Report{
		NewReport(KindLimit, "", &LimitResult{}),
		NewReport(KindForwardRuns, "", ForwardRuns{}),
		NewReport(KindForwardRuns, "", ForwardRuns{[]*ForwardResult{nil}}),
		NewReport(KindMaximum, "", &MaximumResult{Best: -1}),
		NewReport(KindMaximum, "", &MaximumResult{Best: 7, Steps: []MaximumStep{{Result: sampleRun()}}}),
		NewReport(KindMaximum, "", &MaximumResult{Steps: []MaximumStep{{}}}),
		NewReport(KindForward, "", []int{1}),
		{Kind: KindForward, Result: sampleRun()},
	} {
		var text bytes.Buffer
		if err := WriteHTML(&text, bad); err == nil || text.Len() > 0 {
			t.Errorf("%s %+v: %v and %d bytes, want an error and none", bad.Kind, bad.Result, err, text.Len())
		}
	}
}

func TestFigure(t *testing.T) {
	for _, tt := range []struct {
		in   float64
		want string
	}{
		{0, "0"}, {0.0126, "0.013"}, {1, "1"}, {2.5, "2.50"}, {10, "10"}, {12.34, "12.3"}, {17.96, "18.0"}, {2.996, "3.00"}, {999.6, "1,000"},
		{31037.25, "31,037"}, {1234567, "1,234,567"}, {-1234, "−1,234"},
	} {
		if got := figure(tt.in); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.in, got, tt.want)
		}
	}
}
