package room

// requests are the rows of [Permissions] about the public listener. Who may do
// something in a room is said by a Bearer token, as join says it by its token, and
// for files by the session and key of a member.
type requests struct {
	Page, Files, Visitor, Signalling                Permission
	AskWHIP, ShowWHIP, WHIP, PatchWHIP, EndWHIP     Permission
	AskWHEP, ShowWHEP, WHEP, WHEPMember, WHEPSource Permission
	Upload, Download, Rooms, Lobby, Check           Permission
	PatchWHEP, EndWHEP                              Permission
}

var requestRows = requests{
	Permission{"GET /{$}", NeedNothing, "The page, with the visitor's name."},
	Permission{"GET /", NeedNothing, "Files of the page; for what is none, the way to the page."},
	Permission{"POST /visitor", NeedNothing, "Changes the visitor's name, for the page itself only."},
	Permission{"/socket.io/", NeedNothing, "Opens a connection, on which each event needs what its row says."},
	Permission{"OPTIONS /whip/", NeedNothing, "Tells what an address takes."},
	Permission{"GET /whip/", NeedNothing, "Shows nothing."},
	Permission{"POST /whip/{room}", needPublish, "Joins to publish; sources that the grant does not name are left out."},
	Permission{"PATCH /whip/{room}/{session}", needSession, "Takes candidates, or restarts ICE."},
	Permission{"DELETE /whip/{room}/{session}", needSession, "Leaves."},
	Permission{"OPTIONS /whep/", NeedNothing, "Tells what an address takes."},
	Permission{"GET /whep/", NeedNothing, "Shows nothing."},
	Permission{"POST /whep/{room}", needSubscribe, "Joins to watch a room."},
	Permission{"POST /whep/{room}/{member}", needSubscribe, "Joins to watch a member."},
	Permission{"POST /whep/{room}/{member}/{source}", needSubscribe, "Joins to watch a source of a member."},
	Permission{"POST /files/{room}", needChat, "Sends a file, as the member whose session and key are the Bearer token."},
	Permission{"GET /files/{room}/{id}", needSession, "Gives a file."},
	Permission{"GET /rooms", NeedNothing, "Lists the rooms that are to be listed."},
	Permission{"GET /rooms/{room}", NeedNothing, "Tells about a room; who is there only to who may come in."},
	Permission{"POST /check", NeedNothing, "Tries the way that media takes, by a transport that carries nothing."},
	Permission{"PATCH /whep/{room}/{session}", needSession, "Takes candidates, or restarts ICE."},
	Permission{"DELETE /whep/{room}/{session}", needSession, "Leaves."},
}
