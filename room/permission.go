package room

import "reflect"

// Right is what somebody has to have for an event or a request.
type Right uint8

// Rights, as the table in docs/protocol.md names them.
const (
	NeedNothing   Right = iota // whoever is connected
	needMember                 // whoever is in the room: it is about oneself, or each part is checked by itself
	needPublish                // sends at least one source
	needSubscribe              // [Grant.CanSubscribe]
	needChat                   // [Grant.CanChat]
	needData                   // [Grant.CanData]
	NeedModerate               // [Grant.CanModerate]
	needRecord                 // [Grant.CanRecord]
	needSession                // knows the address of a session or a file, which is a secret
	NeedAdmin                  // a token with can.admin, which no member is asked for
)

// String returns the word for the right in documents.
func (r Right) String() string {
	return [...]string{"nothing", "member", "publish", "subscribe", "chat", "data", "moderate", "record", "session", "admin"}[r]
}

// Permission is a row of [Permissions]: an event that clients send, or a request,
// and what it needs. Only this package makes them.
type Permission struct {
	name  string
	needs Right
	says  string
}

// Name is the event, or the method and pattern of a request as [http.ServeMux]
// has them; one without a method is about all, and one that ends in a slash about
// all below.
func (p Permission) Name() string { return p.name }

// Needs returns the right that it takes.
func (p Permission) Needs() Right { return p.needs }

// Says describes it in a sentence.
func (p Permission) Says() string { return p.says }

// Allows tells whether a member with a grant may do it.
func (p Permission) Allows(g Grant) bool {
	switch p.needs {
	case needPublish:
		return len(g.Publish) > 0
	case needSubscribe:
		return g.CanSubscribe
	case needChat:
		return g.CanChat
	case needData:
		return g.CanData
	case NeedModerate:
		return g.CanModerate
	case needRecord:
		return g.CanRecord
	case NeedAdmin:
		return false
	}
	return true
}

// Permissions is the table of who may do what. The server enforces it, tests try
// every role on every row, and docs/protocol.md shows it. Its rows have no keys:
// an event that has a field and no row does not compile, and one without a field
// cannot be handled. The same holds for requests: [Routes] and the admin API take
// rows, and nothing else.
var Permissions = struct {
	Join, Offer, Unpublish, Mute, Subscribe, Message, Data, Hand, React, Set, Caption, Poll, Sync, Leave, Token, Mod, Invite, Breakout Permission

	HTTP  requests
	Admin operations
}{
	Permission{"join", NeedNothing, "Enters a room, if the token opens it and nothing keeps one out."},
	Permission{"offer", needMember, "Negotiates; what is sent from a source that the grant does not name is closed."},
	Permission{"unpublish", needMember, "Ends a publication of one's own."},
	Permission{"mute", needMember, "Mutes or unmutes a publication of one's own."},
	Permission{"subscribe", needSubscribe, "Chooses what is received."},
	Permission{"new_message", needChat, "Writes to everybody, or to one."},
	Permission{"data", needData, "Sends bytes to others; data channels need it, too."},
	Permission{"hand", needMember, "Raises one's hand, or lowers it."},
	Permission{"react", needChat, "Shows everybody a sign for a moment."},
	Permission{"set", needMember, "Changes one's own name, if no token says it, and attributes."},
	Permission{"caption", needChat, "Sends what one says in words."},
	Permission{"poll", needChat, "Votes; only moderators open and close polls."},
	Permission{"sync", needMember, "Asks for the whole state."},
	Permission{"leave", needMember, "Leaves the room."},
	Permission{"token", needMember, "Shows a new token before the present one expires."},
	Permission{"mod", NeedModerate, "Decides about others and the room; nobody can give a right that is not their own."},
	Permission{"invite", NeedModerate, "Makes or withdraws an invitation."},
	Permission{"breakout", NeedModerate, "Divides the room into smaller ones, and takes them together again."},

	requestRows, operationRows,
}

// AllPermissions returns the rows of [Permissions], in their order: events,
// requests, those to the admin listener.
func AllPermissions() []Permission { return rowsOf(reflect.ValueOf(Permissions)) }

func rowsOf(table reflect.Value) (list []Permission) {
	for i := range table.NumField() {
		if row, ok := table.Field(i).Interface().(Permission); ok {
			list = append(list, row)
		} else {
			list = append(list, rowsOf(table.Field(i))...)
		}
	}
	return list
}
