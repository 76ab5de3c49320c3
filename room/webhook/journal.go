package webhook

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/switchyard-rtc/switchyard/room/internal/lock"
)

const (
	fileName    = "webhooks.jsonl"
	longestLine = 64 << 10 // bytes
	staleKept   = 1000     // lines about what has ended, before the file is written anew
)

// record is a line of the journal.
type record struct {
	Op    string          `json:"op"` // "add", "try" or "end"
	ID    string          `json:"id"`
	URL   string          `json:"url"`
	Room  string          `json:"room,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
	Tries int             `json:"tries,omitempty"`
	Due   time.Time       `json:"due,omitzero"`
}

// journal keeps deliveries in a file: a line for each that was added, was tried in
// vain, or is over. Without a file it keeps nothing. One goroutine at a time.
type journal struct {
	path  string
	file  *os.File
	free  func() // lets other processes have the folder
	live  int
	stale int // lines that say nothing any more
	err   error
}

// openJournal opens the journal of a folder, which no other process may have
// open, and returns what waits for URLs that are still known, oldest first, and
// how many lines made no sense.
func openJournal(dir string, known func(url string) bool) (j *journal, waiting []*delivery, skipped int, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, 0, err
	}
	free, err := lock.Take(filepath.Join(dir, fileName+".lock"))
	if err != nil {
		return nil, nil, 0, fmt.Errorf("lock %s: %w", dir, err)
	}
	j = &journal{path: filepath.Join(dir, fileName), free: free}
	if old, err := os.Open(j.path); err == nil {
		waiting, skipped = readJournal(old)
		old.Close()
		waiting = slices.DeleteFunc(waiting, func(d *delivery) bool { return !known(d.url) })
	} else if !errors.Is(err, os.ErrNotExist) {
		free()
		return nil, nil, 0, err
	}
	if err := j.rewrite(waiting); err != nil {
		free()
		return nil, nil, 0, err
	}
	return j, waiting, skipped, nil
}

// readJournal returns what is not over. Lines that make no sense, such as one
// that a crash cut off, are counted.
func readJournal(r io.Reader) (waiting []*delivery, skipped int) {
	type key struct{ url, id string }
	byKey := make(map[key]*delivery)
	lines := bufio.NewReaderSize(r, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // too long: pass over the rest
			line = nil
			_, err = lines.ReadSlice('\n')
		}
		var x record
		bad := json.Unmarshal(line, &x) != nil || x.ID == "" || x.URL == ""
		d := byKey[key{x.URL, x.ID}]
		switch {
		case err != nil && len(line) == 0:
		case bad:
			skipped++
		case x.Op == "add" && d == nil && json.Valid(x.Body) && x.Room != "":
			d = &delivery{id: x.ID, url: x.URL, room: x.Room, body: bytes.Clone(x.Body), tries: x.Tries, due: x.Due}
			byKey[key{x.URL, x.ID}] = d
			waiting = append(waiting, d)
		case x.Op == "try" && d != nil:
			d.tries, d.due = x.Tries, x.Due
		case x.Op == "end" && d != nil:
			d.over = true
			delete(byKey, key{x.URL, x.ID})
		default:
			skipped++
		}
		if err != nil {
			return slices.DeleteFunc(waiting, func(d *delivery) bool { return d.over }), skipped
		}
	}
}

func (d *delivery) record(op string) record {
	r := record{Op: op, ID: d.id, URL: d.url}
	switch op {
	case "add":
		r.Room, r.Body, r.Tries, r.Due = d.room, d.body, d.tries, d.due
	case "try":
		r.Tries, r.Due = d.tries, d.due
	}
	return r
}

// note writes what happened to deliveries. What cannot be written is lost with
// the process; the error is that of the first time.
func (j *journal) note(records []record) error {
	if j == nil || j.file == nil || len(records) == 0 {
		return nil
	}
	var b bytes.Buffer
	for _, r := range records {
		switch r.Op {
		case "add":
			j.live++
		case "try":
			j.stale++
		case "end":
			j.live--
			j.stale += 2
		}
		if err := json.NewEncoder(&b).Encode(r); err != nil {
			return err
		}
	}
	_, err := j.file.Write(b.Bytes())
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil && j.err == nil {
		j.err = err
		return err
	}
	return nil
}

// bloated tells whether most of the file says nothing any more.
func (j *journal) bloated() bool { return j != nil && j.file != nil && j.stale > staleKept+j.live }

// rewrite writes a new file of what waits, and puts it in place of the old one.
func (j *journal) rewrite(waiting []*delivery) error {
	f, err := os.OpenFile(j.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, d := range waiting {
		if err := json.NewEncoder(w).Encode(d.record("add")); err != nil {
			f.Close()
			return err
		}
	}
	if err := errors.Join(w.Flush(), f.Sync(), os.Rename(f.Name(), j.path)); err != nil {
		f.Close()
		return err
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.live, j.stale = f, len(waiting), 0
	return nil
}

func (j *journal) close() {
	if j != nil && j.file != nil {
		j.file.Close()
		j.free()
	}
}
