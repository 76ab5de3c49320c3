package room

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"
)

const (
	longestQuestion = 300 // characters
	longestChoice   = 100 // characters
	mostChoices     = 10
	mostPolls       = 16 // of a room, closed ones included; the oldest of those go
	mostOpenPolls   = 4
	mostVotesTold   = 100 // beyond, who voted for what is not told
	votesOfSeat     = 4   // of a poll, by those who came and went; times the most members of a room
	// pollEvery is how often votes are told.
	pollEvery                 = 500 * time.Millisecond
	voteRate, voteBurst       = 2, 10  // of one member, a second
	openingRate, openingBurst = 0.2, 5 // of a room
)

// poll is a question that members answer by choosing one of several answers. What
// they choose counts although they leave, and may be changed until it is closed.
type poll struct {
	pollEvent
	votes   map[string]int // choices by member
	voters  []string       // in the order of their first votes
	changed bool           // since it was told
}

// poll takes the event poll.
func (b *binding) poll(ctx context.Context, arg *pollArg) (any, error) {
	switch arg.Op {
	case "open":
		if err := checkPoll(arg); err != nil {
			return nil, err
		}
	case "vote", "close":
	default:
		return nil, ErrBadRequest.because("unknown op %q", arg.Op)
	}
	return b.in(ctx, func(r *Room, m *Member) (any, error) {
		p, err := r.ballot(m, arg)
		if err != nil {
			return nil, err
		}
		m.hold()
		return pollAck{OK: true, ID: p.ID}, nil
	})
}

func checkPoll(arg *pollArg) error {
	fits := func(s string, most int) bool {
		return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most
	}
	switch {
	case !fits(arg.Question, longestQuestion):
		return ErrBadRequest.because("a question has 1 to %d characters", longestQuestion)
	case len(arg.Choices) < 2 || len(arg.Choices) > mostChoices:
		return ErrBadRequest.because("a poll has 2 to %d choices", mostChoices)
	}
	for _, c := range arg.Choices {
		if !fits(c, longestChoice) {
			return ErrBadRequest.because("a choice has 1 to %d characters", longestChoice)
		}
	}
	return nil
}

// ballot opens a poll, votes or closes one.
func (r *Room) ballot(m *Member, arg *pollArg) (*poll, error) {
	if arg.Op != "vote" && !m.grant.CanModerate {
		return nil, ErrDenied.because("only moderators open and close polls")
	}
	if arg.Op == "open" {
		return r.openPoll(m, arg)
	}
	i := slices.IndexFunc(r.polls, func(p *poll) bool { return p.ID == arg.ID })
	switch {
	case i < 0:
		return nil, ErrBadRequest.because("there is no such poll")
	case r.polls[i].Closed:
		return nil, ErrBadRequest.because("the poll is closed")
	}
	p := r.polls[i]
	if arg.Op == "close" {
		p.Closed = true
		r.pollChanged(p, 0)
		return p, nil
	}
	return p, r.vote(m, p, arg.Choice)
}

func (r *Room) openPoll(m *Member, arg *pollArg) (*poll, error) {
	if wait := r.openings.take(time.Now()); wait > 0 {
		return nil, limited(wait)
	}
	open := 0
	for _, p := range r.polls {
		if !p.Closed {
			open++
		}
	}
	if open >= mostOpenPolls {
		return nil, ErrLimit.because("%d polls are open", open)
	}
	if len(r.polls) >= mostPolls {
		i := slices.IndexFunc(r.polls, func(p *poll) bool { return p.Closed })
		r.polls = slices.Delete(r.polls, i, i+1)
	}
	p := &poll{votes: make(map[string]int), pollEvent: pollEvent{
		ID: r.number("q"), TS: time.Now().UnixMilli(), By: m.id, Question: arg.Question, Choices: arg.Choices,
		Counts: make([]int, len(arg.Choices)), Secret: arg.Secret,
	}}
	r.polls = append(r.polls, p)
	r.pollChanged(p, 0)
	return p, nil
}

func (r *Room) vote(m *Member, p *poll, choice *int) error {
	if choice == nil || *choice < 0 || *choice >= len(p.Choices) {
		return ErrBadRequest.because("choice is none of the poll's")
	}
	old, again := p.votes[m.id]
	if again && old == *choice {
		return nil
	}
	if wait := m.ballots.take(time.Now()); wait > 0 {
		return limited(wait)
	}
	if !again && len(p.voters) >= votesOfSeat*r.options.MaxMembers {
		return ErrLimit.because("the poll has %d votes", len(p.voters))
	}
	if again {
		p.Counts[old]--
	} else {
		p.voters = append(p.voters, m.id)
	}
	p.Counts[*choice]++
	p.votes[m.id] = *choice
	r.pollChanged(p, pollEvery)
	return nil
}

// pollChanged has a poll told within a time.
func (r *Room) pollChanged(p *poll, within time.Duration) {
	p.changed = true
	if at := time.Now().Add(within); r.pollsAt.IsZero() || at.Before(r.pollsAt) {
		r.pollsAt = at
	}
}

// event is what everybody may know of a poll.
func (p *poll) event() pollEvent {
	e := p.pollEvent
	e.Counts = slices.Clone(p.Counts)
	if !p.Secret && len(p.voters) <= mostVotesTold {
		for _, id := range p.voters {
			e.Votes = append(e.Votes, vote{Member: id, Choice: p.votes[id]})
		}
	}
	return e
}

// tellPolls tells everybody of the polls that changed. Who is behind is told of
// all when it has caught up.
func (r *Room) tellPolls() {
	r.pollsAt = time.Time{}
	for _, p := range r.polls {
		if !p.changed {
			continue
		}
		p.changed = false
		e := &shared{arg: p.event()}
		for _, m := range r.members {
			if m.lags() {
				m.owed.polls = true
				continue
			}
			m.emit("poll", e)
		}
	}
}

// tellOwedPolls tells a member that has caught up.
func (m *Member) tellOwedPolls() {
	if !m.owed.polls {
		return
	}
	m.owed.polls = false
	for _, p := range m.room.polls {
		m.emit("poll", p.event())
	}
}

// ballots lists the polls as m sees them, oldest first.
func (r *Room) ballots(m *Member) []pollEvent {
	list := make([]pollEvent, 0, len(r.polls))
	for _, p := range r.polls {
		e := p.event()
		if choice, ok := p.votes[m.id]; ok {
			e.Choice = &choice
		}
		list = append(list, e)
	}
	return list
}
