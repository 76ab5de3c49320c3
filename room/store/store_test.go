package store

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchyard-rtc/switchyard/room"
)

// log is what a store says, line by line.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.FieldsFunc(l.b.String(), func(r rune) bool { return r == '\n' })
}

// open opens a store that is closed with the test.
func open(t *testing.T, dir string) (*Store, *log) {
	t.Helper()
	l := new(log)
	s := Open(dir, slog.New(slog.NewTextHandler(l, nil)))
	t.Cleanup(func() {
		select {
		case <-s.stop:
		default:
			s.Close()
		}
	})
	return s, l
}

var sample = remember(`{
	"bans": [
		{"room": "r", "member": "m", "visitor": "v", "network": "192.0.2.1"},
		{"room": "r", "identity": "eve", "until": "2999-01-02T03:04:05Z"}
	],
	"passes": [{"id": "inv-1", "room": "r", "withdrawn": true, "expires": "2999-01-02T03:04:05Z"}, {"id": "t", "used": 7}]
}`)

func remember(text string) (r room.Memory) {
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		panic(err)
	}
	return r
}

// past is what a store read.
func past(s *Store) room.Memory {
	m := s.Memory()
	m.Changed = nil
	return m
}

func always(r room.Memory) func() room.Memory { return func() room.Memory { return r } }

// keep writes a record into a folder.
func keep(t *testing.T, dir string, r room.Memory) {
	t.Helper()
	s, l := open(t, dir)
	s.Memory().Changed(always(r))
	s.Close()
	if len(l.lines()) > 0 {
		t.Fatalf("log %q", l.lines())
	}
}

// remembered fails unless a folder holds a record.
func remembered(t *testing.T, dir string, want room.Memory) {
	t.Helper()
	s, _ := open(t, dir)
	defer s.Close()
	if diff := cmp.Diff(want, past(s)); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
}

func TestStoreRemembers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	remembered(t, dir, room.Memory{})
	keep(t, dir, sample)
	remembered(t, dir, sample)
	first, _ := open(t, dir)
	key := first.Key("x")
	if len(key) != 32 || bytes.Equal(key, first.Key("y")) {
		t.Errorf("keys %x, %x", key, first.Key("y"))
	}
	first.Close()
	second, l := open(t, dir)
	if !bytes.Equal(key, second.Key("x")) {
		t.Error("the key is another after a restart")
	}
	for _, name := range []string{secretFile, accessFile, accessFile + ".lock"} {
		if i, err := os.Stat(filepath.Join(dir, name)); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, i.Mode(), err)
		}
	}
	if len(l.lines()) > 0 {
		t.Errorf("log %q", l.lines())
	}
}

// The server starts whatever the files hold; they are kept for people.
func TestStoreSetsDamagedFilesAside(t *testing.T) {
	for _, tt := range []struct{ name, file, content string }{
		{"cut off", accessFile, `{"version":1,"bans":[{"room":"r"`},
		{"empty", accessFile, ""},
		{"no JSON", accessFile, "\x00\xff"},
		{"of the future", accessFile, `{"version":2,"bans":[],"passes":[]}`},
		{"unknown", accessFile, `{"version":1,"bams":[]}`},
		{"two objects", accessFile, `{"version":1}{"version":1}`},
		{"a wrong type", accessFile, `{"version":1,"bans":[{"room":1}]}`},
		{"a short secret", secretFile, "00ff\n"},
		{"no secret", secretFile, ""},
		{"no digits", secretFile, strings.Repeat("x", 64)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.file)
			if err := os.WriteFile(path, []byte(tt.content), 0o644); err != nil {
				t.Fatal(err)
			}
			s, l := open(t, dir)
			if lines := l.lines(); len(lines) != 1 || !strings.Contains(lines[0], "is damaged, was set aside") {
				t.Errorf("log %q", lines)
			}
			if b, err := os.ReadFile(path + ".damaged"); err != nil || string(b) != tt.content {
				t.Errorf("set aside: %q, %v", b, err)
			}
			s.Memory().Changed(always(sample))
			s.Close()
			remembered(t, dir, sample)
			if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", i, err)
			}
		})
	}
}

// What a crash left beside the file is no file.
func TestStoreOutlivesACrash(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, sample)
	path := filepath.Join(dir, accessFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if _, err := prepare(path, whole[:n]); err != nil { // and the process ended
			t.Fatal(err)
		}
		if n%40 == 0 {
			remembered(t, dir, sample)
		}
	}
	keep(t, dir, room.Memory{Passes: sample.Passes})
	remembered(t, dir, room.Memory{Passes: sample.Passes})
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Errorf("the new file is there still: %v", err)
	}
}

// Where nothing can be written things last as long as the process.
func TestStoreWithoutAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, level := range map[string]string{"": "INFO", file: "WARN", filepath.Join(file, "below"): "WARN"} {
		s, l := open(t, dir)
		if lines := l.lines(); len(lines) != 1 || !strings.Contains(lines[0], level) || !strings.Contains(lines[0], "as long as the process") {
			t.Errorf("%q: log %q", dir, lines)
		}
		if m := s.Memory(); m.Changed != nil || len(s.Key("x")) != 32 {
			t.Errorf("%q: %+v", dir, m)
		}
		s.Close()
	}
}

// A folder in which nothing can be written is read.
func TestStoreReadsAReadOnlyFolder(t *testing.T) {
	for _, name := range []string{accessFile + ".lock", accessFile + ".new"} {
		dir := t.TempDir()
		keep(t, dir, sample)
		obstacle := filepath.Join(dir, name)
		if err := os.RemoveAll(obstacle); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(obstacle, 0o500); err != nil { // which stops root, too
			t.Fatal(err)
		}
		s, l := open(t, dir)
		if diff := cmp.Diff(sample, past(s)); diff != "" || s.Memory().Changed != nil || len(l.lines()) != 1 {
			t.Errorf("%s: log %q, remembered (-want +got):\n%s", name, l.lines(), diff)
		}
	}
}

// Two servers do not write the same files; the second one reads them.
func TestStoreIsOfOneProcess(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, sample)
	first, _ := open(t, dir)
	second, l := open(t, dir)
	if m := second.Memory(); m.Changed != nil || len(m.Bans) != 2 || !bytes.Equal(first.Key("x"), second.Key("x")) {
		t.Errorf("the second store: %+v", m)
	}
	if lines := l.lines(); len(lines) != 1 || !strings.Contains(lines[0], "as long as the process") {
		t.Errorf("log %q", lines)
	}
}

// Changes do not wait for the disk, and the newest wins.
func TestStoreWritesTheNewest(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir)
	entered, goOn := make(chan struct{}), make(chan struct{})
	s.Memory().Changed(func() room.Memory {
		close(entered)
		<-goOn
		return sample
	})
	<-entered
	asked := 0
	for range 10_000 {
		s.Memory().Changed(func() room.Memory { asked++; return room.Memory{Passes: sample.Passes} })
	}
	close(goOn)
	s.Close()
	if asked != 1 {
		t.Errorf("asked %d times for the newest, want once", asked)
	}
	remembered(t, dir, room.Memory{Passes: sample.Passes})
}

// What cannot be written is tried again, and said once.
func TestStoreTriesAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, l := open(t, dir)
		obstacle := filepath.Join(dir, accessFile+".new")
		if err := os.Mkdir(obstacle, 0o700); err != nil {
			t.Fatal(err)
		}
		s.Memory().Changed(always(sample))
		<-time.After(10 * retryAfter)
		synctest.Wait()
		if lines := l.lines(); len(lines) != 1 || !strings.Contains(lines[0], "is tried again") {
			t.Errorf("log %q", lines)
		}
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		<-time.After(retryAfter)
		synctest.Wait()
		if b, err := os.ReadFile(filepath.Join(dir, accessFile)); err != nil || !strings.Contains(string(b), "eve") {
			t.Errorf("%s, %v", b, err)
		}
	})
}

// A folder is empty at first, whatever another process left in it.
func TestStoreEmptiesAFolder(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "files", "a", "b")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	first, _ := open(t, dir)
	if got := first.Folder("files"); got != filepath.Join(dir, "files") {
		t.Errorf("the folder is %q", got)
	}
	if _, err := os.Stat(filepath.Dir(left)); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if second, _ := open(t, dir); second.Folder("files") != "" {
		t.Error("two stores have one folder")
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("a second process took what the first one has: %v", err)
	}
	if none, _ := open(t, ""); none.Folder("files") != "" {
		t.Error("a store without a folder has one")
	}
}
