package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// The cases of the protocol's document and of its test suite, one by one. What
// they say of the version of the protocol is its fourth.

const (
	unknownTransport = `{"code":0,"message":"Transport unknown"}`
	unknownSession   = `{"code":1,"message":"Session ID unknown"}`
	badMethod        = `{"code":2,"message":"Bad handshake method"}`
	badRequest       = `{"code":3,"message":"Bad request"}`
	badVersion       = `{"code":5,"message":"Unsupported protocol version"}`
)

func quick() Options {
	return Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond}
}

// checkHandshake fails unless the opening packet says what the document lists.
func checkHandshake(t *testing.T, opening, upgrades string) {
	t.Helper()
	var h map[string]json.RawMessage
	if opening == "" || opening[0] != '0' || json.Unmarshal([]byte(opening[1:]), &h) != nil {
		t.Fatalf("opened with %q", opening)
	}
	for key, want := range map[string]string{
		"upgrades": upgrades, "pingInterval": "300", "pingTimeout": "200", "maxPayload": "1000000",
	} {
		if string(h[key]) != want {
			t.Errorf("%s is %s, want %s", key, h[key], want)
		}
	}
	if len(h) != 5 || len(h["sid"]) < 22 {
		t.Errorf("the handshake is %q", opening)
	}
}

func TestHandshake(t *testing.T) {
	_, at := listen(t, quick())
	b := from(t, "127.0.0.1")
	path, _, _ := strings.Cut(at, "?")
	opened := b.do("GET", at+"polling", "")
	checkHandshake(t, opened.body, `["websocket"]`)
	if got := opened.header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
		t.Errorf("the type is %q", got)
	}
	if opened.header.Get("Set-Cookie") != "" {
		t.Error("a cookie was set")
	}
	opening, _ := connect(t, at+"websocket").read()
	checkHandshake(t, opening, `[]`)

	for _, tt := range []struct{ name, method, query, answer string }{
		{"no version", "GET", "transport=polling", badVersion},
		{"another version", "GET", "EIO=abc&transport=polling", badVersion},
		{"the third version", "GET", "EIO=3&transport=polling", badVersion},
		{"no transport", "GET", "EIO=4", unknownTransport},
		{"another transport", "GET", "EIO=4&transport=abc", unknownTransport},
		{"POST", "POST", "EIO=4&transport=polling", badMethod},
		{"PUT", "PUT", "EIO=4&transport=polling", badMethod},
		{"HEAD", "HEAD", "EIO=4&transport=polling", ""},
		{"unknown session", "GET", "EIO=4&transport=polling&sid=abc", unknownSession},
		{"empty session", "GET", "EIO=4&transport=polling&sid=", unknownSession},
		{"POST to an unknown session", "POST", "EIO=4&transport=polling&sid=abc", unknownSession},
		{"WebSocket without an upgrade", "GET", "EIO=4&transport=websocket", badRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from(t, "127.0.0.1").want(tt.method, path+"?"+tt.query, "", 400, tt.answer)
		})
	}
	for query, answer := range map[string]string{
		"transport=websocket":               badVersion,
		"EIO=abc&transport=websocket":       badVersion,
		"EIO=4":                             unknownTransport,
		"EIO=4&transport=abc":               unknownTransport,
		"EIO=4&transport=websocket&sid=abc": unknownSession,
		"EIO=4&transport=polling":           badRequest,
	} {
		t.Run("WebSocket with "+query, func(t *testing.T) { refused(t, path+"?"+query, 400, answer) })
	}
}

func TestMessagesOverPolling(t *testing.T) {
	_, at := listen(t, Options{})
	b := from(t, "127.0.0.1")
	for _, payload := range []string{
		"4hello",
		"4test1\x1e4test2\x1e4test3",
		"4hello\x1ebAQIDBA==",
		"b",
		"4",
		"4€ ü 😀",
	} {
		at := b.open(at)
		b.want("POST", at, payload, 200, "ok")
		var got []string
		for n := strings.Count(payload, "\x1e") + 1; len(got) < n; { // as many answers as it likes
			got = append(got, strings.Split(b.do("GET", at, "").body, "\x1e")...)
		}
		if s := strings.Join(got, "\x1e"); s != payload {
			t.Errorf("sent %q, got %q", payload, s)
		}
	}
	for _, payload := range []string{"abc", "", "\x1e", "4a\x1e", "4a\x1e\x1e4b", "b???", "bAQ", "7", "4\xff", "0{}", "2", "5", "4a\x1ex"} {
		at := b.open(at)
		if a := b.do("POST", at, payload); a.status != 400 && payload != "0{}" && payload != "2" && payload != "5" {
			t.Errorf("%q was answered %d %s", payload, a.status, a.body)
		}
		for {
			a := b.do("GET", at, "")
			if a.status == 400 && a.body == unknownSession {
				break
			}
			if a.status != 200 {
				t.Errorf("after %q: got %d %s", payload, a.status, a.body)
				break
			}
		}
	}
}

func TestTwoPollsAtOnceEndTheSession(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			_, at := listen(t, Options{OnConnect: func(c *Conn) {
				if method == "GET" {
					echo(c)
				} // else nobody reads what is posted
			}})
			b := from(t, "127.0.0.1")
			at = b.open(at)
			first := b.later(method, at, "4hi")
			second := b.later(method, at, "4hi")
			one, two := <-first, <-second
			if one.status == 400 {
				one, two = two, one
			}
			if two.status != 400 || two.body != badRequest {
				t.Errorf("one was answered %d %s", two.status, two.body)
			}
			if method == "GET" && (one.status != 200 || one.body != "1") {
				t.Errorf("the other was answered %d %s", one.status, one.body)
			}
			b.want("GET", at, "", 400, unknownSession)
		})
	}
}

func TestMessagesOverWebSocket(t *testing.T) {
	_, at := listen(t, Options{})
	s := connect(t, at+"websocket")
	_, _ = s.read()
	s.write("4hello")
	s.want("4hello")
	if err := s.ws.Write(t.Context(), websocket.MessageBinary, []byte{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	s.want("\x01\x02\x03\x04")
	s.write("abc")
	if got := s.wantClosed(); got != websocket.StatusProtocolError {
		t.Errorf("closed with %v", got)
	}
}

func TestHeartbeatOverBoth(t *testing.T) {
	o := quick()
	o.PingTimeout = time.Second
	_, at := listen(t, o)
	b := from(t, "127.0.0.1")
	session := b.open(at)
	s := connect(t, at+"websocket")
	_, _ = s.read()
	for range 3 {
		b.want("GET", session, "", 200, "2")
		b.want("POST", session, "3", 200, "ok")
		s.want("2")
		s.write("3")
	}
	b.want("GET", session, "", 200, "2") // and no pong
	b.want("GET", session, "", 200, "1")
	b.want("POST", session, "3", 400, unknownSession)
	s.wantClosed()
}

// A client that neither polls nor answers is gone after interval and timeout.
func TestSilentPollersEnd(t *testing.T) {
	ended := make(chan error, 1)
	o := quick()
	o.OnConnect = func(c *Conn) {
		echo(c)
		ended <- c.Err()
	}
	_, b, at := polled(t, o)
	began := time.Now()
	if err := <-ended; err != ErrPingTimeout {
		t.Errorf("ended with %v", err)
	}
	if took := time.Since(began); took < 400*time.Millisecond || took > 5*time.Second {
		t.Errorf("ended after %v", took)
	}
	b.want("POST", at, "4hi", 400, unknownSession)
}

func TestCloseByTheClient(t *testing.T) {
	ended := make(chan error, 2)
	_, at := listen(t, Options{OnConnect: func(c *Conn) {
		echo(c)
		ended <- c.Err()
	}})
	b := from(t, "127.0.0.1")
	session := b.open(at)
	waiting := b.later("GET", session, "")
	b.want("POST", session, "4bye\x1e1\x1e4never", 200, "ok")
	a := <-waiting
	if a.body == "4bye" {
		a = b.do("GET", session, "")
	}
	if a.body != "6" && a.body != unknownSession {
		t.Errorf("the poll was answered %d %q", a.status, a.body)
	}
	if err := <-ended; err != ErrTransportClose {
		t.Errorf("ended with %v", err)
	}
	b.want("GET", session, "", 400, unknownSession)

	s := connect(t, at+"websocket")
	_, _ = s.read()
	s.write("1")
	s.wantClosed()
	if err := <-ended; err != ErrTransportClose {
		t.Errorf("ended with %v", err)
	}
}

func TestCloseByTheServer(t *testing.T) {
	_, at := listen(t, Options{OnConnect: func(c *Conn) {
		_, _ = c.Read(t.Context())
		_ = c.Send(Message{Data: []byte("last")})
		c.Close()
	}})
	b := from(t, "127.0.0.1")
	at = b.open(at)
	b.want("POST", at, "4hi", 200, "ok")
	b.want("GET", at, "", 200, "4last") // what was sent before comes before
	b.want("GET", at, "", 200, "1")
	for a := b.do("GET", at, ""); a.body != unknownSession; a = b.do("GET", at, "") {
		if a.body != "1" { // until it is forgotten
			t.Fatalf("after the end: %d %q", a.status, a.body)
		}
	}
}
