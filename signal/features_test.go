package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMiddlewareWrapsEvents(t *testing.T) {
	var order []string
	log := func(name string) Middleware {
		return func(ctx context.Context, s *Socket, event string, args Args, next Handler) ([]any, error) {
			order = append(order, name+" "+event)
			ack, err := next(ctx, args)
			order = append(order, name+" done")
			return ack, err
		}
	}
	refuse := func(ctx context.Context, _ *Socket, event string, args Args, next Handler) ([]any, error) {
		if event == "forbidden" {
			return nil, coded{}
		}
		ack, err := next(ctx, args)
		return append(ack, "seen"), err
	}
	_, url := start(t, root(Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			s.On("x", func(context.Context, Args) ([]any, error) { order = append(order, "x"); return []any{1}, nil })
			s.On("forbidden", func(context.Context, Args) ([]any, error) { order = append(order, "never"); return nil, nil })
			return nil
		},
		Middleware: []Middleware{log("outer"), log("inner"), refuse},
	}))
	c := join(t, url)
	c.write(`421["x"]`)
	c.want(`431[1,"seen"]`)
	c.write(`422["forbidden"]`)
	c.want(`432[{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500}]`)
	c.write(`423["unknown"]`)
	c.want(`433[{"ok":false,"code":"unknown_event","message":"there is no such event"}]`)
	want := "outer x, inner x, x, inner done, outer done, outer forbidden, inner forbidden, inner done, outer done, " +
		"outer unknown, inner unknown, inner done, outer done"
	if got := strings.Join(order, ", "); got != want {
		t.Errorf("order was %s", got)
	}
}

func TestAdmitIsAskedBeforeOnConnect(t *testing.T) {
	asked := make(chan string, 10)
	ask := func(name string, err error) func(context.Context, *Socket) error {
		return func(context.Context, *Socket) error { asked <- name; return err }
	}
	_, url := start(t, Options{Namespaces: map[string]Handlers{
		"/":  {Admit: []func(context.Context, *Socket) error{ask("one", nil), ask("two", nil)}, OnConnect: ask("three", nil)},
		"/x": {Admit: []func(context.Context, *Socket) error{ask("no", coded{})}, OnConnect: ask("never", nil)},
	}})
	c := join(t, url)
	c.write("40/x,")
	c.want(`44/x,{"data":{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500},"message":"slow down"}`)
	close(asked)
	var got []string
	for name := range asked {
		got = append(got, name)
	}
	if !slices.Equal(got, []string{"one", "two", "three", "no"}) {
		t.Errorf("asked %q", got)
	}
}

func TestTypedHandlers(t *testing.T) {
	type point struct{ X, Y int }
	_, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		Handle(s, "swap", func(_ context.Context, p point) (point, error) { return point{p.Y, p.X}, nil })
		Handle(s, "size", func(_ context.Context, b []byte) (int, error) { return len(b), nil })
		Handle(s, "fail", func(context.Context, any) (any, error) { return nil, coded{} })
		return nil
	}}))
	c := join(t, url)
	for _, tt := range []struct{ in, want string }{
		{`421["swap",{"x":1,"y":2}]`, `431[{"X":2,"Y":1}]`},
		{`422["swap"]`, `432[{"X":0,"Y":0}]`},
		{`423["swap","what"]`, `433[{"ok":false,"code":"bad_request","message":"the argument is not what the event takes"}]`},
		{`424["size","eHl6"]`, `434[3]`},
		{`425["fail",1]`, `435[{"ok":false,"code":"rate_limited","message":"slow down","retry_after_ms":1500}]`},
	} {
		c.write(tt.in)
		c.want(tt.want)
	}
}

// To, In and Except say the same of a socket, a namespace and a broadcast.
func TestTargets(t *testing.T) {
	sockets := make(chan *Socket, 4)
	s, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		var auth struct{ Rooms []string }
		_ = json.Unmarshal(s.Auth(), &auth)
		for _, room := range auth.Rooms {
			s.Join(room)
		}
		sockets <- s
		return nil
	}}))
	enter := func(rooms string) (*client, *Socket) {
		c := dial(t, url)
		c.write(`40{"Rooms":` + rooms + `}`)
		c.read()
		return c, wait(t, sockets)
	}
	a, sa := enter(`["red"]`)
	b, sb := enter(`["red","blue"]`)
	c, sc := enter(`["blue"]`)
	d, sd := enter(`[]`)
	name := map[string]string{sa.ID(): "a", sb.ID(): "b", sc.ID(): "c", sd.ID(): "d"}
	all := []*client{a, b, c, d}
	n := s.Of("/")
	for i, tt := range []struct {
		to   Broadcast
		want string
	}{
		{n.To("red"), "ab"}, {n.In("red"), "ab"}, {n.To("red").To("blue"), "abc"}, {n.In("red").In("blue").Except("red"), "c"},
		{n.Except("red"), "cd"}, {n.To(), "abcd"}, {sa.To("red"), "b"}, {sa.In("red", "blue"), "bc"}, {sa.Except("blue"), "d"},
		{n.To(sd.ID()), "d"}, {n.To("red").Volatile(), "ab"}, {n.To("red").Except(sa.ID()).Except("nobody"), "b"},
	} {
		var want []string
		for _, id := range tt.to.Sockets() {
			want = append(want, name[id])
		}
		slices.Sort(want)
		if strings.Join(want, "") != tt.want {
			t.Errorf("row %d means %q, want %q", i, want, tt.want)
		}
		if err := tt.to.Emit("n", i); err != nil {
			t.Error(err)
		}
		for _, r := range tt.want {
			all[r-'a'].want(fmt.Sprintf(`42["n",%d]`, i))
		}
	}
}

// A volatile event arrives where nothing waits.
func TestVolatileArrives(t *testing.T) {
	s, url := start(t, root(Handlers{OnConnect: func(_ context.Context, s *Socket) error {
		return errors.Join(s.EmitVolatile("one", 1), s.Emit("two", 2))
	}}))
	c := join(t, url)
	c.want(`42["one",1]`)
	c.want(`42["two",2]`)
	if err := s.Of("/").To().Volatile().EmitArgs("three", []byte("x")); err != nil {
		t.Error(err)
	}
	c.want(`451-["three",{"_placeholder":true,"num":0}]`)
	c.want("x")
}

func TestRateOfAConnection(t *testing.T) {
	ends := make(chan string, 1)
	o := root(Handlers{
		OnConnect: func(_ context.Context, s *Socket) error {
			s.On("x", func(context.Context, Args) ([]any, error) { return []any{true}, nil })
			return nil
		},
		OnDisconnect: func(_ *Socket, reason string) { ends <- reason },
	})
	o.Rate = Rate{PerSecond: 0.001, Burst: 3}
	_, url := start(t, o)
	c := join(t, url) // the first
	for range 2 {
		c.write(`421["x"]`)
		c.want(`431[true]`)
	}
	c.write(`421["x"]`)
	if m := c.read(); !strings.HasPrefix(m, `431[{"ok":false,"code":"rate_limited","message":"too many packets","retry_after_ms":`) {
		t.Errorf("got %q", m)
	}
	c.write("40/x,")
	if m := c.read(); !strings.HasPrefix(m, `44/x,{"data":{"ok":false,"code":"rate_limited"`) {
		t.Errorf("got %q", m)
	}
	for range 10 { // that is too much
		c.write("40/x,")
	}
	c.wantClosed()
	if reason := wait(t, ends); reason != ReasonRate {
		t.Errorf("ended by %q", reason)
	}
}

// Acknowledgements that were asked for are free, others are not.
func TestRateOfAcknowledgements(t *testing.T) {
	ends, sockets := make(chan string, 1), make(chan *Socket, 1)
	o := root(Handlers{
		OnConnect:    func(_ context.Context, s *Socket) error { sockets <- s; return nil },
		OnDisconnect: func(_ *Socket, reason string) { ends <- reason },
	})
	o.Rate = Rate{PerSecond: 0.001, Burst: 3}
	_, url := start(t, o)
	c := join(t, url)
	s := wait(t, sockets)
	for i := range 100 {
		done := make(chan error, 1)
		go func() { _, err := s.Call(t.Context(), "q"); done <- err }()
		c.want(fmt.Sprintf(`42%d["q"]`, i+1))
		c.write(fmt.Sprintf(`43%d[]`, i+1))
		if err := wait(t, done); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		c.write(fmt.Sprintf(`43%d[]`, i))
	}
	c.wantClosed()
	if reason := wait(t, ends); reason != ReasonRate {
		t.Errorf("ended by %q", reason)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(Rate{PerSecond: 10}, now)
	taken, floods := 0, 0
	second := func(n int) {
		for range n {
			wait, flood := l.take(now)
			if wait == 0 {
				taken++
			}
			if flood {
				floods++
			}
		}
		now = now.Add(time.Second)
	}
	second(100)
	if taken != 40 || floods != 0 {
		t.Errorf("a burst of 40 let %d pass, %d floods", taken, floods)
	}
	taken = 0
	for range 60 { // three times too much, minus one
		second(39)
	}
	if taken != 600 || floods != 0 {
		t.Errorf("10 a second let %d pass in a minute, %d floods", taken, floods)
	}
	for range 11 {
		second(50)
	}
	if floods == 0 {
		t.Error("five times too much is no flood")
	}
	unlimited := newLimiter(Rate{}, now)
	if wait, _ := unlimited.take(now); wait != 0 {
		t.Errorf("no limit has to wait for %v", wait)
	}
}

func TestZeroOptionsServeTheDefaultNamespace(t *testing.T) {
	_, url := start(t, Options{})
	newcomer(t, url)
}

// An argument that remembers how it is written is written once for all that get
// the same, and not mixed up with what others get.
func TestArgumentsAreWrittenOnce(t *testing.T) {
	for name, o := range map[string]Options{"plain": {}, "with recovery": {Recovery: Recovery{Window: time.Minute}}} {
		t.Run(name, func(t *testing.T) {
			sockets := make(chan *Socket, 3)
			h := Handlers{OnConnect: func(_ context.Context, s *Socket) error { sockets <- s; return nil }}
			o.Namespaces = map[string]Handlers{"/": h, "/x": h}
			_, url := start(t, o)
			a, b := join(t, url), join(t, url)
			one, two := wait(t, sockets), wait(t, sockets)
			b.write("40/x,")
			b.read()
			x := wait(t, sockets)
			m := &memo{arg: []int{1, 2}}
			for _, s := range []*Socket{one, two, one} {
				if err := s.Emit("e", m); err != nil {
					t.Error(err)
				}
			}
			if o.Recovery.Window == 0 && m.times != 1 {
				t.Errorf("it was written %d times", m.times)
			}
			_, _ = x.Emit("e", m), one.EmitVolatile("f", &memo{arg: m.arg})
			has := func(c *client, want string) {
				t.Helper()
				if got := c.read(); !strings.HasPrefix(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			for _, want := range []string{`42["e",[1,2]`, `42["e",[1,2]`, `42["f",[1,2]`} {
				has(a, want)
			}
			has(b, `42["e",[1,2]`)
			has(b, `42/x,["e",[1,2]`)
			if err := one.Emit("connect", &memo{}); !errors.Is(err, ErrReserved) {
				t.Errorf("got %v", err)
			}
			if err := one.Emit("e", &memo{arg: func() {}}); err == nil {
				t.Error("what is no JSON was sent")
			}
		})
	}
}
