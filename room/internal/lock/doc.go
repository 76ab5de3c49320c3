// Package lock keeps other processes from files that one server writes.
package lock
