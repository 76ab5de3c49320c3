// Package client is a Socket.IO v5 client over WebSocket, for services, bots
// and load generators that talk to package signal or to any other Socket.IO
// server.
//
// A [Client] is one connection to one namespace. It does not connect again: it
// ends when its connection ends, and [Client.Err] tells why. Who wants to come
// back dials anew; state such as rooms has then to be built up again, which is
// why it is not done behind the caller's back.
//
// All methods are safe for concurrent use. A Client has four goroutines, which
// all end with it: one reads, one writes, one calls [Options.OnEvent], and one
// watches the heartbeat and waits for the others. Reading never waits for the
// application, so that a call can be answered and a ping be seen while an event
// is being handled.
package client
