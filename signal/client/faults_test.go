package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/switchyard-rtc/switchyard/signal/client"
)

func TestPingsAreAnswered(t *testing.T) {
	pongs := make(chan string, 3)
	url := forge(t, func(f *fake) {
		f.greet(slowHello)
		for range cap(pongs) {
			f.write("2")
			pongs <- f.read()
		}
		f.rest()
	})
	dial(t, url, client.Options{})
	for range cap(pongs) {
		if p := wait(t, pongs); p != "3" {
			t.Errorf("a ping was answered %q", p)
		}
	}
}

func TestPingTimeout(t *testing.T) {
	url := forge(t, func(f *fake) {
		f.greet(`0{"sid":"x","upgrades":[],"pingInterval":60,"pingTimeout":40}`)
		f.rest()
	})
	began := time.Now()
	c, err := client.Dial(within(t), url, client.Options{})
	if err != nil { // on a very slow machine
		if errors.Is(err, client.ErrPingTimeout) {
			return
		}
		t.Fatal(err)
	}
	wait(t, c.Done())
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("ended after %v", took)
	}
	if err := c.Close(); err != client.ErrPingTimeout {
		t.Errorf("ended with %v", err)
	}
}

// Whatever the server says wrong ends the connection, with a code that tells
// it so.
func TestMalformedPackets(t *testing.T) {
	const large = 5000
	for _, tt := range []struct {
		name string
		says []string // a leading # marks an attachment
		want error
		code websocket.StatusCode
	}{
		{"empty", []string{""}, client.ErrParse, websocket.StatusProtocolError},
		{"unknown type", []string{"9"}, client.ErrParse, websocket.StatusProtocolError},
		{"pong", []string{"3"}, client.ErrParse, websocket.StatusProtocolError},
		{"second handshake", []string{slowHello}, client.ErrParse, websocket.StatusProtocolError},
		{"second CONNECT", []string{joined}, client.ErrParse, websocket.StatusProtocolError},
		{"refused after CONNECT", []string{`44{"message":"x"}`}, client.ErrParse, websocket.StatusProtocolError},
		{"no packet", []string{"4"}, client.ErrParse, websocket.StatusProtocolError},
		{"broken JSON", []string{`42["x"`}, client.ErrParse, websocket.StatusProtocolError},
		{"no name", []string{`42[1]`}, client.ErrParse, websocket.StatusProtocolError},
		{"reserved name", []string{`42["disconnect"]`}, client.ErrParse, websocket.StatusProtocolError},
		{"attachment of nothing", []string{"#x"}, client.ErrParse, websocket.StatusProtocolError},
		{"text instead of attachment", []string{`451-["x"]`, `42["x"]`}, client.ErrParse, websocket.StatusProtocolError},
		{"too many attachments", []string{`4511-["x"]`}, client.ErrParse, websocket.StatusProtocolError},
		{"placeholder of nothing", []string{`451-["x",{"_placeholder":true,"num":1}]`, "#x"}, client.ErrParse, websocket.StatusProtocolError},
		{"ack with a placeholder of nothing", []string{`461-1[{"_placeholder":true,"num":1}]`, "#x"}, client.ErrParse, websocket.StatusProtocolError},
		{"large text", []string{`42["` + strings.Repeat("x", large) + `"]`}, client.ErrTooLarge, websocket.StatusMessageTooBig},
		{"large attachments", []string{`452-["x"]`, "#" + strings.Repeat("x", large/2), "#" + strings.Repeat("x", large/2)}, client.ErrTooLarge, websocket.StatusMessageTooBig},
		{"Engine.IO close", []string{"1"}, client.ErrServerClosed, websocket.StatusNormalClosure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			codes := make(chan websocket.StatusCode, 1)
			url := forge(t, func(f *fake) {
				f.greet(slowHello)
				for _, s := range tt.says {
					if b, ok := strings.CutPrefix(s, "#"); ok {
						_ = f.ws.Write(f.ctx, websocket.MessageBinary, []byte(b))
						continue
					}
					f.write(s)
				}
				codes <- f.rest()
			})
			c := dial(t, url, client.Options{MaxPayload: large - 1})
			wait(t, c.Done())
			if err := c.Close(); !errors.Is(err, tt.want) {
				t.Errorf("ended with %v, want %v", err, tt.want)
			}
			if code := wait(t, codes); code != tt.code {
				t.Errorf("the server saw %v, want %v", code, tt.code)
			}
		})
	}
}

func TestWhatIsNotForTheClientPasses(t *testing.T) {
	url := forge(t, func(f *fake) {
		f.greet(slowHello)
		for _, s := range []string{"6", `42/other,["x"]`, `41/other`, `4399["x"]`, `40/other,{"sid":"y"}`} {
			f.write(s)
		}
		call := f.read()
		f.write("43" + call[2:3] + `["back"]`)
		f.write("43" + call[2:3] + `["twice"]`)
		f.rest()
	})
	c := dial(t, url, client.Options{OnEvent: func(event string, _ client.Args) []any {
		t.Errorf("got %q", event)
		return nil
	}})
	a, err := c.Call(within(t), "call")
	var s string
	if err != nil || a.Decode(0, &s) != nil || s != "back" {
		t.Errorf("got %q, %v", s, err)
	}
}

func TestHandshakeFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		says []string
		want error
	}{
		{"no Engine.IO", []string{"hi"}, client.ErrParse},
		{"without heartbeat", []string{`0{"sid":"x"}`}, client.ErrParse},
		{"absurd heartbeat", []string{`0{"sid":"x","pingInterval":9223372036854775807,"pingTimeout":1}`}, client.ErrParse},
		{"event first", []string{slowHello, `42["x"]`}, client.ErrParse},
		{"older version", []string{slowHello, `40`}, client.ErrParse},
		{"sent away", []string{slowHello, `41`}, client.ErrDisconnected},
		{"closed", []string{slowHello, `1`}, client.ErrServerClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := forge(t, func(f *fake) {
				for _, s := range tt.says {
					f.write(s)
				}
				f.rest()
			})
			c, err := client.Dial(within(t), url, client.Options{})
			if !errors.Is(err, tt.want) || c != nil {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestRefusalsOfOtherServers(t *testing.T) {
	for in, want := range map[string]client.ConnectError{
		`44"no"`:                                 {Message: "no"},
		`44{"message":"no"}`:                     {Message: "no"},
		`44{"message":"no","data":[1]}`:          {Message: "no", Data: []byte("[1]")},
		`44{"message":"no","data":{"code":7}}`:   {Message: "no", Data: []byte(`{"code":7}`)},
		`44{"message":"no","data":{"code":"x"}}`: {Message: "no", Code: "x", Data: []byte(`{"code":"x"}`)},
	} {
		url := forge(t, func(f *fake) {
			f.write(slowHello)
			f.write(in)
			f.rest()
		})
		_, err := client.Dial(within(t), url, client.Options{})
		var got *client.ConnectError
		if !errors.As(err, &got) || got.Message != want.Message || got.Code != want.Code || string(got.Data) != string(want.Data) {
			t.Errorf("%s: got %v, want %v", in, err, want)
		}
	}
}

// Dial can be given up at each of its steps.
func TestDialIsCancelled(t *testing.T) {
	for step := range 3 {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			ctx, cancel := context.WithCancel(within(t))
			defer cancel()
			var url string
			switch step {
			case 0:
				url = mute(t, cancel)
			case 1:
				url = forge(t, func(f *fake) {
					cancel()
					f.rest()
				})
			case 2:
				url = forge(t, func(f *fake) {
					f.write(slowHello)
					f.read()
					cancel()
					f.rest()
				})
			}
			if _, err := client.Dial(ctx, url, client.Options{}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// mute is a server that reads a request and says nothing.
func mute(t *testing.T, asked func()) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(conn)
		if _, err := http.ReadRequest(r); err != nil { // a connection without one might be kept for later
			t.Errorf("read the request: %v", err)
		}
		asked()
		_, _ = io.Copy(io.Discard, r)
		conn.Close()
	}()
	t.Cleanup(func() {
		l.Close()
		<-over
	})
	return "http://" + l.Addr().String()
}

func TestNetworkFails(t *testing.T) {
	url := forge(t, func(f *fake) {
		f.greet(slowHello)
		f.read()
		f.ws.CloseNow()
	})
	c := dial(t, url, client.Options{})
	if _, err := c.Call(within(t), "x"); !errors.Is(err, client.ErrTransport) {
		t.Errorf("Call: %v", err)
	}
}

func TestSlowHandler(t *testing.T) {
	url := forge(t, func(f *fake) {
		f.greet(slowHello)
		for range 4096 + 2 { // one of them is being handled
			f.write(`42["x"]`)
		}
		f.rest()
	})
	var c *client.Client
	ready, handled := make(chan struct{}), 0
	c = dial(t, url, client.Options{OnEvent: func(string, client.Args) []any {
		<-ready
		<-c.Done()
		handled++
		return nil
	}})
	close(ready)
	wait(t, c.Done())
	if err := c.Close(); err != client.ErrSlowHandler {
		t.Errorf("ended with %v", err)
	}
	if handled < 4096 {
		t.Errorf("%d events were handled", handled)
	}
}

// A server that does not read holds up neither Emit nor memory, and what waits
// is sent when it reads again.
func TestSlowServer(t *testing.T) {
	const size = 100_000
	read := make(chan struct{})
	received := make(chan int, 1)
	url := forge(t, func(f *fake) {
		f.greet(slowHello)
		<-read
		n := 0
		for {
			m := f.read()
			if m == "" {
				return
			}
			if call, ok := strings.CutSuffix(m, `["call"]`); ok {
				f.write("43" + call[2:] + `[]`)
				received <- n
				f.rest()
				return
			}
			n++
		}
	})
	c := dial(t, url, client.Options{})
	sent := 0
	text := strings.Repeat("x", size)
	var err error
	for ; sent < 10_000 && err == nil; sent++ {
		err = c.Emit("x", text)
	}
	if err != client.ErrSlow {
		t.Fatalf("%d times %d bytes: %v", sent, size, err)
	}
	sent-- // the last one
	if err := c.Err(); err != nil {
		t.Fatalf("the connection ended: %v", err)
	}
	close(read)
	if _, err := c.Call(within(t), "call"); err != nil {
		t.Errorf("Call: %v", err)
	}
	if n := wait(t, received); n != sent {
		t.Errorf("the server received %d events of %d", n, sent)
	}
}

func TestUnwritableAcknowledgement(t *testing.T) {
	url := forge(t, func(f *fake) {
		f.greet(slowHello)
		f.write(`421["x"]`)
		f.rest()
	})
	c := dial(t, url, client.Options{OnEvent: func(string, client.Args) []any { return []any{func() {}} }})
	wait(t, c.Done())
	if err := c.Err(); !strings.HasPrefix(err.Error(), `client: acknowledge "x": `) {
		t.Errorf("ended with %v", err)
	}
}

// A server that does not say goodbye, or announces a frame that never comes,
// holds Close up for 5 s and no longer.
func TestServerWithoutGoodbye(t *testing.T) {
	for name, last := range map[string]string{"silent": "", "half a frame": "\x81\x7e\xff\xff{"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			url := forge(t, func(f *fake) {
				f.greet(slowHello)
				_, _ = f.conn.Write([]byte(last))
				<-release
			})
			defer close(release)
			c := dial(t, url, client.Options{})
			began := time.Now()
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took < 4*time.Second || took > 15*time.Second {
				t.Errorf("Close took %v", took)
			}
		})
	}
}
