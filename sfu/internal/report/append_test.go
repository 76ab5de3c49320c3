package report

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/internal/feedback"
)

// pion reads what was appended to two bytes that have to stay.
func pion(t *testing.T, write func([]byte) []byte) []rtcp.Packet {
	t.Helper()
	b := write([]byte{0xab, 0xcd})
	if b[0] != 0xab || b[1] != 0xcd || len(b)%4 != 2 {
		t.Fatalf("got %x, want multiples of 4 bytes after abcd", b)
	}
	packets, err := rtcp.Unmarshal(b[2:])
	if err != nil {
		t.Fatalf("pion/rtcp cannot read %x: %v", b[2:], err)
	}
	return packets
}

func TestAppendSenderReport(t *testing.T) {
	s := SenderInfo{SSRC: 0xf1020304, NTP: 0xe4f5a6b7_c8d9eaf0, RTP: 0xfedcba98, Packets: 0x80000001, Octets: 0xfffffffe}
	got := pion(t, func(b []byte) []byte { return AppendSenderReport(b, s) })
	want := []rtcp.Packet{&rtcp.SenderReport{
		SSRC: s.SSRC, NTPTime: uint64(s.NTP), RTPTime: s.RTP, PacketCount: s.Packets, OctetCount: s.Octets,
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// blocks returns blocks with all bits of all fields in use.
func blocks(n int) []Block {
	out := make([]Block, n)
	for i := range out {
		u := uint32(i)
		out[i] = Block{
			SSRC: ^u, FractionLost: uint8(200 + i), Lost: int32(i*1000 - 7000), Highest: 0x80010000 | u,
			Jitter: 0xf0000000 + u, LastSR: 0xa0000000 + u, Delay: 0xb0000000 + u,
		}
	}
	if n > 1 {
		out[0].Lost, out[1].Lost = 1<<23-1, -1<<23
	}
	return out
}

func TestAppendReceiverReport(t *testing.T) {
	for _, n := range []int{0, 1, 30, 31, 32, 62, 63} {
		sent := blocks(n)
		packets := pion(t, func(b []byte) []byte { return AppendReceiverReport(b, 0xfeedbeef, sent) })
		if want := max(1, (n+30)/31); len(packets) != want {
			t.Errorf("%d blocks: got %d reports, want %d", n, len(packets), want)
		}
		var got []rtcp.ReceptionReport
		for _, p := range packets {
			r, ok := p.(*rtcp.ReceiverReport)
			if !ok || r.SSRC != 0xfeedbeef || len(r.ProfileExtensions) != 0 {
				t.Fatalf("%d blocks: got %v, want a receiver report of 0xfeedbeef", n, p)
			}
			got = append(got, r.Reports...)
		}
		var want []rtcp.ReceptionReport
		for _, k := range sent {
			want = append(want, rtcp.ReceptionReport{
				SSRC: k.SSRC, FractionLost: k.FractionLost, TotalLost: uint32(k.Lost) & 0xffffff,
				LastSequenceNumber: k.Highest, Jitter: k.Jitter, LastSenderReport: k.LastSR, Delay: k.Delay,
			})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d blocks: got %v, want %v", n, got, want)
		}
	}
}

func TestAppendSDES(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 254, 255, 300} {
		name := strings.Repeat("n", n)
		got := pion(t, func(b []byte) []byte { return AppendSDES(b, 0x80000001, name) })
		want := []rtcp.Packet{&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
			Source: 0x80000001,
			Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: name[:min(n, 255)]}},
		}}}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("name of %d bytes: got %v, want %v", n, got, want)
		}
	}
}

func TestAppendNACK(t *testing.T) {
	for _, tt := range []struct {
		name    string
		numbers []uint16
		entries int
	}{
		{"one", []uint16{7}, 1},
		{"the next", []uint16{7, 8}, 1},
		{"16 later", []uint16{7, 23}, 1},
		{"17 later", []uint16{7, 24}, 2},
		{"17 in a row", []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}, 1},
		{"over the wrap", []uint16{65530, 65535, 0, 10}, 1},
		{"apart over the wrap", []uint16{65530, 20, 500}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			packets := pion(t, func(b []byte) []byte { return AppendNACK(b, 0x80000001, 0x80000002, tt.numbers) })
			n, ok := packets[0].(*rtcp.TransportLayerNack)
			if !ok || len(packets) != 1 || n.SenderSSRC != 0x80000001 || n.MediaSSRC != 0x80000002 {
				t.Fatalf("got %v, want one NACK", packets)
			}
			var got []uint16
			for _, e := range n.Nacks {
				got = append(got, e.PacketList()...)
			}
			if !slices.Equal(got, tt.numbers) || len(n.Nacks) != tt.entries {
				t.Errorf("got %v in %d entries, want %v in %d", got, len(n.Nacks), tt.numbers, tt.entries)
			}
		})
	}
}

func TestAppendNACKOfNothing(t *testing.T) {
	if got := AppendNACK([]byte{1}, 1, 2, nil); !bytes.Equal(got, []byte{1}) {
		t.Errorf("got %x, want nothing appended", got)
	}
}

// Any set of numbers in ascending order, from any start, comes out again.
func TestAppendNACKLosesNoNumber(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		numbers := []uint16{uint16(random.Uint32())}
		for range random.IntN(200) {
			numbers = append(numbers, numbers[len(numbers)-1]+1+uint16(random.IntN(40)*random.IntN(2)))
		}
		items, err := feedback.Parse(AppendNACK(nil, 1, 2, numbers), nil)
		if err != nil {
			t.Fatalf("numbers %v: %v", numbers, err)
		}
		var got []uint16
		for _, it := range items {
			got = append(got, it.PID)
			for i := range uint16(16) {
				if it.BLP&(1<<i) != 0 {
					got = append(got, it.PID+1+i)
				}
			}
		}
		if !slices.Equal(got, numbers) {
			t.Fatalf("got %v, want %v", got, numbers)
		}
	}
}

func TestAppendPLI(t *testing.T) {
	got := pion(t, func(b []byte) []byte { return AppendPLI(b, 0x80000001, 0x90000002) })
	want := []rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: 0x80000001, MediaSSRC: 0x90000002}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What is written is a valid compound packet, and reads back the same.
func TestCompound(t *testing.T) {
	s := SenderInfo{SSRC: 1, NTP: 0xe4f5a6b7_c8d9eaf0, RTP: 3, Packets: 4, Octets: 5}
	k := blocks(2)
	b := AppendSenderReport(nil, s)
	b = AppendReceiverReport(b, 1, k)
	b = AppendSDES(b, 1, "name")
	b = AppendNACK(b, 1, 2, []uint16{7, 9})
	b = AppendPLI(b, 1, 2)

	var c rtcp.CompoundPacket
	if err := c.Unmarshal(b); err != nil {
		t.Errorf("pion/rtcp refuses the compound packet: %v", err)
	}
	got, err := feedback.Parse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []feedback.Item{{
		Kind: feedback.SenderReport, Sender: 1, SSRC: 1, NTP: uint64(s.NTP), RTP: 3, Packets: 4, Octets: 5,
	}}
	for _, k := range k {
		want = append(want, feedback.Item{
			Kind: feedback.ReceiverReport, Sender: 1, SSRC: k.SSRC, FractionLost: k.FractionLost, Lost: k.Lost,
			Highest: k.Highest, Jitter: k.Jitter, LastSR: k.LastSR, Delay: k.Delay,
		})
	}
	want = append(want, feedback.Item{Kind: feedback.NACK, Sender: 1, SSRC: 2, PID: 7, BLP: 2},
		feedback.Item{Kind: feedback.PLI, Sender: 1, SSRC: 2})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	b, k, numbers := make([]byte, 0, 1500), blocks(3), []uint16{7, 9, 100}
	if got := testing.AllocsPerRun(1000, func() {
		b = AppendSenderReport(b[:0], SenderInfo{SSRC: 1})
		b = AppendReceiverReport(b, 1, k)
		b = AppendSDES(b, 1, "name")
		b = AppendNACK(b, 1, 2, numbers)
		b = AppendPLI(b, 1, 2)
	}); got != 0 {
		t.Errorf("%v allocations per compound packet, want 0", got)
	}
}
