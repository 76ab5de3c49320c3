// Package arch holds the rules of the house as tests: who may import whom, what
// a core may not touch, and that everything exported is documented. It has no
// code of its own.
package arch
