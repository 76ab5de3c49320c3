// Package signal is a Socket.IO v5 server over Engine.IO v4: events with
// acknowledgements, namespaces, rooms and broadcast, over WebSocket and HTTP
// long-polling, for stock clients in any language. It knows nothing of media.
//
// A [Server] is an [http.Handler] for /socket.io/. Each client that joins a
// namespace is a [Socket]; its events are handled one at a time, in order.
// An [Adapter] keeps which socket is in which room, and may share that with other
// servers: a [Broadcast] then reaches, asks, moves and ends sockets of all of them.
//
// All methods are safe for concurrent use unless they say otherwise.
package signal
