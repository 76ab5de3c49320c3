package token

import (
	"encoding/json"
	"slices"

	"github.com/switchyard-rtc/switchyard/room"
)

// liveKitGrant is the claim "video" of LiveKit's tokens. What is left out of the
// pointers is allowed to who joins.
type liveKitGrant struct {
	Room           string   `json:"room"`
	RoomJoin       bool     `json:"roomJoin"`
	RoomAdmin      bool     `json:"roomAdmin"`
	RoomRecord     bool     `json:"roomRecord"`
	CanPublish     *bool    `json:"canPublish"`
	CanSubscribe   *bool    `json:"canSubscribe"`
	CanPublishData *bool    `json:"canPublishData"`
	Sources        []string `json:"canPublishSources"`
	Hidden         bool     `json:"hidden"`
}

// liveKitSources are LiveKit's words for sources.
var liveKitSources = map[string]room.Source{
	"camera": room.Camera, "microphone": room.Microphone, "screen_share": room.Screen, "screen_share_audio": room.ScreenAudio,
}

// can returns the same rights in our words. LiveKit's members chat by data, so
// that who may not send data does not chat.
func (g *liveKitGrant) can() *Can {
	publish := allowed(g.CanPublish, true)
	data := allowed(g.CanPublishData, publish)
	c := &Can{
		Join: g.RoomJoin, Subscribe: allowed(g.CanSubscribe, true), Data: data, Chat: data,
		Moderate: g.RoomAdmin, Record: g.RoomRecord, Hidden: g.Hidden,
	}
	switch {
	case !publish:
	case len(g.Sources) == 0:
		c.Publish = room.Sources()
	default:
		for _, name := range g.Sources {
			if s, ok := liveKitSources[name]; ok && !slices.Contains(c.Publish, s) {
				c.Publish = append(c.Publish, s)
			}
		}
	}
	return c
}

func allowed(said *bool, otherwise bool) bool {
	if said == nil {
		return otherwise
	}
	return *said
}

// translate makes a token of LiveKit's one of ours. One that has rights in our
// words is left as it is, and so is one whose rights cannot be read: it opens no
// room then.
func (w *wire) translate() {
	var g liveKitGrant
	if w.Video == nil || w.Can != nil || w.Room != "" || json.Unmarshal(w.Video, &g) != nil {
		return
	}
	w.Can = g.can()
	if w.Metadata == nil {
		w.Metadata = w.Text
	}
	if g.Room != "*" { // an ordinary name there, and any room here
		w.Room = g.Room
	}
}
