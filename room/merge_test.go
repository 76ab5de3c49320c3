package room

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
)

// roster is a room as a client knows it.
type roster map[string]string

// apply takes in an event as clients do: what goes, what comes, what changes.
func (r roster) apply(t *testing.T, e stateEvent) {
	t.Helper()
	if m := e.Members; m != nil {
		for _, d := range m.Del {
			if r[d.ID] == "" {
				t.Errorf("%s goes, and was never there", d.ID)
			}
			delete(r, d.ID)
		}
		for _, a := range m.Add {
			r.add(t, a.ID, a.State+" "+a.Role)
		}
		for _, s := range m.Set {
			r.set(t, s.ID, s.State+" "+s.Role)
		}
	}
	if p := e.Publications; p != nil {
		for _, d := range p.Del {
			if r[d.ID] == "" {
				t.Errorf("%s goes, and was never there", d.ID)
			}
			delete(r, d.ID)
		}
		for _, a := range p.Add {
			r.add(t, a.ID, strconv.FormatBool(a.Muted))
		}
		for _, s := range p.Set {
			r.set(t, s.ID, strconv.FormatBool(s.Muted))
		}
	}
}

func (r roster) add(t *testing.T, id, as string) {
	t.Helper()
	if r[id] != "" {
		t.Errorf("%s comes twice", id)
	}
	r[id] = as
}

func (r roster) set(t *testing.T, id, as string) {
	t.Helper()
	if r[id] == "" {
		t.Errorf("%s changes, and was never there", id)
	}
	r[id] = as
}

// However events are merged, clients come to know the same.
func TestMergedChangesAreTheSame(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		truth, each, merged := roster{}, roster{}, roster{}
		var kept changes
		for step := range 60 {
			c := someChanges(random, truth)
			e := c.event(step)
			each.apply(t, e)
			if kept.merge(c); random.IntN(5) == 0 {
				merged.apply(t, kept.event(0))
				kept = changes{}
			}
		}
		merged.apply(t, kept.event(0))
		if !maps.Equal(each, truth) || !maps.Equal(merged, truth) {
			t.Fatalf("seed %d: %v is told as %v, merged as %v", seed, truth, each, merged)
		}
	}
}

// someChanges changes a roster at random, and says so.
func someChanges(random *rand.Rand, truth roster) (c changes) {
	for range random.IntN(4) {
		id := fmt.Sprint("m", random.IntN(6))
		role := []string{"guest", "moderator"}[random.IntN(2)]
		switch known := truth[id] != ""; {
		case !known:
			truth[id] = "live " + role
			c.addMember(MemberInfo{ID: id, State: "live", Role: role})
		case random.IntN(2) == 0:
			delete(truth, id)
			c.removeMember(id, "left")
		default:
			truth[id] = "reconnecting " + role
			c.setMember(memberChange{ID: id, State: "reconnecting", Role: role})
		}
		id = fmt.Sprint("p", random.IntN(6))
		muted := random.IntN(2) == 0
		switch known := truth[id] != ""; {
		case !known:
			truth[id] = strconv.FormatBool(muted)
			c.addPublication(PublicationInfo{ID: id, Muted: muted})
		case random.IntN(2) == 0:
			delete(truth, id)
			c.removePublication(id)
		default:
			truth[id] = strconv.FormatBool(muted)
			c.setPublication(publicationChange{ID: id, Muted: muted})
		}
	}
	return c
}

// What is owed to a member that is behind is never more than a room has.
func TestMergedChangesStaySmall(t *testing.T) {
	var kept changes
	for i := range 10_000 {
		var came, went changes
		id := strconv.Itoa(i)
		came.addMember(MemberInfo{ID: id})
		came.addPublication(PublicationInfo{ID: id})
		went.removePublication(id)
		went.removeMember(id, "left")
		kept.merge(came)
		if i%100 != 0 {
			kept.merge(went)
		}
	}
	m, p := kept.members, kept.publications
	if n := len(m.Del) + len(m.Add) + len(p.Add) + len(p.Del) + len(p.Set) + len(m.Set); n != 200 {
		t.Errorf("%d entries for 100 members and 100 publications", n)
	}
}
