package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// Lobby is who waits to be let into a room.
type Lobby struct {
	On      bool     `json:"on" doc:"who comes waits"`
	Waiting []Waiter `json:"waiting" nullable:"false" doc:"longest first"`
}

// Waiter is somebody in a lobby.
type Waiter struct {
	Ticket   string    `json:"ticket" doc:"names it to admit or deny it"`
	Name     string    `json:"name"`
	Since    time.Time `json:"since"`
	Admitted bool      `json:"admitted" doc:"it may come in, and has not yet"`
}

type lobbyOutput struct{ Body Lobby }

type ticketPath struct {
	Room   string `path:"room" maxLength:"64"`
	Ticket string `path:"ticket" maxLength:"64"`
}

func (a *api) addLobby() {
	const done = http.StatusNoContent
	add(a, operation{"show-lobby", table.ShowLobby, 0}, a.showLobby)
	add(a, operation{"admit", table.Admit, done}, func(_ context.Context, in *ticketPath) (*none, error) {
		return nil, a.in(in.Room, func(r *room.Room) error { return r.Admit(in.Ticket) })
	})
	add(a, operation{"deny", table.Deny, done}, func(_ context.Context, in *ticketPath) (*none, error) {
		return nil, a.in(in.Room, func(r *room.Room) error { return r.Deny(in.Ticket) })
	})
}

func (a *api) showLobby(_ context.Context, in *roomPath) (*lobbyOutput, error) {
	_, d, err := a.look(in.Room)
	if err != nil {
		return nil, err
	}
	out := &lobbyOutput{Lobby{On: d.Lobby, Waiting: []Waiter{}}}
	for _, w := range d.Tickets {
		out.Body.Waiting = append(out.Body.Waiting, Waiter(w))
	}
	return out, nil
}
