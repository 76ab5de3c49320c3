//go:build long

package room_test

import "testing"

// The same in a room of 500.
func TestJoinCostsTheSameIn500(t *testing.T) { checkJoins(t, 250) }
