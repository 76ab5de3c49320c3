// Package client is a Socket.IO v5 client over WebSocket or HTTP long-polling,
// for services, bots and load generators that talk to package signal or to any
// other Socket.IO server.
//
// A [Client] is one connection to one namespace. It does not connect again: it
// ends when its connection ends, and [Client.Err] tells why. A [Link] is a
// Client after the other, with the delays of stock clients in between; what the
// server has forgotten meanwhile, such as rooms, is built up again by
// [Reconnect.OnConnect], unless the server recovers connections.
//
// All methods are safe for concurrent use. A Client has four goroutines, which
// all end with it: one reads, one writes, one calls [Options.OnEvent], and one
// watches the heartbeat and waits for the others. Reading never waits for the
// application, so that a call can be answered and a ping be seen while an event
// is being handled. A Link has one more.
package client
