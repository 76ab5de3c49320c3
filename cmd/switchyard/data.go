package main

import (
	"os"
	"path/filepath"
)

// noData is what --data says to keep nothing.
const noData = "off"

// dataDir returns where the server keeps what outlives it, unless that was
// chosen: the folder that systemd gives it, or else that of the user's programs
// for their state. It is empty where there is none.
func dataDir(chosen string) string {
	switch chosen {
	case "":
	case noData:
		return ""
	default:
		return chosen
	}
	if dir := os.Getenv("STATE_DIRECTORY"); filepath.IsAbs(dir) {
		return dir
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "switchyard")
	}
	if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "switchyard")
	}
	return ""
}
