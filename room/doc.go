// Package room builds conferences from the media plane in sfu: members join,
// publish, subscribe, talk and leave.
//
// [Server], [Room] and [Member] are plain objects with methods. What binds them
// to signalling events is [Server.Bind], so a service with its own signalling
// can use the rooms without it. [Visitors] remembers visitors of the page by a
// cookie.
//
// The events of clients and their payloads are described in docs/protocol.md.
package room
