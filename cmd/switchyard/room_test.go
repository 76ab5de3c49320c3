package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/room/admin"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

// The command line of the admin API, with a running server.
func TestRoomCommands(t *testing.T) {
	t.Setenv(keysVariable, "")
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	messages := make(chan string, 10)
	c, err := client.Dial(t.Context(), s.url, client.Options{OnEvent: func(name string, args client.Args) []any {
		if name == "new_message" || name == "bye" {
			var arg struct{ Name, Text, Code string }
			if err := args.Decode(0, &arg); err != nil {
				t.Error(err)
			}
			messages <- arg.Name + arg.Text + arg.Code
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Call(t.Context(), "join", map[string]any{"v": 1, "room": "lounge", "name": "Ana"}); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string, string) {
		t.Helper()
		return runCommand(t, append([]string{"room", "--admin", s.admin}, args...)...)
	}
	var list admin.Rooms
	if _, out, _ := run("ls", "--json"); json.Unmarshal([]byte(out), &list) != nil || len(list.Rooms) != 1 || list.Rooms[0].Members != 1 {
		t.Errorf("ls --json: %s", out)
	}
	var r admin.Room
	_, out, _ := run("show", "lounge", "--json")
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.MemberList) != 1 {
		t.Fatalf("show --json: %s, %v", out, err)
	}
	id := r.MemberList[0].ID
	for _, tt := range []struct {
		args []string
		code int
		want string // expression for what is printed
	}{
		{[]string{"ls"}, 0, `ROOM +MEMBERS .*\nlounge +1/1000 +0 +0 +\d+s +open\n`},
		{[]string{"show", "lounge"}, 0, `1 of 1000 members, open.*\n\nMEMBER +NAME .*\n` + id + ` +Ana +- +moderator +live +web `},
		{[]string{"slots", "lounge", id}, 0, `SLOT +STATE +WHY .*\nround trip `},
		{[]string{"open", "attic", "--max-members", "3", "--empty-timeout", "1h", "--codecs", "vp8", "--chat-history", "0"}, 0, `attic: 0 of 3 members, open, empty for 1h0m0s at most, 0 messages kept`},
		{[]string{"open", "attic", "--codecs", "h264"}, exitFailed, "when it is opened"},
		{[]string{"open", "den", "--publish", "microphone,camera", "--chat=false", "--listed", "--lobby"}, 0, `den: 0 of 1000 members, lobby, .* kept, listed; guests may: microphone, camera, data\n$`},
		{[]string{"open", "den", "--publish", "none", "--data=false", "--lobby=false"}, 0, `den: .*, open, .*, listed; guests may: watch\n$`},
		{[]string{"open", "den", "--publish", "nose"}, exitFailed, `body.policy.publish\[0\]`},
		{[]string{"end", "den"}, 0, `^$`},
		{[]string{"role", "lounge", id, "viewer"}, 0, `^$`},
		{[]string{"role", "lounge", id, "king"}, exitUsage, `"king" is none of viewer, guest and moderator`},
		{[]string{"role", "lounge", "nobody", "guest"}, exitFailed, "no such member"},
		{[]string{"role", "lounge", id, "moderator"}, 0, `^$`},
		{[]string{"lock", "lounge"}, 0, `^$`},
		{[]string{"ls"}, 0, `lounge .* locked\n`},
		{[]string{"unlock", "lounge"}, 0, `^$`},
		{[]string{"mute-all", "lounge"}, 0, `^$`},
		{[]string{"mute", "lounge", "p9"}, exitFailed, "no such publication"},
		{[]string{"message", "lounge", "Five minutes left"}, 0, `^$`},
		{[]string{"message", "lounge", "Only you", "--to", id, "--name", "Host"}, 0, `^$`},
		{[]string{"message", "lounge", ""}, exitFailed, "body.text"},
		{[]string{"add-input", "studio", "--name", "Stage", "--stream", "h264/96", "--stream", "opus/111", "--sdp", t.TempDir() + "/stage.sdp"}, 0,
			`INPUT .*\n\S+ +Stage +reconnecting +camera +h264/96 +127\.0\.0\.1:\d+ +- +0 +0 +0 +-\n\S+ +Stage +reconnecting +microphone +opus/111 `},
		{[]string{"inputs", "studio"}, 0, `DROPPED\n\S+ +Stage `},
		{[]string{"add-input", "studio", "--stream", "h264"}, exitUsage, "is not \\[SOURCE=\\]CODEC"},
		{[]string{"add-input", "studio", "--stream", "mp3/96"}, exitFailed, "body.streams"},
		{[]string{"remove-input", "studio", "nobody"}, exitFailed, "no such input"},
		{[]string{"end", "studio"}, 0, `^$`},
		{[]string{"kick", "lounge", "nobody"}, exitFailed, "no such member"},
		{[]string{"ban", "lounge", id, "--for", "1h"}, 0, `^$`},
		{[]string{"ban", "lounge", "eve", "--identity"}, 0, `^$`},
		{[]string{"bans", "lounge"}, 0, `MEMBER +IDENTITY +UNTIL\n` + id + ` +- +\d{4}-\d\d-\d\d [\d:]+\n- +eve +-\n`},
		{[]string{"unban", "lounge", id}, 0, `^$`},
		{[]string{"unban", "lounge", id}, exitFailed, "nobody like that is banned"},
		{[]string{"unban", "lounge", "eve", "--identity"}, 0, `^$`},
		{[]string{"bans", "lounge", "--json"}, 0, `"bans": \[\]`},
		{[]string{"end", "attic"}, 0, `^$`},
		{[]string{"end", "a/../b"}, exitFailed, "no such room"},
		{[]string{"show"}, exitUsage, "0 arguments, want show ROOM"},
		{[]string{"shwo"}, exitUsage, "did you mean show"},
		{[]string{"ls", "--admin", "ftp://x"}, exitUsage, "neither a URL nor HOST:PORT"},
		{[]string{"ls", "--admin", "127.0.0.1:1"}, exitFailed, "nobody answers at http://127.0.0.1:1/"},
		{[]string{"ls", "--admin", s.url}, exitFailed, "is --admin its admin listener"},
	} {
		code, out, stderr := run(tt.args...)
		text := out
		if tt.code != 0 {
			text = stderr
		}
		if code != tt.code || !regexp.MustCompile(tt.want).MatchString(text) {
			t.Errorf("%q: code %d, printed %q, %q; want %d and %s", tt.args, code, out, stderr, tt.code, tt.want)
		}
	}
	for _, want := range []string{"ServerFive minutes left", "HostOnly you", "kicked|banned"} {
		select {
		case got := <-messages:
			if !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("Ana was told %q, want %q", got, want)
			}
		case <-time.After(patience):
			t.Errorf("Ana was not told %q", want)
		}
	}
}

// Who waits is listed, let in and sent away.
func TestLobbyCommands(t *testing.T) {
	t.Setenv(keysVariable, "")
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	enter(t, s, nil)
	run := func(code int, want string, args ...string) string {
		t.Helper()
		got, out, stderr := runCommand(t, append([]string{"room", "--admin", s.admin, "lobby"}, args...)...)
		if got != code || !regexp.MustCompile(want).MatchString(out+stderr) {
			t.Fatalf("lobby %q: code %d, printed %q, %q; want %d and %s", args, got, out, stderr, code, want)
		}
		return out
	}
	run(0, "^the lobby is off\n\nTICKET .*\n$", "ls", "lounge")
	run(0, "^$", "on", "lounge")
	told := make(chan string, 10)
	for _, name := range []string{"Bob", "Eve"} {
		c, err := client.Dial(t.Context(), s.url, client.Options{OnEvent: func(event string, _ client.Args) []any {
			told <- name + " " + event
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Call(t.Context(), "join", map[string]any{"v": 1, "room": "lounge", "name": name}); err != nil {
			t.Fatal(err)
		}
	}
	list := run(0, `^the lobby is on\n\nTICKET .*\n\S+ +Bob +\d+s +waits\n\S+ +Eve +\d+s +waits\n$`, "ls", "lounge")
	ticket := func(name string) string { return regexp.MustCompile(`(\S+) +` + name).FindStringSubmatch(list)[1] }
	run(0, "^$", "admit", "lounge", ticket("Bob"))
	run(0, "^$", "deny", "lounge", ticket("Eve"))
	for _, want := range []string{"Bob admitted", "Eve bye"} {
		select {
		case got := <-told:
			if got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		case <-time.After(patience):
			t.Errorf("nobody told %q", want)
		}
	}
	run(0, `"admitted": true`, "ls", "lounge", "--json")
	run(exitFailed, "nobody waits with this ticket", "admit", "lounge", "none")
	run(exitFailed, "no such room", "deny", "attic", "none")
	run(0, "^$", "off", "lounge")
	run(exitUsage, "room lobby ls: 0 arguments, want ls ROOM", "ls")
	run(exitUsage, "did you mean admit", "admti")
}

// With keys a token has to be in the environment.
func TestRoomCommandsNeedAToken(t *testing.T) {
	t.Setenv(keysVariable, "k:"+goodSecret)
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "127.0.0.1:0")
	_, may, _ := runCommand(t, "token", "--admin")
	may = strings.TrimSpace(may)
	for _, tt := range []struct {
		token string
		code  int
		want  string
	}{{"", exitFailed, "a Bearer token is needed; set SWITCHYARD_TOKEN"}, {"x", exitFailed, "the token is not valid"}, {may, 0, "ROOM"}} {
		t.Setenv(tokenVariable, tt.token)
		if code, out, stderr := runCommand(t, "room", "ls", "--admin", s.admin); code != tt.code || !strings.Contains(out+stderr, tt.want) {
			t.Errorf("%q: code %d, %s%s; want %d and %s", tt.token, code, out, stderr, tt.code, tt.want)
		}
	}
}

func TestNoticeLine(t *testing.T) {
	for data, want := range map[string]string{
		`{}`: "some events were missed\n",
		`{"event":"member_left","time":"2026-01-02T03:04:05Z","room":"r","member":{"id":"m","name":"Ana"},"reason":"lost"}`: " r member_left m Ana lost\n",
	} {
		if got, err := noticeLine(data); err != nil || !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, %v", data, got, err)
		}
	}
}
