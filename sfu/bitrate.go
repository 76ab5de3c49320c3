package sfu

// Bitrate is a data rate in bits per second, headers and padding included.
type Bitrate int64
