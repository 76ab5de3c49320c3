package bench

// Progress is how far a run is.
type Progress struct {
	// Phase is what it does, "join" or "measure"; empty if Text is a result.
	Phase string
	// Done of Total clients have joined, or milliseconds of the window passed.
	Done, Total int
	// Text is a line about it; empty if there is nothing new to say but Done.
	Text string
}
