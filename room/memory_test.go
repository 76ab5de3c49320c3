package room_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
)

// notebook keeps what a server has to remember, and counts how often that changed.
type notebook struct {
	mu      sync.Mutex
	changes int
	kept    room.Memory
}

func (n *notebook) memory() room.Memory {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.kept
	m.Changed = func(memory func() room.Memory) {
		kept := memory() // it may be asked at once
		n.mu.Lock()
		defer n.mu.Unlock()
		n.kept = kept
		n.changes++
	}
	return m
}

// expect fails unless so much changed since it was called last.
func (n *notebook) expect(t *testing.T, what string, changes int) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changes != changes {
		t.Errorf("%s: %d changes, want %d", what, n.changes, changes)
	}
	n.changes = 0
}

// A server that is started anew knows who is banned and which tokens are worth
// nothing any more; what is over it forgets.
func TestServerRemembers(t *testing.T) {
	signed := make(map[string]room.Invitation)
	sign := func(i room.Invitation) (string, error) { signed[i.ID] = i; return i.ID, nil }
	var n notebook
	h := open(t, room.Config{Authorize: invited(signed), Invite: sign, Memory: n.memory()})
	a, _ := h.come("192.0.2.1", "", nil)
	invite := func(uses int) string {
		return strings.Trim(string(a.must("invite", o{"role": "guest", "uses": uses}).ID), `"`)
	}
	good, withdrawn, used := invite(0), invite(0), invite(1)
	n.expect(t, "three invitations", 3)
	a.must("invite", o{"revoke": withdrawn})
	n.expect(t, "one withdrawn", 1)
	for _, tt := range []struct {
		token, code string
		changes     int
	}{{good, "", 0}, {used, "", 1}, {used, "unauthorized", 0}, {withdrawn, "unauthorized", 0}, {"", "", 0}} {
		if _, got := h.come("192.0.2.2", "", o{"token": tt.token}); got.Code != tt.code {
			t.Errorf("%s: %q, want %q", tt.token, got.Code, tt.code)
		}
		n.expect(t, "join with "+tt.token, tt.changes)
	}
	r, _ := h.Room("r")
	for identity, until := range map[string]time.Time{"eve": {}, "mal": time.Now().Add(time.Hour)} {
		if err := r.Ban(identity, until); err != nil {
			t.Fatal(err)
		}
	}
	n.expect(t, "two bans", 2)
	if err := r.Unban("nobody", ""); err == nil {
		t.Error("nobody is unbanned")
	}
	if err := r.Unban("mal", ""); err != nil {
		t.Error(err)
	}
	n.expect(t, "one lifted", 1)

	past := n.kept
	past.Bans = append(past.Bans, room.Ban{Room: "r", Identity: "old", Until: time.Now().Add(-time.Second)})
	var old room.Memory
	if err := json.Unmarshal([]byte(`{"passes":[{"id":"old","withdrawn":true,"expires":"2001-01-01T00:00:00Z"},{"id":""}]}`), &old); err != nil {
		t.Fatal(err)
	}
	past.Passes = append(past.Passes, old.Passes...)
	again := open(t, room.Config{Authorize: invited(signed), Invite: sign, Memory: past})
	if got := again.Bans("r"); len(got) != 1 || got[0].Identity != "eve" {
		t.Errorf("bans: %+v", got)
	}
	for token, code := range map[string]string{good: "", used: "unauthorized", withdrawn: "unauthorized"} {
		if _, got := again.come("192.0.2.3", "", o{"token": token}); got.Code != code {
			t.Errorf("%s after the restart: %q, want %q", token, got.Code, code)
		}
	}
	if got := again.Memory(); len(got.Bans) != 1 || len(got.Passes) != 3 {
		t.Errorf("remembered: %+v", got)
	}
}
