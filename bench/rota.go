package bench

import "time"

// rota gives each of a changing number of clients a turn in a period, spread
// over it.
type rota struct {
	turn int     // whose it is next
	due  float64 // turns, and a fraction of one
}

// pass returns how many turns have come up in one beat.
func (r *rota) pass(clients int, period time.Duration) int {
	r.due += float64(clients) * float64(beat) / float64(period)
	n := min(int(r.due), clients)
	r.due -= float64(int(r.due))
	return n
}

// next returns whose turn it is.
func (r *rota) next(clients int) int {
	n := r.turn % clients
	r.turn = n + 1
	return n
}
