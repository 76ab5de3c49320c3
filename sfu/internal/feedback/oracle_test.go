package feedback

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/pion/rtcp"
)

// meaning returns the items that the packets of a compound one stand for. It is
// false if they hold something that pion/rtcp reads in another way on purpose.
func meaning(packets []rtcp.Packet) (items []Item, ok bool) {
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			items = append(items, Item{
				Kind: SenderReport, Sender: p.SSRC, SSRC: p.SSRC,
				NTP: p.NTPTime, RTP: p.RTPTime, Packets: p.PacketCount, Octets: p.OctetCount,
			})
			items = append(items, reports(p.SSRC, p.Reports)...)
		case *rtcp.ReceiverReport:
			items = append(items, reports(p.SSRC, p.Reports)...)
		case *rtcp.TransportLayerNack:
			for _, n := range p.Nacks {
				items = append(items, Item{Kind: NACK, Sender: p.SenderSSRC, SSRC: p.MediaSSRC, PID: n.PacketID, BLP: uint16(n.LostPackets)})
			}
		case *rtcp.PictureLossIndication:
			items = append(items, Item{Kind: PLI, Sender: p.SenderSSRC, SSRC: p.MediaSSRC})
		case *rtcp.FullIntraRequest:
			for _, e := range p.FIR {
				items = append(items, Item{Kind: FIR, Sender: p.SenderSSRC, SSRC: e.SSRC, Seq: e.SequenceNumber})
			}
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			rate := uint64(math.MaxUint64)
			if p.Bitrate < 1<<64 {
				rate = uint64(p.Bitrate)
			}
			for _, ssrc := range p.SSRCs {
				items = append(items, Item{Kind: REMB, Sender: p.SenderSSRC, SSRC: ssrc, Bitrate: rate})
			}
		case *rtcp.TransportLayerCC:
			raw := binary.BigEndian.AppendUint16(nil, p.BaseSequenceNumber)
			raw = binary.BigEndian.AppendUint16(raw, p.PacketStatusCount)
			raw = binary.BigEndian.AppendUint32(raw, p.ReferenceTime<<8|uint32(p.FbPktCount))
			items = append(items, Item{Kind: TransportCC, Sender: p.SenderSSRC, SSRC: p.MediaSSRC, Raw: raw})
		case *rtcp.Goodbye:
			for _, ssrc := range p.Sources {
				items = append(items, Item{Kind: BYE, Sender: ssrc, SSRC: ssrc})
			}
		case *rtcp.RawPacket: // pion/rtcp does not look whether the two SSRCs are there
			if len(*p) < 12 && ((*p)[1] == typeRTPFB || (*p)[1] == typePSFB) {
				return nil, false
			}
		}
	}
	return items, true
}

func reports(sender uint32, blocks []rtcp.ReceptionReport) (items []Item) {
	for _, r := range blocks {
		items = append(items, Item{
			Kind: ReceiverReport, Sender: sender, SSRC: r.SSRC, FractionLost: r.FractionLost,
			Lost: int32(r.TotalLost<<8) >> 8, Highest: r.LastSequenceNumber, Jitter: r.Jitter,
			LastSR: r.LastSenderReport, Delay: r.Delay,
		})
	}
	return items
}

// compare expects the same items. Of transport-wide feedback only the fixed
// part is compared; pion/rtcp has no bytes for the rest, and reads a REMB with
// mantissa 0 as one of 2^exponent.
func compare(t *testing.T, b []byte, got, want []Item) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("parse %x: got %d items %+v, want %d: %+v", b, len(got), got, len(want), want)
	}
	for i := range got {
		g, w := got[i], want[i]
		if len(g.Raw) > 8 {
			g.Raw = g.Raw[:8]
		}
		if !bytes.Equal(g.Raw, w.Raw) {
			t.Fatalf("parse %x: item %d: got %x, want %x", b, i, g.Raw, w.Raw)
		}
		g.Raw, w.Raw = nil, nil
		if g.Kind == REMB && g.Bitrate == 0 {
			w.Bitrate = 0
		}
		if !same(g, w) {
			t.Fatalf("parse %x: item %d: got %+v, want %+v", b, i, g, w)
		}
	}
}

func same(a, b Item) bool {
	return a.Kind == b.Kind && a.Sender == b.Sender && a.SSRC == b.SSRC &&
		a.PID == b.PID && a.BLP == b.BLP && a.Seq == b.Seq &&
		a.NTP == b.NTP && a.RTP == b.RTP && a.Packets == b.Packets && a.Octets == b.Octets &&
		a.FractionLost == b.FractionLost && a.Lost == b.Lost && a.Highest == b.Highest &&
		a.Jitter == b.Jitter && a.LastSR == b.LastSR && a.Delay == b.Delay && a.Bitrate == b.Bitrate
}

// samples are packets as other implementations send them.
func samples() map[string][]rtcp.Packet {
	block := rtcp.ReceptionReport{
		SSRC: 0xa0a1a2a3, FractionLost: 0x40, TotalLost: 0xfffffe, LastSequenceNumber: 0x00051234,
		Jitter: 77, LastSenderReport: 0x89abcdef, Delay: 0x12345,
	}
	sr := &rtcp.SenderReport{
		SSRC: 0x01020304, NTPTime: 0xe4f5a6b7c8d9eaf0, RTPTime: 0xfedcba98, PacketCount: 1000, OctetCount: 1_200_000,
		Reports: []rtcp.ReceptionReport{block, {SSRC: 9, TotalLost: 5}},
	}
	rr := &rtcp.ReceiverReport{SSRC: 0x01020304, Reports: []rtcp.ReceptionReport{block}}
	full := &rtcp.ReceiverReport{SSRC: 3, Reports: make([]rtcp.ReceptionReport, 31)}
	sdes := &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: 0x01020304, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "name"}},
	}}}
	nacks := &rtcp.TransportLayerNack{
		SenderSSRC: 1, MediaSSRC: 0xf0000002, Nacks: []rtcp.NackPair{{PacketID: 65530, LostPackets: 0x8001}, {PacketID: 20}},
	}
	pli := &rtcp.PictureLossIndication{SenderSSRC: 0x80000001, MediaSSRC: 0x80000002}
	fir := &rtcp.FullIntraRequest{SenderSSRC: 4, MediaSSRC: 5, FIR: []rtcp.FIREntry{{SSRC: 6, SequenceNumber: 255}, {SSRC: 7}}}
	remb := &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: 8_927_168, SSRCs: []uint32{1215622422, 3}}
	fast := &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: 0x1p70, SSRCs: []uint32{2}}
	slow := &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: 30_000, SSRCs: []uint32{2}}
	tcc := &rtcp.TransportLayerCC{
		Header:     rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
		SenderSSRC: 8, MediaSSRC: 9, BaseSequenceNumber: 65535, PacketStatusCount: 2, ReferenceTime: 0xabcdef, FbPktCount: 200,
		PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 2}},
		RecvDeltas: []*rtcp.RecvDelta{
			{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250}, {Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 63750},
		},
	}
	bye := &rtcp.Goodbye{Sources: []uint32{0x01020304, 0xffffffff}, Reason: "camera malfunction"}
	return map[string][]rtcp.Packet{
		"SR": {sr}, "RR": {rr}, "RR of 31 blocks": {full}, "NACK": {nacks}, "PLI": {pli}, "FIR": {fir}, "REMB": {remb},
		"REMB beyond 64 bits": {fast}, "REMB below the mantissa": {slow}, "transport-wide feedback": {tcc}, "BYE": {bye},
		"report compound":      {sr, sdes, bye},
		"feedback compound":    {rr, sdes, nacks, pli, fir, remb, tcc},
		"types that are other": {rr, &rtcp.RapidResynchronizationRequest{SenderSSRC: 1, MediaSSRC: 2}, &rtcp.SliceLossIndication{SenderSSRC: 1, MediaSSRC: 2}, pli},
	}
}

func TestParseReadsWhatPionWrites(t *testing.T) {
	for name, packets := range samples() {
		t.Run(name, func(t *testing.T) {
			b, err := rtcp.Marshal(packets)
			if err != nil {
				t.Fatalf("marshal: %v", err)
			}
			want, ok := meaning(packets)
			if !ok || len(want) == 0 {
				t.Fatalf("sample without meaning: %+v", packets)
			}
			got, err := Parse(b, nil)
			if err != nil {
				t.Fatalf("parse %x: %v", b, err)
			}
			compare(t, b, got, want)
		})
	}
}

// FuzzParse expects no panic, no write into the input, no view outside of it,
// and the meaning that pion/rtcp finds where it finds one. pion/rtcp reads
// padding as content, so packets with it are only parsed.
func FuzzParse(f *testing.F) {
	for _, packets := range samples() {
		b, err := rtcp.Marshal(packets)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(fromHex(f, typical))
	f.Add(fromHex(f, "a1cd0004 00000001 00000002 00030000 00000004"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		got, err := Parse(b, nil)
		if !bytes.Equal(b, kept) {
			t.Fatal("Parse changed its input")
		}
		if len(got) > len(b)/4 {
			t.Fatalf("parse %x: %d items in %d bytes", b, len(got), len(b))
		}
		for _, it := range got {
			if it.Raw != nil && (len(it.Raw) < 8 || !inside(b, it.Raw)) {
				t.Fatalf("parse %x: %x is no part of it", b, it.Raw)
			}
		}
		if padded(b) {
			return
		}
		packets, pionErr := rtcp.Unmarshal(b)
		if pionErr != nil {
			return
		}
		want, ok := meaning(packets)
		if !ok {
			return
		}
		if err != nil {
			t.Fatalf("parse %x: %v, but pion/rtcp reads %+v", b, err, packets)
		}
		compare(t, b, got, want)
	})
}

// inside tells whether part is a view of whole: its end is where the capacity
// says that it is, and the bytes are shared.
func inside(whole, part []byte) bool {
	start := cap(whole) - cap(part)
	return start >= 0 && start+len(part) <= len(whole) && &whole[start] == &part[0]
}

// padded tells whether a packet in b has the padding bit set.
func padded(b []byte) bool {
	for len(b) >= 4 {
		if b[0]&0x20 != 0 {
			return true
		}
		b = b[min(len(b), 4+4*int(binary.BigEndian.Uint16(b[2:]))):]
	}
	return false
}
