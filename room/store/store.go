package store

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/switchyard-rtc/switchyard/room"
	"github.com/switchyard-rtc/switchyard/room/internal/lock"
)

const (
	accessFile   = "access.json"
	secretFile   = "secret"
	secretLength = 32 // bytes; in hexadecimal digits in the file
	version      = 1  // of accessFile
	retryAfter   = 30 * time.Second
)

// Store keeps the files of one folder.
type Store struct {
	log    *slog.Logger
	path   string // of accessFile; empty if nothing is written
	free   func() // lets other processes have the folder
	secret []byte
	past   room.Memory

	wake chan struct{} // holds one
	stop chan struct{} // closed by Close
	over chan struct{} // closed by run

	// Guarded by mu.
	mu     sync.Mutex
	memory func() room.Memory // of what is new; nil if nothing is
}

// access is what accessFile holds.
type access struct {
	Version int `json:"version"`
	room.Memory
}

// Open reads what a folder holds, which is made if it is not there. It never
// fails: where nothing can be written, or another process writes, or dir is
// empty, what is new lasts as long as the process, and the log says so. Files
// that are damaged are set aside. The store has to be closed.
func Open(dir string, log *slog.Logger) *Store {
	s := &Store{
		log: log, free: func() {}, secret: make([]byte, secretLength),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), over: make(chan struct{}),
	}
	rand.Read(s.secret)
	const lasts = "bans, used and withdrawn invitations and visitors are remembered as long as the process"
	if dir == "" {
		log.Info(lasts)
		close(s.over)
		return s
	}
	if err := s.open(dir); err != nil {
		log.Warn(lasts, "err", err)
		close(s.over)
		return s
	}
	go s.run()
	return s
}

// open reads the files. If it fails, what could be read counts all the same.
func (s *Store) open(dir string) error {
	path := filepath.Join(dir, accessFile)
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		s.free, err = lock.Take(path + ".lock")
	}
	if err != nil {
		s.free = func() {}
		s.look(dir)
		return fmt.Errorf("take %s: %w", dir, err)
	}
	if err := s.read(dir); err != nil {
		return err
	}
	s.path = path
	return nil
}

// look reads the files of a folder that is not this process's.
func (s *Store) look(dir string) {
	if b, err := readAll(filepath.Join(dir, secretFile)); err == nil {
		_ = s.acceptSecret(b) // or there is a new one
	}
	if b, err := readAll(filepath.Join(dir, accessFile)); err == nil {
		_ = s.acceptAccess(b) // or nothing is remembered
	}
}

// read reads the files, and writes them.
func (s *Store) read(dir string) error {
	secret := filepath.Join(dir, secretFile)
	found, err := readFile(secret, s.log, s.acceptSecret)
	if err == nil && !found {
		err = replace(secret, []byte(hex.EncodeToString(s.secret)+"\n"))
	}
	if err != nil {
		return err
	}
	path := filepath.Join(dir, accessFile)
	if _, err := readFile(path, s.log, s.acceptAccess); err != nil {
		return err
	}
	return put(path, s.past) // which tells whether it can be written
}

func put(path string, m room.Memory) error {
	b, err := json.MarshalIndent(access{version, m}, "", "\t")
	if err != nil {
		return err
	}
	return replace(path, append(b, '\n'))
}

func (s *Store) acceptSecret(b []byte) error {
	secret, err := hex.DecodeString(string(bytes.TrimSpace(b)))
	if err != nil || len(secret) != secretLength {
		return fmt.Errorf("not %d bytes in hexadecimal digits", secretLength)
	}
	s.secret = secret
	return nil
}

func (s *Store) acceptAccess(b []byte) error {
	var a access
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something stands behind the object")
	}
	if a.Version != version {
		return fmt.Errorf("version %d, want %d", a.Version, version)
	}
	s.past = a.Memory
	return nil
}

// Key returns 32 bytes that are the same after a restart, and another for each
// purpose.
func (s *Store) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s.secret, nil, "switchyard "+purpose, 32)
	if err != nil {
		panic("store: " + err.Error()) // 32 bytes are never too many
	}
	return key
}

// Memory returns what [room.Config] needs.
func (s *Store) Memory() room.Memory {
	m := s.past
	if s.path != "" {
		m.Changed = s.changed
	}
	return m
}

// Folder returns a folder in that of the store, emptied of what another process
// left, for what lasts as long as this one. It is empty text if nothing is written.
func (s *Store) Folder(name string) string {
	if s.path == "" {
		return ""
	}
	dir := filepath.Join(filepath.Dir(s.path), name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		s.log.Warn("a folder cannot be used", "folder", dir, "err", err)
		return ""
	}
	return dir
}

// changed notes that there is something to write. It does not wait.
func (s *Store) changed(memory func() room.Memory) {
	s.mu.Lock()
	s.memory = memory
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already, and will write the newest
	}
}

// run writes what is new until the store is closed.
func (s *Store) run() {
	defer close(s.over)
	failing := false
	for open := true; open; {
		var again <-chan time.Time
		if failing {
			again = time.After(retryAfter)
		}
		select {
		case <-s.wake:
		case <-again:
		case <-s.stop:
			open = false
		}
		err := s.write()
		if err != nil && !failing {
			s.log.Warn("what is new about access cannot be written, and is tried again", "file", s.path, "err", err)
		}
		failing = err != nil
	}
}

// write writes what is new. If that fails it is new still.
func (s *Store) write() error {
	s.mu.Lock()
	memory := s.memory
	s.memory = nil
	s.mu.Unlock()
	if memory == nil {
		return nil
	}
	err := put(s.path, memory())
	if err != nil {
		s.mu.Lock()
		if s.memory == nil {
			s.memory = memory
		}
		s.mu.Unlock()
	}
	return err
}

// Close writes what is new, and waits for that.
func (s *Store) Close() {
	close(s.stop)
	<-s.over
	s.free()
}
