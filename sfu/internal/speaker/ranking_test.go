package speaker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchyard-rtc/switchyard/sfu/internal/mono"
)

// state is how loud streams are from a moment on: "1:80 2:74".
type state struct {
	at   time.Duration
	loud string
}

func reports(s string) (list []Report) {
	for f := range strings.FieldsSeq(s) {
		var r Report
		fmt.Sscanf(f, "%d:%d", &r.ID, &r.Loud)
		list = append(list, r)
	}
	return list
}

func order(r *Ranking) (ids []uint32) {
	for i := range r.Len() {
		id, _ := r.At(i)
		ids = append(ids, id)
	}
	return ids
}

// The first two of a ranking, with the tenth of a second from which on.
func TestRanking(t *testing.T) {
	for _, tt := range []struct {
		name string
		add  []uint32
		in   []state
		want string
	}{
		{"silence", []uint32{1, 2, 3}, nil, "1,2@0"},
		{"who speaks comes first", []uint32{1, 2, 3}, []state{{ms * 500, "3:80"}}, "1,2@0 3,1@5"},
		{"6 dB more at once", []uint32{1, 2}, []state{{0, "1:80 2:70"}, {seconds(3), "1:70 2:76"}}, "1,2@0 2,1@30"},
		{"less than that after 200 ms", []uint32{1, 2}, []state{{0, "1:80 2:70"}, {seconds(3), "1:70 2:75"}}, "1,2@0 2,1@32"},
		{"not for 100 ms", []uint32{1, 2}, []state{{0, "1:80 2:70"}, {seconds(3), "1:70 2:75"}, {seconds(3.1), "1:76 2:75"}, {seconds(3.2), "1:70 2:75"}, {seconds(3.3), "1:80"}}, "1,2@0"},
		{"not within 2 s", []uint32{1, 2}, []state{{0, "2:80"}, {seconds(0.5), "1:80"}}, "2,1@0 1,2@20"},
		{"ties change nothing", []uint32{1, 2, 3}, []state{{0, "1:70 2:70 3:70"}}, "1,2@0"},
		{"somebody new", nil, []state{{0, "7:70 8:69"}, {seconds(3), "9:90"}}, "7,8@0 9,7@30"},
		{"a pause loses nothing while nobody speaks", []uint32{1, 2, 3}, []state{{0, "3:80"}, {seconds(1), ""}}, "3,1@0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r Ranking
			for _, id := range tt.add {
				r.Add(id)
			}
			var got []string
			last, now := "", ""
			for at := time.Duration(0); at < 10*time.Second; at += 100 * ms {
				for _, s := range tt.in {
					if s.at <= at {
						now = s.loud
					}
				}
				r.Push(mono.Time(time.Hour+at), reports(now))
				ids := order(&r)
				if s := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids[:min(2, len(ids))]), " ", ","), "[]"); s != last {
					last = s
					got = append(got, fmt.Sprintf("%s@%d", s, at/(100*ms)))
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s\nwant %s", s, tt.want)
			}
		})
	}
}

// random is a small generator, the same for each seed.
type random uint64

func (r *random) next(n int) int {
	*r = *r*6364136223846793005 + 1442695040888963407
	return int(uint64(*r) >> 33 % uint64(n))
}

// Whatever happens among two hundred streams: nobody is ranked twice, nor who
// left; there are 16 at the most; nobody enters and is overtaken within 2 s; and
// Push says exactly when the order changed.
func TestRankingHolds(t *testing.T) {
	for seed := range 10 {
		rnd := random(seed)
		var r Ranking
		loud := make(map[uint32]uint8)
		gone := make(map[uint32]bool)
		var before []uint32
		entered := make(map[uint32]mono.Time)
		for i := range 1000 {
			now := mono.Time(i) * mono.Time(100*ms)
			for range rnd.next(10) {
				id := uint32(1 + rnd.next(200))
				if !gone[id] {
					loud[id] = uint8(max(0, rnd.next(127)-40))
				}
			}
			removed := false
			if rnd.next(20) == 0 {
				id := uint32(1 + rnd.next(200))
				if r.Len() > 0 {
					id, _ = r.At(rnd.next(r.Len()))
				}
				r.Remove(id)
				delete(loud, id)
				gone[id], removed = true, true
			}
			var in []Report
			for id := uint32(1); id <= 200; id++ {
				if loud[id] > 0 {
					in = append(in, Report{ID: id, Loud: loud[id]})
				}
			}
			changed := r.Push(now, in)
			ids := order(&r)
			if len(ids) > MostRanked || len(r.places) > mostWaiting {
				t.Fatalf("seed %d: %d ranked of %d", seed, len(ids), len(r.places))
			}
			if changed == slices.Equal(before, ids) {
				t.Fatalf("seed %d: changed %t from %v to %v", seed, changed, before, ids)
			}
			for k, id := range ids {
				if gone[id] || slices.Index(ids, id) != k {
					t.Fatalf("seed %d: %v, but %d is gone or ranked twice", seed, ids, id)
				}
			}
			if !removed && len(before) > 0 && ids[0] != before[0] {
				if at, ok := entered[before[0]]; ok && now.Sub(at) < keep {
					t.Fatalf("seed %d: %d was the first for %v only", seed, before[0], now.Sub(at))
				}
				entered[ids[0]] = now
			}
			before = ids
		}
	}
}

// The k loudest by far are the first k within the time that others hold their
// places, for each k.
func TestRankingFindsTheLoudest(t *testing.T) {
	for k := 1; k <= 8; k++ {
		var r Ranking
		rnd := random(k)
		for i := range 300 { // a lively meeting before
			var in []Report
			for range 6 {
				id := uint32(1 + rnd.next(500))
				if !slices.ContainsFunc(in, func(v Report) bool { return v.ID == id }) {
					in = append(in, Report{ID: id, Loud: uint8(70 + rnd.next(20))})
				}
			}
			r.Push(mono.Time(i)*mono.Time(100*ms), in)
		}
		var in []Report
		for id := range uint32(30) {
			in = append(in, Report{ID: 1000 + id, Loud: 70})
		}
		for i := range k {
			in[i*3].Loud = 100
		}
		now := mono.Time(31 * time.Second)
		for end := now.Add(2*time.Second + 300*ms); now <= end; now = now.Add(100 * ms) {
			r.Push(now, in)
		}
		for _, id := range order(&r)[:k] {
			if (id-1000)%3 != 0 || id-1000 >= uint32(3*k) {
				t.Errorf("k = %d: %v", k, order(&r))
			}
		}
	}
}

func TestRankingDoesNotAllocate(t *testing.T) {
	var r Ranking
	in := make([]Report, 64)
	now, rnd := mono.Time(0), random(1)
	step := func() {
		for i := range in {
			in[i] = Report{ID: uint32(1 + rnd.next(500)), Loud: uint8(rnd.next(100))}
		}
		now = now.Add(100 * ms)
		r.Push(now, in)
	}
	for range 100 {
		step()
	}
	if got := testing.AllocsPerRun(200, step); got != 0 {
		t.Errorf("%v allocations per step, want 0", got)
	}
}
