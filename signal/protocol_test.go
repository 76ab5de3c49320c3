package signal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// peer is a client below Socket.IO, over either transport.
type peer interface {
	say(text string)
	bytes(b string)
	hear() string // the next message, "b" and base64 if it is bytes; empty if there is none any more
}

// socketPeer speaks over WebSocket.
type socketPeer struct{ *client }

func (p socketPeer) say(text string) { p.send(websocket.MessageText, text) }
func (p socketPeer) bytes(b string)  { p.send(websocket.MessageBinary, b) }

func (p socketPeer) hear() string {
	m, err := p.next()
	if err == nil && !strings.HasPrefix(m, "4") {
		return "b" + base64.StdEncoding.EncodeToString([]byte(m))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		p.t.Error("waited in vain")
	}
	return m
}

// pollPeer speaks by long-polling.
type pollPeer struct {
	t     *testing.T
	http  *http.Client
	at    string
	heard []string
}

func (p *pollPeer) do(method, body string) (string, bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, p.at, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b), res.StatusCode == http.StatusOK
}

func (p *pollPeer) say(text string) { p.do("POST", text) }
func (p *pollPeer) bytes(b string) {
	p.do("POST", "b"+base64.StdEncoding.EncodeToString([]byte(b)))
}

func (p *pollPeer) hear() string {
	p.t.Helper()
	for {
		for len(p.heard) == 0 {
			body, ok := p.do("GET", "")
			if !ok {
				return ""
			}
			p.heard = strings.Split(body, "\x1e")
		}
		m := p.heard[0]
		p.heard = p.heard[1:]
		switch m[0] {
		case '2':
			p.say("3")
		case '1':
			return ""
		case '4', 'b':
			return m
		}
	}
}

func poll(t *testing.T, url string) *pollPeer {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	at := strings.Replace(strings.Replace(url, "ws", "http", 1), "transport=websocket", "transport=polling", 1)
	p := &pollPeer{t: t, http: &http.Client{Transport: transport}, at: at}
	body, ok := p.do("GET", "")
	var h struct{ SID string }
	if !ok || json.Unmarshal([]byte(body[1:]), &h) != nil {
		t.Fatalf("opened with %q", body)
	}
	p.at += "&sid=" + h.SID
	return p
}

// documented is the server of the protocol's test suite.
func documented() Options {
	h := Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		s.On("message", func(_ context.Context, a Args) ([]any, error) {
			return nil, s.EmitArgs("message-back", a.Values()...)
		})
		s.On("message-with-ack", func(_ context.Context, a Args) ([]any, error) { return a.Values(), nil })
		auth := s.Auth()
		if len(auth) == 0 {
			auth = []byte("{}")
		}
		return s.Emit("auth", auth)
	}}
	return Options{
		Namespaces:   map[string]Handlers{"/": h, "/custom": h},
		PingInterval: 300 * time.Millisecond, PingTimeout: 5 * time.Second, ConnectTimeout: time.Second,
	}
}

const bytes123, bytes456 = "bAQID", "bBAUG"

// The cases of the protocol's document and of its test suite, one by one. ">"
// is what the client says, "#" bytes, "<" what it hears, with ? for a session's
// id; "closed" is the end of the connection, and ~ a space.
var cases = []struct{ name, script string }{
	{"connect to the main namespace", `>40 <40? <42["auth",{}]`},
	{"connect with a payload", `>40{"token":"123"} <40? <42["auth",{"token":"123"}]`},
	{"connect to a custom namespace", `>40/custom, <40/custom,? <42/custom,["auth",{}]`},
	{"connect to a custom namespace without a comma", `>40/custom <40/custom,? <42/custom,["auth",{}]`},
	{"connect to a custom namespace with a payload", `>40/custom,{"token":"abc"} <40/custom,? <42/custom,["auth",{"token":"abc"}]`},
	{"unknown namespace", `>40/random <44/random,{"message":"Invalid~namespace"}`},
	{"the main namespace is not joined by itself", `>40/custom <40/custom,? <42/custom,["auth",{}] >421["message-with-ack"] >42/custom,2["message-with-ack"] <43/custom,2[]`},
	{"invalid handshake", `>4abc closed`},
	{"payload that is no object", `>40[1] closed`},
	{"no handshake", `closed`},
	{"disconnect from the main namespace", `>40 <40? <42["auth",{}] >41 >421["message-with-ack"] >40/custom <40/custom,? <42/custom,["auth",{}]`},
	{"disconnect from a custom namespace", `>40 <40? <42["auth",{}] >40/custom <40/custom,? <42/custom,["auth",{}] >41/custom >421["message-with-ack",1] <431[1]`},
	{"connect again", `>40 <40? <42["auth",{}] >41 >40{"n":2} <40? <42["auth",{"n":2}]`},
	{"connect twice", `>40 <40? <42["auth",{}] >40 closed`},
	{"plain text", `>40 <40? <42["auth",{}] >42["message",1,"2",{"3":[true]}] <42["message-back",1,"2",{"3":[true]}]`},
	{"bytes", `>40 <40? <42["auth",{}] >452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}] #123 #456 <452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}] <` + bytes123 + ` <` + bytes456},
	{"acknowledgement", `>40 <40? <42["auth",{}] >42456["message-with-ack",1,"2",{"3":[false]}] <43456[1,"2",{"3":[false]}]`},
	{"acknowledgement with bytes", `>40 <40? <42["auth",{}] >452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}] #123 #456 <462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}] <` + bytes123 + ` <` + bytes456},
	{"acknowledgement in a namespace", `>40/custom <40/custom,? <42/custom,["auth",{}] >42/custom,0["message-with-ack"] <43/custom,0[]`},
	{"unknown type", `>40 <40? <42["auth",{}] >4abc closed`},
	{"type 7", `>40 <40? <42["auth",{}] >47["x"] closed`},
	{"event that is no array", `>40 <40? <42["auth",{}] >42{} closed`},
	{"event without a name", `>40 <40? <42["auth",{}] >42[] closed`},
	{"event whose name is no string", `>40 <40? <42["auth",{}] >42[{"toString":"x"}] closed`},
	{"event without data", `>40 <40? <42["auth",{}] >42 closed`},
	{"event whose name is reserved", `>40 <40? <42["auth",{}] >42["connect_error"] closed`},
	{"no JSON", `>40 <40? <42["auth",{}] >42["x",} closed`},
	{"id that is no number", `>40 <40? <42["auth",{}] >42abc["message-with-ack"] closed`},
	{"id that is huge", `>40 <40? <42["auth",{}] >4299999999999999999999["message-with-ack"] closed`},
	{"acknowledgement without an id", `>40 <40? <42["auth",{}] >43[] closed`},
	{"acknowledgement that is no array", `>40 <40? <42["auth",{}] >431{} closed`},
	{"acknowledgement of nothing", `>40 <40? <42["auth",{}] >43999[] >421["message-with-ack"] <431[]`},
	{"disconnect with data", `>40 <40? <42["auth",{}] >41{} closed`},
	{"refusal by the client", `>40 <40? <42["auth",{}] >44{"message":"x"} closed`},
	{"attachments without their number", `>40 <40? <42["auth",{}] >45["x"] closed`},
	{"number of attachments that is none", `>40 <40? <42["auth",{}] >45x-["x"] closed`},
	{"number of attachments that is zero", `>40 <40? <42["auth",{}] >450-["x"] closed`},
	{"number of attachments that is no integer", `>40 <40? <42["auth",{}] >451.5-["x"] closed`},
	{"more attachments than are let in", `>40 <40? <42["auth",{}] >4511-["x"] closed`},
	{"attachments in an unknown namespace", `>40 <40? <42["auth",{}] >451-/custom,["x",{"_placeholder":true,"num":0}] #123 >421["message-with-ack"] <431[]`},
	{"acknowledgement with attachments for nobody", `>40 <40? <42["auth",{}] >461-77[{"_placeholder":true,"num":0}] #123 >421["message-with-ack"] <431[]`},
	{"payload of a custom namespace that is text", `>40/custom,"x" closed`},
	{"disconnect from a namespace that was not joined", `>40 <40? <42["auth",{}] >41/custom >421["message-with-ack"] <431[]`},
	{"disconnect from a namespace with data", `>40/custom <40/custom,? <42/custom,["auth",{}] >41/custom,{} closed`},
	{"event of a namespace that is text", `>40/custom <40/custom,? <42/custom,["auth",{}] >42/custom,"x" closed`},
	{"event whose name is null", `>40 <40? <42["auth",{}] >42[null,"x"] closed`},
	{"event whose name is an array", `>40 <40? <42["auth",{}] >42[["x"]] closed`},
	{"more behind the data", `>40 <40? <42["auth",{}] >42["x"]["y"] closed`},
	{"acknowledgement for another namespace", `>40 <40? <42["auth",{}] >43/custom,1[] >421["message-with-ack"] <431[]`},
	{"text in place of bytes", `>40 <40? <42["auth",{}] >451-["x",{"_placeholder":true,"num":0}] >42["x"] closed`},
	{"bytes out of place", `>40 <40? <42["auth",{}] #123 closed`},
	{"placeholder of nothing", `>40 <40? <42["auth",{}] >451-["x",{"_placeholder":true,"num":1}] #123 closed`},
	{"a name that is too long", `>40/` + strings.Repeat("x", 300) + ` closed`},
}

func TestProtocol(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		_, url := start(t, documented())
		for _, tt := range cases {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				if transport == "polling" {
					follow(t, poll(t, url), strings.Fields(tt.script))
					return
				}
				follow(t, socketPeer{dial(t, url)}, strings.Fields(tt.script))
			})
		}
	}
}

// follow carries out a script.
func follow(t *testing.T, p peer, script []string) {
	t.Helper()
	for _, step := range script {
		switch do, text := step[0], strings.ReplaceAll(step[1:], "~", " "); do {
		case '>':
			p.say(text)
		case '#':
			p.bytes(string(bytes.Map(func(r rune) rune { return r - '0' }, []byte(text))))
		case '<':
			got := p.hear()
			begins, id := strings.CutSuffix(text, "?")
			if id && strings.HasPrefix(got, begins+`{"sid":"`) {
				continue
			}
			if got != text {
				t.Fatalf("heard %q, want %q", got, text)
			}
		default: // closed
			for got := p.hear(); got != ""; got = p.hear() {
				t.Errorf("heard %q before the end", got)
			}
		}
	}
}
