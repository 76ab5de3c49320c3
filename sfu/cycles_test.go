//go:build !long

package sfu_test

// cycles is how many peers come and go in TestComingAndGoing.
const cycles = 50
