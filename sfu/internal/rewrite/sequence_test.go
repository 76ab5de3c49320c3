package rewrite

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// play feeds a sequence with numbers in order of arrival. A minus means Leave,
// an @ starts the next source at a number without mapping it. The line begins
// with the first number, at source 1.
func play(t *testing.T, in string) (s *Sequence, out string) {
	t.Helper()
	var sent []string
	source := uint32(1)
	for _, step := range strings.Fields(in) {
		n, err := strconv.ParseUint(strings.TrimLeft(step, "-@"), 10, 16)
		if err != nil {
			t.Fatalf("step %q: %v", step, err)
		}
		number := uint16(n)
		if s == nil {
			s = NewSequence(uint64(number))
			s.Start(source, number)
		}
		switch step[0] {
		case '-':
			s.Leave(number)
		case '@':
			source++
			s.Start(source, number)
		default:
			if index, ok := s.Map(number); ok {
				sent = append(sent, strconv.Itoa(int(uint16(index))))
			} else {
				sent = append(sent, "x")
			}
		}
	}
	return s, strings.Join(sent, " ")
}

func TestSequence(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string // numbers in order of arrival; - is Leave, @ is Start
		want string // what Map returned; an x means refused
	}{
		{"in order", "7 8 9", "7 8 9"},
		{"one left out", "7 -8 9 10", "7 8 9"},
		{"several left out", "7 -8 -9 -10 11", "7 8"},
		{"the first left out", "-7 8 9", "7 8"},
		{"loss stays a gap", "7 9", "7 9"},
		{"late packet fills its gap", "7 9 8", "7 9 8"},
		{"late packet before a left-out one", "7 9 -10 11 8", "7 9 10 8"},
		{"late packets around a left-out one", "7 -9 10 8 11", "7 9 8 10"},
		{"left out late leaves its gap", "7 9 -8 10", "7 9 10"},
		{"left out, then asked for", "7 -8 8 9", "7 x 8"},
		{"left out, later asked for", "7 -8 9 8 10", "7 8 x 9"},
		{"left out twice", "7 -8 -8 9", "7 8"},
		{"left out after it was sent", "7 8 -8 9", "7 8 9"},
		{"twice", "7 7 8 8", "7 x 8 x"},
		{"late, twice", "7 9 8 8", "7 9 8 x"},
		{"wraps around", "65534 -65535 0 1", "65534 65535 0"},
		{"late over the wrap", "65534 0 65535 1", "65534 0 65535 1"},
		{"older than the source", "7 6 8", "7 x 8"},
		{"older than the window", "5000 3000", "5000 x"},
		{"late by 1,023", "1000 1500 2024 1001", "1000 1500 2024 1001"},
		{"late by 1,024", "999 1500 2024 1000", "999 1500 2024 x"},
		{"late by 1,029, beside lost ones", "1000 1500 2024 2030 1001", "1000 1500 2024 2030 x"},
		{"a late one is not the newest", "7 907 8 1500", "7 907 8 1500"},
		{"half way round is late", "0 32768 1", "0 x 1"},

		{"lost 999", "7 1007 8", "7 1007 8"},
		{"lost 1,000: a restart", "7 1008 1009", "7 8 9"},
		{"restart, almost half way round", "0 32767 32768", "0 1 2"},
		{"lost 999, then one left out", "7 -1007 1008", "7 1007"},
		{"lost 1,000, then one left out", "7 -1008 1009", "7 8"},
		{"lost 999 around one left out", "7 -507 -1008 1009", "7 1007"},
		{"lost 1,000 around one left out", "7 -507 -1009 1010", "7 8"},
		{"lost 999 on both sides of one left out", "7 -1007 2007", "7 2006"},
		{"late over a restart", "7 9 5000 8 5001", "7 9 10 8 11"},
		{"lost before a restart", "7 5000 8 5001", "7 8 x 9"},
		{"restart with one left out", "7 -5000 5001", "7 8"},
		{"restart over what was left out", "7 -10 5000 9 5001", "7 8 x 9"},
		{"restart over what was left out, twice", "7 -10 5000 9 8 5001 -5002 5003", "7 8 x x 9 10"},

		{"another source goes on", "7 8 @100 100 101", "7 8 9 10"},
		{"another source, lower numbers", "7000 @7 7 8", "7000 7001 7002"},
		{"another source, same numbers", "7 8 @7 7 8", "7 8 9 10"},
		{"another source, at the wrap", "7 @65535 65535 0", "7 8 9"},
		{"another source, older packets", "7 @100 100 99 101", "7 8 x 9"},
		{"another source, first one left out", "7 @100 -100 101", "7 8"},
		{"another source, first ones late", "7 @100 -102 103 100 101", "7 10 8 9"},
		{"another source shows nothing", "7 @100 @200 200", "7 8"},
		{"another source while some are lost", "7 9 @100 100 8", "7 9 10 x"},
		{"another source behind a gap", "7 -10 @100 100 101 102", "7 8 9 10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := play(t, tt.in); got != tt.want {
				t.Errorf("in %q: got %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSequenceBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   string
		out  uint16
		want string // source and number, or an x
	}{
		{"in order", "7 8 9", 8, "1/8"},
		{"the first", "7 8 9", 7, "1/7"},
		{"the newest", "7 8 9", 9, "1/9"},
		{"before the first", "7 8 9", 6, "x"},
		{"before number zero", "0 1", 65535, "x"},
		{"not sent yet", "7 8 9", 10, "x"},
		{"nothing sent", "@7", 7, "x"},
		{"before one left out", "7 -8 9 10", 7, "1/7"},
		{"behind one left out", "7 -8 9 10", 8, "1/9"},
		{"two behind one left out", "7 -8 9 10", 9, "1/10"},
		{"behind the first left out", "-7 8", 7, "1/8"},
		{"lost", "7 9", 8, "1/8"},
		{"late", "7 9 -10 11 8", 8, "1/8"},
		{"over the wrap", "65534 65535 0 1", 65535, "1/65535"},
		{"at the wrap", "65534 -65535 0 1", 65535, "1/0"},
		{"behind a restart", "7 5000 5001", 9, "1/5001"},
		{"restart over what was left out", "7 -10 5000 9 5001", 9, "1/5001"},
		{"of the source before", "7 8 @100 100", 8, "1/8"},
		{"of the source", "7 8 @100 100", 9, "2/100"},
		{"of three sources", "7 @100 100 @100 100", 8, "2/100"},
		{"of the third source", "7 @100 100 @100 100", 9, "3/100"},
		{"a source that showed nothing", "7 @100 @200 200", 8, "3/200"},
		{"half way round", "0 @9 9", 32769, "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := play(t, tt.in)
			got := "x"
			if source, in, ok := s.Back(tt.out); ok {
				got = fmt.Sprintf("%d/%d", source, in)
			}
			if got != tt.want {
				t.Errorf("in %q: Back(%d): got %s, want %s", tt.in, tt.out, got, tt.want)
			}
		})
	}
}

// A number ahead of the newest one is not one of the round before: what was
// never sent cannot be asked for.
func TestSequenceBackLooksNoRoundBehind(t *testing.T) {
	s := NewSequence(0)
	s.Start(1, 0)
	for i := range 1<<16 + 10 {
		s.Map(uint16(i))
	}
	if _, in, ok := s.Back(10); ok {
		t.Errorf("Back of a number not sent yet: got %d, want none", in)
	}
	if _, in, ok := s.Back(9); !ok || in != 9 {
		t.Errorf("Back of the newest: got %d, %t, want 9", in, ok)
	}
	if _, in, ok := s.Back(65535); !ok || in != 65535 {
		t.Errorf("Back over the wrap: got %d, %t, want 65535", in, ok)
	}
}

func TestSequenceBeforeStart(t *testing.T) {
	s := NewSequence(7)
	for _, in := range []uint16{7, 5000, 40000} {
		s.Leave(in)
		if index, ok := s.Map(in); ok {
			t.Errorf("Map(%d): got %d, want none", in, index)
		}
	}
	if _, _, ok := s.Back(7); ok {
		t.Error("Back: got a packet, want none")
	}
	if s.Next() != 7 {
		t.Errorf("Next: got %d, want 7", s.Next())
	}
}

// Indices count the rounds (RFC 3711, section 3.3.1), whichever source wraps.
func TestSequenceIndex(t *testing.T) {
	s := NewSequence(65534)
	s.Start(1, 10)
	for i, want := range []uint64{65534, 65535, 65536} {
		if got, ok := s.Map(uint16(10 + i)); !ok || got != want {
			t.Errorf("Map(%d): got %d, %t, want %d", 10+i, got, ok, want)
		}
	}
	s.Start(2, 65535)
	for i, want := range []uint64{65537, 65538} {
		if got, ok := s.Map(uint16(65535 + i)); !ok || got != want {
			t.Errorf("Map(%d) of the second source: got %d, %t, want %d", uint16(65535+i), got, ok, want)
		}
	}
	if s.Next() != 65539 {
		t.Errorf("Next: got %d, want 65539", s.Next())
	}
}

// Every second packet left out makes a run each; the oldest are forgotten.
func TestSequenceForgetsOldRuns(t *testing.T) {
	const sent = 500
	s := NewSequence(0)
	s.Start(1, 0)
	for i := range uint16(sent) {
		if i != 400 { // which is lost
			if index, ok := s.Map(2 * i); !ok || index != uint64(i) {
				t.Fatalf("Map(%d): got %d, %t, want %d", 2*i, index, ok, i)
			}
		}
		s.Leave(2*i + 1)
	}
	known := 0
	for i := range uint16(sent) {
		source, in, ok := s.Back(i)
		if ok && (source != 1 || in != 2*i) {
			t.Errorf("Back(%d): got %d/%d, want 1/%d", i, source, in, 2*i)
		}
		if ok {
			known++
		}
	}
	if known < runsKept-1 || known > runsKept {
		t.Errorf("%d packets can be traced back, want about %d", known, runsKept)
	}
	if index, ok := s.Map(800); !ok || index != 400 {
		t.Errorf("late packet of a known run: got %d, %t, want 400", index, ok)
	}
	if index, ok := s.Map(200); ok {
		t.Errorf("late packet of a forgotten run: got %d, want none", index)
	}
}

// A receiver guesses the rollover of an index from one packet to the next and
// is lost half a round away (RFC 3711, section 3.3.1), so loss among packets
// that are left out must not add up.
func TestSequenceForgetsLossWhileLeaving(t *testing.T) {
	s := NewSequence(7)
	s.Start(1, 7)
	s.Map(7)
	in := uint16(7)
	for range 100 {
		in += largestGap
		s.Leave(in)
	}
	index, ok := s.Map(in + 1)
	if !ok || index > 8+2*largestGap {
		t.Fatalf("got %d, %t, want less than %d", index, ok, 8+2*largestGap)
	}
	if source, got, ok := s.Back(uint16(index)); !ok || source != 1 || got != in+1 {
		t.Errorf("Back(%d): got %d/%d, %t, want 1/%d", index, source, got, ok, in+1)
	}
}

// A gap longer than the window leaves nothing behind in it.
func TestSequenceGapBeyondTheWindow(t *testing.T) {
	s := NewSequence(0)
	s.Start(1, 0)
	for i := range uint16(sentWindow) {
		s.Map(i)
	}
	s.Leave(2000)
	for _, step := range []struct {
		in   uint16
		want uint64
	}{{2900, 2899}, {2899, 2898}, {2001, 2000}, {1999, 1999}} {
		if got, ok := s.Map(step.in); !ok || got != step.want {
			t.Errorf("Map(%d): got %d, %t, want %d", step.in, got, ok, step.want)
		}
	}
}

func TestSequenceUnsent(t *testing.T) {
	s := NewSequence(100)
	s.Start(1, 7)
	for _, n := range []uint16{7, 8, 11, 12, 10} { // 9 is lost: index 102
		s.Map(n)
	}
	s.Leave(13)
	s.Map(14)
	for _, tt := range []struct {
		first, end uint64
		want       int
	}{
		{100, 107, 1}, {100, 102, 0}, {102, 103, 1}, {103, 107, 0}, {107, 200, 0}, {200, 100, 0},
	} {
		if got := s.Unsent(tt.first, tt.end); got != tt.want {
			t.Errorf("from %d to %d: %d not sent, want %d", tt.first, tt.end, got, tt.want)
		}
	}
	for n := uint16(16); n < 3000; n += 2 { // 15 and every other one are lost
		s.Map(n)
	}
	if got := s.Unsent(0, s.Next()); got != sentWindow/2 {
		t.Errorf("%d of all not sent, want half of the newest %d", got, sentWindow)
	}
}
