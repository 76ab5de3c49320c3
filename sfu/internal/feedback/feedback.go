// Package feedback reads RTCP (RFC 3550 section 6, RFC 4585, RFC 5104) into
// typed items, without allocation.
package feedback

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed is returned for bytes that are not compound RTCP. It carries no
// detail because it is made on the packet path.
var ErrMalformed = errors.New("feedback: malformed RTCP")

// Kind tells what an [Item] is.
type Kind uint8

// Kinds of items.
const (
	SenderReport   Kind = iota + 1 // RFC 3550 section 6.4.1
	ReceiverReport                 // one block of a report
	NACK                           // one entry, RFC 4585 section 6.2.1
	PLI                            // RFC 4585 section 6.3.1
	FIR                            // one entry, RFC 5104 section 4.3.1
	REMB                           // one SSRC, draft-alvestrand-rmcat-remb-03
	TransportCC                    // draft-holmer-rmcat-transport-wide-cc-extensions-01
	BYE                            // one SSRC, RFC 3550 section 6.6
)

// Item is one statement of a compound packet. Fields that the kind does not
// name are zero.
type Item struct {
	Kind   Kind
	Sender uint32 // who says it
	SSRC   uint32 // of which stream

	PID, BLP uint16 // NACK: first lost number and mask of the 16 after it
	Seq      uint8  // FIR: command number

	NTP             uint64 // SenderReport: wall clock, 32.32 seconds since 1900
	RTP             uint32 // SenderReport: timestamp of the same moment
	Packets, Octets uint32 // SenderReport

	FractionLost uint8  // ReceiverReport: of 256
	Lost         int32  // ReceiverReport: in all
	Highest      uint32 // ReceiverReport: number, with rollovers
	Jitter       uint32 // ReceiverReport: ticks
	LastSR       uint32 // ReceiverReport: middle 32 bits of NTP
	Delay        uint32 // ReceiverReport: 1/65536 s since then

	Bitrate uint64 // REMB: bit/s
	Raw     []byte // TransportCC: from the base number on; part of the input
}

var order = binary.BigEndian

const (
	typeSR, typeRR, typeBYE = 200, 201, 203
	typeRTPFB, typePSFB     = 205, 206
	blockSize               = 24
)

// Parse appends the items of a compound packet to items, in order. Packets of
// other types are passed over. On an error the items before it are returned
// too.
func Parse(b []byte, items []Item) ([]Item, error) {
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != 2 {
			return items, ErrMalformed
		}
		size := 4 + 4*int(order.Uint16(b[2:]))
		if size > len(b) {
			return items, ErrMalformed
		}
		p := b[:size]
		if p[0]&0x20 != 0 { // padding, RFC 3550 section 6.4.1
			pad := int(p[size-1])
			if pad == 0 || pad > size-4 {
				return items, ErrMalformed
			}
			p = p[:size-pad]
		}
		var ok bool
		if items, ok = parse(p, items); !ok {
			return items, ErrMalformed
		}
		b = b[size:]
	}
	return items, nil
}

// parse reads one packet; false if it is cut off.
func parse(p []byte, items []Item) ([]Item, bool) {
	count := int(p[0] & 0x1f)
	switch p[1] {
	case typeSR:
		if len(p) < 28 {
			return items, false
		}
		items = append(items, Item{
			Kind: SenderReport, Sender: order.Uint32(p[4:]), SSRC: order.Uint32(p[4:]), NTP: order.Uint64(p[8:]),
			RTP: order.Uint32(p[16:]), Packets: order.Uint32(p[20:]), Octets: order.Uint32(p[24:]),
		})
		return blocks(p, 28, count, items)
	case typeRR:
		return blocks(p, 8, count, items)
	case typeBYE:
		if len(p) < 4+4*count {
			return items, false
		}
		for i := range count {
			ssrc := order.Uint32(p[4+4*i:])
			items = append(items, Item{Kind: BYE, Sender: ssrc, SSRC: ssrc})
		}
		return items, true
	case typeRTPFB, typePSFB:
		if len(p) < 12 {
			return items, false
		}
		return specific(p, count, items)
	}
	return items, true
}

func blocks(p []byte, at, count int, items []Item) ([]Item, bool) {
	if len(p) < at+count*blockSize {
		return items, false
	}
	for range count {
		k := p[at : at+blockSize]
		at += blockSize
		items = append(items, Item{
			Kind: ReceiverReport, Sender: order.Uint32(p[4:]), SSRC: order.Uint32(k),
			FractionLost: k[4], Lost: int32(order.Uint32(k[4:])<<8) >> 8,
			Highest: order.Uint32(k[8:]), Jitter: order.Uint32(k[12:]),
			LastSR: order.Uint32(k[16:]), Delay: order.Uint32(k[20:]),
		})
	}
	return items, true
}

// specific reads a transport-layer or payload-specific feedback message.
func specific(p []byte, format int, items []Item) ([]Item, bool) {
	sender, media, body := order.Uint32(p[4:]), order.Uint32(p[8:]), p[12:]
	switch {
	case p[1] == typeRTPFB && format == 1:
		for ; len(body) >= 4; body = body[4:] {
			items = append(items, Item{Kind: NACK, Sender: sender, SSRC: media, PID: order.Uint16(body), BLP: order.Uint16(body[2:])})
		}
	case p[1] == typeRTPFB && format == 15:
		if len(body) < 8 {
			return items, false
		}
		items = append(items, Item{Kind: TransportCC, Sender: sender, SSRC: media, Raw: body})
	case p[1] == typePSFB && format == 1:
		items = append(items, Item{Kind: PLI, Sender: sender, SSRC: media})
	case p[1] == typePSFB && format == 4:
		for ; len(body) >= 8; body = body[8:] {
			items = append(items, Item{Kind: FIR, Sender: sender, SSRC: order.Uint32(body), Seq: body[4]})
		}
	case p[1] == typePSFB && format == 15:
		return remb(sender, body, items)
	}
	return items, true
}

func remb(sender uint32, body []byte, items []Item) ([]Item, bool) {
	if len(body) < 8 || string(body[:4]) != "REMB" {
		return items, true // another application's message
	}
	n := int(body[4])
	if len(body) < 8+4*n {
		return items, false
	}
	exponent, mantissa := body[5]>>2, uint64(order.Uint32(body[4:])&0x3ffff)
	rate := mantissa << exponent
	if rate>>exponent != mantissa {
		rate = ^uint64(0)
	}
	for i := range n {
		items = append(items, Item{Kind: REMB, Sender: sender, SSRC: order.Uint32(body[8+4*i:]), Bitrate: rate})
	}
	return items, true
}
