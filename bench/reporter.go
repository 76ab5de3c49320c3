package bench

import (
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/switchyard-rtc/switchyard/sfu/srtp"
)

const (
	beat          = 10 * time.Millisecond
	reportEvery   = time.Second            // of each client
	feedbackEvery = 100 * time.Millisecond // of each client, transport-wide
	mostBlocks    = 31                     // of one receiver report
	nacksAtOnce   = 128                    // numbers in one message
)

// reporter sends what the clients of a network report: receiver reports once a
// second and transport-wide feedback ten times, spread over that, and requests
// for what is missing. Guarded by the network's media.
type reporter struct {
	clients []*reporting
	left    bool // some of them have ended
	reports rota
	wide    rota
	hungry  []*reporting
	blocks  []rtcp.ReceptionReport
	numbers []uint16
}

// reporting is how one client reports.
type reporting struct {
	reporter *reporter
	inbox    *inbox
	out      *transport
	sealer   *srtp.Sealer
	ssrc     uint32
	hungry   bool // something may be missing
	ended    bool
}

// report lets a client report from now on, if it is to.
func (n *network) report(i *inbox, t *transport) error {
	if !i.rule.report && !i.rule.nack && i.wide == nil {
		return nil
	}
	s, err := srtp.NewSealer(t.keys.Profile, t.keys.LocalKey, t.keys.LocalSalt)
	if err != nil {
		return err
	}
	n.media.Lock()
	defer n.media.Unlock()
	i.reports = &reporting{reporter: &n.reporter, inbox: i, out: t, sealer: s, ssrc: randomSSRC()}
	n.reporter.clients = append(n.reporter.clients, i.reports)
	return nil
}

// unreport lets a client report no more.
func (n *network) unreport(i *inbox) {
	n.media.Lock()
	defer n.media.Unlock()
	if i.reports != nil {
		i.reports.ended, n.reporter.left = true, true
	}
}

// miss has the gaps of a client looked at.
func (r *reporting) miss() {
	if r != nil && !r.hungry {
		r.hungry = true
		r.reporter.hungry = append(r.reporter.hungry, r)
	}
}

// tick sends what is due, every beat.
func (r *reporter) tick(now int64) {
	fed := r.hungry
	r.hungry = r.hungry[:0]
	for _, c := range fed { // those who stay hungry move to the front of the list
		if c.hungry = false; !c.ended && r.ask(c, now) {
			c.miss()
		}
	}
	if r.left {
		r.left = false
		r.clients = slices.DeleteFunc(r.clients, func(c *reporting) bool { return c.ended })
	}
	all := len(r.clients)
	for range r.reports.pass(all, reportEvery) {
		if c := r.clients[r.reports.next(all)]; c.inbox.rule.report {
			r.reportOn(c, now)
		}
	}
	for range r.wide.pass(all, feedbackEvery) {
		if c := r.clients[r.wide.next(all)]; c.inbox.wide != nil {
			c.inbox.wide.feedback(c)
		}
	}
}

// ask requests what a client misses, and returns whether it misses anything.
func (r *reporter) ask(c *reporting, now int64) (missing bool) {
	for _, f := range c.inbox.flows {
		if len(f.gaps.missing) == 0 {
			continue
		}
		r.numbers = f.gaps.poll(now, r.numbers[:0])
		missing = missing || len(f.gaps.missing) > 0
		c.inbox.meter.repair.Requested += uint64(len(r.numbers))
		for part := range slices.Chunk(r.numbers, nacksAtOnce) {
			c.send(&rtcp.TransportLayerNack{
				SenderSSRC: c.ssrc, MediaSSRC: f.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(part),
			})
		}
	}
	return missing
}

// reportOn sends a receiver report about what comes.
func (r *reporter) reportOn(c *reporting, now int64) {
	r.blocks = r.blocks[:0]
	for _, f := range c.inbox.flows {
		if f.count > 0 {
			r.blocks = append(r.blocks, f.block(now))
		}
	}
	for part := range slices.Chunk(r.blocks, mostBlocks) {
		c.send(&rtcp.ReceiverReport{SSRC: c.ssrc, Reports: part})
		c.inbox.meter.reports++
	}
}

// send sends one RTCP packet. One that is lost is no harm.
func (c *reporting) send(p rtcp.Packet) {
	if b, err := p.Marshal(); err == nil {
		c.out.sendRTCP(c.sealer, b)
	}
}

// sendRTCP seals and sends RTCP. The sealer is the caller's; all who send on one
// transport count one index, so that no nonce is used twice.
func (t *transport) sendRTCP(s *srtp.Sealer, packet []byte) {
	b, err := s.SealRTCP(make([]byte, 0, len(packet)+64), packet, t.rtcp.Add(1))
	if err == nil {
		_ = t.endpoint.send(b, t.remote) // an error is one of a socket that was closed
	}
}
