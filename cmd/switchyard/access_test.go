package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/signal/client"
)

// file writes a configuration.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "switchyard.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const goodSecret = "this-secret-has-more-than-thirty-two-bytes"

// What is wrong with a file is told with its line, and no secret is.
func TestConfigErrors(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"unknown key", "http: 127.0.0.1:0\nrooms:\n  max_member: 3\n", "max_member"},
		{"wrong type", "rooms:\n  max_members: many\n", "[2:16]"},
		{"too few", "rooms:\n  max_members: 0\n", ">  2 |   max_members: 0"},
		{"no rooms", "rooms:\n  max: 0\n", ">  2 |   max: 0"},
		{"no network", "trusted_proxies: [10.0.0.0/8, nginx]\n", `"nginx" is neither a network`},
		{"no time", "rooms:\n  empty_timeout: soon\n", ">  2 |   empty_timeout: soon"},
		{"no mode", "auth:\n  mode: closed\n", ">  2 |   mode: closed"},
		{"token without keys", "auth:\n  mode: token\n", "there are no keys"},
		{"short secret", "auth:\n  keys:\n    a: short\n", `key "a" has 5 bytes, and needs 32`},
		{"keys from elsewhere without TLS", "auth:\n  jwks_url: http://id.example/keys\n", ">  2 |   jwks_url: http://id.example/keys"},
		{"keys from no URL", "auth:\n  jwks_url: keys\n", "is not a URL"},
		{"no switch", "auth:\n  accept_livekit_grants: perhaps\n", "[2:26]"},
		{"no YAML", "http: [\n", "sequence end token"},
		{"a list", "- http\n", "[1:1]"},
		{"a secret beside it", "auth:\n  keys:\n    a: " + goodSecret + "\n  mod: token\n", "mod"},
		{"twice", "http: a\nhttp: b\n", `mapping key "http" already defined`},
		{"unknown codec", "rtc:\n  codecs: [h263]\nhttp: 127.0.0.1:0\n", "h263"},
		{"webhook without a secret", "webhooks:\n- url: https://x.example/\n", `the secret for "x.example" has 0 bytes, and needs 24`},
		{"webhook with a misspelt event", "webhooks:\n- {url: https://x.example/, secret: " + goodSecret + ", events: [joined]}\n", "no event has the name"},
		{"webhook with a misspelt key", "webhooks:\n- {url: https://x.example/, secrets: x}\n", "secrets"},
		{"too large", "#" + strings.Repeat("x", longestConfig), "has more than 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runCommand(t, "serve", "--config", file(t, tt.file))
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("code %d, stdout %q, stderr %q; want code 2 and %q", code, stdout, stderr, tt.want)
			}
			if strings.Contains(stderr, goodSecret) {
				t.Errorf("a secret is shown: %s", stderr)
			}
		})
	}
	if code, _, stderr := runCommand(t, "serve", "--config", "/no/such/file"); code != exitUsage || !strings.Contains(stderr, "no such file") {
		t.Errorf("no file: code %d, %q", code, stderr)
	}
	for _, keys := range []string{"a", "a:short", "a:" + goodSecret + ",a:" + goodSecret} {
		t.Setenv(keysVariable, keys)
		if code, _, stderr := runCommand(t, "serve"); code != exitUsage || !strings.Contains(stderr, keysVariable) {
			t.Errorf("%q: code %d, %q", keys, code, stderr)
		}
	}
}

// Flags go before the environment, that before the file, that before defaults.
func TestConfigPrecedence(t *testing.T) {
	name := file(t, "http: 127.0.0.1:1\nudp: 2\nadmin: off\nrooms: {max: 5, max_members: 3, empty_timeout: 4s}\n"+
		"trusted_proxies: [10.0.0.0/8, '::1']\n"+
		"auth:\n  keys: {file: "+goodSecret+"}\nrtc: {codecs: [vp9]}\n")
	c := serveCommand()
	if err := c.ParseFlags([]string{"--udp", "7", "--max-members", "8"}); err != nil {
		t.Fatal(err)
	}
	cfg, err := readConfig(name)
	if err != nil {
		t.Fatal(err)
	}
	o := serveOptions{http: "default", udp: "7", maxMembers: 8}
	o.override(c, cfg)
	if o.http != "127.0.0.1:1" || o.udp != "7" || !o.admin.off() || o.maxMembers != 8 || o.maxRooms != 5 || len(o.proxies) != 2 || o.codecs[0] != "vp9" ||
		cfg.linger != 4*time.Second || cfg.keys.Len() != 1 || !cfg.tokenNeeded() {
		t.Errorf("options %+v, config %+v", o, cfg)
	}
	t.Setenv(keysVariable, "a:"+goodSecret+",b:"+goodSecret)
	if cfg, err = readConfig(name); err != nil || cfg.keys.Len() != 2 {
		t.Errorf("environment: %v, %+v", err, cfg)
	}
	open := file(t, "auth: {mode: open}\n")
	if cfg, err = readConfig(open); err != nil || cfg.tokenNeeded() || cfg.keys.Len() != 2 {
		t.Errorf("open with keys: %v, %+v", err, cfg)
	}
	if _, err = readConfig(file(t, "")); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestTokenUsage(t *testing.T) {
	t.Setenv(keysVariable, "")
	for args, want := range map[string]string{
		"token":                              "--room is missing",
		"token --room r":                     "there is no key",
		"token --room r --role king":         `--role "king" is none of viewer, guest and moderator`,
		"token --room r --expires 0s":        "--expires 0s is not positive",
		"token --room r --uses -1":           "--uses -1 is negative",
		"token --room r --url ftp://x":       `--url "ftp://x" is not http://HOST or https://HOST`,
		"token --room *":                     "--room * has no link",
		"token --admin --room r":             "--admin is for the admin API alone",
		"token r":                            "token takes no arguments",
		"keygen now":                         "keygen takes no arguments",
		"token --room r --config /no/such/x": "no such file",
	} {
		code, stdout, stderr := runCommand(t, strings.Fields(args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, stdout %q, stderr %q; want %q", args, code, stdout, stderr, want)
		}
	}
}

// tryJoin joins as a stock client does, and returns the code of a refusal.
func tryJoin(t *testing.T, s *server, room, token string) (code, role string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, s.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var ack struct {
		OK   bool
		Code string
		Self struct{ Role string }
	}
	got, err := c.Call(ctx, "join", map[string]any{"v": 1, "room": room, "token": token})
	if err == nil {
		err = got.Decode(0, &ack)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ack.Code, ack.Self.Role
}

// The whole way: a key, a server that has it, a link, and who comes in by it.
func TestTokensOpenRooms(t *testing.T) {
	_, key, _ := runCommand(t, "keygen")
	key = strings.TrimSpace(key)
	if !regexp.MustCompile(`^[a-z0-9]{8}:[A-Z0-9]{52}$`).MatchString(key) {
		t.Fatalf("keygen printed %q", key)
	}
	t.Setenv(keysVariable, key)
	s := start(t, "--http", "127.0.0.1:0", "--udp", "0", "--admin", "off")
	link := func(args ...string) (token string) {
		t.Helper()
		code, out, stderr := runCommand(t, append([]string{"token", "--room", "lounge", "--url", s.url + "/"}, args...)...)
		at, err := url.Parse(strings.TrimSpace(out))
		if code != 0 || err != nil || !strings.HasPrefix(out, s.url+"/?room=lounge#token=") {
			t.Fatalf("token %v: code %d, %q, %s", args, code, out, stderr)
		}
		return strings.TrimPrefix(at.Fragment, "token=")
	}
	boss, once := link("--name", "Ana", "--moderator"), link("--uses", "1")
	for _, tt := range []struct{ name, room, token, code, role string }{
		{"no token", "lounge", "", "unauthorized", ""},
		{"a guest before the moderator", "lounge", link(), "", "guest"},
		{"a moderator", "lounge", boss, "", "moderator"},
		{"a viewer", "lounge", link("--role", "viewer"), "", "viewer"},
		{"another room", "attic", boss, "forbidden", ""},
		{"forged", "lounge", boss[:len(boss)-4] + "AAAA", "unauthorized", ""},
		{"once", "lounge", once, "", "guest"},
		{"replayed", "lounge", once, "unauthorized", ""},
	} {
		if code, role := tryJoin(t, s, tt.room, tt.token); code != tt.code || role != tt.role {
			t.Errorf("%s: %q as %q, want %q as %q", tt.name, code, role, tt.code, tt.role)
		}
	}
	if code, out, _ := runCommand(t, "token", "--room", "*", "--bare"); code != 0 || strings.Count(out, ".") != 2 {
		t.Errorf("bare: %q", out)
	}
}

// Without keys everybody is a guest, and may be invited all the same.
func TestOpenServerInvites(t *testing.T) {
	t.Setenv(keysVariable, "")
	cfg, err := readConfig("")
	if err != nil {
		t.Fatal(err)
	}
	may, invite := access(cfg, make([]byte, 32))
	text, err := invite(room.Invitation{ID: "inv-1", Room: "r", Role: room.RoleViewer, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	g, err := may(t.Context(), room.JoinRequest{Room: "r", Token: text})
	if err != nil || g.Role() != room.RoleViewer {
		t.Errorf("invited: %+v, %v", g, err)
	}
	if g, err = may(t.Context(), room.JoinRequest{Room: "r"}); err != nil || !g.Candidate {
		t.Errorf("a guest: %+v, %v", g, err)
	}
}

// An identity provider and LiveKit's tokens close the server as keys do.
func TestConfigOfOthersTokens(t *testing.T) {
	t.Setenv(keysVariable, "")
	cfg, err := readConfig(file(t, "auth:\n  mode: token\n  jwks_url: https://id.example/keys\n"))
	if err != nil || !cfg.tokenNeeded() || cfg.keys.Len() != 1 {
		t.Errorf("%+v, %v", cfg, err)
	}
	cfg, err = readConfig(file(t, "auth:\n  keys: {APIkey1: "+goodSecret+", b: "+goodSecret+"}\n  accept_livekit_grants: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "APIkey1", "sub": "ana", "exp": time.Now().Add(time.Hour).Unix(), "video": map[string]any{"room": "r", "roomJoin": true, "roomAdmin": true},
	}).SignedString([]byte(goodSecret))
	if err != nil {
		t.Fatal(err)
	}
	authorize, _ := access(cfg, nil)
	if g, err := authorize(t.Context(), room.JoinRequest{Room: "r", Token: made}); err != nil || g.Identity != "ana" || !g.CanModerate {
		t.Errorf("%+v, %v", g, err)
	}
}

// With public keys alone nobody is invited here, which is no failure of the server.
func TestPublicKeysInviteNobody(t *testing.T) {
	t.Setenv(keysVariable, "")
	const public = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	for _, tt := range []struct {
		auth    string
		invites bool
	}{{"", true}, {"auth: {keys: {a: " + goodSecret + "}}\n", true}, {"auth: {keys: {a: '" + public + "'}}\n", false}} {
		c, err := readConfig(file(t, tt.auth))
		if err != nil {
			t.Fatal(err)
		}
		if _, invite := access(c, make([]byte, 32)); (invite != nil) != tt.invites {
			t.Errorf("%q: invites: %v", tt.auth, invite != nil)
		}
	}
}
