package room

// operations are the rows of [Permissions] about the admin listener, where admin
// may do everything. What needs moderate needs it for the room in the path, or, if
// there is none, tells of the token's room only.
type operations struct {
	Health, Document, Debug                              Permission
	ListRooms, OpenRoom, ShowRoom, EndRoom               Permission
	MessageRoom, MuteRoom, LockRoom, LobbyRoom           Permission
	ListMembers, ShowMember, RemoveMember, MessageMember Permission
	ListSubscriptions, ChangeRole, MoveMember            Permission
	ListPublications, ShowPublication, MutePublication   Permission
	ShowLobby, Admit, Deny                               Permission
	ListBans, Ban, Unban                                 Permission
	AddInput, ListInputs, ShowInput, RemoveInput         Permission
	Cost, Capacity, Events                               Permission
}

var operationRows = operations{
	Permission{"GET /healthz", NeedNothing, "Tells that the process is there."},
	Permission{"GET /api/v1/openapi.json", NeedNothing, "Describes the API."},
	Permission{"GET /debug/", NeedAdmin, "Statistics, costs and profiles of the process."},

	Permission{"GET /api/v1/rooms", NeedModerate, "Lists the open rooms."},
	Permission{"PUT /api/v1/rooms/{room}", NeedAdmin, "Opens a room (201), or changes the options of one that is open (200)."},
	Permission{"GET /api/v1/rooms/{room}", NeedModerate, "Shows a room, its members and publications."},
	Permission{"DELETE /api/v1/rooms/{room}", NeedModerate, "Removes all members and ends the room."},
	Permission{"POST /api/v1/rooms/{room}/messages", NeedModerate, "Says something to everybody."},
	Permission{"POST /api/v1/rooms/{room}/mute", NeedModerate, "Mutes what everybody says who does not moderate."},
	Permission{"PUT /api/v1/rooms/{room}/lock", NeedModerate, "Lets nobody in who does not moderate, or ends that."},
	Permission{"PUT /api/v1/rooms/{room}/lobby", NeedModerate, "Has who comes wait until a moderator lets them in, or ends that."},

	Permission{"GET /api/v1/rooms/{room}/members", NeedModerate, "Lists the members of a room."},
	Permission{"GET /api/v1/rooms/{room}/members/{member}", NeedModerate, "Shows a member."},
	Permission{"DELETE /api/v1/rooms/{room}/members/{member}", NeedModerate, "Removes a member."},
	Permission{"POST /api/v1/rooms/{room}/members/{member}/messages", NeedModerate, "Says something to one member."},
	Permission{
		"GET /api/v1/rooms/{room}/members/{member}/subscriptions", NeedModerate,
		"Tells what each slot of a member shows, in which layer and why, and what it waits for.",
	},
	Permission{"PUT /api/v1/rooms/{room}/members/{member}/role", NeedModerate, "Gives a member the rights of a role."},
	Permission{
		"POST /api/v1/rooms/{room}/members/{member}/move", NeedModerate,
		"Asks a member to go to another room: with its rights if the token is for that, too, else as everybody comes there.",
	},

	Permission{"GET /api/v1/rooms/{room}/publications", NeedModerate, "Lists what is published in a room."},
	Permission{"GET /api/v1/rooms/{room}/publications/{publication}", NeedModerate, "Shows a publication."},
	Permission{"POST /api/v1/rooms/{room}/publications/{publication}/mute", NeedModerate, "Mutes a publication until its member unmutes it."},

	Permission{"GET /api/v1/rooms/{room}/lobby", NeedModerate, "Lists who waits to be let in."},
	Permission{"POST /api/v1/rooms/{room}/lobby/{ticket}/admit", NeedModerate, "Lets in who waits."},
	Permission{"POST /api/v1/rooms/{room}/lobby/{ticket}/deny", NeedModerate, "Sends away who waits."},

	Permission{"GET /api/v1/rooms/{room}/bans", NeedModerate, "Lists who is kept out of a room, open or not."},
	Permission{"POST /api/v1/rooms/{room}/bans", NeedModerate, "Removes a member, or all of an identity, and keeps them out."},
	Permission{"DELETE /api/v1/rooms/{room}/bans", NeedModerate, "Lets in again an identity, or who was a member."},

	Permission{
		"POST /api/v1/rooms/{room}/inputs", NeedAdmin,
		"Opens ports that plain RTP is sent to, and makes what comes a member of the room, which is opened if need be.",
	},
	Permission{"GET /api/v1/rooms/{room}/inputs", NeedModerate, "Lists the inputs of a room."},
	Permission{"GET /api/v1/rooms/{room}/inputs/{input}", NeedModerate, "Shows an input and what came of it."},
	Permission{"DELETE /api/v1/rooms/{room}/inputs/{input}", NeedModerate, "Closes the ports of an input and removes its member."},

	Permission{"GET /api/v1/cost", NeedAdmin, "Measures for a while what the server's work costs, by room and member."},
	Permission{"GET /api/v1/capacity", NeedAdmin, "Measures for a while how many more subscribers fit."},
	Permission{"GET /api/v1/events", NeedModerate, "Streams what happens as server-sent events."},
}
