package room_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/sfu"
)

// party is a room whose clients do at random what they may and may not.
type party struct {
	t       *testing.T
	house   *house
	offer   string
	offers  int
	clients []*guest
}

// addresses makes clients strangers to each other, who each may join often.
var addresses atomic.Uint32

// arrive adds a client.
func (p *party) arrive() *guest {
	c := newConn(p.t, fmt.Sprint("g", len(p.clients)))
	n := addresses.Add(1)
	c.request.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", n>>16&255, n>>8&255, n&255)
	g := &guest{conn: c}
	if err := p.house.Bind(p.t.Context(), c); err != nil {
		p.t.Fatal(err)
	}
	p.clients = append(p.clients, g)
	return g
}

// step does what a letter says, with the client that a digit names.
func (p *party) step(do, who byte, text string) {
	if len(p.clients) == 0 || do == 'n' && len(p.clients) < 6 {
		p.arrive()
	}
	g := p.clients[int(who)%len(p.clients)]
	arg := byte(len(text))
	switch do {
	case 'r', 'R', 'P': // a new connection for the same client
		p.again(g, do)
	case 'd':
		g.drop()
	case 'b':
		g.setBehind(true)
	case 'B':
		g.setBehind(false)
	case 'k':
		if r, ok := p.house.Room("r"); ok {
			for m := range r.Members() {
				if m.ID() == g.self {
					m.Leave()
				}
			}
		}
	default:
		if !g.over() {
			p.say(g, do, arg, text)
		}
	}
	for _, g := range p.clients {
		g.follow()
	}
}

// say sends an event.
func (p *party) say(g *guest, do, arg byte, text string) {
	join := o{"v": 1, "room": "r", "name": text, "ticket": g.ticket}
	switch do {
	case 'M':
		p.moderate(g, arg)
	case 'T':
		g.ask("token", o{"token": text})
	case 'j':
		g.take(g.ask("join", join))
	case 'o':
		if p.offers++; p.offers <= 3 {
			join["offer"], join["publish"] = p.offer, []o{{"mid": "4", "source": "microphone", "muted": arg%2 == 0}}
			g.take(g.ask("join", join))
		}
	case 'f':
		if p.offers++; p.offers <= 3 {
			g.offered++
			g.ask("offer", o{"id": g.offered, "sdp": p.offer, "publish": []o{{"mid": "4", "source": "microphone"}}})
		}
	case 's':
		g.ask("subscribe", o{"replace": arg%3 == 0, "publications": []o{{"id": g.any(arg), "on": arg%2 == 0}}})
	case 'm':
		g.ask("mute", o{"publication": g.any(arg), "muted": arg%2 == 0})
	case 'u':
		g.ask("unpublish", o{"publication": g.any(arg)})
	case 'c':
		g.ask("new_message", o{"cid": fmt.Sprint(arg % 4), "text": text})
	case 'h':
		g.ask("hand", o{"up": arg%2 == 0})
	case 'e':
		g.ask("react", o{"emoji": text})
	case 'a':
		g.ask("set", o{"name": text, "attrs": o{fmt.Sprint(arg % 3): text[min(len(text), 1):]}})
	case 'w':
		g.ask("caption", o{"text": text, "final": arg%2 == 0, "lang": "en"})
	case 'q':
		p.vote(g, arg)
	case 'y':
		g.take(g.ask("sync", o{}))
	case 'l':
		if g.ask("leave", o{}).Code == "" {
			g.joined = false
		}
	default:
		events := []string{
			"join", "subscribe", "new_message", "mute", "unpublish", "offer", "", "hand", "react", "set", "caption", "poll",
		}
		if json.Valid([]byte(text)) {
			if a := g.raw(events[int(do)%len(events)], text); a.Session != "" {
				g.take(a)
			}
		}
	}
}

// vote opens, votes or closes a poll.
func (p *party) vote(g *guest, arg byte) {
	id := "none"
	told := g.ask("sync", o{})
	g.take(told)
	if len(told.Polls) > 0 {
		id = told.Polls[int(arg)%len(told.Polls)].ID
	}
	g.ask("poll", o{
		"op": []string{"open", "vote", "vote", "close", "shut"}[arg%5], "id": id, "question": "q", "choices": []string{"a", "b"},
		"choice": int(arg) % 3, "secret": arg%2 == 0,
	})
}

// moderate does one of what moderators do, which it may be or not.
func (p *party) moderate(g *guest, arg byte) {
	ops := []string{
		"kick", "mute", "mute_all", "ask_unmute", "grant", "promote", "demote", "lock", "unlock", "lobby", "admit", "deny",
		"spotlight", "ban", "unban", "end", "lower_hand",
	}
	op := ops[int(arg)%len(ops)]
	on := arg&16 == 0
	other := p.clients[int(arg>>4)%len(p.clients)]
	member := other.self
	if member == "" {
		member = "nobody"
	}
	g.ask("mod", o{
		"op": op, "on": on, "member": member, "publication": g.any(arg), "ticket": other.ticket,
		"can": o{"publish": []string{"microphone"}[:int(arg>>4&1)], "subscribe": on, "moderate": arg&32 == 0},
	})
}

// again is a client that comes back on a new connection: with its key, with an old
// one, or as another page that replaces the first.
func (p *party) again(old *guest, do byte) {
	if len(p.clients) > 12 || old.session == "" {
		return
	}
	g := p.arrive()
	arg := o{"v": 1, "room": "r", "name": "again"}
	switch do {
	case 'r':
		arg["resume"] = o{"session": old.session, "key": old.keys[len(old.keys)-1]}
	case 'R':
		arg["resume"] = o{"session": old.session, "key": old.keys[0]}
	default:
		arg["replaces"] = old.session
	}
	g.take(g.ask("join", arg))
	if g.joined {
		g.keys = append(slices.Clone(old.keys), g.keys...)
	}
}

// end has everybody learn the whole, and compares it with what they know.
func (p *party) end() {
	r, ok := p.house.Room("r")
	if ok {
		for _, g := range p.clients {
			g.setBehind(false)
		}
		r.Members() // when it has heard of that
		truth := make(map[int]string)
		for _, g := range p.clients {
			if g.joined && !g.over() {
				p.compare(g, truth)
			}
		}
	}
	for r := range p.house.Rooms() { // events can name any
		r.Close()
	}
	for _, g := range p.clients {
		g.drop()
	}
}

// compare has a client learn the whole. truth is what others were told, by
// revision.
func (p *party) compare(g *guest, truth map[int]string) {
	told := g.ask("sync", o{})
	if told.Code != "" {
		return // it was removed
	}
	g.followTo(told.Rev)
	known := g.show()
	g.take(told)
	whole := g.show()
	if known != whole {
		p.t.Fatalf("%s knows\n%s\nand is told\n%s", g.id, known, whole)
	}
	if other, ok := truth[told.Rev]; ok && other != whole {
		p.t.Fatalf("at %d %s is told\n%s\nand others\n%s", told.Rev, g.id, whole, other)
	}
	truth[told.Rev] = whole
}

// FuzzRoom plays a script, in steps separated by newlines: a letter, a byte that
// names a client, and a text. Each client is told of changes without a gap, all of
// them come to know the same, and nothing is left over.
func FuzzRoom(f *testing.F) {
	for _, s := range []string{
		"j0Ana\nn1\nj1Bo\nc0hello\ny1\nl0\nj0again\nl1", "o0\nn1\no1x\ns0\ns1x\nm0\nm0x\nu1\nf0\nd1\nr1\nl0",
		"j0\nn1\nj1\nb0\nl1\nj1\nl1\nj1\nc1a\nB0\nl1\nj1\ny0", "j0\nr0\nr0\nR0\ny1\nj0", "j0\nn1\nj1\nd0\nr0\nR0\nr2\nk2\nj1",
		"j0\nP0\nP1\nj0\nk1\nk2", "o0\nb0\nn1\no1\nm1x\nm1\nu1\nf1\nB0\nd0\nr0\ny2", "j0\n\x000{\"v\":1,\"room\":\"r\"}\n\x040[]\n\x030{\"publication\":7}",
		"o0\nn1\nj1\nb1\nm0\nm0x\nl0\no0\nd0\nr0\nd1\nr1\nb1\nb2\nP2", "j0\nn1\nj1\nk0\nj0\nk1\nk0", "j0\nn0\nn0\nj1\nj2\nb1\nb2\nd0\nr0\nd3\nr3\nB1\nl1",
		"j0\no1\nj2\nM0" + long(7) + "\nj3\nM0" + long(8) + "\nM0" + long(9) + "\nj3\nM0" + long(10) + "\nj3\nM0" + long(2) + "\nm1",
		"j0\no1\nj2\nM0" + long(20) + "\nM1" + long(5) + "\nM0" + long(6) + "\nb2\nM0" + long(12) + "\nM0" + long(29) + "\nB2\nM2" + long(15),
		"j0\nn1\nj1\nh0\nh1\na1Bo\nb1\na0Anna\nh0x\nM0" + long(16) + "\nB1\ny1\ne0!\nw1words\nw1word",
		"j0\nn1\nj1\nq0\nq1x\nb1\nq0x\nq1xxxxxx\nB1\nq0xxx\nd1\nr1\ny1", "j0\n\x070{\"up\":1}\n\x0b0{\"op\":\"open\",\"question\":\"?\",\"choices\":[\"a\",\"\"]}",
		"j0\nn1\nj1\nn2\nj2\nM0" + long(21) + "\nM0" + long(36) + "\nb2\nM1" + long(38) + "\nB2",
		"j0\no1\nb1\nM0" + long(1) + "\nM0" + long(3) + "\nT1x\nd1\nr1\nM0" + long(16) + "\nj1\nd0\nr0\nM1" + long(5),
	} {
		f.Add([]byte(s))
	}
	media, err := sfu.Listen(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { media.Close() })
	var once sync.Once
	var offer string
	f.Fuzz(func(t *testing.T, script []byte) {
		s, err := room.NewServer(room.Config{Media: media, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Shutdown(t.Context())
		h := &house{Server: s, t: t, media: media}
		once.Do(func() { offer = h.description() })
		p := &party{t: t, house: h, offer: offer}
		steps := strings.Split(string(script), "\n")
		for _, s := range steps[:min(len(steps), 30)] {
			if len(s) >= 2 {
				p.step(s[0], s[1], s[2:min(len(s), 200)])
			}
		}
		p.end()
		h.nothingLeft()
	})
}

// long is a text by whose length a step chooses.
func long(n int) string { return strings.Repeat("x", n) }

// description is an offer that nobody will connect with: two slots of each kind
// and a microphone.
func (h *house) description() string {
	c := h.caller("describer")
	defer c.pc.Close()
	c.slots(webrtc.RTPCodecTypeAudio, 2)
	c.slots(webrtc.RTPCodecTypeVideo, 2)
	c.send(webrtc.MimeTypeOpus)
	return c.describe()
}
