package room

// Hooks observe rooms. They are called one at a time per room, never under a
// lock, and must not wait for the room; nil fields are skipped.
type Hooks struct {
	// OnOpen is called when a room has been opened.
	OnOpen func(*Room)
	// OnJoin is called before the publications that the member came with. It is
	// called again for one that was lost and is back, after OnLeave.
	OnJoin func(*Member)
	// OnLeave is told why the member is gone: "left" or "lost", "kicked" by
	// [Member.Leave], "banned", "expired" as its token did, "replaced" by a new
	// connection of the same client, "moved" to another room, or "ended" with the
	// room.
	OnLeave func(m *Member, why string)
	// OnPublish and OnUnpublish are called once each for every publication.
	OnPublish   func(*Publication)
	OnUnpublish func(*Publication)
	// OnEnd is the last about a room, and comes before another of its name can be
	// opened. Why is "ended" for one that was closed, or "empty".
	OnEnd func(r *Room, why string)
	// OnEmpty is called when a room was empty for [Config.Linger] and is gone.
	OnEmpty func(*Room)
}

// Then returns hooks that call those of h, and then those of next.
func (h Hooks) Then(next Hooks) Hooks {
	return Hooks{
		OnOpen: both(h.OnOpen, next.OnOpen), OnJoin: both(h.OnJoin, next.OnJoin), OnLeave: both2(h.OnLeave, next.OnLeave),
		OnPublish: both(h.OnPublish, next.OnPublish), OnUnpublish: both(h.OnUnpublish, next.OnUnpublish),
		OnEnd: both2(h.OnEnd, next.OnEnd), OnEmpty: both(h.OnEmpty, next.OnEmpty),
	}
}

func both[T any](f, g func(T)) func(T) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(v T) { f(v); g(v) }
}

func both2[T, U any](f, g func(T, U)) func(T, U) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(v T, u U) { f(v, u); g(v, u) }
}
