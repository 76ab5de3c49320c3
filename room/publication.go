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
	muted bool
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
	_, codec, _ := strings.Cut(p.media.Codec().MimeType, "/")
	return PublicationInfo{
		ID: p.id, N: p.media.Number(), Member: p.member.id, Kind: p.kind(),
		Source: p.source, Name: p.name, Muted: p.muted, Codec: codec,
	}
}

// reconcile makes the publications of a member what its peer sends, with what
// the client declared about them. What the grant does not allow is closed. It
// returns what was added.
func (r *Room) reconcile(m *Member, declared []pub) []published {
	added := []published{}
	if m.peer == nil {
		return added
	}
	media := m.peer.Publications()
	for _, p := range slices.Clone(r.publications) {
		if p.member == m && !slices.Contains(media, p.media) {
			r.unpublish(p)
		}
	}
	for _, x := range media {
		if slices.ContainsFunc(r.publications, func(p *Publication) bool { return p.media == x }) {
			continue
		}
		if p := r.publish(m, x, declared); p != nil {
			added = append(added, published{MID: x.MID(), Publication: p.id})
		} else {
			x.Close()
		}
	}
	return added
}

// publish adds a publication, or returns nil if it is not allowed.
func (r *Room) publish(m *Member, x *sfu.Publication, declared []pub) *Publication {
	p := &Publication{
		id: x.ID(), member: m, media: x, source: Other,
		audio: strings.HasPrefix(x.Codec().MimeType, "audio/"),
	}
	if i := slices.IndexFunc(declared, func(d pub) bool { return d.MID == x.MID() }); i >= 0 {
		p.source, p.name, p.muted = declared[i].Source, cleanName(declared[i].Name), declared[i].Muted
	}
	mine := 0
	for _, o := range r.publications {
		if o.member == m {
			mine++
		}
	}
	if mine >= mostPublications || !slices.Contains(m.grant.Publish, p.source) {
		return nil
	}
	r.publications = append(r.publications, p)
	r.changes.addPublication(p.info())
	r.changed()
	if h := r.server.cfg.Hooks.OnPublish; h != nil {
		h(p)
	}
	return p
}

// unpublish removes a publication; slots that show it become idle.
func (r *Room) unpublish(p *Publication) {
	i := slices.Index(r.publications, p)
	if i < 0 {
		return
	}
	r.publications = slices.Delete(r.publications, i, i+1)
	p.media.Close()
	for _, m := range r.members {
		delete(m.wanted, p.id)
		delete(m.subs, p.id)
	}
	r.changes.removePublication(p.id)
	r.changed()
	if h := r.server.cfg.Hooks.OnUnpublish; h != nil {
		h(p)
	}
}
