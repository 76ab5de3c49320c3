package webhook

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks specification's own libraries.
func TestSign(t *testing.T) {
	h, err := Hook{URL: "https://x.example", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}.check()
	if err != nil {
		t.Fatal(err)
	}
	got := sign(h.key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
}

func TestPublic(t *testing.T) {
	for _, tt := range []struct {
		addresses string
		want      bool
	}{
		{"1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 2606:4700::1111 2a00:1450::1 ::ffff:1.1.1.1", true},
		{"127.0.0.1 127.8.9.1 ::1 ::ffff:127.0.0.1 0.0.0.0 :: 0.1.2.3 255.255.255.255", false},
		{"10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fd00::1 fc00::1 ::ffff:10.0.0.1", false},
		{"169.254.169.254 fe80::1 fe80::1%eth0 169.254.170.2 ::ffff:169.254.169.254 fd00:ec2::254 100.100.100.200 168.63.129.16 192.0.0.192", false},
		{"224.0.0.1 ff02::1 240.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.9 2001:db8::1", false},
		{"64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: ::7f00:1 2001::1 fec0::1", false},
	} {
		for _, a := range strings.Fields(tt.addresses) {
			if got := public(netip.MustParseAddr(a)); got != tt.want {
				t.Errorf("%s: %v, want %v", a, got, tt.want)
			}
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestUnusableHooks(t *testing.T) {
	ok := Hook{URL: "https://x.example/path?key=hidden", Secret: secret}
	for _, tt := range []struct {
		name  string
		hooks []Hook
		want  string // in the error
	}{
		{"fine", []Hook{ok}, ""},
		{"no URL", []Hook{{Secret: secret}}, "is not http or https"},
		{"another scheme", []Hook{{URL: "file:///etc/passwd", Secret: secret}}, "is not http or https"},
		{"no URL at all", []Hook{{URL: "http://x\x00hidden", Secret: secret}}, "cannot be read"},
		{"a password", []Hook{{URL: "https://u:hidden@x.example", Secret: secret}}, `"x.example" has a password`},
		{"a short secret", []Hook{{URL: ok.URL, Secret: "hidden"}}, "has 6 bytes, and needs 24"},
		{"a short secret in base64", []Hook{{URL: ok.URL, Secret: "whsec_aGlkZGVu"}}, "has 6 bytes"},
		{"no base64", []Hook{{URL: ok.URL, Secret: "whsec_hidden!"}}, "is not base64"},
		{"no event", []Hook{{URL: ok.URL, Secret: secret, Events: []string{"joined"}}}, `"joined"; there are room_started`},
		{"twice", []Hook{ok, ok}, "two are for one URL"},
	} {
		s, err := New(Config{Hooks: tt.hooks})
		if err == nil {
			s.Close(t.Context())
		}
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden")) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
