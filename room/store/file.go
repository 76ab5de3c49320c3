package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// longestFile is how much of a file is read, in bytes: ten times what the most
// bans and passes take.
const longestFile = 64 << 20

// readFile returns what a file holds that accept finds good. What is damaged is
// renamed, so that people can look at it, and is as if it was not there: then
// found is false.
func readFile(path string, log *slog.Logger, accept func([]byte) error) (found bool, err error) {
	b, err := readAll(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	damage := accept(b)
	if damage == nil {
		return true, nil
	}
	aside := path + ".damaged"
	if err := os.Rename(path, aside); err != nil {
		return false, fmt.Errorf("set the damaged %s aside: %w", filepath.Base(path), err)
	}
	log.Warn("a file is damaged, was set aside and is begun anew", "file", path, "aside", aside, "err", damage)
	return false, nil
}

func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, longestFile))
}

// replace puts a file in place of another, or none, all at once: after a crash
// there is the old one or the new one.
func replace(path string, b []byte) error {
	fresh, err := prepare(path, b)
	if err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = folder.Sync() // which not every system can
	return folder.Close()
}

// prepare writes the file that is to replace another beside it.
func prepare(path string, b []byte) (fresh string, err error) {
	fresh = path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	return fresh, errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
}
