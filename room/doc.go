// Package room builds conferences from the media plane in sfu: members join,
// publish, subscribe, talk and leave.
//
// [Server.Bind] binds a connection to the events by which its client enters a
// room; any event channel will do that is a [Conn]. From then on it is a [Member]
// of a [Room], with the media of one peer. [Visitors] remembers visitors of the
// page by a cookie.
//
// All methods are safe for concurrent use, but hooks must not call those that
// wait for their room: [Room.Members], [Room.Publications] and [Room.Close].
//
// The events of clients and their payloads are described in docs/protocol.md.
package room
