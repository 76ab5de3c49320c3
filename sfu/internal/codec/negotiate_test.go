package codec

import (
	"slices"
	"testing"

	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// Publishers are answered formats in the order of the list, but whether they send
// redundancy is theirs to choose.
func TestPublishableRED(t *testing.T) {
	opus, red, vp8 := Format{Codec: packet.Opus}, Format{Codec: packet.RED}, Format{Codec: packet.VP8}
	for _, tt := range []struct {
		name          string
		list, offered []Format
		want          []int
	}{
		{"Opus first", []Format{opus, red}, []Format{opus, red}, []int{0, 1}},
		{"RED first", []Format{opus, red}, []Format{red, opus}, []int{0, 1}},
		{"RED first, and something between", []Format{opus, vp8, red}, []Format{red, vp8, opus}, []int{0, 2, 1}},
		{"RED is not listed", []Format{opus}, []Format{red, opus}, []int{1}},
		{"RED alone", []Format{opus, red}, []Format{red}, []int{0}},
		{"Opus first, against the list", []Format{red, opus}, []Format{opus, red}, []int{1, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Publishable(tt.list, tt.offered); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
