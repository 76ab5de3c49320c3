package codec

// startsAV1 tells whether a packet begins a coded video sequence: the N bit of
// the aggregation header says so (AV1 RTP section 4.4), as long as the packet
// does not continue an earlier unit (Z).
func startsAV1(b []byte) bool {
	return len(b) > 1 && b[0]&0x08 != 0 && b[0]&0x80 == 0
}
