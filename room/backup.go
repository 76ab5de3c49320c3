package room

import (
	"slices"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// backup is a second codec of a video publication, for those who cannot decode
// the first. The publisher is asked for it while somebody needs it, sends it in a
// section of its own, and is told when nobody does any more. The zero value asks
// for none.
type backup struct {
	codec string           // that the publisher is asked for; empty while nobody needs one
	media *sfu.Publication // nil until it comes
}

// fallBack subscribes to the backup of a publication that the member cannot
// decode, in a slot, or asks for one. It fails with errAwaited if it is to come,
// and with ErrNoCodec if there can be none.
func (m *Member) fallBack(p *Publication, mid string) (*sfu.Subscription, error) {
	b := &p.backup
	if b.media != nil {
		sub, err := m.peer.Subscribe(b.media, m.options(p, mid))
		if err == nil {
			m.lacks[p.id] = true
			m.askBackup(p, nameOf(b.media))
		}
		return sub, err
	}
	codec, ok := m.peer.Fallback(p.media)
	if !ok || p.audio || !p.member.backups || b.codec != "" && b.codec != codec {
		return nil, ErrNoCodec
	}
	m.lacks[p.id] = true
	m.askBackup(p, codec)
	return nil, errAwaited
}

// askBackup asks the publisher for a backup, unless it was asked already.
func (m *Member) askBackup(p *Publication, codec string) {
	if p.backup.codec == "" {
		p.backup.codec = codec
		p.member.tellBackup(p)
	}
}

// tellBackup tells the publisher whether the backup is wanted. It has one
// encoding, without a RID.
func (m *Member) tellBackup(p *Publication) {
	b := &p.backup
	switch {
	case b.codec != "":
		m.emit("layers", layersEvent{Publication: p.id, Codec: b.codec, Active: []string{""}})
	case b.media != nil: // the word that ended it may have been missed
		m.emit("layers", layersEvent{Publication: p.id, Codec: nameOf(b.media), Active: []string{}})
	}
}

// releaseBackups tells the publishers whose backup nobody needs any more.
func (r *Room) releaseBackups() {
	for _, p := range r.publications {
		needs := func(m *Member) bool { return m.lacks[p.id] && m.wants(p) }
		if p.backup.codec == "" || slices.ContainsFunc(r.members, needs) || slices.ContainsFunc(r.seats, needs) {
			continue
		}
		p.member.emit("layers", layersEvent{Publication: p.id, Codec: p.backup.codec, Active: []string{}})
		p.backup.codec = ""
	}
}

// takeBackup makes what a member sends the backup of one of its publications.
// False if it can be none.
func (r *Room) takeBackup(m *Member, x *sfu.Publication, of string) bool {
	p := r.publication(of)
	if p == nil || p.member != m || p.audio || x.Kind() != p.media.Kind() || p.backup.media != nil && p.backup.media != x {
		return false
	}
	if p.backup.media == nil {
		p.backup.media = x
		r.changed() // who waits for it is told with everything else
	}
	return true
}

// forgetBackups drops the backups that a peer no longer sends, from publications
// whose slots show something else then.
func (r *Room) forgetBackups(list []*Publication, media []*sfu.Publication) {
	for _, p := range list {
		x := p.backup.media
		if x == nil || slices.Contains(media, x) {
			continue
		}
		p.backup.media = nil
		for _, m := range slices.Concat(r.members, r.seats) {
			if m.lacks[p.id] {
				delete(m.subs, p.id) // it has ended with the backup
			}
		}
		r.changed()
	}
}
