package plane

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/speaker"
)

const (
	mostCameras   = 8                      // in the lists of video
	speakersEvery = 250 * time.Millisecond // EventSpeakers
	staleReport   = 300 * time.Millisecond // of a core that says nothing any more
	staleCore     = 3 * time.Second        // that does not say that it follows
)

// home is the one place of a group where its publications are compared. What it
// tells the cores does not grow with the members: lists of at most 16 entries, to
// each core once per change and once a second.
type home struct {
	group    *group
	ranking  speaker.Ranking
	dominant speaker.Dominant

	members map[ID]*Enlist
	voices  []*Enlist // of members: audio, in the order of coming
	cameras []*Enlist
	screens []*Enlist
	spoke   []ID // owners who were dominant, the last one first

	heard     []hearing
	attending []attendance
	merged    []speaker.Report // scratch
	repeatAt  mono.Time
	tellAt    mono.Time
	told      []Speaker
}

// hearing is the newest report of a core.
type hearing struct {
	core    int
	at      mono.Time
	reports []speaker.Report
}

// attendance says how many entries of each list the followers of a core may
// show; none without followers.
type attendance struct {
	core  int
	depth [numLists]int
	until mono.Time
}

// entry is a publication in a list of ranked.
type entry struct {
	publication, owner ID
	core               int
	spec               *Publication
}

// ranked is what the home tells all cores. It is never changed.
type ranked struct {
	group     ID
	lists     [numLists][]entry
	attending []attendance
}

// Speaker is one who is heard, as EventSpeakers tells it.
type Speaker struct {
	Publication ID
	Level       uint8 // -dBov
	Dominant    bool
}

func newHome(g *group) *home { return &home{group: g, members: make(map[ID]*Enlist)} }

func (h *home) empty() bool { return len(h.members)+len(h.attending) == 0 }

// enlist takes a publication in.
func (h *home) enlist(now mono.Time, c *Enlist) {
	if h.members[c.Publication] != nil {
		return
	}
	h.members[c.Publication] = c
	list := h.list(c)
	*list = append(*list, c)
	if c.Spec.Audio {
		if !h.ranking.Add(uint32(c.Publication)) {
			return // nobody is shown it before it is heard
		}
	}
	h.publish(now)
}

func (h *home) list(c *Enlist) *[]*Enlist {
	switch {
	case c.Spec.Audio:
		return &h.voices
	case c.Screen:
		return &h.screens
	}
	return &h.cameras
}

// delist lets a publication go. A place that becomes free is for one of those
// that had none.
func (h *home) delist(now mono.Time, id ID) {
	c := h.members[id]
	if c == nil {
		return
	}
	delete(h.members, id)
	list := h.list(c)
	*list = remove(*list, c)
	h.dominant.Remove(uint32(id))
	if c.Spec.Audio && h.ranking.Has(uint32(id)) {
		h.ranking.Remove(uint32(id))
		for _, v := range h.voices {
			if h.ranking.Len() == speaker.MostRanked {
				break
			}
			h.ranking.Add(uint32(v.Publication))
		}
	}
	h.publish(now)
}

func (h *home) relocate(now mono.Time, c relocate) {
	if m := h.members[c.publication]; m != nil && m.Core != c.core {
		moved := *m
		moved.Core = c.core
		list := h.list(m)
		(*list)[slices.Index(*list, m)] = &moved
		h.members[c.publication] = &moved
		h.publish(now)
	}
}

// hear takes the report of a core.
func (h *home) hear(now mono.Time, core int, reports []speaker.Report) {
	i := slices.IndexFunc(h.heard, func(x hearing) bool { return x.core == core })
	if i < 0 {
		i = len(h.heard)
		h.heard = append(h.heard, hearing{core: core})
	}
	h.heard[i].at = now
	h.heard[i].reports = append(h.heard[i].reports[:0], reports...)
}

// attend notes what the followers of a core may show.
func (h *home) attend(now mono.Time, c attend) {
	i := slices.IndexFunc(h.attending, func(x attendance) bool { return x.core == c.core })
	switch {
	case c.depth == [numLists]int{}:
		if i >= 0 {
			h.attending = slices.Delete(h.attending, i, i+1)
			h.publish(now)
		}
	case i < 0:
		h.attending = append(h.attending, attendance{core: c.core, depth: c.depth, until: now.Add(staleCore)})
		h.publish(now)
	default:
		a := &h.attending[i]
		a.until = now.Add(staleCore)
		if a.depth != c.depth {
			a.depth = c.depth
			h.publish(now)
		}
	}
}

// advance ranks, ten times a second.
func (h *home) advance(now mono.Time) {
	before := len(h.attending)
	h.attending = slices.DeleteFunc(h.attending, func(a attendance) bool { return a.until <= now })
	changed := len(h.attending) != before
	h.merge(now)
	if h.ranking.Push(now, h.merged) {
		changed = true
	}
	h.merged = slices.DeleteFunc(h.merged, func(r speaker.Report) bool { return h.members[ID(r.ID)].Screen })
	if h.dominant.Push(h.merged) {
		owner := h.members[ID(h.dominant.ID())].Owner
		h.spoke = slices.Insert(remove(h.spoke, owner), 0, owner)
		h.spoke = h.spoke[:min(len(h.spoke), mostCameras)]
		changed = true
	}
	switch {
	case changed:
		h.publish(now)
	case now >= h.repeatAt:
		h.spread(now, h.group.ranked)
	}
	h.tell(now)
}

// merge collects what all cores reported of those who are here.
func (h *home) merge(now mono.Time) {
	h.merged = h.merged[:0]
	for i := range h.heard {
		x := &h.heard[i]
		if now.Sub(x.at) >= staleReport {
			continue
		}
		for _, r := range x.reports {
			twice := func(o speaker.Report) bool { return o.ID == r.ID }
			if h.members[ID(r.ID)] != nil && !slices.ContainsFunc(h.merged, twice) {
				h.merged = append(h.merged, r)
			}
		}
	}
}

// publish tells all cores how things stand, if that is new.
func (h *home) publish(now mono.Time) {
	r := &ranked{group: h.group.id, attending: slices.Clone(h.attending)}
	for i := range h.ranking.Len() {
		id, _ := h.ranking.At(i)
		r.add(ListLoudest, h.members[ID(id)])
	}
	for _, owner := range h.spoke {
		for _, c := range h.cameras {
			if c.Owner == owner {
				r.add(ListSpeakers, c)
			}
		}
	}
	for _, c := range h.cameras {
		r.add(ListSpeakers, c) // who has not spoken yet, for want of others
	}
	for _, c := range slices.Backward(h.screens) {
		r.add(ListScreens, c)
	}
	if old := h.group.ranked; old != nil && old.equal(r) {
		return
	}
	h.spread(now, r)
}

// add puts a publication at the end of a list, once.
func (r *ranked) add(to List, c *Enlist) {
	list := r.lists[to]
	most := mostCameras
	if to == ListLoudest {
		most = speaker.MostRanked
	}
	if c == nil || len(list) >= most || r.place(to, c.Publication) >= 0 {
		return
	}
	r.lists[to] = append(list, entry{publication: c.Publication, owner: c.Owner, core: c.Core, spec: c.Spec})
}

// place returns where a publication is in a list, or -1.
func (r *ranked) place(in List, id ID) int {
	return slices.IndexFunc(r.lists[in], func(e entry) bool { return e.publication == id })
}

func (r *ranked) equal(o *ranked) bool {
	for k := range r.lists {
		if !slices.Equal(r.lists[k], o.lists[k]) {
			return false
		}
	}
	return slices.EqualFunc(r.attending, o.attending, func(a, b attendance) bool {
		return a.core == b.core && a.depth == b.depth
	})
}

// spread sends it to all cores that have publications or followers. Without
// followers nobody has to know.
func (h *home) spread(now mono.Time, r *ranked) {
	h.repeatAt = now.Add(repeated)
	if r == nil {
		return
	}
	before := h.group.ranked
	cores := append([]int(nil), h.group.plane.core)
	for _, list := range [...]*ranked{before, r} {
		if list == nil {
			continue
		}
		for _, a := range list.attending {
			cores = append(cores, a.core)
		}
		if len(list.attending) == 0 {
			continue
		}
		for _, l := range list.lists {
			for _, e := range l {
				cores = append(cores, e.core)
			}
		}
	}
	slices.Sort(cores)
	for _, core := range slices.Compact(cores) {
		h.group.send(now, core, r)
	}
}

// tell tells the control plane who is heard, loudest first, if that changed.
func (h *home) tell(now mono.Time) {
	if now < h.tellAt {
		return
	}
	var list []Speaker
	for i := range h.ranking.Len() {
		if id, loud := h.ranking.At(i); loud > 0 {
			list = append(list, Speaker{Publication: ID(id), Level: 127 - loud, Dominant: id == h.dominant.ID()})
		}
	}
	slices.SortStableFunc(list, func(a, b Speaker) int { return int(a.Level) - int(b.Level) })
	if slices.Equal(list, h.told) {
		return
	}
	h.tellAt = now.Add(speakersEvery)
	h.told = list
	h.group.plane.emit(Event{Kind: EventSpeakers, Group: h.group.id, Speakers: list})
}
