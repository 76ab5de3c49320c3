package codec

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func TestSplitRED(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		want string // payload type, offset and bytes of each block; "" is malformed
	}{
		{"only the newest", "\x6fabc", "111-0:abc"},
		{"as Chromium makes it", "\xef\x0f\x00\x03\x6fabcde", "111-960:abc 111-0:de"},
		{"two generations", "\xef\x1e\x00\x01\xef\x0f\x00\x02\x6fabcd", "111-1920:a 111-960:bc 111-0:d"},
		{"an empty old one", "\xef\x0f\x00\x00\x6fab", "111-960: 111-0:ab"},
		{"the longest offset and another payload type", "\x8d\xff\xfc\x01\x6fab", "13-16383:a 111-0:b"},
		{"empty", "", ""},
		{"no newest block", "\xef\x0f\x00\x03", ""},
		{"a header cut off", "\xef\x0f\x00", ""},
		{"the newest is empty", "\x6f", ""},
		{"the newest is empty behind an old one", "\xef\x0f\x00\x03\x6fabc", ""},
		{"an old one is longer than the payload", "\xef\x0f\x00\x09\x6fabcde", ""},
		{"eight blocks", "\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x01a",
			"1-0: 1-0: 1-0: 1-0: 1-0: 1-0: 1-0: 1-0:a"},
		{"nine blocks", "\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x81\x00\x00\x00\x01a", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for i, k := range SplitRED([]byte(tt.in), nil) {
				if i > 0 {
					got += " "
				}
				got += fmt.Sprintf("%d-%d:%s", k.PayloadType, k.Offset, tt.in[k.At:k.At+k.Size])
			}
			if got != tt.want {
				t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// What is split and put together again is the same, and no block lies outside of
// the payload.
func FuzzSplitRED(f *testing.F) {
	f.Add([]byte("\xef\x0f\x00\x03\x6fabcde"))
	f.Add([]byte("\xef\x1e\x00\x01\xef\x0f\x00\x02\x6fabcd"))
	f.Add([]byte("\xef\x0f\x00\x00\x80"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		blocks := SplitRED(b, make([]REDBlock, 1, MostREDBlocks+1))
		if !bytes.Equal(b, kept) {
			t.Fatal("SplitRED changed its input")
		}
		if blocks == nil {
			return
		}
		blocks = blocks[1:]
		var again []byte
		for i, k := range blocks {
			again = AppendREDHeader(again, k, i == len(blocks)-1)
		}
		for _, k := range blocks {
			again = append(again, b[k.At:k.At+k.Size]...)
		}
		if !bytes.Equal(again, b) || len(blocks) > MostREDBlocks || slices.ContainsFunc(blocks, func(k REDBlock) bool { return int(k.At)+int(k.Size) > len(b) }) {
			t.Fatalf("split into %v, which makes % x of % x", blocks, again, b)
		}
	})
}
