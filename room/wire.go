package room

import "cmp"

// The payloads of the protocol switchyard/1, as they stand on the wire.

// MemberInfo describes a member to clients.
type MemberInfo struct {
	ID       string `json:"id"`
	Identity string `json:"identity"`
	Name     string `json:"name"`
	Role     string `json:"role"`           // "viewer", "guest" or "moderator"
	State    string `json:"state"`          // "live" or "reconnecting"
	Kind     string `json:"kind"`           // "web", "whip", "whep" or "bot"
	Hand     int64  `json:"hand,omitempty"` // when it was raised, in ms; 0 while it is down
	// Attrs is what the member says of itself. It is never changed, only replaced.
	Attrs map[string]string `json:"attrs,omitempty"`
	// Can is what it may do, where that is not exactly what the role says.
	Can *rightsInfo `json:"can,omitempty"`
}

// PublicationInfo describes a publication to clients.
type PublicationInfo struct {
	ID     string `json:"id"`
	N      uint32 `json:"n"` // contributing source of its packets
	Member string `json:"member"`
	Kind   string `json:"kind"` // "audio" or "video"
	Source Source `json:"source"`
	Name   string `json:"name,omitempty"`
	Muted  bool   `json:"muted"`
	Codec  string `json:"codec"`
}

// SlotInfo says what a slot shows.
type SlotInfo struct {
	MID         string  `json:"mid"`
	Publication *string `json:"publication"`
	State       string  `json:"state"` // "live", "paused" or "idle"
	Why         string  `json:"why,omitempty"`
	// Of the picture that is sent, where there are several to choose from.
	RID string `json:"rid,omitempty"` // of the encoding
	W   int    `json:"w,omitempty"`   // in pixels
	H   int    `json:"h,omitempty"`
}

// pub is what an offer says about one of its send sections.
type pub struct {
	MID    string `json:"mid"`
	Kind   string `json:"kind"`
	Source Source `json:"source"`
	Name   string `json:"name"`
	Muted  bool   `json:"muted"`
	// BackupOf is the publication of which this is the same in another codec.
	BackupOf string `json:"backup_of"`
}

type published struct {
	MID         string `json:"mid"`
	Publication string `json:"publication"`
}

type joinArg struct {
	V        int      `json:"v"`
	Room     string   `json:"room"`
	Name     string   `json:"name"`
	Token    string   `json:"token"`
	Offer    string   `json:"offer"`
	Publish  []pub    `json:"publish"`
	Replaces string   `json:"replaces"`
	Ticket   string   `json:"ticket"` // of a lobby
	Caps     []string `json:"caps"`
	Resume   *struct {
		Session string `json:"session"`
		Key     string `json:"key"`
	} `json:"resume"`
}

type roomInfo struct {
	Name       string        `json:"name"`
	Locked     bool          `json:"locked"`
	Lobby      bool          `json:"lobby"`
	Recording  bool          `json:"recording"`
	MaxMembers int           `json:"max_members"`
	Created    int64         `json:"created"`
	Spotlight  string        `json:"spotlight,omitempty"` // a publication that all are to look at
	Breakout   *breakoutInfo `json:"breakout,omitempty"`
}

type limitsInfo struct {
	Text         int `json:"text"`
	Publications int `json:"publications"`
	Sections     int `json:"sections"`
	File         int `json:"file"` // bytes
}

// snapshot is what join and sync answer: the whole room as the member sees it.
type snapshot struct {
	OK           bool              `json:"ok"`
	V            int               `json:"v"`
	Session      string            `json:"session"`
	Key          string            `json:"key"`
	Self         MemberInfo        `json:"self"`
	Can          rightsInfo        `json:"can"`
	Room         roomInfo          `json:"room"`
	Members      []MemberInfo      `json:"members"`
	Publications []PublicationInfo `json:"publications"`
	Rev          int               `json:"rev"`
	Answer       string            `json:"answer,omitempty"`
	Published    []published       `json:"published,omitempty"`
	Slots        []SlotInfo        `json:"slots"`
	ICEServers   []struct{}        `json:"ice_servers"`
	GraceMS      int               `json:"grace_ms"`
	Limits       limitsInfo        `json:"limits"`
	Caps         []string          `json:"caps"`
	Chat         []messageEvent    `json:"chat"`
	Polls        []pollEvent       `json:"polls"`
}

type offerArg struct {
	ID      int    `json:"id"`
	SDP     string `json:"sdp"`
	Restart bool   `json:"restart"`
	Publish []pub  `json:"publish"`
}

type offerAck struct {
	OK        bool        `json:"ok"`
	ID        int         `json:"id"`
	Answer    string      `json:"answer"`
	Published []published `json:"published"`
	Slots     []SlotInfo  `json:"slots"`
}

type publicationArg struct {
	Publication string `json:"publication"`
	Muted       *bool  `json:"muted"`
}

type subscribeArg struct {
	Replace      bool           `json:"replace"`
	Mode         string         `json:"mode"`
	Audio        string         `json:"audio"`
	Publications []subscribeOne `json:"publications"`
	Rules        []ruleArg      `json:"rules"`
}

// ruleArg says what a slot follows.
type ruleArg struct {
	MID  string `json:"mid"`
	Show string `json:"show"`
	W    int    `json:"w"` // of the picture, in pixels; 0 is any
	H    int    `json:"h"`
}

type subscribeOne struct {
	ID  string  `json:"id"`
	On  *bool   `json:"on"`
	MID string  `json:"mid"`
	W   int     `json:"w"` // pixels on the screen
	H   int     `json:"h"`
	FPS float64 `json:"fps"`
}

type refusal struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

type need struct {
	Audio   int  `json:"audio,omitempty"` // slots that there should be
	Video   int  `json:"video,omitempty"`
	Restart bool `json:"restart,omitempty"` // the transport has ended
}

type subscribeAck struct {
	OK      bool       `json:"ok"`
	Slots   []SlotInfo `json:"slots"`
	Refused []refusal  `json:"refused,omitempty"`
	Need    *need      `json:"need,omitempty"`
}

type messageArg struct {
	CID  string `json:"cid"`
	Text string `json:"text"`
	To   string `json:"to"`
}

type messageAck struct {
	OK bool   `json:"ok"`
	ID string `json:"id"`
	TS int64  `json:"ts"`
}

type messageEvent struct {
	ID     string `json:"id"`
	TS     int64  `json:"ts"`
	Sender string `json:"sender"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	To     string `json:"to,omitempty"`
	// Attachment is a file that came with it; nil for none.
	Attachment *attachment `json:"attachment,omitempty"`
}

// attachment is a file of the room.
type attachment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
	Type string `json:"type"` // media type that its sender named
}

type okAck struct {
	OK bool `json:"ok"`
}

type gone struct {
	ID  string `json:"id"`
	Why string `json:"why,omitempty"`
}

type memberChange struct {
	ID    string `json:"id"`
	State string `json:"state,omitempty"`
	Role  string `json:"role,omitempty"`
	Name  string `json:"name,omitempty"`
	Hand  *int64 `json:"hand,omitempty"` // 0 is down
	// Attrs is all of them; nil if nothing changed.
	Attrs map[string]string `json:"attrs,omitzero"`
	// Can comes with each change of rights.
	Can *rightsInfo `json:"can,omitempty"`
}

// merge takes over what a later change says.
func (c *memberChange) merge(later memberChange) {
	c.State, c.Role, c.Name = cmp.Or(later.State, c.State), cmp.Or(later.Role, c.Role), cmp.Or(later.Name, c.Name)
	c.Hand, c.Can = cmp.Or(later.Hand, c.Hand), cmp.Or(later.Can, c.Can)
	if later.Attrs != nil {
		c.Attrs = later.Attrs
	}
}

// take takes over what a later change says.
func (i *MemberInfo) take(later memberChange) {
	i.State, i.Role, i.Name = cmp.Or(later.State, i.State), cmp.Or(later.Role, i.Role), cmp.Or(later.Name, i.Name)
	i.Can = cmp.Or(later.Can, i.Can)
	if later.Hand != nil {
		i.Hand = *later.Hand
	}
	if later.Attrs != nil {
		i.Attrs = later.Attrs
	}
}

type publicationChange struct {
	ID    string `json:"id"`
	Muted bool   `json:"muted"`
}

type memberChanges struct {
	Add []MemberInfo   `json:"add,omitempty"`
	Set []memberChange `json:"set,omitempty"`
	Del []gone         `json:"del,omitempty"`
}

type publicationChanges struct {
	Add []PublicationInfo   `json:"add,omitempty"`
	Set []publicationChange `json:"set,omitempty"`
	Del []gone              `json:"del,omitempty"`
}

type stateEvent struct {
	Rev          int                 `json:"rev"`
	Members      *memberChanges      `json:"members,omitempty"`
	Publications *publicationChanges `json:"publications,omitempty"`
	Room         *roomInfo           `json:"room,omitempty"`
}

type slotsEvent struct {
	Slots []SlotInfo `json:"slots"`
}

type layersEvent struct {
	Publication string   `json:"publication"`
	Codec       string   `json:"codec,omitempty"`
	Active      []string `json:"active"`
}

type speaker struct {
	Member string `json:"member"`
	DB     int    `json:"db"`
}

type speakersEvent struct {
	List []speaker `json:"list"`
}

type byeEvent struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Reconnect string `json:"reconnect"`
	AfterMS   int    `json:"after_ms,omitempty"`
}
