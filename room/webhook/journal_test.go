package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// line is a delivery's.
func line(id string) *delivery {
	return &delivery{id: id, url: "http://x.example", room: "r", body: []byte(`{}`)}
}

// A file of which most says nothing is written anew, and goes on.
func TestJournalStaysSmall(t *testing.T) {
	j, _, _, err := openJournal(t.TempDir(), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	if err := j.note([]record{line("stays").record("add")}); err != nil {
		t.Fatal(err)
	}
	rewritten := 0
	for i := range 2 * staleKept {
		d := line(fmt.Sprint(i))
		if err := j.note([]record{d.record("add"), d.record("end")}); err != nil {
			t.Fatal(err)
		}
		if j.bloated() {
			rewritten++
			if err := j.rewrite([]*delivery{line("stays")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := os.ReadFile(j.path)
	waiting, skipped := readJournal(bytes.NewReader(b))
	if err != nil || rewritten < 3 || bytes.Count(b, []byte("\n")) > 2*staleKept || len(waiting) != 1 || waiting[0].id != "stays" || skipped != 0 {
		t.Errorf("written anew %d times, %d bytes, %d wait, %d skipped, %v", rewritten, len(b), len(waiting), skipped, err)
	}
}

// What is for a URL that is configured no more is left out, and a folder that
// cannot be written is told of.
func TestOpenJournal(t *testing.T) {
	dir := t.TempDir()
	add, err := json.Marshal(line("m").record("add"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), append(add, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, known := range []bool{true, false, true} {
		j, waiting, _, err := openJournal(dir, func(string) bool { return known })
		if err != nil {
			t.Fatal(err)
		}
		j.close()
		if want := []int{1, 0, 0}[i]; len(waiting) != want {
			t.Errorf("opened %d times, the URL known: %v: %d wait, want %d", i+1, known, len(waiting), want)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := openJournal(file, nil); err == nil {
		t.Error("a file is no folder")
	}
}

// Whatever is in the file, what is read can be written and is read again.
func FuzzJournal(f *testing.F) {
	var all []string
	d := line("msg_1")
	for _, op := range []string{"add", "try", "end"} {
		d.tries, d.due = 3, time.Unix(1_700_000_000, 0).UTC()
		b, err := json.Marshal(d.record(op))
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, string(b))
		f.Add(strings.Join(all, "\n"))
	}
	f.Add(strings.Repeat("x", longestLine+5) + "\n" + all[0] + "\n")
	f.Add(`{"op":"add","id":"a","url":"u","room":"r","body":nul}` + "\n\n{}\n")
	f.Fuzz(func(t *testing.T, text string) {
		waiting, _ := readJournal(strings.NewReader(text))
		if len(text) > longestLine/8 {
			return // written, it may be longer than what is read
		}
		var b bytes.Buffer
		for _, d := range waiting {
			if err := json.NewEncoder(&b).Encode(d.record("add")); err != nil {
				t.Fatal(err)
			}
		}
		again, skipped := readJournal(&b)
		if len(again) != len(waiting) || skipped != 0 {
			t.Errorf("%d wait, then %d, %d skipped", len(waiting), len(again), skipped)
		}
	})
}
