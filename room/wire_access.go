package room

// The payloads of events about rights, as they stand on the wire.

// rightsInfo lists rights by name, as the claim "can" of a token does.
type rightsInfo struct {
	Publish   []Source `json:"publish"`
	Subscribe bool     `json:"subscribe"`
	Data      bool     `json:"data"`
	Chat      bool     `json:"chat"`
	Moderate  bool     `json:"moderate"`
	Record    bool     `json:"record"`
}

func rightsOf(g Grant) rightsInfo {
	return rightsInfo{
		Publish: append([]Source{}, g.Publish...), Subscribe: g.CanSubscribe, Data: g.CanData, Chat: g.CanChat,
		Moderate: g.CanModerate, Record: g.CanRecord,
	}
}

// special returns the rights of a grant that are not exactly those of its role,
// or nil.
func (g Grant) special() *rightsInfo {
	if ordinary, _ := g.Role().Grant(); sameRights(g, ordinary) {
		return nil
	}
	can := rightsOf(g)
	return &can
}

func (i *rightsInfo) grant() Grant {
	return Grant{
		Publish: i.Publish, CanSubscribe: i.Subscribe, CanData: i.Data, CanChat: i.Chat,
		CanModerate: i.Moderate, CanRecord: i.Record,
	}
}

type modArg struct {
	Op          string      `json:"op"`
	Member      string      `json:"member"`
	Room        string      `json:"room"` // of move
	Identity    string      `json:"identity"`
	Publication string      `json:"publication"`
	Ticket      string      `json:"ticket"`
	Until       int64       `json:"until"`
	On          *bool       `json:"on"` // of lobby; true if missing
	Can         *rightsInfo `json:"can"`
}

type inviteArg struct {
	Role    Role   `json:"role"`
	Expires int64  `json:"expires"`
	Uses    int    `json:"uses"`
	Revoke  string `json:"revoke"`
}

type inviteAck struct {
	OK  bool   `json:"ok"`
	ID  string `json:"id"`
	URL string `json:"url,omitempty"`
}

type tokenArg struct {
	Token *string `json:"token"` // nil is an error; empty where none is needed
}

type grantEvent struct {
	Role string     `json:"role"`
	Can  rightsInfo `json:"can"`
}

type askUnmuteEvent struct {
	Publication string `json:"publication"`
	By          string `json:"by,omitempty"`
}

type mutedEvent struct {
	Publication string `json:"publication"`
	By          string `json:"by,omitempty"`
}

// knockEvent tells a moderator that somebody waits, or does not any more.
type knockEvent struct {
	Ticket string `json:"ticket"`
	Name   string `json:"name"`
	Gone   bool   `json:"gone,omitempty"`
}

// moveEvent asks a member to join another room.
type moveEvent struct {
	Room  string `json:"room"`
	Token string `json:"token,omitempty"`
	Until int64  `json:"until,omitempty"` // when it will be asked to come back
}

type breakoutArg struct {
	Op    string `json:"op"`
	Rooms []struct {
		Name    string   `json:"name"`
		Members []string `json:"members"`
	} `json:"rooms"`
	Ends int64  `json:"ends"`
	Text string `json:"text"`
}

type breakoutAck struct {
	OK       bool          `json:"ok"`
	Breakout *breakoutInfo `json:"breakout,omitempty"`
}

// breakoutInfo tells how a room is divided.
type breakoutInfo struct {
	Main  string         `json:"main"`
	Rooms []breakoutRoom `json:"rooms"`
	Ends  int64          `json:"ends,omitempty"`
}

type breakoutRoom struct {
	Room    string           `json:"room"`
	Name    string           `json:"name"`
	Members []breakoutMember `json:"members"` // in the main room only
}

type breakoutMember struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type admittedEvent struct {
	Ticket string `json:"ticket"`
}
