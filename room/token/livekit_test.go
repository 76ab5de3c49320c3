package token

import (
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/switchyard-rtc/switchyard/room"
)

type grants = map[string]any

// liveKitToken is one as LiveKit's SDKs make it: the key is named by the issuer,
// and there is no kid.
func liveKitToken(t *testing.T, secret string, video any) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, []byte(secret), nil, jwt.MapClaims{
		"iss": "APIkey1", "sub": "ana@example.org", "jti": "ana@example.org", "name": "Ana", "metadata": `{"team":1}`,
		"nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(6 * time.Hour).Unix(), "video": video,
	})
}

func TestLiveKitGrants(t *testing.T) {
	k := keys(t, [2]string{"APIkey1", secret}, [2]string{"other", other}).With(Options{LiveKit: true})
	all := room.Sources()
	for _, tt := range []struct {
		name  string
		video grants
		want  Can
	}{
		{"joins", grants{"room": "r", "roomJoin": true}, Can{Join: true, Publish: all, Subscribe: true, Data: true, Chat: true}},
		{"does not join", grants{"room": "r"}, Can{Publish: all, Subscribe: true, Data: true, Chat: true}},
		{"watches", grants{"room": "r", "roomJoin": true, "canPublish": false}, Can{Join: true, Subscribe: true}},
		{"watches and writes", grants{"room": "r", "roomJoin": true, "canPublish": false, "canPublishData": true}, Can{Join: true, Subscribe: true, Data: true, Chat: true}},
		{"only sends", grants{"room": "r", "roomJoin": true, "canSubscribe": false, "canPublishData": false}, Can{Join: true, Publish: all}},
		{"two sources", grants{"room": "r", "roomJoin": true, "canPublishSources": []string{"camera", "screen_share", "camera", "unknown"}},
			Can{Join: true, Publish: []room.Source{room.Camera, room.Screen}, Subscribe: true, Data: true, Chat: true}},
		{"the others", grants{"room": "r", "roomJoin": true, "canPublishSources": []string{"microphone", "screen_share_audio"}},
			Can{Join: true, Publish: []room.Source{room.Microphone, room.ScreenAudio}, Subscribe: true, Data: true, Chat: true}},
		{"moderates unseen", grants{"room": "r", "roomJoin": true, "roomAdmin": true, "roomRecord": true, "hidden": true},
			Can{Join: true, Publish: all, Subscribe: true, Data: true, Chat: true, Moderate: true, Record: true, Hidden: true}},
		{"nothing to send from", grants{"room": "r", "roomJoin": true, "canPublish": false, "canPublishSources": []string{"camera"}}, Can{Join: true, Subscribe: true}},
	} {
		c, err := k.Verify(liveKitToken(t, secret, tt.video), now)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if d := cmp.Diff(&tt.want, c.Can); d != "" || c.Room != "r" || c.Identity != "ana@example.org" || c.Name != "Ana" || c.Issuer != "APIkey1" || string(c.Metadata) != `"{\"team\":1}"` {
			t.Errorf("%s: %+v, want less got:\n%s", tt.name, c, d)
		}
	}
}

// What LiveKit's tokens cannot do here.
func TestLiveKitTokensThatOpenNothing(t *testing.T) {
	pairs := [][2]string{{"APIkey1", secret}, {"other", other}}
	joins := grants{"room": "r", "roomJoin": true}
	for _, tt := range []struct {
		name, token string
		options     Options
		want        error
	}{
		{"good", liveKitToken(t, secret, joins), Options{LiveKit: true}, nil},
		{"not accepted", liveKitToken(t, secret, joins), Options{}, room.ErrUnauthorized},
		{"signed by another key than it says", liveKitToken(t, other, joins), Options{LiveKit: true}, room.ErrUnauthorized},
		{"of another room", liveKitToken(t, secret, grants{"room": "s", "roomJoin": true}), Options{LiveKit: true}, room.ErrDenied},
		{"of no room", liveKitToken(t, secret, grants{"roomJoin": true}), Options{LiveKit: true}, room.ErrDenied},
		{"of a room called *", liveKitToken(t, secret, grants{"room": "*", "roomJoin": true}), Options{LiveKit: true}, room.ErrDenied},
		{"does not join", liveKitToken(t, secret, grants{"room": "r", "roomAdmin": true}), Options{LiveKit: true}, room.ErrDenied},
		{"nonsense", liveKitToken(t, secret, "all"), Options{LiveKit: true}, room.ErrDenied},
		{"no grant", liveKitToken(t, secret, nil), Options{LiveKit: true}, room.ErrDenied},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, jwt.MapClaims{"iss": "APIkey1", "exp": now.Add(time.Hour).Unix(), "video": joins}), Options{LiveKit: true}, room.ErrUnauthorized},
	} {
		k := keys(t, pairs...).With(tt.options)
		if _, err := k.Authorize(clock)(t.Context(), room.JoinRequest{Room: "r", Token: tt.token}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	both := claims("video", joins)
	both["metadata"] = []int{1}
	mine := sign(t, jwt.SigningMethodHS256, []byte(secret), "APIkey1", both)
	if c, err := keys(t, pairs...).With(Options{LiveKit: true}).Verify(mine, now); err != nil || c.Can != nil || c.Room != "r" {
		t.Errorf("a token in our words: %+v, %v", c, err)
	}
}
