package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

// sending is one way of sending the packets that were sealed.
type sending struct {
	name  string
	train int
	seal  int // packets sealed before each send
	send  func(l *limitLoop, train int) error
}

func sendings() []sending {
	all := []sending{
		{name: "seal", seal: limitBatch, send: func(*limitLoop, int) error { return nil }},
		{name: "sendto", train: 1, seal: 1, send: func(l *limitLoop, _ int) error { return l.sendOne() }},
		{name: "sendmmsg", train: 1, seal: limitBatch, send: (*limitLoop).sendMany},
	}
	for _, train := range []int{2, 4, 8, 16} {
		all = append(all, sending{name: fmt.Sprintf("gso-%d", train), train: train, seal: limitBatch, send: (*limitLoop).sendMany})
	}
	return all
}

// limitLoop is the bare loop with its two sockets. One thread at a time.
type limitLoop struct {
	wire
	sealer  *srtp.Sealer
	header  [limitHeader]byte
	payload []byte
	packets []byte // limitBatch sealed datagrams, without gaps
	next    uint64 // SRTP index of the next packet: none is sealed twice
}

func newLimitLoop(sink *Sink) (*limitLoop, error) {
	l := &limitLoop{
		payload: make([]byte, limitPayload),
		packets: make([]byte, limitBatch*limitPacket),
	}
	var err error
	if l.sealer, err = srtp.NewSealer(srtp.AEADAES128GCM, make([]byte, 16), make([]byte, 12)); err != nil {
		return nil, err
	}
	l.header[0], l.header[1] = 0x80, 96
	if err := l.open(l.packets, sink); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// seal rewrites the header and seals n packets.
func (l *limitLoop) seal(n int) error {
	for i := range n {
		binary.BigEndian.PutUint16(l.header[2:], uint16(l.next))
		binary.BigEndian.PutUint32(l.header[4:], uint32(l.next/8)*3000)
		binary.BigEndian.PutUint32(l.header[8:], limitSSRC)
		room := l.packets[i*limitPacket : i*limitPacket : (i+1)*limitPacket]
		if _, err := l.sealer.SealRTP(room, l.header[:], nil, l.payload, l.next, limitSSRC); err != nil {
			return err
		}
		l.next++
	}
	return nil
}

// run sends in one way for a while.
func (l *limitLoop) run(ctx context.Context, s sending, d time.Duration) (limitRound, error) {
	var r limitRound
	before, err := l.arrived()
	if err != nil {
		return r, err
	}
	for r.wall < d || r.packets == 0 {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		start, cpu := time.Now(), threadTime()
		for n := 0; n < limitChunk; n += s.seal {
			if err := l.seal(s.seal); err != nil {
				return r, err
			}
			if err := s.send(l, s.train); err != nil {
				return r, err
			}
		}
		r.cpu += threadTime() - cpu
		r.wall += time.Since(start)
		r.packets += limitChunk
		if s.train > 0 && l.sink == nil {
			r.lost += uint64(max(0, limitChunk-l.drain()))
		}
	}
	if s.train > 0 && l.sink != nil {
		after, err := l.arrived()
		if err != nil {
			return r, err
		}
		r.lost = r.packets - min(r.packets, (after-before)*l.sink.packets(s.train))
	}
	return r, nil
}

// arrived empties the receiving socket, or returns how many messages arrived at
// the sink so far.
func (l *limitLoop) arrived() (uint64, error) {
	if l.sink != nil {
		return l.sink.seen()
	}
	l.drain()
	return 0, nil
}

// limit runs the modes in turn, round after round, so that what disturbs the
// machine for a while disturbs all of them.
func limit(ctx context.Context, o LimitOptions) (*LimitResult, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l, err := newLimitLoop(o.Sink)
	if err != nil {
		return nil, fmt.Errorf("bench: limit: %w", err)
	}
	defer l.close()
	modes := sendings()
	rounds := make([][]limitRound, len(modes))
	for i := range limitRounds {
		for m, s := range modes {
			r, err := l.run(ctx, s, o.Duration/limitRounds)
			if err != nil {
				return nil, fmt.Errorf("bench: limit: %s: %w", s.name, err)
			}
			rounds[m] = append(rounds[m], r)
			o.Progress(i*len(modes)+m+1, limitRounds*len(modes))
		}
	}
	result := &LimitResult{PacketBytes: limitPacket, Profile: srtp.AEADAES128GCM.String(), Rounds: limitRounds}
	if o.Sink != nil {
		result.Sink = o.Sink.mode
	}
	for m, s := range modes {
		result.Modes = append(result.Modes, limitMode(s.name, s.train, rounds[m]))
	}
	return result, nil
}
