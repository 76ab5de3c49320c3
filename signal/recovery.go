package signal

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Recovery lets a client that lost its connection come back as the same socket:
// with its id, its rooms, and the events that it missed, as stock clients ask
// for it. It suits chats and feeds; state that ages is better sent anew. The
// zero value is off.
//
// Events then have one more argument, a string, which a client gives back as the
// number of the last that it got. Those of [Socket.Call] and volatile ones are
// not kept. [Handlers.Admit] and [Handlers.OnConnect] run each time, and find
// out by [Socket.Recovered]. What is kept is kept by one server: with several,
// a load balancer has to bring clients back to theirs.
type Recovery struct {
	// Window is how long a client may be away. If zero, there is no recovery.
	Window time.Duration
	// Packets and Bytes limit what is kept for each room, and for each socket's
	// own. A client that missed more comes back as another one. If zero, 128 and
	// 256 KiB.
	Packets, Bytes int
	// Sessions limits the clients that are away. If zero, 10,000; beyond it, the
	// one that left first cannot be recovered.
	Sessions int
}

func (r Recovery) withDefaults() Recovery {
	if r.Packets <= 0 {
		r.Packets = 128
	}
	if r.Bytes <= 0 {
		r.Bytes = 256 << 10
	}
	if r.Sessions <= 0 {
		r.Sessions = 10_000
	}
	return r
}

// session is a socket that can be recovered.
type session struct {
	key   string            // which only the client knows
	id    string            // of the socket
	rooms map[string]uint64 // and the number of the last packet before it joined
	data  json.RawMessage   // see Socket.SetData
	since time.Time         // it left
}

// everyone stands for the room that all sockets are in.
const everyone = ""

// recovery is what a namespace remembers: who is away, and what they may have
// missed.
type recovery struct {
	opts Recovery
	keep time.Duration // how long packets are kept: a loss is noticed late
	last atomic.Uint64 // number of the last packet; changes with mu held

	// Guarded by mu. It is held while a packet is numbered and delivered, so
	// that no socket comes back in between and gets it twice.
	mu    sync.Mutex
	rings map[string]*ring // by room
	away  []session        // the one that left first comes first
	live  map[string]*Socket
	swept time.Time
}

func newRecovery(opts Recovery, notice time.Duration) *recovery {
	if opts.Window <= 0 {
		return nil
	}
	return &recovery{
		opts: opts.withDefaults(), keep: opts.Window + notice, rings: make(map[string]*ring), live: make(map[string]*Socket), swept: time.Now(),
	}
}

// offset is a number as clients carry it.
func offset(n uint64) string { return strconv.FormatUint(n, 36) }

// broadcast numbers an event, keeps it, and sends it to a target by way of
// deliver. A volatile one has the number of the last, and is not kept.
func (r *recovery) broadcast(n *Namespace, to Target, event string, args []any, volatile bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := r.last.Load()
	if !volatile {
		number++
	}
	p, err := encodeEvent(n.name, event, nil, append(slices.Clip(args), offset(number)))
	if err != nil {
		return err
	}
	if volatile {
		n.rooms.Broadcast(to, p.volatile())
		return nil
	}
	r.last.Store(number)
	r.store(kept{number: number, to: to, packet: p, at: time.Now()})
	n.rooms.Broadcast(to, p)
	return nil
}

// store is called with mu held.
func (r *recovery) store(k kept) {
	r.sweep(k.at)
	rooms := k.to.Rooms
	if len(rooms) == 0 {
		rooms = []string{everyone}
	}
	for _, room := range rooms {
		l := r.rings[room]
		if l == nil {
			l = new(ring)
			r.rings[room] = l
		}
		l.push(k, r.opts, r.keep)
	}
}

// sweep forgets what is too old, now and then. It is called with mu held.
func (r *recovery) sweep(now time.Time) {
	if now.Sub(r.swept) < r.opts.Window/4 {
		return
	}
	r.swept = now
	for room, l := range r.rings {
		if l.expire(now.Add(-r.keep)); len(l.all) == 0 {
			delete(r.rings, room) // who missed what it dropped is out of time, too
		}
	}
	r.expire(now)
}

// expire drops clients that were away for too long. It is called with mu held.
func (r *recovery) expire(now time.Time) {
	n := 0
	for n < len(r.away) && (now.Sub(r.away[n].since) > r.opts.Window || len(r.away)-n > r.opts.Sessions) {
		delete(r.rings, r.away[n].id)
		n++
	}
	r.away = slices.Delete(r.away, 0, n)
}

// leave notes that a socket is away, or gone for good.
func (r *recovery) leave(s *Socket, rooms []string, back bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, s.key)
	if !back {
		delete(r.rings, s.id)
		return
	}
	was := session{key: s.key, id: s.id, rooms: make(map[string]uint64), since: time.Now()}
	s.mu.Lock()
	was.data = s.data
	for _, room := range append(rooms, everyone) {
		was.rooms[room] = s.joined[room]
	}
	s.mu.Unlock()
	r.away = append(r.away, was)
	r.expire(was.since)
}

// enter notes a socket's key.
func (r *recovery) enter(s *Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[s.key] = s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined[s.id], s.joined[everyone] = r.last.Load(), r.last.Load()
}

// holder returns the socket that has a key, if its connection still seems to
// live.
func (r *recovery) holder(key string) *Socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live[key]
}

// restore makes s the socket that a client was before, in its rooms, and holds
// what it missed for it. False if that is not known any more.
func (r *recovery) restore(s *Socket, key string, last uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(time.Now())
	i := slices.IndexFunc(r.away, func(a session) bool { return a.key == key })
	if i < 0 {
		return false
	}
	was := r.away[i]
	missed, ok := r.missed(was.rooms, last)
	if !ok {
		return false
	}
	r.away = slices.Delete(r.away, i, i+1)
	r.live[key] = s
	s.recover(was, missed)
	return true
}

// missed returns what came to rooms after a number. It is called with mu held.
func (r *recovery) missed(rooms map[string]uint64, last uint64) (packets []Packet, ok bool) {
	if last > r.last.Load() {
		return nil, false
	}
	var all []kept
	for room, joined := range rooms {
		l := r.rings[room]
		if l == nil {
			continue
		}
		from := max(last, joined)
		if l.lost > from {
			return nil, false
		}
		all = append(all, l.after(from, rooms)...)
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(a.number, b.number) })
	all = slices.CompactFunc(all, func(a, b kept) bool { return a.number == b.number })
	for _, k := range all {
		packets = append(packets, k.packet)
	}
	return packets, true
}

// asked reads what a client that comes back says of itself.
func asked(auth json.RawMessage) (key string, last uint64, ok bool) {
	var a struct {
		PID    string `json:"pid"`
		Offset string `json:"offset"`
	}
	if json.Unmarshal(auth, &a) != nil || a.PID == "" {
		return "", 0, false
	}
	if a.Offset == "" {
		return a.PID, 0, true // it left before the first event
	}
	last, err := strconv.ParseUint(a.Offset, 36, 64)
	return a.PID, last, err == nil
}
