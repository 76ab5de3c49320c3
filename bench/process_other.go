//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errLinuxOnly = errors.New("bench: this measurement needs Linux")

func cpuTime(int) (time.Duration, error)   { return 0, errLinuxOnly }
func threadTime() time.Duration            { return 0 }
func residentSize(int) (int64, error)      { return 0, errLinuxOnly }
func socketDrops(uint16) (uint64, error)   { return 0, errLinuxOnly }
func pinned(_ []int, f func() error) error { return f() }
func pinSelf(cpus []int) error {
	if len(cpus) > 0 {
		return errLinuxOnly
	}
	return nil
}
