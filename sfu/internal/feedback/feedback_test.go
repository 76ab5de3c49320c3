package feedback

import (
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

const (
	blockA = "0000000a 40000003 00010002 00000004 00000005 00000006 "
	blockB = "0000000b fffffffe 00000007 00000000 00000000 00000000 "
)

func TestParse(t *testing.T) {
	itemA := Item{Kind: ReceiverReport, Sender: 1, SSRC: 10, FractionLost: 64, Lost: 3, Highest: 0x10002, Jitter: 4, LastSR: 5, Delay: 6}
	itemB := Item{Kind: ReceiverReport, Sender: 1, SSRC: 11, FractionLost: 255, Lost: -2, Highest: 7}
	for _, tt := range []struct {
		name string
		in   string
		want []Item
	}{
		{"nothing", "", nil},
		{"sender report", "80c80006 00000001 0000000200000003 00000004 00000005 00000006",
			[]Item{{Kind: SenderReport, Sender: 1, SSRC: 1, NTP: 2<<32 | 3, RTP: 4, Packets: 5, Octets: 6}}},
		{"sender report with a block", "81c8000c 00000001 0000000200000003 00000004 00000005 00000006" + blockA,
			[]Item{{Kind: SenderReport, Sender: 1, SSRC: 1, NTP: 2<<32 | 3, RTP: 4, Packets: 5, Octets: 6}, itemA}},
		{"empty receiver report", "80c90001 00000001", nil},
		{"two blocks, one with a negative loss", "82c9000d 00000001" + blockA + blockB, []Item{itemA, itemB}},
		{"profile-specific extension", "81c90008 00000001" + blockA + "ffffffff", []Item{itemA}},
		{"NACK of two entries", "81cd0004 00000001 00000002 00038001 ffff0000",
			[]Item{{Kind: NACK, Sender: 1, SSRC: 2, PID: 3, BLP: 0x8001}, {Kind: NACK, Sender: 1, SSRC: 2, PID: 65535}}},
		{"PLI", "81ce0002 00000001 00000002", []Item{{Kind: PLI, Sender: 1, SSRC: 2}}},
		{"FIR of two streams", "84ce0006 00000001 00000000 00000002 ff000000 00000003 01000000",
			[]Item{{Kind: FIR, Sender: 1, SSRC: 2, Seq: 255}, {Kind: FIR, Sender: 1, SSRC: 3, Seq: 1}}},
		{"REMB of two streams", "8fce0006 00000001 00000000 52454d42 020fffff 00000002 00000003",
			[]Item{{Kind: REMB, Sender: 1, SSRC: 2, Bitrate: 0x3ffff << 3}, {Kind: REMB, Sender: 1, SSRC: 3, Bitrate: 0x3ffff << 3}}},
		{"REMB, exponent 46 just fits", "8fce0005 00000001 00000000 52454d42 01bbffff 00000002",
			[]Item{{Kind: REMB, Sender: 1, SSRC: 2, Bitrate: 0x3ffff << 46}}},
		{"REMB, exponent 47 is too much", "8fce0005 00000001 00000000 52454d42 01bfffff 00000002",
			[]Item{{Kind: REMB, Sender: 1, SSRC: 2, Bitrate: 1<<64 - 1}}},
		{"REMB, nothing at exponent 63", "8fce0005 00000001 00000000 52454d42 01fc0000 00000002",
			[]Item{{Kind: REMB, Sender: 1, SSRC: 2}}},
		{"another application's message", "8fce0004 00000001 00000000 58585858 01020304", nil},
		{"transport-wide feedback", "8fcd0005 00000001 00000002 00070001 00000105 20010400",
			[]Item{{Kind: TransportCC, Sender: 1, SSRC: 2, Raw: []byte("\x00\x07\x00\x01\x00\x00\x01\x05\x20\x01\x04\x00")}}},
		{"BYE of two with a reason", "82cb0003 00000001 00000002 03627965",
			[]Item{{Kind: BYE, Sender: 1, SSRC: 1}, {Kind: BYE, Sender: 2, SSRC: 2}}},
		{"BYE of nobody", "80cb0000", nil},
		{"other types and formats", "81ca0001 00000001 80cc0000 80cf0000 83cd0002 00000001 00000002 82ce0002 00000001 00000002", nil},
		{"compound", "80c90001 00000001 81ca0001 00000001 81ce0002 00000001 00000002 81cb0001 00000001",
			[]Item{{Kind: PLI, Sender: 1, SSRC: 2}, {Kind: BYE, Sender: 1, SSRC: 1}}},
		{"padding is no entry", "a1cd0004 00000001 00000002 00030000 00000004", []Item{{Kind: NACK, Sender: 1, SSRC: 2, PID: 3}}},
		{"nothing but padding", "a0cb0001 00000004", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(fromHex(t, tt.in), nil)
			if err != nil {
				t.Fatalf("parse %s: %v", tt.in, err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("parse %s:\ngot  %+v\nwant %+v", tt.in, got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
	}{
		{"shorter than a header", "80c900"},
		{"version 1", "40c90001 00000001"},
		{"version 3", "c0c90001 00000001"},
		{"length beyond the end", "80c90002 00000001"},
		{"rest after the last packet", "80c90001 00000001 80"},
		{"sender report too short", "80c80005 00000001 0000000200000003 00000004 00000005"},
		{"sender report without its block", "81c80006 00000001 0000000200000003 00000004 00000005 00000006"},
		{"receiver report without sender", "80c90000"},
		{"receiver report with half a block", "81c90004 00000001 0000000a 40000003 00010002"},
		{"second block missing", "82c90007 00000001" + blockA},
		{"feedback without media SSRC", "81ce0001 00000001"},
		{"transport-wide feedback without count", "8fcd0003 00000001 00000002 00070001"},
		{"REMB with fewer SSRCs than it says", "8fce0005 00000001 00000000 52454d42 02000001 00000002"},
		{"BYE with fewer SSRCs than it says", "82cb0001 00000001"},
		{"padding of nothing", "a0c90002 00000001 00000000"},
		{"padding over the header", "a0c90001 00000005"},
		{"padding as long as the packet", "a0c90001 00000008"},
		{"padding where the SSRC should be", "a0c90001 00000004"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			good := "81ce0002 00000001 00000002 "
			got, err := Parse(fromHex(t, good+tt.in), nil)
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("parse %s: got %+v and %v, want ErrMalformed", tt.in, got, err)
			}
			if len(got) == 0 || got[0].Kind != PLI {
				t.Errorf("parse %s: got %+v, want the PLI before it", tt.in, got)
			}
		})
	}
}

func TestParseAppends(t *testing.T) {
	before := Item{Kind: BYE, SSRC: 7}
	got, err := Parse(fromHex(t, "81ce0002 00000001 00000002"), []Item{before})
	if err != nil || len(got) != 2 || got[0].SSRC != 7 || got[1].Kind != PLI {
		t.Errorf("got %+v and %v, want a PLI after %+v", got, err, before)
	}
}

const typical = "81c8000c 00000001 0000000200000003 00000004 00000005 00000006" + blockA +
	"81ca0002 00000001 01016100 81cd0004 00000001 00000002 00038001 ffff0000" +
	"8fce0005 00000001 00000000 52454d42 01bbffff 00000002 8fcd0005 00000001 00000002 00070001 00000105 20010400"

func TestParseDoesNotAllocate(t *testing.T) {
	b, items := fromHex(t, typical), make([]Item, 0, 8)
	if got := testing.AllocsPerRun(1000, func() {
		var err error
		if items, err = Parse(b, items[:0]); err != nil || len(items) != 6 {
			t.Fatalf("got %d items and %v, want 6", len(items), err)
		}
	}); got != 0 {
		t.Errorf("%v allocations per packet, want 0", got)
	}
}

func BenchmarkParse(b *testing.B) {
	pkt, items := fromHex(b, typical), make([]Item, 0, 8)
	b.ReportAllocs()
	b.SetBytes(int64(len(pkt)))
	for b.Loop() {
		var err error
		if items, err = Parse(pkt, items[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
