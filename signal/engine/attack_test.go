package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An id cannot be found by trying, and one that is nearly right is as wrong as
// any.
func TestSessionsCannotBeGuessed(t *testing.T) {
	s, at := listen(t, Options{})
	b := from(t, "127.0.0.1")
	mine := b.open(at)
	path, id, _ := strings.Cut(mine, "&sid=")
	seen := map[string]bool{id: true}
	for range 100 {
		_, other, _ := strings.Cut(b.open(at), "&sid=")
		if len(other) != 22 || seen[other] {
			t.Fatalf("id %q is short or came twice", other)
		}
		seen[other] = true
	}
	for _, guess := range []string{
		id[:21], id + "A", strings.ToUpper(id), id[1:] + id[:1], "../" + id, id + "%00", "%2A", "%25", "__proto__", strings.Repeat("x", 4000),
	} {
		if seen[guess] {
			continue
		}
		b.want("GET", path+"&sid="+guess, "", 400, unknownSession)
		b.want("POST", path+"&sid="+guess, "4hi", 400, unknownSession)
		refused(t, overWebSocket(path)+"&sid="+guess, 400, unknownSession)
	}
	if n := len(s.snapshot()); n != 101 {
		t.Errorf("%d sessions, want 101", n)
	}
	b.want("POST", mine, "4hi", 200, "ok") // unhurt
	b.want("GET", mine, "", 200, "4hi")
}

// A client may change its address in the middle, as a phone does that leaves the
// Wi-Fi: the id alone says who it is.
func TestSessionsFollowTheirClient(t *testing.T) {
	_, at := listen(t, Options{})
	home, mobile := from(t, "127.0.0.1"), from(t, "127.0.0.2")
	session := home.open(at)
	home.want("POST", session, "4one", 200, "ok")
	mobile.want("GET", session, "", 200, "4one")
	mobile.want("POST", session, "4two", 200, "ok")
	mobile.want("GET", session, "", 200, "4two")
}

// Who got hold of an id cannot listen beside its owner: the session ends, and
// both notice.
func TestStolenSessionsEnd(t *testing.T) {
	ended := make(chan error, 1)
	_, at := listen(t, Options{OnConnect: func(c *Conn) { echo(c); ended <- c.Err() }})
	owner, thief := from(t, "127.0.0.1"), from(t, "127.0.0.2")
	session := owner.open(at)
	waiting := owner.later("GET", session, "")
	stolen := thief.later("GET", session, "")
	one, two := <-waiting, <-stolen
	if one.status+two.status != 200+400 {
		t.Errorf("answered %d %q and %d %q", one.status, one.body, two.status, two.body)
	}
	if err := <-ended; !errors.Is(err, ErrTransport) {
		t.Errorf("ended with %v", err)
	}
	owner.want("GET", session, "", 400, unknownSession)
}

func TestCrossOriginRequests(t *testing.T) {
	for _, tt := range []struct {
		name, origin string
		allowed      []string
		status       int
		allow, with  string // what the answer lets the page do
	}{
		{"none", "", nil, 200, "", ""},
		{"own", "http://HOST", nil, 200, "", ""},
		{"foreign", "https://evil.example", nil, 403, "", ""},
		{"sandboxed", "null", nil, 403, "", ""},
		{"listed", "https://friend.example", []string{"https://friend.example"}, 200, "https://friend.example", "true"},
		{"not listed", "https://evil.example", []string{"https://friend.example"}, 403, "", ""},
		{"all", "https://evil.example", []string{"*"}, 200, "*", ""},
		{"all, but this one is a friend", "https://friend.example", []string{"*", "https://friend.example"}, 200, "https://friend.example", "true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, at := listen(t, Options{Origins: tt.allowed})
			b := from(t, "127.0.0.1")
			session := b.open(at)
			host := strings.Split(strings.TrimPrefix(at, "http://"), "/")[0]
			if tt.origin != "" {
				b.header.Set("Origin", strings.Replace(tt.origin, "HOST", host, 1))
			}
			opened, posted, asked := b.do("GET", at+"polling", ""), b.do("POST", session, "4hi"), b.do("OPTIONS", session, "")
			if opened.status != tt.status || posted.status != tt.status || (asked.status == 204) != (tt.status == 200) {
				t.Errorf("answered %d, %d, %d, want %d", opened.status, posted.status, asked.status, tt.status)
			}
			for _, a := range []answer{opened, posted, asked} {
				allow, with := a.header.Get("Access-Control-Allow-Origin"), a.header.Get("Access-Control-Allow-Credentials")
				if allow != tt.allow || with != tt.with || a.header.Get("Vary") != "Origin" {
					t.Errorf("allows %q with credentials %q, varies by %q", allow, with, a.header.Get("Vary"))
				}
			}
		})
	}
}

func TestCookieIfAskedFor(t *testing.T) {
	_, at := listen(t, Options{Cookie: "io"})
	a := from(t, "127.0.0.1").do("GET", at+"polling", "")
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil || cookie.Name != "io" || !strings.Contains(a.body, cookie.Value) || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v, %v", cookie, err)
	}
}

func TestConnectionsOfAnAddressAreLimited(t *testing.T) {
	s, at := listen(t, Options{PerAddress: 2})
	one, two := from(t, "127.0.0.1"), from(t, "127.0.0.2")
	session := one.open(at)
	ws := connect(t, at+"websocket")
	one.want("GET", at+"polling", "", 429, `{"code":4,"message":"Too many connections"}`)
	refused(t, at+"websocket", 429, `{"code":4,"message":"Too many connections"}`)
	two.open(at)
	ws.ws.CloseNow()
	for s.Connections() > 2 { // until it is forgotten
		one.want("GET", at+"polling&sid=x", "", 400, unknownSession)
	}
	one.open(at)
	one.want("POST", session, "1", 200, "ok")
}

// A body that is too large ends the session, whether or not it says so.
func TestLargePayloads(t *testing.T) {
	_, at := listen(t, Options{MaxPayload: 1000})
	b := from(t, "127.0.0.1")
	session := b.open(at)
	b.want("POST", session, "4"+strings.Repeat("x", 999), 200, "ok")
	b.want("POST", session, "4"+strings.Repeat("x", 1000), 413, `{"code":3,"message":"Payload too large"}`)
	b.want("GET", session, "", 400, unknownSession)

	session = b.open(at)
	r, err := http.NewRequest("POST", session, io.MultiReader(strings.NewReader("4"), strings.NewReader(strings.Repeat("x", 1000))))
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.http.Do(r) // in pieces
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("answered %s", res.Status)
	}
}

// raw sends what may be no request at all.
func raw(t *testing.T, at, request string) (net.Conn, *bufio.Reader) {
	t.Helper()
	host := strings.Split(strings.TrimPrefix(at, "http://"), "/")[0]
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "HOST", host)); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// A client whose POST does not come to an end, or whose GET is not read, is gone
// with its heartbeat; one that hangs up is gone at once.
func TestHalfRequests(t *testing.T) {
	for _, tt := range []struct {
		name, request string
		size          int // of what the server has to say
		hangUp        bool
		want          error
	}{
		{"POST without end", "POST %s HTTP/1.1\r\nHost: HOST\r\nContent-Length: 100\r\n\r\n4half", 0, false, nil},
		{"POST, hung up", "POST %s HTTP/1.1\r\nHost: HOST\r\nContent-Length: 100\r\n\r\n4half", 0, true, ErrTransport},
		{"GET, hung up", "GET %s HTTP/1.1\r\nHost: HOST\r\n\r\n", 0, true, ErrTransport},
		{"GET that is not read", "GET %s HTTP/1.1\r\nHost: HOST\r\n\r\n", 64 << 20, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			o := quick()
			o.PingInterval = 2 * time.Second
			if tt.hangUp {
				o.PingInterval = time.Minute // so that the heartbeat is not what ends it
			}
			o.OnConnect = func(c *Conn) {
				if tt.size > 0 {
					_ = c.Write(context.Background(), Message{Data: make([]byte, tt.size)})
				}
				echo(c)
				ended <- c.Err()
			}
			_, at := listen(t, o)
			session := from(t, "127.0.0.1").open(at)
			_, path, _ := strings.Cut(session, "//")
			path = path[strings.Index(path, "/"):]
			began := time.Now()
			conn, _ := raw(t, at, fmt.Sprintf(tt.request, path))
			if tt.hangUp {
				conn.Close()
			}
			err := <-ended
			took := time.Since(began)
			if tt.want != nil && !errors.Is(err, tt.want) || took > patience {
				t.Errorf("ended with %v after %v", err, took)
			}
		})
	}
}

// Timeouts of the HTTP server around do not end a poll.
func TestPollsOutliveTimeouts(t *testing.T) {
	o := quick()
	o.PingInterval, o.PingTimeout = 1500*time.Millisecond, 5*time.Second
	o.OnConnect, o.Logger = echo, slog.New(slog.DiscardHandler)
	s := NewServer(o)
	h := httptest.NewUnstartedServer(s)
	h.Config.ReadTimeout, h.Config.WriteTimeout = time.Second, time.Second
	h.Start()
	defer h.Close()
	b := from(t, "127.0.0.1")
	at := b.open(h.URL + "/engine.io/?EIO=4&transport=")
	for range 2 {
		b.want("GET", at, "", 200, "2") // after 1.5 s
		b.want("POST", at, "3", 200, "ok")
	}
	cutOff(t, s)
}

// Over HTTP/2 all requests of a client share a connection, which one session's
// end must not hurt.
func TestPollingOverHTTP2(t *testing.T) {
	s := NewServer(Options{OnConnect: echo, Logger: slog.New(slog.DiscardHandler)})
	h := httptest.NewUnstartedServer(s)
	h.EnableHTTP2 = true
	h.StartTLS()
	defer h.Close()
	b := &browser{t: t, http: *h.Client(), header: http.Header{}}
	at := h.URL + "/engine.io/?EIO=4&transport="
	one, two := b.open(at), b.open(at)
	for _, session := range []string{one, two} {
		waiting := b.later("GET", session, "")
		b.want("POST", session, "4hello\x1ebAQID", 200, "ok")
		if a := <-waiting; a.status != 200 || !strings.HasPrefix(a.body, "4hello") {
			t.Errorf("got %d %q", a.status, a.body)
		}
	}
	b.do("POST", one, "nonsense")
	b.want("GET", one, "", 400, unknownSession)
	b.want("POST", two, "4still here", 200, "ok")
	cutOff(t, s)
}

func TestAddressesThatAreCounted(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80": "fe80::/64", "@": "@", "": "",
	} {
		if got := peer(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%q counts as %q, want %q", remote, got, want)
		}
	}
}
