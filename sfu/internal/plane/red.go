package plane

import (
	"github.com/switchyard-rtc/switchyard/sfu/internal/codec"
	"github.com/switchyard-rtc/switchyard/sfu/internal/nack"
	"github.com/switchyard-rtc/switchyard/sfu/internal/packet"
)

// mostRedundant bounds the payload of a packet that redundancy is added to.
const mostRedundant = 1000

// speaks tells whether a RED payload has nothing but Opus in it, as publications
// negotiate it.
func (f *Fanout) speaks(payload []byte) bool {
	var room [codec.MostREDBlocks]codec.REDBlock
	blocks := codec.SplitRED(payload, room[:0])
	for _, k := range blocks {
		if f.kinds[k.PayloadType] != packet.Opus {
			return false
		}
	}
	return blocks != nil
}

// newest returns the payload of a packet without redundancy.
func (f *Fanout) newest(e *nack.Entry, b []byte) []byte {
	payload := e.View.Payload(b)
	if f.kinds[e.View.PayloadType&0x7f] != packet.RED {
		return payload
	}
	var room [codec.MostREDBlocks]codec.REDBlock
	blocks := codec.SplitRED(payload, room[:0])
	if len(blocks) == 0 {
		return nil
	}
	return payload[blocks[len(blocks)-1].At:]
}

// sound is payload for audio. Opus carries its own redundancy (RFC 7587, section
// 3.2) and passes as it came. RED (RFC 2198) is stripped for a slot without it,
// and added for a slot that prefers it: the payload before, from the history.
// After a change of the source nothing reaches back before the change.
func (bd *binding) sound(prefix []byte, e *nack.Entry, b []byte) (head, rest []byte) {
	payload, in := e.View.Payload(b), e.View.PayloadType&0x7f
	out := bd.route.PayloadTypes[in]
	switch {
	case bd.route.Opus == 0:
	case bd.in.fan.kinds[in] == packet.RED:
		return bd.thin(prefix, e, b, out != bd.route.Opus)
	case out != bd.route.Opus:
		return bd.double(prefix, e, payload)
	}
	return prefix, payload
}

// thin takes out of a RED payload what is older than the source is shown, or, for
// a slot without RED, all that is redundant.
func (bd *binding) thin(prefix []byte, e *nack.Entry, b []byte, red bool) (head, rest []byte) {
	if !red {
		return prefix, bd.in.fan.newest(e, b)
	}
	var room [codec.MostREDBlocks]codec.REDBlock
	payload := e.View.Payload(b)
	blocks := codec.SplitRED(payload, room[:0])
	newest := len(blocks) - 1
	if newest < 0 {
		return prefix, nil
	}
	first := newest // of those that stay
	for first > 0 && bd.covers(e.View.Timestamp-uint32(blocks[first-1].Offset)) {
		first--
	}
	head = bd.begin(prefix)
	for i := first; i <= newest; i++ {
		k := blocks[i]
		k.PayloadType = bd.route.Opus
		head = codec.AppendREDHeader(head, k, i == newest)
	}
	return head, payload[blocks[first].At:]
}

// double makes RED of an Opus payload: with that of the packet before, if it is
// known and not from before the source was shown, nor from before a pause.
func (bd *binding) double(prefix []byte, e *nack.Entry, payload []byte) (head, rest []byte) {
	head = bd.begin(prefix)
	if old, k, ok := bd.before(e, len(payload)); ok {
		head = codec.AppendREDHeader(head, k, false)
		head = codec.AppendREDHeader(head, codec.REDBlock{PayloadType: bd.route.Opus}, true)
		return append(head, old...), payload
	}
	return codec.AppendREDHeader(head, codec.REDBlock{PayloadType: bd.route.Opus}, true), payload
}

// before returns the payload before that of a packet, and how it is to be named.
func (bd *binding) before(e *nack.Entry, size int) (payload []byte, k codec.REDBlock, ok bool) {
	last, b := bd.in.history.Find(e.Sequence - 1)
	if last == nil || e.Sequence == bd.start || bd.in.fan.kinds[last.View.PayloadType&0x7f] != packet.Opus {
		return nil, k, false
	}
	offset := e.View.Timestamp - last.View.Timestamp
	n := int(last.View.PayloadSize)
	if offset == 0 || offset > codec.MostREDOffset || n == 0 || n > codec.MostREDSize || n+size > mostRedundant ||
		!bd.covers(last.View.Timestamp) {
		return nil, k, false
	}
	k = codec.REDBlock{PayloadType: bd.route.Opus, Offset: uint16(offset), Size: uint16(n)}
	return last.View.Payload(b), k, true
}

// covers tells whether something of the source with a timestamp is not from
// before the slot showed it.
func (bd *binding) covers(timestamp uint32) bool { return int32(timestamp-bd.entered) >= 0 }

// begin copies prefix to where there is room for a payload.
func (bd *binding) begin(prefix []byte) []byte {
	return append(bd.in.fan.plane.scratch[:0], prefix...)
}
