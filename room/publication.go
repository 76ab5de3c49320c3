package room

import (
	"slices"
	"strings"

	"github.com/switchyard-rtc/switchyard/sfu"
)

// Publication is a member's track.
type Publication struct {
	id     string
	member *Member
	source Source
	name   string
	audio  bool
	media  *sfu.Publication

	// Owned by the room's goroutine.
	muted    bool
	silenced bool // a moderator muted it: nobody is sent it until its publisher unmutes
	backup   backup
	age      int // rises with each that is published in the room
}

// ID is unique in the room.
func (p *Publication) ID() string { return p.id }

// Member returns the publisher.
func (p *Publication) Member() *Member { return p.member }

// Source tells what the track shows.
func (p *Publication) Source() Source { return p.source }

// Media returns the publication on the media plane.
func (p *Publication) Media() *sfu.Publication { return p.media }

func (p *Publication) kind() string {
	if p.audio {
		return "audio"
	}
	return "video"
}

func (p *Publication) info() PublicationInfo {
	return PublicationInfo{
		ID: p.id, N: p.media.Number(), Member: p.member.id, Kind: p.kind(),
		Source: p.source, Name: p.name, Muted: p.muted, Codec: nameOf(p.media),
	}
}

// nameOf returns the name of the codec in which something is sent, such as "VP8".
func nameOf(x *sfu.Publication) string {
	_, codec, _ := strings.Cut(x.Codec().MimeType, "/")
	return codec
}

// section is what a client said about one of its send sections.
type section struct {
	pub
	stopped bool // unpublished since; the section may go on sending
}

// withdraw removes the publications of a member that its peer no longer sends.
func (r *Room) withdraw(m *Member) {
	var media []*sfu.Publication
	if m.peer != nil {
		media = m.peer.Publications()
	}
	for _, p := range r.of(m) {
		if !slices.Contains(media, p.media) {
			r.unpublish(p)
		}
	}
	r.forgetBackups(slices.Concat(r.of(m), m.kept), media)
	m.forgetDemand(media)
	m.kept = slices.DeleteFunc(m.kept, func(p *Publication) bool { return !slices.Contains(media, p.media) })
}

// adopt makes the publications of a member what its peer sends since the offer
// that was answered last, with what the client said about them, then or earlier.
// What is not allowed is closed, and so is what was unpublished and is not
// declared again. It returns what was added.
func (r *Room) adopt(m *Member, declared []pub) []published {
	r.withdraw(m)
	added := []published{}
	sections := make(map[string]*section)
	for _, x := range m.peer.Publications() {
		mid := x.MID()
		s := m.sections[mid]
		if i := slices.IndexFunc(declared, func(d pub) bool { return d.MID == mid }); i >= 0 {
			s = &section{pub: declared[i]}
		} else if s == nil {
			s = &section{pub: pub{Source: Other}}
		}
		sections[mid] = s
		if slices.ContainsFunc(r.publications, func(p *Publication) bool { return p.media == x || p.backup.media == x }) {
			continue
		}
		if s.BackupOf != "" {
			if s.stopped || !r.takeBackup(m, x, s.BackupOf) {
				x.Close()
				continue
			}
			added = append(added, published{MID: mid, Publication: s.BackupOf})
			continue
		}
		p := &Publication{
			id: x.ID(), member: m, source: s.Source, name: cleanName(s.Name), muted: s.Muted, media: x,
			audio: strings.HasPrefix(x.Codec().MimeType, "audio/"),
		}
		if s.stopped || !r.publish(p) {
			x.Close()
			continue
		}
		added = append(added, published{MID: mid, Publication: p.id})
		m.tellDemand(p)
	}
	m.sections = sections
	return added
}

// publish adds a publication. False if it is not allowed.
func (r *Room) publish(p *Publication) bool {
	m := p.member
	kind := p.source.kind()
	if len(r.of(m)) >= mostPublications || !m.grant.MayPublish(p.source) || kind != "any" && kind != p.kind() {
		return false
	}
	r.publications = append(r.publications, p)
	r.byID[p.id] = p
	r.age++
	p.age = r.age
	if p.audio {
		r.voices = append(r.voices, p)
		m.voices++
	}
	if !p.silenced {
		r.rank(p)
	}
	r.changes.addPublication(p.info())
	r.changed()
	if h := r.server.cfg.Hooks.OnPublish; h != nil {
		h(p)
	}
	return true
}

// rank has slots that follow show it, too.
func (r *Room) rank(p *Publication) {
	shared := p.source == Screen || p.source == ScreenAudio
	_ = r.group.Add(p.media, sfu.AddOptions{Screen: shared}) // or it has ended, which is told
}

// unpublish removes a publication; slots that show it become idle.
func (r *Room) unpublish(p *Publication) {
	r.withhold(p)
	p.media.Close()
	if p.backup.media != nil {
		p.backup.media.Close()
	}
}

// withhold is unpublish for a publication that may be published again.
func (r *Room) withhold(p *Publication) {
	i := slices.Index(r.publications, p)
	if i < 0 {
		return
	}
	r.publications = slices.Delete(r.publications, i, i+1)
	delete(r.byID, p.id)
	if r.spotlight == p.id {
		r.setSpotlight("")
	}
	p.backup.codec = "" // who needs it is asked again if it comes back
	if i := slices.Index(r.voices, p); i >= 0 {
		r.voices = slices.Delete(r.voices, i, i+1)
		p.member.voices--
	}
	_ = r.group.Remove(p.media) // or it has ended
	for _, m := range slices.Concat(r.members, r.seats) {
		if sub := m.subs[p.id]; sub != nil {
			sub.Close()
		}
		delete(m.wanted, p.id)
		delete(m.showing, p.id)
		delete(m.lacks, p.id)
		delete(m.subs, p.id)
	}
	r.changes.removePublication(p.id)
	r.changed()
	if h := r.server.cfg.Hooks.OnUnpublish; h != nil {
		h(p)
	}
}
