package feedback

import (
	"testing"

	"github.com/pion/rtcp"
)

func TestArrivals(t *testing.T) {
	const head = "\x00\x07" // base number; the count follows
	const rest = "\x00\x00\x01\x00"
	for _, tt := range []struct {
		name, b    string
		told, came int
		ok         bool
	}{
		{"nothing", head + "\x00\x00" + rest, 0, 0, true},
		{"a run that came", head + "\x00\x05" + rest + "\x20\x05", 5, 5, true},
		{"a run that did not", head + "\x00\x05" + rest + "\x00\x05", 5, 0, true},
		{"a run longer than the count", head + "\x00\x05" + rest + "\x3f\xff", 5, 5, true},
		{"14 of one bit", head + "\x00\x0e" + rest + "\xaa\xaa", 14, 7, true},
		{"3 of 14", head + "\x00\x03" + rest + "\xb0\x07", 3, 2, true},
		{"7 of two bits", head + "\x00\x07" + rest + "\xda\x41", 7, 5, true},
		{"2 of 7", head + "\x00\x02" + rest + "\xca\xaa", 2, 1, true},
		{"several", head + "\x00\x16" + rest + "\x20\x08\xbf\xff", 22, 22, true},
		{"cut off", head + "\x00\x17" + rest + "\x20\x08\xbf\xff", 0, 0, false},
		{"an empty run forever", head + "\x00\x01" + rest + "\x00\x00", 0, 0, false},
		{"no count", head, 0, 0, false},
	} {
		told, came, ok := Arrivals([]byte(tt.b))
		if told != tt.told || came != tt.came || ok != tt.ok {
			t.Errorf("%s: told %d, came %d, %v, want %d, %d, %v", tt.name, told, came, ok, tt.told, tt.came, tt.ok)
		}
	}
}

// What pion/rtcp reads, Arrivals counts alike.
func FuzzArrivals(f *testing.F) {
	f.Add([]byte("\x00\x07\x00\x16\x00\x00\x01\x00\x20\x08\xbf\xff\x04\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		told, came, ok := Arrivals(b)
		if came > told || !ok && told+came > 0 {
			t.Fatalf("%x: told %d, came %d, %v", b, told, came, ok)
		}
		b = append(b, make([]byte, -len(b)&3)...)
		p := append([]byte{0x8f, typeRTPFB, byte((len(b) + 8) / 4 >> 8), byte((len(b) + 8) / 4)}, make([]byte, 8)...)
		var cc rtcp.TransportLayerCC
		if len(b) > 1<<15 || cc.Unmarshal(append(p, b...)) != nil || !ok {
			return
		}
		if wantTold, want := meant(&cc); told != wantTold || came != want {
			t.Fatalf("%x: told %d, came %d, want %d, %d", b, told, came, wantTold, want)
		}
	})
}

// meant counts what a message says by its symbols.
func meant(cc *rtcp.TransportLayerCC) (told, came int) {
	for _, c := range cc.PacketChunks {
		var symbols []uint16
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				symbols = append(symbols, c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			symbols = c.SymbolList
		}
		for _, s := range symbols {
			if told < int(cc.PacketStatusCount) {
				told++
				came += int(min(s, 1))
			}
		}
	}
	return told, came
}
