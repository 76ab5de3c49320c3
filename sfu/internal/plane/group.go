package plane

import (
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
	"github.com/switchyard-rtc/switchyard/sfu/internal/speaker"
)

const (
	groupEvery = 100 * time.Millisecond // reports of who is heard
	repeated   = time.Second            // what a core and the home of a group tell each other
	mostHeard  = speaker.MostRanked     // streams that one core reports
)

// List is what a followed slot shows one entry of.
type List uint8

// What there is to follow.
const (
	ListLoudest  List = iota // audio: the loudest voices
	ListSpeakers             // video: the cameras of who speaks or spoke last
	ListScreens              // video: screens that are shared, the newest first
	numLists
)

// Rule says what a slot shows by itself: what is at a place of a list, counted
// from 0 and without Except and what comes from the slot's own peer. Slots of one
// transport that follow the same list show each entry once, and an entry that
// moves in the list does not move between slots.
type Rule struct {
	List List
	Rank int
	// Except lists publications that no slot of the transport is to show by this
	// list. It is not changed any more.
	Except []ID
}

// Letter is what one core tells another about groups. Letters may be lost: what
// they say is repeated.
type Letter struct {
	To      int // index of the core
	Command Command
}

// Letters appends what this core has to tell others to out.
func (p *Plane) Letters(out []Letter) []Letter {
	out = append(out, p.letters...)
	clear(p.letters)
	p.letters = p.letters[:0]
	return out
}

// group is what one core has of a group: publications that it reports, slots that
// follow. One core is the home: it ranks, and tells all others. Owned by the
// plane.
type group struct {
	plane *Plane
	id    ID
	at    int   // core of the home
	home  *home // nil elsewhere

	fans      []*Fanout   // audio publications of this core
	followers []*follower // transports of this core with slots that follow
	ranked    *ranked     // newest; nil before the first
	mirrors   []*Fanout   // of other cores, made because slots follow
	shown     []*Fanout   // of this core, handed over because slots elsewhere follow

	loud     bool          // the last report had something
	restless bool          // followers went since the home was told
	depth    [numLists]int // of the lists that followers here may show
	attended mono.Time     // when the home was told
	reports  [mostHeard]speaker.Report
}

// group returns a group of this core, made if there is none.
func (p *Plane) group(id ID, at int) *group {
	g := p.groups[id]
	if g == nil {
		g = &group{plane: p, id: id, at: at}
		if at == p.core {
			g.home = newHome(g)
		}
		p.groups[id] = g
		p.groupList = append(p.groupList, g)
	}
	return g
}

// tidy forgets a group that has nothing here any more.
func (g *group) tidy() {
	if len(g.fans)+len(g.followers)+len(g.mirrors)+len(g.shown) > 0 || g.depth != [numLists]int{} ||
		g.home != nil && !g.home.empty() {
		return
	}
	delete(g.plane.groups, g.id)
	g.plane.groupList = remove(g.plane.groupList, g)
}

// send tells a core something about the group, this one too.
func (g *group) send(now mono.Time, to int, c Command) {
	if to == g.plane.core {
		c.apply(g.plane, now)
		return
	}
	g.plane.letters = append(g.plane.letters, Letter{To: to, Command: c})
}

// groupDeadline is when advanceGroups has something to do.
func (p *Plane) groupDeadline() mono.Time {
	if len(p.groupList) == 0 {
		return mono.Never
	}
	return p.nextGroups
}

// advanceGroups lets each group say who is heard here, and each home rank them.
func (p *Plane) advanceGroups(now mono.Time) {
	if p.groupDeadline() > now {
		return
	}
	p.nextGroups = now.Add(groupEvery)
	for i := len(p.groupList) - 1; i >= 0; i-- {
		g := p.groupList[i]
		p.spend(&p.shared, weightTimers)
		g.report(now)
		if again := now.Sub(g.attended) >= repeated; again || g.restless {
			g.attend(now, again)
		}
		if g.home != nil {
			g.home.advance(now)
		}
		g.tidy()
	}
}

// report tells the home who is heard here: the loudest only, so that a report is
// short however many there are.
func (g *group) report(now mono.Time) {
	n := 0
	for _, f := range g.fans {
		r := f.voice.Report(now, uint32(f.id))
		if !r.Heard() {
			continue
		}
		if n < mostHeard {
			g.reports[n] = r
			n++
			continue
		}
		if q := quietest(g.reports[:]); g.reports[q].Loud < r.Loud {
			g.reports[q] = r
		}
	}
	was := g.loud
	g.loud = n > 0
	switch {
	case g.home != nil:
		g.home.hear(now, g.plane.core, g.reports[:n])
	case was || g.loud:
		g.send(now, g.at, heard{group: g.id, from: g.plane.core, reports: slices.Clone(g.reports[:n])})
	}
}

func quietest(list []speaker.Report) (at int) {
	for i := range list {
		if list[i].Loud < list[at].Loud {
			at = i
		}
	}
	return at
}

// heard tells the home who is heard on a core.
type heard struct {
	group   ID
	from    int
	reports []speaker.Report
}

func (c heard) apply(p *Plane, now mono.Time) {
	if g := p.groups[c.group]; g != nil && g.home != nil {
		g.home.hear(now, c.from, c.reports)
	}
}

// Enlist makes a publication one of a group. It is for the core of the home and
// for that of the publisher.
type Enlist struct {
	Group       ID
	Home        int // index of the home's core
	Publication ID
	Owner       ID           // transport of the publisher
	Core        int          // that has it
	Screen      bool         // what a peer shares, not its face or voice
	Spec        *Publication // not changed any more
}

func (c Enlist) apply(p *Plane, now mono.Time) {
	if c.Home == p.core {
		p.group(c.Group, c.Home).home.enlist(now, &c)
	}
	if f := p.publications[c.Publication]; f != nil && f.transport != nil && f.enlisted == nil {
		f.enlisted = &c
		f.enter(now)
	}
}

// enter makes the publication one that its group hears of on this core.
func (f *Fanout) enter(now mono.Time) {
	g := f.plane.group(f.enlisted.Group, f.enlisted.Home)
	if f.spec.Audio {
		g.fans = append(g.fans, f)
	}
	if g.ranked != nil {
		g.handOut(f)
	}
}

// leave takes the publication off its group on this core.
func (f *Fanout) leave() {
	if f.enlisted != nil {
		if g := f.plane.groups[f.enlisted.Group]; g != nil {
			g.fans, g.shown = remove(g.fans, f), remove(g.shown, f)
			g.tidy()
		}
	}
	if g := f.followed; g != nil {
		f.followed = nil
		g.mirrors = remove(g.mirrors, f)
		g.tidy()
	}
}

// Delist takes a publication out of a group. It is for the core of the home and,
// while the publication goes on, for that of the publisher.
type Delist struct {
	Group       ID
	Publication ID
}

func (c Delist) apply(p *Plane, now mono.Time) {
	g := p.groups[c.Group]
	if g == nil {
		return
	}
	if f := p.publications[c.Publication]; f != nil && f.enlisted != nil && f.enlisted.Group == c.Group {
		f.leave()
		f.enlisted, f.shown = nil, nil
		f.unite()
	}
	if g.home != nil {
		g.home.delist(now, c.Publication)
	}
	g.tidy()
}

// relocate tells the home that a publication is on another core now.
type relocate struct {
	group, publication ID
	core               int
}

func (c relocate) apply(p *Plane, now mono.Time) {
	if g := p.groups[c.group]; g != nil && g.home != nil {
		g.home.relocate(now, c)
	}
}
