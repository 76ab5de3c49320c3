package room_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/switchyard-rtc/switchyard/room"
)

// tries are what clients send for each event: something that is refused, if at
// all, for other reasons than rights.
var tries = map[string]o{
	"join":        {"v": 1, "room": "r"},
	"offer":       {"id": 1, "sdp": "v=0"},
	"unpublish":   {"publication": "none"},
	"mute":        {"publication": "none", "muted": true},
	"subscribe":   {},
	"new_message": {"cid": "1", "text": "hello"},
	"data":        {"topic": "t", "payload": ""},
	"hand":        {"up": false},
	"react":       {"emoji": "👍"},
	"set":         {"attrs": o{}},
	"caption":     {"text": "hello", "final": true},
	"poll":        {"op": "vote", "id": "none"},
	"sync":        {},
	"leave":       {},
	"token":       {"token": "t"},
	"mod":         {"op": "unlock"},
	"invite":      {"revoke": "none"},
	"breakout":    {"op": "close"},
}

// events returns the rows of the table that are about events.
func events() []room.Permission {
	return slices.DeleteFunc(room.AllPermissions(), func(p room.Permission) bool { return strings.Contains(p.Name(), "/") })
}

// roles are grants to try.
func roles(t *testing.T) map[string]room.Grant {
	t.Helper()
	all := map[string]room.Grant{"nothing": {}}
	for _, r := range []room.Role{room.RoleViewer, room.RoleGuest, room.RoleModerator} {
		g, ok := r.Grant()
		if !ok {
			t.Fatalf("%s is no role", r)
		}
		all[string(r)] = g
	}
	return all
}

// Every role is refused exactly what the table says, and so is who is not in a
// room.
func TestPermissionMatrix(t *testing.T) {
	for role, g := range roles(t) {
		t.Run(role, func(t *testing.T) {
			h := open(t, room.Config{Authorize: authorize(g)})
			for _, row := range events() {
				c := h.bind(row.Name())
				arg := tries[row.Name()]
				if arg == nil {
					t.Fatalf("the test does not know how to send %s", row.Name())
				}
				if row.Needs() != room.NeedNothing {
					if got := c.ask(row.Name(), arg); got.Code != "not_joined" {
						t.Errorf("%s before join: %q", row.Name(), got.Code)
					}
					c.must("join", tries["join"])
				}
				if got := c.ask(row.Name(), arg); (got.Code == "forbidden") == row.Allows(g) {
					t.Errorf("%s: %q; the table allows it: %v", row.Name(), got.Code, row.Allows(g))
				}
			}
		})
	}
}

// A grant that changes while somebody is in the room counts at once, both ways.
func TestPermissionsFollowTheGrant(t *testing.T) {
	all, _ := room.RoleModerator.Grant()
	h := open(t, room.Config{Authorize: authorize(all)})
	for _, row := range events() {
		if row.Needs() == room.NeedNothing {
			continue
		}
		t.Run(row.Name(), func(t *testing.T) {
			c, first := h.enter(row.Name())
			m := h.member("r", first.Self.ID)
			for role, g := range roles(t) {
				if err := m.SetGrant(g); err != nil {
					t.Fatal(err)
				}
				got := c.ask(row.Name(), tries[row.Name()])
				if (got.Code == "forbidden") == row.Allows(g) {
					t.Errorf("as %s: %q; the table allows it: %v", role, got.Code, row.Allows(g))
				}
				if got.Code == "" && row.Name() == "leave" {
					break
				}
			}
		})
	}
}

// What a connection handles is what the table lists, and nothing else.
func TestEveryEventHasARow(t *testing.T) {
	h := open(t, room.Config{})
	c := h.bind("c")
	rows := events()
	for name := range c.handlers {
		if name != "" && !slices.ContainsFunc(rows, func(p room.Permission) bool { return p.Name() == name }) {
			t.Errorf("the table has no row for %s", name)
		}
	}
	for _, p := range rows {
		if c.handlers[p.Name()] == nil {
			t.Errorf("nobody handles %s", p.Name())
		}
	}
	if _, err := c.handlers[""](t.Context(), json.RawMessage(`{}`)); err == nil {
		t.Error("an unknown event is taken")
	}
}

// The document shows the table as it is.
func TestPermissionsAreDescribed(t *testing.T) {
	b, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## Who may do what\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var events, requests strings.Builder
	for _, p := range room.AllPermissions() {
		to := &events
		if strings.Contains(p.Name(), "/") {
			to = &requests
		}
		fmt.Fprintf(to, "| `%s` | %v | %s |\n", p.Name(), p.Needs(), p.Says())
	}
	for head, want := range map[string]string{"| event | needs | |\n": events.String(), "| request | needs | |\n": requests.String()} {
		if !strings.Contains(section+"\n", head+"|---|---|---|\n"+want+"\n") {
			t.Errorf("docs/protocol.md, Who may do what: is not\n%s%s", head, want)
		}
	}
}
