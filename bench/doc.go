// Package bench measures what forwarding costs: the stages of the packet path
// ([Micro]), what the machine itself can do ([Limit]), and whole servers under
// load. `switchyard bench` is its command line.
//
// Absolute figures of one machine say little about another. So every report
// carries what a bare loop costs on the same machine in the same minute, and
// figures are read as a distance to it.
//
// The package is public but unstable: its API may change in any release. Its
// reports are versioned; see [Report].
package bench
