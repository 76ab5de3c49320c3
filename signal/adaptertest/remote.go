package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/switchyard-rtc/switchyard/signal"
)

// acknowledgements checks who is asked, and what comes back.
func acknowledgements(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	spread(n, n)
	ask(t, n, n)
}

// ask asks sockets on two servers from one of them.
func ask(t *testing.T, from, other *server) {
	t.Helper()
	at := map[string]*server{"a": from, "b": other, "c": from, "d": other}
	for _, tt := range targets {
		sees(t, tt.name, func() []string { return from.Sockets(tt.to) }, slices.Sorted(letters(tt.want))...)
		acks, err := from.ask(t.Context(), tt.to, tt.name, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var want []string
		for id := range letters(tt.want) {
			want = append(want, id+" heard "+tt.name)
		}
		equal(t, tt.name, acks, want...)
		for id, server := range at {
			got := from.got(server, id)
			if in := slices.Contains(slices.Collect(letters(tt.want)), id); in && !slices.Equal(got, []string{tt.name}) || !in && len(got) > 0 {
				t.Errorf("%s: %s got %q", tt.name, id, got)
			}
		}
	}

	for id, server := range at {
		server.setMute(id, true)
		impatient(t, from, id)
		server.setMute(id, false)
		from.got(server, id)
	}
	if acks, err := from.ask(t.Context(), signal.Target{}, "again", nil); err != nil || len(acks) != 4 {
		t.Errorf("later %d acknowledged, %v", len(acks), err)
	}
}

// impatient asks three of the four sockets, and gives up when all have answered
// but one: what came until then counts.
func impatient(t *testing.T, from *server, mute string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	want := slices.DeleteFunc([]string{"a", "b", "c"}, func(id string) bool { return id == mute })
	left := len(want)
	acks, err := from.ask(ctx, signal.Target{Rooms: []string{"a", "b", "c"}}, "x", func() {
		if left--; left == 0 && mute != "d" {
			cancel()
		}
	})
	if late := errors.Is(err, context.Canceled); late != (mute != "d") {
		t.Errorf("without the answer of %s: got %v", mute, err)
	}
	for i := range want {
		want[i] += " heard x"
	}
	equal(t, "without the answer of "+mute, acks, want...)
}

// letters ranges over the letters of a text.
func letters(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, r := range s {
			if !yield(string(r)) {
				return
			}
		}
	}
}

// ask returns the texts of acknowledgements, whose attachments it checks. came is
// called after each.
func (s *server) ask(ctx context.Context, to signal.Target, event string, came func()) (acks []string, err error) {
	s.t.Helper()
	var inside atomic.Int32
	var over atomic.Bool
	err = s.Ask(ctx, to, text(event), func(id string, ack signal.Packet) {
		if inside.Add(1) > 1 || over.Load() {
			s.t.Error("acknowledgements come at once, or late")
		}
		if len(ack) != 2 || string(ack[1].Data) != "\x00\xff" || !ack[1].Binary || ack[0].Binary {
			s.t.Errorf("%s acknowledged with %d messages", id, len(ack))
		}
		if want := fmt.Sprintf("%s heard %s", id, event); string(ack[0].Data) != want {
			s.t.Errorf("got %q, want %q", ack[0].Data, want)
		}
		acks = append(acks, string(ack[0].Data))
		if came != nil {
			came()
		}
		inside.Add(-1)
	})
	over.Store(true)
	return acks, err
}

func (s *server) setMute(id string, mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute[id] = mute
}

// orders checks who is told what.
func orders(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	spread(n, n)
	command(t, n, n)
}

// allOrders are one of each kind.
var allOrders = []signal.Order{
	{}, {Join: []string{"green", ""}}, {Leave: []string{"red", "*", "a.>"}},
	{Join: []string{"x"}, Leave: []string{"y"}, Disconnect: true, Close: true}, {Disconnect: true},
}

// command gives orders to sockets on two servers from one of them, between
// packets.
func command(t *testing.T, from, other *server) {
	t.Helper()
	for _, tt := range targets {
		sees(t, tt.name, func() []string { return from.Sockets(tt.to) }, slices.Sorted(letters(tt.want))...)
		var want []string
		for _, o := range allOrders {
			from.Broadcast(tt.to, text("before"))
			from.Order(tt.to, o)
			want = append(want, "before", show(o))
		}
		for id, at := range map[string]*server{"a": from, "b": other, "c": from, "d": other} {
			got := from.got(at, id)
			in := slices.Contains(slices.Collect(letters(tt.want)), id)
			if in && !slices.Equal(got, want) || !in && len(got) > 0 {
				t.Errorf("%s: %s got %q", tt.name, id, got)
			}
		}
	}
}

// descriptions checks what is told of sockets.
func descriptions(t *testing.T, a signal.Adapter) {
	n := connect(t, a, "/")
	spread(n, n)
	fetch(t, n, n)
	n.Join(gone, gone, "red")
	fetch(t, n, n)
}

// fetch describes sockets on two servers to one of them.
func fetch(t *testing.T, from, other *server) {
	t.Helper()
	at := map[string]*server{"a": from, "b": other, "c": from, "d": other}
	for _, tt := range targets {
		all, err := from.Fetch(t.Context(), tt.to)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got []string
		for _, r := range all {
			got = append(got, r.ID)
			if want := fmt.Sprintf("%q", "data of "+r.ID); string(r.Data) != want {
				t.Errorf("data of %s: got %s", r.ID, r.Data)
			}
			if at[r.ID] != nil {
				equal(t, "rooms of "+r.ID, r.Rooms, at[r.ID].Of(r.ID)...)
			}
		}
		equal(t, tt.name, got, slices.Collect(letters(tt.want))...)
	}
}

func clusterAcknowledgements(t *testing.T, adapters []signal.Adapter) {
	one, two, _ := connect(t, adapters[0], "/"), connect(t, adapters[1], "/"), connect(t, adapters[2], "/")
	spread(one, two)
	ask(t, one, two)
	two.LeaveAll("b")
	two.LeaveAll("d")
	two.Close() // who is gone is not waited for
	acks, err := one.ask(t.Context(), signal.Target{}, "who is left", nil)
	if err != nil {
		t.Error(err)
	}
	equal(t, "who is left", acks, "a heard who is left", "c heard who is left")
}

func clusterOrders(t *testing.T, adapters []signal.Adapter) {
	one, two := connect(t, adapters[0], "/"), connect(t, adapters[1], "/")
	spread(one, two)
	command(t, one, two)
}

func clusterDescriptions(t *testing.T, adapters []signal.Adapter) {
	one, two := connect(t, adapters[0], "/"), connect(t, adapters[1], "/")
	connect(t, adapters[2], "/")
	spread(one, two)
	sees(t, "all", one.in(), "a", "b", "c", "d")
	fetch(t, one, two)
	two.LeaveAll("b")
	two.LeaveAll("d")
	two.Close()
	all, err := one.Fetch(t.Context(), signal.Target{})
	if err != nil || len(all) != 2 {
		t.Errorf("%d sockets are left, %v", len(all), err)
	}
}
