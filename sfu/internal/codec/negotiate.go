package codec

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Publishable returns the indexes of the offered formats that a sender may use
// where a list says what everybody decodes: in the order of the list, of which
// several entries may be of one codec. Of H.264 it is one format, that of the
// first entry which fits, so that all streams of a room are alike. Whether there
// is RED in audio is not the list's to say: what is offered first stays first.
func Publishable(list, offered []Format) []int {
	var chosen []int
	h264 := false
	for _, entry := range list {
		for i, f := range offered {
			if slices.Contains(chosen, i) || h264 && f.Codec == packet.H264 || !Match(f, entry) {
				continue
			}
			chosen = append(chosen, i)
			h264 = h264 || f.Codec == packet.H264
		}
	}
	of := func(c packet.Codec) int {
		return slices.IndexFunc(chosen, func(i int) bool { return offered[i].Codec == c })
	}
	if opus, red := of(packet.Opus), of(packet.RED); opus >= 0 && red > opus && chosen[red] < chosen[opus] {
		first := chosen[red]
		chosen = slices.Insert(slices.Delete(chosen, red, red+1), opus, first)
	}
	return chosen
}

// Receivable returns the indexes of the offered formats, in their order, in
// which a receiver may be sent something that a list allows.
func Receivable(list, offered []Format) []int {
	var chosen []int
	for i, f := range offered {
		if slices.ContainsFunc(list, func(entry Format) bool { return Match(entry, f) || Match(f, entry) }) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// Best returns the index of the offered format in which a receiver is sent what
// a sender makes: one with the same parameters if there is one, else the first
// that matches; -1 if there is none.
func Best(sent Format, offered []Format) int {
	best := -1
	for i, f := range offered {
		switch {
		case !Match(sent, f):
		case Match(f, sent): // each could decode the other: they are the same
			return i
		case best < 0:
			best = i
		}
	}
	return best
}
