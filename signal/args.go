package signal

import "github.com/switchyard-rtc/switchyard/signal/sio"

// Args are an event's or acknowledgement's arguments; see [sio.Args].
type Args = sio.Args
